/*
 * `vitrine witness RUN --check`: is everything that happened to the machine in the trace, and nothing else?
 *
 * Teaches: two accounts of one story, by tellers who know nothing of each other. The kernel says which traps it handled; the witness saw control
 * arrive at its vectors. For each CPU and each kind their numbers have to be equal, and their order the same. If they are not, the lists are
 * paired as well as can be (pairs.c), and the first that stays alone is named.
 * Who calls: witness.c. Whom: traced.c, leaps.c, pairs.c, print_event.h.
 * Simplified: a trap the machine was in when it was switched off has no event; it is told by being the last of its CPU.
 */
#include "witness/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "print_event.h"
#include "witness/compare.h"

static const char *const stream_names[STREAMS] = {"system calls", "faults from user mode", "faults in the kernel", "interrupts"};

/* ---- the witness's account ---- */

static enum stream stream_of(const struct witness *witness, const struct witness_exception *exception)
{
	switch (vector_class_of(witness->header->machine, exception->vector)) {
	case VECTOR_IS_SYSCALL:
		return STREAM_SYSCALL;
	case VECTOR_IS_FAULT:
		return exception->flags & WITNESS_FROM_USER ? STREAM_FAULT : STREAM_KERNEL;
	default:
		return STREAM_IRQ;
	}
}

static void sort_seen(struct comparison *comparison)
{
	const struct witness *witness = comparison->witness;
	uint64_t count = witness->header->exceptions;
	unsigned cpu_of[WITNESS_CPUS_MAX];
	for (unsigned i = 0; i < WITNESS_CPUS_MAX; i++)
		cpu_of[comparison->traced.vcpu[i]] = i;
	for (unsigned cpu = 0; cpu < WITNESS_CPUS_MAX; cpu++)
		for (unsigned stream = 0; stream < STREAMS; stream++)
			comparison->seen[cpu][stream].count = 0;
	for (unsigned fill = 0; fill < 2; fill++) {
		for (uint64_t i = 0; i < count; i++) {
			const struct witness_exception *exception = &witness->exceptions[i];
			struct seen_list *list = &comparison->seen[cpu_of[exception->cpu]][stream_of(witness, exception)];
			if (fill)
				list->rows[list->count] = (struct seen){exception, UNKNOWN, UNKNOWN, UNKNOWN};
			list->count++;
		}
		for (unsigned j = 0; !fill && j < WITNESS_CPUS_MAX * STREAMS; j++) {
			struct seen_list *list = &comparison->seen[j / STREAMS][j % STREAMS];
			list->rows = calloc(list->count + 1, sizeof(*list->rows));
			if (!list->rows)
				abort();
			list->count = 0;
		}
	}
}

/* ---- what stays alone ---- */

static void note_alone(struct comparison *comparison, unsigned cpu, const struct seen *seen, const struct traced *traced,
		       int64_t when)
{
	comparison->differs = true;
	if (comparison->alone_when <= when)
		return;
	comparison->alone_when = when;
	comparison->alone_seen = seen;
	comparison->alone_traced = traced;
	comparison->alone_cpu = cpu;
}

/* The instruction at which an event was made, as far as that can be told. */
static int64_t when_of(const struct pair_context *context, const struct traced *traced, uint64_t near)
{
	int64_t leap = near < context->seen->count ? context->seen->rows[near].leap : UNKNOWN;
	return leap == UNKNOWN ? (int64_t)traced->ns : (int64_t)traced->ns - leap;
}

/* Notes the first of one stream that stays alone. */
static void find_alone(struct comparison *comparison, unsigned cpu, struct pair_context *context)
{
	const struct traced_list *traced = context->traced;
	struct alone alone = {0};
	if (!pair_find_first(context, &alone))
		return;
	int64_t when = alone.seen ? (int64_t)alone.seen->exception->when : when_of(context, alone.traced, alone.at);
	bool is_first = when < comparison->alone_when;
	note_alone(comparison, cpu, alone.seen, alone.traced, when);
	if (is_first) {
		uint64_t next = alone.next + (alone.traced ? 1 : 0);
		comparison->before = alone.next > 0 ? &traced->rows[alone.next - 1] : NULL;
		comparison->after = next < traced->count ? &traced->rows[next] : NULL;
	}
}

/* ---- saying it ---- */

