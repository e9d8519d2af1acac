/*
 * Pairing two lists that tell the same story, one of which may have gaps.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What does it cost to say that `seen` and `traced` are the same? ALIGN_NEVER: they cannot be. A lone one costs 1. */
#define ALIGN_NEVER 1e9f
typedef float align_cost(const void *context, uint64_t seen, uint64_t traced);

#define ALIGN_ALONE UINT64_MAX

/*
 * Fills partner[seen] with the index of what it is paired with, or ALIGN_ALONE, such that the whole costs least. The i-th of one list is at most
 * `shift` places from its partner, beyond what the lists differ in length. Takes time and memory in proportion to the rows and to that.
 */
void align_lists(uint64_t seen, uint64_t traced, uint64_t shift, align_cost *cost, const void *context, uint64_t *partner);
