/*
 * CPUs that do not come up as they should, on a whole kernel: late at any moment, broken at any place, with a clock of their own.
 *
 * Teaches: a boot that waits for others has to end without them. Whatever a CPU does, the others run the program, the information page
 * lists exactly those who do, and who was left out stands still.
 */
#include "sim_user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/information.h"
#include "boot/starting.h"
#include "core/cpu.h"
#include "core/end.h"

#define RAM (32 * MIB)
#define LATE 2            /* the CPU that is late */
#define LOOKS_IN_TIME 200 /* CPU 0 looks so often, every 10 ms, until it gives up */

static bool over;

static void yields_until_over(uint64_t argument)
{
	(void)argument;
	while (!over)
		(void)!user_call(SYSCALL_thread_yield, 0, 0, 0, NULL);
	user_exit(0);
}

static void ends_at_once(uint64_t argument)
{
	(void)argument;
	user_exit(0);
}

/* Those and only those are listed that are online; the others never got to the scheduler. */
static void check_page(unsigned online)
{
	unsigned count = 0;
	assert_int_equal(information.page->stage, STAGE_FINISHED);
	assert_int_equal(information_check(&information), PART_NONE);
	for (unsigned i = 0; i < cpus_present; i++) {
		assert_int_equal(information.page->cpu[i].flags != 0, cpus[i].online);
		count += cpus[i].online;
		if (!cpus[i].online)
			assert_true(sim_state(i) == SIM_STOPPED || sim_state(i) == SIM_OFF);
	}
	assert_int_equal(count, online);
	assert_int_equal(information.page->cpus_online, online);
	assert_int_equal(descriptor.cpus_online, online);
}

/* ---- late ---- */

/* It comes when CPU 0 has looked for it so often: in time, too late, or while CPU 0 decides and writes down who is there. */
static void run_late(unsigned seed, const void *what)
{
	unsigned looks = LOOKS_IN_TIME - 2 + seed % 5, chance = seed;
	(void)what;
	sim_start(3, RAM);
	sim_cpu_break(LATE, true);
	sim_interleave(seed);
	user_boot(yields_until_over, "");
	for (unsigned i = 0; i < looks; i++)
		(void)sim_skip_to_timer();
	sim_cpu_come(LATE, (unsigned)rand_r(&chance) % 400);
	user_continue(seed, 100);
	check_page(cpus[LATE].online ? 3 : 2);
	assert_int_equal(strstr(sim_console(), "CPU 2 (0x2) is left out: it never reported") == NULL, cpus[LATE].online);
	over = true;
	user_continue(seed, 10000);
	assert_int_equal(descriptor.verdict, VERDICT_FINISHED);
}

static void test_late(void)
{
	sim_every_seed(60, run_late, NULL);
}

/* After all is over: it finds that it is left out, and neither writes anything nor goes on. */
static void test_very_late(void)
{
	static struct information before;
	sim_start(3, RAM);
	sim_cpu_break(LATE, true);
	user_boot(yields_until_over, "");
	for (unsigned i = 0; i < LOOKS_IN_TIME + 2; i++)
		(void)sim_skip_to_timer();
	user_continue(1, 10);
	check_page(2);
	before = *information.page;
	size_t said = strlen(sim_console());
	sim_cpu_come(LATE, 0);
	user_continue(1, 100);
	assert_int_equal(sim_state(LATE), SIM_STOPPED);
	assert_memory_equal(information.page, &before, sizeof(before));
	assert_int_equal(strlen(sim_console()), said);
	check_page(2);
}

/* ---- broken ---- */

static const char *boot_with(const char *words, unsigned online)
{
	sim_start(3, RAM);
	user_run(ends_at_once, words, 1);
	assert_int_equal(descriptor.verdict, VERDICT_FINISHED);
	check_page(online);
	return sim_console();
}

static void assert_left_out(const char *console, const char *why)
{
	const char *left_out = strstr(console, why), *count = strstr(console, "2 of 3 CPUs");
	assert_true(left_out && count && left_out < count); /* first who is missing, then how many there are */
}

static void test_before(void)
{
	assert_left_out(boot_with("broken_cpu=1", 2), "CPU 1 (0x1) is left out: it never reported");
}

