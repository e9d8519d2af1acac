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
#include "core/poison.h"

/* So often a waiting CPU looks before it lets others go first: under QEMU that costs a hundred looks. */
#define LOOKS_PER_RELAX 64

void lock_wait(struct spinlock *lock)
{
	uint64_t spins = 0;
	while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE)) {
		while (__atomic_load_n(&lock->taken, __ATOMIC_RELAXED)) {
			if (++spins % LOOKS_PER_RELAX == 0)
				arch_cpu_relax();
		}
	}
	trace_lock_contended((uint64_t)(uintptr_t)lock, lock->level, spins);
}

void lock_order_is_broken(const struct spinlock *lock)
{
	poison_report((const void *)((uintptr_t)lock & ~(uintptr_t)7));
	panic("lock of level %u wanted while one of level %u is held", lock->level, arch_cpu()->lock_level);
}

void lock_is_not_held(const struct spinlock *lock)
{
	panic("a lock of level %u is given back that this CPU does not hold, or not as the last it took", lock->level);
}
