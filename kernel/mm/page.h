/*
 * Page frames: who has which page of RAM.
 */
#pragma once

#include "abi/status.h"
#include "arch.h"
#include "types.h"

/* Blocks are 2^order pages, naturally aligned; the largest is 128 MiB. */
#define PAGE_ORDER_MAX 15

/* Takes over the RAM of boot_info but what is reserved there. Once, before anything else here. */
void page_init(const struct boot_info *boot);

/* Gives up free pages for good, so that at most `pages` are left: as if the machine had less memory. At boot. */
void page_limit(uint64_t pages);

/*
 * Free frames that no program gets: with them the kernel and the providers can still write pages out, so that frames become
 * free again.
 */
#define PAGE_RESERVE 32

/*
 * A block of 2^order pages, not zeroed. NO_MEMORY if there is none, or the fault injector (inject.h) says so, or only the reserve is left
 * and the CPU runs a thread that serves nobody (cpu->bound_by_reserve).
 */
enum status page_alloc(unsigned order, struct paddr *block);

/* One page, whoever asks: for what it takes to get pages out. */
enum status page_alloc_reserve(struct paddr *page);

/*
 * One page, zeroed, for a provider to fill. It can be dropped again, so a program may have it of the upper half of the reserve: or a
 * program whose own text was cast out could not go on to give memory back.
 */
enum status page_alloc_provided(struct paddr *page);

/* One page, zeroed: from the pool of those that idle CPUs have zeroed, or zeroed now. */
enum status page_alloc_zeroed(struct paddr *page);

/* Gives back a block as it was allocated; a page that is shared loses one of those who share it. */
void page_free(struct paddr block, unsigned order);

/* Used pages that are to be given back together, later. */
struct page_chain {
	struct paddr first; /* 0: none */
};

/* Puts a page that was allocated alone, and that nobody shares, into a chain; and gives back all that are in it. */
void page_chain_add(struct page_chain *chain, struct paddr page);
void page_chain_free(struct page_chain *chain);

/* Whether any of `pages` pages from `base` lies where the machine has RAM. */
bool page_overlaps_ram(struct paddr base, uint64_t pages);

/* The most owners that a page has beside the first. */
#define PAGE_SHARERS_MAX UINT16_MAX

/*
 * One more shares the page; false if there are so many that it needs a copy of its own. And whether anybody but the caller does: the caller's own
 * share keeps that from changing to false.
 */
bool page_share(struct paddr page);
bool page_is_shared(struct paddr page);

/* Whether a page of RAM belongs to somebody. For tests: it may change at any time. */
bool page_is_used(struct paddr page);

/* Zeroes one page for the pool, if it wants one more and memory is not short. Whether it did: idle calls again. */
bool page_zero_ahead(void);

/* Pages that are free, those of the pool included; in the pool; and pages that the allocator manages. */
uint64_t page_free_count(void);
uint64_t page_zeroed_count(void);
uint64_t page_total_count(void);

/* How often a zeroed page came from the pool, and how often it had to be zeroed on the spot. */
uint64_t page_zero_hits(void);
uint64_t page_zero_misses(void);

/* Walks every free list: alignment, order, double entries, the count. Panics on what is wrong. For tests. */
void page_check(void);
