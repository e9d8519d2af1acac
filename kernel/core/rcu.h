/*
 * RCU: what is taken out of a data structure is freed only when nobody can be looking at it any more.
 *
 *      CPU 0   | kernel: unlinks x, rcu_call(x)  |q|              user               | free(x) |
 *      CPU 1   |    kernel: found x before      ...      still reads x  |q|   user
 *      CPU 2   |                        idle                            |
 *                                                 |-- grace period -----|
 *
 * Teaches: read-copy-update (McKenney and Slingwine, 1998) at its simplest. Whoever is in the kernel may follow a pointer that
 * it found there without counting a reference, for as long as it stays. A CPU on its way back to user mode, or idle, follows none: that is
 * its quiescent state (q). A grace period is over when each CPU has passed one; what was unlinked before it began can be freed then.
 * The rules: a reference that outlives the stay in the kernel is counted (obj/kobj.h). An interrupt that comes in idle uses what it
 * holds locks or references for, nothing else. A `free` may take its time, and give up references. A `pre_free` may only where that soon
 * ends, since it is called within rcu_call(): a handle's gives up its object, and an object's gives up nothing.
 * Who calls: whoever frees what others may be looking at; the scheduler, on the way out. Locks: one, for the state of the grace period.
 * What is simplified: one kind of readers, no callbacks on behalf of others, no CPU that goes away.
 */
#pragma once

#include "abi/trace_enums.h"
#include "types.h"

struct cpu;
struct rcu_head;

/* What can be freed this way, and how. */
struct rcu_class {
	enum rcu_kind kind;
	void (*pre_free)(struct rcu_head *head); /* at once: whoever looks for it finds it no more. NULL: nothing to do */
	void (*free)(struct rcu_head *head);     /* after a grace period; interrupts are on */
};

/* Part of what is freed. */
struct rcu_head {
	struct rcu_head *next;
	const struct rcu_class *class; /* NULL until rcu_call() */
	uint32_t id;                   /* what it is, for the trace */
	uint64_t flow;                 /* of its events */
};

struct rcu_list {
	struct rcu_head *first;
	struct rcu_head **end; /* where the next goes; NULL: the list has never been used */
};

/*
 * A CPU's callbacks. They wait in `next` until the CPU asks for a grace period, in `current` until that is over, and are in `done` while they are
 * called. `period` is under the lock of rcu.c; the others are this CPU's own, irqs off.
 */
struct rcu_cpu {
	struct rcu_list next;
	struct rcu_list current;
	struct rcu_list done;
	uint64_t period;  /* when it is over, `current` is done; 0: nothing is there */
	uint64_t waited;  /* the period that what is in `done` has waited for */
	uint64_t freeing; /* the same while something is being freed; 0: nothing is */
	uint64_t waiting; /* callbacks in the three lists; others read it */
};

/*
 * Frees something later: pre_free now, free after a grace period that begins from here on. No memory is needed, and it
 * cannot fail. Panics if it was called for the same thing before.
 */
void rcu_call(struct rcu_head *head, const struct rcu_class *class, uint32_t id);

/*
 * The calling CPU follows no pointer of the kernel's: HAZARD_RCU brings it here on its way to user mode and in idle. Tells the grace period,
 * asks for one if it needs one, and frees what has waited for one that is over. irqs off; on meanwhile.
 */
void rcu_quiescent(enum quiescent_cause cause);

/* Whether the CPU has so much to free that its thread had better wait. */
bool rcu_is_piled_up(const struct cpu *cpu);

/* Callbacks that wait on all CPUs. */
uint64_t rcu_waiting(void);

/* Numbers of the last grace period that has begun, and the last that is over. */
uint64_t rcu_started(void);
uint64_t rcu_completed(void);

/* Shows tools the numbers of periods and which CPUs the one at hand waits for. At boot. */
void rcu_show(void);

/* Holds lists and numbers against each other; panics on what is wrong. For tests, on a quiet machine. */
void rcu_check(void);
