/*
 * Mappings: made, cut and freed.
 *
 * Teaches: what cutting may need is taken before anything is changed, so that changing cannot fail: a range has two ends, so two mappings
 * are enough, however many lie in it.
 * Who calls: aspace.c. Locks: the aspace's, where it is said.
 */
#pragma once

#include "mm/aspace.h"

/* A mapping of an object as it is asked for, with a reference of its own, in no segment yet. NO_MEMORY. */
enum status mapping_new(struct aspace *aspace, const struct map_request *request, struct mapping **mapping);

/* Puts a mapping that is complete among those of its object. */
void mapping_show(struct mapping *mapping);

/* Takes a mapping out of its segment, or whatever list it is on, and its object, and gives both up. After sync; no lock held. */
void mapping_free(struct mapping *mapping);

/* The two mappings that cutting a range out of others may need. */
struct spares {
	struct mapping *first;
	struct mapping *second;
};

/* Takes those that are not there yet, as far as there is memory. And gives back what was not used. */
void spares_fill(struct spares *spares);
void spares_give_back(struct spares *spares);

/* NO_MEMORY: one that the range needs is not there. What ends where mappings end needs none. Called with the aspace's lock, as what follows. */
enum status spares_check(const struct segment *segment, uint64_t address, uint64_t bytes, const struct spares *spares);

/* Moves the mappings of a range to the list `out`, cutting those that reach beyond it. */
void mapping_take_range(struct aspace *aspace, struct segment *segment, uint64_t address, uint64_t bytes, struct spares *spares,
			struct list *out);
