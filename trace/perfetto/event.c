/*
 * Events into packets: slices, instants and counters, by the plan of each event.
 *
 * Teaches: phase decides the shape (a slice begins, a slice ends, something happened, a number changed), fields decide the
 * rest: `thread` the track, a FLOW the arrows, every other one an argument that shows when the slice is clicked.
 * Who calls: perfetto.c. Whom it calls: plan.h for what an event is, track.h where it goes,
 * packet.h.
 */
#include "perfetto/event.h"

#include <stdio.h>

#include "perfetto/names.h"
#include "perfetto/packet.h"
#include "perfetto/story.h"
#include "perfetto/thread.h"
#include "perfetto/track.h"

#include "../../kernel/abi/status.h"

/* One event on its way, and the TrackEvent that it becomes. */
struct drawing {
	struct perfetto *perfetto;
	const struct trace_event *event;
	const struct event_plan *plan;
	unsigned cpu, sequence;
	uint64_t ns;
	uint64_t wake; /* the flow from the thread that wakes to the one that woke; 0: none */
	uint8_t *end;  /* of payload */
	uint8_t payload[PACKET_PAYLOAD_ROOM];
};

/* ---- the parts of a TrackEvent ---- */

static uint8_t *put_chars(uint8_t *at, const uint64_t *field)
{
	char text[17];
	trace_chars(field[0], field[1], text);
	size_t bytes = strlen(text);
	*at++ = (uint8_t)bytes;
	memcpy(at, text, 16);
	return at + bytes;
}

/* The message DebugAnnotation. */
static uint8_t *put_value(uint8_t *at, const struct drawing *drawing, const struct argument_plan *argument)
{
	const uint64_t *field = &drawing->event->field[argument->field];
	uint64_t named;
	switch (argument->kind) {
	case ARGUMENT_NAMED:
		named = names_value(drawing->perfetto, drawing->sequence, argument->type, *field);
		return named ? wire_number(wire_part(at, &argument->named_head), named)
			     : wire_number(wire_part(at, &argument->head), *field);
	case ARGUMENT_CHARS:
		return put_chars(wire_part(at, &argument->head), field);
	case ARGUMENT_TICKS:
		return wire_number(wire_part(at, &argument->head),
				   trace_ns(drawing->perfetto->reader, drawing->perfetto->info->boot_ticks + *field));
	default:
		return wire_number(wire_part(at, &argument->head), *field);
	}
}

static void put_arguments(struct drawing *drawing)
{
	uint8_t *at = drawing->end;
	names_need_arguments(drawing->perfetto, drawing->sequence, drawing->plan);
	for (unsigned i = 0; i < drawing->plan->arguments; i++) {
		const struct argument_plan *argument = &drawing->plan->argument[i];
		if (argument->says_none && !drawing->event->field[argument->field])
			continue;
		uint8_t *length = wire_tag(at, &packet_tags.annotation);
		at = put_value(length + 1, drawing, argument);
		*length = (uint8_t)(at - length - 1); /* always below 128: one byte */
	}
	drawing->end = at;
}

/*
 * Flow ids are 64-bit words of fixed size; the machine's number keeps those of two machines apart. 0 is no flow. A flow is never said
 * to be over: a page request's goes on for the other threads that waited, after the fault that made it has ended.
 */
static void put_flow(struct drawing *drawing)
{
	if (drawing->wake)
		drawing->end = wire_fixed64(wire_tag(drawing->end, &packet_tags.flow), drawing->wake);
	if (drawing->plan->without_arrows)
		return;
	for (unsigned i = 0; i < 2 && drawing->plan->flow[i] >= 0; i++) {
		uint64_t flow = drawing->event->field[drawing->plan->flow[i]];
		bool twice = i == 1 && flow == drawing->event->field[drawing->plan->flow[0]];
		if (flow && !twice)
			drawing->end =
				wire_fixed64(wire_tag(drawing->end, &packet_tags.flow), flow + drawing->perfetto->flow_base);
	}
}

