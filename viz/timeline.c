/*
 * The columns of timeline.h.
 *
 * Invariant: `best` of a column is the thread that had most of it in one piece so far; a column that nobody had is 0, idle.
 */
#include "timeline.h"

#include <inttypes.h>
#include <string.h>

const struct timeline_rate timeline_rates[TIMELINE_RATES] = {
	{"faults", "fault_begin"},         {"system calls", "syscall_enter"},     {"messages", "ipc_receive"},
	{"page requests", "page_request"}, {"translations evicted", "mmu_evict"}, {"grace periods", "rcu_period_end"},
};

static double column_ns(const struct timeline *timeline)
{
	return (double)timeline->columns_ns / TIMELINE_COLUMNS;
}

static unsigned column_at(const struct timeline *timeline, uint64_t ns)
{
	unsigned column = (unsigned)((double)ns / column_ns(timeline));
	return column < TIMELINE_COLUMNS ? column : TIMELINE_COLUMNS - 1;
}

/* The thread that ran until `ns` has its part of every column it ran in. */
static void cpu_until(const struct timeline *timeline, struct timeline_cpu *cpu, uint64_t ns)
{
	for (unsigned i = column_at(timeline, cpu->since_ns), last = column_at(timeline, ns); i <= last; i++) {
		double begin = i * column_ns(timeline), end = begin + column_ns(timeline);
		double from = (double)cpu->since_ns > begin ? (double)cpu->since_ns : begin,
		       to = (double)ns < end ? (double)ns : end;
		uint64_t spent = to > from ? (uint64_t)(to - from) : 0;
		if (spent > cpu->best_ns[i]) {
			cpu->best_ns[i] = spent;
			cpu->best[i] = cpu->thread;
		}
	}
}

void timeline_start(struct timeline *timeline, unsigned cpus, uint64_t columns_ns)
{
	memset(timeline, 0, sizeof(*timeline));
	timeline->cpus = cpus;
	timeline->columns_ns = columns_ns ? columns_ns : 1;
}

void timeline_event(struct timeline *timeline, const struct trace_event *event, uint64_t ns)
{
	if (event->id == TRACE_EVENT_GAP)
		return;
	for (unsigned i = 0; i < TIMELINE_RATES; i++)
		if (!strcmp(event->schema->name, timeline_rates[i].event))
			timeline->rate[i][column_at(timeline, ns)]++;
	if (strcmp(event->schema->name, "thread_switch") != 0)
		return;
	struct timeline_cpu *cpu = &timeline->cpu[event->cpu];
	cpu_until(timeline, cpu, ns);
	cpu->thread = event->field[1];
	cpu->since_ns = ns;
}

void timeline_end(struct timeline *timeline, uint64_t ns)
{
	for (unsigned i = 0; i < timeline->cpus; i++)
		cpu_until(timeline, &timeline->cpu[i], ns);
}

static void write_cpu(const struct timeline_cpu *cpu, FILE *to)
{
	const char *comma = "";
	for (unsigned i = 0, next; i < TIMELINE_COLUMNS; i = next) {
		for (next = i + 1; next < TIMELINE_COLUMNS && cpu->best[next] == cpu->best[i];)
			next++;
		if (cpu->best[i])
			fprintf(to, "%s[%u,%u,%" PRIu64 "]", comma, i, next - i, cpu->best[i]), comma = ",";
	}
}

void timeline_write(const struct timeline *timeline, FILE *to)
{
	fputs("\"cpus\":[", to);
	for (unsigned i = 0; i < timeline->cpus; i++) {
		fputs(i ? ",[" : "[", to);
		write_cpu(&timeline->cpu[i], to);
		fputc(']', to);
	}
	fputs("],\"rates\":[", to);
	for (unsigned i = 0; i < TIMELINE_RATES; i++) {
		fputs(i ? ",[" : "[", to);
		for (unsigned column = 0; column < TIMELINE_COLUMNS; column++)
			fprintf(to, "%s%" PRIu64, column ? "," : "", timeline->rate[i][column]);
		fputc(']', to);
	}
	fputc(']', to);
}
