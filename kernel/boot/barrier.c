/*
 * boot_lock and the barrier.
 *
 *     boot CPU    lock held from the start ... tells all others to start, releases ... barrier
 *     any other   waits for the lock, has itself set up, releases .................... barrier
 *
 * Teaches: why CPUs come up one by one although they are started together: before it has data and a stack of its own a CPU shares what
 * it runs on. The lock is for that. The barrier is for the opposite: nobody goes on before the last one is there.
 * Who calls: cpus.c. A CPU that starts takes the lock in the machine's entry code, which has no stack yet. Locks: this is one, and the
 * only one that may be taken without a struct cpu; irqs are off.
 * The invariant: boot_lock lies in initialised data, so a CPU may look at it before the boot CPU has cleared .bss.
 */
#include "boot/barrier.h"

#include "core/cpu.h"

uint32_t boot_lock = 1;
static uint32_t is_open;

static bool lock_try(void)
{
	return !__atomic_load_n(&boot_lock, __ATOMIC_RELAXED) && !__atomic_exchange_n(&boot_lock, 1, __ATOMIC_ACQUIRE);
}

bool boot_lock_take_within(uint64_t ticks)
{
	uint64_t since = arch_time_now();
	while (!lock_try()) {
		if (arch_time_now() - since > ticks)
			return false;
		arch_cpu_relax();
	}
	return true;
}

void boot_lock_release(void)
{
	__atomic_store_n(&boot_lock, 0, __ATOMIC_RELEASE);
}

/* LAB(boot) BEGIN: The barrier is one word, is_open. Whoever waits sleeps (arch_cpu_idle) until it is not 0; each time before it sleeps, and once more
 * when the barrier is open, call() is asked: true means that the CPU has to go, and then it may not go on. Whoever opens it makes what was written
 * before visible (release; those that wait acquire), and wakes all others that are online, which sleep: cpu_hazard_raise(HAZARD_TIMER). */
bool barrier_wait(bool (*call)(struct cpu *cpu))
{
	while (!__atomic_load_n(&is_open, __ATOMIC_ACQUIRE)) {
		if (call(arch_cpu()))
			return false;
		arch_cpu_idle();
	}
	return !call(arch_cpu()); /* it may be told to go, and wake only when the barrier is open */
}

/* Those that wait sleep until they are interrupted. */
void barrier_open(void)
{
	__atomic_store_n(&is_open, 1, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < cpus_present; i++)
		if (cpus[i].online && &cpus[i] != arch_cpu())
			cpu_hazard_raise(&cpus[i], HAZARD_TIMER);
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
