/*
 * Threads: birth, end, and waiting for an end.
 *
 * Teaches: the life of a thread's record. It is made runnable as the very last step of creation; at the end it stays as long
 * as a CPU still uses its registers (on_cpu) and until somebody has taken its result, or its whole program is gone.
 * Who calls: system calls, crash.c, the scheduler (thread_left_cpu). Whom: aspace.h for stacks, sched.h.
 * Locks: threads_lock, outermost, for the table, ends and joins; never held while a stack is unmapped.
 */
#include "sched/thread.h"

#include <trace_emit.h>

#include "core/end.h"
#include "core/lock.h"
#include "core/name.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/aspace.h"
#include "mm/cache.h"
#include "mm/fault.h"
#include "ipc/server.h"
#include "sched/affinity.h"
#include "sched/process.h"
#include "sched/sched.h"

struct spinlock threads_lock = SPINLOCK(LOCK_THREADS);

/*
 * How many places of the table are looked at in one go, and in how many of them something is done: the lock is held, and interrupts are
 * off, no longer than that takes.
 */
#define ROUND 64
#define ROUND_DONE 4

static struct cache thread_cache = CACHE(struct thread);
static struct thread *table[THREADS_MAX]; /* at id % THREADS_MAX */
static uint32_t last_id;
static uint32_t alive;

void threads_show(void)
{
	descriptor_add("threads", table, sizeof(void *), THREADS_MAX, sizeof(void *));
}

uint32_t threads_alive(void)
{
	return __atomic_load_n(&alive, __ATOMIC_ACQUIRE);
}

struct thread *thread_find(uint32_t id)
{
	struct thread *thread = table[id % THREADS_MAX];
	return thread && thread->id == id ? thread : NULL;
}

/* Finds an id whose place in the table is free. Called with threads_lock. */
static enum status table_add(struct thread *thread)
{
	for (unsigned tries = 0; tries < THREADS_MAX; tries++) {
		uint32_t id = ++last_id;
		if (id == 0 || table[id % THREADS_MAX])
			continue;
		thread->id = id;
		table[id % THREADS_MAX] = thread;
		return STATUS_OK;
	}
	return STATUS_LIMIT;
}

/* Enters a finished record in the table and counts it; a program that is ending gets no more threads. */
static enum status thread_enter(struct thread *thread)
{
	spin_lock(&threads_lock);
	enum status status = thread->aspace->dying ? STATUS_DENIED : table_add(thread);
	if (status == STATUS_OK) {
		thread->aspace->threads++;
		thread->aspace->joinable++;
		thread->aspace->has_run = true;
		__atomic_add_fetch(&alive, 1, __ATOMIC_ACQ_REL);
		sched_progress_add(1);
	}
	spin_unlock(&threads_lock);
	return status;
}

enum status thread_create(struct aspace *aspace, struct vaddr entry, uint64_t argument, uint64_t affinity, const char *name,
			  uint32_t *id)
{
	void *memory;
	struct vaddr stack_top;
	if (!affinity_is_possible(affinity) || entry.v >= USER_END)
		return STATUS_INVALID;
	TRY(cache_alloc(&thread_cache, &memory));
	struct thread *thread = memory;
	list_init(&thread->queue_node);
	list_init(&thread->wait_node);
	list_init(&thread->serve_node);
	list_init(&thread->owes);
	sync_init(thread);
	thread->aspace = aspace;
	thread->affinity = affinity;
	thread->cpu = arch_cpu()->index;
	memcpy(thread->name, name, min_u64(strlen(name), NAME_CHARS));
	enum status status = aspace_stack_new(aspace, &thread->stack_slot, &stack_top);
	if (status == STATUS_OK) {
		arch_frame_init(&thread->frame, entry, stack_top, argument);
		status = thread_enter(thread);
		if (status != STATUS_OK)
			aspace_stack_free(aspace, thread->stack_slot);
	}
	if (status != STATUS_OK) {
		cache_free(&thread_cache, thread);
		return status;
	}
	*id = thread->id;
	trace_thread_create(thread->id, aspace->id, thread_current_id(), affinity, name_word(name, 0), name_word(name, 8));
	run_queue_add(thread, run_queue_choose(thread));
	return STATUS_OK;
}

/*
 * Calls does(thread) for every thread of a process but the current one, with threads_lock, which is let go again and again. Nobody may be
 * added meanwhile.
 */
static void for_each_of(const struct aspace *aspace, void (*does)(struct thread *thread))
{
	for (unsigned i = 0; i < THREADS_MAX;) {
		spin_lock(&threads_lock);
		for (unsigned looks = 0, done = 0; i < THREADS_MAX && looks < ROUND && done < ROUND_DONE; i++, looks++) {
			if (!table[i] || table[i]->aspace != aspace || table[i] == arch_cpu()->current)
				continue;
			does(table[i]);
			done++;
		}
		spin_unlock(&threads_lock);
	}
}

static void thread_free(struct rcu_head *head)
{
	cache_free(&thread_cache, container_of(head, struct thread, rcu));
}

