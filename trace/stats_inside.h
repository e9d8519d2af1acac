/*
 * What the parts of `vitrine stats` share: stats.c, the command, and stats_rcu.c, the rows about grace periods.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "format.h"
#include "reader.h"

#define VALUES_MAX 8 /* of an enumeration that is counted by value */
#define IRQ_KINDS 4  /* spurious, timer, another CPU, device lines */

/* Grace periods whose begin and end are in the run, and the CPUs that held them up. */
struct rcu_counts {
	uint64_t kind[VALUES_MAX]; /* what was given up, by enum rcu_kind */
	uint64_t periods, total_ns, longest_ns;
	uint64_t held_ns[FORMAT_CPUS_MAX];   /* by each CPU in all */
	uint64_t longest_held_ns;            /* by one CPU, once */
	unsigned longest_holder;             /* which CPU that was */
	uint64_t period, begin_ns, begun_by; /* the period at hand; 0: none */
};

struct run_counts {
	const char *path;
	struct trace_info info;
	uint64_t events[EVENT_IDS];
	uint64_t fault_kind[VALUES_MAX];
	uint64_t fault_result[VALUES_MAX];
	uint64_t irq_kind[IRQ_KINDS];
	uint64_t run_ns, user_ns; /* from kernel entry to the last event, and to the first user instruction */
	uint64_t idle_ns;         /* while all CPUs were idle */
	struct rcu_counts rcu;
};

/* The table: a column for each run, as text in columns or as the rows of an HTML table. */
struct stats_table {
	FILE *to;
	bool html;
	const struct run_counts *runs;
	int count;
};

#define CELL_BYTES 40

/* A row of texts or numbers that `fill` puts into the cell of each run. */
void stats_row(const struct stats_table *table, const char *label, void (*fill)(char *cell, const struct run_counts *));

/* A row of how often an event was. */
void stats_row_event(const struct stats_table *table, const char *label, const char *event);

/* A row for one value that an event carries; `array` is the place of the counts by value in struct run_counts. */
void stats_row_value(const struct stats_table *table, const char *label, const char *event, size_t array, unsigned value);

/* Counts an event of the category rcu, at `ns`. */
void stats_count_rcu(struct rcu_counts *counts, const struct trace_event *event, uint64_t ns);

/* Prints what was counted of it. */
void stats_print_rcu(const struct stats_table *table);
