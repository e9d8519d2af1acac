/*
 * Endpoints: see endpoint.h.
 *
 *     ipc_call, page request --> queue --> taken --> answered
 *                                  |         |
 *                                  +---------+--> GONE, when nobody is left who could answer
 *
 * Teaches: a server is whoever receives. A thread that took a message owes an answer; when it ends without one, the kernel answers
 * for it, so no caller waits for ever because a server crashed.
 * The invariant: a message is on exactly one list, or in the hands of the one who took it off.
 * Locks: the endpoint's for its lists; serve_lock for who serves what and who waits for whose page. No lock is held when a
 * message is answered or a reference given up.
 * What is simplified: no priorities, no time-outs; a handle that finds no room in the receiver's table is dropped.
 */
#include "ipc/endpoint.h"

#include <trace_emit.h>

#include "core/lock.h"
#include "core/panic.h"
#include "ipc/message.h"
#include "mm/aspace.h"
#include "mm/cache.h"
#include "sched/sched.h"

static struct cache endpoint_cache = CACHE(struct endpoint);
static struct spinlock serve_lock = SPINLOCK(LOCK_SERVE);

enum status endpoint_create(struct endpoint **result)
{
	void *memory;
	TRY(cache_alloc(&endpoint_cache, &memory));
	struct endpoint *endpoint = memory;
	kobj_init(&endpoint->kobj, KOBJ_ENDPOINT);
	endpoint->lock = SPINLOCK(LOCK_ENDPOINT);
	list_init(&endpoint->queue);
	list_init(&endpoint->taken);
	list_init(&endpoint->servers);
	wait_queue_init(&endpoint->receivers);
	*result = endpoint;
	return STATUS_OK;
}

void endpoint_free(struct kobj *kobj)
{
	struct endpoint *endpoint = endpoint_of(kobj);
	ASSERT(list_is_empty(&endpoint->queue) && list_is_empty(&endpoint->taken) && list_is_empty(&endpoint->servers));
	cache_free(&endpoint_cache, endpoint);
}

/* ---- sending ---- */

/*
 * Gives a message to a thread: its registers, and a handle in its table. Called with the lock; the thread is the current one or
 * blocked.
 */
static void hand_over(struct endpoint *endpoint, struct ipc_message *message, struct thread *server)
{
	struct message *content = &message->content;
	content->handle = message->passed ? message_pass(server, message->passed, message->passed_rights) : 0;
	message->server = server;
	list_insert_before(&endpoint->taken, &message->node);
	arch_message_set(&server->frame, STATUS_OK, content);
	trace_ipc_receive(content->token, server->id, endpoint->kobj.id, content->type, content->word[0], content->word[1]);
}

/* To a thread that waits, or into the queue. Called with the lock. */
static void deliver(struct endpoint *endpoint, struct ipc_message *message)
{
	const struct thread *self = arch_cpu()->current;
	trace_ipc_send(message->content.token, message->sender, endpoint->kobj.id, message->content.type,
		       message->content.word[0], message->content.word[1]);
	struct thread *server = wait_take(&endpoint->receivers);
	if (server) {
		hand_over(endpoint, message, server);
		sched_hand_over(server, WAKE_MESSAGE, self ? self->id : 0);
	} else {
		list_insert_before(&endpoint->queue, &message->node);
		endpoint->queued++;
	}
}

enum status endpoint_post(struct endpoint *endpoint, struct ipc_message *message)
{
	spin_lock(&endpoint->lock);
	enum status status = endpoint->gone ? STATUS_GONE : STATUS_OK;
	if (status == STATUS_OK)
		deliver(endpoint, message);
	spin_unlock(&endpoint->lock);
	return status;
}

enum status endpoint_call(struct endpoint *endpoint, struct thread *thread, const struct message *content)
{
	struct ipc_message *message;
	if (content->type >= MESSAGE_KERNEL)
		return STATUS_DENIED;
	if (endpoint->queued >= ENDPOINT_QUEUE_MAX)
		return STATUS_LIMIT;
	TRY(message_new(thread, endpoint, content, &message));
	spin_lock(&endpoint->lock);
	enum status status = endpoint->gone ? STATUS_GONE : STATUS_RETRY;
	if (status == STATUS_RETRY && !wait_block(&message->caller, thread, SWITCH_CALL, endpoint->kobj.id))
		status = STATUS_DENIED;
	if (status == STATUS_RETRY)
		deliver(endpoint, message);
	spin_unlock(&endpoint->lock); /* from here on the message may be answered and gone */
	if (status != STATUS_RETRY)
		message_free(message);
	return status;
}

/* ---- receiving and answering ---- */

