/*
 * Where the story of an event begins and ends, and what belongs to it.
 *
 * Teaches: what ties events together. A flow does (a fault, a message, what is freed), the thread or the CPU that something begins and ends on,
 * the number of a grace period. An event without any of these belongs to what its thread is in the middle of.
 * Who calls: explain.c: scope_choose() once the event is known, scope_take() with each event of the third pass, scope_has() of the fourth.
 */
#include <string.h>

#include "../kernel/abi/trace_enums.h"
#include "explain/explain.h"

#define STEPS_OF_A_SLICE 60
#define STEPS_OF_A_FLOW 400

/* ---- pairs ---- */

static size_t stem_bytes(const char *name)
{
	const char *end = strrchr(name, '_');
	return end ? (size_t)(end - name) : strlen(name);
}

static bool begins(const struct event_schema *event)
{
	return event->phase == PHASE_THREAD_BEGIN || event->phase == PHASE_CPU_BEGIN;
}

static bool ends(const struct event_schema *event)
{
	return event->phase == PHASE_THREAD_END || event->phase == PHASE_CPU_END;
}

static const struct event_schema *pair_of(const struct event_schema *event, bool wants_end)
{
	size_t bytes = stem_bytes(event->name);
	for (unsigned id = 0; id < EVENT_IDS; id++) {
		const struct event_schema *other = schema_event(id);
		if (other && (wants_end ? ends(other) : begins(other)) && stem_bytes(other->name) == bytes &&
		    !memcmp(other->name, event->name, bytes))
			return other;
	}
	return NULL;
}

const struct event_schema *pair_end(const struct event_schema *begin)
{
	return begin && begins(begin) ? pair_of(begin, true) : NULL;
}

const struct event_schema *pair_begin(const struct event_schema *end)
{
	return end && ends(end) ? pair_of(end, false) : NULL;
}

/* Whether both are about the same thread, or CPU, and the same mark. */
static bool is_same_line(const struct trace_event *a, const struct trace_event *b)
{
	if (a->schema->phase == PHASE_CPU_BEGIN || a->schema->phase == PHASE_CPU_END)
		return a->cpu == b->cpu;
	if (field_of(a, "thread") != field_of(b, "thread"))
		return false;
	return !has_field(a, "name_0") ||
	       (field_of(a, "name_0") == field_of(b, "name_0") && field_of(a, "name_1") == field_of(b, "name_1"));
}

/* ---- the choice ---- */

static bool is_about_scheduling(const struct trace_event *event)
{
	return is_event(event, "thread_switch") || is_event(event, "thread_block") || is_event(event, "thread_wake") ||
	       is_event(event, "thread_move") || is_event(event, "timer_expire");
}

static uint64_t first_flow(const struct trace_event *event)
{
	for (unsigned i = 0; i < event->fields; i++)
		if (event->schema->field[i].type == FIELD_FLOW && event->field[i])
			return event->field[i];
	return 0;
}

/* An event by itself belongs to the fault or the call that its thread is in. */
static void choose_around(struct explain *explain)
{
	struct scope *scope = &explain->scope;
	const struct trace_event *target = &explain->target.event;
	bool counter = target->schema->phase == PHASE_COUNTER || target->schema->phase == PHASE_CPU_COUNTER;
	uint64_t thread = has_field(target, "thread") ? field_of(target, "thread") : explain->names.running[target->cpu];
	const struct open_events *open = names_open(&explain->names, thread);
	if (!open || counter || target->schema->category == TRACE_BOOT)
		return;
	if (open->fault.open && open->fault.cpu == target->cpu) {
		scope->subject = SUBJECT_FAULT;
		scope->flow = open->fault.value;
	} else if (open->call.open && target->schema->phase != PHASE_SCHED) {
		scope->subject = SUBJECT_SLICE;
		scope->thread = thread;
		scope->begin = (struct instant){false, {.cpu = open->call.cpu, .index = open->call.index}};
	}
}

