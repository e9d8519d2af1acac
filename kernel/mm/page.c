/*
 * The page-frame allocator: a buddy system (Knuth, The Art of Computer Programming, volume 1, section 2.5).
 *
 * Teaches: free memory as blocks of 2^order pages, each at a multiple of its size. A block is split in two buddies when a
 * smaller one is wanted; two free buddies are merged as soon as the second is given back. The buddy of a block differs from it
 * in one bit of its page number:
 *
 *     order 2    |      0       |      4       |      8       |     12       |
 *     order 1    |  0   |   2   |  4   |   6   |  8   |  10   | 12   |  14   |      buddy(n) = n ^ (1 << order)
 *
 * The invariant: `frames[n].state` is FREE exactly for the first pages of the blocks on a list. Pages that were never given to
 * the allocator stay USED for ever, so nothing is merged across a hole.
 * A page may be shared by several owners (copy on write); it is free when the last one gives it back. Some free pages are kept
 * zeroed in a pool, which idle CPUs fill; they count as free, and are taken when the lists have nothing else.
 * Who calls: objects, kernel-object caches, page tables. Locks: memory_lock. What is simplified: no per-CPU lists, no zones.
 */
#include "mm/page.h"

#include <trace_emit.h>

#include "core/cpu.h"
#include "core/end.h"
#include "core/lock.h"
#include "core/panic.h"
#include "core/poison.h"
#include "core/print.h"
#include "core/string.h"
#include "mm/inject.h"
#include "mm/reclaim.h"

#define NO_FRAME UINT32_MAX

/* How many zeroed pages the pool holds at most, and how many frames must be free for it to take one. */
#define POOL_PAGES 64
#define POOL_FREE_MIN (8 * POOL_PAGES)

/* How many single pages are kept as they are: most are wanted again soon, and merging and splitting them costs more than the page. */
#define SINGLES 64
#define SINGLES_ORDER 4   /* a block of this size is cut into single pages when none is left */
#define SINGLE_ORDER 0xff /* what stands in their frame as its order */

enum frame_state { FRAME_USED, FRAME_FREE };

struct frame {
	uint32_t next;
	uint32_t previous;
	uint8_t order;
	uint8_t state;    /* enum frame_state */
	uint16_t sharers; /* owners beside the first, of a used page */
};

static struct spinlock memory_lock = SPINLOCK(LOCK_MEMORY);
static struct frame *frames; /* by page number minus frame_base */
static uint64_t frame_base;
static uint64_t frame_count;
static uint32_t free_list[PAGE_ORDER_MAX + 1];
static uint64_t free_pages; /* on the lists, in the pool, and single ones */
static struct paddr pool[POOL_PAGES];
static unsigned pool_pages;
static uint32_t singles[SINGLES]; /* pages that were given back one by one and not merged yet */
static unsigned single_count;
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

static void list_push(uint32_t n, unsigned order)
{
	frames[n] = (struct frame){free_list[order], NO_FRAME, (uint8_t)order, FRAME_FREE, 0};
	if (free_list[order] != NO_FRAME)
		frames[free_list[order]].previous = n;
	free_list[order] = n;
}

static void list_take(uint32_t n)
{
	struct frame *frame = &frames[n];
	ASSERT(frame->state == FRAME_FREE);
	if (frame->previous != NO_FRAME)
		frames[frame->previous].next = frame->next;
	else
		free_list[frame->order] = frame->next;
	if (frame->next != NO_FRAME)
		frames[frame->next].previous = frame->previous;
	frame->state = FRAME_USED;
}

/* Adds pages [first, end), numbers relative to frame_base, as the largest aligned blocks that fit. */
static void add_pages(uint64_t first, uint64_t end)
{
	while (first < end) {
		unsigned order = PAGE_ORDER_MAX;
		while ((first & ((UINT64_C(1) << order) - 1)) || first + (UINT64_C(1) << order) > end)
			order--;
		list_push((uint32_t)first, order);
		free_pages += UINT64_C(1) << order;
		first += UINT64_C(1) << order;
	}
}

/* The end of the free stretch that starts at `at`, and in *next where to go on: after the reservation that ends the stretch. */
static uint64_t free_until(const struct boot_info *boot, uint64_t at, uint64_t end, uint64_t *next)
{
	*next = end;
	for (unsigned i = 0; i < boot->reserved_ranges; i++) {
		uint64_t from = round_down(boot->reserved[i].base.p, PAGE_BYTES);
		uint64_t to = round_up(boot->reserved[i].base.p + boot->reserved[i].bytes, PAGE_BYTES);
		if (to <= at || from >= end)
			continue;
		end = max_u64(from, at);
		*next = to;
	}
	return end;
}

/* Calls `visit` for every free stretch of RAM. */
static void for_each_stretch(const struct boot_info *boot, void (*visit)(uint64_t from, uint64_t to))
{
	for (unsigned i = 0; i < boot->ram_ranges; i++) {
		uint64_t end = boot->ram[i].base.p + boot->ram[i].bytes;
		for (uint64_t at = boot->ram[i].base.p, next; at < end; at = next) {
			uint64_t to = free_until(boot, at, end, &next);
			if (to > at)
				visit(at, to);
		}
	}
}

/* At boot only: the largest free stretch, and the part of it that the table of frames takes. */
static uint64_t best_from;
static uint64_t best_to;
static uint64_t table_from;
static uint64_t table_to;

static void find_largest(uint64_t from, uint64_t to)
{
	if (to - from > best_to - best_from) {
		best_from = from;
		best_to = to;
	}
}

static void add_stretch(uint64_t from, uint64_t to)
{
	if (table_from >= from && table_to <= to) {
		add_pages(from / PAGE_BYTES - frame_base, table_from / PAGE_BYTES - frame_base);
		from = table_to;
	}
	add_pages(from / PAGE_BYTES - frame_base, to / PAGE_BYTES - frame_base);
}

