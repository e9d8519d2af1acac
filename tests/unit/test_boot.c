/*
 * The parts of the boot, each by itself: clocks and what may be concluded of them, boot_lock and the barrier, the information page.
 *
 * Teaches: what takes two or three CPUs is tested with one thread if each CPU is a coroutine, and the test says where one of them is held up: a
 * CPU that answers too late is one that stops between looking at its clock and writing down what it saw.
 */
#include "sim_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "boot/barrier.h"
#include "boot/boot_lock.h"
#include "boot/clock.h"
#include "boot/information.h"
#include "core/cpu.h"
#include "sched/sched.h"

/* ---- clocks: what one exchange tells ---- */

static void test_bounds(void)
{
	struct clock_bounds bounds = clock_bounds_none();
	assert_true(clock_in_step(&bounds)); /* nobody has said anything against it */
	clock_bounds_add(&bounds, 100, 105, 110);
	assert_int_equal(bounds.lower, -5);
	assert_int_equal(bounds.upper, 5);
	assert_true(clock_in_step(&bounds));
	clock_bounds_add(&bounds, 200, 250, 300); /* a wider one tells nothing more */
	assert_int_equal(bounds.lower, -5);
	assert_int_equal(bounds.upper, 5);
	clock_bounds_add(&bounds, 300, 302, 303);
	assert_int_equal(bounds.lower, -1);
	assert_int_equal(bounds.upper, 2);
	assert_int_equal(bounds.rounds, 3);
	clock_bounds_add(&bounds, 400, 402, 402); /* 0 is possible still */
	assert_true(clock_in_step(&bounds));
	clock_bounds_add(&bounds, 400, 403, 402); /* read later than it was answered: it is ahead */
	assert_false(clock_in_step(&bounds));
	bounds = clock_bounds_none();
	clock_bounds_add(&bounds, 400, 399, 402); /* read before it was asked: it is behind */
	assert_false(clock_in_step(&bounds));
	assert_int_equal(bounds.upper, -1);
}

/* ---- clocks: one who answers too late ---- */

#define PATIENCE 1000
#define AHEAD 1000000

static bool compared[3], answered[3];
static struct clock_bounds found[3];
static bool held_back;

static void run_fiber(unsigned cpu, void (*code)(void))
{
	sim_cpus[cpu].state = SIM_KERNEL;
	sim_fiber_start(&sim_cpus[cpu].fiber, code);
}

static void asks_both(void)
{
	for (unsigned i = 1; i < 3; i++)
		compared[i] = clock_compare(&cpus[i], PATIENCE, &found[i]);
	arch_cpu_halt();
}

static void answers_wrong(void)
{
	while (!(answered[1] = clock_answer(&cpus[1], AHEAD)) && !held_back)
		arch_cpu_relax();
	arch_cpu_halt();
}

static void answers_right(void)
{
	while (!(answered[2] = clock_answer(&cpus[2], 0)))
		arch_cpu_relax();
	arch_cpu_halt();
}

/* CPU 1 stops in the middle of its first answer, until CPU 0 has given it up and waits for CPU 2, which is in no hurry. */
static void hold_back(void)
{
	if (sim_current != 1 || held_back)
		return;
	held_back = true;
	sim_cpus[1].stall = PATIENCE + 10;
	sim_cpus[2].stall = PATIENCE + 100;
	sim_yield(SIM_KERNEL);
}

static void test_late_answer(void)
{
	sim_start(3, MIB);
	sim_time_calls(hold_back);
	run_fiber(0, asks_both);
	run_fiber(1, answers_wrong);
	run_fiber(2, answers_right);
	sim_run();
	assert_true(held_back && !compared[1] && !answered[1]);
	assert_true(compared[2] && answered[2]);
	assert_int_equal(found[1].rounds, 0);
	assert_int_equal(found[2].rounds, 16);
	if (!clock_in_step(&found[2]))
		fail_msg("CPU 2 is ahead by %ld to %ld ticks", (long)found[2].lower, (long)found[2].upper);
}

static void test_answers_in_turn(void)
{
	sim_start(3, MIB);
	run_fiber(0, asks_both);
	run_fiber(1, answers_wrong);
	run_fiber(2, answers_right);
	sim_run();
	assert_true(compared[1] && compared[2] && answered[1] && answered[2]);
	assert_false(clock_in_step(&found[1]));
	assert_true(found[1].lower <= AHEAD && found[1].upper >= AHEAD);
	assert_true(clock_in_step(&found[2]));
}

