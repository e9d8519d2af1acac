/*
 * `vitrine witness RUN --check`: is everything that happened to the machine in the trace, and nothing else?
 *
 * Teaches: two accounts of one story, by tellers who know nothing of each other. The kernel says which traps it handled; the witness saw control
 * arrive at its vectors. For each CPU and each kind their numbers have to be equal, and their order the same. If they are not, the lists are
 * paired as well as can be (align.c), and the first that stays alone is named.
 * Times help to pair. Under icount the clock counts instructions, as the witness does, and leaps only while every CPU waits. So between two
 * leaps an event is as much later than its trap as others are.
 * Who calls: witness.c. Whom: traced.c, align.c, print_event.h.
 * Simplified: a trap the machine was in when it was switched off has no event; it is told by being the last of its CPU.
 */
#include "witness/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* enum irq of kernel/arch.h, whose inline functions only a kernel can have. */
enum irq { IRQ_NONE, IRQ_TIMER, IRQ_IPI, IRQ_DEVICE };
#include "commands.h"
#include "print_event.h"
#include "witness/align.h"

/* A trap that came so shortly before the CPU's last instruction had not got to its event yet. */
#define INSTRUCTIONS_TO_EVENT 3000

/* How far from its place an event may be until it hardly is the one, in instructions. */
#define INSTRUCTIONS_APART 2000.0f

#define UNKNOWN INT64_MAX

/* So many traps before and after one are asked how far the clock is ahead. */
#define NEIGHBOURS 32

struct seen {
	const struct witness_exception *exception;
	int64_t leap; /* what the clock is ahead of the instructions, in ns; UNKNOWN */
};

struct seen_list {
	struct seen *rows;
	uint64_t count;
};

struct comparison {
	const struct witness *witness;
	struct traced_run traced;
	struct seen_list seen[WITNESS_CPUS_MAX][STREAMS]; /* by the kernel's numbers of CPUs */
	/* The first of all that stays alone. */
	const struct seen *alone_seen;
	const struct traced *alone_traced;
	int64_t alone_when;
	unsigned alone_cpu;
	const struct traced *before, *after; /* events of its stream */
	bool differs;
};

/* One stream of one CPU. */
struct pair_context {
	const struct comparison *comparison;
	const struct seen_list *seen;
	const struct traced_list *traced;
	enum stream stream;
};

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
				list->rows[list->count] = (struct seen){exception, UNKNOWN};
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

/* Whether an interrupt is what the kernel took it for. It may have found that there was none. */
static bool irq_fits(const struct witness *witness, uint32_t vector, uint32_t irq)
{
	switch (vector_class_of(witness->header->machine, vector)) {
	case VECTOR_IS_TIMER:
		return irq == IRQ_TIMER || irq == IRQ_NONE;
	case VECTOR_IS_IPI:
		return irq == IRQ_IPI;
	case VECTOR_IS_DEVICE:
		return irq >= IRQ_DEVICE || irq == IRQ_NONE;
	default:
		return irq == IRQ_NONE;
	}
}

static bool fits(const struct pair_context *context, const struct seen *seen, const struct traced *traced)
{
	return context->stream != STREAM_IRQ || irq_fits(context->comparison->witness, seen->exception->vector, traced->irq);
}

/* ---- times ---- */

/* Whether n-th is n-th, as far as kinds can tell. */
static bool is_equal(const struct pair_context *context)
{
	if (context->seen->count != context->traced->count)
		return false;
	for (uint64_t i = 0; i < context->seen->count; i++)
		if (!fits(context, &context->seen->rows[i], &context->traced->rows[i]))
			return false;
	return true;
}

static struct pair_context context_of(const struct comparison *comparison, unsigned cpu, enum stream stream)
{
	return (struct pair_context){comparison, &comparison->seen[cpu][stream], &comparison->traced.list[cpu][stream], stream};
}

/* What each trap of a stream that agrees says: its event's time less its instruction. */
static int64_t *ask_streams(const struct comparison *comparison)
{
	const struct witness_exception *first = comparison->witness->exceptions;
	uint64_t count = comparison->witness->header->exceptions;
	int64_t *ahead = malloc((count + 1) * sizeof(*ahead));
	if (!ahead)
		abort();
	for (uint64_t i = 0; i < count; i++)
		ahead[i] = UNKNOWN;
	for (unsigned j = 0; j < WITNESS_CPUS_MAX * STREAMS; j++) {
		struct pair_context context = context_of(comparison, j / STREAMS, j % STREAMS);
		bool equal = is_equal(&context);
		for (uint64_t i = 0; equal && i < context.seen->count; i++) {
			const struct witness_exception *exception = context.seen->rows[i].exception;
			ahead[exception - first] = (int64_t)context.traced->rows[i].ns - (int64_t)exception->when;
		}
	}
	return ahead;
}

