/*
 * The scheduler: turns, affinity, sleep, and that no thread is ever lost.
 *
 * Teaches: most of what a scheduler promises can be said about programs: who runs how often, where, and not too early. The
 * last test is a storm of random calls by many threads, with every list walked again and again.
 */
#include "sim_user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/end.h"
#include "sched/sched.h"

#define RAM (64 * MIB)
#define TICKS_A_MS (SIM_HZ / 1000)
#define MS UINT64_C(1000000) /* in ns, for thread_sleep */
#define ANYWHERE UINT64_MAX

enum { EVENT_IRQ_ENTER = 40 };

static uint64_t counts[64];
static unsigned order[256], order_length;

static void assert_finished(void)
{
	if (descriptor.verdict != VERDICT_FINISHED || descriptor.exit_status)
		fail_msg("verdict %u; the console:\n%s", (unsigned)descriptor.verdict, sim_console());
	run_queue_check();
	assert_int_equal(run_queue_total(), 0);
	assert_int_equal(threads_alive(), 0);
}

static unsigned cpu_of_self(void)
{
	uint64_t value = 0;
	assert_int_equal(user_call(SYSCALL_thread_self, 0, 0, 0, &value), STATUS_OK);
	return (unsigned)(value >> 32);
}

static uint64_t now_ns(void)
{
	uint64_t value = 0;
	assert_int_equal(user_call(SYSCALL_clock_now, 0, 0, 0, &value), STATUS_OK);
	return value;
}

static void join_all(const uint32_t *ids, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(user_join(ids[i], NULL), STATUS_OK);
}

/* ---- turns ---- */

static bool stop;

static void counts_turns(uint64_t which)
{
	while (!stop) {
		user_compute(TICKS_A_MS / 20);
		counts[which]++;
	}
}

static void four_share_one_cpu(uint64_t argument)
{
	uint32_t ids[4];
	(void)argument;
	for (unsigned i = 0; i < 4; i++)
		ids[i] = user_thread(counts_turns, i, ANYWHERE);
	assert_int_equal(user_call(SYSCALL_thread_sleep, 400 * MS, 0, 0, NULL), STATUS_OK);
	stop = true;
	join_all(ids, 4);
}

static void test_fair_turns(void)
{
	sim_start(1, RAM);
	user_run(four_share_one_cpu, "", 1);
	assert_finished();
	uint64_t total = counts[0] + counts[1] + counts[2] + counts[3];
	assert_true(total > 4000);
	for (unsigned i = 0; i < 4; i++)
		assert_in_range(counts[i], total / 4 * 85 / 100, total / 4 * 115 / 100);
}

static void writes_order(uint64_t which)
{
	for (unsigned i = 0; i < 20; i++) {
		order[order_length++] = (unsigned)which;
		assert_int_equal(user_call(SYSCALL_thread_yield, 0, 0, 0, NULL), STATUS_OK);
	}
}

static void three_yield(uint64_t argument)
{
	uint32_t ids[3];
	(void)argument;
	for (unsigned i = 0; i < 3; i++)
		ids[i] = user_thread(writes_order, i, ANYWHERE);
	join_all(ids, 3);
}

static void test_yield_takes_turns(void)
{
	sim_start(1, RAM);
	user_run(three_yield, "", 1);
	assert_finished();
	assert_int_equal(order_length, 60);
	for (unsigned i = 3; i < 60; i++)
		assert_int_equal(order[i], order[i - 3]);
}

/* Nobody waits: no timer interrupts a thread that runs alone. */
static void runs_alone(uint64_t argument)
{
	(void)argument;
	for (unsigned i = 0; i < 50; i++)
		user_compute(TICKS_A_MS);
}

static void test_no_tick_for_one(void)
{
	sim_start(2, RAM);
	user_run(runs_alone, "", 1);
	assert_finished();
	assert_int_equal(sim_events_count_with(EVENT_IRQ_ENTER, IRQ_TIMER), 0);
}

/* Two threads and two CPUs: both CPUs work, though both threads were made on one. */
static unsigned seen_on[2];

static void spins_and_looks(uint64_t which)
{
	for (unsigned i = 0; i < 40; i++)
		user_compute(TICKS_A_MS);
	seen_on[which] = cpu_of_self();
}

static void two_on_two(uint64_t argument)
{
	(void)argument;
	uint32_t other = user_thread(spins_and_looks, 0, ANYWHERE);
	spins_and_looks(1);
	join_all(&other, 1);
}

static void test_two_cpus_are_used(void)
{
	sim_start(2, RAM);
	user_run(two_on_two, "", 1);
	assert_finished();
	assert_int_not_equal(seen_on[0], seen_on[1]);
}

