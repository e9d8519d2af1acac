/*
 * Spinlocks: see lock.h.
 *
 * A CPU's lock level is the level of its innermost lock; a lock remembers the level outside it and whether irqs were on.
 * Who calls: everything that shares data between CPUs. What is simplified: no queue; who waits longest has no better chance.
 */
#include "core/lock.h"

#include <trace_emit.h>

#include "core/cpu.h"
#include "core/panic.h"

static void spin_wait(struct spinlock *lock)
{
	uint64_t spins = 0;
	while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE)) {
		while (__atomic_load_n(&lock->taken, __ATOMIC_RELAXED)) {
			spins++;
			arch_cpu_relax();
		}
	}
	trace_lock_contended((uint64_t)(uintptr_t)lock, lock->level, spins);
}

void spin_lock(struct spinlock *lock)
{
	bool irqs = arch_irq_save();
	struct cpu *cpu = arch_cpu();
	if (__builtin_expect(lock->level <= cpu->lock_level, 0))
		panic("lock of level %u wanted while one of level %u is held", lock->level, cpu->lock_level);
	if (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE))
		spin_wait(lock);
	lock->irqs_were_on = irqs;
	lock->outer = cpu->lock_level;
	lock->holder = (uint8_t)cpu->index;
	cpu->lock_level = lock->level;
}

void spin_unlock(struct spinlock *lock)
{
	struct cpu *cpu = arch_cpu();
	ASSERT(lock->taken && lock->holder == cpu->index && cpu->lock_level == lock->level);
	bool irqs = lock->irqs_were_on;
	cpu->lock_level = lock->outer;
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
	arch_irq_restore(irqs);
}

bool spin_held(const struct spinlock *lock)
{
	return lock->taken && lock->holder == arch_cpu()->index;
}
