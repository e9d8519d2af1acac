/*
 * Spinlocks that know their place.
 *
 * Teaches: a kernel that can be interrupted anywhere needs irqs off exactly while a lock is held, and a fixed order of locks.
 * A kernel that checks itself checks both: a lock has a level, and a CPU may only take one of a higher level than it holds.
 * The invariant: a CPU holds a lock => its irqs are off. Who calls: everything; so the two functions are inline, and what hardly
 * ever happens is a call (lock.c).
 */
#pragma once

#include "core/cpu.h"
#include "core/lock_type.h"
#include "core/panic.h"

/* For the two below: another CPU has it; the order is broken; it is not this CPU's to give back. */
void lock_wait(struct spinlock *lock);
_Noreturn void lock_order_is_broken(const struct spinlock *lock);
_Noreturn void lock_is_not_held(const struct spinlock *lock);

/*
 * What a kernel that checks itself knows of its locks: the level of this CPU's innermost one, and for each lock the level outside it.
 */
#ifdef VITRINE_CHECKS
static inline void lock_check_order(const struct spinlock *lock)
{
	if (__builtin_expect(lock->level <= arch_cpu()->lock_level || lock->level > LOCK_CONSOLE, 0))
		lock_order_is_broken(lock);
}

static inline void lock_note_taken(struct spinlock *lock)
{
	struct cpu *cpu = arch_cpu();
	lock->outer = cpu->lock_level;
	lock->holder = (uint8_t)cpu->index;
	cpu->lock_level = lock->level;
}

static inline void lock_note_given_back(const struct spinlock *lock)
{
	struct cpu *cpu = arch_cpu();
	if (__builtin_expect(lock->holder != cpu->index || cpu->lock_level != lock->level, 0))
		lock_is_not_held(lock);
	cpu->lock_level = lock->outer;
}
#else
static inline void lock_check_order(const struct spinlock *lock)
{
	(void)lock;
}

static inline void lock_note_taken(struct spinlock *lock)
{
	(void)lock;
}

static inline void lock_note_given_back(const struct spinlock *lock)
{
	(void)lock;
}
#endif

/* Takes the lock, irqs off. Checked: the order of locks, and that this CPU does not hold it already. */
static inline void spin_lock(struct spinlock *lock)
{
	bool irqs = arch_irq_save();
	lock_check_order(lock);
	if (__builtin_expect(__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE), 0))
		lock_wait(lock);
	lock->irqs_were_on = irqs;
	lock_note_taken(lock);
}

/* The same inside another lock, where irqs are off already. Given back by spin_unlock() as well. */
static inline void spin_lock_inner(struct spinlock *lock)
{
	ASSERT(!arch_irq_enabled());
	lock_check_order(lock);
	if (__builtin_expect(__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE), 0))
		lock_wait(lock);
	lock->irqs_were_on = false;
	lock_note_taken(lock);
}

/* Gives it back; irqs as they were. Locks are given back in the reverse order. */
static inline void spin_unlock(struct spinlock *lock)
{
	lock_note_given_back(lock);
	bool irqs = lock->irqs_were_on;
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
	if (irqs) /* they are off as long as the lock is held */
		arch_irq_restore(true);
}

/* Whether the calling CPU holds it: for assertions, so only where they are. */
static inline bool spin_held(const struct spinlock *lock)
{
	return lock->taken && lock->holder == arch_cpu()->index;
}
