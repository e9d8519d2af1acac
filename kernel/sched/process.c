/*
 * Processes: see process.h.
 *
 * Who calls: system calls, the end of threads, boot. Whom: thread.h, aspace.h. Locks: threads_lock for the list of processes and
 * what they know of each other; none while memory is given back.
 */
#include "sched/process.h"

#include <trace_emit.h>

#include "core/cpu.h"
#include "core/end.h"
#include "core/lock.h"
#include "core/panic.h"
#include "ipc/message.h"
#include "sched/sched.h"

static struct list processes = {&processes, &processes}; /* that were started and have not ended */

/* How the first process ended, which is how the run does. */
static enum verdict run_verdict;
static int64_t run_status;
static bool run_is_over; /* no process is left */

void processes_show(void)
{
	descriptor_add("processes", &processes, sizeof(processes), 1, 0);
}

enum status process_create(struct aspace *creator, const char *name, struct aspace **process)
{
	TRY(aspace_create(name, process));
	spin_lock(&threads_lock);
	(*process)->parent = creator;
	list_insert_before(&creator->unstarted, &(*process)->process_node);
	spin_unlock(&threads_lock);
	return STATUS_OK;
}

/* Called with threads_lock. */
static enum status enter(struct aspace *process, struct aspace *parent)
{
	if (process->started)
		return STATUS_EXISTS;
	if (parent && parent->dying)
		return STATUS_DENIED;
	if (process->dying || !kobj_try_get(&process->kobj)) /* as long as it lives */
		return STATUS_GONE;
	process->started = true;
	process->parent = parent;
	list_remove(&process->process_node);
	list_insert_before(&processes, &process->process_node);
	return STATUS_OK;
}

/* It has no thread after all. Called with threads_lock. */
static void leave(struct aspace *process)
{
	process->started = false;
	list_remove(&process->process_node);
	if (process->parent && !process->dying)
		list_insert_before(&process->parent->unstarted, &process->process_node);
}

static void give_back(struct aspace *process);

enum status process_start(struct aspace *process, struct aspace *parent, struct vaddr entry, uint64_t argument, uint32_t *thread)
{
	spin_lock(&threads_lock);
	enum status status = enter(process, parent);
	spin_unlock(&threads_lock);
	TRY(status);
	status = thread_create(process, entry, argument, UINT64_MAX, "main", thread);
	if (status == STATUS_OK)
		return STATUS_OK;
	spin_lock(&threads_lock);
	leave(process);
	bool killed = process->dying; /* meanwhile, by somebody who found it started */
	spin_unlock(&threads_lock);
	if (killed)
		give_back(process);
	kobj_put(&process->kobj);
	return status;
}

enum status process_wait(struct thread *self, struct aspace *process, int64_t *status)
{
	enum status result;
	spin_lock(&threads_lock);
	*status = process->exit_status;
	if (process->ended)
		result = process->crashed ? STATUS_CRASHED : STATUS_OK;
	else if (!process->has_run)
		result = STATUS_INVALID;
	else
		result = wait_block(&process->waiters, self, SWITCH_PROCESS, process->id, WAIT_FOREVER);
	spin_unlock(&threads_lock);
	return result;
}

void process_end_announce(void)
{
	for (unsigned i = 0; i < cpus_present; i++)
		if (cpus[i].online)
			cpu_hazard_raise(&cpus[i], HAZARD_DOOM);
}

/* Gives one that `process` had started to its creator, if it has any. NULL: all are given away. Else with a reference. */
static struct aspace *give_up_child(const struct aspace *process, bool *must_end)
{
	struct aspace *found = NULL;
	spin_lock(&threads_lock);
	LIST_FOR_EACH (node, &processes) {
		struct aspace *child = container_of(node, struct aspace, process_node);
		if (child->parent != process)
			continue;
		child->parent = process->parent;
		*must_end = !child->parent;
		kobj_get(&child->kobj);
		trace_process_adopt(child->id, child->parent ? child->parent->id : 0);
		found = child;
		break;
	}
	spin_unlock(&threads_lock);
	return found;
}

/* What it had started is its creator's from now on, or ends with it if it has none. */
static void give_up_children(const struct aspace *process)
{
	bool any = false, must_end = false;
	for (struct aspace *child; (child = give_up_child(process, &must_end));) {
		if (must_end)
			process_end_quietly(child, -(int64_t)STATUS_GONE, false);
		any = any || must_end;
		kobj_put(&child->kobj);
	}
	if (any)
		process_end_announce();
}

static void wake_waiters(struct aspace *process)
{
	enum status status = process->crashed ? STATUS_CRASHED : STATUS_OK;
	for (struct thread *thread; (thread = wait_take(&process->waiters));) {
		arch_syscall_result(&thread->frame, status, (uint64_t)process->exit_status);
		sched_wake(thread, WAKE_PROCESS, process->last_thread);
	}
}

/* Nobody starts it any more, if nobody has: then its end is the caller's to make. Called with threads_lock. */
static bool forbid_start(struct aspace *process)
{
	if (process->started || process->dying)
		return false;
	process_doom(process, -(int64_t)STATUS_GONE, false);
	process->parent = NULL;
	list_remove(&process->process_node);
	return true;
}