static void test_holding(void)
{
	assert_left_out(boot_with("broken_cpu=1 broken_at=holding", 2), "CPU 1 (0x1) is left out: it never reported");
}

static void test_after(void)
{
	assert_left_out(boot_with("broken_cpu=1 broken_at=after", 2), "CPU 1 (0x1) is left out: it never reported");
}

/* The last one keeps boot_lock: nobody waits for it here, but CPU 0 has to notice, and go on. */
static void test_keeping(void)
{
	const char *console = boot_with("broken_cpu=2 broken_at=keeping", 2);
	assert_left_out(console, "CPU 2 (0x2) is left out: it never reported");
	assert_left_out(console, "boot_lock is not given back by CPU 2, and no other CPU can come");
}

static void test_wrong_clock(void)
{
	assert_left_out(boot_with("wrong_clock=1", 2), "CPU 1 (0x1) is left out: its clock is not in step with CPU 0's");
}

/* ---- slow ---- */

/* It comes just as CPU 0 gives up on it: whoever is first decides. */
static void test_slow_before(void)
{
	assert_null(strstr(boot_with("slow_cpu=1 slow_at=before", 3), "is left out"));
	assert_true(arch_time_now() > arch_time_hz() / 1000 * CPU_START_MS); /* CPU 0 had no patience any more */
}

static void test_slow_after(void)
{
	assert_left_out(boot_with("slow_cpu=1", 2), "CPU 1 (0x1) is left out: it never reported");
	assert_int_equal(sim_state(1), SIM_STOPPED);
}

/* ---- words that say nothing ---- */

static void test_unused(void)
{
	const char *console = boot_with("broken_cpu=3 broken_at=before wrong_clock=0", 3);
	assert_non_null(strstr(console, "broken_cpu=3 is not used"));
	assert_non_null(strstr(console, "broken_at=before is not used: no CPU is broken"));
	assert_non_null(strstr(console, "wrong_clock=0 is not used"));
}

static void test_no_place(void)
{
	const char *console = boot_with("broken_cpu=1 broken_at=sideways wrong_clock=1", 2);
	assert_non_null(strstr(console, "broken_at=sideways is not used: the places are"));
	assert_non_null(strstr(console, "wrong_clock=1 is not used: that CPU is broken"));
	assert_left_out(console, "CPU 1 (0x1) is left out: it never reported");
}

static void test_slow_unused(void)
{
	const char *console = boot_with("slow_cpu=1 slow_at=after broken_cpu=1", 2);
	assert_non_null(strstr(console, "slow_cpu=1 is not used: that CPU is broken"));
	assert_non_null(strstr(console, "slow_at=after is not used: no CPU is slow"));
}

static void test_slow_at_no_place(void)
{
	const char *console = boot_with("slow_cpu=2 slow_at=noon", 2);
	assert_non_null(
		strstr(console, "slow_at=noon is not used: a CPU comes before CPU 0 gives up on it, or after; it is after"));
	assert_left_out(console, "CPU 2 (0x2) is left out: it never reported");
}

static void test_no_number(void)
{
	assert_non_null(strstr(boot_with("broken_cpu=two", 3), "broken_cpu=two is no number"));
}

/* Why a run is refused is said by the status's name. */
static void test_refused(void)
{
	sim_start(2, RAM);
	sim_boot("program=other ring=16", NULL, 0);
	assert_non_null(strstr(sim_console(), "program 'other' cannot be started: NOT_FOUND\n"));
}

static const struct sim_test tests[] = {
	{"late", test_late},
	{"very_late", test_very_late},
	{"before", test_before},
	{"holding", test_holding},
	{"after", test_after},
	{"keeping", test_keeping},
	{"unused", test_unused},
	{"wrong_clock", test_wrong_clock},
	{"no_place", test_no_place},
	{"refused", test_refused},
	{"no_number", test_no_number},
	{"slow_before", test_slow_before},
	{"slow_after", test_slow_after},
	{"slow_unused", test_slow_unused},
	{"slow_at_no_place", test_slow_at_no_place},
};

int main(void)
{
	return sim_test_main("boot_cpus", tests, ARRAY_LENGTH(tests));
}
