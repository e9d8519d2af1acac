/*
 * Ends of threads and processes: who is told, what, and by whom.
 *
 * Teaches: an end is awaited by others, so nobody who waits for one may be forgotten, in whatever order they came; each test runs with many
 * seeds, as those of test_wait.c do. What the trace says of it is tested as well: who wakes is who ended.
 */
#include "sim_user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/handle.h"
#include "abi/trace_enums.h"
#include "abi/trace_ring.h"
#include "core/cpu.h"
#include "core/end.h"
#include "mm/page.h"
#include "sched/sched.h"
#include "sched/sync.h"

#define RAM (32 * MIB)
#define ANYWHERE UINT64_MAX
#define SEEDS 40
#define SHARED (64 * MIB)
#define RW (RIGHTS_READ | RIGHTS_WRITE)

enum { EVENT_THREAD_WAKE = 21 };

static unsigned seed;

static unsigned chance(unsigned limit)
{
	return (unsigned)rand_r(&seed) % limit;
}

static void sleeps_long(uint64_t argument)
{
	(void)argument;
	(void)!user_call(SYSCALL_thread_sleep, UINT64_C(3600000000000), 0, 0, NULL);
}

/* ---- who joins one thread gets it, and who joins any learns when nobody is left ---- */

static void joins_any(uint64_t expected)
{
	assert_int_equal(user_call(SYSCALL_thread_join_any, 0, 0, 0, NULL), expected);
}

/* The detached one, which nobody joins, is the last but the caller. */
static void wait_for_the_detached(void)
{
	while (threads_alive() > 1)
		(void)!user_call(SYSCALL_thread_yield, 0, 0, 0, NULL);
}

/* It waits first, for any; the thread goes to the one who named it. The main thread is left for it, until that is detached too. */
static void joins_by_name(uint64_t argument)
{
	uint64_t self = 0;
	(void)argument;
	assert_int_equal(user_call(SYSCALL_thread_self, 0, 0, 0, &self), STATUS_OK);
	uint32_t target = user_thread(sleeps_long, 0, ANYWHERE);
	uint32_t any = user_thread(joins_any, STATUS_DEADLOCK, ANYWHERE);
	assert_int_equal(user_call(SYSCALL_thread_detach, any, 0, 0, NULL), STATUS_OK);
	user_compute(chance(3000));
	assert_int_equal(user_join(target, NULL), STATUS_OK);
	assert_int_equal(user_call(SYSCALL_thread_detach, (uint32_t)self, 0, 0, NULL), STATUS_OK);
	wait_for_the_detached();
}

static void detaches_itself(uint64_t ticks)
{
	uint64_t self = 0;
	user_compute(ticks);
	assert_int_equal(user_call(SYSCALL_thread_self, 0, 0, 0, &self), STATUS_OK);
	assert_int_equal(user_call(SYSCALL_thread_detach, (uint32_t)self, 0, 0, NULL), STATUS_OK);
}

static void nobody_is_left(uint64_t argument)
{
	(void)argument;
	(void)user_thread(detaches_itself, 1 + chance(3000), ANYWHERE);
	joins_any(STATUS_DEADLOCK);
	wait_for_the_detached();
}

/* ---- joining and killing: the answers ---- */

static void crashes(uint64_t argument)
{
	(void)argument;
	user_trap(TRAP_ILLEGAL);
}

static void exits(uint64_t status)
{
	user_compute(1000);
	user_exit(status);
}

