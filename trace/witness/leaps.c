/*
 * When a trap was by the kernel's clock: see compare.h.
 *
 * Teaches: two clocks and what ties them. Under icount the kernel's clock counts instructions, as the witness does, and leaps only while every CPU
 * waits. So between two leaps an event is as much later than its trap as others are, and a leap is never backward.
 * Who calls: check.c. Whom: pairs.c for the streams that agree, which are the ones to ask.
 */
#include <stdlib.h>

#include "witness/compare.h"

/* So many traps before and after one are asked how far the clock is ahead. */
#define NEIGHBOURS 32

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
		struct pair_context context = pair_context_of(comparison, j / STREAMS, j % STREAMS);
		bool equal = pair_is_equal(&context);
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

static void set_leaps(struct comparison *comparison, const int64_t *leap, const int64_t *least, const int64_t *most)
{
	for (unsigned j = 0; j < WITNESS_CPUS_MAX * STREAMS; j++) {
		const struct seen_list *list = &comparison->seen[j / STREAMS][j % STREAMS];
		for (uint64_t i = 0; i < list->count; i++) {
			uint64_t at = (uint64_t)(list->rows[i].exception - comparison->witness->exceptions);
			list->rows[i].leap = leap[at];
			list->rows[i].least = least[at];
			list->rows[i].most = most[at];
		}
	}
}

void compare_find_leaps(struct comparison *comparison)
{
	uint64_t count = comparison->witness->header->exceptions;
	int64_t *ahead = ask_streams(comparison), *leap = malloc(3 * (count + 1) * sizeof(*leap));
	if (!leap)
		abort();
	int64_t *least = leap + count + 1, *most = least + count + 1, known = UNKNOWN;
	for (uint64_t i = 0; i < count; i++) {
		leap[i] = ahead_at(comparison->witness, ahead, i);
		known = leap[i] != UNKNOWN ? leap[i] : known;
		least[i] = known;
	}
	known = UNKNOWN;
	for (uint64_t i = count; i-- > 0;) {
		known = leap[i] != UNKNOWN ? leap[i] : known;
		most[i] = known;
	}
	set_leaps(comparison, leap, least, most);
	free(ahead);
	free(leap);
}
