/*
 * Address spaces: every refusal, and random maps, unmaps and protects against a model of pages.
 *
 * Teaches: mappings are cut and moved about, but what a program can see is a rule for each page: is it mapped, with which
 * rights, and what is in it. The model knows nothing but that.
 */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/lock.h"
#include "mm/aspace.h"
#include "mm/fault.h"
#include "mm/object.h"
#include "mm/page.h"
#include "sched/thread.h"

static uint32_t ignored_id; /* of the object behind a mapping */

#define RAM (64 * MIB)
#define RW (RIGHTS_READ | RIGHTS_WRITE)
#define RX (RIGHTS_READ | RIGHTS_EXEC)

static struct aspace *aspace;
static struct thread thread = {.id = 1};
static uint64_t free_at_start;

static void start(const struct mmu_ops *ops)
{
	sim_start_with_pages(2, RAM);
	sim_mmu_choose(ops, false);
	free_at_start = sim_free_pages();
	assert_int_equal(aspace_create("test", &aspace), STATUS_OK);
	thread.aspace = aspace;
	arch_cpu()->space = &aspace->space;
	mmu->activate(&aspace->space, MMU_NO_HINT);
}

static void end(void)
{
	arch_cpu()->space = NULL;
	mmu->activate(NULL, MMU_NO_HINT);
	aspace_check(aspace);
	kobj_put(&aspace->kobj);
	assert_int_equal(sim_free_pages(), free_at_start);
	page_check();
}

static enum status map_at(uint64_t address, uint64_t bytes, unsigned rights)
{
	return aspace_map(aspace, &address, bytes, rights, &ignored_id);
}

/* An access as a program makes it: through the MMU, with the fault path behind it. False if it would be killed. */
static bool access_page(uint64_t address, enum access access, uint64_t *value)
{
	for (unsigned tries = 0; tries < 3; tries++) {
		enum sim_answer answer = sim_mmu_access(0, vaddr(address), access, value);
		struct trap trap = {
			.kind = TRAP_FAULT, .va = vaddr(address), .access = access, .protection = answer == SIM_ACCESS_FORBIDDEN};
		enum crash_cause cause;
		if (answer == SIM_ACCESS_OK)
			return true;
		enum fault_result result = fault_handle(&thread, &trap, false, &cause);
		if (result == FAULT_KILLED || result == FAULT_NO_MEMORY)
			return false;
	}
	fail_msg("an access to %p does not get through", (void *)address);
	return false;
}

/* ---- refusals ---- */

static const struct {
	uint64_t address, bytes;
	unsigned rights;
	enum status status;
} refusals[] = {
	{MIB, 0, RW, STATUS_INVALID},                       /* nothing */
	{MIB, 100, RW, STATUS_INVALID},                     /* no whole pages */
	{MIB + 1, PAGE_BYTES, RW, STATUS_INVALID},          /* misaligned */
	{MIB, PAGE_BYTES, RIGHTS_WRITE, STATUS_INVALID},    /* write without read */
	{MIB, PAGE_BYTES, RIGHTS_EXEC, STATUS_INVALID},     /* execute without read */
	{MIB, PAGE_BYTES, 8, STATUS_INVALID},               /* a right that does not exist */
	{MIB, PAGE_BYTES, RW | RIGHTS_EXEC, STATUS_DENIED}, /* W and X */
	{MIB, PAGE_BYTES, RIGHTS_WRITE | RIGHTS_EXEC, STATUS_DENIED},
	{TIB, PAGE_BYTES, RW, STATUS_INVALID},                  /* stacks are the kernel's to place */
	{2 * TIB, PAGE_BYTES, RW, STATUS_INVALID},              /* devices */
	{12 * TIB, PAGE_BYTES, RW, STATUS_INVALID},             /* no segment */
	{TIB - PAGE_BYTES, 2 * PAGE_BYTES, RW, STATUS_INVALID}, /* out of the base segment */
	{USER_END - PAGE_BYTES, 2 * PAGE_BYTES, RW, STATUS_INVALID},
	{USER_END, PAGE_BYTES, RW, STATUS_INVALID},
	{UINT64_C(0xffff800000000000), PAGE_BYTES, RW, STATUS_INVALID},
	{-PAGE_BYTES, PAGE_BYTES, RW, STATUS_INVALID}, /* the end overflows */
	{MIB, -PAGE_BYTES, RW, STATUS_LIMIT},
	{MIB, GIB + PAGE_BYTES, RW, STATUS_LIMIT}, /* larger than an object */
	{0, UINT64_MAX - PAGE_BYTES + 1, RW, STATUS_LIMIT},
	{10 * MIB, PAGE_BYTES, RW, STATUS_EXISTS}, /* the tests' own mapping is at 10 MiB, 16 pages */
	{10 * MIB - PAGE_BYTES, 2 * PAGE_BYTES, RW, STATUS_EXISTS},
	{10 * MIB + 15 * PAGE_BYTES, 2 * PAGE_BYTES, RW, STATUS_EXISTS},
	{9 * MIB, 4 * MIB, RW, STATUS_EXISTS},
};

