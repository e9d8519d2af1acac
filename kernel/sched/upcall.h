/*
 * Upcalls: a thread that answers its own faults.
 *
 * Teaches: what the kernel cannot answer need not be the end of a thread. It may have said beforehand where it wants to go on then: at a
 * function of its own, on a stack of its own, with the cause, the address and the instruction as arguments. The kernel keeps its
 * registers meanwhile; when the function is done, the thread goes on where it was, or wherever the function says.
 * Who calls: the end of a fault that killed so far (thread.c), system calls. Locks: none; a thread's upcall is its own business.
 */
#pragma once

#include "abi/status.h"
#include "abi/trace_enums.h"
#include "arch.h"

struct thread;

/* Part of every thread. */
struct upcall {
	struct vaddr entry; /* 0: none */
	struct vaddr stack_top;
	struct trap_frame *saved; /* room for its registers; NULL before it has said where */
	bool in_progress;
};

/* Says where the current thread goes on when it faults; entry 0: nowhere. NO_MEMORY; EXISTS in the middle of an upcall. */
enum status upcall_set(struct thread *thread, struct vaddr entry, struct vaddr stack_top);

/*
 * Lets the current thread, which did what `trap` says, go on in its upcall. False if it has none; or if it is in one already: then *cause
 * becomes CAUSE_DOUBLE_FAULT.
 */
bool upcall_begin(struct thread *thread, enum crash_cause *cause, const struct trap *trap);

/* Ends the upcall: on with the instruction at `pc`; 0: with the one that faulted. INVALID if the thread is in none. */
enum status upcall_return(struct thread *thread, struct vaddr pc);

/* The thread is over. */
void upcall_end(struct thread *thread);
