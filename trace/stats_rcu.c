/*
 * The rows of `vitrine stats` about RCU: what was given up, how long grace periods took, and which CPU held one up longest.
 *
 * Teaches: durations from moments. A CPU holds a period up from its begin until its rcu_quiescent; one that is asleep, or begins the
 * period itself, does not.
 * Who calls: stats.c. Simplified: a period whose begin or end was lost is left out, and so is the one that runs when the run ends.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../kernel/abi/trace_enums.h"
#include "stats_inside.h"

/* The events and their fields. */
enum { CALL_KIND = 1, PERIOD = 0, QUIESCENT_CPU = 1, QUIESCENT_WHY = 2 };

static bool is_event(const struct trace_event *event, const char *name)
{
	return !strcmp(event->schema->name, name);
}

static void count_holder(struct rcu_counts *counts, const uint64_t *field, uint64_t ns)
{
	uint64_t cpu = field[QUIESCENT_CPU];
	bool waited_for = cpu != counts->begun_by && field[QUIESCENT_WHY] != QUIESCENT_ASLEEP;
	if (field[PERIOD] != counts->period || !waited_for || cpu >= FORMAT_CPUS_MAX)
		return;
	uint64_t held_ns = ns - counts->begin_ns;
	counts->held_ns[cpu] += held_ns;
	if (held_ns > counts->longest_held_ns) {
		counts->longest_held_ns = held_ns;
		counts->longest_holder = (unsigned)cpu;
	}
}

static void count_end(struct rcu_counts *counts, uint64_t ns)
{
	uint64_t took_ns = ns - counts->begin_ns;
	counts->periods++;
	counts->total_ns += took_ns;
	if (took_ns > counts->longest_ns)
		counts->longest_ns = took_ns;
}

void stats_count_rcu(struct rcu_counts *counts, const struct trace_event *event, uint64_t ns)
{
	const uint64_t *field = event->field;
	if (is_event(event, "rcu_call")) {
		counts->kind[field[CALL_KIND] < VALUES_MAX ? field[CALL_KIND] : VALUES_MAX - 1]++;
	} else if (is_event(event, "rcu_period_begin")) {
		counts->period = field[PERIOD];
		counts->begin_ns = ns;
		counts->begun_by = event->cpu;
	} else if (is_event(event, "rcu_quiescent")) {
		count_holder(counts, field, ns);
	} else if (is_event(event, "rcu_period_end")) {
		if (field[PERIOD] == counts->period)
			count_end(counts, ns);
		counts->period = 0;
	}
}

/* ---- cells ---- */

/* 1234567 as "1.235 ms". */
static void cell_time(char *cell, const char *before, uint64_t ns)
{
	bool in_ms = ns >= 1000000;
	snprintf(cell, CELL_BYTES, "%s%.3f %s", before, (double)ns / (in_ms ? 1e6 : 1e3), in_ms ? "ms" : "us");
}

static bool has_periods(char *cell, const struct run_counts *counts)
{
	strcpy(cell, "-");
	return counts->rcu.periods != 0;
}

static void fill_mean(char *cell, const struct run_counts *counts)
{
	if (has_periods(cell, counts))
		cell_time(cell, "", counts->rcu.total_ns / counts->rcu.periods);
}

static void fill_longest(char *cell, const struct run_counts *counts)
{
	if (has_periods(cell, counts))
		cell_time(cell, "", counts->rcu.longest_ns);
}

static void cell_holder(char *cell, unsigned cpu, uint64_t ns)
{
	char before[24];
	snprintf(before, sizeof(before), "CPU %u, ", cpu);
	if (ns)
		cell_time(cell, before, ns);
	else
		strcpy(cell, "none");
}

static void fill_longest_holder(char *cell, const struct run_counts *counts)
{
	if (has_periods(cell, counts))
		cell_holder(cell, counts->rcu.longest_holder, counts->rcu.longest_held_ns);
}

static void fill_holder_in_all(char *cell, const struct run_counts *counts)
{
	unsigned most = 0;
	for (unsigned cpu = 1; cpu < FORMAT_CPUS_MAX; cpu++)
		if (counts->rcu.held_ns[cpu] > counts->rcu.held_ns[most])
			most = cpu;
	if (has_periods(cell, counts))
		cell_holder(cell, most, counts->rcu.held_ns[most]);
}

#define RCU_KIND_ROW(name, value, text) stats_row_value(table, text, "rcu_call", offsetof(struct run_counts, rcu.kind), value);

void stats_print_rcu(const struct stats_table *table)
{
	stats_row_event(table, "given up, to be freed by RCU", "rcu_call");
	RCU_KINDS(RCU_KIND_ROW)
	stats_row_event(table, "freed", "rcu_free");
	stats_row_event(table, "grace periods", "rcu_period_end");
	stats_row(table, "  on average", fill_mean);
	stats_row(table, "  the longest", fill_longest);
	stats_row(table, "  held up longest, once, by", fill_longest_holder);
	stats_row(table, "  held up longest, in all, by", fill_holder_in_all);
}
