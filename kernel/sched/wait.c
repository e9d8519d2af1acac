/*
 * Wait queues: see wait.h.
 *
 * A thread is on at most one queue (thread->waits_on) or among the waiters of words (thread->sync.waits), and besides that among the
 * sleepers of one CPU (thread->sleeps_on) if it has a deadline; all of it under waits_lock. Whether it is to end is looked at
 * under the same lock: whoever says so and then takes every waiting thread off what it waits on misses none.
 */
#include "sched/wait.h"

#include "core/lock.h"
#include "core/panic.h"
#include "mm/aspace.h"
#include "sched/sched.h"
#include "sched/sync.h"

struct spinlock waits_lock = SPINLOCK(LOCK_WAIT);

static void add(struct wait_queue *queue, struct thread *thread)
{
	ASSERT(!thread->waits_on);
	thread->waits_on = queue;
	list_insert_before(&queue->threads, &thread->wait_node);
}

static inline enum status block(struct thread *thread, enum switch_reason reason, uint64_t object, uint64_t deadline)
{
	if (thread->aspace->dying || thread->killed)
		return STATUS_DENIED;
	thread->wake_at = deadline;
	if (__builtin_expect(deadline != WAIT_FOREVER, 0)) {
		if (deadline <= arch_time_now())
			return STATUS_TIMED_OUT;
		timer_add(thread);
	}
	sched_block(thread, reason, object);
	return STATUS_RETRY;
}

enum status wait_block_locked(struct thread *thread, enum switch_reason reason, uint64_t object, uint64_t deadline)
{
	return block(thread, reason, object, deadline);
}

/* Flat: every message blocks somebody. */
__attribute__((flatten)) enum status wait_block(struct wait_queue *queue, struct thread *thread, enum switch_reason reason,
						uint64_t object, uint64_t deadline)
{
	spin_lock_inner(&waits_lock);
	enum status status = block(thread, reason, object, deadline);
	if (status == STATUS_RETRY)
		add(queue, thread);
	spin_unlock(&waits_lock);
	return status;
}

void wait_sleep(struct thread *thread, uint64_t when)
{
	spin_lock(&waits_lock);
	DISCARD(wait_block_locked(thread, SWITCH_SLEEP, when, when), "a sleep that is over, or not to be, is no failure");
	spin_unlock(&waits_lock);
}

bool wait_requeue(struct wait_queue *queue, struct thread *thread, enum switch_reason reason)
{
	spin_lock(&waits_lock);
	bool blocks = !thread->aspace->dying && !thread->killed;
	if (blocks) {
		thread->blocked_for = reason;
		add(queue, thread);
	}
	spin_unlock(&waits_lock);
	return blocks;
}

/* A thread that is on a queue: off it, and off the clock. */
static inline void take_queued(struct thread *thread)
{
	list_remove(&thread->wait_node);
	thread->waits_on = NULL;
	if (__builtin_expect(thread->wake_at != WAIT_FOREVER, 0))
		timer_remove(thread);
}

void wait_take_locked(struct thread *thread)
{
	if (thread->waits_on) {
		take_queued(thread);
		return;
	}
	if (thread->sync.waits)
		sync_leave(thread);
	if (thread->sleeps_on)
		timer_remove(thread);
}

struct thread *wait_take(struct wait_queue *queue)
{
	struct thread *thread = NULL;
	if (list_is_empty(
		    &queue->threads)) /* whoever begins to wait does so under a lock that the caller holds, or may come too late */
		return NULL;
	spin_lock(&waits_lock);
	if (!list_is_empty(&queue->threads)) {
		thread = container_of(queue->threads.next, struct thread, wait_node);
		take_queued(thread);
	}
	spin_unlock(&waits_lock);
	return thread;
}

struct thread *wait_take_fitting(struct wait_queue *queue, bool (*fits)(const struct thread *thread, uint32_t key), uint32_t key)
{
	struct thread *found = NULL;
	spin_lock(&waits_lock);
	LIST_FOR_EACH (node, &queue->threads) {
		struct thread *thread = container_of(node, struct thread, wait_node);
		if (!fits(thread, key))
			continue;
		wait_take_locked(thread);
		found = thread;
		break;
	}
	spin_unlock(&waits_lock);
	return found;
}

bool wait_has_key(const struct wait_queue *queue, uint32_t key)
{
	bool found = false;
	spin_lock(&waits_lock);
	LIST_FOR_EACH (node, &queue->threads)
		found = found || container_of(node, struct thread, wait_node)->wait_key == key;
	spin_unlock(&waits_lock);
	return found;
}

bool wait_cancel(struct thread *thread)
{
	spin_lock(&waits_lock);
	bool waits = thread->waits_on || thread->sync.waits || thread->sleeps_on;
	if (waits)
		wait_take_locked(thread);
	spin_unlock(&waits_lock);
	return waits;
}

struct thread *wait_take_due(uint64_t now)
{
	spin_lock(&waits_lock);
	struct thread *thread = timer_first_due(now);
	if (thread)
		wait_take_locked(thread);
	spin_unlock(&waits_lock);
	return thread;
}

unsigned wait_count(const struct wait_queue *queue)
{
	unsigned count = 0;
	spin_lock(&waits_lock);
	LIST_FOR_EACH (node, &queue->threads)
		count++;
	spin_unlock(&waits_lock);
	return count;
}
