/*
 * The one fault path.
 */
#pragma once

#include "abi/trace_enums.h"
#include "arch.h"
#include "mm/segment.h"

struct thread;
struct vm_object;

/* What the last branch of the fault path looks at. */
struct fault_question {
	enum object_kind kind;
	bool window;     /* the mapping is the provider's own */
	unsigned rights; /* of the mapping, enum rights */
	enum access access;
	uint64_t slot;   /* the page's */
	bool has_source; /* COPY: what is absent here may be in the object it was copied from */
};

/* And what it answers. */
enum fault_action {
	FAULT_ACTION_MAP,       /* the page is there: enter the translation */
	FAULT_ACTION_DIRTY,     /* the same, and from now on the page has to be saved before it can go */
	FAULT_ACTION_ZERO_FILL, /* it is zeros that nobody has touched: allocate, zero, enter */
	FAULT_ACTION_COPY,      /* it is shared and about to be written: allocate, copy, enter */
	FAULT_ACTION_TAKE,      /* the source of the copy has it, or can get it */
	FAULT_ACTION_REQUEST,   /* nobody has it but the provider: ask, wait */
	FAULT_ACTION_WAIT,      /* the provider is at work on it: wait */
	FAULT_ACTION_REFUSE,    /* the mapping does not allow the access */
	FAULT_ACTION_NO_PAGE,   /* the object has no such page */
};

/* The decision, without side effects. */
enum fault_action fault_decide(const struct fault_question *question);

/* The rights a translation gets: less than the mapping's where a store has to fault first. For a page with a frame. */
unsigned fault_rights(const struct fault_question *question);

/*
 * Answers a fault of the current thread, with an event for each step. *cause says why, if the result is KILLED or NO_MEMORY:
 * the caller then kills the thread, or answers FAULT or NO_MEMORY for the system call that touched the address (`in_call`). With WAITS the
 * thread is blocked; the fault goes on in fault_continue().
 */
enum fault_result fault_handle(struct thread *thread, const struct trap *trap, bool in_call, enum crash_cause *cause);

/*
 * Makes a page of an object be there, and pins it, for a system call of the current thread that reads or writes the object itself; *slot is
 * its slot. RETRY: the thread is blocked, and makes the call again. IO_ERROR, GONE, DEADLOCK, NO_MEMORY; LIMIT if it has too many pins.
 */
enum status fault_bring(struct thread *thread, struct vm_object *object, uint64_t page, enum access access, uint64_t *slot);

/*
 * What a blocked thread waited for is there (OK), or will never be. `request` is the page request's flow, or 0. The thread's
 * fault, or its system call, goes on. Called by whoever took it off its wait queue. No lock held.
 */
void fault_continue(struct thread *thread, uint64_t request, enum status status);

/* A waiting thread is taken off its queue to die: its fault ends. */
void fault_abandon(struct thread *thread);

/* Gives the page at `address` its frame ahead of any access and says where it is: for the program loader. */
enum status fault_populate(struct aspace *aspace, uint64_t address, struct paddr *frame);