/* ---- affinity ---- */

static void stays_in_mask(uint64_t mask)
{
	for (unsigned i = 0; i < 30; i++) {
		assert_true(mask >> cpu_of_self() & 1);
		user_compute(TICKS_A_MS / 3);
	}
}

static void moves_itself(uint64_t argument)
{
	(void)argument;
	for (unsigned i = 0; i < 40; i++) {
		unsigned cpu = i * 7 % 4;
		assert_int_equal(user_call(SYSCALL_thread_affinity, 0, UINT64_C(1) << cpu, 0, NULL), STATUS_OK);
		assert_int_equal(cpu_of_self(), cpu);
	}
}

static void uses_affinity(uint64_t argument)
{
	uint32_t ids[20];
	(void)argument;
	for (unsigned i = 0; i < 15; i++)
		ids[i] = user_thread(stays_in_mask, i + 1, i + 1);
	for (unsigned i = 15; i < 20; i++)
		ids[i] = user_thread(moves_itself, 0, ANYWHERE);
	join_all(ids, 20);
	assert_int_equal(user_call(SYSCALL_thread_affinity, 0, 0, 0, NULL), STATUS_INVALID);
	assert_int_equal(user_call(SYSCALL_thread_affinity, 0, 16, 0, NULL), STATUS_INVALID); /* there are four CPUs */
	assert_int_equal(user_call(SYSCALL_thread_affinity, 4000, 1, 0, NULL), STATUS_NOT_FOUND);
	assert_int_equal(user_thread(stays_in_mask, 0, 16), 0);
}

static void test_affinity(void)
{
	sim_start(4, RAM);
	user_run(uses_affinity, "", 2);
	assert_finished();
}

/* A thread that runs is sent to another CPU by somebody else, and goes. */
static unsigned where;

static void says_where(uint64_t argument)
{
	(void)argument;
	while (!stop) {
		user_compute(TICKS_A_MS / 10);
		where = cpu_of_self();
	}
}

static void moves_another(uint64_t argument)
{
	(void)argument;
	uint32_t other = user_thread(says_where, 0, 2);
	for (unsigned i = 0; i < 12; i++) {
		unsigned cpu = 1 + i % 3;
		assert_int_equal(user_call(SYSCALL_thread_affinity, other, UINT64_C(1) << cpu, 0, NULL), STATUS_OK);
		assert_int_equal(user_call(SYSCALL_thread_sleep, 5 * MS, 0, 0, NULL), STATUS_OK);
		assert_int_equal(where, cpu);
	}
	stop = true;
	join_all(&other, 1);
}

static void test_moved_by_another(void)
{
	sim_start(4, RAM);
	user_run(moves_another, "", 3);
	assert_finished();
}

/* ---- sleep ---- */

static void sleeps(uint64_t ms)
{
	uint64_t start = now_ns();
	assert_int_equal(user_call(SYSCALL_thread_sleep, ms * MS, 0, 0, NULL), STATUS_OK);
	assert_true(now_ns() - start >= ms * MS); /* never too early */
	order[order_length++] = (unsigned)ms;
}

static void many_sleep(uint64_t argument)
{
	static const unsigned durations[] = {90, 10, 50, 30, 30, 70, 1, 20, 60, 40, 80, 5};
	uint32_t ids[ARRAY_LENGTH(durations)];
	(void)argument;
	for (unsigned i = 0; i < ARRAY_LENGTH(durations); i++)
		ids[i] = user_thread(sleeps, durations[i], ANYWHERE);
	join_all(ids, ARRAY_LENGTH(durations));
	assert_int_equal(user_call(SYSCALL_thread_sleep, 0, 0, 0, NULL), STATUS_OK);
}

static void sleepers_wake_in_order(unsigned cpu_count)
{
	sim_start(cpu_count, RAM);
	user_run(many_sleep, "", 1);
	assert_finished();
	assert_int_equal(order_length, 12);
	for (unsigned i = 1; i < order_length; i++)
		assert_true(order[i - 1] <= order[i]);
}

static void test_sleep_one_cpu(void)
{
	sleepers_wake_in_order(1);
}

static void test_sleep_three_cpus(void)
{
	sleepers_wake_in_order(3);
}

/* ---- joins ---- */

static void returns_own(uint64_t argument)
{
	user_exit((int64_t)argument - 5);
}

