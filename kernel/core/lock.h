/*
 * Spinlocks that know their place.
 *
 * Teaches: a kernel that can be interrupted anywhere needs irqs off exactly while a lock is held, and a fixed order of locks.
 * Both are checked: a lock has a level, and a CPU may only take one of a higher level than it holds.
 * The invariant: a CPU holds a lock => its irqs are off. Who calls: everything.
 */
#pragma once

#include "types.h"

/* The order of locks, outermost first. */
enum lock_level {
	LOCK_NONE,
	LOCK_THREADS, /* the table of threads and programs */
	LOCK_ASPACE,
	LOCK_COPY,   /* an object that is a copy: before the object it was copied from */
	LOCK_OBJECT, /* any other object */
	LOCK_MMU_SPACE,
	LOCK_MMU_TABLE, /* a table all spaces share: the hashed page table */
	LOCK_ENDPOINT,
	LOCK_SERVE, /* who serves which endpoint */
	LOCK_WAIT,  /* who waits for what */
	LOCK_TIMER,
	LOCK_RUN_QUEUE,
	LOCK_HANDLES,
	LOCK_OBJECTS,      /* the list of objects that providers fill */
	LOCK_MEMORY_CACHE, /* small kernel objects */
	LOCK_MEMORY,       /* page frames */
	LOCK_CONSOLE,
};

struct spinlock {
	uint32_t taken;
	uint8_t level; /* enum lock_level */
	uint8_t irqs_were_on;
	uint8_t outer;  /* the level this CPU held before */
	uint8_t holder; /* CPU, valid while taken */
};

#define SPINLOCK(level_) ((struct spinlock){.level = (level_)})

/* Takes the lock, irqs off. Panics if the order is broken or this CPU holds it already. */
void spin_lock(struct spinlock *lock);

/* Gives it back; irqs as they were. Locks are given back in the reverse order. */
void spin_unlock(struct spinlock *lock);

/* Whether the calling CPU holds it: for assertions. */
bool spin_held(const struct spinlock *lock);
