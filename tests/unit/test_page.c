/*
 * The page-frame allocator: a million answers compared with a model that only counts.
 *
 * Teaches: what a buddy system promises. Blocks are aligned to their size, never overlap, and when everything has been given
 * back, memory is as whole as on the first day. page_check() walks the free lists after every few steps.
 */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/end.h"
#include "mm/inject.h"
#include "mm/page.h"

#define RAM (64 * MIB)
#define RAM_PAGES (RAM / PAGE_BYTES)

static struct boot_info boot;

static void start(uint64_t bytes)
{
	sim_start(1, bytes);
	boot = (struct boot_info){.ram_ranges = 1, .ram = {{paddr(SIM_RAM_BASE), bytes}}};
	page_init(&boot);
	page_check();
}

static struct paddr take(unsigned order)
{
	struct paddr block;
	assert_int_equal(page_alloc(order, &block), STATUS_OK);
	return block;
}

/* How many blocks of an order can be had; gives them all back. */
static uint64_t blocks_of(unsigned order)
{
	static struct paddr blocks[RAM_PAGES];
	uint64_t count = 0;
	while (page_alloc(order, &blocks[count]) == STATUS_OK)
		count++;
	for (uint64_t i = 0; i < count; i++)
		page_free(blocks[i], order);
	page_check();
	return count;
}

static void test_every_page_once(void)
{
	static bool taken[RAM_PAGES];
	start(RAM);
	uint64_t free = page_free_count();
	assert_true(free > RAM_PAGES * 98 / 100 && free <= page_total_count() && page_total_count() <= RAM_PAGES);
	for (uint64_t i = 0; i < free; i++) {
		uint64_t number = (take(0).p - SIM_RAM_BASE) / PAGE_BYTES;
		assert_true(number < RAM_PAGES && !taken[number]);
		taken[number] = true;
	}
	struct paddr none;
	assert_int_equal(page_free_count(), 0);
	assert_int_equal(page_alloc(0, &none), STATUS_NO_MEMORY);
	page_check();
	for (uint64_t i = 0; i < RAM_PAGES; i++)
		if (taken[i])
			page_free(paddr(SIM_RAM_BASE + i * PAGE_BYTES), 0);
	assert_int_equal(page_free_count(), free);
	page_check();
}

static void test_split_and_merge(void)
{
	start(RAM);
	uint64_t blocks[PAGE_ORDER_MAX + 1];
	for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
		blocks[order] = blocks_of(order);
	assert_true(blocks[8] > 0);
	for (unsigned order = 0; order <= 8; order++) {
		uint64_t free = page_free_count();
		struct paddr block = take(order);
		assert_int_equal(block.p % (PAGE_BYTES << order), 0);
		assert_int_equal(page_free_count(), free - (UINT64_C(1) << order));
		page_free(block, order);
	}
	/* All single pages taken and given back in an order that leaves buddies apart for long: the same blocks as before. */
	static struct paddr pages[RAM_PAGES];
	uint64_t count = page_free_count();
	for (uint64_t i = 0; i < count; i++)
		pages[i] = take(0);
	for (uint64_t stride = 2; stride; stride--)
		for (uint64_t i = 2 - stride; i < count; i += 2)
			page_free(pages[i], 0);
	page_check();
	for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
		assert_int_equal(blocks_of(order), blocks[order]);
}

static void test_exhaustion_by_order(void)
{
	static struct paddr large[RAM_PAGES / 512], single[RAM_PAGES];
	struct paddr none;
	uint64_t count = 0;
	start(RAM);
	while (page_alloc(9, &large[count]) == STATUS_OK)
		count++;
	while (page_alloc(0, &none) == STATUS_OK)
		;
	/* Every block is given back and taken again page by page; then all pages but one of each go back. */
	for (uint64_t i = 0; i < count; i++) {
		page_free(large[i], 9);
		for (unsigned page = 0; page < 512; page++)
			single[i * 512 + page] = take(0);
	}
	for (uint64_t i = 0; i < count * 512; i++)
		if (i % 512 != i / 512 % 512)
			page_free(single[i], 0);
	page_check();
	assert_int_equal(page_free_count(), count * 511);
	assert_int_equal(page_alloc(9, &none), STATUS_NO_MEMORY);
	assert_int_equal(page_alloc(PAGE_ORDER_MAX, &none), STATUS_NO_MEMORY);
	for (uint64_t i = 0; i < count; i++)
		page_free(single[i * 512 + i % 512], 0);
	for (uint64_t i = 0; i < count; i++)
		take(9);
}

