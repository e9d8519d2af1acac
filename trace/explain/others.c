/*
 * The stories that are no fault: messages, what is freed, calls and other slices, grace periods, a thread that waits.
 *
 * Teaches: each is the same questions asked of other events: what happened in which order, how long each part took, who held it up.
 * Who calls: explain.c. Whom: words.c.
 */
#include <inttypes.h>

#include "../kernel/abi/trace_enums.h"
#include "explain/explain.h"

const struct trace_event *step_named(const struct explain *explain, const char *name)
{
	for (size_t i = 0; i < explain->steps; i++)
		if (is_event(&explain->step[i], name))
			return &explain->step[i];
	return NULL;
}

static void print_took(struct explain *explain, const char *text, const struct trace_event *from, const struct trace_event *to)
{
	if (!from || !to)
		return;
	fputs("    ", explain->out);
	print_ns(explain->out, explain_ns(explain, to) - explain_ns(explain, from));
	fprintf(explain->out, "  %s\n", text);
}

/* ---- flows ---- */

void flow_print(struct explain *explain)
{
	const struct trace_event *first = explain->steps ? &explain->step[0] : NULL;
	const struct trace_event *last = explain->steps ? &explain->step[explain->steps - 1] : NULL;
	const struct trace_event *sent = step_named(explain, "ipc_send"), *received = step_named(explain, "ipc_receive"),
				 *replied = step_named(explain, "ipc_reply");
	fprintf(explain->out, "\nWhat belongs to it: all events of the flow 0x%" PRIx64 "\n", explain->scope.flow);
	print_steps(explain);
	print_heading(explain, "What it cost");
	print_took(explain, "waited until it was received", sent, received);
	print_took(explain, "until the receiver answered", received, replied);
	print_took(explain, "from when it was taken out of use until it was freed", step_named(explain, "rcu_call"),
		   step_named(explain, "rcu_free"));
	print_took(explain, "in all", first, last);
	if (sent && !received)
		fputs("    Nobody has received it in this run.\n", explain->out);
	else if (received && !replied)
		fputs("    Nobody has answered it in this run: a message that wants no answer, or one that still waits for it.\n",
		      explain->out);
}

/* ---- slices ---- */

/* How long others had the CPU, or the thread waited, between the slice's begin and its end. */
void slice_print(struct explain *explain)
{
	const struct scope *scope = &explain->scope;
	if (!scope->begin.there) {
		fputs("\nWhere this began is not in the run: it was lost, or happened before the run had events.\n",
		      explain->out);
		return;
	}
	print_heading(explain, "What happened, from its begin to its end");
	print_steps(explain);
	print_heading(explain, "What it cost");
	if (scope->end.there)
		print_took(explain, "in all", &scope->begin.event, &scope->end.event);
	else
		fputs("    Its end is not in the run.\n", explain->out);
	if (is_event(&scope->begin.event, "syscall_enter") && scope->end.there)
		fprintf(explain->out, "    It was answered with %s.\n",
			value_text(FIELD_STATUS, field_of(&scope->end.event, "status")));
}

/* ---- grace periods ---- */

static bool holds_up(const struct trace_event *event, const struct scope *scope)
{
	return is_event(event, "rcu_quiescent") && field_of(event, "cause") != QUIESCENT_ASLEEP &&
	       field_of(event, "cpu") != scope->begin.event.cpu;
}

void period_print(struct explain *explain)
{
	const struct scope *scope = &explain->scope;
	const struct trace_event *last = NULL;
	uint64_t freed = 0;
	print_heading(explain, "The grace period");
	print_steps(explain);
	for (size_t i = 0; i < explain->steps; i++) {
		freed += is_event(&explain->step[i], "rcu_free");
		if (scope->begin.there && holds_up(&explain->step[i], scope))
			last = &explain->step[i];
	}
	print_heading(explain, "What it cost");
	if (!scope->begin.there || !scope->end.there)
		fputs("    Its begin or its end is not in the run.\n", explain->out);
	else
		print_took(explain, "from its begin to its end", &scope->begin.event, &scope->end.event);
	if (last)
		fprintf(explain->out, "    CPU %" PRIu64 " was the last to let it go (%s).\n", field_of(last, "cpu"),
			value_text(FIELD_QUIESCENT_CAUSE, field_of(last, "cause")));
	else if (scope->begin.there)
		fputs("    It waited for no CPU: all others slept, or there is no other.\n", explain->out);
	fprintf(explain->out, "    %" PRIu64 " thing(s) were freed after it.\n", freed + explain->steps_left_out);
}

/* ---- threads ---- */

void thread_print(struct explain *explain)
{
	const struct trace_event *block = NULL, *wake = NULL;
	for (size_t i = 0; i < explain->steps; i++) {
		if (is_event(&explain->step[i], "thread_block"))
			block = &explain->step[i], wake = NULL;
		else if (is_event(&explain->step[i], "thread_wake"))
			wake = &explain->step[i];
	}
	const struct trace_event *last = explain->steps ? &explain->step[explain->steps - 1] : NULL;
	fputs("\nWhat ", explain->out);
	print_thread(explain, explain->scope.thread, "the CPU");
	fputs(" did around it\n", explain->out);
	print_steps(explain);
	print_heading(explain, "What it cost");
	print_took(explain, "blocked, until somebody woke it", block, wake);
	if (last && is_event(last, "thread_switch") && field_of(last, "next") == explain->scope.thread)
		print_took(explain, "runnable, until a CPU took it", wake, last);
	print_took(explain, "in all", explain->steps ? &explain->step[0] : NULL, last);
}
