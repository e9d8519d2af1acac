/*
 * Threads: what runs.
 *
 * Teaches: a thread that is not running is only a record. Its user registers lie in `frame`, saved there by the trap entry
 * itself; it has no kernel stack, because nothing in the kernel ever waits.
 */
#pragma once

#include "abi/status.h"
#include "abi/syscall.h"
#include "abi/trace_enums.h"
#include "arch.h"
#include "core/cpu.h"
#include "core/list.h"
#include "core/lock_type.h"
#include "sched/sync.h"
#include "sched/upcall.h"
#include "sched/wait.h"

struct aspace;
struct endpoint;
struct vm_object;

enum thread_state {
	THREAD_READY,   /* on the run queue of `cpu` */
	THREAD_RUNNING, /* current on `cpu` */
	THREAD_BLOCKED, /* waits: a timer or another thread will wake it */
	THREAD_EXITED,  /* over; its record waits for a join */
};

/* A fault, or a system call, that waits for a page, for memory, or for pages to be written. */
struct pending_fault {
	uint64_t flow;
	uint64_t address; /* NO_ADDRESS: the call wants a page of an object, not of the address space */
	uint64_t pc;
	enum access access;
	bool in_call;           /* then the system call is made again, and no thread is killed */
	bool was_read;          /* it waits for a page to be brought */
	enum crash_cause cause; /* of a doomed thread */
};

#define NO_ADDRESS UINT64_MAX

/* An object_remove that waits: for the writes in its range that were begun before it, or by it. */
struct pending_removal {
	struct vm_object *object; /* with a reference; NULL: none */
	uint64_t first;
	uint64_t pages;
	uint64_t serial; /* of the last request that counts */
};

struct thread {
	struct trap_frame frame __attribute__((aligned(64))); /* first: the machine may know it */
	uint32_t id;
	enum thread_state state; /* under the run queue's lock, or the table's for EXITED */
	struct aspace *aspace;
	char name[NAME_CHARS + 1];
	uint64_t affinity;        /* bit n: may run on CPU n */
	uint64_t affinity_wanted; /* the same, while it is pinned: what it goes back to */
	uint32_t pins;            /* how often it is pinned to the CPU it was on */
	unsigned cpu;             /* where it runs, or ran last, or is queued */
	bool on_cpu;              /* a CPU still uses the record: it may be queued, but only there */
	unsigned stack_slot;
	struct list queue_node; /* in a run queue or among a CPU's sleepers */
	/* What it waits for, all under waits_lock. */
	uint64_t wake_at;   /* its deadline in ticks, or WAIT_FOREVER: of the wait at hand, or the last */
	unsigned sleeps_on; /* CPU + 1 among whose sleepers it is, or 0 */
	struct list wait_node;
	struct wait_queue *waits_on;
	uint32_t wait_key;              /* which of several things it waits for; 0: any */
	struct sync_wait sync;          /* the words it waits on */
	enum switch_reason blocked_for; /* why it is blocked */
	struct pending_fault fault;
	struct pending_removal removal;
	uint64_t call_done;             /* what a call that touches user memory answers if that fails: bytes it had done */
	bool doomed;                    /* dies of fault.cause when it next runs */
	struct endpoint *serves;        /* where it last received; it owes answers there */
	struct list serve_node;         /* among that endpoint's servers */
	struct list owes;               /* messages it took at others and has not answered */
	struct endpoint *page_endpoint; /* whose page it waits for */
	struct upcall upcall;           /* where it goes on when it faults */
	bool killed;                    /* ends when it next runs: thread_kill() */
	bool crashed;
	uint8_t crash_cause; /* then enum crash_cause */
	bool detached;       /* nobody takes its result: its record may go once no CPU uses it */
	int64_t exit_status;
	struct rcu_head rcu;
};

#define THREADS_MAX 1024

/* The id of the thread that runs here; 0: none does. */
static inline uint32_t thread_current_id(void)
{
	const struct thread *current = arch_cpu()->current;
	return current ? current->id : 0;
}

/* The table of threads and everything about ends and joins. */
extern struct spinlock threads_lock;

/* The thread with this id, or NULL. Called with threads_lock. */
struct thread *thread_find(uint32_t id);

/*
 * A new thread of `aspace`, runnable at once: starts at `entry` with `argument`, on a stack of its own. INVALID for an affinity
 * without any CPU of this machine, LIMIT, NO_MEMORY.
 */
enum status thread_create(struct aspace *aspace, struct vaddr entry, uint64_t argument, uint64_t affinity, const char *name,
			  uint32_t *id);

/* Ends the current thread. It does not run again after the trap at hand. */
void thread_exit(int64_t status);

/*
 * The current thread did what `trap` says, and nobody can answer: it goes on in its upcall, or is killed: a line on the console, an event,
 * exit.
 */
void thread_crash(enum crash_cause cause, const struct trap *trap);

/* The same for a thread whose fault failed while it waited. */
void thread_die_of_fault(struct thread *thread);

/*
 * Lets every thread of a process end; as one that crashed if `crashed`. The first to ask says with which status. After the second form
 * the caller calls process_end_announce(). Called with no lock.
 */
void process_end(struct aspace *aspace, int64_t status, bool crashed);
void process_end_quietly(struct aspace *aspace, int64_t status, bool crashed);

/* Only notes it, so that nothing of the process begins any more; one of those has to follow. Called with threads_lock. */
void process_doom(struct aspace *aspace, int64_t status, bool crashed);

/*
 * Waits for a thread of the same program to end; id 0 is any. OK, CRASHED: one has, *status is its result and *ended its id, and its
 * record is gone. RETRY: the caller is blocked now; its results will be set when it is woken, as those of the call say.
 * NOT_FOUND if there is none, or it is detached; DEADLOCK for itself, or any if it is the only one, now or later; EXISTS if another
 * waits for it. Who waits for one thread gets it before those who wait for any. A circle of waiters is not refused: the run ends with
 * VERDICT_DEADLOCK once nothing else can happen.
 */
enum status thread_join(struct thread *self, uint32_t id, int64_t *status, uint32_t *ended);

/* Nobody will join this thread of the same program. NOT_FOUND; EXISTS if somebody waits for it. */
enum status thread_detach(struct thread *self, uint32_t id);

/* Ends a thread of the same program, whatever it does; its exit status is -GONE. 0 is the caller. NOT_FOUND. */
enum status thread_kill(struct thread *self, uint32_t id);

/*
 * For the next: the record of a thread that has exited may be given back if nobody needs it. After the last thread of a process its
 * memory is left for the CPU to give back, once interrupts may come: HAZARD_ENDED.
 */
void thread_is_through(struct thread *thread);

/* Gives back the records that nobody joined, of a process without threads. */
void threads_free(const struct aspace *aspace);

/* The scheduler has left the thread: from here on other CPUs may run it. */
static inline void thread_left_cpu(struct thread *thread)
{
	if (thread->state == THREAD_EXITED)
		thread_is_through(thread);
	else
		__atomic_store_n(&thread->on_cpu, false, __ATOMIC_RELEASE);
}

/* What there is to know of the first thread with this id or a higher one, of whatever program. NOT_FOUND. */
enum status thread_describe(uint32_t id, struct thread_query *query);

/* Shows tools the table of threads: pointers, NULL where there is none. At boot. */
void threads_show(void);

/* Threads that have not exited. */
uint32_t threads_alive(void);