static void asks_about_ends(uint64_t argument)
{
	uint64_t value = 0;
	int64_t status = 0;
	(void)argument;
	assert_int_equal(user_call(SYSCALL_thread_join_any, 0, 0, 0, &value), STATUS_DEADLOCK);
	uint32_t sleeper = user_thread(sleeps_long, 0, ANYWHERE);
	uint32_t crasher = user_thread(crashes, 0, ANYWHERE);
	assert_int_equal(user_call(SYSCALL_thread_join_any, 0, 0, 0, &value), STATUS_CRASHED);
	assert_int_equal(value >> 32, crasher);
	assert_int_equal(user_call(SYSCALL_thread_kill, sleeper, 0, 0, NULL), STATUS_OK);
	assert_int_equal(user_join(sleeper, &status), STATUS_OK);
	assert_int_equal(status, -(int64_t)STATUS_GONE);
	assert_int_equal(user_call(SYSCALL_thread_kill, sleeper, 0, 0, NULL), STATUS_NOT_FOUND);
	assert_int_equal(user_call(SYSCALL_thread_detach, sleeper, 0, 0, NULL), STATUS_NOT_FOUND);
	uint32_t worker = user_thread(exits, 3, ANYWHERE);
	assert_int_equal(user_call(SYSCALL_thread_join_any, 0, 0, 0, &value), STATUS_OK);
	assert_int_equal(value >> 32, worker);
	assert_int_equal((uint32_t)value, 3);
	assert_int_equal(user_call(SYSCALL_thread_self, 0, 0, 0, &value), STATUS_OK);
	assert_int_equal(user_join((uint32_t)value, NULL), STATUS_DEADLOCK);
	uint32_t nobody = user_thread(exits, 0, ANYWHERE);
	assert_int_equal(user_call(SYSCALL_thread_detach, nobody, 0, 0, NULL), STATUS_OK);
	assert_int_equal(user_call(SYSCALL_thread_detach, nobody, 0, 0, NULL), STATUS_NOT_FOUND);
	wait_for_the_detached();
}

/* ---- processes ---- */

static uint64_t make_process(void)
{
	uint64_t process = 0;
	assert_int_equal(user_call(SYSCALL_process_create, 0, 0, 0, &process), STATUS_OK);
	return process;
}

static bool over;

static void waits_in_vain(uint64_t process)
{
	while (!over)
		assert_int_equal(user_call(SYSCALL_process_wait, process, 0, 0, NULL), STATUS_INVALID);
}

/* A process that cannot be started never runs, so nobody waits for its end. */
static void starts_in_vain(uint64_t argument)
{
	(void)argument;
	uint64_t process = make_process();
	uint32_t waiter = user_thread(waits_in_vain, process, ANYWHERE);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(user_call(SYSCALL_process_start, process, UINT64_MAX, 0, NULL), STATUS_INVALID);
	over = true;
	assert_int_equal(user_join(waiter, NULL), STATUS_OK);
}

static uint64_t child_thread;

static void ends_large(uint64_t argument)
{
	(void)argument;
	assert_int_equal(user_call(SYSCALL_vm_map, SHARED, 64 * PAGE_BYTES, RW, NULL), STATUS_OK);
	for (unsigned i = 0; i < 64; i++)
		user_store(SHARED + i * PAGE_BYTES, i);
	user_exit(7);
}

static void yields(uint64_t argument)
{
	(void)argument;
	while (!over)
		(void)!user_call(SYSCALL_thread_yield, 0, 0, 0, NULL);
}

/* Its end is known once its memory is back, whatever else runs on the CPU that gives it back. */
static void child_ends(uint64_t argument)
{
	uint64_t value = 0;
	uint32_t others[3];
	(void)argument;
	for (unsigned i = 0; i < ARRAY_LENGTH(others); i++)
		others[i] = user_thread(yields, 0, ANYWHERE);
	uint64_t process = make_process();
	uint64_t before = page_free_count();
	assert_int_equal(user_call(SYSCALL_process_start, process, user_entry(ends_large), 0, &child_thread), STATUS_OK);
	assert_int_equal(user_call(SYSCALL_process_wait, process, 0, 0, &value), STATUS_OK);
	assert_int_equal(value, 7);
	assert_true(page_free_count() + 16 >= before);
	over = true;
	for (unsigned i = 0; i < ARRAY_LENGTH(others); i++)
		assert_int_equal(user_join(others[i], NULL), STATUS_OK);
}

/* ---- processes that keep each other alive and are never started ---- */

#define CIRCLES 20

static void give(uint64_t process, uint64_t handle)
{
	assert_int_equal(user_call(SYSCALL_process_give, process, handle, HANDLE_ALL, NULL), STATUS_OK);
}

static void close_handle(uint64_t handle)
{
	assert_int_equal(user_call(SYSCALL_handle_close, handle, 0, 0, NULL), STATUS_OK);
}