/* Nobody is asked, and nobody answers. */
static void test_nobody_is_asked(void)
{
	sim_start(3, MIB);
	for (unsigned i = 1; i < 3; i++) {
		sim_cpu_set(i);
		assert_false(clock_answer(&cpus[i], 0));
	}
}

/* ---- boot_lock and the barrier ---- */

static void test_lock(void)
{
	sim_start(1, MIB);
	assert_int_equal(boot_lock, 1); /* from the first instruction on */
	uint64_t before = sim_clock();
	assert_false(boot_lock_take_within(500));
	assert_true(sim_clock() - before >= 500 && sim_clock() - before < 600);
	boot_lock_release();
	assert_true(boot_lock_take_within(0));
	assert_false(boot_lock_take_within(0));
	sim_relax_calls(boot_lock_release); /* somebody lets go while this CPU waits */
	assert_true(boot_lock_take_within(500));
}

static unsigned calls[3];
static bool sent_away[3], passed[3];

static bool called(struct cpu *cpu)
{
	calls[cpu->index]++;
	return sent_away[cpu->index];
}

static void waits(void)
{
	unsigned cpu = sim_current;
	sim_cpus[cpu].irqs_on = false;
	passed[cpu] = barrier_wait(called);
	arch_cpu_halt();
}

static void test_barrier(void)
{
	sim_start(4, MIB);
	run_queue_init();
	timer_init(UINT64_MAX); /* those who are woken look at it */
	cpus[3].online = false;
	run_fiber(1, waits);
	run_fiber(2, waits);
	sim_run();
	assert_int_equal(sim_state(1), SIM_IDLE);
	assert_int_equal(calls[1], 1);
	barrier_wake(&cpus[1]);
	sim_run();
	assert_int_equal(sim_state(1), SIM_IDLE);
	assert_int_equal(calls[1], 2); /* whoever is woken looks, and waits on */
	assert_int_equal(calls[2], 1);
	sent_away[2] = true;
	barrier_wake(&cpus[2]);
	sim_run();
	assert_int_equal(sim_state(2), SIM_STOPPED);
	assert_false(passed[2]);
	cpus[2].online = false;
	sent_away[0] = true; /* one that wakes only when the barrier is open */
	barrier_open();
	assert_false(barrier_wait(called));
	sent_away[0] = false;
	sim_run();
	assert_int_equal(sim_state(1), SIM_STOPPED);
	assert_true(passed[1]);
	assert_int_equal(sim_ipis(2), 1); /* who is not online is not woken */
	assert_int_equal(sim_ipis(3), 0);
	assert_true(barrier_wait(called)); /* it stays open */
	assert_int_equal(calls[0], 2);
}

/* ---- the information page ---- */

static struct information page;
static struct information_build build;
static const struct boot_info machine = {
	.machine = "a machine whose name is long",
	.command_line = "program=none",
	.ram_ranges = 2,
	.ram = {{{SIM_RAM_BASE}, MIB}, {{GIB}, 64 * MIB}},
	.reserved_ranges = 1,
	.reserved = {{{SIM_RAM_BASE}, 4096}},
	.archive = {{2 * MIB}, 5000},
	.image = {{MIB}, 4096},
	.flash = {{4 * GIB}, 4 * MIB},
	.cpu_hw_id = {8, 4, 12},
};

static enum status begin(void)
{
	return information_start(&build, &machine, SIM_HZ);
}

static enum status add_first(void)
{
	return information_add_cpu(&build, &machine, 0, ~(uint64_t)FEATURE_SVM, 7);
}

static enum status add_third(void)
{
	return information_add_cpu(&build, &machine, 2, FEATURE_SVM | FEATURE_SMEP | FEATURE_NO_EXECUTE, 9);
}

static enum status finish(void)
{
	return information_finish(&build);
}

static uint16_t sum(void)
{
	uint16_t total = 0, word;
	for (size_t i = 0; i < page.length; i += sizeof(word)) {
		memcpy(&word, (const uint8_t *)&page + i, sizeof(word));
		total = (uint16_t)(total + word);
	}
	return total;
}

