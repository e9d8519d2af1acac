/*
 * vm_object: pages, and where they come from.
 *
 * Teaches: the portable truth about memory. Each page of an object has a *slot*, the shadow PTE: what the kernel knows of the
 * page whatever the MMU has forgotten.
 *
 *      63                                12 11                         3 2     0
 *     +------------------------------------+----------------------------+-------+
 *     |            page frame              |             0              | state |
 *     +------------------------------------+----------------------------+-------+
 *
 * Today there is one kind of object: memory that starts as zeros. Objects with a provider come with the messages that ask it.
 */
#pragma once

#include "abi/status.h"
#include "abi/trace_enums.h"
#include "core/lock.h"
#include "types.h"

#define SLOT_STATE_MASK UINT64_C(7)

/* An object has at most 1 GiB, the size of a view's slot. */
#define OBJECT_PAGES_MAX (GIB / PAGE_BYTES)

struct vm_object {
	uint32_t id;
	uint32_t references; /* mappings; under the lock */
	struct spinlock lock;
	uint64_t pages;
	uint64_t present;  /* pages with a frame */
	uint64_t **chunks; /* one page of pointers to pages of 512 slots; NULL where all are absent */
};

static inline enum slot_state slot_state(uint64_t slot)
{
	return (enum slot_state)(slot & SLOT_STATE_MASK);
}

static inline struct paddr slot_frame(uint64_t slot)
{
	return paddr(slot & ~(PAGE_BYTES - 1));
}

/* A new object of `pages` pages, with one reference. INVALID for none, LIMIT for too many, NO_MEMORY. */
enum status object_create(uint64_t pages, struct vm_object **object);

void object_get(struct vm_object *object);

/* Gives up a reference; with the last one the pages go back. No CPU may be able to use them: after mmu->sync. */
void object_put(struct vm_object *object);

/* The slot of a page, as a value. Called with the object's lock held. */
uint64_t object_slot(const struct vm_object *object, uint64_t page);

/*
 * Gives the page a zeroed frame if it has none. *slot is the slot afterwards; *filled says whether it was filled now.
 * NO_MEMORY. Called with the object's lock held.
 */
enum status object_fill(struct vm_object *object, uint64_t page, uint64_t *slot, bool *filled);

/* Forgets pages: they are zeros again, and their frames go back. After mmu->sync. Takes the lock. */
void object_discard(struct vm_object *object, uint64_t first, uint64_t pages);

/* Holds the count against the slots; panics on what is wrong. For tests. */
void object_check(struct vm_object *object);
