/*
 * aspace: an address space, the portable truth and its MMU space side by side; and with its handles and threads, a process.
 */
#pragma once

#include "abi/syscall.h"
#include "mm/page.h"
#include "mm/segment.h"
#include "mmu.h"
#include "obj/handle.h"
#include "sched/wait.h"

struct vm_object;

#define STACK_SLOTS 1024

struct aspace {
	struct kobj kobj; /* of the process */
	uint32_t id;
	char name[NAME_CHARS + 1];
	struct spinlock lock; /* segments and mappings */
	bool closed;          /* it is being given back: nothing is mapped any more; under the lock */
	struct segment segments[SEGMENTS];
	struct mapping *recent; /* where the last fault was, since the next is likely to be there too; NULL: unknown */
	struct mmu_space space;
	uint64_t stack_slots[STACK_SLOTS / 64]; /* bit n: slot n is taken; under the lock */
	struct handle_table handles;
	struct page_chain tables; /* of its page table, once that is closed; freed after a grace period */
	struct rcu_head tables_rcu;
	bool dying; /* every thread is to exit */
	/* The process, sched/process.c; under the table of threads' lock. */
	struct list process_node;  /* among all that have not ended; before it is started, in its creator's `unstarted` */
	struct list unstarted;     /* what it has made and nobody has started */
	struct aspace *parent;     /* its creator, or the creator's once that has ended; NULL if there is none */
	struct wait_queue waiters; /* for its end */
	struct wait_queue joiners; /* its threads that wait for the end of others */
	struct list watchers;      /* messages to be sent at its end */
	uint32_t threads;          /* whose record a CPU may use */
	uint32_t joinable;         /* whose result somebody may yet take */
	bool is_first;             /* how it ends is how the run ends */
	uint32_t last_thread;      /* the last of them, once it has ended */
	bool started;              /* somebody has begun to start it */
	bool has_run;              /* it had a thread */
	bool ended;                /* nothing is left but the record */
	bool crashed;              /* the last thread to end was killed */
	uint8_t crash_cause;       /* then enum crash_cause: why */
	int64_t exit_status;       /* process_exit's, or the last thread's */
};

/* A new, empty address space, with a reference. NO_MEMORY. */
enum status aspace_create(const char *name, struct aspace **aspace);

/*
 * Gives back all memory and handles, but the record: aspace_free(). No thread is in it and no CPU has it active. The pages of its page table
 * are freed after a grace period.
 */
void aspace_empty(struct aspace *aspace);
void aspace_free(struct aspace *aspace);

/* What is to be mapped where. */
struct map_request {
	struct vm_object *object;
	uint64_t address; /* 0: where there is room */
	uint64_t first_page;
	uint64_t bytes;
	unsigned rights;
	unsigned rights_max; /* what the mapping's rights may be, now and later */
	bool window;
};

/*
 * Maps pages of an object; the mapping has a reference of its own. *address is the place. Errors as for aspace_map(); a device
 * lies in the device segment and nothing else does; INVALID for pages the object does not have, or a window of an object that
 * has no provider; GONE if the process has ended.
 */
enum status aspace_map_object(struct aspace *aspace, const struct map_request *request, uint64_t *address);

/*
 * Maps `bytes` of new zero-filled memory. At `*address`, or where there is room if it is 0; *address is then the place.
 * Misaligned, empty, overflowing, outside base and view segment, page 0: INVALID. W and X: DENIED. Something there: EXISTS.
 * Too big: LIMIT. *object_id names the new object behind it, for the trace.
 */
enum status aspace_map(struct aspace *aspace, uint64_t *address, uint64_t bytes, unsigned rights, uint32_t *object_id);

/* Unmaps all that lies in the range, within one segment. NOT_FOUND if nothing does. The memory is given back. */
enum status aspace_unmap(struct aspace *aspace, uint64_t address, uint64_t bytes);

/*
 * Changes the rights of the range, all of which has to be mapped (NOT_FOUND); DENIED beyond what the handles allowed that it was
 * mapped with. Nothing is changed on failure.
 */
enum status aspace_protect(struct aspace *aspace, uint64_t address, uint64_t bytes, unsigned rights);

/* Takes a slot of the stack segment and maps a stack there. LIMIT if all are taken. */
enum status aspace_stack_new(struct aspace *aspace, unsigned *slot, struct vaddr *top);
void aspace_stack_free(struct aspace *aspace, unsigned slot);

/*
 * Drops the hardware's translations of a range, in pieces: without the aspace's lock, interrupts come between them. Whoever needs none to come
 * back has seen to that, and calls sync.
 */
void aspace_drop_translations(struct aspace *aspace, uint64_t address, uint64_t bytes);

/* Drops every hardware translation. Nothing is lost: they come back one fault at a time. */
void aspace_forget(struct aspace *aspace);

/* Enters one translation, donating tables as the back end asks. Called with the aspace's lock. NO_MEMORY, FULL. */
enum status aspace_enter(struct aspace *aspace, struct vaddr va, struct paddr frame, unsigned flags);

/* Checks every segment. For tests. */
void aspace_check(struct aspace *aspace);
