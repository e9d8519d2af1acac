/*
 * Clock and timer: the time-stamp counter says what time it is, the local APIC's timer says when.
 *
 * Teaches: two clocks that count at rates nobody tells, measured against a third whose rate is fixed by a standard: the ACPI
 * power-management timer, 3.579545 MHz.
 * Who calls: arch_time_hz() and arch_timer_set() the scheduler; calibration the boot CPU once. Locks: none, each CPU has its
 * timer.
 * The invariant: tsc_hz and count_scale never change after calibration.
 * QEMU: under `-icount shift=0` one instruction is one nanosecond and the TSC counts nanoseconds: the measurement gives
 * exactly 1000 MHz, and takes about 255,000 instructions. Otherwise the TSC is the host's, and the time that two looks at
 * the PM timer take (about a microsecond each) bounds the error to half a percent. The APIC timer counts virtual nanoseconds.
 * There is no TSC-deadline mode, and CPUID leaf 15H says nothing.
 * Simplified: an interval longer than the APIC timer's 32 bits (4.3 s) ends early; whoever set it finds the clock not there yet
 * and sets it again. Intel SDM 3B 17.17 (TSC), 3A 11.5.4 (APIC timer); ACPI 6.4 4.8.3.3 (PM timer).
 */
#include "x86.h"

#define PM_TIMER_HZ UINT64_C(3579545)
#define PM_TIMER_MASK 0xffffff                    /* some have 32 bits, all have 24 */
#define PM_TICKS ((uint32_t)(PM_TIMER_HZ / 4000)) /* 250 microseconds */
#define TICKS_TRIED 8
#define GIVE_UP_TSC (UINT64_C(1) << 33) /* some seconds */
#define MHZ UINT64_C(1000000)
#define SCALE_SHIFT 32

static uint64_t tsc_hz;
static uint64_t count_scale; /* APIC timer counts a TSC tick, times 2^32 */

struct moment {
	uint32_t pm;
	uint32_t count; /* counts down */
	uint64_t tsc;
};

static uint32_t pm_timer(void)
{
	return port_read_32(acpi.timer_port) & PM_TIMER_MASK;
}

/*
 * What the clocks say just after a tick of the power-management timer. Of several ticks it takes the one that was caught in the
 * least time: on a busy host this CPU may stand still for a while between two looks.
 */
static struct moment moment_at_tick(void)
{
	struct moment best = {0};
	uint64_t best_width = UINT64_MAX;
	uint32_t last = pm_timer();
	uint64_t looked = arch_time_now();
	uint64_t start = looked;
	for (unsigned ticks = 0; ticks < TICKS_TRIED;) {
		struct moment moment;
		moment.pm = pm_timer();
		moment.count = apic_timer_count();
		moment.tsc = arch_time_now();
		if (moment.pm != last && moment.tsc - looked < best_width) {
			best = moment;
			best_width = moment.tsc - looked;
		}
		ticks += moment.pm != last;
		last = moment.pm;
		looked = moment.tsc;
		if (!ticks && looked - start > GIVE_UP_TSC) {
			boot_say("time: the power-management timer stands still\n");
			arch_power_off(false);
		}
	}
	return best;
}

static uint64_t rate_hz(uint64_t counted, uint32_t pm_ticks)
{
	uint64_t hz = counted * PM_TIMER_HZ / pm_ticks;
	return max_u64((hz + MHZ / 2) / MHZ, 1) * MHZ;
}

void time_calibrate(void)
{
	apic_timer_start(UINT32_MAX); /* irqs are off, and it is stopped before it ends */
	struct moment first = moment_at_tick();
	while (((pm_timer() - first.pm) & PM_TIMER_MASK) < PM_TICKS)
		arch_cpu_relax();
	struct moment last = moment_at_tick();
	apic_timer_start(0);
	uint32_t pm_ticks = (uint32_t)max_u64((last.pm - first.pm) & PM_TIMER_MASK, 1);
	tsc_hz = rate_hz(last.tsc - first.tsc, pm_ticks);
	count_scale = (rate_hz(first.count - last.count, pm_ticks) << SCALE_SHIFT) / tsc_hz;
}

uint64_t arch_time_hz(void)
{
	return tsc_hz;
}

void arch_timer_set(uint64_t when)
{
	if (when == UINT64_MAX) {
		apic_timer_start(0);
		return;
	}
	uint64_t now = arch_time_now();
	uint64_t ticks = when > now ? when - now : 0;
	/* Rounded up, and never 0: that would stop the timer. */
	unsigned __int128 counts = (((unsigned __int128)ticks * count_scale) >> SCALE_SHIFT) + 1;
	apic_timer_start(counts > UINT32_MAX ? UINT32_MAX : (uint32_t)counts);
}
