/*
 * Bringing up the CPUs.
 *
 *     CPU 0       entry .. data .. bootstrap .. started, unlock ................... barrier . clock . information . schedule
 *     any other   entry, lock when it is free .. data .. bootstrap .. unlock ...... barrier . clock ................ schedule
 *
 * Teaches: starting is done together, getting ready one by one (boot_lock), going on together again (the barrier). A CPU that does not come
 * in time is left out, and one that turns up later stops at once: whoever leaves the state STARTING first decides. Until then a CPU writes
 * only what is its own; it is CPU 0 that writes down what the others are, so a late one finds nothing it could spoil.
 * Who calls: main.c on the boot CPU; the machine's entry code on the others. Locks: boot_lock (barrier.h).
 * The invariant: a CPU is `online` only when it waits at the barrier with everything it needs, and the information page lists those.
 */
#include "boot/cpus.h"

#include <trace_emit.h>

#include "boot/barrier.h"
#include "boot/clock.h"
#include "boot/command_line.h"
#include "boot/information.h"
#include "core/cpu.h"
#include "core/end.h"
#include "core/name.h"
#include "core/print.h"
#include "core/string.h"
#include "core/time.h"

/* How long a CPU may take to come, how long its step with boot_lock after that, and how often to look. */
#define CPU_START_MS 2000
#define CPU_STEP_MS 500
#define CPU_LOOK_MS 10
#define WRONG_CLOCK_US 1000

enum cpu_start { CPU_ABSENT, CPU_STARTING, CPU_ONLINE, CPU_LEFT_OUT };

static uint32_t cpu_start[MAX_CPUS]; /* enum cpu_start; STARTING is left once, by whoever is first */
static bool clock_compared[MAX_CPUS];
static unsigned lock_holder; /* the other CPU that came here with boot_lock; 0: none */
static unsigned wrong_clock; /* command line: this CPU's clock is behind; 0: none is */
static uint64_t started_at;
static const struct boot_info *boot_info;
static void (*run_on_cpu)(struct cpu *cpu);

/* What each CPU says of itself; its own until it leaves the state STARTING. */
static struct {
	uint64_t features;
	uint32_t processor;
} reports[MAX_CPUS];

/* ---- options for tests ---- */

/* The CPU that an option names; 0 if it is not given, or with a line that says so, if no such CPU is to start. */
static unsigned option_cpu(const char *name)
{
	uint64_t number = command_number(boot_info->command_line, name, UINT64_MAX);
	if (number > 0 && number < cpus_present)
		return (unsigned)number;
	if (number != UINT64_MAX)
		kprintf("%s=%lu is not used: the CPUs that are started are those from 1 on, below %u\n", name,
			(unsigned long)number, cpus_present);
	return 0;
}

/* Where the broken CPU stops; `before` unless the command line names another place that there is. */
static enum cpu_fails option_place(const char *place)
{
	static const char *const places[CPU_FAILS_END] = {
		[CPU_FAILS_BEFORE_LOCK] = "before",
		[CPU_FAILS_HOLDING_LOCK] = "holding",
		[CPU_FAILS_KEEPING_LOCK] = "keeping",
		[CPU_FAILS_AFTER_LOCK] = "after",
	};
	for (unsigned at = CPU_FAILS_BEFORE_LOCK; at < CPU_FAILS_END; at++)
		if (strcmp(place, places[at]) == 0)
			return (enum cpu_fails)at;
	kprintf("broken_at=%s is not used: the places are before, holding, keeping and after; it is before\n", place);
	return CPU_FAILS_BEFORE_LOCK;
}

void cpus_read_options(const struct boot_info *boot)
{
	char place[COMMAND_WORD_CHARS];
	boot_info = boot;
	wrong_clock = option_cpu("wrong_clock");
	unsigned broken = option_cpu("broken_cpu");
	bool has_place = command_text(boot->command_line, "broken_at", place);
	if (broken)
		cpus[broken].fails = (uint8_t)(has_place ? option_place(place) : CPU_FAILS_BEFORE_LOCK);
	else if (has_place)
		kprintf("broken_at=%s is not used: no CPU is broken\n", place);
	if (broken && wrong_clock == broken)
		kprintf("wrong_clock=%u is not used: that CPU is broken\n", wrong_clock);
}

