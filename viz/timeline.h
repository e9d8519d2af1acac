/*
 * A run seen from far away: what each CPU ran, and how much of each thing happened, in columns of equal time.
 *
 * Who calls: report.c. Simplified: a column shows the thread that ran longest in it; Perfetto's timeline shows all of them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "format.h"
#include "reader.h"

#define TIMELINE_COLUMNS 1200
#define TIMELINE_RATES 6

struct timeline_cpu {
	uint64_t thread;   /* that runs now; 0: none */
	uint64_t since_ns; /* it does */
	uint64_t best[TIMELINE_COLUMNS], best_ns[TIMELINE_COLUMNS];
};

struct timeline {
	uint64_t columns_ns; /* how long all columns are together */
	unsigned cpus;
	uint64_t rate[TIMELINE_RATES][TIMELINE_COLUMNS];
	struct timeline_cpu cpu[FORMAT_CPUS_MAX];
};

/* What the n-th rate counts ("faults"), and the event it counts. */
extern const struct timeline_rate {
	const char *label, *event;
} timeline_rates[TIMELINE_RATES];

void timeline_start(struct timeline *timeline, unsigned cpus, uint64_t columns_ns);
void timeline_event(struct timeline *timeline, const struct trace_event *event, uint64_t ns);
/* The run ends at `ns`. */
void timeline_end(struct timeline *timeline, uint64_t ns);

/* "cpus":[[[first column, columns, thread], ...], ...],"rates":[[count, ...], ...] */
void timeline_write(const struct timeline *timeline, FILE *to);
