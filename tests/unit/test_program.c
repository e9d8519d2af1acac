/*
 * Whole programs on a whole kernel: boot, threads, faults, ends, on one to eight simulated CPUs.
 *
 * Teaches: what a program may rely on, told as programs. Each test is a program of a few lines; the machine's end and the
 * verdict in the debug descriptor are what it is judged by.
 */
#include "sim_user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/end.h"
#include "core/string.h"
#include "mm/page.h"
#include "mm/segment.h"
#include "sched/sched.h"

#define RAM (64 * MIB)
#define RW (RIGHTS_READ | RIGHTS_WRITE)

static uint64_t results[64];

static void assert_verdict(enum verdict verdict, int64_t status)
{
	if (descriptor.verdict != verdict || (int64_t)descriptor.exit_status != status)
		fail_msg("verdict %u, status %d; the console:\n%s", (unsigned)descriptor.verdict, (int)descriptor.exit_status,
			 sim_console());
	assert_int_equal(sim_end(), verdict == VERDICT_FINISHED && status == 0 ? SIM_ENDED_WELL : SIM_ENDED_BADLY);
}

static uint64_t map(uint64_t bytes, unsigned rights)
{
	uint64_t address = 0;
	assert_int_equal(user_call(SYSCALL_vm_map, 0, bytes, rights, &address), STATUS_OK);
	return address;
}

/* ---- one thread ---- */

static void program_exits(uint64_t argument)
{
	(void)argument;
	user_exit(5);
}

static void test_exit_status(void)
{
	sim_start(1, RAM);
	user_run(program_exits, "", 1);
	assert_verdict(VERDICT_FINISHED, 5);
	assert_non_null(strstr(sim_console(), "1 of 1 CPUs"));
}

static void program_returns(uint64_t argument)
{
	(void)argument;
}

static void test_cpus(void)
{
	sim_start(8, RAM);
	user_run(program_returns, "", 1);
	assert_verdict(VERDICT_FINISHED, 0);
	assert_int_equal(descriptor.cpus_online, 8);
}

static void program_memory(uint64_t argument)
{
	uint64_t memory = map(300 * PAGE_BYTES, RW);
	(void)argument;
	for (uint64_t i = 0; i < 300; i++)
		assert_int_equal(user_load(memory + i * PAGE_BYTES), 0);
	for (uint64_t i = 0; i < 300; i++)
		user_store(memory + i * PAGE_BYTES + 8, i + 1);
	assert_int_equal(user_call(SYSCALL_vm_forget, 0, 0, 0, NULL), STATUS_OK);
	for (uint64_t i = 0; i < 300; i++)
		assert_int_equal(user_load(memory + i * PAGE_BYTES + 8), i + 1);
	sim_mmu_forget_all();
	for (uint64_t i = 0; i < 300; i++)
		assert_int_equal(user_load(memory + i * PAGE_BYTES + 8), i + 1);
	assert_int_equal(user_call(SYSCALL_vm_unmap, memory, 300 * PAGE_BYTES, 0, NULL), STATUS_OK);
	assert_int_equal(user_load(user_entry(program_memory) & ~(PAGE_BYTES - 1)), UINT64_C(0x9090909090909090));
}

static void test_memory(void)
{
	sim_start(1, RAM);
	user_run(program_memory, "", 1);
	assert_verdict(VERDICT_FINISHED, 0);
}

static void test_memory_with_segments(void)
{
	sim_start(2, RAM);
	sim_mmu_choose(&sim_hash_ops, true);
	user_run(program_memory, "", 1);
	assert_verdict(VERDICT_FINISHED, 0);
}

static void test_memory_in_a_tree(void)
{
	sim_start(2, RAM);
	sim_mmu_choose(&sim_tree_ops, false);
	user_run(program_memory, "", 1);
	assert_verdict(VERDICT_FINISHED, 0);
}

/* ---- illegal acts: the thread is killed, the system lives ---- */

static uint64_t read_only_page, stack_bottom;

static void crash_null(uint64_t argument)
{
	(void)argument;
	user_load(8);
}

static void crash_kernel(uint64_t argument)
{
	(void)argument;
	user_store(UINT64_C(0xffff800000000000), 1);
}

static void crash_unmapped(uint64_t argument)
{
	(void)argument;
	user_load(17 * TIB);
}

static void crash_rights(uint64_t argument)
{
	(void)argument;
	user_load(read_only_page);
	user_store(read_only_page, 1);
}