void cpus_say_phase(enum boot_phase phase)
{
	trace_boot_phase(phase, 0);
}

void cpus_say_entry(const struct cpu *cpu)
{
	uint64_t now = arch_time_now();
	trace_boot_phase(BOOT_PHASE_ENTRY, now - cpu->entry_ticks);
	trace_boot_phase(BOOT_PHASE_LOCK, now - cpu->lock_ticks);
}

static uint64_t patience(void)
{
	return arch_time_hz() / 1000 * CPU_START_MS;
}

static bool start_leave(unsigned index, enum cpu_start to)
{
	uint32_t starting = CPU_STARTING;
	return __atomic_compare_exchange_n(&cpu_start[index], &starting, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

static void leave_out(unsigned index, enum missing_reason reason)
{
#define REASON_TEXT(name, number, text) text,
	static const char *const texts[] = {MISSING_REASONS(REASON_TEXT)};
#undef REASON_TEXT
	uint64_t hw_id = index < MAX_CPUS ? boot_info->cpu_hw_id[index] : 0;
	trace_cpu_missing(index, hw_id, reason);
	kprintf("CPU %u (0x%lx) is left out: %s\n", index, (unsigned long)hw_id, texts[reason]);
}

void cpus_report(const struct cpu *cpu)
{
	reports[cpu->index].features = arch_cpu_features(&reports[cpu->index].processor);
}

/* ---- the boot CPU ---- */

void cpus_start(void)
{
	started_at = arch_time_now();
	/* LAB(boot) BEGIN: Tell each other CPU to start, with arch_cpu_start(). It is STARTING from before it is told: it may be quick. One that the
	 * machine does not find is left out, for MISSING_NOT_FOUND. */
	for (unsigned i = 1; i < cpus_present; i++) {
		cpu_start[i] = CPU_STARTING;
		if (arch_cpu_start(&cpus[i]) == STATUS_OK)
			continue;
		cpu_start[i] = CPU_LEFT_OUT;
		leave_out(i, MISSING_NOT_FOUND);
	}
	/* LAB(boot) ELSE
	// So far nobody is told, and CPU 0 stays alone.
	for (unsigned i = 1; i < cpus_present; i++) {
		cpu_start[i] = CPU_LEFT_OUT;
		leave_out(i, MISSING_NOT_FOUND);
	}
	LAB(boot) END */
	cpus_say_phase(BOOT_PHASE_STARTED);
	boot_lock_release();
	cpus_say_phase(BOOT_PHASE_UNLOCK);
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
		unsigned holder = __atomic_load_n(&lock_holder, __ATOMIC_RELAXED);
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
		/* LAB(boot) BEGIN: Wait, with wait_a_little(), until CPU i has left the state STARTING. When patience() ticks have passed since
		 * started_at, make it leave: if start_leave() says that you were first, it is left out, for MISSING_SILENT. Then note in
		 * cpus[i].online whether it is ONLINE, and count those who are. */
		while (__atomic_load_n(&cpu_start[i], __ATOMIC_ACQUIRE) == CPU_STARTING) {
			if (arch_time_now() - started_at > patience() && start_leave(i, CPU_LEFT_OUT))
				leave_out(i, MISSING_SILENT);
			wait_a_little();
		}
		cpus[i].online = cpu_start[i] == CPU_ONLINE;
		online += cpus[i].online;
		/* LAB(boot) ELSE
		// So far each gets fifty looks' time, and nobody is counted.
		for (unsigned look = 0; look < 50; look++)
			wait_a_little();
		if (start_leave(i, CPU_LEFT_OUT))
			leave_out(i, MISSING_SILENT);
		LAB(boot) END */
	}
	end_starting();
	for (unsigned i = cpus_present; i < boot_info->cpus; i++)
		leave_out(i, i < MAX_CPUS ? MISSING_REFUSED : MISSING_TOO_MANY);
	descriptor.cpus_present = cpus_present;
	descriptor.cpus_online = online;
}

/* A CPU that came and cannot stay. It may be waiting at the barrier, and has to wake to see it. */
static void send_away(struct cpu *cpu, enum missing_reason reason)
{
	__atomic_store_n(&cpu_start[cpu->index], CPU_LEFT_OUT, __ATOMIC_RELEASE);
	barrier_wake(cpu);
	cpu->online = false;
	descriptor.cpus_online--;
	leave_out(cpu->index, reason);
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
	cpus_say_phase(BOOT_PHASE_CLOCK);
}

void cpus_finish_information(void)
{
	enum status status = STATUS_OK;
	for (unsigned i = 0; status == STATUS_OK && i < cpus_present; i++)
		if (cpus[i].online)
			status = information_add_cpu(&information, boot_info, i, reports[i].features, reports[i].processor);
	if (status == STATUS_OK)
		status = information_finish(&information);
	if (status != STATUS_OK) {
		kprintf("the information page cannot be finished: %s; wrong: %s\n", status_name(status),
			information_part_text(information_check(&information)));
		run_end(VERDICT_REFUSED, (int64_t)status);
	}
	arch_page_seal(information.page);
	cpus_say_phase(BOOT_PHASE_INFORMATION);
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
	int64_t ahead = cpu->index == wrong_clock ? -(int64_t)(arch_time_hz() / 1000000 * WRONG_CLOCK_US) : 0;
	if (!clock_compared[cpu->index] && clock_answer(cpu, ahead)) {
		clock_compared[cpu->index] = true;
		cpus_say_phase(BOOT_PHASE_CLOCK);
	}
	return __atomic_load_n(&cpu_start[cpu->index], __ATOMIC_ACQUIRE) == CPU_LEFT_OUT;
}

static void give_lock_back(void)
{
	__atomic_store_n(&lock_holder, 0, __ATOMIC_RELAXED);
	boot_lock_release();
}

void kernel_secondary(struct cpu *cpu)
{
	__atomic_store_n(&lock_holder, cpu->index, __ATOMIC_RELAXED);
	if (cpu->fails == CPU_FAILS_HOLDING_LOCK)
		give_lock_back();
	if (cpu->fails == CPU_FAILS_HOLDING_LOCK || cpu->fails == CPU_FAILS_KEEPING_LOCK)
		arch_cpu_halt();
	cpus_say_entry(cpu);
	/* LAB(boot) BEGIN: With boot_lock: say DATA; make the CPU ready (arch_cpu_init), and let it report what it is (cpus_report); say BOOTSTRAP.
	 * Give the lock back, and say UNLOCK. A CPU that is to fail here (cpu->fails, CPU_FAILS_AFTER_LOCK) halts; so does one that cannot leave
	 * the state STARTING for ONLINE, since it has been left out. Any other says cpu_online (with hw_id) and BARRIER, and waits at the barrier,
	 * where at_barrier() is asked whenever it wakes; if it may not go on from there, it halts. */
	cpus_say_phase(BOOT_PHASE_DATA);
	arch_cpu_init(cpu);
	cpus_report(cpu);
	cpus_say_phase(BOOT_PHASE_BOOTSTRAP);
	give_lock_back();
	cpus_say_phase(BOOT_PHASE_UNLOCK);
	if (cpu->fails == CPU_FAILS_AFTER_LOCK || !start_leave(cpu->index, CPU_ONLINE))
		arch_cpu_halt();
	trace_cpu_online(cpu->hw_id);
	cpus_say_phase(BOOT_PHASE_BARRIER);
	if (!barrier_wait(at_barrier))
		arch_cpu_halt();
	/* LAB(boot) ELSE
	// So far a CPU that comes gives the lock back, and waits where nothing lets it go on.
	give_lock_back();
	if (!barrier_wait(at_barrier))
		arch_cpu_halt();
	LAB(boot) END */
	arch_page_seal(information.page);
	run_on_cpu(cpu);
	arch_cpu_halt();
}
