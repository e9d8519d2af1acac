/*
 * What a spinlock is, and the order in which locks may be taken. How they are taken is in lock.h.
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
	LOCK_INTERRUPTS,   /* device lines and their drivers */
	LOCK_OBJECTS,      /* the list of objects that providers fill */
	LOCK_MEMORY_CACHE, /* small kernel objects */
	LOCK_MEMORY,       /* page frames */
	LOCK_RCU,          /* the grace period */
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
