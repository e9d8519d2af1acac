/*
 * Per-CPU data: what one CPU owns, and the first lines of which its trap entry code knows by offset.
 *
 * Teaches: most of a kernel's state needs no lock because only one CPU touches it. The exceptions say so.
 */
#pragma once

#include "abi/trace_ring.h"
#include "arch.h"
#include "core/cpu_offsets.h"
#include "core/lock_type.h"
#include "core/rcu.h"
#include "types.h"

struct aspace;
struct thread;
struct mmu_space;

/* Things to look at before the CPU returns to user mode and in idle. Set by any CPU, atomically. */
enum hazard {
	HAZARD_RESCHEDULE = 1,
	HAZARD_TLB = 2,
	HAZARD_PARK = 4,        /* stop for good: the run is over */
	HAZARD_TIMER = 8,       /* a thread was queued here: see whether a timeslice has to end some time */
	HAZARD_MOVE = 16,       /* a thread that waits here may have to go elsewhere: its affinity changed */
	HAZARD_MEMORY = 32,     /* memory is short, or free again and somebody waits for it */
	HAZARD_DOOM = 64,       /* the current thread may have to end: its process does, or what it waited for never comes */
	HAZARD_HAND_OVER = 128, /* a thread is to run next here, if the current one stops */
	HAZARD_STOPPED = 256,   /* the current thread cannot go on: it waits, or has ended */
	HAZARD_BUDGET = 512,    /* the budget is used up: the run ends */
	HAZARD_ENDED = 1024,    /* a process has ended here, and its memory is to be given back: as long as cpu->ended is set */
	HAZARD_RCU = 2048,      /* a grace period waits for this CPU, or this CPU for one */
};

/* Where a CPU that the command line breaks stops while it starts. */
enum cpu_fails {
	CPU_FAILS_NOT,
	CPU_FAILS_BEFORE_LOCK,
	CPU_FAILS_HOLDING_LOCK, /* and gives it back */
	CPU_FAILS_KEEPING_LOCK, /* for ever */
	CPU_FAILS_AFTER_LOCK,
	CPU_FAILS_END
};

struct cpu {
	struct cpu *self;
	struct trap_frame *user_frame; /* where a trap from user mode is saved: in the current thread */
	uint64_t stack_top;
	uint64_t scratch[CPU_SCRATCH_WORDS]; /* the machine's */

	struct trace_ring trace;

	unsigned index;
	uint64_t hw_id;
	uint64_t hazards;    /* enum hazard; any CPU sets, atomically; this CPU clears */
	uint64_t tlb_wanted; /* generation others want flushed; any CPU raises */
	uint64_t tlb_done;   /* generation this CPU has flushed */
	bool online;
	bool idle;
	uint8_t lock_level;       /* enum lock_level of the innermost lock held */
	bool bound_by_reserve;    /* runs a thread that serves nobody: it does not get the last page frames */
	uint8_t switch_reason;    /* enum switch_reason: why the current thread is about to stop */
	struct trap uaccess_trap; /* the last fault inside arch_copy_*_user() */

	struct thread *current;  /* NULL in idle */
	struct thread *next;     /* runs when the current one blocks; NULL: whoever the run queue has. This CPU's own business */
	struct aspace *ended;    /* the process whose last thread has left this CPU; NULL once nothing is left of it */
	struct mmu_space *space; /* what activate() was last given here; kept by the caller of activate */
	uint64_t next_flow;      /* flow ids of this CPU: unique with the CPU's number */
	uint64_t timer_next;     /* the tick arch_timer_set() was last given */
	uint64_t slice_end;      /* when the current thread has to let others run, if there are any */
	uint64_t random;         /* state of this CPU's random numbers, from the seed of the run */
	struct rcu_cpu rcu;      /* what it is going to free */

	uint64_t entry_ticks; /* the clock when it began to run here, and when it had boot_lock */
	uint64_t lock_ticks;
	uint8_t fails; /* enum cpu_fails: for tests */

	uint64_t arch_words[16]; /* the machine's, for C code */
} __attribute__((aligned(64)));

static_assert(offsetof(struct cpu, self) == CPU_SELF, "entry code");
static_assert(offsetof(struct cpu, user_frame) == CPU_USER_FRAME, "entry code");
static_assert(offsetof(struct cpu, stack_top) == CPU_STACK_TOP, "entry code");
static_assert(offsetof(struct cpu, scratch) == CPU_SCRATCH, "entry code");

extern struct cpu cpus[MAX_CPUS];
extern unsigned cpus_present; /* CPUs the machine said it has */

/* The kernel stack of each CPU; cpus[n].stack_top is its end. */
extern uint8_t kernel_stacks[MAX_CPUS][KERNEL_STACK_BYTES];

/* Fills in what of cpus[] is known at link time (self, index, stack_top): for the machine's first instructions in C. */
void cpu_prepare(unsigned index, uint64_t hw_id);

/* The next random number of this CPU: the same sequence for the same seed. */
uint64_t cpu_random(void);

/* Sets hazard bits on a CPU and, if it is not the caller's, interrupts it. */
void cpu_hazard_raise(struct cpu *cpu, uint64_t hazards);

/* Does what others asked of this CPU's TLB, if anything. irqs off. */
void cpu_answer_flush(void);

/* A new flow id, unique in the run: it ties the events of one fault together. */
uint64_t cpu_new_flow(void);

/*
 * Makes each CPU of `mask` but the caller's flush what it may hold of a space it has active, and waits for it. Answers the same
 * request of others while it waits, so two CPUs cannot wait for each other. For MMU back ends; no lock held.
 */
void cpu_flush_others(uint64_t mask);
