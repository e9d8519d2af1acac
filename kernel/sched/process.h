/*
 * Processes: an address space, handles, and the threads in it.
 *
 * Teaches: a process is made in small steps by its creator, who maps its memory and gives it its handles, and starts it last.
 * It ends with its last thread, or when somebody ends it. When its creator ends first, the creator's own creator takes its place; with the
 * first process, everything ends.
 * A process that was never started ends with its creator, whoever has a handle of it: it may have one of itself, or two of them each other's, and
 * then counting references alone would keep them for ever.
 */
#pragma once

#include "mm/aspace.h"

struct endpoint;
struct thread;

static inline struct aspace *process_of(struct kobj *kobj)
{
	return container_of(kobj, struct aspace, kobj);
}

/* A new process, with a reference for the caller; `creator` is alive. NO_MEMORY. */
enum status process_create(struct aspace *creator, const char *name, struct aspace **process);

/*
 * Starts the first thread of a process that has none. `parent` is NULL for the first process of the run. EXISTS if it was
 * started before, DENIED if the parent is ending, GONE if nobody has a handle of it or it was ended before it was started, LIMIT, NO_MEMORY.
 */
enum status process_start(struct aspace *process, struct aspace *parent, struct vaddr entry, uint64_t argument, uint32_t *thread);

/*
 * Waits for a process to end. OK, CRASHED: it has, *status is its result. RETRY: the caller is blocked, and will get the
 * results. INVALID: it was never started, or could not be.
 */
enum status process_wait(struct thread *self, struct aspace *process, int64_t *status);

/* Lets a message come to the endpoint when the process ends, or now if it has: MESSAGE_PROCESS_ENDED with `key`. NO_MEMORY. */
enum status process_watch(struct aspace *process, struct endpoint *endpoint, uint64_t key);

/* Nothing will come to this endpoint any more, but for what is there. NOT_FOUND: it does not watch the process. */
enum status process_unwatch(struct aspace *process, const struct endpoint *endpoint);

/*
 * Ends a process, as one whose status is -GONE: every thread of it; at once if it was never started. Borrowed. Interrupts are on, no lock is held.
 */
void process_kill(struct aspace *process);

/*
 * Nothing of the process is needed any more: its last thread has left its CPU. Gives back all it has, and tells who waits. Interrupts are
 * on, no lock is held: it may take long.
 */
void process_ended(struct aspace *process);

/* Ends the run if the last process has ended, and all that was given up is free. For idle CPUs. */
void process_end_run(void);

/* The record of a process nobody has a reference to. */
void process_free(struct kobj *kobj);

/* Shows tools the list of processes, linked by process_node. At boot. */
void processes_show(void);

/* Lets every CPU look whether the thread it runs has to end. */
void process_end_announce(void);