static void test_map_refusals(void)
{
	start(&sim_hash_ops);
	assert_int_equal(map_at(10 * MIB, 16 * PAGE_BYTES, RW), STATUS_OK);
	uint64_t free = sim_free_pages();
	for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
		if (map_at(refusals[i].address, refusals[i].bytes, refusals[i].rights) != refusals[i].status)
			fail_msg("row %zu", i);
		assert_int_equal(sim_free_pages(), free);
	}
	assert_int_equal(map_at(10 * MIB - PAGE_BYTES, PAGE_BYTES, RW), STATUS_OK);
	assert_int_equal(map_at(10 * MIB + 16 * PAGE_BYTES, PAGE_BYTES, RIGHTS_NONE), STATUS_OK);
	end();
}

static void test_unmap_and_protect_refusals(void)
{
	start(&sim_hash_ops);
	assert_int_equal(map_at(10 * MIB, 16 * PAGE_BYTES, RW), STATUS_OK);
	assert_int_equal(aspace_unmap(aspace, 10 * MIB, 0), STATUS_INVALID);
	assert_int_equal(aspace_unmap(aspace, 10 * MIB + 8, PAGE_BYTES), STATUS_INVALID);
	assert_int_equal(aspace_unmap(aspace, 10 * MIB, 10), STATUS_INVALID);
	assert_int_equal(aspace_unmap(aspace, 10 * MIB, -PAGE_BYTES), STATUS_INVALID);
	assert_int_equal(aspace_unmap(aspace, TIB - PAGE_BYTES, 2 * PAGE_BYTES), STATUS_INVALID);
	assert_int_equal(aspace_unmap(aspace, USER_END, PAGE_BYTES), STATUS_INVALID);
	assert_int_equal(aspace_unmap(aspace, 20 * MIB, MIB), STATUS_NOT_FOUND);
	assert_int_equal(aspace_protect(aspace, 10 * MIB, 17 * PAGE_BYTES, RW), STATUS_NOT_FOUND);
	assert_int_equal(aspace_protect(aspace, 10 * MIB - PAGE_BYTES, 2 * PAGE_BYTES, RW), STATUS_NOT_FOUND);
	assert_int_equal(aspace_protect(aspace, 10 * MIB, PAGE_BYTES, RW | RIGHTS_EXEC), STATUS_DENIED);
	assert_int_equal(aspace_protect(aspace, 10 * MIB, PAGE_BYTES, 64), STATUS_INVALID);
	assert_int_equal(aspace_protect(aspace, 10 * MIB, 0, RW), STATUS_INVALID);
	uint64_t value = 3;
	assert_true(access_page(10 * MIB + 15 * PAGE_BYTES, ACCESS_STORE, &value)); /* nothing has changed */
	end();
}

/* W^X cannot be had in two steps either. */
static void test_write_then_execute(void)
{
	uint64_t value = 7;
	start(&sim_hash_ops);
	assert_int_equal(map_at(10 * MIB, PAGE_BYTES, RW), STATUS_OK);
	assert_true(access_page(10 * MIB, ACCESS_STORE, &value));
	assert_false(access_page(10 * MIB, ACCESS_EXEC, &value));
	assert_int_equal(aspace_protect(aspace, 10 * MIB, PAGE_BYTES, RX), STATUS_OK);
	assert_true(access_page(10 * MIB, ACCESS_EXEC, &value));
	assert_int_equal(value, 7);
	assert_false(access_page(10 * MIB, ACCESS_STORE, &value));
	end();
}

/* The middle of a mapping goes: so do its pages, at once, and nothing but them. */
static void test_unmap_gives_pages_back(void)
{
	uint64_t value = 9;
	start(&sim_hash_ops);
	assert_int_equal(map_at(10 * MIB, 100 * PAGE_BYTES, RW), STATUS_OK);
	for (unsigned i = 0; i < 100; i++)
		assert_true(access_page(10 * MIB + i * PAGE_BYTES, ACCESS_STORE, &value));
	uint64_t free = sim_free_pages();
	assert_int_equal(aspace_unmap(aspace, 10 * MIB + 20 * PAGE_BYTES, 50 * PAGE_BYTES), STATUS_OK);
	assert_true(sim_free_pages() >= free + 49 && sim_free_pages() <= free + 50);
	assert_false(access_page(10 * MIB + 20 * PAGE_BYTES, ACCESS_LOAD, &value));
	assert_true(access_page(10 * MIB + 19 * PAGE_BYTES, ACCESS_LOAD, &value) && value == 9);
	assert_true(access_page(10 * MIB + 70 * PAGE_BYTES, ACCESS_LOAD, &value) && value == 9);
	end();
}