/* The record of a thread that is in no table: whoever has just woken it, or looks at who serves, may still be at it. */
static void let_go(struct thread *thread)
{
	static const struct rcu_class thread_class = {RCU_THREAD, NULL, thread_free};
	rcu_call(&thread->rcu, &thread_class, thread->id);
}

static void free_record(struct thread *thread)
{
	ASSERT(thread->state == THREAD_EXITED && !thread->on_cpu);
	table[thread->id % THREADS_MAX] = NULL;
	let_go(thread);
}

void threads_free(const struct aspace *aspace)
{
	ASSERT(aspace->threads == 0);
	for_each_of(aspace, free_record);
}

void thread_is_through(struct thread *thread)
{
	struct cpu *cpu = arch_cpu();
	spin_lock(&threads_lock);
	struct aspace *aspace = thread->aspace;
	thread->on_cpu = false;
	if (--aspace->threads == 0) {
		ASSERT(!cpu->ended);
		aspace->last_thread = thread->id;
		cpu->ended = aspace;
		__atomic_fetch_or(&cpu->hazards, HAZARD_ENDED, __ATOMIC_RELAXED);
	}
	if (thread->detached)
		let_go(thread);
	spin_unlock(&threads_lock);
}

/* Nobody takes the thread's result any more. Called with threads_lock. */
static void set_detached(struct thread *thread)
{
	if (!thread->detached)
		thread->aspace->joinable--;
	thread->detached = true;
}

/* Nobody will look at the thread any more. Called with threads_lock. */
static void drop_record(struct thread *thread)
{
	table[thread->id % THREADS_MAX] = NULL;
	set_detached(thread);
}

/* What a join of any thread is told, in one word. */
static uint64_t join_value(uint32_t id, int64_t status, bool any)
{
	return any ? (uint64_t)id << 32 | (uint32_t)status : (uint64_t)status;
}

static bool waits_for(const struct thread *joiner, uint32_t id)
{
	return joiner->wait_key == id;
}

/* Whether it waits for any other thread, and no other is left that it could get. */
static bool waits_for_nobody(const struct thread *joiner, uint32_t any)
{
	return joiner->wait_key == any && joiner->aspace->joinable == (joiner->detached ? 0 : 1);
}

/* Hands the result of an ended thread to one that waits for it, if there is one. Called with threads_lock. */
static void release_joiner(struct thread *thread)
{
	struct wait_queue *joiners = &thread->aspace->joiners;
	if (thread->detached) {
		drop_record(thread);
		return;
	}
	struct thread *joiner = wait_take_fitting(joiners, waits_for, thread->id);
	if (!joiner)
		joiner = wait_take_fitting(joiners, waits_for, 0);
	if (!joiner)
		return;
	drop_record(thread);
	arch_syscall_result(&joiner->frame, thread->crashed ? STATUS_CRASHED : STATUS_OK,
			    join_value(thread->id, thread->exit_status, joiner->wait_key == 0));
	sched_wake(joiner, WAKE_JOINED, thread->id);
}

/* Tells those who wait for any thread and can get none any more, since `last` ended or was detached. Called with threads_lock. */
static void release_lonely(const struct thread *last)
{
	for (struct thread *joiner; (joiner = wait_take_fitting(&last->aspace->joiners, waits_for_nobody, 0));) {
		arch_syscall_result(&joiner->frame, STATUS_DEADLOCK, 0);
		sched_wake(joiner, WAKE_JOINED, last->id);
	}
}

void thread_exit(int64_t status)
{
	struct thread *thread = arch_cpu()->current;
	server_ended(thread);
	sync_end(thread);
	upcall_end(thread);
	aspace_stack_free(thread->aspace, thread->stack_slot);
	spin_lock(&threads_lock);
	if (thread->killed && !thread->crashed) /* it may have come here by itself, before it was told */
		status = -(int64_t)STATUS_GONE;
	thread->exit_status = status;
	thread->state = THREAD_EXITED;
	__atomic_fetch_or(&arch_cpu()->hazards, HAZARD_STOPPED, __ATOMIC_RELAXED);
	trace_thread_exit(thread->id, (uint64_t)status);
	release_joiner(thread);
	release_lonely(thread);
	sched_progress_add(-1);
	__atomic_sub_fetch(&alive, 1, __ATOMIC_ACQ_REL);
	if (!thread->aspace->dying) {
		thread->aspace->exit_status = status;
		thread->aspace->crashed = thread->crashed;
		thread->aspace->crash_cause = thread->crash_cause;
	}
	spin_unlock(&threads_lock);
}

/* Wakes a thread that is to end, whatever it waits for. Called with threads_lock. */
static void wake_to_die(struct thread *thread)
{
	if (thread->state == THREAD_EXITED || !wait_cancel(thread))
		return;
	fault_abandon(thread);
	sched_wake(thread, WAKE_KILLED, thread_current_id());
}

void process_doom(struct aspace *aspace, int64_t status, bool crashed)
{
	if (!aspace->dying && !aspace->ended) {
		aspace->exit_status = status;
		aspace->crashed = crashed;
	}
	aspace->dying = true;
}

