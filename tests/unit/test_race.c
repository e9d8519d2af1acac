/*
 * Races: several CPUs in the kernel at once, interleaved by chance, a different way for each seed.
 *
 * Teaches: most bugs of a multiprocessor kernel are two right things at the wrong moment. Here the moment is chosen by a random
 * number: a CPU in the kernel gives way to the others at locks and at events. A seed that fails once fails always, so it can be
 * looked at. SIM_SEEDS=n in the environment tries more seeds than the few of every day.
 */
#include "sim_user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/end.h"
#include "mm/aspace.h"
#include "mm/page.h"
#include "sched/sched.h"

#define RAM (32 * MIB)
#define RW (RIGHTS_READ | RIGHTS_WRITE)
#define ANYWHERE UINT64_MAX
#define SEEDS 40
#define SHARED_PAGES 16
#define MANY_PAGES 80
#define SHARED (64 * MIB)

static unsigned seed, threads_left;

static unsigned chance(unsigned limit)
{
	return (unsigned)rand_r(&seed) % limit;
}

/* ---- memory that threads map, use and unmap under each other's hands ---- */

static bool may_be(enum status status, enum status also)
{
	return status == STATUS_OK || status == also;
}

static void abuses_memory(uint64_t rounds)
{
	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t page = SHARED + chance(SHARED_PAGES) * PAGE_BYTES, bytes = (1 + chance(3)) * PAGE_BYTES;
		uint64_t much = chance(3) ? bytes : MANY_PAGES * PAGE_BYTES; /* which goes in pieces */
		static const unsigned rights[] = {RW, RIGHTS_READ, RIGHTS_NONE};
		switch (chance(6)) {
		case 0:
			assert_true(may_be(user_call(SYSCALL_vm_map, page, much, RW, NULL), STATUS_EXISTS));
			break;
		case 1:
			assert_true(may_be(user_call(SYSCALL_vm_unmap, page, much, 0, NULL), STATUS_NOT_FOUND));
			break;
		case 2:
			assert_true(may_be(user_call(SYSCALL_vm_protect, page, much, rights[chance(3)], NULL), STATUS_NOT_FOUND));
			break;
		case 3:
			assert_true(may_be(user_call(SYSCALL_debug_write, page, 8, 0, NULL), STATUS_FAULT));
			break;
		case 4:
			assert_int_equal(user_call(SYSCALL_vm_forget, 0, 0, 0, NULL), STATUS_OK);
			break;
		default:
			user_store(page, i); /* may well kill the thread */
			break;
		}
	}
}

/* No page that is free can be reached, whatever happens at the same time. */
static void check_reach(void)
{
	run_queue_check();
	const struct thread *current = arch_cpu()->current;
	for (uint64_t page = 0; current && page < SHARED_PAGES + MANY_PAGES; page++) {
		struct mmu_walk walk;
		mmu->walk(&current->aspace->space, vaddr(SHARED + page * PAGE_BYTES), &walk);
		assert_true(!walk.present || page_is_used(walk.page));
	}
}

static void many_abuse_memory(uint64_t argument)
{
	(void)argument;
	for (unsigned wave = 0; wave < 6; wave++) {
		uint32_t ids[5];
		for (unsigned i = 0; i < ARRAY_LENGTH(ids); i++)
			ids[i] = user_thread(abuses_memory, 30, ANYWHERE);
		for (unsigned i = 0; i < ARRAY_LENGTH(ids); i++)
			assert_true(may_be(user_join(ids[i], NULL), STATUS_CRASHED));
	}
}

/* ---- large ranges, which go in pieces, under those who use them ---- */

static void uses(uint64_t rounds)
{
	for (uint64_t i = 0; i < rounds; i++) {
		assert_true(may_be(user_call(SYSCALL_vm_map, SHARED, MANY_PAGES * PAGE_BYTES, RW, NULL), STATUS_EXISTS));
		for (unsigned page = chance(4); page < MANY_PAGES; page += 1 + chance(8))
			user_store(SHARED + page * PAGE_BYTES, i); /* until it is killed for it */
	}
}

static void takes_away(uint64_t rounds)
{
	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t pages = chance(2) ? MANY_PAGES : 1 + chance(20), first = chance((unsigned)(MANY_PAGES + 1 - pages));
		if (chance(4))
			assert_true(may_be(user_call(SYSCALL_vm_unmap, SHARED + first * PAGE_BYTES, pages * PAGE_BYTES, 0, NULL),
					   STATUS_NOT_FOUND));
		else
			assert_true(may_be(
				user_call(SYSCALL_vm_protect, SHARED + first * PAGE_BYTES, pages * PAGE_BYTES, RIGHTS_NONE, NULL),
				STATUS_NOT_FOUND));
	}
}

static void many_take_away(uint64_t argument)
{
	(void)argument;
	for (unsigned wave = 0; wave < 10; wave++) {
		uint32_t ids[6];
		for (unsigned i = 0; i < ARRAY_LENGTH(ids); i++)
			ids[i] = user_thread(i % 2 ? takes_away : uses, i % 2 ? 8 : 2, ANYWHERE);
		for (unsigned i = 0; i < ARRAY_LENGTH(ids); i++)
			assert_true(may_be(user_join(ids[i], NULL), STATUS_CRASHED));
	}
}

/* ---- births, ends, joins, moves ---- */