static void compare_stream(struct comparison *comparison, unsigned cpu, enum stream stream)
{
	struct pair_context context = pair_context_of(comparison, cpu, stream);
	uint64_t seen = context.seen->count, traced = context.traced->count, lost = comparison->traced.lost[cpu];
	bool differed = comparison->differs;
	const char *verdict = "agree";
	if (!traced_has(&comparison->traced, stream)) {
		verdict = "not traced";
	} else if (lost) {
		bool possible = seen >= traced && seen - traced <= lost;
		comparison->differs |= !possible;
		verdict = possible ? "cannot be told: events were lost" : "DIFFER by more than what was lost";
	} else if (!pair_is_equal(&context)) {
		comparison->differs = false;
		find_alone(comparison, cpu, &context);
		verdict = comparison->differs ? "DIFFER" : "agree, one was under way at the end";
		comparison->differs |= differed;
	}
	printf("  cpu%-3u %-22s %12" PRIu64 " %12" PRIu64 "   %s\n", cpu, stream_names[stream], seen, traced, verdict);
}

static void print_event_of(const struct comparison *comparison, const char *path, const char *label, const struct traced *wanted)
{
	static char error[640];
	struct trace_event event;
	struct trace_reader *reader = wanted ? trace_open(path, error, sizeof(error)) : NULL;
	while (reader && trace_next(reader, &event) > 0)
		if (event.cpu == comparison->alone_cpu && event.index == wanted->index && event.id == wanted->id) {
			printf("  %s", label);
			print_event(stdout, reader, &event);
			break;
		}
	if (reader)
		trace_close(reader);
}

/* The one that is missing on either side, with its neighbours. */
static void say_alone(const struct comparison *comparison, const char *path)
{
	const struct seen *seen = comparison->alone_seen;
	if (!seen && !comparison->alone_traced)
		return;
	if (seen) {
		const struct witness_exception *exception = seen->exception;
		printf("\nThe first that is missing in the trace: CPU %u, %s (vector 0x%x", comparison->alone_cpu,
		       vector_text(comparison->witness->header->machine, exception->vector), exception->vector);
		if (seen->leap != UNKNOWN && comparison->traced.info->icount)
			printf(", %.3f us after kernel entry", (double)((int64_t)exception->when + seen->leap) / 1e3);
		printf(") at instruction %" PRIu64 " of the machine; the last of its CPU before it stood at 0x%" PRIx64 ".\n",
		       exception->when, exception->pc);
	} else {
		printf("\nThe first that is in the trace and never happened, on CPU %u:\n", comparison->alone_cpu);
		print_event_of(comparison, path, "it      ", comparison->alone_traced);
	}
	if (!comparison->traced.info->icount)
		printf("A live run has no common clock with the witness: of several of a kind, it may be another.\n");
	print_event_of(comparison, path, "before  ", comparison->before);
	print_event_of(comparison, path, "after   ", comparison->after);
}

/* Whether both are about one run, as far as that can be told. */
static bool belong_together(const struct comparison *comparison)
{
	const struct trace_info *info = comparison->traced.info;
	const struct witness_header *header = comparison->witness->header;
	if (strcmp(info->machine, header->machine) == 0 && info->cpus_online <= header->cpus)
		return true;
	return say("the trace is of %s with %u CPUs, the witness saw %s with %" PRIu64 ": they are not of one run", info->machine,
		   info->cpus_online, header->machine, header->cpus),
	       false;
}

int witness_check(const struct witness *witness, const char *path)
{
	struct comparison *comparison = calloc(1, sizeof(*comparison));
	if (!comparison)
		abort();
	comparison->witness = witness;
	comparison->alone_when = INT64_MAX;
	int exit_code = 1;
	if (traced_open(&comparison->traced, path)) {
		if (belong_together(comparison)) {
			sort_seen(comparison);
			if (comparison->traced.info->icount)
				compare_find_leaps(comparison);
			printf("  CPU    traps                          seen       traced\n");
			for (unsigned cpu = 0; cpu < comparison->traced.info->cpus; cpu++)
				for (unsigned stream = 0; stream < STREAMS; stream++)
					compare_stream(comparison, cpu, stream);
			say_alone(comparison, path);
			exit_code = comparison->differs;
		}
		traced_close(&comparison->traced);
	}
	for (unsigned i = 0; i < WITNESS_CPUS_MAX * STREAMS; i++)
		free(comparison->seen[i / STREAMS][i % STREAMS].rows);
	free(comparison);
	return exit_code;
}