/* Any bit of the page that flips is noticed, and no stage comes after that; with it flipped back the next one may. */
static void damage(enum status (*next)(void))
{
	uint8_t *bytes = (uint8_t *)&page;
	assert_int_equal(sum(), 0);
	for (size_t i = 0; i < sizeof(page) * 8; i++) {
		bytes[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_int_not_equal(information_check(&build), PART_NONE);
		assert_true(information_part_text(information_check(&build))[0] != 0);
		if (next)
			assert_int_equal(next(), STATUS_INVALID);
		bytes[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	assert_int_equal(information_check(&build), PART_NONE);
}

static void test_stages(void)
{
	sim_start(1, MIB);
	build.page = &page;
	assert_int_equal(add_first(), STATUS_DENIED);
	assert_int_equal(finish(), STATUS_DENIED);
	assert_int_equal(begin(), STATUS_OK);
	assert_int_equal(begin(), STATUS_DENIED);
	assert_int_equal(finish(), STATUS_DENIED); /* without any CPU */
	damage(add_first);
	assert_int_equal(add_first(), STATUS_OK);
	assert_int_equal(add_first(), STATUS_DENIED);
	assert_int_equal(begin(), STATUS_DENIED);
	damage(add_third);
	assert_int_equal(add_third(), STATUS_OK);
	damage(finish);
	assert_int_equal(finish(), STATUS_OK);
	damage(NULL);
	assert_int_equal(begin(), STATUS_DENIED);
	assert_int_equal(information_add_cpu(&build, &machine, 1, UINT64_MAX, 7), STATUS_DENIED);
	assert_int_equal(finish(), STATUS_DENIED);
	assert_int_equal(page.stage, STAGE_FINISHED);
}

static unsigned memories_of(enum information_memory_type type, uint64_t address, uint64_t bytes)
{
	unsigned count = 0;
	for (unsigned i = 0; i < page.memories; i++)
		count += page.memory[i].type == type && page.memory[i].address == address && page.memory[i].bytes == bytes;
	return count;
}

static void test_contents(void)
{
	sim_start(1, MIB);
	build.page = &page;
	assert_int_equal(begin(), STATUS_OK);
	assert_true(page.features & FEATURE_SVM);
	assert_int_equal(page.cpus_online, 0);
	assert_int_equal(add_first(), STATUS_OK);
	assert_false(page.features & FEATURE_SVM);
	assert_true(page.features & FEATURE_SMAP);
	assert_int_equal(add_third(), STATUS_OK);
	assert_int_equal(finish(), STATUS_OK);
	assert_memory_equal(page.signature, INFORMATION_SIGNATURE, sizeof(page.signature));
	assert_int_equal(page.features, FEATURE_SMEP | FEATURE_NO_EXECUTE); /* what all of them have */
	assert_int_equal(page.clock_hz, SIM_HZ);
	assert_int_equal(page.cpus, 3); /* up to the last that is listed */
	assert_int_equal(page.cpus_online, 2);
	assert_int_equal(page.cpu[0].flags, CPU_FLAG_ONLINE | CPU_FLAG_BOOT);
	assert_int_equal(page.cpu[1].flags, 0);
	assert_int_equal(page.cpu[2].flags, CPU_FLAG_ONLINE);
	assert_int_equal(page.cpu[2].hw_id, 12);
	assert_int_equal(page.cpu[2].processor, 9);
	assert_string_equal(page.machine, "a machine whose"); /* what fits, with its end */
	assert_string_equal(page.command_line, machine.command_line);
	assert_int_equal(memories_of(MEMORY_RAM, GIB, 64 * MIB), 1);
	assert_int_equal(memories_of(MEMORY_RESERVED, SIM_RAM_BASE, 4096), 1);
	assert_int_equal(memories_of(MEMORY_KERNEL, MIB, 4096), 1);
	assert_int_equal(memories_of(MEMORY_ARCHIVE, 2 * MIB, 5000), 1);
	assert_int_equal(memories_of(MEMORY_FLASH, 4 * GIB, 4 * MIB), 1);
	assert_int_equal(memories_of(MEMORY_PAGE, arch_virt_to_phys(&page).p, PAGE_BYTES), 1);
	assert_int_equal(page.memories, 8);
}

static const struct sim_test tests[] = {
	{"bounds", test_bounds}, {"late_answer", test_late_answer}, {"answers_in_turn", test_answers_in_turn},
	{"lock", test_lock},     {"barrier", test_barrier},         {"nobody_is_asked", test_nobody_is_asked},
	{"stages", test_stages}, {"contents", test_contents},
};

int main(void)
{
	return sim_test_main("boot", tests, ARRAY_LENGTH(tests));
}
