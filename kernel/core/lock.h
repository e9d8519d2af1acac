/*
 * Spinlocks that know their place.
 *
 * Teaches: a kernel that can be interrupted anywhere needs irqs off exactly while a lock is held, and a fixed order of locks.
 * Both are checked: a lock has a level, and a CPU may only take one of a higher level than it holds.
 * The invariant: a CPU holds a lock => its irqs are off. Who calls: everything; so the two functions are inline, and what hardly
 * ever happens is a call (lock.c).
 */
#pragma once

#include "core/cpu.h"
#include "core/lock_type.h"

/* For the two below: another CPU has it; the order is broken; it is not this CPU's to give back. */
void lock_wait(struct spinlock *lock);
_Noreturn void lock_order_is_broken(const struct spinlock *lock);
_Noreturn void lock_is_not_held(const struct spinlock *lock);

/* Takes the lock, irqs off. Panics if the order is broken or this CPU holds it already. */
static inline void spin_lock(struct spinlock *lock)
{
	bool irqs = arch_irq_save();
	struct cpu *cpu = arch_cpu();
	if (__builtin_expect(lock->level <= cpu->lock_level, 0))
		lock_order_is_broken(lock);
	if (__builtin_expect(__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE), 0))
		lock_wait(lock);
	lock->irqs_were_on = irqs;
	lock->outer = cpu->lock_level;
	lock->holder = (uint8_t)cpu->index;
	cpu->lock_level = lock->level;
}

/* Gives it back; irqs as they were. Locks are given back in the reverse order. */
static inline void spin_unlock(struct spinlock *lock)
{
	struct cpu *cpu = arch_cpu();
	if (__builtin_expect(lock->holder != cpu->index || cpu->lock_level != lock->level, 0))
		lock_is_not_held(lock);
	bool irqs = lock->irqs_were_on;
	cpu->lock_level = lock->outer;
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
	if (irqs) /* they are off as long as the lock is held */
		arch_irq_restore(true);
}

/* Whether the calling CPU holds it: for assertions. */
static inline bool spin_held(const struct spinlock *lock)
{
	return lock->taken && lock->holder == arch_cpu()->index;
}