/* Type, category and name. A name that has no number is written out. */
static void put_name(struct drawing *drawing)
{
	const struct event_name *name = names_event(drawing->perfetto, drawing->sequence, drawing->plan, drawing->event->field);
	drawing->end = wire_part(drawing->payload, &name->head);
	if (name->number)
		return;
	size_t bytes = strlen(name->text);
	uint8_t *at = wire_field(drawing->end, &packet_tags.name, bytes);
	memcpy(at, name->text, bytes);
	drawing->end = at + bytes;
}

static void send(struct drawing *drawing)
{
	if (drawing->ns <= drawing->perfetto->introduced_ns)
		drawing->ns = drawing->perfetto->introduced_ns + 1;
	packet_put(drawing->perfetto, drawing->sequence, drawing->ns, &packet_tags.track_event, drawing->payload,
		   (size_t)(drawing->end - drawing->payload));
}

/* ---- the shapes ---- */

static void draw_instant(struct drawing *drawing, struct track *track)
{
	drawing->sequence = track_sequence(drawing->perfetto, drawing->cpu, track);
	put_name(drawing);
	drawing->end = track_put(track, drawing->end);
	put_arguments(drawing);
	put_flow(drawing);
	send(drawing);
}

/* The slice that the event begins or ends, as the track knows it. */
static struct open_slice slice_of(const struct drawing *drawing)
{
	bool ends = drawing->plan->begin_id != 0;
	struct open_slice slice = {.begin_id = ends ? drawing->plan->begin_id : drawing->event->id};
	if (drawing->plan->is_mark) {
		const struct event_plan *begin = &drawing->perfetto->plans[slice.begin_id];
		slice.name[0] = drawing->event->field[begin->name_field[0]];
		slice.name[1] = drawing->event->field[begin->name_field[1]];
	}
	return slice;
}

static void draw_begin(struct drawing *drawing, struct track *track)
{
	struct open_slice slice = slice_of(drawing);
	if (track_begin(drawing->perfetto, track, slice))
		draw_instant(drawing, track);
}

/*
 * A system call that has to be made again, because a page it touched has to be brought, has left the kernel while its fault goes on. In
 * the picture it ends with the fault.
 */
static bool ends_later(struct drawing *drawing, struct track *track)
{
	int status = drawing->plan->status;
	if (status < 0 || drawing->event->field[status] != STATUS_RETRY || track_is_innermost(track, slice_of(drawing)))
		return false;
	track->ends_with_inner = track_is_open(track, slice_of(drawing));
	return track->ends_with_inner;
}

static void draw_end(struct drawing *drawing, struct track *track)
{
	if (ends_later(drawing, track))
		return;
	if (!track_end(drawing->perfetto, drawing->cpu, drawing->ns, track, slice_of(drawing)))
		return;
	drawing->sequence = track_sequence(drawing->perfetto, drawing->cpu, track);
	drawing->end = track_put(track, wire_part(drawing->payload, &packet_tags.slice_end));
	put_arguments(drawing);
	if (drawing->plan->tells_story)
		drawing->end = story_put(drawing->perfetto, drawing->sequence, drawing->end, drawing->event);
	put_flow(drawing);
	send(drawing);
	if (track->ends_with_inner && track->depth > 0)
		track_close(drawing->perfetto, drawing->cpu, drawing->ns, track, track->depth - 1);
	track->ends_with_inner = false;
}

static void draw_counter(struct drawing *drawing)
{
	const uint64_t *field = drawing->event->field;
	struct track *track = track_of_counter(drawing->perfetto, drawing->cpu, drawing->ns, drawing->plan, field);
	if (!track)
		return;
	drawing->sequence = track_sequence(drawing->perfetto, drawing->cpu, track);
	drawing->end = track_put(track, wire_part(drawing->payload, &packet_tags.counter));
	drawing->end = wire_field(drawing->end, &packet_tags.count, field[drawing->plan->value]);
	send(drawing);
}

/* ---- where ---- */

