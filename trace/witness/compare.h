/*
 * Comparing what the witness saw with what was traced: what the parts of `vitrine witness --check` share.
 *
 *     check.c    the command: lists on both sides, and what it says of them
 *     leaps.c    when a trap was by the kernel's clock
 *     pairs.c    which event is which trap's, and the first that stays alone
 */
#pragma once

#include "witness/check.h"

#define UNKNOWN INT64_MAX

struct seen {
	const struct witness_exception *exception;
	int64_t leap;        /* what the clock is ahead of the instructions, in ns; UNKNOWN */
	int64_t least, most; /* and what it is at least and at most: it only leaps forward; UNKNOWN */
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
	uint64_t seen_from, traced_from; /* of the window */
	bool whole;                      /* there is one window */
};

/* The first of a stream that stays alone, on one side or the other, and the event that comes after all that were paired. */
struct alone {
	const struct seen *seen;
	const struct traced *traced;
	uint64_t at, next;
};

/* One stream of one CPU. */
struct pair_context pair_context_of(const struct comparison *comparison, unsigned cpu, enum stream stream);

/* Whether n-th is n-th, as far as kinds can tell. */
bool pair_is_equal(const struct pair_context *context);

/* Finds the first that stays alone; false: there is none. */
bool pair_find_first(struct pair_context *context, struct alone *alone);

/* Fills in what the clock was ahead of the instructions, of a run under icount. */
void compare_find_leaps(struct comparison *comparison);