static void joins(uint64_t argument)
{
	int64_t status = 0;
	(void)argument;
	uint32_t early = user_thread(returns_own, 3, ANYWHERE);
	assert_int_equal(user_call(SYSCALL_thread_sleep, 5 * MS, 0, 0, NULL), STATUS_OK);
	assert_int_equal(user_join(early, &status), STATUS_OK); /* it was over already */
	assert_int_equal(status, -2);
	assert_int_equal(user_join(early, &status), STATUS_NOT_FOUND); /* a result is had once */
	assert_int_equal(user_join(12345, NULL), STATUS_NOT_FOUND);
	assert_int_equal(user_join(0, NULL), STATUS_NOT_FOUND);
	assert_int_equal(user_join(1, NULL), STATUS_DEADLOCK); /* itself */
}

static void test_joins(void)
{
	sim_start(2, RAM);
	user_run(joins, "", 1);
	assert_finished();
}

/* More threads, one after the other, than there can be at once: what each took is given back when it ends. */
static void many_in_turn(uint64_t argument)
{
	(void)argument;
	for (unsigned i = 0; i < THREADS_MAX + 100; i++) {
		int64_t status = 0;
		uint32_t id = user_thread(returns_own, i, ANYWHERE);
		assert_int_not_equal(id, 0);
		assert_int_equal(user_join(id, &status), STATUS_OK);
		assert_int_equal(status, (int64_t)i - 5);
	}
}

static void test_many_in_turn(void)
{
	sim_start(2, RAM);
	user_run(many_in_turn, "", 1);
	assert_finished();
}

/* ---- a storm ---- */

#define STORM_THREADS 200
static unsigned storm_left, storm_seed;

static void storm_thread(uint64_t depth)
{
	unsigned seed = ++storm_seed;
	uint32_t child = 0;
	for (unsigned i = 0; i < 12; i++) {
		switch (rand_r(&seed) % 6) {
		case 0:
			assert_int_equal(user_call(SYSCALL_thread_yield, 0, 0, 0, NULL), STATUS_OK);
			break;
		case 1:
			assert_int_equal(user_call(SYSCALL_thread_sleep, (unsigned)rand_r(&seed) % (3 * MS), 0, 0, NULL),
					 STATUS_OK);
			break;
		case 2:
			user_compute((unsigned)rand_r(&seed) % (3 * TICKS_A_MS));
			break;
		case 3:
			assert_int_equal(user_call(SYSCALL_thread_affinity, 0, (unsigned)rand_r(&seed) % 15 + 1, 0, NULL),
					 STATUS_OK);
			break;
		case 4:
			if (!child && storm_left) {
				storm_left--;
				child = user_thread(storm_thread, depth + 1, (unsigned)rand_r(&seed) % 15 + 1);
				assert_int_not_equal(child, 0);
			}
			break;
		default:
			if (child)
				assert_int_equal(user_join(child, NULL), STATUS_OK);
			child = 0;
			break;
		}
	}
	if (child)
		assert_int_equal(user_join(child, NULL), STATUS_OK);
	counts[0]++;
}

static void storm(uint64_t argument)
{
	uint32_t ids[8];
	(void)argument;
	for (unsigned i = 0; i < 8; i++)
		ids[i] = user_thread(storm_thread, 0, ANYWHERE);
	join_all(ids, 8);
}

static void run_storm(unsigned cpu_count, unsigned seed)
{
	storm_left = STORM_THREADS;
	storm_seed = seed * 1000;
	user_after_step = run_queue_check;
	sim_start(cpu_count, RAM);
	user_run(storm, "", seed);
	assert_finished();
	assert_int_equal(counts[0], STORM_THREADS - storm_left + 8);
	assert_true(counts[0] > 20);
}

static void test_storm_four_cpus(void)
{
	run_storm(4, 1);
}

static void test_storm_other_seed(void)
{
	run_storm(4, 2);
}

static void test_storm_eight_cpus(void)
{
	run_storm(8, 3);
}

static const struct sim_test tests[] = {
	{"fair_turns", test_fair_turns},
	{"yield_takes_turns", test_yield_takes_turns},
	{"no_tick_for_one", test_no_tick_for_one},
	{"two_cpus_are_used", test_two_cpus_are_used},
	{"affinity", test_affinity},
	{"moved_by_another", test_moved_by_another},
	{"sleep_one_cpu", test_sleep_one_cpu},
	{"sleep_three_cpus", test_sleep_three_cpus},
	{"joins", test_joins},
	{"many_in_turn", test_many_in_turn},
	{"storm_four_cpus", test_storm_four_cpus},
	{"storm_other_seed", test_storm_other_seed},
	{"storm_eight_cpus", test_storm_eight_cpus},
};

int main(void)
{
	return sim_test_main("sched", tests, ARRAY_LENGTH(tests));
}
