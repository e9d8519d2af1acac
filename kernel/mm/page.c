/*
 * The page-frame allocator: who may have a page, who shares it, and which pages are zeroed ahead.
 *
 * Teaches: beside where a free page lies (buddy.c), an allocator decides who gets the last ones: a reserve is kept for the kernel and the
 * providers, since with no page at all nothing could be written out to make pages free again.
 * A page may be shared by several owners (copy on write); it is free when the last one gives it back. Some free pages are kept
 * zeroed in a pool, which idle CPUs fill; they count as free, and are taken when the lists have nothing else.
 * Who calls: objects, kernel-object caches, page tables. Locks: memory_lock. What is simplified: no per-CPU lists, no zones.
 */
#include "mm/page.h"

#include <trace_emit.h>

#include "core/cpu.h"
#include "core/lock.h"
#include "core/panic.h"
#include "core/poison.h"
#include "mm/buddy.h"
#include "mm/inject.h"
#include "mm/reclaim.h"

/* How many zeroed pages the pool holds at most, and how many frames must be free for it to take one. */
#define POOL_PAGES 64
#define POOL_FREE_MIN (8 * POOL_PAGES)

static struct spinlock memory_lock = SPINLOCK(LOCK_MEMORY);
static uint64_t free_pages; /* as blocks, and in the pool */
static struct paddr pool[POOL_PAGES];
static unsigned pool_pages;
static uint64_t zero_hits;
static uint64_t zero_misses;
static uint64_t total_pages;
static uint64_t watch_below; /* with fewer free pages than this, each allocation tells reclaim.h */

/* The trace gets every eighth value: it is a curve. Called with the lock. */
#define TRACED_STEP 8

static void trace_free(void)
{
	if (free_pages % TRACED_STEP == 0)
		trace_free_pages(free_pages);
}

/* What is free now is all there is. */
static void set_total(void)
{
	total_pages = free_pages;
	watch_below = (total_pages * RECLAIM_PERCENT + 99) / 100;
}

/* A block of the lists, which is no longer counted as free. Called with the lock. */
static enum status take_block(unsigned order, uint32_t *block)
{
	TRY(buddy_take(order, block));
	free_pages -= UINT64_C(1) << order;
	return STATUS_OK;
}

void page_init(const struct boot_info *boot)
{
	free_pages = buddy_init(boot);
	set_total();
}

void page_limit(uint64_t pages)
{
	uint32_t block;
	for (unsigned order = PAGE_ORDER_MAX + 1; order-- > 0;)
		while (free_pages >= pages + (UINT64_C(1) << order) && take_block(order, &block) == STATUS_OK)
			;
	set_total();
}

static bool is_left_over(unsigned order, uint64_t reserve)
{
	return !arch_cpu()->bound_by_reserve || free_pages >= reserve + (UINT64_C(1) << order);
}

/* Takes a page out of the pool. It is still counted as free. Called with the lock. */
static struct paddr pool_take(void)
{
	struct paddr page = pool[--pool_pages];
	trace_zeroed_pages(pool_pages);
	return page;
}

/* Called with the lock. The pool is for zeroed pages, but before there is none at all, one of them is as good as another. */
static enum status take_pages(unsigned order, struct paddr *block)
{
	uint32_t n = 0;
	if (take_block(order, &n) == STATUS_OK) {
		*block = paddr((frame_base + n) * PAGE_BYTES);
	} else if (order == 0 && pool_pages) {
		*block = pool_take();
		free_pages--;
	} else {
		return STATUS_NO_MEMORY;
	}
	trace_free();
	return STATUS_OK;
}

static enum status alloc(unsigned order, uint64_t reserve, struct paddr *block)
{
	ASSERT(order <= PAGE_ORDER_MAX);
	if (inject_is_due())
		return STATUS_NO_MEMORY;
	spin_lock(&memory_lock);
	enum status status = STATUS_NO_MEMORY;
	if (is_left_over(order, reserve))
		status = take_pages(order, block);
	uint64_t left = free_pages;
	spin_unlock(&memory_lock);
	if (left < watch_below)
		reclaim_watch();
	return status;
}

enum status page_alloc(unsigned order, struct paddr *block)
{
	return alloc(order, PAGE_RESERVE, block);
}

enum status page_alloc_reserve(struct paddr *page)
{
	return alloc(0, 0, page);
}

/* A page of the pool, if there is one and the caller may have it. */
static bool alloc_from_pool(uint64_t reserve, struct paddr *page)
{
	bool found = false;
	spin_lock(&memory_lock);
	if (pool_pages && is_left_over(0, reserve)) {
		*page = pool_take();
		free_pages--;
		zero_hits++;
		trace_free();
		found = true;
	}
	spin_unlock(&memory_lock);
	return found;
}