void process_end_quietly(struct aspace *aspace, int64_t status, bool crashed)
{
	spin_lock(&threads_lock);
	process_doom(aspace, status, crashed);
	spin_unlock(&threads_lock);
	for_each_of(aspace, wake_to_die);
}

void process_end(struct aspace *aspace, int64_t status, bool crashed)
{
	process_end_quietly(aspace, status, crashed);
	process_end_announce();
}

/* ---- joining, detaching, killing ---- */

/* Takes the result of a thread that is over. Called with threads_lock. */
static enum status take_result(struct thread *target, int64_t *status, uint32_t *ended)
{
	enum status result = target->crashed ? STATUS_CRASHED : STATUS_OK;
	*status = target->exit_status;
	*ended = target->id;
	drop_record(target);
	if (!target->on_cpu)
		let_go(target);
	return result;
}

/* The thread with this id, if it is one of the caller's program that can be joined. Called with threads_lock. */
static struct thread *find_own(const struct thread *self, uint32_t id)
{
	struct thread *thread = thread_find(id);
	return thread && thread->aspace == self->aspace && !thread->detached ? thread : NULL;
}

/* One of the other threads: one that is over if there is any. NULL if the caller is the only one that is left. */
static struct thread *find_any_other(const struct thread *self)
{
	struct thread *other = NULL;
	for (unsigned i = 0; i < THREADS_MAX; i++) {
		struct thread *thread = table[i];
		if (!thread || thread == self || !find_own(self, thread->id))
			continue;
		other = thread;
		if (thread->state == THREAD_EXITED)
			break;
	}
	return other;
}

static enum status join_locked(struct thread *self, uint32_t id, int64_t *status, uint32_t *ended)
{
	struct thread *target = id ? find_own(self, id) : find_any_other(self);
	if (!target)
		return id ? STATUS_NOT_FOUND : STATUS_DEADLOCK;
	if (target->state == THREAD_EXITED)
		return take_result(target, status, ended);
	if (id && wait_has_key(&self->aspace->joiners, id))
		return STATUS_EXISTS;
	if (target == self)
		return STATUS_DEADLOCK;
	self->wait_key = id;
	return wait_block(&self->aspace->joiners, self, SWITCH_JOIN, id, WAIT_FOREVER);
}

enum status thread_join(struct thread *self, uint32_t id, int64_t *status, uint32_t *ended)
{
	spin_lock(&threads_lock);
	enum status result = join_locked(self, id, status, ended);
	spin_unlock(&threads_lock);
	return result;
}

enum status thread_detach(struct thread *self, uint32_t id)
{
	spin_lock(&threads_lock);
	struct thread *target = find_own(self, id);
	enum status status = target ? STATUS_OK : STATUS_NOT_FOUND;
	if (status == STATUS_OK && wait_has_key(&self->aspace->joiners, id))
		status = STATUS_EXISTS;
	if (status == STATUS_OK && target->state == THREAD_EXITED) {
		int64_t nobody_wants_it;
		DISCARD(take_result(target, &nobody_wants_it, &id), "it is dropped, however it ended");
	} else if (status == STATUS_OK) {
		set_detached(target);
		release_lonely(target);
	}
	spin_unlock(&threads_lock);
	return status;
}

enum status thread_kill(struct thread *self, uint32_t id)
{
	spin_lock(&threads_lock);
	struct thread *target = id ? thread_find(id) : self;
	enum status status =
		target && target->aspace == self->aspace && target->state != THREAD_EXITED ? STATUS_OK : STATUS_NOT_FOUND;
	if (status == STATUS_OK) {
		trace_thread_kill(self->id, target->id);
		__atomic_store_n(&target->killed, true, __ATOMIC_SEQ_CST);
		if (target != self)
			wake_to_die(target);
	}
	spin_unlock(&threads_lock);
	if (status == STATUS_OK)
		process_end_announce();
	return status;
}

/* ---- looking at them ---- */

enum status thread_describe(uint32_t id, struct thread_query *query)
{
	static const uint32_t states[] = {
		[THREAD_READY] = THREAD_QUERY_READY,
		[THREAD_RUNNING] = THREAD_QUERY_RUNNING,
		[THREAD_BLOCKED] = THREAD_QUERY_WAITS,
		[THREAD_EXITED] = THREAD_QUERY_ENDED,
	};
	const struct thread *found = NULL;
	spin_lock(&threads_lock);
	for (unsigned i = 0; i < THREADS_MAX; i++)
		if (table[i] && table[i]->id >= id && (!found || table[i]->id < found->id))
			found = table[i];
	if (found) {
		*query = (struct thread_query){
			.thread = found->id,
			.process = found->aspace->id,
			.state = states[found->state],
			.reason = found->state == THREAD_BLOCKED ? found->blocked_for : 0,
			.cpu = found->cpu,
		};
		memcpy(query->name, found->name, strlen(found->name));
		memcpy(query->process_name, found->aspace->name, strlen(found->aspace->name));
	}
	spin_unlock(&threads_lock);
	return found ? STATUS_OK : STATUS_NOT_FOUND;
}