static void lives(uint64_t depth)
{
	uint32_t children[3] = {0};
	for (unsigned i = 0; i < 10; i++) {
		uint32_t *child = &children[chance(3)];
		switch (chance(7)) {
		case 0:
			assert_int_equal(user_call(SYSCALL_thread_yield, 0, 0, 0, NULL), STATUS_OK);
			break;
		case 1:
			assert_int_equal(user_call(SYSCALL_thread_sleep, chance(50000), 0, 0, NULL), STATUS_OK);
			break;
		case 2:
			if (*child)
				assert_true(may_be(user_call(SYSCALL_thread_affinity, *child, 1 + chance(7), 0, NULL),
						   STATUS_NOT_FOUND));
			break;
		case 3:
			assert_int_equal(user_call(SYSCALL_thread_affinity, 0, 1 + chance(7), 0, NULL), STATUS_OK);
			break;
		case 4:
			user_compute(chance(1500));
			break;
		case 5:
			if (*child)
				assert_true(may_be(user_join(*child, NULL), STATUS_CRASHED));
			*child = 0;
			break;
		default:
			if (*child || !threads_left || depth > 4)
				break;
			threads_left--;
			*child = user_thread(lives, depth + 1, 1 + chance(7));
			assert_int_not_equal(*child, 0);
			break;
		}
	}
	if (chance(8) == 0)
		user_trap(TRAP_ILLEGAL);
}

static void many_live(uint64_t argument)
{
	uint32_t ids[6];
	(void)argument;
	for (unsigned i = 0; i < ARRAY_LENGTH(ids); i++)
		ids[i] = user_thread(lives, 0, ANYWHERE);
	for (unsigned i = 0; i < ARRAY_LENGTH(ids); i++)
		assert_true(may_be(user_join(ids[i], NULL), STATUS_CRASHED));
}

/* ---- a thread ends at the very moment it is waited for, moved, or replaced by another in its place ---- */

static void ends_soon(uint64_t steps)
{
	for (uint64_t i = 0; i < steps; i++)
		assert_int_equal(user_call(SYSCALL_null, 0, 0, 0, NULL), STATUS_OK);
	user_exit((int64_t)steps + 40);
}

static void meets_ends(uint64_t argument)
{
	(void)argument;
	for (unsigned i = 0; i < 40; i++) {
		unsigned steps = chance(4);
		int64_t status = 0;
		uint32_t child = user_thread(ends_soon, steps, 1 + chance(7));
		assert_int_not_equal(child, 0);
		if (chance(3) == 0)
			assert_true(may_be(user_call(SYSCALL_thread_affinity, child, 1 + chance(7), 0, NULL), STATUS_NOT_FOUND));
		for (unsigned wait = chance(4); wait > 0; wait--)
			assert_int_equal(user_call(SYSCALL_null, 0, 0, 0, NULL), STATUS_OK);
		assert_int_equal(user_join(child, &status), STATUS_OK);
		assert_int_equal(status, steps + 40);
	}
}

static void many_meet_ends(uint64_t argument)
{
	uint32_t ids[2];
	(void)argument;
	for (unsigned i = 0; i < ARRAY_LENGTH(ids); i++)
		ids[i] = user_thread(meets_ends, 0, ANYWHERE);
	for (unsigned i = 0; i < ARRAY_LENGTH(ids); i++)
		assert_int_equal(user_join(ids[i], NULL), STATUS_OK);
}

/* ---- the whole program ends while its threads do anything at all ---- */

static void ends_all(uint64_t argument)
{
	(void)argument;
	for (unsigned i = 0; i < 5; i++)
		user_thread(lives, 0, ANYWHERE);
	user_thread(abuses_memory, 1000, ANYWHERE);
	for (unsigned i = 0; i < chance(60); i++)
		assert_int_equal(user_call(SYSCALL_thread_yield, 0, 0, 0, NULL), STATUS_OK);
	(void)!user_call(SYSCALL_process_exit, 77, 0, 0, NULL);
}

/* ---- every seed a machine of its own ---- */

static void run_seed(unsigned number, const void *what)
{
	user_code *code = *(user_code *const *)what;
	seed = number * 7919;
	threads_left = 60;
	user_after_step = check_reach;
	sim_start(3, RAM);
	sim_mmu_choose(number % 3 ? &sim_hash_ops : &sim_tree_ops, number % 2);
	user_run(code, "", number);
	bool ended = descriptor.verdict == VERDICT_FINISHED || descriptor.verdict == VERDICT_CRASHED;
	if (!ended)
		fail_msg("seed %u: verdict %u\n%s", number, (unsigned)descriptor.verdict, sim_console());
	assert_true(code != ends_all || descriptor.exit_status == 77);
	assert_int_equal(threads_alive(), 0);
	assert_int_equal(run_queue_total(), 0);
	page_check();
	/* The slabs of two caches that are always ready, and the information page: what else is gone was lost. */
	assert_int_equal(page_total_count() - sim_free_pages(), 3);
}

static void every_seed(user_code *code)
{
	sim_every_seed(SEEDS, run_seed, &code);
}

static void test_memory(void)
{
	every_seed(many_abuse_memory);
}

static void test_large_ranges(void)
{
	every_seed(many_take_away);
}

static void test_threads(void)
{
	every_seed(many_live);
}

static void test_ends(void)
{
	every_seed(many_meet_ends);
}

static void test_program_exit(void)
{
	every_seed(ends_all);
}

static const struct sim_test tests[] = {
	{"memory", test_memory}, {"large_ranges", test_large_ranges}, {"threads", test_threads},
	{"ends", test_ends},     {"program_exit", test_program_exit},
};

int main(void)
{
	return sim_test_main("race", tests, ARRAY_LENGTH(tests));
}
