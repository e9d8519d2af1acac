/*
 * Pairing two lists: the cheapest way to make one of the other.
 *
 * Teaches: edit distance. cheapest[i][j] is the least that pairing the first i of one list with the first j of the other can cost; it comes from
 * one of three neighbours: i and j are a pair, or i is alone, or j is. Lists that differ by little stay near the diagonal, so a band of it is
 * enough, and only which neighbour it was has to be kept to find the way back.
 * Who calls: pairs.c. Whom: malloc.
 */
#include "witness/align.h"

#include <stdlib.h>

enum step { STEP_PAIR, STEP_SEEN_ALONE, STEP_TRACED_ALONE };

struct band {
	uint64_t seen, traced;
	uint64_t half; /* j runs from i - half to i + half */
	uint64_t width;
	float *row, *above;
	uint8_t *step;
};

static uint64_t difference(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* The place of (i, j) in row i; `width` if it lies outside. */
static uint64_t place(const struct band *band, uint64_t i, uint64_t j)
{
	return j + band->half >= i && j <= i + band->half && j <= band->traced ? j + band->half - i : band->width;
}

static void try_step(float cost, enum step step, float *least, uint8_t *kept)
{
	if (cost < *least) {
		*least = cost;
		*kept = (uint8_t)step;
	}
}

static void fill_row(struct band *band, uint64_t i, align_cost *cost, const void *context)
{
	for (uint64_t at = 0; at < band->width; at++)
		band->row[at] = ALIGN_NEVER;
	for (uint64_t j = i > band->half ? i - band->half : 0; j <= band->traced && j <= i + band->half; j++) {
		uint64_t at = place(band, i, j);
		float least = i == 0 && j == 0 ? 0 : ALIGN_NEVER;
		uint8_t *kept = &band->step[i * band->width + at];
		/* In the row above everything lies one place further right. */
		if (i > 0 && j > 0)
			try_step(band->above[at] + cost(context, i - 1, j - 1), STEP_PAIR, &least, kept);
		if (i > 0 && at + 1 < band->width)
			try_step(band->above[at + 1] + 1, STEP_SEEN_ALONE, &least, kept);
		if (j > 0 && at > 0)
			try_step(band->row[at - 1] + 1, STEP_TRACED_ALONE, &least, kept);
		band->row[at] = least;
	}
	float *swap = band->above;
	band->above = band->row;
	band->row = swap;
}

/* From the end back to the start. */
static void follow(const struct band *band, uint64_t *partner)
{
	uint64_t i = band->seen, j = band->traced;
	while (i > 0 || j > 0) {
		enum step step = i == 0   ? STEP_TRACED_ALONE
				 : j == 0 ? STEP_SEEN_ALONE
					  : band->step[i * band->width + place(band, i, j)];
		if (step != STEP_TRACED_ALONE)
			partner[--i] = step == STEP_PAIR ? j - 1 : ALIGN_ALONE;
		if (step != STEP_SEEN_ALONE)
			j--;
	}
}

void align_lists(uint64_t seen, uint64_t traced, uint64_t shift, align_cost *cost, const void *context, uint64_t *partner)
{
	struct band band = {.seen = seen, .traced = traced, .half = difference(seen, traced) + shift};
	band.width = 2 * band.half + 1;
	band.row = malloc(band.width * sizeof(*band.row));
	band.above = malloc(band.width * sizeof(*band.above));
	band.step = calloc(seen + 1, band.width);
	if (!band.row || !band.above || !band.step)
		abort();
	for (uint64_t i = 0; i <= seen; i++)
		fill_row(&band, i, cost, context);
	follow(&band, partner);
	free(band.row);
	free(band.above);
	free(band.step);
}
