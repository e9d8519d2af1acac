/*
 * Poison: what a kernel that checks itself leaves in memory it has freed.
 *
 *      63                  32 31                  1   0
 *     +----------------------+----------------------+---+
 *     |      0xf5f5f5f5      |  the grace period    | 0 |    every word of a freed object but its first, which links it
 *     +----------------------+----------------------+---+    to the next free one
 *
 * Teaches: a use after free goes unseen for as long as the memory happens to hold what it held. Poison makes it a fault or a
 * failed check at once; and since it says after which grace period the memory was freed, the report names the one that should have
 * waited. Period 0: it was freed at once, under locks; but what is freed at once within a callback, or in an interrupt then,
 * carries the callback's period. As an entry of an x86-64 page table it is not present, as an address it is not canonical.
 * Who calls: cache.c and page tables fill; whoever finds something strange asks. Locks: none.
 */
#pragma once

#include "core/panic.h"
#include "types.h"

#define POISON_MARK UINT64_C(0xf5f5f5f5)

static inline bool poison_is(uint64_t word)
{
	return word >> 32 == POISON_MARK;
}

/* Fills memory that is being freed on this CPU. Nothing in a kernel that does not check itself. */
void poison_fill(void *memory, size_t bytes);

/* Holds freed memory, which is about to be used again, against that, but its first word: panics if it was written meanwhile. */
void poison_check(const void *memory, size_t bytes);

/* Panics, with what the poison says, if the word at this place is poison. */
void poison_report(const void *place);

/* The second word of a live object is none. */
#ifdef VITRINE_CHECKS
#define ASSERT_NOT_POISON(object)                                                                                                \
	do {                                                                                                                     \
		if (__builtin_expect(poison_is(((const uint64_t *)(const void *)(object))[1]), 0))                               \
			poison_report(&((const uint64_t *)(const void *)(object))[1]);                                           \
	} while (0)
#else
#define ASSERT_NOT_POISON(object) ((void)(object))
#endif