static void crash_execute(uint64_t argument)
{
	(void)argument;
	user_fetch(read_only_page);
}

static void crash_text_write(uint64_t argument)
{
	(void)argument;
	user_store(user_entry(crash_null), 1);
}

static void crash_stack(uint64_t argument)
{
	(void)argument;
	user_store(stack_bottom - 8, 1);
}

static void crash_illegal(uint64_t argument)
{
	(void)argument;
	user_trap(TRAP_ILLEGAL);
}

static void crash_privileged(uint64_t argument)
{
	(void)argument;
	user_trap(TRAP_PRIVILEGED);
}

static void crash_divide(uint64_t argument)
{
	(void)argument;
	user_trap(TRAP_DIVIDE);
}

static void crash_alignment(uint64_t argument)
{
	(void)argument;
	user_trap(TRAP_ALIGNMENT);
}

static void crash_breakpoint(uint64_t argument)
{
	(void)argument;
	user_trap(TRAP_BREAKPOINT);
}

static void crash_machine(uint64_t argument)
{
	(void)argument;
	user_trap(TRAP_MACHINE);
}

static const struct {
	user_code *code;
	enum crash_cause cause;
} crashes[] = {
	{crash_null, CAUSE_NULL_PAGE},  {crash_kernel, CAUSE_KERNEL_ADDRESS}, {crash_unmapped, CAUSE_NOT_MAPPED},
	{crash_rights, CAUSE_NO_RIGHT}, {crash_execute, CAUSE_NO_RIGHT},      {crash_text_write, CAUSE_NO_RIGHT},
	{crash_stack, CAUSE_GUARD},     {crash_illegal, CAUSE_ILLEGAL},       {crash_privileged, CAUSE_PRIVILEGED},
	{crash_divide, CAUSE_DIVIDE},   {crash_alignment, CAUSE_ALIGNMENT},   {crash_breakpoint, CAUSE_BREAKPOINT},
	{crash_machine, CAUSE_MACHINE},
};

static void program_crashes(uint64_t argument)
{
	(void)argument;
	read_only_page = map(PAGE_BYTES, RIGHTS_READ);
	for (unsigned i = 0; i < ARRAY_LENGTH(crashes); i++) {
		/* The first thread's stack is slot 0; the next one takes slot 1, again and again. */
		stack_bottom = stack_start(1);
		uint32_t id = user_thread(crashes[i].code, 0, UINT64_MAX);
		int64_t status = 0;
		assert_int_not_equal(id, 0);
		assert_int_equal(user_join(id, &status), STATUS_CRASHED);
		results[i] = 1;
	}
}

/* The causes of all crashes, in order of time, as the trace has them. */
static void assert_crash_events(void)
{
	unsigned found = 0;
	for (unsigned cpu = 0; cpu < cpus_present; cpu++)
		for (uint64_t n = 0; n < cpus[cpu].trace.head; n++) {
			const uint64_t *slot = sim_event(cpu, n);
			if (!slot || TRACE_ID(slot[1]) != 24)
				continue;
			unsigned seen = 0;
			for (unsigned i = 0; i < ARRAY_LENGTH(crashes); i++)
				seen += crashes[i].cause == slot[3];
			assert_true(seen > 0);
			found++;
		}
	assert_int_equal(found, ARRAY_LENGTH(crashes));
}

static void test_crashes(void)
{
	sim_start(2, RAM);
	user_run(program_crashes, "ring=256", 1);
	assert_verdict(VERDICT_FINISHED, 0);
	for (unsigned i = 0; i < ARRAY_LENGTH(crashes); i++)
		assert_int_equal(results[i], 1);
	assert_crash_events();
	const char *text = sim_console();
	static const char *const said[] = {"first page is never mapped",
					   "address is the kernel's",
					   "nothing is mapped",
					   "overflowed",
					   "mapping does not allow",
					   "does not exist",
					   "only the kernel",
					   "division",
					   "misaligned",
					   "breakpoint"};
	for (unsigned i = 0; i < ARRAY_LENGTH(said); i++)
		assert_non_null(strstr(text, said[i]));
}

static void test_last_thread_crashes(void)
{
	sim_start(2, RAM);
	user_run(crash_null, "", 1);
	assert_int_equal(descriptor.verdict, VERDICT_CRASHED);
	assert_non_null(strstr(sim_console(), "CRASHED thread 1 (main): load from 0x8"));
}