static void test_reserved_is_never_given(void)
{
	static const struct boot_range reserved[] = {
		{{SIM_RAM_BASE}, 3 * PAGE_BYTES},                      /* at the start */
		{{SIM_RAM_BASE + 5 * MIB + 123}, 1},                   /* one byte: its whole page */
		{{SIM_RAM_BASE + 9 * MIB}, 2 * MIB},                   /* a hole */
		{{SIM_RAM_BASE + 10 * MIB}, 3 * MIB + 5},              /* overlapping the one before, ragged */
		{{SIM_RAM_BASE + RAM - PAGE_BYTES}, 100 * PAGE_BYTES}, /* beyond the end */
	};
	sim_start(1, RAM);
	boot = (struct boot_info){.ram_ranges = 1, .ram = {{paddr(SIM_RAM_BASE), RAM}}};
	boot.reserved_ranges = ARRAY_LENGTH(reserved);
	memcpy(boot.reserved, reserved, sizeof(reserved));
	page_init(&boot);
	page_check();
	struct paddr page;
	while (page_alloc(0, &page) == STATUS_OK)
		for (size_t i = 0; i < ARRAY_LENGTH(reserved); i++)
			assert_true(page.p + PAGE_BYTES <= reserved[i].base.p ||
				    page.p >= reserved[i].base.p + reserved[i].bytes);
}

static void test_ranges_with_holes(void)
{
	sim_start(1, RAM);
	boot = (struct boot_info){.ram_ranges = 3};
	boot.ram[0] = (struct boot_range){paddr(SIM_RAM_BASE), PAGE_BYTES};
	boot.ram[1] = (struct boot_range){paddr(SIM_RAM_BASE + MIB), 8 * MIB};
	boot.ram[2] = (struct boot_range){paddr(SIM_RAM_BASE + 16 * MIB), 15 * PAGE_BYTES};
	page_init(&boot);
	page_check();
	struct paddr block;
	for (unsigned order = 6; order-- > 0;)
		while (page_alloc(order, &block) == STATUS_OK) {
			bool inside = false;
			for (unsigned i = 0; i < 3; i++)
				inside |= block.p >= boot.ram[i].base.p &&
					  block.p + (PAGE_BYTES << order) <= boot.ram[i].base.p + boot.ram[i].bytes;
			assert_true(inside);
		}
	assert_int_equal(page_free_count(), 0);
}

#define MODEL_BLOCKS 512

struct block {
	struct paddr at;
	unsigned order;
};

static void test_random_against_model(void)
{
	static struct block blocks[MODEL_BLOCKS];
	static uint8_t owned[RAM_PAGES];
	start(RAM);
	uint64_t free = page_free_count(), whole = free;
	unsigned count = 0;
	srand(42);
	for (unsigned step = 0; step < 60000; step++) {
		if (count < MODEL_BLOCKS && rand() % 100 < 52) {
			unsigned order = (unsigned)rand() % 12;
			struct block block = {.order = order};
			if (page_alloc(order, &block.at) != STATUS_OK)
				continue;
			uint64_t first = (block.at.p - SIM_RAM_BASE) / PAGE_BYTES;
			assert_int_equal(block.at.p % (PAGE_BYTES << order), 0);
			for (uint64_t i = first; i < first + (UINT64_C(1) << order); i++)
				assert_int_equal(owned[i]++, 0);
			free -= UINT64_C(1) << order;
			blocks[count++] = block;
		} else if (count) {
			unsigned which = (unsigned)rand() % count;
			struct block block = blocks[which];
			blocks[which] = blocks[--count];
			uint64_t first = (block.at.p - SIM_RAM_BASE) / PAGE_BYTES;
			memset(&owned[first], 0, UINT64_C(1) << block.order);
			page_free(block.at, block.order);
			free += UINT64_C(1) << block.order;
		}
		assert_int_equal(page_free_count(), free);
		if (step % 64 == 0)
			page_check();
	}
	while (count--)
		page_free(blocks[count].at, blocks[count].order);
	page_check();
	assert_int_equal(page_free_count(), whole);
}

