/*
 * The fault injector in the hands of a program; and that taking away needs no memory.
 *
 * Teaches: what gives memory back must not ask for some first. To cut a mapping in two costs one more; to unmap all of it, or to protect it,
 * costs nothing, so it works when nothing is left. What does need one and cannot have it changes nothing.
 */
#include "sim_user.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "abi/handle.h"
#include "core/end.h"
#include "mm/inject.h"
#include "mm/page.h"

#define RAM (32 * MIB)
#define RW (RIGHTS_READ | RIGHTS_WRITE)

static unsigned pages; /* of the mapping that is tried: few are unmapped at once, many in two steps */

static enum status unmap(uint64_t memory, unsigned first, unsigned count)
{
	return user_call(SYSCALL_vm_unmap, memory + first * PAGE_BYTES, count * PAGE_BYTES, 0, NULL);
}

static enum status protect(uint64_t memory, unsigned first, unsigned count, unsigned rights)
{
	return user_call(SYSCALL_vm_protect, memory + first * PAGE_BYTES, count * PAGE_BYTES, rights, NULL);
}

/* ---- without any memory ---- */

static void unmaps_without_memory(uint64_t argument)
{
	uint64_t memory = 0;
	(void)argument;
	assert_int_equal(user_call(SYSCALL_vm_map, 0, pages * PAGE_BYTES, RW, &memory), STATUS_OK);
	user_store(memory + PAGE_BYTES, 7);
	inject_from(1, 1);
	assert_int_equal(unmap(memory, 1, pages - 2), STATUS_NO_MEMORY);
	assert_int_equal(unmap(memory, 1, pages - 1), STATUS_NO_MEMORY);
	assert_int_equal(unmap(memory, 0, pages - 1), STATUS_NO_MEMORY);
	assert_int_equal(protect(memory, 1, pages - 2, RIGHTS_READ), STATUS_NO_MEMORY);
	assert_int_equal(protect(memory, 0, pages - 1, RIGHTS_READ), STATUS_NO_MEMORY);
	user_store(memory + PAGE_BYTES, 8);
	assert_int_equal(user_load(memory + PAGE_BYTES), 8);
	assert_int_equal(protect(memory, 0, pages, RIGHTS_READ), STATUS_OK);
	assert_int_equal(unmap(memory, 0, pages), STATUS_OK);
	assert_int_equal(unmap(memory, 0, pages), STATUS_NOT_FOUND);
	assert_true(inject_failures() >= 10);
	inject_from(0, 0);
	user_exit(0);
}

/* One of the two that a cut in the middle needs is there, and the other is not. */
static void cuts_with_one(uint64_t argument)
{
	uint64_t memory = 0;
	(void)argument;
	assert_int_equal(user_call(SYSCALL_vm_map, 0, pages * PAGE_BYTES, RW, &memory), STATUS_OK);
	for (unsigned n = 1; n <= 2; n++) {
		uint64_t free = sim_free_pages();
		inject_from(n, 0);
		assert_int_equal(unmap(memory, 1, pages - 2), STATUS_NO_MEMORY);
		assert_int_equal(inject_failures(), 1);
		assert_int_equal(sim_free_pages(), free);
	}
	inject_from(2, 0);
	assert_int_equal(unmap(memory, 1, pages - 1), STATUS_OK); /* one is enough */
	inject_from(0, 0);
	assert_int_equal(unmap(memory, 0, 1), STATUS_OK);
	user_exit(0);
}

/* ---- the system call ---- */

static uint64_t fail_at(uint64_t n)
{
	uint64_t value = 0;
	assert_int_equal(user_call(SYSCALL_memory_fail, HANDLE_MACHINE, n, 0, &value), STATUS_OK);
	return value;
}

static void moves_the_injector(uint64_t argument)
{
	uint64_t endpoint = 0, value = 0;
	(void)argument;
	assert_int_equal(user_call(SYSCALL_endpoint_create, 0, 0, 0, &endpoint), STATUS_OK);
	assert_int_equal(user_call(SYSCALL_memory_fail, endpoint, 1, 0, &value), STATUS_INVALID);
	assert_int_equal(user_call(SYSCALL_memory_fail, 12345, 1, 0, &value), STATUS_NOT_FOUND);
	assert_false(inject_is_on());
	fail_at(1);
	assert_int_equal(user_call(SYSCALL_endpoint_create, 0, 0, 0, &value), STATUS_NO_MEMORY);
	uint64_t counts = fail_at(UINT64_MAX);
	assert_int_equal(counts & MEMORY_FAIL_COUNTED, 1);
	assert_int_equal(counts >> MEMORY_FAIL_FAILED_SHIFT & 1, 1);
	assert_int_equal(counts >> MEMORY_FAIL_TOLD_SHIFT & 1, 1);
	assert_int_equal(user_call(SYSCALL_endpoint_create, 0, 0, 0, &value), STATUS_OK);
	counts = fail_at(1);
	assert_true((counts & MEMORY_FAIL_COUNTED) > 1);
	assert_int_equal(counts >> MEMORY_FAIL_FAILED_SHIFT, 0);
	/* What failed was not needed, so it did, and nobody was told. */
	assert_int_equal(user_call(SYSCALL_vm_map, 0, PAGE_BYTES, RW, &value), STATUS_NO_MEMORY);
	fail_at(UINT64_MAX);
	assert_int_equal(user_call(SYSCALL_vm_map, 0, PAGE_BYTES, RW, &value), STATUS_OK);
	fail_at(1);
	assert_int_equal(unmap(value, 0, 1), STATUS_OK);
	counts = fail_at(0);
	assert_int_equal(counts >> MEMORY_FAIL_FAILED_SHIFT & 1, 1);
	assert_int_equal(counts >> MEMORY_FAIL_TOLD_SHIFT & 1, 0);
	assert_false(inject_is_on());
	user_exit(0);
}

/* ---- */

static void run(user_code *program, const struct mmu_ops *ops, unsigned count)
{
	pages = count;
	sim_start(1, RAM);
	sim_mmu_choose(ops, ops == &sim_hash_ops);
	user_run(program, "", 1);
	assert_int_equal(descriptor.verdict, VERDICT_FINISHED);
	page_check();
}

static void test_few(void)
{
	run(unmaps_without_memory, &sim_tree_ops, 8);
}

static void test_many(void)
{
	run(unmaps_without_memory, &sim_hash_ops, 128);
}

static void test_cut_few(void)
{
	run(cuts_with_one, &sim_hash_ops, 8);
}

static void test_cut_many(void)
{
	run(cuts_with_one, &sim_tree_ops, 128);
}

static void test_call(void)
{
	run(moves_the_injector, &sim_tree_ops, 0);
}

static const struct sim_test tests[] = {
	{"unmap_few", test_few},     {"unmap_many", test_many}, {"cut_few", test_cut_few},
	{"cut_many", test_cut_many}, {"call", test_call},
};

int main(void)
{
	return sim_test_main("memory_fail", tests, ARRAY_LENGTH(tests));
}
