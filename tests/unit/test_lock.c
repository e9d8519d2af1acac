/*
 * Spinlocks: the order is kept or the kernel stops, and interrupts are off exactly while one is held.
 *
 * Teaches: a deadlock that depends on timing is found without the timing, by checking the order at every lock.
 */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/lock.h"
#include "sched/sched.h"

static struct spinlock outer = SPINLOCK(LOCK_ASPACE);
static struct spinlock inner = SPINLOCK(LOCK_OBJECT);
static struct spinlock innermost = SPINLOCK(LOCK_CONSOLE);
static struct spinlock same_level = SPINLOCK(LOCK_OBJECT);

static void take(void *lock)
{
	spin_lock(lock);
}

static void give(void *lock)
{
	spin_unlock(lock);
}

static void assert_panics(void (*body)(void *lock), void *lock)
{
	assert_true(sim_catch(body, lock));
	assert_int_equal(sim_end(), SIM_ENDED_BADLY);
	assert_non_null(strstr(sim_console(), "PANIC"));
}

static void test_nesting(void)
{
	sim_start(2, MIB);
	for (unsigned round = 0; round < 3; round++) {
		assert_true(arch_irq_enabled());
		spin_lock(&outer);
		assert_false(arch_irq_enabled());
		spin_lock(&inner);
		spin_lock(&innermost);
		assert_true(spin_held(&outer) && spin_held(&inner) && spin_held(&innermost));
		assert_int_equal(arch_cpu()->lock_level, LOCK_CONSOLE);
		sim_cpu_set(1);
		assert_false(spin_held(&outer));
		assert_int_equal(arch_cpu()->lock_level, LOCK_NONE);
		sim_cpu_set(0);
		spin_unlock(&innermost);
		spin_unlock(&inner);
		assert_int_equal(arch_cpu()->lock_level, LOCK_ASPACE);
		assert_false(arch_irq_enabled());
		spin_unlock(&outer);
		assert_true(arch_irq_enabled());
		assert_int_equal(arch_cpu()->lock_level, LOCK_NONE);
	}
}

static void test_irqs_stay_off(void)
{
	sim_start(1, MIB);
	arch_irq_save();
	spin_lock(&inner);
	spin_unlock(&inner);
	assert_false(arch_irq_enabled());
}

/* An interrupt that becomes due while a lock is held waits until the last one is given back. */
static void test_interrupt_waits(void)
{
	sim_start(1, MIB);
	timer_init(UINT64_MAX);
	spin_lock(&outer);
	spin_lock(&inner);
	arch_timer_set(arch_time_now());
	uint64_t events = sim_events_count(40);
	spin_unlock(&inner);
	assert_int_equal(sim_events_count(40), events);
	assert_int_not_equal(sim_timer(0), UINT64_MAX);
	spin_unlock(&outer);
	assert_int_equal(sim_events_count(40), events + 1);
	assert_int_equal(sim_timer(0), UINT64_MAX);
}

static void test_wrong_order_panics(void)
{
	sim_start(1, MIB);
	spin_lock(&inner);
	assert_panics(take, &outer);
}

static void test_same_level_panics(void)
{
	sim_start(1, MIB);
	spin_lock(&inner);
	assert_panics(take, &same_level);
}

static void test_double_take_panics(void)
{
	sim_start(1, MIB);
	spin_lock(&inner);
	assert_panics(take, &inner);
}

static void test_unlock_of_free_panics(void)
{
	sim_start(1, MIB);
	assert_panics(give, &inner);
}

static void test_unlock_of_others_panics(void)
{
	sim_start(2, MIB);
	spin_lock(&inner);
	sim_cpu_set(1);
	assert_panics(give, &inner);
}

static void test_unlock_out_of_order_panics(void)
{
	sim_start(1, MIB);
	spin_lock(&outer);
	spin_lock(&inner);
	assert_panics(give, &outer);
}

/*
 * Every pair of levels: allowed exactly if the second is further in. Each attempt is one of its own, since a panic ends the
 * kernel.
 */
static void test_every_pair(void)
{
	sim_start(1, MIB);
	for (unsigned first = LOCK_THREADS; first <= LOCK_CONSOLE; first++)
		for (unsigned second = first + 1; second <= LOCK_CONSOLE; second++) {
			struct spinlock a = SPINLOCK((uint8_t)first), b = SPINLOCK((uint8_t)second);
			spin_lock(&a);
			spin_lock(&b);
			spin_unlock(&b);
			spin_unlock(&a);
		}
}

/* CPU 1 holds the lock; an interrupt that CPU 0 lets it take while it spins gives it back. */
static void give_back_on_cpu_1(void)
{
	sim_cpu_set(1);
	spin_unlock(&inner);
	sim_cpu_set(0);
}

static void test_contention(void)
{
	sim_start(2, MIB);
	sim_cpu_set(1);
	spin_lock(&inner);
	sim_cpu_set(0);
	sim_relax_calls(give_back_on_cpu_1);
	spin_lock(&inner);
	assert_true(spin_held(&inner));
	assert_int_equal(sim_events_count(112), 1);
	spin_unlock(&inner);
}

static const struct sim_test tests[] = {
	{"nesting", test_nesting},
	{"irqs_stay_off", test_irqs_stay_off},
	{"interrupt_waits", test_interrupt_waits},
	{"wrong_order_panics", test_wrong_order_panics},
	{"same_level_panics", test_same_level_panics},
	{"double_take_panics", test_double_take_panics},
	{"unlock_of_free_panics", test_unlock_of_free_panics},
	{"unlock_of_others_panics", test_unlock_of_others_panics},
	{"unlock_out_of_order_panics", test_unlock_out_of_order_panics},
	{"every_pair", test_every_pair},
	{"contention", test_contention},
};

int main(void)
{
	return sim_test_main("lock", tests, ARRAY_LENGTH(tests));
}
