/*
 * Wait queues: threads that wait for something to happen, for ever or until a time.
 *
 * Teaches: in a kernel that never blocks, waiting is being on a list. Whoever makes the thing happen takes the thread off the
 * list, sets the results of its system call in its saved registers, and wakes it. A deadline is a second list, of those who wait for
 * the clock; a thread is taken off both in one step, so it is woken once.
 * Who calls: messages, page requests, processes, memory, words (sync.c). Locks: one for all queues, so that a thread can be taken off
 * whatever it waits on without knowing which.
 */
#pragma once

#include "abi/status.h"
#include "abi/trace_enums.h"
#include "core/list.h"
#include "core/lock_type.h"

struct thread;

struct wait_queue {
	struct list threads; /* linked by wait_node, first come first served */
};

/* A deadline that never comes. Others are ticks of arch_time_now(). */
#define WAIT_FOREVER UINT64_MAX

/* Who waits for what, and until when. */
extern struct spinlock waits_lock;

static inline void wait_queue_init(struct wait_queue *queue)
{
	list_init(&queue->threads);
}

/*
 * Puts the current thread on the queue and marks it blocked. Called with the lock under which others look at the queue. RETRY:
 * from here on it may be taken and woken at any moment, and its results are set by whoever takes it; TIMED_OUT by the clock. At
 * once: DENIED if it is to end, TIMED_OUT if the deadline has passed.
 */
enum status wait_block(struct wait_queue *queue, struct thread *thread, enum switch_reason reason, uint64_t object,
		       uint64_t deadline);

/* The same for a thread that is on a list of another kind, or waits for the clock alone. Called with waits_lock. */
enum status wait_block_locked(struct thread *thread, enum switch_reason reason, uint64_t object, uint64_t deadline);

/* Blocks the current thread until the clock reaches `when`. A thread that is to end goes on instead. */
void wait_sleep(struct thread *thread, uint64_t when);

/* Puts a thread that is blocked already, for ever and on no queue, on a queue. False, and nothing happens, if it is to end. */
bool wait_requeue(struct wait_queue *queue, struct thread *thread, enum switch_reason reason);

/* Takes the first thread off the queue, or NULL. It stays blocked, and is the caller's to wake. */
struct thread *wait_take(struct wait_queue *queue);

/* The same for the first that fits, as it is told with `key`; and whether one waits whose wait_key this is. */
struct thread *wait_take_fitting(struct wait_queue *queue, bool (*fits)(const struct thread *thread, uint32_t key), uint32_t key);
bool wait_has_key(const struct wait_queue *queue, uint32_t key);

/* Takes a thread off all it is on. Called with waits_lock; the thread is blocked and now the caller's to wake. */
void wait_take_locked(struct thread *thread);

/* Takes the thread off whatever it waits on; false if it does not wait. */
bool wait_cancel(struct thread *thread);

/* Takes a thread whose deadline is not after `now`, and that waited on this CPU; NULL if there is none. */
struct thread *wait_take_due(uint64_t now);

/* How many wait. */
unsigned wait_count(const struct wait_queue *queue);
