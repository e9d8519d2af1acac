/*
 * Bringing up the CPUs.
 *
 *     CPU 0       entry .. data .. bootstrap .. started, unlock ................... barrier . clock . information . schedule
 *     any other   entry, lock when it is free .. data .. bootstrap .. unlock ...... barrier . clock ................ schedule
 *
 * Teaches: starting is done together, getting ready one by one (boot_lock), going on together again (the barrier). A CPU that does not come
 * in time is left out, and one that turns up later stops at once: whoever leaves the state STARTING first decides. Until then a CPU writes
 * only what is its own; it is CPU 0 that writes down what the others are, so a late one finds nothing it could spoil.
 * Who calls: main.c on the boot CPU; the machine's entry code on the others. Whom: starting.c for each CPU's state and its step with the lock.
 * Locks: boot_lock.
 * The invariant: a CPU is `online` only when it waits at the barrier with everything it needs, and the information page lists those.
 */
#include "boot/cpus.h"

#include <trace_emit.h>

#include "boot/barrier.h"
#include "boot/boot_lock.h"
#include "boot/clock.h"
#include "boot/information.h"
#include "boot/starting.h"
#include "core/cpu.h"
#include "core/end.h"
#include "core/name.h"
#include "core/print.h"
#include "core/time.h"

/* How long a CPU's step with boot_lock may take when all had their time. */
#define CPU_STEP_MS 500
#define WRONG_CLOCK_US 1000

static bool clock_compared[MAX_CPUS];
static uint64_t started_at;
static void (*run_on_cpu)(struct cpu *cpu);

static uint64_t patience(void)
{
	return arch_time_hz() / 1000 * CPU_START_MS;
}

/* ---- the boot CPU ---- */

void cpus_start(void)
{
	started_at = arch_time_now();
	/* LAB(boot) BEGIN: Note of each other CPU that it is STARTING (start_note), and tell it to start (start_tell). In this order,
	 * since it may be quick: arch_cpu_start() panics otherwise. */
	for (unsigned i = 1; i < cpus_present; i++) {
		start_note(i);
		start_tell(i);
	}
	/* LAB(boot) ELSE
	// So far nobody is told, and CPU 0 stays alone.
	for (unsigned i = 1; i < cpus_present; i++) {
		start_note(i);
		if (start_leave(i, CPU_LEFT_OUT))
			start_say_left_out(i, MISSING_NOT_FOUND);
	}
	LAB(boot) END */
	trace_boot_phase(BOOT_PHASE_STARTED, 0);
	boot_lock_give_back();
}

/* Lets time pass for the others: they are quick as a rule, and on a busy host they may take their time. */
static void wait_a_little(void)
{
	uint64_t now = arch_time_now();
	uint64_t ms = arch_time_hz() / 1000;
	if (now - started_at < ms) {
		arch_cpu_relax();
		return;
	}
	arch_timer_set(now + CPU_LOOK_MS * ms);
	arch_cpu_idle();
}

/*
 * A CPU that keeps boot_lock keeps all others from coming, and nobody can take it away. What starting needs stays lent then, so that those who
 * wait find it if they come after all, and stop where they find that they are left out.
 */
static void end_starting(void)
{
	if (!boot_lock_take_within(arch_time_hz() / 1000 * CPU_STEP_MS)) {
		unsigned holder = boot_lock_holder();
		if (holder)
			kprintf("boot_lock is not given back by CPU %u, and no other CPU can come\n", holder);
		else
			kprintf("boot_lock is not given back by a CPU in its entry code, and no other CPU can come\n");
		return;
	}
	arch_cpu_start_end();
	boot_lock_release();
}

void cpus_gather(void)
{
	unsigned online = 1;
	for (unsigned i = 1; i < cpus_present; i++) {
		/* LAB(boot) BEGIN: Wait, with wait_a_little(), until CPU i has left the state STARTING. When patience() ticks have
		 * passed since started_at, make it leave: if start_leave() says that you were first, it is left out, for
		 * MISSING_SILENT. Then note in cpus[i].online whether it is ONLINE, and count those who are. */
		while (start_state(i) == CPU_STARTING) {
			if (arch_time_now() - started_at > patience() && start_leave(i, CPU_LEFT_OUT))
				start_say_left_out(i, MISSING_SILENT);
			wait_a_little();
		}
		cpus[i].online = start_state(i) == CPU_ONLINE;
		online += cpus[i].online;
		/* LAB(boot) ELSE
		// So far each gets fifty looks' time, and nobody is counted.
		for (unsigned look = 0; look < 50; look++)
			wait_a_little();
		if (start_leave(i, CPU_LEFT_OUT))
			start_say_left_out(i, MISSING_SILENT);
		LAB(boot) END */
	}
	end_starting();
	for (unsigned i = cpus_present; i < start_boot_info()->cpus; i++)
		start_say_left_out(i, i < MAX_CPUS ? MISSING_REFUSED : MISSING_TOO_MANY);
	descriptor.cpus_present = cpus_present;
	descriptor.cpus_online = online;
}

