/*
 * Clock and timer: the time-stamp counter says what time it is, the local APIC's timer says when.
 *
 * Teaches: two clocks that count at rates nobody tells, measured against a third whose rate is fixed by a standard: the ACPI
 * power-management timer, 3.579545 MHz.
 * Who calls: arch_time_hz() and arch_timer_set() the scheduler; calibration the boot CPU once. Locks: none, each CPU has its timer.
 * The invariant: tsc_hz and count_scale never change after calibration.
 * QEMU: under `-icount shift=0` one instruction is one nanosecond and the TSC counts nanoseconds: the measurement gives
 * exactly 1000 MHz, and takes 250,000 instructions. Otherwise the TSC is the host's, and a poll of the timer (about
 * a microsecond) bounds the error to about half a percent. The APIC timer counts virtual nanoseconds. No TSC deadline mode, no CPUID leaf 15H.
 * Simplified: an interval longer than the APIC timer's 32 bits (4.3 s) ends early; whoever set it finds the clock not there yet
 * and sets it again. Intel SDM 3B 17.17 (TSC), 3A 11.5.4 (APIC timer); ACPI 6.4 4.8.3.3 (PM timer).
 */
#include "x86.h"

#define PM_TIMER_HZ UINT64_C(3579545)
#define PM_TIMER_MASK 0xffffff /* some have 32 bits, all have 24 */
#define PM_TICKS ((uint32_t)(PM_TIMER_HZ / 4000)) /* 250 microseconds */
#define MHZ UINT64_C(1000000)
#define SCALE_SHIFT 32

static uint64_t tsc_hz;
static uint64_t count_scale; /* APIC timer counts a TSC tick, times 2^32 */

struct moment {
	uint32_t pm;
	uint32_t count; /* counts down */
	uint64_t tsc;
};

/* Waits until the power-management timer is at least `ticks` after `start`; what the clocks say then. */
static struct moment moment_after(uint32_t start, uint32_t ticks)
{
	struct moment moment;
	do {
		moment.pm = port_read_32(acpi.timer_port) & PM_TIMER_MASK;
	} while (((moment.pm - start) & PM_TIMER_MASK) < ticks);
	moment.tsc = arch_time_now();
	moment.count = apic_timer_count();
	return moment;
}

static uint64_t rate_hz(uint64_t counted, uint32_t pm_ticks)
{
	uint64_t hz = counted * PM_TIMER_HZ / pm_ticks;
	return max_u64((hz + MHZ / 2) / MHZ, 1) * MHZ;
}

void time_calibrate(void)
{
	apic_timer_start(UINT32_MAX); /* irqs are off, and it is stopped before it ends */
	uint32_t now = port_read_32(acpi.timer_port) & PM_TIMER_MASK;
	struct moment first = moment_after(now, 1);
	struct moment last = moment_after(first.pm, PM_TICKS);
	apic_timer_start(0);
	uint32_t pm_ticks = (last.pm - first.pm) & PM_TIMER_MASK;
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
