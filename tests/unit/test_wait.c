/*
 * Waiting: words, deadlines and messages, with everything that may come in between.
 *
 * Teaches: what can go wrong with waiting is an order of two steps on two CPUs, so each test runs with many seeds, and a seed is another
 * order: CPUs yield to each other wherever the kernel switches interrupts or emits an event. A lost wake-up shows as a machine in which
 * everything waits; a wake-up too many as an assertion of the kernel; a thing forgotten as a page that does not come back.
 */
#include "sim_user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/sync.h"
#include "core/end.h"
#include "mm/page.h"
#include "sched/sched.h"
#include "sched/sync.h"

#define RAM (32 * MIB)
#define ANYWHERE UINT64_MAX
#define FOREVER UINT64_MAX
#define SEEDS 40
#define SHARED (64 * MIB)

static unsigned seed;

static unsigned chance(unsigned limit)
{
	return (unsigned)rand_r(&seed) % limit;
}

static uint64_t now_ns(void)
{
	uint64_t value = 0;
	assert_int_equal(user_call(SYSCALL_clock_now, 0, 0, 0, &value), STATUS_OK);
	return value;
}

static enum status wait_word(uint64_t address, uint64_t value, uint64_t deadline)
{
	return user_call5(SYSCALL_sync_wait, (uint64_t[5]){address, value, 8, deadline}, NULL);
}

static uint64_t wake_word(uint64_t address, uint64_t threads)
{
	uint64_t woken = 0;
	assert_int_equal(user_call(SYSCALL_sync_wake, address, threads, 0, &woken), STATUS_OK);
	return woken;
}

static void map_shared(void)
{
	assert_int_equal(user_call(SYSCALL_vm_map, SHARED, 4 * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE, NULL), STATUS_OK);
}

static void join_all(const uint32_t *ids, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(user_join(ids[i], NULL), STATUS_OK);
}

/* ---- no wake-up is lost: each hit is answered before the next ---- */

#define WAKERS 3
#define HITS 12
#define HIT(waker) (SHARED + (waker)*24)                 /* how often it hit */
#define ANSWER(waker) (SHARED + PAGE_BYTES + (waker)*16) /* how many of these were seen */
#define WORD_LIST (SHARED + 2 * PAGE_BYTES - 40)         /* struct sync_word[WAKERS], across a page's end */

static void hits(uint64_t waker)
{
	for (uint64_t hit = 1; hit <= HITS; hit++) {
		user_store(HIT(waker), hit);
		wake_word(HIT(waker), 1);
		for (uint64_t seen; (seen = user_load(ANSWER(waker))) < hit;)
			assert_true(wait_word(ANSWER(waker), seen, FOREVER) != STATUS_TIMED_OUT);
	}
}

static void list_word(unsigned waker, uint64_t value)
{
	user_store(WORD_LIST + waker * 24, HIT(waker));
	user_store(WORD_LIST + waker * 24 + 8, value);
	user_store(WORD_LIST + waker * 24 + 16, 8);
}

static void answers(uint64_t argument)
{
	uint64_t seen[WAKERS] = {0}, total = 0, index;
	(void)argument;
	for (unsigned i = 0; i < WAKERS; i++)
		list_word(i, 0);
	while (total < WAKERS * HITS) {
		enum status status = user_call(SYSCALL_sync_wait_any, WORD_LIST, WAKERS, FOREVER, &index);
		assert_true((status == STATUS_OK || status == STATUS_CHANGED) && index < WAKERS);
		for (unsigned i = 0; i < WAKERS; i++) {
			uint64_t now = user_load(HIT(i));
			if (now == seen[i])
				continue;
			total += now - seen[i];
			seen[i] = now;
			list_word(i, now);
			user_store(ANSWER(i), now);
			wake_word(ANSWER(i), 1);
		}
	}
}

static void words_are_hit(uint64_t argument)
{
	uint32_t ids[WAKERS + 1];
	(void)argument;
	map_shared();
	for (unsigned i = 0; i < WAKERS; i++)
		ids[i] = user_thread(hits, i, ANYWHERE);
	ids[WAKERS] = user_thread(answers, 0, ANYWHERE);
	join_all(ids, WAKERS + 1);
}

/* ---- a waker that was told that it woke somebody did, even if that one was only about to wait ---- */

static void waits_often(uint64_t argument)
{
	(void)argument;
	for (unsigned i = 0; i < HITS; i++)
		assert_int_equal(wait_word(SHARED, 0, FOREVER), STATUS_OK);
}

static void waiters_are_woken(uint64_t argument)
{
	uint32_t ids[2];
	(void)argument;
	map_shared();
	for (unsigned i = 0; i < ARRAY_LENGTH(ids); i++)
		ids[i] = user_thread(waits_often, 0, ANYWHERE);
	for (unsigned woken = 0, tries = 0; woken < ARRAY_LENGTH(ids) * HITS; tries++) {
		woken += (unsigned)wake_word(SHARED, 1);
		assert_true(tries < 100000); /* who is told so often and does not come sleeps for ever */
	}
	join_all(ids, ARRAY_LENGTH(ids));
}