/* ---- ends ---- */

static void waits_for_main(uint64_t argument)
{
	(void)!user_join((uint32_t)argument, NULL);
}

static void program_deadlocks(uint64_t argument)
{
	(void)argument;
	uint32_t other = user_thread(waits_for_main, 1, UINT64_MAX);
	results[0] = user_join(other, NULL);
}

static void test_circle_of_joins(void)
{
	sim_start(2, RAM);
	user_run(program_deadlocks, "", 1);
	assert_int_equal(descriptor.verdict, VERDICT_DEADLOCK);
}

static void spins(uint64_t argument)
{
	(void)argument;
	for (;;)
		user_compute(100);
}

static void test_budget(void)
{
	sim_start(2, RAM);
	user_run(spins, "budget=5000000", 1);
	assert_int_equal(descriptor.verdict, VERDICT_BUDGET);
}

static void sleeps_long(uint64_t argument)
{
	(void)argument;
	(void)!user_call(SYSCALL_thread_sleep, UINT64_C(3600000000000), 0, 0, NULL);
}

static void program_exits_all(uint64_t argument)
{
	(void)argument;
	user_thread(spins, 0, UINT64_MAX);
	user_thread(sleeps_long, 0, UINT64_MAX);
	user_thread(waits_for_main, 1, UINT64_MAX);
	user_compute(10000);
	(void)!user_call(SYSCALL_process_exit, 9, 0, 0, NULL);
}

static void test_process_exit(void)
{
	sim_start(3, RAM);
	user_run(program_exits_all, "", 1);
	assert_verdict(VERDICT_FINISHED, 9);
}

/* A thread that never enters the kernel, on a CPU of its own without a timer, has to be told. */
static void program_ends_spinner(uint64_t argument)
{
	(void)argument;
	user_thread(spins, 0, 2);
	assert_int_equal(user_call(SYSCALL_thread_affinity, 0, 1, 0, NULL), STATUS_OK);
	for (unsigned i = 0; i < 50; i++)
		user_compute(1000);
	(void)!user_call(SYSCALL_process_exit, 3, 0, 0, NULL);
}

static void test_process_exit_reaches_spinner(void)
{
	sim_start(2, RAM);
	user_run(program_ends_spinner, "", 1);
	assert_verdict(VERDICT_FINISHED, 3);
}

/* ---- boot ---- */

static void test_broken_cpus_are_left_out(void)
{
	sim_start(4, RAM);
	sim_cpu_break(1, false);
	sim_cpu_break(2, true);
	user_run(program_returns, "", 1);
	assert_verdict(VERDICT_FINISHED, 0);
	assert_int_equal(descriptor.cpus_online, 2);
	assert_int_equal(descriptor.cpus_present, 4);
	assert_non_null(strstr(sim_console(), "CPU 1 (0x1) is left out"));
	assert_non_null(strstr(sim_console(), "CPU 2 (0x2) is left out"));
}

static void test_program_not_there(void)
{
	sim_start(2, RAM);
	sim_boot("program=other ring=16", NULL, 0);
	assert_int_equal(descriptor.verdict, VERDICT_REFUSED);
	assert_int_equal(sim_end(), SIM_ENDED_BADLY);
}

static void test_bad_ring_is_no_panic(void)
{
	sim_start(1, RAM);
	sim_boot("program=other ring=3", NULL, 0);
	assert_int_equal(descriptor.verdict, VERDICT_REFUSED);
}

static const struct sim_test tests[] = {
	{"exit_status", test_exit_status},
	{"cpus", test_cpus},
	{"memory", test_memory},
	{"memory_with_segments", test_memory_with_segments},
	{"memory_in_a_tree", test_memory_in_a_tree},
	{"crashes", test_crashes},
	{"last_thread_crashes", test_last_thread_crashes},
	{"circle_of_joins", test_circle_of_joins},
	{"budget", test_budget},
	{"process_exit", test_process_exit},
	{"process_exit_reaches_spinner", test_process_exit_reaches_spinner},
	{"broken_cpus_are_left_out", test_broken_cpus_are_left_out},
	{"program_not_there", test_program_not_there},
	{"bad_ring_is_no_panic", test_bad_ring_is_no_panic},
};

int main(void)
{
	return sim_test_main("program", tests, ARRAY_LENGTH(tests));
}