void scope_choose(struct explain *explain)
{
	struct scope *scope = &explain->scope;
	const struct trace_event *target = &explain->target.event;
	*scope = (struct scope){.subject = SUBJECT_ALONE, .flow = first_flow(target), .steps_max = STEPS_OF_A_FLOW};
	if (scope->flow) {
		scope->subject = target->schema->category == TRACE_FAULT ? SUBJECT_FAULT : SUBJECT_FLOW;
	} else if (is_event(target, "thread_crashed")) {
		scope->subject = SUBJECT_FAULT;
		scope->thread = field_of(target, "thread");
	} else if (begins(target->schema) || ends(target->schema)) {
		scope->subject = SUBJECT_SLICE;
		scope->begin = begins(target->schema) ? (struct instant){false, *target} : (struct instant){0};
	} else if (has_field(target, "period")) {
		scope->subject = SUBJECT_PERIOD;
		scope->period = field_of(target, "period");
	} else if (is_about_scheduling(target)) {
		uint64_t next = field_of(target, "next");
		scope->subject = SUBJECT_THREAD;
		scope->thread = has_field(target, "thread") ? field_of(target, "thread")
				: next                      ? next
							    : field_of(target, "previous");
	} else {
		choose_around(explain);
	}
	if (scope->subject == SUBJECT_SLICE)
		scope->steps_max = STEPS_OF_A_SLICE;
}

/* ---- the third pass ---- */

static void set(struct instant *moment, const struct trace_event *event)
{
	*moment = (struct instant){true, *event};
}

static void add_request(struct scope *scope, uint64_t request)
{
	for (unsigned i = 0; i < scope->requests; i++)
		if (scope->request[i] == request)
			return;
	if (request && request != scope->flow && scope->requests < REQUESTS_MAX)
		scope->request[scope->requests++] = request;
}

/* Of a thread that was killed the story is its last fault before that, which nobody could answer. */
static void begin_fault(struct explain *explain, const struct trace_event *event)
{
	struct scope *scope = &explain->scope;
	scope->flow = field_of(event, "flow");
	scope->thread = field_of(event, "thread");
	scope->requests = 0;
	scope->end = scope->again = scope->crash = (struct instant){0};
	const struct actor_thread *who = actors_thread(&explain->names.actors, scope->thread);
	scope->space = who ? who->process : 0;
	set(&scope->begin, event);
}

/* Whether the fault that has ended so is why its thread is killed. */
static bool kills(const struct instant *end)
{
	uint64_t result = field_of(&end->event, "result");
	return end->there && (result == FAULT_KILLED || result == FAULT_NO_MEMORY);
}

static void take_fault(struct explain *explain, const struct trace_event *event)
{
	struct scope *scope = &explain->scope;
	bool of_crash = is_event(&explain->target.event, "thread_crashed") && field_of(event, "thread") == scope->thread &&
			is_before(event, &explain->target.event);
	if (is_event(event, "fault_begin") && (of_crash || is_in_flow(event, scope->flow)))
		begin_fault(explain, event);
	if (!scope->begin.there)
		return;
	if (is_event(event, "fault_wait") && field_of(event, "flow") == scope->flow)
		add_request(scope, field_of(event, "request"));
	else if (is_event(event, "fault_end") && field_of(event, "flow") == scope->flow)
		set(&scope->end, event);
	else if (is_event(event, "thread_crashed") && field_of(event, "thread") == scope->thread && !scope->crash.there &&
		 kills(&scope->end))
		set(&scope->crash, event);
	else if (is_event(event, "thread_switch") && field_of(event, "next") == scope->thread && scope->end.there &&
		 !scope->again.there)
		set(&scope->again, event);
}

/* A flow that a fault has begun is that fault. */
static void take_flow(struct explain *explain, const struct trace_event *event)
{
	struct scope *scope = &explain->scope;
	if (!is_in_flow(event, scope->flow))
		return;
	if (is_event(event, "fault_begin") && !scope->begin.there) {
		scope->subject = SUBJECT_FAULT;
		begin_fault(explain, event);
		return;
	}
	if (!scope->begin.there)
		set(&scope->begin, event);
	set(&scope->end, event);
}

static void take_slice(struct explain *explain, const struct trace_event *event)
{
	struct scope *scope = &explain->scope;
	const struct trace_event *target = &explain->target.event;
	const struct event_schema *wanted = pair_begin(target->schema);
	if (!event->schema)
		return; /* a hole */
	bool knows_begin = scope->begin.event.index || scope->begin.event.schema || !wanted;
	bool looks_for_begin = wanted && !scope->end.there;
	if (looks_for_begin && event->schema == wanted && is_same_line(event, target) && is_before(event, target))
		set(&scope->begin, event);
	else if (!scope->begin.there && knows_begin && !wanted && is_same_event(event, &scope->begin.event))
		set(&scope->begin, event);
	if (wanted && is_same_event(event, target))
		set(&scope->end, event);
	else if (!wanted && scope->begin.there && !scope->end.there && event->schema == pair_end(scope->begin.event.schema) &&
		 is_same_line(event, &scope->begin.event))
		set(&scope->end, event);
}