/* ---- requeue: all come through, one after the other ---- */

#define CROWD 20
#define GATE SHARED
#define DOOR (SHARED + PAGE_BYTES)

static unsigned passed;

/* Passes the gate, then the door, which the one before opens for the next. */
static void passes(uint64_t argument)
{
	(void)argument;
	while (user_load(GATE) == 0)
		(void)!wait_word(GATE, 0, FOREVER);
	passed++;
	wake_word(DOOR, 1);
}

static void requeues(uint64_t argument)
{
	uint32_t ids[CROWD];
	uint64_t counts = 0;
	(void)argument;
	map_shared();
	for (unsigned i = 0; i < CROWD; i++)
		ids[i] = user_thread(passes, 0, ANYWHERE);
	user_compute(chance(3000));
	user_store(GATE, 1);
	assert_int_equal(user_call5(SYSCALL_sync_requeue, (uint64_t[5]){GATE, 1, DOOR, FOREVER}, &counts), STATUS_OK);
	assert_true((counts & UINT32_MAX) <= 1 && (counts >> 32) < CROWD);
	wake_word(DOOR, 1); /* should the one that was woken have been through already */
	join_all(ids, CROWD);
	assert_int_equal(passed, CROWD);
}

/* ---- one word twice in a wait is as good as once, wherever the thread is moved ---- */

#define TWICE (SHARED + 3 * PAGE_BYTES)

static void waits_twice(uint64_t argument)
{
	uint64_t index = 9;
	(void)argument;
	for (unsigned i = 0; i < 3; i++) {
		user_store(TWICE + i * 24, i < 2 ? GATE : DOOR);
		user_store(TWICE + i * 24 + 8, 0);
		user_store(TWICE + i * 24 + 16, 8);
	}
	assert_int_equal(user_call(SYSCALL_sync_wait_any, TWICE, 3, FOREVER, &index), STATUS_OK);
	assert_true(index < 3);
}

static void is_moved_about(uint64_t argument)
{
	uint64_t counts = 0;
	(void)argument;
	map_shared();
	uint32_t id = user_thread(waits_twice, 0, ANYWHERE);
	while (counts >> 32 == 0)
		assert_int_equal(user_call5(SYSCALL_sync_requeue, (uint64_t[5]){GATE, 0, DOOR, FOREVER}, &counts), STATUS_OK);
	assert_int_equal(user_call5(SYSCALL_sync_requeue, (uint64_t[5]){DOOR, 0, GATE, FOREVER}, &counts), STATUS_OK);
	assert_int_equal(counts >> 32, 1);
	assert_int_equal(wake_word(DOOR, FOREVER), 0);
	assert_int_equal(wake_word(GATE, FOREVER), 1);
	join_all(&id, 1);
}

/* ---- a storm: anything waits for anything, with and without deadlines, and anybody may be killed ---- */

#define STORM_THREADS 6
#define STORM_STEPS 25

static uint64_t endpoint;
static uint32_t storm_ids[STORM_THREADS];

static uint64_t some_deadline(void)
{
	return now_ns() + chance(4) * 100000;
}

static void message_step(void)
{
	struct message message = {.type = 1 + chance(3)};
	switch (chance(4)) {
	case 0:
		(void)!user_ipc_with(SYSCALL_ipc_call, endpoint, &message, some_deadline());
		break;
	case 1:
		(void)!user_ipc(SYSCALL_ipc_send, endpoint, &message);
		break;
	case 2:
		(void)!user_ipc_with(SYSCALL_ipc_call_noblk, endpoint, &message, endpoint);
		break;
	default:
		if (user_ipc_with(SYSCALL_ipc_receive, endpoint, &message, some_deadline()) == STATUS_OK && message.token &&
		    chance(4))
			(void)!user_ipc(SYSCALL_ipc_reply, endpoint, &message);
	}
}

static void word_step(void)
{
	uint64_t word = SHARED + chance(3) * PAGE_BYTES;
	switch (chance(4)) {
	case 0:
		wake_word(word, 1 + chance(3));
		break;
	case 1:
		(void)!user_call5(SYSCALL_sync_requeue, (uint64_t[5]){word, chance(2), SHARED + PAGE_BYTES, chance(4)}, NULL);
		break;
	default:
		(void)!wait_word(word, chance(2), some_deadline());
	}
}