/* One with a handle of itself, two with one of each other, and one with an endpoint where a message waits that carries its own. */
static void make_circles(uint64_t argument)
{
	(void)argument;
	for (unsigned i = 0; i < CIRCLES; i++) {
		uint64_t self = make_process(), one = make_process(), other = make_process(), endpoint = 0;
		assert_int_equal(user_call(SYSCALL_endpoint_create, 0, 0, 0, &endpoint), STATUS_OK);
		struct message message = {.type = 1, .handle = self};
		give(self, self);
		give(one, other);
		give(other, one);
		assert_int_equal(user_ipc(SYSCALL_ipc_send, endpoint, &message), STATUS_OK);
		give(self, endpoint);
		close_handle(self);
		close_handle(one);
		close_handle(other);
		close_handle(endpoint);
	}
	user_exit(0);
}

static void run_child(user_code *code)
{
	uint64_t process = make_process(), value = 1;
	assert_int_equal(user_call(SYSCALL_process_start, process, user_entry(code), 0, NULL), STATUS_OK);
	assert_int_equal(user_call(SYSCALL_process_wait, process, 0, 0, &value), STATUS_OK);
	assert_int_equal(value, 0);
	close_handle(process);
}

static void wait_for_periods(void)
{
	while (rcu_waiting() > 0)
		(void)!user_call(SYSCALL_thread_yield, 0, 0, 0, NULL);
}

/* They end with their creator. The second time no cache needs a page more. */
static void circles_end(uint64_t argument)
{
	(void)argument;
	run_child(make_circles);
	wait_for_periods();
	uint64_t before = page_free_count();
	run_child(make_circles);
	wait_for_periods();
	assert_true(page_free_count() + CIRCLES / 2 >= before);
}

/* ---- running them ---- */

/* Calls found(event) for each event of this kind that the rings hold. */
static void for_each_event(unsigned id, void (*found)(const uint64_t *fields))
{
	for (unsigned cpu = 0; cpu < cpus_present; cpu++)
		for (uint64_t n = 0; n < cpus[cpu].trace.head; n++) {
			const uint64_t *event = sim_event(cpu, n);
			if (event && TRACE_ID(event[1]) == id)
				found(event + 2);
		}
}

static unsigned told;

static void check_waker(const uint64_t *fields)
{
	if (fields[1] != WAKE_PROCESS)
		return;
	assert_int_equal(fields[2], child_thread);
	told++;
}

static void check_lists(void)
{
	run_queue_check();
	sync_check();
}

struct story {
	user_code *code;
	void (*check)(void);
};

static void run_seed(unsigned number, const void *what)
{
	const struct story *story = what;
	seed = number * 7919;
	user_after_step = check_lists;
	sim_start(3, RAM);
	sim_mmu_choose(number % 3 ? &sim_hash_ops : &sim_tree_ops, number % 2);
	user_run(story->code, "", number);
	if (descriptor.verdict != VERDICT_FINISHED)
		fail_msg("seed %u: verdict %u\n%s", number, (unsigned)descriptor.verdict, sim_console());
	assert_int_equal(threads_alive(), 0);
	assert_int_equal(run_queue_total(), 0);
	page_check();
	if (story->check)
		story->check();
}

static void every_seed(user_code *code, void (*check)(void))
{
	sim_every_seed(SEEDS, run_seed, &(struct story){code, check});
}

static void test_joins(void)
{
	every_seed(joins_by_name, NULL);
	every_seed(nobody_is_left, NULL);
}

static void test_answers(void)
{
	every_seed(asks_about_ends, NULL);
}

static void test_starts_in_vain(void)
{
	every_seed(starts_in_vain, NULL);
}

static void check_told(void)
{
	for_each_event(EVENT_THREAD_WAKE, check_waker);
	assert_true(told <= 1);
}

static void test_child_ends(void)
{
	every_seed(child_ends, check_told);
}

static void test_circles_end(void)
{
	every_seed(circles_end, NULL);
}

static const struct sim_test tests[] = {
	{"joins", test_joins},           {"answers", test_answers},         {"starts_in_vain", test_starts_in_vain},
	{"child_ends", test_child_ends}, {"circles_end", test_circles_end},
};

int main(void)
{
	return sim_test_main("ends", tests, ARRAY_LENGTH(tests));
}