static enum status alloc_zeroed(uint64_t reserve, struct paddr *page)
{
	if (pool_pages && !inject_is_on() &&
	    alloc_from_pool(reserve, page)) /* whether one is there is chance; what is counted is not */
		return STATUS_OK;
	TRY(alloc(0, reserve, page));
	__atomic_add_fetch(&zero_misses, 1, __ATOMIC_RELAXED);
	arch_page_zero(arch_phys_to_virt(*page));
	return STATUS_OK;
}

enum status page_alloc_zeroed(struct paddr *page)
{
	return alloc_zeroed(PAGE_RESERVE, page);
}

enum status page_alloc_provided(struct paddr *page)
{
	return alloc_zeroed(PAGE_RESERVE / 2, page);
}

bool page_zero_ahead(void)
{
	uint32_t n = 0;
	if (pool_pages >= POOL_PAGES || free_pages < POOL_FREE_MIN)
		return false;
	spin_lock(&memory_lock);
	bool taken = pool_pages < POOL_PAGES && take_block(0, &n) == STATUS_OK;
	free_pages += taken;
	spin_unlock(&memory_lock);
	if (!taken)
		return false;
	struct paddr page = paddr((frame_base + n) * PAGE_BYTES);
	arch_page_zero(arch_phys_to_virt(page));
	spin_lock(&memory_lock);
	bool room = pool_pages < POOL_PAGES;
	if (room) {
		pool[pool_pages++] = page;
		trace_zeroed_pages(pool_pages);
	} else {
		free_pages--; /* another CPU was quicker: back to the lists */
	}
	spin_unlock(&memory_lock);
	if (!room)
		page_free(page, 0);
	return room;
}

void page_free(struct paddr block, unsigned order)
{
	uint64_t n = block.p / PAGE_BYTES - frame_base;
	ASSERT(block.p % (PAGE_BYTES << order) == 0 && n < frame_count);
	spin_lock(&memory_lock);
	ASSERT(frames[n].state == FRAME_USED && frames[n].order == order);
	if (frames[n].sharers) {
		frames[n].sharers--;
		spin_unlock(&memory_lock);
		return;
	}
	free_pages += UINT64_C(1) << order;
	buddy_give((uint32_t)n, order);
	trace_free();
	uint64_t left = free_pages;
	spin_unlock(&memory_lock);
	reclaim_freed(left);
}

void page_chain_add(struct page_chain *chain, struct paddr page)
{
	struct frame *frame = &frames[page.p / PAGE_BYTES - frame_base];
	ASSERT(frame->state == FRAME_USED && frame->order == 0 && !frame->sharers);
	frame->next = chain->first.p ? (uint32_t)(chain->first.p / PAGE_BYTES - frame_base) : FRAME_NONE;
	chain->first = page;
}

void page_chain_free(struct page_chain *chain)
{
	while (chain->first.p) {
		struct paddr page = chain->first;
		uint32_t next = frames[page.p / PAGE_BYTES - frame_base].next;
		chain->first = paddr(next == FRAME_NONE ? 0 : (frame_base + next) * PAGE_BYTES);
		poison_fill(arch_phys_to_virt(page), PAGE_BYTES);
		page_free(page, 0);
	}
}

bool page_overlaps_ram(struct paddr base, uint64_t pages)
{
	uint64_t first = base.p / PAGE_BYTES;
	return first < frame_base + frame_count && first + pages > frame_base;
}

bool page_share(struct paddr page)
{
	struct frame *frame = &frames[page.p / PAGE_BYTES - frame_base];
	spin_lock(&memory_lock);
	ASSERT(frame->state == FRAME_USED && frame->order == 0);
	bool shared = frame->sharers < PAGE_SHARERS_MAX;
	frame->sharers += shared;
	spin_unlock(&memory_lock);
	return shared;
}

bool page_is_used(struct paddr page)
{
	const struct frame *frame = &frames[page.p / PAGE_BYTES - frame_base];
	return frame->state == FRAME_USED && frame->order != FRAME_SINGLE;
}

bool page_is_shared(struct paddr page)
{
	return __atomic_load_n(&frames[page.p / PAGE_BYTES - frame_base].sharers, __ATOMIC_ACQUIRE) > 0;
}

uint64_t page_free_count(void)
{
	return __atomic_load_n(&free_pages, __ATOMIC_RELAXED);
}

uint64_t page_zeroed_count(void)
{
	return pool_pages;
}

uint64_t page_zero_hits(void)
{
	return zero_hits;
}

uint64_t page_zero_misses(void)
{
	return zero_misses;
}

uint64_t page_total_count(void)
{
	return total_pages;
}

void page_check(void)
{
	spin_lock(&memory_lock);
	ASSERT(buddy_check() + pool_pages == free_pages);
	spin_unlock(&memory_lock);
}