static void storms(uint64_t self)
{
	for (unsigned i = 0; i < STORM_STEPS; i++) {
		switch (chance(8)) {
		case 0:
		case 1:
		case 2:
			message_step();
			break;
		case 3:
		case 4:
			word_step();
			break;
		case 5:
			(void)!user_call(chance(2) ? SYSCALL_thread_pin : SYSCALL_thread_unpin, 0, 0, 0, NULL);
			(void)!user_call(SYSCALL_thread_affinity, 0, 1 + chance(7), 0, NULL);
			break;
		case 6:
			(void)!user_call(SYSCALL_thread_sleep_until, some_deadline(), 0, 0, NULL);
			break;
		default:
			if (chance(6) == 0)
				(void)!user_call(SYSCALL_thread_kill, storm_ids[chance(STORM_THREADS)], 0, 0, NULL);
		}
	}
	user_exit((int64_t)self);
}

static void storm(uint64_t argument)
{
	uint64_t value;
	unsigned ended = 0;
	(void)argument;
	map_shared();
	assert_int_equal(user_call(SYSCALL_endpoint_create, 0, 0, 0, &endpoint), STATUS_OK);
	for (unsigned i = 0; i < STORM_THREADS; i++)
		storm_ids[i] = user_thread(storms, i, ANYWHERE);
	bool detached = user_call(SYSCALL_thread_detach, storm_ids[0], 0, 0, NULL) == STATUS_OK;
	assert_true(detached);
	for (enum status status; (status = user_call(SYSCALL_thread_join_any, 0, 0, 0, &value)) != STATUS_DEADLOCK; ended++)
		assert_int_equal(status, STATUS_OK);
	assert_int_equal(ended, STORM_THREADS - 1);
	assert_int_equal(user_join(storm_ids[0], NULL), STATUS_NOT_FOUND);
	while (threads_alive() > 1) /* the detached one, for which nobody can wait */
		(void)!user_call(SYSCALL_thread_yield, 0, 0, 0, NULL);
}

/* ---- pinning ---- */

static void computes(uint64_t ticks)
{
	user_compute(ticks);
}

/* Pinned twice, it stays through a thousand reasons to move; unpinned as often, it goes where it was told to meanwhile. */
static void is_pinned(uint64_t argument)
{
	uint64_t cpu = 99, value = 0;
	(void)argument;
	uint32_t others[4];
	for (unsigned i = 0; i < ARRAY_LENGTH(others); i++)
		others[i] = user_thread(computes, 20000, ANYWHERE);
	assert_int_equal(user_call(SYSCALL_thread_unpin, 0, 0, 0, NULL), STATUS_INVALID);
	assert_int_equal(user_call(SYSCALL_thread_pin, 0, 0, 0, &cpu), STATUS_OK);
	assert_int_equal(user_call(SYSCALL_thread_pin, 0, 0, 0, &value), STATUS_OK);
	assert_int_equal(value, cpu);
	uint64_t elsewhere = (cpu + 1) % 3;
	assert_int_equal(user_call(SYSCALL_thread_affinity, 0, UINT64_C(1) << elsewhere, 0, NULL), STATUS_OK);
	assert_int_equal(user_call(SYSCALL_thread_unpin, 0, 0, 0, NULL), STATUS_OK);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(user_call(SYSCALL_thread_yield, 0, 0, 0, NULL), STATUS_OK);
		assert_int_equal(user_call(SYSCALL_thread_self, 0, 0, 0, &value), STATUS_OK);
		assert_int_equal(value >> 32, cpu);
	}
	assert_int_equal(user_call(SYSCALL_thread_unpin, 0, 0, 0, NULL), STATUS_OK);
	assert_int_equal(user_call(SYSCALL_thread_self, 0, 0, 0, &value), STATUS_OK);
	assert_int_equal(value >> 32, elsewhere);
	join_all(others, ARRAY_LENGTH(others));
}

/* ---- running them ---- */

static void check_lists(void)
{
	run_queue_check();
	sync_check();
}

static void run_seed(unsigned number, const void *what)
{
	user_code *code = *(user_code *const *)what;
	seed = number * 7919;
	user_after_step = check_lists;
	sim_start(3, RAM);
	sim_mmu_choose(number % 3 ? &sim_hash_ops : &sim_tree_ops, number % 2);
	user_run(code, "", number);
	if (descriptor.verdict != VERDICT_FINISHED)
		fail_msg("seed %u: verdict %u\n%s", number, (unsigned)descriptor.verdict, sim_console());
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

static void test_words(void)
{
	every_seed(words_are_hit);
}

static void test_told(void)
{
	every_seed(waiters_are_woken);
}

static void test_requeue(void)
{
	every_seed(requeues);
}

static void test_twice(void)
{
	every_seed(is_moved_about);
}

static void test_storm(void)
{
	every_seed(storm);
}

static void test_pin(void)
{
	every_seed(is_pinned);
}

static const struct sim_test tests[] = {
	{"words", test_words}, {"told", test_told},   {"requeue", test_requeue},
	{"twice", test_twice}, {"storm", test_storm}, {"pin", test_pin},
};

int main(void)
{
	return sim_test_main("wait", tests, ARRAY_LENGTH(tests));
}