/* The thread serves this endpoint from now on, and no other. */
static void serve(struct endpoint *endpoint, struct thread *thread)
{
	if (thread->serves == endpoint)
		return;
	struct endpoint *before = thread->serves;
	kobj_get(&endpoint->kobj);
	spin_lock(&serve_lock);
	if (before)
		list_remove(&thread->serve_node);
	list_insert_before(&endpoint->servers, &thread->serve_node);
	thread->serves = endpoint;
	spin_unlock(&serve_lock);
	arch_cpu()->bound_by_reserve = false; /* whoever serves may be needed to get pages out */
	if (before)
		kobj_put(&before->kobj);
}

enum status endpoint_receive(struct endpoint *endpoint, struct thread *thread, uint64_t *token)
{
	enum status status = STATUS_RETRY;
	serve(endpoint, thread);
	spin_lock(&endpoint->lock);
	endpoint->gone = false;
	if (!list_is_empty(&endpoint->queue)) {
		struct ipc_message *message = container_of(endpoint->queue.next, struct ipc_message, node);
		list_remove(&message->node);
		endpoint->queued--;
		*token = message->content.token;
		hand_over(endpoint, message, thread);
		status = STATUS_OK;
	} else if (!wait_block(&endpoint->receivers, thread, SWITCH_RECEIVE, endpoint->kobj.id)) {
		status = STATUS_DENIED;
	}
	spin_unlock(&endpoint->lock);
	return status;
}

/* Takes the message with this token out of those that were taken, or NULL. */
static struct ipc_message *take_by_token(struct endpoint *endpoint, uint64_t token)
{
	struct ipc_message *found = NULL;
	spin_lock(&endpoint->lock);
	LIST_FOR_EACH (node, &endpoint->taken) {
		struct ipc_message *message = container_of(node, struct ipc_message, node);
		if (message->content.token != token)
			continue;
		list_remove(node);
		found = message;
		break;
	}
	spin_unlock(&endpoint->lock);
	return found;
}

enum status endpoint_reply(struct endpoint *endpoint, struct thread *thread, const struct message *content)
{
	struct handle passed = {0};
	if (content->handle)
		TRY(handle_find_any(&thread->aspace->handles, content->handle, HANDLE_GIVE, &passed));
	struct ipc_message *message = take_by_token(endpoint, content->token);
	enum status status = message ? message_answer(message, content, &passed) : STATUS_NOT_FOUND;
	if (passed.kobj)
		kobj_put(passed.kobj);
	return status;
}

/* ---- when nobody answers ---- */

/* Moves the messages of a list that this thread took (NULL: all) to `out`. Called with the lock. */
static unsigned collect(struct list *from, const struct thread *server, struct list *out)
{
	unsigned count = 0;
	for (struct list *node = from->next, *next; node != from; node = next) {
		next = node->next;
		if (server && container_of(node, struct ipc_message, node)->server != server)
			continue;
		list_remove(node);
		list_insert_before(out, node);
		count++;
	}
	return count;
}

/* Answers what `server` took, and if nobody is left who serves, all that waits. */
static void give_up(struct endpoint *endpoint, const struct thread *server, bool nobody_left)
{
	struct list failed;
	list_init(&failed);
	spin_lock(&endpoint->lock);
	unsigned count = collect(&endpoint->taken, nobody_left ? NULL : server, &failed);
	if (nobody_left) {
		count += collect(&endpoint->queue, NULL, &failed);
		endpoint->queued = 0;
		endpoint->gone = true;
	}
	spin_unlock(&endpoint->lock);
	if (nobody_left || count)
		trace_endpoint_gone(endpoint->kobj.id, count);
	while (!list_is_empty(&failed)) {
		struct ipc_message *message = container_of(failed.next, struct ipc_message, node);
		list_remove(&message->node);
		message_fail(message, STATUS_GONE);
	}
}

void endpoint_receiver_add(struct endpoint *endpoint, int change)
{
	if (__atomic_add_fetch(&endpoint->receive_handles, (uint32_t)change, __ATOMIC_ACQ_REL) == 0)
		give_up(endpoint, NULL, true);
}

void endpoint_server_ended(struct thread *thread)
{
	struct endpoint *endpoint = thread->serves;
	if (!endpoint)
		return;
	spin_lock(&serve_lock);
	list_remove(&thread->serve_node);
	thread->serves = NULL;
	bool nobody_left = list_is_empty(&endpoint->servers);
	spin_unlock(&serve_lock);
	give_up(endpoint, thread, nobody_left);
	kobj_put(&endpoint->kobj);
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

enum status endpoint_page_wait_begin(struct endpoint *endpoint, struct thread *thread)
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

void endpoint_page_wait_end(struct thread *thread)
{
	if (!thread->page_endpoint)
		return;
	spin_lock(&serve_lock);
	thread->page_endpoint = NULL;
	spin_unlock(&serve_lock);
}
