/*
 * Back-pressure of RCU: a thread that gives up more than grace periods can free waits for them, really, and then goes on.
 *
 * Teaches: a bound that holds because something else happened to be quick is no bound. Here one CPU is stopped inside the kernel, so that no grace
 * period can end, and the test looks at what the other one's thread does: it stops when so much is piled up, stays where it is however
 * long it takes, and goes on as soon as the first CPU has left the kernel.
 */
#include "sim_machine.h"
#include "sim_user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "abi/trace_enums.h"
#include "core/end.h"
#include "sched/thread.h"

#define RAM (32 * MIB)
#define PILE 1024      /* as in core/rcu.c */
#define CLOSED 2000    /* endpoints, each with a handle */
#define MORE_AT_ONCE 8 /* what one call may give up after the pile is too high */

static uint64_t closer; /* the thread's id */
static unsigned closed; /* endpoints so far */
static bool ready, over;

static void stays_on(unsigned cpu)
{
	assert_int_equal(user_call(SYSCALL_thread_affinity, 0, UINT64_C(1) << cpu, 0, NULL), STATUS_OK);
}

static void calls_on_and_on(uint64_t argument)
{
	(void)argument;
	while (!over)
		(void)!user_call(SYSCALL_thread_yield, 0, 0, 0, NULL);
}

static void closes(uint64_t argument)
{
	(void)argument;
	stays_on(0);
	assert_int_equal(user_call(SYSCALL_thread_self, 0, 0, 0, &closer), STATUS_OK);
	uint32_t other = user_thread(calls_on_and_on, 0, 1 << 1);
	ready = true;
	for (; closed < CLOSED; closed++) {
		uint64_t endpoint;
		assert_int_equal(user_call(SYSCALL_endpoint_create, 0, 0, 0, &endpoint), STATUS_OK);
		assert_int_equal(user_call(SYSCALL_handle_close, endpoint, 0, 0, NULL), STATUS_OK);
	}
	over = true;
	assert_int_equal(user_join(other, NULL), STATUS_OK);
	user_exit(0);
}

static bool waits_for_periods(void)
{
	const struct thread *thread = thread_find((uint32_t)closer);
	return thread->state == THREAD_BLOCKED && thread->blocked_for == SWITCH_RCU;
}

/* CPU 1 has entered the kernel, and does not get on there. */
static void stop_in_kernel(void)
{
	for (unsigned i = 0; !ready || sim_state(1) != SIM_USER; i++) {
		assert_true(i < 1000);
		user_continue(i, 1);
	}
	user_step(1);
	assert_int_equal(sim_state(1), SIM_KERNEL);
	sim_cpus[1].state = SIM_OFF;
}

static void test_waits_until_periods_end(void)
{
	sim_start(2, RAM);
	user_boot(closes, "");
	stop_in_kernel();
	while (sim_state(0) == SIM_USER) {
		assert_false(waits_for_periods());
		user_step(0);
		sim_run();
	}
	unsigned closed_then = closed;
	uint64_t completed = rcu_completed(), waiting = rcu_waiting();
	assert_int_equal(sim_state(0), SIM_IDLE);
	assert_true(waits_for_periods());
	assert_true(closed_then > 0 && closed_then < CLOSED);
	assert_in_range(waiting, PILE + 1, PILE + MORE_AT_ONCE);

	for (unsigned i = 0; i < 100; i++) {
		sim_clock_advance(SIM_HZ);
		sim_run();
		assert_true(waits_for_periods());
	}
	assert_int_equal(closed, closed_then);
	assert_int_equal(rcu_completed(), completed);
	assert_int_equal(rcu_waiting(), waiting);

	sim_cpus[1].state = SIM_KERNEL;
	sim_run();
	assert_int_equal(sim_state(0), SIM_USER);
	assert_true(rcu_completed() > completed && rcu_waiting() <= PILE);
	user_continue(1, 100000);
	assert_int_equal(closed, CLOSED);
	assert_int_equal(descriptor.verdict, VERDICT_FINISHED);
	assert_int_equal(descriptor.exit_status, 0);
}

/* Who is to end does not wait for periods first. */
static void test_killed_while_it_waits(void)
{
	sim_start(2, RAM);
	user_boot(closes, "");
	stop_in_kernel();
	while (sim_state(0) == SIM_USER) {
		user_step(0);
		sim_run();
	}
	assert_true(waits_for_periods());
	sim_cpu_set(0);
	process_end(thread_find((uint32_t)closer)->aspace, 7, false);
	assert_false(waits_for_periods());
	sim_cpus[1].state = SIM_KERNEL;
	user_continue(1, 100000);
	assert_int_equal(descriptor.verdict, VERDICT_FINISHED);
	assert_int_equal((int64_t)descriptor.exit_status, 7);
}

static const struct sim_test tests[] = {
	{"waits_until_periods_end", test_waits_until_periods_end},
	{"killed_while_it_waits", test_killed_while_it_waits},
};

int main(void)
{
	return sim_test_main("pile", tests, ARRAY_LENGTH(tests));
}