/* One that `creator` has made and nobody has started, and nobody will. With a reference; NULL if there is none. */
static struct aspace *take_unstarted(struct aspace *creator)
{
	struct aspace *found = NULL;
	spin_lock(&threads_lock);
	while (!found && !list_is_empty(&creator->unstarted)) {
		struct aspace *process = container_of(creator->unstarted.next, struct aspace, process_node);
		bool has_handle = kobj_try_get(&process->kobj); /* else it is on its way to process_free() */
		bool unstarted = forbid_start(process);
		ASSERT(unstarted);
		found = has_handle ? process : NULL;
	}
	spin_unlock(&threads_lock);
	return found;
}

static void end_unstarted(struct aspace *creator)
{
	for (struct aspace *process; (process = take_unstarted(creator));) {
		give_back(process);
		kobj_put(&process->kobj);
	}
}

void process_kill(struct aspace *process)
{
	if (!kobj_try_get(&process->kobj))
		return;
	spin_lock(&threads_lock);
	bool never_started = forbid_start(process);
	if (!never_started) /* its start may fail at this moment, and has to see it */
		process_doom(process, -(int64_t)STATUS_GONE, false);
	spin_unlock(&threads_lock);
	if (never_started)
		give_back(process);
	else
		process_end(process, -(int64_t)STATUS_GONE, false);
	kobj_put(&process->kobj);
}

/* ---- watching for the end ---- */

/* Tells a watcher; the message is its own from here on. */
static void tell(struct aspace *process, struct ipc_message *message)
{
	message->content.word[PROCESS_MESSAGE_STATUS] = (uint64_t)process->exit_status;
	message->content.word[PROCESS_MESSAGE_HOW] = process->crashed ? STATUS_CRASHED : STATUS_OK;
	message->content.word[PROCESS_MESSAGE_CAUSE] = process->crash_cause;
	if (endpoint_post(message->endpoint, message) != STATUS_OK)
		message_free(message);
}

enum status process_watch(struct aspace *process, struct endpoint *endpoint, uint64_t key)
{
	struct ipc_message *message;
	const struct message content = {.type = MESSAGE_PROCESS_ENDED, .word = {[PROCESS_MESSAGE_KEY] = key}};
	TRY(message_new_kernel(endpoint, &content, &message));
	spin_lock(&threads_lock);
	bool ended = process->ended;
	if (!ended)
		list_insert_before(&process->watchers, &message->node);
	spin_unlock(&threads_lock);
	if (ended)
		tell(process, message);
	return STATUS_OK;
}

/* The message of the first watcher, or of the first that is this endpoint, off the list; NULL if there is none. */
static struct ipc_message *take_watcher(struct aspace *process, const struct endpoint *only)
{
	struct ipc_message *found = NULL;
	spin_lock(&threads_lock);
	LIST_FOR_EACH (node, &process->watchers) {
		struct ipc_message *message = container_of(node, struct ipc_message, node);
		if (!only || message->endpoint == only) {
			found = message;
			list_remove(node);
			break;
		}
	}
	spin_unlock(&threads_lock);
	return found;
}

enum status process_unwatch(struct aspace *process, const struct endpoint *endpoint)
{
	enum status status = STATUS_NOT_FOUND;
	for (struct ipc_message *message; (message = take_watcher(process, endpoint));) {
		message_free(message);
		status = STATUS_OK;
	}
	return status;
}

/* Gives back all that a process without threads has, and tells who waits. */
static void give_back(struct aspace *process)
{
	give_up_children(process);
	threads_free(process);
	aspace_empty(process);
	spin_lock(&threads_lock);
	if (process->is_first) {
		run_verdict = process->crashed ? VERDICT_CRASHED : VERDICT_FINISHED;
		run_status = process->exit_status;
	}
	process->ended = true;
	list_remove(&process->process_node);
	spin_unlock(&threads_lock);
	wake_waiters(process);
	for (struct ipc_message *message; (message = take_watcher(process, NULL));)
		tell(process, message);
}

void process_ended(struct aspace *process)
{
	end_unstarted(process);
	give_back(process);
	spin_lock(&threads_lock);
	bool last = list_is_empty(&processes); /* who is not there any more can start none */
	spin_unlock(&threads_lock);
	arch_cpu()->ended = NULL;
	kobj_put(&process->kobj);
	if (last)
		__atomic_store_n(&run_is_over, true, __ATOMIC_SEQ_CST);
}

void process_end_run(void)
{
	if (__atomic_load_n(&run_is_over, __ATOMIC_SEQ_CST) && rcu_waiting() == 0)
		run_end(run_verdict, run_status);
}

void process_free(struct kobj *kobj)
{
	struct aspace *process = process_of(kobj);
	spin_lock(&threads_lock);
	list_remove(&process->process_node);
	spin_unlock(&threads_lock);
	if (!process->ended)
		aspace_empty(process);
	for (struct ipc_message *message; (message = take_watcher(process, NULL));)
		message_free(message); /* it was never started */
	aspace_free(process);
}