/*
 * What the clock is ahead of the instructions at one trap: the least that its neighbours say, since an event comes some time after its trap. Only
 * those without a leap between count, and only near ones: an instruction that a fault breaks off is begun, but does not move the clock.
 */
static int64_t ahead_at(const struct witness *witness, const int64_t *ahead, uint64_t at)
{
	const struct witness_exception *exceptions = witness->exceptions;
	int64_t least = UNKNOWN;
	uint64_t from = at, to = at;
	while (from > 0 && at - from < NEIGHBOURS && !(exceptions[from].flags & WITNESS_AFTER_IDLE))
		from--;
	while (to + 1 < witness->header->exceptions && to - at < NEIGHBOURS && !(exceptions[to + 1].flags & WITNESS_AFTER_IDLE))
		to++;
	for (uint64_t i = from; i <= to; i++)
		least = ahead[i] < least ? ahead[i] : least;
	return least;
}

static void find_leaps(struct comparison *comparison)
{
	int64_t *ahead = ask_streams(comparison);
	for (unsigned j = 0; j < WITNESS_CPUS_MAX * STREAMS; j++) {
		const struct seen_list *list = &comparison->seen[j / STREAMS][j % STREAMS];
		for (uint64_t i = 0; i < list->count; i++)
			list->rows[i].leap = ahead_at(comparison->witness, ahead,
						      (uint64_t)(list->rows[i].exception - comparison->witness->exceptions));
	}
	free(ahead);
}

/* How unlikely it is that these two are the same. */
static float pair_cost(const void *data, uint64_t i, uint64_t j)
{
	const struct pair_context *context = data;
	const struct seen *seen = &context->seen->rows[i];
	const struct traced *traced = &context->traced->rows[j];
	if (!fits(context, seen, traced))
		return ALIGN_NEVER;
	float cost = traced->pc && traced->pc != seen->exception->pc ? 0.2f : 0;
	if (seen->leap == UNKNOWN)
		return cost;
	int64_t apart = (int64_t)traced->ns - ((int64_t)seen->exception->when + seen->leap);
	float far = (float)(apart < 0 ? -apart : apart) / INSTRUCTIONS_APART;
	return cost + (far < 1.5f ? far : 1.5f);
}

/* ---- what stays alone ---- */

/* A trap that the end of the run came upon. */
static bool was_under_way(const struct pair_context *context, const struct seen *seen)
{
	const struct witness *witness = context->comparison->witness;
	return seen == &context->seen->rows[context->seen->count - 1] &&
	       witness->cpus[seen->exception->cpu].last - seen->exception->when < INSTRUCTIONS_TO_EVENT;
}

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

/* Looks for the first of one stream that stays alone. */
static void find_alone(struct comparison *comparison, unsigned cpu, const struct pair_context *context)
{
	const struct seen_list *seen = context->seen;
	const struct traced_list *traced = context->traced;
	uint64_t *partner = calloc(seen->count + 1, sizeof(*partner));
	if (!partner)
		abort();
	uint64_t looked = align_lists(seen->count, traced->count, pair_cost, context, partner), next = 0;
	const struct seen *first = NULL;
	const struct traced *extra = NULL;
	uint64_t at = 0;
	for (uint64_t i = 0; i < looked && !first && !extra; i++) {
		at = i;
		if (partner[i] != ALIGN_ALONE && partner[i] > next)
			extra = &traced->rows[next];
		else if (partner[i] == ALIGN_ALONE && !was_under_way(context, &seen->rows[i]))
			first = &seen->rows[i];
		else if (partner[i] != ALIGN_ALONE)
			next = partner[i] + 1;
	}
	if (!first && !extra && next < traced->count)
		extra = &traced->rows[next];
	free(partner);
	if (!first && !extra)
		return;
	int64_t when = first ? (int64_t)first->exception->when : when_of(context, extra, at);
	bool is_first = when < comparison->alone_when;
	note_alone(comparison, cpu, first, extra, when);
	if (is_first) {
		comparison->before = next > 0 ? &traced->rows[next - 1] : NULL;
		next += extra ? 1 : 0;
		comparison->after = next < traced->count ? &traced->rows[next] : NULL;
	}
}

/* ---- saying it ---- */

static void compare_stream(struct comparison *comparison, unsigned cpu, enum stream stream)
{
	struct pair_context context = context_of(comparison, cpu, stream);
	uint64_t seen = context.seen->count, traced = context.traced->count, lost = comparison->traced.lost[cpu];
	bool differed = comparison->differs;
	const char *verdict = "agree";
	if (!traced_has(&comparison->traced, stream)) {
		verdict = "not traced";
	} else if (lost) {
		bool possible = seen >= traced && seen - traced <= lost;
		comparison->differs |= !possible;
		verdict = possible ? "cannot be told: events were lost" : "DIFFER by more than what was lost";
	} else if (!is_equal(&context)) {
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
				find_leaps(comparison);
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
