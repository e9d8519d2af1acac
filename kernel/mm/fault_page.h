/*
 * One fault on its way, and its last steps: what happens at the page's slot.
 */
#pragma once

#include "mm/fault.h"
#include "mm/object.h"
#include "sched/wait.h"

struct fault {
	uint64_t flow;
	struct thread *thread;
	uint64_t address; /* NO_ADDRESS: a page of an object is wanted, not of the address space */
	uint64_t pc;
	enum access access;
	bool wants_segment; /* POWER: only the segment has to be loaded */
	bool wants_read;    /* it waits for a page to be brought, not to be saved */
	bool in_call;       /* the kernel touched the address for a system call */
	bool continued;     /* the thread is blocked, and another one is at work for it */
	struct segment *segment;
	enum crash_cause cause;
	struct page_request *unsent; /* made on the way; to be sent once no lock is held. NULL: none */
	struct paddr old_frame;      /* a copy took its place: to be given back after sync; 0 if none */
	uint64_t old_frame_cpus;
};

/* The fault cannot be answered. */
enum fault_result fault_refuse(struct fault *fault, enum crash_cause cause);

/* The page at the fault's address: brings it, and enters its translation. Called with the aspace's lock. */
enum fault_result fault_at_page(struct fault *fault, const struct mapping *mapping);

/* A page of an object, without any mapping. Returns with the object locked; *slot is the page's. */
enum fault_result fault_in_object(struct fault *fault, struct vm_object *object, uint64_t page, uint64_t *slot);

/* Blocks the fault's thread until what it needs is there. KILLED if its process is ending. */
enum fault_result fault_block(struct fault *fault, struct wait_queue *queue, enum switch_reason reason, uint64_t object);

/* What has to wait until no lock is held: sends the page request, gives back the frame a copy took the place of. */
void fault_finish_step(struct fault *fault);
