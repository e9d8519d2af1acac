/*
 * Free memory as blocks of pages: a buddy system (Knuth, The Art of Computer Programming, volume 1, section 2.5).
 *
 * Teaches: a block is 2^order pages at a multiple of its size. It is split in two buddies when a smaller one is wanted; two free buddies are
 * merged as soon as the second is given back. The buddy of a block differs from it in one bit of its page number:
 *
 *     order 2    |      0       |      4       |      8       |     12       |
 *     order 1    |  0   |   2   |  4   |   6   |  8   |  10   | 12   |  14   |      buddy(n) = n ^ (1 << order)
 *
 * The invariant: `frames[n].state` is FREE exactly for the first pages of the blocks on a list. Pages that were never given to
 * the allocator stay USED for ever, so nothing is merged across a hole.
 * Who calls: page.c, with its lock held.
 */
#include "mm/buddy.h"

#include "core/end.h"
#include "core/panic.h"
#include "core/print.h"
#include "core/string.h"

/* How many single pages are kept as they are: most are wanted again soon, and merging and splitting them costs more than the page. */
#define SINGLES 64
#define SINGLES_ORDER 4 /* a block of this size is cut into single pages when none is left */

struct frame *frames;
uint64_t frame_base;
uint64_t frame_count;
static uint32_t free_list[PAGE_ORDER_MAX + 1];
static uint32_t singles[SINGLES]; /* pages that were given back one by one and not merged yet */
static unsigned single_count;

/* ---- lists ---- */

static void list_push(uint32_t n, unsigned order)
{
	frames[n] = (struct frame){free_list[order], FRAME_NONE, (uint8_t)order, FRAME_FREE, 0};
	if (free_list[order] != FRAME_NONE)
		frames[free_list[order]].previous = n;
	free_list[order] = n;
}

static void list_take(uint32_t n)
{
	struct frame *frame = &frames[n];
	ASSERT(frame->state == FRAME_FREE);
	if (frame->previous != FRAME_NONE)
		frames[frame->previous].next = frame->next;
	else
		free_list[frame->order] = frame->next;
	if (frame->next != FRAME_NONE)
		frames[frame->next].previous = frame->previous;
	frame->state = FRAME_USED;
}

/* Whether the block at n is free and whole at this order, so that it can be merged. */
static bool is_free_block(uint64_t n, unsigned order)
{
	return n + (UINT64_C(1) << order) <= frame_count && frames[n].state == FRAME_FREE && frames[n].order == order;
}

/* Puts a block on its list, merged with its buddy as long as that is free. */
static void merge(uint64_t n, unsigned order)
{
	for (; order < PAGE_ORDER_MAX && is_free_block(n ^ (UINT64_C(1) << order), order); order++) {
		list_take((uint32_t)(n ^ (UINT64_C(1) << order)));
		n &= ~(UINT64_C(1) << order);
	}
	list_push((uint32_t)n, order);
}

/* Whether it changed anything. */
static bool merge_singles(void)
{
	bool any = single_count > 0;
	while (single_count)
		merge(singles[--single_count], 0);
	return any;
}

/* With no single page left: cuts a block into some, if there is one that large. */
static void cut_singles(void)
{
	uint32_t block;
	const uint32_t pages = UINT32_C(1) << SINGLES_ORDER;
	if (buddy_take(SINGLES_ORDER, &block) != STATUS_OK)
		return;
	for (uint32_t n = block + pages; n-- > block;) {
		frames[n].order = FRAME_SINGLE;
		singles[single_count++] = n;
	}
}

enum status buddy_take(unsigned order, uint32_t *block)
{
	if (order == 0 && !single_count)
		cut_singles();
	if (order == 0 && single_count) {
		*block = singles[--single_count];
		frames[*block].order = 0;
		return STATUS_OK;
	}
	unsigned from = order;
	while (from <= PAGE_ORDER_MAX && free_list[from] == FRAME_NONE)
		from++;
	if (from > PAGE_ORDER_MAX)
		return merge_singles() ? buddy_take(order, block) : STATUS_NO_MEMORY;
	*block = free_list[from];
	list_take(*block);
	while (from-- > order)
		list_push(*block + (UINT32_C(1) << from), from);
	frames[*block].order = (uint8_t)order;
	return STATUS_OK;
}

void buddy_give(uint32_t n, unsigned order)
{
	if (order == 0 && single_count < SINGLES) {
		frames[n].order = FRAME_SINGLE; /* so that it is noticed when it is given back twice */
		singles[single_count++] = n;
	} else {
		merge(n, order);
	}
}

/* ---- at boot: what RAM there is ---- */

static uint64_t free_at_boot; /* pages */

/* Adds pages [first, end), numbers relative to frame_base, as the largest aligned blocks that fit. */
static void add_pages(uint64_t first, uint64_t end)
{
	while (first < end) {
		unsigned order = PAGE_ORDER_MAX;
		while ((first & ((UINT64_C(1) << order) - 1)) || first + (UINT64_C(1) << order) > end)
			order--;
		list_push((uint32_t)first, order);
		free_at_boot += UINT64_C(1) << order;
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

uint64_t buddy_init(const struct boot_info *boot)
{
	ASSERT(boot->ram_ranges > 0 && !frames);
	free_at_boot = 0;
	const struct boot_range *last = &boot->ram[boot->ram_ranges - 1];
	for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
		free_list[order] = FRAME_NONE;
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
	return free_at_boot;
}

uint64_t buddy_check(void)
{
	uint64_t found = 0;
	for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++) {
		uint32_t previous = FRAME_NONE;
		for (uint32_t n = free_list[order]; n != FRAME_NONE; previous = n, n = frames[n].next) {
			ASSERT(n < frame_count && n % (UINT32_C(1) << order) == 0);
			ASSERT(frames[n].state == FRAME_FREE && frames[n].order == order && frames[n].previous == previous);
			ASSERT(order == PAGE_ORDER_MAX || !is_free_block(n ^ (UINT32_C(1) << order), order));
			found += UINT64_C(1) << order;
		}
	}
	return found + single_count;
}