static void take_thread(struct explain *explain, const struct trace_event *event)
{
	struct scope *scope = &explain->scope;
	const struct trace_event *target = &explain->target.event;
	bool stops = is_event(event, "thread_switch") && field_of(event, "previous") == scope->thread;
	bool starts = is_event(event, "thread_switch") && field_of(event, "next") == scope->thread;
	bool runs_now = is_event(target, "thread_switch") && field_of(target, "next") == scope->thread;
	if (is_before(event, target) && (stops || starts || is_event(event, "thread_create")) &&
	    (stops || starts || field_of(event, "thread") == scope->thread))
		set(&scope->begin, event);
	if (is_before(target, event) && !scope->end.there && (runs_now ? stops : starts))
		set(&scope->end, event);
}

static void take_period(struct explain *explain, const struct trace_event *event)
{
	struct scope *scope = &explain->scope;
	if (!has_field(event, "period") || field_of(event, "period") != scope->period)
		return;
	if (is_event(event, "rcu_period_begin"))
		set(&scope->begin, event);
	else if (is_event(event, "rcu_period_end"))
		set(&scope->end, event);
}

void scope_take(struct explain *explain, const struct trace_event *event)
{
	static void (*const takes[])(struct explain * explain, const struct trace_event *event) = {
		[SUBJECT_FAULT] = take_fault,   [SUBJECT_FLOW] = take_flow,     [SUBJECT_SLICE] = take_slice,
		[SUBJECT_PERIOD] = take_period, [SUBJECT_THREAD] = take_thread,
	};
	if (event->id != TRACE_EVENT_GAP && explain->scope.subject != SUBJECT_ALONE)
		takes[explain->scope.subject](explain, event);
}

/* ---- the fourth pass ---- */

static bool is_within(const struct trace_event *event, const struct instant *begin, const struct instant *end)
{
	return begin->there && !is_before(event, &begin->event) && (!end->there || !is_before(&end->event, event));
}

static bool names_the_thread(const struct trace_event *event, uint64_t thread)
{
	if (is_event(event, "thread_switch"))
		return field_of(event, "previous") == thread || field_of(event, "next") == thread;
	return event->schema->category == TRACE_THREAD && has_field(event, "thread") && field_of(event, "thread") == thread;
}

static bool fault_has(const struct explain *explain, const struct trace_event *event)
{
	const struct scope *scope = &explain->scope;
	if (event->schema->category == TRACE_FAULT)
		return is_in_flow(event, scope->flow) && field_of(event, "flow") == scope->flow;
	if (is_in_flow(event, scope->flow))
		return true;
	for (unsigned i = 0; i < scope->requests; i++)
		if (is_in_flow(event, scope->request[i]))
			return true;
	const struct instant *last = scope->crash.there                           ? &scope->crash
				     : explain->cost.waited && scope->again.there ? &scope->again
										  : &scope->end;
	if (!is_within(event, &scope->begin, last))
		return false;
	bool here = event->cpu == explain->cost.handler &&
		    (explain->cost.state == FAULT_IN_KERNEL || explain->cost.state == FAULT_ANSWERED);
	return names_the_thread(event, scope->thread) ||
	       (here && event->schema->category == TRACE_MMU && event->schema->phase == PHASE_CPU_INSTANT);
}

static bool slice_has(const struct explain *explain, const struct trace_event *event)
{
	const struct scope *scope = &explain->scope;
	if (!is_within(event, &scope->begin, &scope->end) || event->schema->phase == PHASE_COUNTER ||
	    event->schema->phase == PHASE_CPU_COUNTER)
		return false;
	if (scope->begin.event.schema->phase == PHASE_CPU_BEGIN)
		return event->cpu == scope->begin.event.cpu;
	uint64_t thread = field_of(&scope->begin.event, "thread");
	return (has_field(event, "thread") && field_of(event, "thread") == thread) || names_the_thread(event, thread) ||
	       explain->names.running[event->cpu] == thread;
}

bool scope_has(const struct explain *explain, const struct trace_event *event)
{
	const struct scope *scope = &explain->scope;
	switch (scope->subject) {
	case SUBJECT_ALONE:
		return false;
	case SUBJECT_FAULT:
		return fault_has(explain, event);
	case SUBJECT_FLOW:
		return is_in_flow(event, scope->flow);
	case SUBJECT_SLICE:
		return slice_has(explain, event);
	case SUBJECT_PERIOD:
		return has_field(event, "period") && field_of(event, "period") == scope->period;
	case SUBJECT_THREAD:
		return names_the_thread(event, scope->thread) && is_within(event, &scope->begin, &scope->end);
	}
	return false;
}
