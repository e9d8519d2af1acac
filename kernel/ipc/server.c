/*
 * Servers: see server.h.
 *
 * Invariant: a thread is on the list of the endpoint it serves, and a message that it took elsewhere and nobody has answered is on its
 * list of what it owes.
 */
#include "ipc/server.h"

#include "core/cpu.h"
#include "core/lock.h"
#include "ipc/endpoint.h"
#include "sched/thread.h"

static struct spinlock serve_lock = SPINLOCK(LOCK_SERVE);

/* ---- serving ---- */

/* What the thread took here and has not answered it still owes when it serves another endpoint. */
static void note_what_is_owed(struct endpoint *endpoint, struct thread *thread)
{
	spin_lock(&endpoint->lock);
	LIST_FOR_EACH (node, &endpoint->taken) {
		struct ipc_message *message = container_of(node, struct ipc_message, node);
		if (message->server != thread || message->owed)
			continue;
		spin_lock_inner(&serve_lock);
		list_insert_before(&thread->owes, &message->owed_node);
		message->owed = true;
		spin_unlock(&serve_lock);
	}
	spin_unlock(&endpoint->lock);
}

enum status server_serve(struct endpoint *endpoint, struct thread *thread)
{
	if (thread->serves == endpoint)
		return STATUS_OK;
	if (!kobj_try_get(&endpoint->kobj))
		return STATUS_GONE;
	struct endpoint *before = thread->serves;
	if (before)
		note_what_is_owed(before, thread);
	spin_lock(&serve_lock);
	if (before)
		list_remove(&thread->serve_node);
	list_insert_before(&endpoint->servers, &thread->serve_node);
	thread->serves = endpoint;
	spin_unlock(&serve_lock);
	arch_cpu()->bound_by_reserve = false; /* whoever serves may be needed to get pages out */
	if (before)
		kobj_put(&before->kobj);
	return STATUS_OK;
}

void server_paid(struct ipc_message *message)
{
	spin_lock_inner(&serve_lock);
	list_remove(&message->owed_node);
	message->owed = false;
	spin_unlock(&serve_lock);
}

bool server_is_none(const struct endpoint *endpoint)
{
	spin_lock_inner(&serve_lock);
	bool none = list_is_empty(&endpoint->servers);
	spin_unlock(&serve_lock);
	return none;
}

/* ---- the end of a server ---- */

/* The endpoint of something that the thread owes elsewhere, with a reference; NULL if there is nothing. */
static struct endpoint *owes_at(const struct thread *thread)
{
	struct endpoint *endpoint = NULL;
	spin_lock(&serve_lock);
	if (!list_is_empty(&thread->owes)) {
		endpoint = container_of(thread->owes.next, struct ipc_message, owed_node)->endpoint;
		kobj_get(&endpoint->kobj);
	}
	spin_unlock(&serve_lock);
	return endpoint;
}

void server_ended(struct thread *thread)
{
	struct endpoint *endpoint = thread->serves;
	if (!endpoint)
		return;
	spin_lock(&serve_lock);
	list_remove(&thread->serve_node);
	thread->serves = NULL;
	spin_unlock(&serve_lock);
	endpoint_give_up(endpoint, thread);
	kobj_put(&endpoint->kobj);
	while ((endpoint = owes_at(thread))) {
		endpoint_give_up(endpoint, thread);
		kobj_put(&endpoint->kobj);
	}
}

/* ---- circles of providers ---- */

/* How many steps of "waits for a page of" are followed. */
#define WAIT_CHAIN_MAX 8

/*
 * Whether nobody could bring a page for `endpoint`: it has servers, and each waits for a page that nobody could bring. A thread
 * that is only busy will come back. Called with serve_lock.
 */
static bool is_stuck(const struct endpoint *endpoint, unsigned depth)
{
	if (list_is_empty(&endpoint->servers))
		return false;
	if (depth == WAIT_CHAIN_MAX) /* a circle has no end */
		return true;
	LIST_FOR_EACH (node, &endpoint->servers) {
		const struct thread *server = container_of(node, struct thread, serve_node);
		if (!server->page_endpoint || !is_stuck(server->page_endpoint, depth + 1))
			return false;
	}
	return true;
}

enum status server_page_wait_begin(struct endpoint *endpoint, struct thread *thread)
{
	if (!thread->serves) /* nobody waits for it, so there is no circle */
		return STATUS_OK;
	spin_lock(&serve_lock);
	thread->page_endpoint = endpoint;
	bool stuck = is_stuck(endpoint, 0);
	if (stuck)
		thread->page_endpoint = NULL;
	spin_unlock(&serve_lock);
	return stuck ? STATUS_DEADLOCK : STATUS_OK;
}

void server_page_wait_end(struct thread *thread)
{
	if (!thread->page_endpoint)
		return;
	spin_lock(&serve_lock);
	thread->page_endpoint = NULL;
	spin_unlock(&serve_lock);
}