/* The track of a thread, of its marks if the event is one; the CPU's if no thread was meant. */
static struct track *track_of_thread(struct drawing *drawing)
{
	struct perfetto *perfetto = drawing->perfetto;
	uint64_t id = drawing->plan->thread >= 0 ? drawing->event->field[drawing->plan->thread] : 0;
	if (!id)
		return track_of_cpu(perfetto, drawing->cpu, drawing->ns, drawing->plan->category_bit);
	struct thread *running = perfetto->cpu[drawing->cpu].running;
	struct thread *thread = running && running->id == id ? running : thread_get(perfetto, drawing->cpu, drawing->ns, id);
	if (!thread)
		return NULL;
	if (!drawing->plan->is_mark)
		return &thread->track;
	if (!thread->marks.uuid)
		track_start_marks(perfetto, drawing->ns, thread);
	return &thread->marks;
}

/* A thread makes one system call, and has one fault, at a time: an older one that is still open has lost its end. */
static void close_older(struct drawing *drawing, struct track *track)
{
	struct open_slice slice = slice_of(drawing);
	if (drawing->plan->is_mark || !track_is_open(track, slice))
		return;
	track_end(drawing->perfetto, drawing->cpu, drawing->ns, track, slice);
	track->depth++;
	track_close(drawing->perfetto, drawing->cpu, drawing->ns, track, track->depth - 1);
}

/*
 * A step of a fault: a slice in the fault's and in those of the steps before, which all end with it. Of a fault whose begin is not in
 * the run it has no length.
 */
static void draw_step(struct drawing *drawing, struct track *track)
{
	bool inside = track_is_open(track, (struct open_slice){.begin_id = drawing->plan->step_of});
	unsigned depth = track->depth;
	draw_begin(drawing, track);
	if (!inside)
		track_close(drawing->perfetto, drawing->cpu, drawing->ns, track, depth);
}

/* Closes the step in which the thread waited, and what is in it. */
static void end_wait(struct drawing *drawing, struct track *track)
{
	for (unsigned depth = track->depth; depth-- > 0;) {
		const char *begin = drawing->perfetto->plans[track->open[depth].begin_id].schema->name;
		if (!strcmp(begin, "fault_begin"))
			return;
		if (!strcmp(begin, "fault_wait") || !strcmp(begin, "fault_memory")) {
			track_close(drawing->perfetto, drawing->cpu, drawing->ns, track, depth);
			return;
		}
	}
}

static void draw_on_thread(struct drawing *drawing)
{
	struct track *track = track_of_thread(drawing);
	if (!track)
		return;
	if (drawing->plan->phase == PHASE_THREAD_END) {
		draw_end(drawing, track);
	} else if (drawing->plan->phase == PHASE_THREAD_BEGIN) {
		close_older(drawing, track);
		draw_begin(drawing, track);
	} else if (drawing->plan->step_of) {
		draw_step(drawing, track);
	} else {
		if (drawing->plan->ends_wait)
			end_wait(drawing, track);
		draw_instant(drawing, track);
	}
}

static void draw_on_cpu(struct drawing *drawing)
{
	struct track *track = track_of_cpu(drawing->perfetto, drawing->cpu, drawing->ns, drawing->plan->category_bit);
	if (drawing->plan->phase == PHASE_CPU_END)
		draw_end(drawing, track);
	else if (drawing->plan->phase == PHASE_CPU_BEGIN)
		draw_begin(drawing, track);
	else
		draw_instant(drawing, track);
}

static void follow_rule(struct drawing *drawing)
{
	const struct event_plan *plan = drawing->plan;
	uint64_t argument[EVENT_FIELDS_MAX];
	for (unsigned i = 0; i < EVENT_FIELDS_MAX; i++)
		argument[i] = drawing->event->field[plan->rule_fields[i]];
	plan->rule(drawing->perfetto, drawing->cpu, drawing->ns, argument);
}