/* ---- views ---- */

static void test_views(void)
{
	start(&sim_tree_ops);
	uint64_t addresses[40];
	for (unsigned i = 0; i < ARRAY_LENGTH(addresses); i++) {
		uint64_t bytes = i % 5 == 4 ? GIB : (i + 1) * PAGE_BYTES, value = i;
		addresses[i] = 0;
		assert_int_equal(aspace_map(aspace, &addresses[i], bytes, RW, &ignored_id), STATUS_OK);
		assert_true(addresses[i] >= 16 * TIB && addresses[i] % VIEW_SLOT_BYTES == PAGE_BYTES);
		assert_true(access_page(addresses[i] + bytes - PAGE_BYTES, ACCESS_STORE, &value));
		assert_false(access_page(addresses[i] - PAGE_BYTES, ACCESS_LOAD, &value));
		if (i % 5 == 4)
			assert_int_equal(aspace_unmap(aspace, addresses[i - 2], 1 * PAGE_BYTES), STATUS_OK);
	}
	aspace_check(aspace);
	end();
}

/* ---- random operations ---- */

#define PAGES 64
#define WINDOWS 3
static const uint64_t windows[WINDOWS] = {4 * MIB, TIB - PAGES *PAGE_BYTES, 20 * TIB + 512 * PAGE_BYTES};

static struct model_page {
	bool mapped;
	unsigned rights;
	uint64_t value; /* of its first word */
} model[WINDOWS][PAGES];

static bool range_overlaps(const struct model_page *pages, unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++)
		if (pages[i].mapped)
			return true;
	return false;
}

static bool range_is_mapped(const struct model_page *pages, unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++)
		if (!pages[i].mapped)
			return false;
	return true;
}

static void check_page(unsigned window, unsigned page)
{
	static const unsigned needs[] = {[ACCESS_LOAD] = RIGHTS_READ, [ACCESS_STORE] = RIGHTS_WRITE, [ACCESS_EXEC] = RIGHTS_EXEC};
	struct model_page *expected = &model[window][page];
	uint64_t address = windows[window] + page * PAGE_BYTES, value = (uint64_t)rand();
	enum access access = (enum access)(rand() % 3);
	bool allowed = expected->mapped && (expected->rights & needs[access]);
	assert_int_equal(access_page(address, access, &value), allowed);
	if (!allowed)
		return;
	if (access == ACCESS_STORE)
		expected->value = value;
	assert_int_equal(value, expected->value);
}

static void random_step(void)
{
	static const unsigned choices[] = {RIGHTS_NONE, RIGHTS_READ, RW, RW, RX};
	unsigned window = (unsigned)rand() % WINDOWS, first = (unsigned)rand() % PAGES;
	unsigned count = 1 + (unsigned)rand() % min_u64(12, PAGES - first);
	unsigned rights = choices[rand() % 5];
	uint64_t address = windows[window] + first * PAGE_BYTES, bytes = count * PAGE_BYTES;
	struct model_page *pages = model[window];
	bool overlaps = range_overlaps(pages, first, count), mapped = range_is_mapped(pages, first, count);
	switch (rand() % 4) {
	case 0:
		assert_int_equal(map_at(address, bytes, rights), overlaps ? STATUS_EXISTS : STATUS_OK);
		for (unsigned i = first; !overlaps && i < first + count; i++)
			pages[i] = (struct model_page){true, rights, 0};
		break;
	case 1:
		assert_int_equal(aspace_unmap(aspace, address, bytes), overlaps ? STATUS_OK : STATUS_NOT_FOUND);
		for (unsigned i = first; i < first + count; i++)
			pages[i].mapped = false;
		break;
	case 2:
		assert_int_equal(aspace_protect(aspace, address, bytes, rights), mapped ? STATUS_OK : STATUS_NOT_FOUND);
		for (unsigned i = first; mapped && i < first + count; i++)
			pages[i].rights = rights;
		break;
	default:
		if (rand() % 8 == 0)
			aspace_forget(aspace);
		break;
	}
}

static void random_operations(const struct mmu_ops *ops, unsigned seed)
{
	start(ops);
	srand(seed);
	for (unsigned step = 0; step < 3000; step++) {
		random_step();
		aspace_check(aspace);
		for (unsigned i = 0; i < 8; i++)
			check_page((unsigned)rand() % WINDOWS, (unsigned)rand() % PAGES);
	}
	end();
}