static void test_zeroed(void)
{
	static const uint8_t zeros[PAGE_BYTES];
	start(RAM);
	for (unsigned i = 0; i < 2000; i++) {
		struct paddr page;
		assert_int_equal(page_alloc_zeroed(&page), STATUS_OK);
		assert_memory_equal(arch_phys_to_virt(page), zeros, PAGE_BYTES);
		memset(arch_phys_to_virt(page), 0xff, PAGE_BYTES);
		if (i % 3)
			page_free(page, 0);
	}
}

static void test_injected_failure(void)
{
	start(RAM);
	uint64_t free = page_free_count();
	struct paddr block;
	inject_from(3, 2);
	take(0), take(4);
	assert_int_equal(page_alloc(0, &block), STATUS_NO_MEMORY);
	take(0);
	assert_int_equal(page_alloc(0, &block), STATUS_NO_MEMORY); /* the fifth, and so on */
	assert_int_equal(inject_allocations(), 5);
	assert_int_equal(inject_failures(), 2);
	inject_from(1, 0);
	inject_from(0, 0);
	take(0);
	assert_int_equal(inject_allocations(), 0);
	assert_int_equal(page_free_count(), free - 1 - 16 - 1 - 1);
	page_check();
}

static void test_shared_by_too_many(void)
{
	start(RAM);
	uint64_t free = page_free_count();
	struct paddr page;
	assert_int_equal(page_alloc(0, &page), STATUS_OK);
	for (unsigned i = 0; i < PAGE_SHARERS_MAX; i++)
		assert_true(page_share(page));
	assert_false(page_share(page));
	for (unsigned i = 0; i < PAGE_SHARERS_MAX; i++) {
		assert_true(page_is_shared(page));
		page_free(page, 0);
	}
	assert_false(page_is_shared(page));
	page_free(page, 0);
	assert_int_equal(page_free_count(), free);
	page_check();
}

static void init_with_little_memory(void *argument)
{
	page_init(argument);
}

/* Not even the table of page frames has room: the run is refused, and that is no bug of the kernel's. */
static void test_no_room_for_table(void)
{
	sim_start(1, RAM);
	boot = (struct boot_info){.ram_ranges = 1, .ram = {{paddr(SIM_RAM_BASE), PAGE_BYTES}}};
	assert_true(sim_catch(init_with_little_memory, &boot));
	assert_non_null(strstr(sim_console(), "no room for the table"));
	assert_null(strstr(sim_console(), "PANIC"));
	assert_int_equal(descriptor.verdict, VERDICT_REFUSED);
}

static void free_twice(void *argument)
{
	page_free(*(struct paddr *)argument, 0);
}

static void free_wrong_order(void *argument)
{
	page_free(*(struct paddr *)argument, 1);
}

static void test_free_twice_panics(void)
{
	start(RAM);
	struct paddr page = take(0);
	page_free(page, 0);
	assert_true(sim_catch(free_twice, &page));
	assert_int_equal(sim_end(), SIM_ENDED_BADLY);
	assert_non_null(strstr(sim_console(), "PANIC"));
}

static void test_free_wrong_order_panics(void)
{
	start(RAM);
	struct paddr page = take(0);
	assert_true(sim_catch(free_wrong_order, &page));
	assert_non_null(strstr(sim_console(), "PANIC"));
}

static const struct sim_test tests[] = {
	{"every_page_once", test_every_page_once},
	{"split_and_merge", test_split_and_merge},
	{"exhaustion_by_order", test_exhaustion_by_order},
	{"reserved_is_never_given", test_reserved_is_never_given},
	{"ranges_with_holes", test_ranges_with_holes},
	{"random_against_model", test_random_against_model},
	{"zeroed", test_zeroed},
	{"injected_failure", test_injected_failure},
	{"shared_by_too_many", test_shared_by_too_many},
	{"no_room_for_table", test_no_room_for_table},
	{"free_twice_panics", test_free_twice_panics},
	{"free_wrong_order_panics", test_free_wrong_order_panics},
};

int main(void)
{
	return sim_test_main("page", tests, ARRAY_LENGTH(tests));
}
