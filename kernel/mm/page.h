/*
 * Page frames: who has which page of RAM.
 */
#pragma once

#include "abi/status.h"
#include "arch.h"
#include "types.h"

/* Blocks are 2^order pages, naturally aligned; the largest is 128 MiB. */
#define PAGE_ORDER_MAX 15

/* page_init() is to take over no more pages than this. Optional, before it. */
void page_limit(uint64_t pages);

/* Takes over the RAM of boot_info but what is reserved there. Once, before anything else here. */
void page_init(const struct boot_info *boot);

/* A block of 2^order pages, not zeroed. NO_MEMORY if there is none, or the fault injector says so. */
enum status page_alloc(unsigned order, struct paddr *block);

/* One page, zeroed. */
enum status page_alloc_zeroed(struct paddr *page);

/* Gives back a block as it was allocated. */
void page_free(struct paddr block, unsigned order);

/* Pages that are free, and pages that the allocator manages. */
uint64_t page_free_count(void);
uint64_t page_total_count(void);

/* The fault injector: the n-th allocation from now, of pages or of a kernel object, fails, once; 0 switches it off. */
void page_fail_at(uint64_t n);

/* Counts an allocation of something made of pages; whether it is the one that is to fail. */
bool page_failure_is_due(void);

/* Walks every free list: alignment, order, double entries, the count. Panics on what is wrong. For tests. */
void page_check(void);
