/*
 * The MMU contract: nine operations, one const table a back end, chosen at boot.
 *
 * Teaches: a page table, tree or hash, is a *cache* of what the portable records (mapping and page slot) say. Everything may
 * be forgotten and found again by a fault; so the rules are few:
 *   1. The truth is above. A back end may forget any translation that is not WIRED.
 *   2. map over an existing translation replaces it; that is also how protection changes. Whoever needs the old one's referenced
 *      and changed bits harvests them first.
 *   3. unmap cannot fail and is idempotent.
 *   4. After sync no CPU can use a translation that was unmapped, replaced or restricted before it.
 *   5. map fails only with NO_TABLE (donate a page, try again; the hash never asks) or FULL (every candidate slot is wired).
 *   6. No machine's entry bits outside its back end. W and X together are refused above it (asserted here).
 *   7. walk reports each step of a translation with the raw entry. Pictures, gdb, tests and `explain` use only this.
 *   8. harvest returns and clears referenced/changed without losing a concurrent update by the hardware.
 *   9. activate says which space a CPU translates through; a segment miss is answered by activating again with its address.
 * Who calls: mm/ and the scheduler. Who answers: arch/x86_64/mmu_radix.c, arch/ppc64/mmu_hash.c, tests/unit/mmu_sim.c.
 * Locks: called with space->lock held (irqs off): open donate map unmap harvest, and activate with a hint. sync and close are called
 * with no lock held; nobody else knows a space that is closed. walk and activate without a hint take none: they only read what
 * the others stored; irqs off.
 */
#pragma once

#include "abi/status.h"
#include "core/lock_type.h"
#include "types.h"

/* The first address that is no user's, the same on both machines. */
#define USER_END (64 * TIB)

/* How a page may be used, and how it is to be kept. */
enum mmu_flags {
	MMU_READ = 1,
	MMU_WRITE = 2,
	MMU_EXEC = 4,
	MMU_DEVICE = 8, /* cache-inhibited and guarded: loads and stores reach a device as written */
	MMU_WIRED = 16, /* may not be forgotten */
};

/* An address space as a back end sees it. Part of an aspace; the back end keeps what it needs in `words`. */
#define MMU_SPACE_WORDS 16
struct mmu_space {
	struct spinlock lock;
	uint32_t id;     /* never used twice in a run */
	uint64_t active; /* bit n: CPU n translates through this space; set and cleared by activate, atomically */
	uint64_t words[MMU_SPACE_WORDS];
};

enum mmu_step_kind {
	MMU_STEP_SEGMENT, /* index: ESID; raw: VSID, SLB image. The segment an address lies in */
	MMU_STEP_HASH,    /* index: group; slot: 0-7 or MMU_NO_SLOT; raw: the entry's two doublewords */
	MMU_STEP_LEVEL,   /* level 5..1, index in the table; raw[0]: the entry */
};
#define MMU_NO_SLOT 0xffu

struct mmu_step {
	enum mmu_step_kind kind;
	uint8_t level;
	uint8_t slot;
	uint32_t index;
	struct paddr entry; /* where the entry lies; 0 if it is not in memory */
	uint64_t raw[2];
};

#define MMU_STEPS_MAX 8
struct mmu_walk {
	unsigned steps;
	struct mmu_step step[MMU_STEPS_MAX];
	bool present;
	struct paddr page; /* the frame, if present */
	unsigned flags;    /* enum mmu_flags of the translation */
	bool referenced;
	bool changed;
};

struct mmu_usage {
	bool present;
	bool referenced;
	bool changed;
};

/* activate()'s hint when no address in particular is about to be used. */
#define MMU_NO_HINT vaddr(UINT64_MAX)

struct mmu_ops {
	const char *name;      /* "radix4", "radix5", "hash", "sim" */
	struct vaddr user_end; /* the first address users cannot have */
	unsigned group_slots;  /* hash: entries a group; 0 where translations never compete for places */
	uint64_t entries_max;  /* hash: entries in the table; 0 where there is no such limit */

	/* Makes an empty space; space->id is set by the caller. NO_TABLE: donate, try again. */
	enum status (*open)(struct mmu_space *space);

	/* Ends a space that is active nowhere, after a sync; gives back each donated page through `release`, with `context`. */
	void (*close)(struct mmu_space *space, void (*release)(void *context, struct paddr page), void *context);

	/* Hands the space one zeroed page for its tables. */
	void (*donate)(struct mmu_space *space, struct paddr page);

	/* Makes `va` (page-aligned, below user_end) translate to `page` with `flags`. */
	enum status (*map)(struct mmu_space *space, struct vaddr va, struct paddr page, unsigned flags);

	/*
	 * Removes the translations of `pages` pages from `va`, wired ones too. A range of any size is fine: a call does a bounded piece of it,
	 * so that nobody need hold a lock for long. *progress is 0 before the first call, and the back end's own after that. False: call again.
	 */
	bool (*unmap)(struct mmu_space *space, struct vaddr va, uint64_t pages, uint64_t *progress);

	/* Fills *walk as the machine would translate `va` now. */
	void (*walk)(struct mmu_space *space, struct vaddr va, struct mmu_walk *walk);

	/* Returns and clears the referenced and changed bits of one page. */
	struct mmu_usage (*harvest)(struct mmu_space *space, struct vaddr va);

	/*
	 * Makes rule 4 true for all that happened to the space before, or to every space if it is NULL. May wait for other CPUs;
	 * answers their requests meanwhile.
	 */
	void (*sync)(struct mmu_space *space);

	/*
	 * The calling CPU translates users' addresses through `space` (NULL: none) from now on. Flushes its own stale entries.
	 */
	void (*activate)(struct mmu_space *space, struct vaddr hint);
};

/* The back end of this run; set by the machine before kernel_main() (the command line may name one). */
extern const struct mmu_ops *mmu;

/* All of an unmap() at once: for callers who hold other locks meanwhile, and for tests. */
static inline void mmu_unmap(struct mmu_space *space, struct vaddr va, uint64_t pages)
{
	for (uint64_t progress = 0; !mmu->unmap(space, va, pages, &progress);)
		;
}

/* Translations in use in a table of limited size (hash), for the counter in the trace; 0 elsewhere. */
uint64_t mmu_entries_in_use(void);
