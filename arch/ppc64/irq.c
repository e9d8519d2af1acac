/*
 * Interrupts and time: the decrementer, doorbells, the serial port, and the clock they are measured by.
 *
 * Teaches: the timebase counts up for all CPUs alike, and every CPU has a decrementer that counts down with it and interrupts
 * below zero. One CPU interrupts another by a message to its doorbell: no interrupt controller takes part. Only a device needs one
 * (xive.c).
 * Who calls: the scheduler (timers), core/cpu.c (asking other CPUs), core/trap.c (which interrupt was it).
 * Invariant: the decrementer interrupts as long as it is negative, so claiming its interrupt sets it as far ahead as it goes:
 * 4 seconds. A deadline beyond that is reached in several hops. (It could have 56 bits. But a run under QEMU's icount that a
 * debugger stops leaps to the next moment any timer is set to, and that should not be years away.)
 * Simplified: one device line, number 0, the serial port's.
 * Power ISA 3.0B Book III, "Decrementer" and "Processor Control".
 */
#include "arch.h"
#include "core/cpu.h"
#include "ppc64.h"

uint64_t timebase_hz;

uint64_t arch_time_hz(void)
{
	return timebase_hz;
}

static void decrementer_aim(uint64_t deadline)
{
	uint64_t now = arch_time_now();
	WRITE_SPR(SPR_DEC, deadline <= now ? 0 : min_u64(deadline - now, DEC_FAR));
}

void arch_timer_set(uint64_t when)
{
	arch_cpu()->arch_words[CPU_WORD_DEADLINE] = when;
	decrementer_aim(when);
}

enum irq arch_irq_claim(const struct trap *trap)
{
	struct cpu *cpu = arch_cpu();
	switch (trap->vector) {
	case VECTOR_DECREMENTER:
		if (arch_time_now() < cpu->arch_words[CPU_WORD_DEADLINE]) {
			decrementer_aim(cpu->arch_words[CPU_WORD_DEADLINE]);
			return IRQ_NONE;
		}
		arch_timer_set(UINT64_MAX);
		return IRQ_TIMER;
	case VECTOR_HYPERVISOR_DOORBELL:
		/* Taking the interrupt took the message; what the sender stored before it is to be seen from here on. */
		__asm__ volatile(".long %0" : : "i"(OPCODE_MSGSYNC) : "memory");
		return IRQ_IPI;
	case VECTOR_HYPERVISOR_VIRTUALIZATION:
		return xive_claim() ? IRQ_DEVICE : IRQ_NONE;
	default:
		return IRQ_NONE;
	}
}

/* Neither the decrementer nor a doorbell waits to be told that it was handled. */
void arch_irq_done(enum irq irq)
{
	if (irq >= IRQ_DEVICE)
		xive_done();
}

enum status arch_irq_mask(enum irq irq, bool masked)
{
	if (irq != IRQ_DEVICE)
		return STATUS_INVALID;
	xive_hold_back(masked);
	return STATUS_OK;
}

void arch_ipi_send(struct cpu *cpu)
{
	/* The sync makes what this CPU stored visible before the message is. */
	__asm__ volatile("sync\n\t.long %1 | %0 << 11" : : "r"(DOORBELL_HYPERVISOR | cpu->hw_id), "i"(OPCODE_MSGSND) : "memory");
	/* QEMU 7.2 under icount runs its CPUs in turn, and one that never pauses can use up the turns of all others. */
	arch_cpu_relax();
}
