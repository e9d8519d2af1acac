/*
 * Wait queues: see wait.h.
 *
 * A thread is on at most one queue; thread->waits_on says which, under wait_lock. Its process's `dying` is looked at under the
 * same lock: whoever sets it and then takes every waiting thread off its queue misses none.
 */
#include "sched/wait.h"

#include "core/lock.h"
#include "core/panic.h"
#include "mm/aspace.h"
#include "sched/sched.h"

static struct spinlock wait_lock = SPINLOCK(LOCK_WAIT);

static void add(struct wait_queue *queue, struct thread *thread)
{
	ASSERT(!thread->waits_on);
	thread->waits_on = queue;
	list_insert_before(&queue->threads, &thread->wait_node);
}

bool wait_block(struct wait_queue *queue, struct thread *thread, enum switch_reason reason, uint64_t object)
{
	spin_lock(&wait_lock);
	bool blocks = !thread->aspace->dying;
	if (blocks) {
		sched_block(thread, reason, object);
		add(queue, thread);
	}
	spin_unlock(&wait_lock);
	return blocks;
}

bool wait_requeue(struct wait_queue *queue, struct thread *thread, enum switch_reason reason)
{
	spin_lock(&wait_lock);
	bool blocks = !thread->aspace->dying;
	if (blocks) {
		thread->blocked_for = reason;
		add(queue, thread);
	}
	spin_unlock(&wait_lock);
	return blocks;
}

/* Called with the lock. */
static void take(struct thread *thread)
{
	list_remove(&thread->wait_node);
	thread->waits_on = NULL;
}

struct thread *wait_take(struct wait_queue *queue)
{
	struct thread *thread = NULL;
	if (list_is_empty(
		    &queue->threads)) /* whoever begins to wait does so under a lock that the caller holds, or may come too late */
		return NULL;
	spin_lock(&wait_lock);
	if (!list_is_empty(&queue->threads)) {
		thread = container_of(queue->threads.next, struct thread, wait_node);
		take(thread);
	}
	spin_unlock(&wait_lock);
	return thread;
}

bool wait_cancel(struct thread *thread)
{
	spin_lock(&wait_lock);
	bool waits = thread->waits_on;
	if (waits)
		take(thread);
	spin_unlock(&wait_lock);
	return waits;
}

unsigned wait_count(const struct wait_queue *queue)
{
	unsigned count = 0;
	spin_lock(&wait_lock);
	LIST_FOR_EACH (node, &queue->threads)
		count++;
	spin_unlock(&wait_lock);
	return count;
}
