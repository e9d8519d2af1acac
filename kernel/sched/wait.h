/*
 * Wait queues: threads that wait for something to happen.
 *
 * Teaches: in a kernel that never blocks, waiting is being on a list. Whoever makes the thing happen takes the thread off the
 * list, sets the results of its system call in its saved registers, and wakes it.
 * Who calls: messages, page requests, processes, memory. Locks: one for all queues, so that a thread can be taken off whatever
 * queue it is on without knowing which.
 */
#pragma once

#include "abi/trace_enums.h"
#include "core/list.h"

struct thread;

struct wait_queue {
	struct list threads; /* linked by wait_node, first come first served */
};

static inline void wait_queue_init(struct wait_queue *queue)
{
	list_init(&queue->threads);
}

/*
 * Puts the current thread on the queue and marks it blocked; from here on it may be taken and woken at any moment. False, and
 * nothing happens, if its process is ending. Results are set by whoever takes it.
 */
bool wait_block(struct wait_queue *queue, struct thread *thread, enum switch_reason reason, uint64_t object);

/* Puts a thread that is blocked already, and on no queue, on a queue. False as above. */
bool wait_requeue(struct wait_queue *queue, struct thread *thread, enum switch_reason reason);

/* Takes the first thread off the queue, or NULL. It stays blocked, and is the caller's to wake. */
struct thread *wait_take(struct wait_queue *queue);

/* Takes the thread off whatever queue it is on; false if it is on none. */
bool wait_cancel(struct thread *thread);

/* How many wait. */
unsigned wait_count(const struct wait_queue *queue);
