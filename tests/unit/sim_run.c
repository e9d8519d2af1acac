/*
 * Simulated CPUs that run: each is a coroutine with its own stack, and the test is the scheduler of them all.
 *
 * Teaches: a kernel that never sleeps gives up the CPU in three places only: entering user mode, idling, and spinning. These
 * are where a coroutine yields, so a whole multiprocessor kernel runs in one host thread, the same way every time.
 * Who calls: the unit tests (sim.h), arch_sim.c where a CPU waits. Whom it calls: kernel_main(), kernel_secondary(),
 * kernel_trap().
 * The invariant: only the test's own context resumes a coroutine, and a coroutine yields only to the test.
 */
#include "sim_machine.h"
#include "boot/boot_lock.h"
#include "boot/starting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cpu.h"
#include "core/panic.h"
#include "mm/page.h"

#define ROUNDS_MAX 20000000 /* more rounds of all CPUs than that and they wait for each other */

static jmp_buf *catcher; /* of sim_catch() */
static struct boot_info boot;

bool sim_in_coroutine(void)
{
	return sim_fiber_runs();
}

void sim_yield(enum sim_state state)
{
	sim_cpus[sim_current].state = state;
	sim_fiber_yield();
}

static void resume(unsigned index)
{
	unsigned before = sim_current;
	sim_current = index;
	sim_fiber_resume(&sim_cpus[index].fiber);
	sim_current = before;
}

void sim_leave(void)
{
	if (!sim_fiber_runs()) {
		if (!catcher) {
			fprintf(stderr, "the machine ended outside sim_catch(); its console:\n%s\n", sim_console());
			abort();
		}
		longjmp(*catcher, 1);
	}
	for (;;)
		sim_yield(SIM_STOPPED);
}

bool sim_catch(void (*body)(void *argument), void *argument)
{
	jmp_buf here;
	jmp_buf *outer = catcher;
	catcher = &here;
	bool left = setjmp(here) != 0;
	if (!left)
		body(argument);
	catcher = outer;
	return left;
}

/* What a machine does for a CPU that starts before it calls the kernel: see boot_lock.h. */
static void take_boot_lock(struct cpu *cpu)
{
	cpu->entry_ticks = arch_time_now();
	if (cpu->fails == CPU_FAILS_BEFORE_LOCK)
		arch_cpu_halt();
	while (!boot_lock_take_within(0))
		arch_cpu_relax();
	cpu->lock_ticks = arch_time_now();
}

/* A CPU's whole life: boot, then one trap from user mode after the other. The kernel stack is empty at each of them. */
static void cpu_life(void)
{
	struct sim_cpu *cpu = &sim_cpus[sim_current];
	if (!setjmp(cpu->user_entry)) {
		cpu->irqs_on = false;
		if (sim_current == 0)
			kernel_main(&boot);
		take_boot_lock(&cpus[sim_current]);
		kernel_secondary(&cpus[sim_current]);
	}
	for (;;) {
		cpu->irqs_on = true;
		sim_yield(SIM_USER);
		cpu->irqs_on = false;
		cpu->frame = kernel_trap(cpu->frame);
	}
}

static void start(unsigned index)
{
	sim_cpus[index].state = SIM_KERNEL;
	sim_fiber_start(&sim_cpus[index].fiber, cpu_life);
}

enum status arch_cpu_start(struct cpu *cpu)
{
	struct sim_cpu *target = &sim_cpus[cpu->index];
	ASSERT(start_state((unsigned)(cpu - cpus)) == CPU_STARTING);
	if (target->missing)
		return STATUS_NOT_FOUND;
	if (!target->silent)
		start(cpu->index);
	return STATUS_OK;
}

/* Nothing was borrowed: a CPU that never came has no coroutine. */
void arch_cpu_start_end(void)
{
}

/* ---- the scheduler of coroutines ---- */

enum sim_state sim_state(unsigned cpu)
{
	return sim_cpus[cpu].state;
}

void sim_cpu_break(unsigned cpu, bool silent)
{
	sim_cpus[cpu].missing = !silent;
	sim_cpus[cpu].silent = silent;
}

void sim_cpu_come(unsigned cpu, unsigned rounds)
{
	start(cpu);
	sim_cpus[cpu].stall = rounds;
}

/* Lets one CPU go on as far as it can; false if it has nothing to do. */
static bool step(unsigned index)
{
	struct sim_cpu *cpu = &sim_cpus[index];
	bool pending = sim_irq_pending(index);
	switch (cpu->state) {
	case SIM_KERNEL:
		if (cpu->stall) {
			cpu->stall--;
			return true;
		}
		break;
	case SIM_IDLE:
		if (!pending)
			return false;
		break;
	case SIM_USER:
		if (!pending)
			return false;
		sim_irq_trap(index, true, &cpu->frame->trap);
		break;
	default:
		return false;
	}
	resume(index);
	return true;
}

