/*
 * The barrier: nobody goes on before the last one is there.
 *
 * Teaches: what one CPU has finished is for all others to read, without asking again, once they have seen one word.
 * Who calls: cpus.c. Whom: the machine, to sleep, and cpu.c, to wake. Locks: none; irqs are off.
 * The invariant: who has passed has seen all that was written before the barrier was opened.
 */
#include "boot/barrier.h"

#include "core/cpu.h"

static uint32_t is_open;

/* LAB(boot) BEGIN: The barrier is one word, is_open. Whoever waits sleeps (arch_cpu_idle) until it is not 0; each time before it
 * sleeps, and once more when the barrier is open, call() is asked: true means that the CPU has to go, and then it may not go on.
 * Whoever opens it makes what was written before visible (release; those that wait acquire). All others that are online sleep,
 * and have to be woken: cpu_hazard_raise(HAZARD_TIMER). It is enough if CPU 0 wakes them all. The challenge: nobody wakes more
 * than two. */

/*
 * Whoever is woken helps to wake, so that it takes three rounds for eight CPUs and four for sixteen: those that are online are
 * numbered as they follow each other, and n wakes 2n + 1 and 2n + 2.
 */
static void wake_two(const struct cpu *waker)
{
	unsigned own = 0, rank = 0;
	for (const struct cpu *cpu = cpus; cpu < waker; cpu++)
		own += cpu->online;
	for (unsigned i = 0; i < cpus_present; i++) {
		if (!cpus[i].online)
			continue;
		if (rank == 2 * own + 1 || rank == 2 * own + 2)
			cpu_hazard_raise(&cpus[i], HAZARD_TIMER);
		rank++;
	}
}

bool barrier_wait(bool (*call)(struct cpu *cpu))
{
	while (!__atomic_load_n(&is_open, __ATOMIC_ACQUIRE)) {
		if (call(arch_cpu()))
			return false;
		arch_cpu_idle();
	}
	if (call(arch_cpu())) /* it may be told to go, and wake only when the barrier is open */
		return false;
	wake_two(arch_cpu());
	return true;
}

void barrier_open(void)
{
	__atomic_store_n(&is_open, 1, __ATOMIC_RELEASE);
	wake_two(arch_cpu());
}
/* LAB(boot) ELSE
// So far nobody waits, and nobody may go on.
bool barrier_wait(bool (*call)(struct cpu *cpu))
{
	(void)call;
	return false;
}

void barrier_open(void)
{
	__atomic_store_n(&is_open, 1, __ATOMIC_RELEASE);
}
LAB(boot) END */

void barrier_wake(struct cpu *cpu)
{
	arch_ipi_send(cpu);
}
