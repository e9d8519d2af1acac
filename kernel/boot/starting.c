/*
 * A CPU that starts: its state, its step with boot_lock, and what tests make of it.
 *
 *     ABSENT --> STARTING --> ONLINE ----> LEFT_OUT     CPU 0 sends it away
 *                    \
 *                     `-----> LEFT_OUT                  CPU 0 was first
 *
 * Teaches: two that decide the same thing at the same moment need one atomic operation, after which both know who was first. And what a CPU says
 * in the trace is said where it happens, so that nobody else can be wrong about it.
 * Who calls: main.c, cpus.c; arch_cpu_start() asks for the state. Whom: boot_lock.c, command_line.c, the machine. Locks: none here; boot_lock
 * is held where starting.h says so.
 * The invariant: only start_leave() leaves STARTING. A report is its CPU's own until that CPU has left it.
 */
#include "boot/starting.h"

#include <trace_emit.h>

#include "boot/boot_lock.h"
#include "boot/command_line.h"
#include "core/cpu.h"
#include "core/print.h"
#include "core/string.h"

static uint32_t states[MAX_CPUS]; /* enum cpu_start */
static struct cpu_report reports[MAX_CPUS];
static const struct boot_info *boot_info;

/* ---- options for tests ---- */

/* How often the slow CPU looks; and after which time, a little longer than CPU 0's patience, it comes even if CPU 0 never lets it. */
#define SLOW_LOOK_MS 4
#define SLOW_MS (CPU_START_MS + 2 * CPU_LOOK_MS)

static unsigned wrong_clock; /* this CPU's clock is behind; 0: none is */
static unsigned slow;        /* this CPU waits until CPU 0 gives up on it; 0: none does */
static bool slow_is_first;   /* and leaves STARTING before CPU 0 makes it, not after */
static uint32_t slow_may_come;

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

static void read_slow(unsigned broken)
{
	char place[COMMAND_WORD_CHARS];
	bool has_place = command_text(boot_info->command_line, "slow_at", place);
	slow = option_cpu("slow_cpu");
	slow_is_first = has_place && strcmp(place, "before") == 0;
	if (slow && slow == broken)
		kprintf("slow_cpu=%u is not used: that CPU is broken\n", slow);
	if (slow == broken)
		slow = 0;
	if (has_place && !slow)
		kprintf("slow_at=%s is not used: no CPU is slow\n", place);
	else if (has_place && !slow_is_first && strcmp(place, "after") != 0)
		kprintf("slow_at=%s is not used: a CPU comes before CPU 0 gives up on it, or after; it is after\n", place);
}

void start_read_options(const struct boot_info *boot)
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
	read_slow(broken);
}

const struct boot_info *start_boot_info(void)
{
	return boot_info;
}

bool start_clock_is_wrong(unsigned index)
{
	return index && index == wrong_clock;
}

static void sleep_ms(uint64_t ms)
{
	uint64_t until = arch_time_now() + arch_time_hz() / 1000 * ms;
	while (arch_time_now() < until) {
		arch_timer_set(until);
		arch_cpu_idle();
	}
}

/* The slow CPU sleeps until CPU 0 lets it come, or has had the time to give up on it. It is not online, so nobody may wake it. */
static void slow_wait(void)
{
	for (unsigned ms = 0; !__atomic_load_n(&slow_may_come, __ATOMIC_ACQUIRE) && ms < SLOW_MS; ms += SLOW_LOOK_MS)
		sleep_ms(SLOW_LOOK_MS);
}

static void slow_let_come(void)
{
	__atomic_store_n(&slow_may_come, 1, __ATOMIC_RELEASE);
}

/* CPU 0 is about to give up on the slow CPU, and holds still while that leaves STARTING. */
static void slow_let_first(void)
{
	slow_let_come();
	for (unsigned ms = 0; start_state(slow) == CPU_STARTING && ms < CPU_LOOK_MS; ms++)
		sleep_ms(1);
}

/* ---- the state ---- */

void start_note(unsigned index)
{
	__atomic_store_n(&states[index], CPU_STARTING, __ATOMIC_RELEASE);
}

enum cpu_start start_state(unsigned index)
{
	return (enum cpu_start)__atomic_load_n(&states[index], __ATOMIC_ACQUIRE);
}

bool start_leave(unsigned index, enum cpu_start to)
{
	bool is_slow = slow && index == slow;
	uint32_t starting = CPU_STARTING;
	if (is_slow && to == CPU_ONLINE)
		slow_wait();
	if (is_slow && to == CPU_LEFT_OUT && slow_is_first)
		slow_let_first();
	bool first = __atomic_compare_exchange_n(&states[index], &starting, to, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
	if (is_slow && to == CPU_LEFT_OUT && !slow_is_first)
		slow_let_come();
	if (first && to == CPU_ONLINE)
		trace_cpu_online(cpus[index].hw_id);
	return first;
}

void start_send_away(unsigned index)
{
	__atomic_store_n(&states[index], CPU_LEFT_OUT, __ATOMIC_RELEASE);
}

void start_say_left_out(unsigned index, enum missing_reason reason)
{
#define REASON_TEXT(name, number, text) text,
	static const char *const texts[] = {MISSING_REASONS(REASON_TEXT)};
#undef REASON_TEXT
	uint64_t hw_id = index < MAX_CPUS ? boot_info->cpu_hw_id[index] : 0;
	trace_cpu_missing(index, hw_id, reason);
	kprintf("CPU %u (0x%lx) is left out: %s\n", index, (unsigned long)hw_id, texts[reason]);
}

void start_tell(unsigned index)
{
	if (arch_cpu_start(&cpus[index]) != STATUS_OK && start_leave(index, CPU_LEFT_OUT))
		start_say_left_out(index, MISSING_NOT_FOUND);
}

/* ---- the step with boot_lock ---- */

void start_say_entry(const struct cpu *cpu)
{
	uint64_t now = arch_time_now();
	trace_boot_phase(BOOT_PHASE_ENTRY, now - cpu->entry_ticks);
	trace_boot_phase(BOOT_PHASE_LOCK, now - cpu->lock_ticks);
}

void start_get_ready(struct cpu *cpu)
{
	trace_boot_phase(BOOT_PHASE_DATA, 0);
	arch_cpu_init(cpu);
	start_report(cpu);
	boot_lock_check();
	trace_boot_phase(BOOT_PHASE_BOOTSTRAP, 0);
}

void start_report(const struct cpu *cpu)
{
	reports[cpu->index].features = arch_cpu_features(&reports[cpu->index].processor);
}

const struct cpu_report *start_report_of(unsigned index)
{
	return &reports[index];
}