void page_init(const struct boot_info *boot)
{
	ASSERT(boot->ram_ranges > 0 && !frames);
	const struct boot_range *last = &boot->ram[boot->ram_ranges - 1];
	for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
		free_list[order] = NO_FRAME;
	frame_base = round_down(boot->ram[0].base.p / PAGE_BYTES, UINT64_C(1) << PAGE_ORDER_MAX);
	frame_count = (last->base.p + last->bytes) / PAGE_BYTES - frame_base;
	for_each_stretch(boot, find_largest);
	uint64_t table_bytes = round_up(frame_count * sizeof(struct frame), PAGE_BYTES);
	if (table_bytes >= best_to - best_from) {
		kprintf("no room for the table of page frames: %lu KiB of RAM\n", (unsigned long)((best_to - best_from) / KIB));
		run_end(VERDICT_REFUSED, STATUS_NO_MEMORY);
	}
	table_to = round_down(best_to, PAGE_BYTES);
	table_from = table_to - table_bytes;
	frames = arch_phys_to_virt(paddr(table_from));
	memset(frames, 0, table_bytes);
	for_each_stretch(boot, add_stretch);
	set_total();
}

/* Whether the block at n is free and whole at this order, so that it can be merged. */
static bool is_free_block(uint64_t n, unsigned order)
{
	return n + (UINT64_C(1) << order) <= frame_count && frames[n].state == FRAME_FREE && frames[n].order == order;
}

/* Puts a block on its list, merged with its buddy as long as that is free. Called with the lock. */
static void merge(uint64_t n, unsigned order)
{
	for (; order < PAGE_ORDER_MAX && is_free_block(n ^ (UINT64_C(1) << order), order); order++) {
		list_take((uint32_t)(n ^ (UINT64_C(1) << order)));
		n &= ~(UINT64_C(1) << order);
	}
	list_push((uint32_t)n, order);
}

/* Called with the lock. Whether it changed anything. */
static bool merge_singles(void)
{
	bool any = single_count > 0;
	while (single_count)
		merge(singles[--single_count], 0);
	return any;
}

static enum status take_block(unsigned order, uint32_t *block);

void page_limit(uint64_t pages)
{
	uint32_t block;
	for (unsigned order = PAGE_ORDER_MAX + 1; order-- > 0;)
		while (free_pages >= pages + (UINT64_C(1) << order) && take_block(order, &block) == STATUS_OK)
			;
	set_total();
}

/* Called with the lock and no single page left: cuts a block into some, if there is one that large. */
static void cut_singles(void)
{
	uint32_t block;
	const uint32_t pages = UINT32_C(1) << SINGLES_ORDER;
	if (take_block(SINGLES_ORDER, &block) != STATUS_OK)
		return;
	for (uint32_t n = block + pages; n-- > block;) {
		frames[n].order = SINGLE_ORDER;
		singles[single_count++] = n;
	}
	free_pages += pages;
}

static enum status take_block(unsigned order, uint32_t *block)
{
	if (order == 0 && !single_count)
		cut_singles();
	if (order == 0 && single_count) {
		*block = singles[--single_count];
		frames[*block].order = 0;
		free_pages--;
		return STATUS_OK;
	}
	unsigned from = order;
	while (from <= PAGE_ORDER_MAX && free_list[from] == NO_FRAME)
		from++;
	if (from > PAGE_ORDER_MAX)
		return merge_singles() ? take_block(order, block) : STATUS_NO_MEMORY;
	*block = free_list[from];
	list_take(*block);
	while (from-- > order)
		list_push(*block + (UINT32_C(1) << from), from);
	frames[*block].order = (uint8_t)order;
	free_pages -= UINT64_C(1) << order;
	return STATUS_OK;
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
	if (order == 0 && single_count < SINGLES) {
		frames[n].order = SINGLE_ORDER; /* so that it is noticed when it is given back twice */
		singles[single_count++] = (uint32_t)n;
	} else {
		merge(n, order);
	}
	trace_free();
	uint64_t left = free_pages;
	spin_unlock(&memory_lock);
	reclaim_freed(left);
}

void page_chain_add(struct page_chain *chain, struct paddr page)
{
	struct frame *frame = &frames[page.p / PAGE_BYTES - frame_base];
	ASSERT(frame->state == FRAME_USED && frame->order == 0 && !frame->sharers);
	frame->next = chain->first.p ? (uint32_t)(chain->first.p / PAGE_BYTES - frame_base) : NO_FRAME;
	chain->first = page;
}

void page_chain_free(struct page_chain *chain)
{
	while (chain->first.p) {
		struct paddr page = chain->first;
		uint32_t next = frames[page.p / PAGE_BYTES - frame_base].next;
		chain->first = paddr(next == NO_FRAME ? 0 : (frame_base + next) * PAGE_BYTES);
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
	return frame->state == FRAME_USED && frame->order != SINGLE_ORDER;
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
	uint64_t found = 0;
	spin_lock(&memory_lock);
	for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++) {
		uint32_t previous = NO_FRAME;
		for (uint32_t n = free_list[order]; n != NO_FRAME; previous = n, n = frames[n].next) {
			ASSERT(n < frame_count && n % (UINT32_C(1) << order) == 0);
			ASSERT(frames[n].state == FRAME_FREE && frames[n].order == order && frames[n].previous == previous);
			ASSERT(order == PAGE_ORDER_MAX || !is_free_block(n ^ (UINT32_C(1) << order), order));
			found += UINT64_C(1) << order;
		}
	}
	ASSERT(found + pool_pages + single_count == free_pages);
	spin_unlock(&memory_lock);
}