/* Who woke whom: an instant on the track of the thread that did it, from which an arrow leads to the one that woke. */
static __attribute__((noinline)) void draw_waker(struct drawing *drawing)
{
	struct perfetto *perfetto = drawing->perfetto;
	const uint64_t *field = drawing->event->field;
	const struct thread *waker = field[drawing->plan->waker] ? thread_find(perfetto, field[drawing->plan->waker]) : NULL;
	const struct thread *woken = thread_find(perfetto, field[drawing->plan->thread]);
	if (!waker || !woken)
		return;
	char name[64];
	snprintf(name, sizeof(name), "wakes up %s (%llu)", woken->name, (unsigned long long)woken->id);
	uint64_t category = drawing->plan->category_bit + 1;
	names_need_category(perfetto, drawing->cpu, drawing->plan->category_bit);
	drawing->wake = perfetto->flow_base + WAKES_FIRST + ++perfetto->wakes;
	TrackEvent wakes = TRACK_EVENT__INIT;
	wakes.has_type = wakes.has_track_uuid = true;
	wakes.type = TRACK_EVENT__TYPE__TYPE_INSTANT;
	wakes.name = name;
	wakes.track_uuid = waker->track.uuid;
	wakes.n_category_iids = 1;
	wakes.category_iids = &category;
	wakes.n_flow_ids = 1;
	wakes.flow_ids = &drawing->wake;
	TracePacket packet = TRACE_PACKET__INIT;
	packet.track_event = &wakes;
	packet_send(perfetto, drawing->cpu, drawing->ns, &packet);
}

/* Scheduling: the rule tells Perfetto who runs, and an event about one thread is an instant on its track as well. */
static void draw_scheduling(struct drawing *drawing)
{
	const struct event_plan *plan = drawing->plan;
	const uint64_t *field = drawing->event->field;
	bool about_one = plan->thread >= 0;
	bool known = about_one && thread_find(drawing->perfetto, field[plan->thread]);
	if (plan->waker >= 0)
		draw_waker(drawing);
	if (known)
		draw_instant(drawing, track_of_thread(drawing));
	if (plan->rule)
		follow_rule(drawing);
	struct thread *made = about_one && !known ? thread_find(drawing->perfetto, field[plan->thread]) : NULL;
	if (made)
		draw_instant(drawing, &made->track);
}

static void draw_gap(struct perfetto *perfetto, const struct trace_event *event, uint64_t ns)
{
	thread_after_gap(perfetto, event->cpu, ns);
	char name[64];
	snprintf(name, sizeof(name), "%llu events lost", (unsigned long long)event->field[0]);
	TrackEvent lost = TRACK_EVENT__INIT;
	lost.has_type = lost.has_track_uuid = true;
	lost.type = TRACK_EVENT__TYPE__TYPE_INSTANT;
	lost.name = name;
	lost.track_uuid = track_of_cpu(perfetto, event->cpu, ns, (unsigned)__builtin_ctz(TRACE_BOOT))->uuid;
	TracePacket packet = TRACE_PACKET__INIT;
	packet.track_event = &lost;
	packet_send(perfetto, event->cpu, ns, &packet);
}

static void draw_by_phase(struct drawing *drawing, enum event_phase phase)
{
	switch (phase) {
	case PHASE_THREAD_BEGIN:
	case PHASE_THREAD_END:
	case PHASE_THREAD_INSTANT:
		draw_on_thread(drawing);
		break;
	case PHASE_CPU_BEGIN:
	case PHASE_CPU_END:
	case PHASE_CPU_INSTANT:
		draw_on_cpu(drawing);
		break;
	case PHASE_COUNTER:
	case PHASE_CPU_COUNTER:
		draw_counter(drawing);
		break;
	case PHASE_SCHED:
		draw_scheduling(drawing);
		break;
	}
}

void event_draw(struct perfetto *perfetto, const struct trace_event *event)
{
	uint64_t ns = trace_ns(perfetto->reader, event->ticks);
	perfetto->last_ns = ns > perfetto->last_ns ? ns : perfetto->last_ns;
	perfetto->cpu[event->cpu].has_events = true;
	if (event->id == TRACE_EVENT_GAP) {
		draw_gap(perfetto, event, ns);
		return;
	}
	struct drawing drawing;
	drawing.perfetto = perfetto;
	drawing.event = event;
	drawing.plan = &perfetto->plans[event->id];
	drawing.cpu = event->cpu;
	drawing.ns = ns;
	drawing.wake = 0;
	if (!drawing.plan->rule_instead)
		draw_by_phase(&drawing, drawing.plan->phase);
	if (drawing.plan->rule && drawing.plan->phase != PHASE_SCHED)
		follow_rule(&drawing);
}
