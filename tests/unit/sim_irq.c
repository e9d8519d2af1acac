/*
 * Interrupts of the simulated machine: when one is pending, when it is taken, and who else may go on meanwhile.
 *
 * Teaches: an interrupt comes only where the contract allows one, so a test can say exactly where. With a seed, other CPUs go on by chance at the
 * places where irqs are switched: those are where a race would show. Who calls: the kernel through arch.h, arch_sim.c, sim_run.c.
 * What is simplified: a timer and interrupts from other CPUs; no devices.
 */
#include "sim_machine.h"

#include <stdlib.h>

static unsigned interleave_seed;

bool sim_irq_pending(unsigned cpu)
{
	return sim_cpus[cpu].ipi_pending || sim_clock() >= sim_cpus[cpu].timer_when;
}

void sim_irq_trap(unsigned cpu, bool from_user, struct trap *trap)
{
	enum irq irq = sim_cpus[cpu].ipi_pending ? IRQ_IPI : IRQ_TIMER;
	*trap = (struct trap){.kind = TRAP_IRQ, .from_user = from_user, .vector = irq};
}

void sim_take_irqs(void)
{
	struct sim_cpu *cpu = &sim_cpus[sim_current];
	while (sim_irq_pending(sim_current)) {
		struct trap_frame frame = {0};
		sim_irq_trap(sim_current, false, &frame.trap);
		cpu->irqs_on = false;
		if (kernel_trap(&frame) != &frame)
			abort(); /* an interrupt of the kernel returns to the code it interrupted */
		cpu->irqs_on = true;
	}
}

void sim_interleave(unsigned seed)
{
	interleave_seed = seed;
}

void sim_perhaps_yield(void)
{
	if (!interleave_seed || !sim_in_coroutine() || rand_r(&interleave_seed) % 4)
		return;
	if (rand_r(&interleave_seed) % 8 == 0)
		sim_cpus[sim_current].stall = (unsigned)rand_r(&interleave_seed) % 100;
	sim_yield(SIM_KERNEL);
}

bool sim_irq_save(void)
{
	sim_perhaps_yield();
	bool were_on = sim_cpus[sim_current].irqs_on;
	sim_cpus[sim_current].irqs_on = false;
	return were_on;
}

void sim_irq_restore(bool were_on)
{
	sim_cpus[sim_current].irqs_on = were_on;
	sim_perhaps_yield();
	if (were_on)
		sim_take_irqs();
}

bool sim_irq_enabled(void)
{
	return sim_cpus[sim_current].irqs_on;
}

enum status arch_irq_mask(enum irq irq, bool masked)
{
	(void)irq, (void)masked;
	return STATUS_INVALID; /* no devices here */
}

/* Devices are all in memory here. */
enum status arch_port_read(uint64_t port, uint8_t *value)
{
	(void)port, (void)value;
	return STATUS_NOT_FOUND;
}

enum status arch_port_write(uint64_t port, uint8_t value)
{
	(void)port, (void)value;
	return STATUS_NOT_FOUND;
}

enum irq arch_irq_claim(const struct trap *trap)
{
	struct sim_cpu *cpu = &sim_cpus[sim_current];
	if (trap->vector == IRQ_IPI && cpu->ipi_pending) {
		cpu->ipi_pending = false;
		return IRQ_IPI;
	}
	if (trap->vector == IRQ_TIMER && sim_clock() >= cpu->timer_when) {
		cpu->timer_when = UINT64_MAX;
		return IRQ_TIMER;
	}
	return IRQ_NONE;
}

void arch_irq_done(enum irq irq)
{
	(void)irq;
}