/* A CPU that came and cannot stay. It may be waiting at the barrier, and has to wake to see it. */
static void send_away(struct cpu *cpu, enum missing_reason reason)
{
	start_send_away(cpu->index);
	barrier_wake(cpu);
	cpu->online = false;
	descriptor.cpus_online--;
	start_say_left_out(cpu->index, reason);
}

static uint64_t signed_ns(int64_t ticks)
{
	return ticks < 0 ? -ticks_to_ns((uint64_t)-ticks) : ticks_to_ns((uint64_t)ticks);
}

void cpus_compare_clocks(void)
{
	for (unsigned i = 1; i < cpus_present; i++) {
		struct clock_bounds bounds;
		if (!cpus[i].online)
			continue;
		if (!clock_compare(&cpus[i], patience(), &bounds)) {
			send_away(&cpus[i], MISSING_SILENT);
			continue;
		}
		trace_clock_check(i, signed_ns(bounds.lower), signed_ns(bounds.upper), bounds.rounds);
		if (!clock_in_step(&bounds))
			send_away(&cpus[i], MISSING_CLOCK);
	}
	trace_boot_phase(BOOT_PHASE_CLOCK, 0);
}

void cpus_finish_information(void)
{
	enum status status = STATUS_OK;
	for (unsigned i = 0; status == STATUS_OK && i < cpus_present; i++) {
		const struct cpu_report *report = start_report_of(i);
		if (cpus[i].online)
			status = information_add_cpu(&information, start_boot_info(), i, report->features, report->processor);
	}
	if (status == STATUS_OK)
		status = information_finish(&information);
	if (status != STATUS_OK) {
		kprintf("the information page cannot be finished: %s; wrong: %s\n", status_name(status),
			information_part_text(information_check(&information)));
		run_end(VERDICT_REFUSED, (int64_t)status);
	}
	arch_page_seal(information.page);
	trace_boot_phase(BOOT_PHASE_INFORMATION, 0);
}

void cpus_release(void (*run)(struct cpu *cpu))
{
	run_on_cpu = run;
	barrier_open();
	run(&cpus[0]);
}

/* ---- the others ---- */

/* At the barrier: whether the CPU has to go. If it is its turn, its clock is compared. */
static bool at_barrier(struct cpu *cpu)
{
	int64_t ahead = start_clock_is_wrong(cpu->index) ? -(int64_t)(arch_time_hz() / 1000000 * WRONG_CLOCK_US) : 0;
	if (!clock_compared[cpu->index] && clock_answer(cpu, ahead)) {
		clock_compared[cpu->index] = true;
		trace_boot_phase(BOOT_PHASE_CLOCK, 0);
	}
	return start_state(cpu->index) == CPU_LEFT_OUT;
}

void kernel_secondary(struct cpu *cpu)
{
	boot_lock_hold();
	if (cpu->fails == CPU_FAILS_HOLDING_LOCK)
		boot_lock_give_back();
	if (cpu->fails == CPU_FAILS_HOLDING_LOCK || cpu->fails == CPU_FAILS_KEEPING_LOCK)
		arch_cpu_halt();
	start_say_entry(cpu);
	/* LAB(boot) BEGIN: With boot_lock the CPU gets ready (start_get_ready); then it gives the lock back. One that is to fail here
	 * (cpu->fails, CPU_FAILS_AFTER_LOCK) halts; so does one that cannot leave the state STARTING for ONLINE, since it has been left
	 * out. Any other says BARRIER, and waits at the barrier, where at_barrier() is asked whenever it wakes; if it may not go on
	 * from there, it halts. */
	start_get_ready(cpu);
	boot_lock_give_back();
	if (cpu->fails == CPU_FAILS_AFTER_LOCK || !start_leave(cpu->index, CPU_ONLINE))
		arch_cpu_halt();
	trace_boot_phase(BOOT_PHASE_BARRIER, 0);
	if (!barrier_wait(at_barrier))
		arch_cpu_halt();
	/* LAB(boot) ELSE
	// So far a CPU that comes gives the lock back, and waits where nothing lets it go on.
	boot_lock_give_back();
	if (!barrier_wait(at_barrier))
		arch_cpu_halt();
	LAB(boot) END */
	arch_page_seal(information.page);
	run_on_cpu(cpu);
	arch_cpu_halt();
}