static void test_random_hash(void)
{
	random_operations(&sim_hash_ops, 11);
}

static void test_random_tree(void)
{
	random_operations(&sim_tree_ops, 12);
}

/* ---- stacks ---- */

static void test_stacks(void)
{
	start(&sim_tree_ops);
	unsigned slot;
	struct vaddr top;
	for (unsigned i = 0; i < STACK_SLOTS; i++) {
		uint64_t value = i;
		assert_int_equal(aspace_stack_new(aspace, &slot, &top), STATUS_OK);
		assert_int_equal(slot, i);
		assert_true(top.v % 16 == 0 && top.v > TIB && top.v < 2 * TIB);
		if (i % 100)
			continue;
		assert_true(access_page(top.v - 8, ACCESS_STORE, &value) &&
			    access_page(top.v - STACK_BYTES, ACCESS_STORE, &value));
		assert_false(access_page(top.v, ACCESS_STORE, &value) ||
			     access_page(top.v - STACK_BYTES - 8, ACCESS_STORE, &value));
	}
	assert_int_equal(aspace_stack_new(aspace, &slot, &top), STATUS_LIMIT);
	/* A stack whose program cut it to pieces is given back whole; its slot is taken next. */
	uint64_t start_of_700 = stack_start(700);
	assert_int_equal(aspace_protect(aspace, start_of_700 + 3 * PAGE_BYTES, PAGE_BYTES, RIGHTS_READ), STATUS_OK);
	assert_int_equal(aspace_unmap(aspace, start_of_700 + 7 * PAGE_BYTES, 2 * PAGE_BYTES), STATUS_OK);
	aspace_stack_free(aspace, 700);
	uint64_t value;
	assert_false(access_page(start_of_700 + STACK_BYTES - 8, ACCESS_LOAD, &value));
	assert_int_equal(aspace_stack_new(aspace, &slot, &top), STATUS_OK);
	assert_int_equal(slot, 700);
	end();
}

/*
 * The tops of 200 stacks, which are what threads touch first, over the groups of POWER's hashed page table: as many as a group has
 * places, and no more, may meet in one.
 */
static void test_stacks_are_spread(void)
{
	enum { THREADS = 200, GROUPS = 2048, GROUP_PLACES = 8 };
	unsigned in_group[GROUPS] = {0};
	for (unsigned slot = 0; slot < THREADS; slot++) {
		uint64_t page = (stack_start(slot) + STACK_BYTES - 1) / PAGE_BYTES;
		assert_true(++in_group[page % GROUPS] <= GROUP_PLACES);
	}
}

/* ---- objects ---- */

static void test_objects(void)
{
	struct vm_object *object;
	uint64_t slot;
	sim_start_with_pages(1, RAM);
	uint64_t free = sim_free_pages();
	assert_int_equal(object_create(0, &object), STATUS_INVALID);
	assert_int_equal(object_create(OBJECT_PAGES_MAX + 1, &object), STATUS_LIMIT);
	assert_int_equal(object_create(OBJECT_PAGES_MAX, &object), STATUS_OK);
	static const uint64_t pages[] = {0, 1, 511, 512, 513, 100000, OBJECT_PAGES_MAX - 1};
	for (size_t i = 0; i < ARRAY_LENGTH(pages); i++) {
		spin_lock(&object->lock);
		assert_int_equal(slot_state(object_slot(object, pages[i])), SLOT_ABSENT);
		assert_int_equal(object_fill(object, pages[i], 0, &slot), STATUS_OK);
		assert_true(slot_state(slot) == SLOT_PRESENT && object_slot(object, pages[i]) == slot);
		spin_unlock(&object->lock);
		object_check(object);
	}
	object_discard(object, 511, 2);
	object_check(object);
	assert_int_equal(object->present, ARRAY_LENGTH(pages) - 2);
	kobj_get(&object->kobj);
	kobj_put(&object->kobj);
	object_check(object);
	kobj_put(&object->kobj);
	assert_int_equal(sim_free_pages(), free);
}

static const struct sim_test tests[] = {
	{"map_refusals", test_map_refusals},
	{"unmap_and_protect_refusals", test_unmap_and_protect_refusals},
	{"write_then_execute", test_write_then_execute},
	{"unmap_gives_pages_back", test_unmap_gives_pages_back},
	{"views", test_views},
	{"random_hash", test_random_hash},
	{"random_tree", test_random_tree},
	{"stacks", test_stacks},
	{"stacks_are_spread", test_stacks_are_spread},
	{"objects", test_objects},
};

int main(void)
{
	return sim_test_main("aspace", tests, ARRAY_LENGTH(tests));
}
