/*
 * Where the time of a fault went: a watch that is always running for exactly one part.
 *
 * Teaches: time is split without a remainder if every moment belongs to one part, which what happened last decides. So the parts add up to the
 * whole, to the nanosecond. While a thread waits for its page, that is: has the provider's thread the message, is it on a CPU, is that CPU in
 * the kernel, is the provider between its marks `read flash` or `write flash`.
 * Who calls: explain.c with every event of the fourth pass, before names_take(). Simplified: under icount all CPUs share one clock of
 * instructions, so a part also has those that other CPUs executed meanwhile.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain.h"

enum { IN_CALL = 1, IN_INTERRUPT = 2, IN_FAULT = 4 };

static const char *const part_texts[COST_PARTS] = {
	[COST_KERNEL] = "kernel: the fault path, up to its end or until the thread waits",
	[COST_MEMORY] = "waiting: until a page frame is free",
	[COST_QUEUE] = "waiting: the message waits for the provider",
	[COST_PROVIDER] = "provider: its own code",
	[COST_FLASH] = "flash: between the provider's marks `read flash` or `write flash`",
	[COST_SERVICE] = "kernel: for the provider (its calls, its faults, interrupts)",
	[COST_PROVIDER_OFF] = "waiting: the provider has the message and is on no CPU",
	[COST_ANSWER] = "kernel: from the answer to the end of the fault",
	[COST_CPU] = "waiting: the page is there, the thread has no CPU yet",
};

/* ---- what a CPU is in ---- */

static void follow_cpu(struct cost *cost, const struct trace_event *event)
{
	unsigned *in = &cost->in_kernel[event->cpu];
	if (is_event(event, "syscall_enter"))
		*in |= IN_CALL;
	else if (is_event(event, "syscall_exit"))
		*in &= ~(unsigned)IN_CALL;
	else if (is_event(event, "irq_enter"))
		*in |= IN_INTERRUPT;
	else if (is_event(event, "irq_exit"))
		*in &= ~(unsigned)IN_INTERRUPT;
	else if (is_event(event, "fault_begin"))
		*in |= IN_FAULT;
	else if (is_event(event, "fault_end") || is_event(event, "fault_wait"))
		*in &= ~(unsigned)IN_FAULT;
	else if (is_event(event, "thread_switch"))
		*in &= ~(unsigned)(IN_CALL | IN_FAULT);
}

/* ---- the message to the provider ---- */

static bool is_in_story(const struct scope *scope, const struct trace_event *event)
{
	if (is_in_flow(event, scope->flow))
		return true;
	for (unsigned i = 0; i < scope->requests; i++)
		if (is_in_flow(event, scope->request[i]))
			return true;
	return false;
}

static bool marks_flash(const struct trace_event *event)
{
	char name[17];
	trace_chars(field_of(event, "name_0"), field_of(event, "name_1"), name);
	return !strcmp(name, "read flash") || !strcmp(name, "write flash");
}

static void follow_message(struct cost *cost, const struct scope *scope, const struct trace_event *event)
{
	bool mine = is_in_story(scope, event);
	if (mine && is_event(event, "ipc_send")) {
		cost->message = MESSAGE_SENT;
	} else if (mine && is_event(event, "ipc_receive")) {
		cost->message = MESSAGE_RECEIVED;
		cost->server = field_of(event, "thread");
	} else if (mine && (is_event(event, "ipc_reply") || is_event(event, "ipc_cancel"))) {
		cost->message = MESSAGE_REPLIED;
		cost->in_flash = false;
	} else if (event->schema->category == TRACE_USER && field_of(event, "thread") == cost->server && cost->server) {
		bool begins = is_event(event, "mark_begin");
		if ((begins || is_event(event, "mark_end")) && marks_flash(event))
			cost->in_flash = begins;
	}
}

/* ---- the fault ---- */

static void follow_fault(struct cost *cost, const struct scope *scope, const struct trace_event *event)
{
	bool mine = has_field(event, "flow") && field_of(event, "flow") == scope->flow;
	if (scope->begin.there && is_same_event(event, &scope->begin.event)) {
		cost->state = FAULT_IN_KERNEL;
		cost->handler = event->cpu;
	} else if (cost->state == FAULT_BEFORE || cost->state == FAULT_OVER) {
		return;
	} else if (mine && is_event(event, "fault_wait")) {
		cost->state = FAULT_BLOCKED;
		cost->waited = true;
	} else if (mine && is_event(event, "fault_memory")) {
		cost->state = FAULT_NO_MEMORY_YET;
		cost->waited = true;
	} else if (mine && is_event(event, "fault_resume")) {
		cost->state = FAULT_ANSWERED;
		cost->handler = event->cpu;
	} else if (mine && is_event(event, "fault_end")) {
		cost->state = cost->waited && scope->again.there ? FAULT_READY : FAULT_OVER;
	} else if (scope->again.there && is_same_event(event, &scope->again.event)) {
		cost->state = FAULT_OVER;
	}
}