void sim_run(void)
{
	bool ran = true;
	for (uint64_t rounds = 0; ran && sim_end() == SIM_RUNS; rounds++) {
		ran = false;
		for (unsigned i = 0; i < MAX_CPUS && sim_end() == SIM_RUNS; i++)
			ran |= step(i);
		if (rounds == ROUNDS_MAX) {
			fprintf(stderr, "simulated CPUs wait for each other; the console:\n%s\n", sim_console());
			abort();
		}
	}
}

/* An interrupt of a bare CPU runs on the stack of whoever waits for it. */
static void take_bare_irqs(unsigned index)
{
	unsigned before = sim_current;
	sim_current = index;
	if (sim_cpus[index].irqs_on && sim_irq_pending(index))
		sim_take_irqs();
	sim_current = before;
}

void sim_run_others(void)
{
	static unsigned rounds;
	if (++rounds > ROUNDS_MAX)
		abort();
	for (unsigned i = 0; i < MAX_CPUS; i++) {
		if (i == sim_current)
			continue;
		if (sim_cpus[i].state == SIM_BARE)
			take_bare_irqs(i);
		else
			step(i);
	}
}

bool sim_skip_to_timer(void)
{
	uint64_t first = UINT64_MAX;
	for (unsigned i = 0; i < MAX_CPUS; i++)
		if (sim_cpus[i].state != SIM_BARE && sim_cpus[i].state != SIM_OFF)
			first = min_u64(first, sim_cpus[i].timer_when);
	if (first == UINT64_MAX)
		return false;
	if (first > sim_clock())
		sim_clock_advance(first - sim_clock());
	sim_run();
	return true;
}

/* ---- boot ---- */

void sim_start_with_pages(unsigned cpu_count, uint64_t ram_bytes)
{
	sim_start(cpu_count, ram_bytes);
	boot = (struct boot_info){.ram_ranges = 1, .ram = {{paddr(SIM_RAM_BASE), ram_bytes}}};
	page_init(&boot);
}

void sim_boot(const char *command_line, const void *archive, uint64_t archive_bytes)
{
	struct paddr place = paddr(SIM_RAM_BASE + 2 * MIB);
	boot = (struct boot_info){.machine = "sim", .elf_machine = SIM_ELF_MACHINE, .command_line = command_line};
	boot.cpus = cpus_present;
	boot.ram_ranges = 1;
	boot.ram[0] = (struct boot_range){paddr(SIM_RAM_BASE), sim_ram_bytes()};
	if (archive_bytes) {
		memcpy(arch_phys_to_virt(place), archive, archive_bytes);
		boot.archive = (struct boot_range){place, archive_bytes};
		boot.reserved_ranges = 1;
		boot.reserved[0] = (struct boot_range){place, round_up(archive_bytes, PAGE_BYTES)};
	}
	for (unsigned i = 0; i < boot.cpus; i++) {
		boot.cpu_hw_id[i] = i;
		sim_cpus[i].state = SIM_OFF;
		cpus[i] = (struct cpu){0};
	}
	cpu_prepare(0, 0);
	start(0);
	sim_run();
}

/* ---- user mode ---- */

struct trap_frame *sim_user_frame(unsigned cpu)
{
	return sim_cpus[cpu].state == SIM_USER ? sim_cpus[cpu].frame : NULL;
}

void sim_user_post(unsigned cpu, const struct trap *trap)
{
	if (sim_cpus[cpu].state != SIM_USER)
		abort();
	sim_cpus[cpu].frame->trap = *trap;
	sim_cpus[cpu].frame->trap.from_user = true;
	sim_cpus[cpu].state = SIM_KERNEL; /* it goes on with the trap as soon as it runs */
}

void sim_user_syscall(unsigned cpu, uint64_t number, const uint64_t arguments[5])
{
	struct trap_frame *frame = sim_user_frame(cpu);
	if (!frame)
		abort();
	frame->number = number;
	for (unsigned i = 0; i < 5; i++)
		frame->arguments[i] = arguments[i];
	sim_user_post(cpu, &(struct trap){.kind = TRAP_SYSCALL});
}

bool sim_user_try(unsigned cpu, struct vaddr va, enum access access, uint64_t *value)
{
	enum sim_answer answer = sim_mmu_access(cpu, va, access, value);
	if (answer == SIM_ACCESS_OK)
		return true;
	sim_user_post(cpu, &(struct trap){.kind = TRAP_FAULT,
					  .va = va,
					  .access = access,
					  .segment = answer == SIM_ACCESS_SEGMENT,
					  .protection = answer == SIM_ACCESS_FORBIDDEN,
					  .raw = answer});
	return false;
}

void sim_settle(void)
{
	unsigned before = sim_current;
	for (unsigned i = 0; rcu_waiting() > 0; i++) {
		sim_current = i % cpus_present;
		bool irqs = sim_cpus[sim_current].irqs_on;
		sim_cpus[sim_current].irqs_on = false;
		rcu_quiescent(QUIESCENT_IDLE);
		sim_cpus[sim_current].irqs_on = irqs;
	}
	sim_current = before;
	rcu_check();
}

uint64_t sim_free_pages(void)
{
	sim_settle();
	return page_free_count();
}