static enum cost_part part_of_waiting(const struct cost *cost, const struct names *names)
{
	if (cost->message == MESSAGE_NONE)
		return COST_KERNEL;
	if (cost->message != MESSAGE_RECEIVED)
		return cost->message == MESSAGE_SENT ? COST_QUEUE : COST_ANSWER;
	for (unsigned cpu = 0; cpu < FORMAT_CPUS_MAX; cpu++)
		if (names->running[cpu] == cost->server)
			return cost->in_kernel[cpu] ? COST_SERVICE : cost->in_flash ? COST_FLASH : COST_PROVIDER;
	return COST_PROVIDER_OFF;
}

static enum cost_part part_now(const struct cost *cost, const struct names *names)
{
	switch (cost->state) {
	case FAULT_NO_MEMORY_YET:
		return COST_MEMORY;
	case FAULT_BLOCKED:
		return part_of_waiting(cost, names);
	case FAULT_ANSWERED:
		return COST_ANSWER;
	case FAULT_READY:
		return COST_CPU;
	default:
		return COST_KERNEL;
	}
}

/* ---- others that ended as this one did ---- */

static void follow_others(struct explain *explain, const struct trace_event *event, uint64_t ns)
{
	struct cost *cost = &explain->cost;
	struct table_key key = {{field_of(event, "thread")}};
	uint64_t *begun = table_find(&cost->begun, key);
	if (is_event(event, "fault_begin")) {
		if (!begun && (begun = malloc(sizeof(*begun))) && !table_add(&cost->begun, key, begun)) {
			free(begun);
			begun = NULL;
		}
		if (begun)
			*begun = ns;
		explain->names.out_of_memory |= !begun;
	} else if (begun && is_event(event, "fault_end") &&
		   field_of(event, "result") == field_of(&explain->scope.end.event, "result")) {
		cost->alike++;
		cost->alike_ns += ns - *begun;
	}
}

void cost_take(struct explain *explain, const struct trace_event *event)
{
	struct cost *cost = &explain->cost;
	if (explain->scope.subject != SUBJECT_FAULT)
		return;
	uint64_t ns = explain_ns(explain, event);
	if (cost->state != FAULT_BEFORE && cost->state != FAULT_OVER)
		cost->ns[part_now(cost, &explain->names)] += ns - cost->last_ns;
	cost->last_ns = ns;
	follow_cpu(cost, event);
	follow_message(cost, &explain->scope, event);
	follow_fault(cost, &explain->scope, event);
	if (event->schema->category == TRACE_FAULT && explain->scope.end.there)
		follow_others(explain, event, ns);
}

void cost_print(struct explain *explain)
{
	const struct cost *cost = &explain->cost;
	uint64_t total = 0;
	for (unsigned i = 0; i < COST_PARTS; i++)
		total += cost->ns[i];
	print_heading(explain, "What it cost");
	fputs("    ", explain->out);
	print_ns(explain->out, total);
	fputs(cost->waited ? " from the trap until the thread ran again" : " from the trap to the end of the fault path",
	      explain->out);
	if (explain->info->icount)
		fprintf(explain->out, ": %s%" PRIu64 " instructions, %s", explain->info->cpus > 1 ? "at most " : "about ", total,
			explain->info->cpus > 1 ? "those of all CPUs in that time together" : "one a nanosecond");
	fputc('\n', explain->out);
	for (unsigned i = 0; i < COST_PARTS; i++)
		if (cost->ns[i])
			fprintf(explain->out, "    %9" PRIu64 ".%03u us  %5.1f %%  %s\n", cost->ns[i] / 1000,
				(unsigned)(cost->ns[i] % 1000), 100.0 * (double)cost->ns[i] / (double)total, part_texts[i]);
	if (!explain->scope.end.there)
		fputs("    The run ends, or has lost events, before the fault ended.\n", explain->out);
	if (cost->alike > 1) {
		fprintf(explain->out, "    %" PRIu64 " faults of this run ended as this one; from trap to end they took ",
			cost->alike);
		print_ns(explain->out, cost->alike_ns / cost->alike);
		fputs(" on average.\n", explain->out);
	}
}
