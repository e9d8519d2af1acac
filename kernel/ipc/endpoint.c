/*
 * Endpoints: see endpoint.h.
 *
 *     ipc_call, page request --> queue --> taken --> answered
 *                                  |         |
 *                                  +---------+--> GONE, when nobody is left who could answer
 *     ipc_send, interrupt    --> queue --> received, and over
 *
 * Teaches: a server is whoever receives; what it owes then is in server.c. And a message whose caller is dead or has lost patience is
 * dropped when it would be received.
 * The invariant: a message is on exactly one list, or in the hands of the one who took it off.
 * Locks: the endpoint's for its lists. None is held when a message is answered or freed, or a reference given up.
 * A handle that finds no room in the receiver's table is dropped, and the receiver told so (MESSAGE_HANDLE_LOST).
 */
#include "ipc/endpoint.h"

#include <trace_emit.h>

#include "core/lock.h"
#include "core/panic.h"
#include "ipc/interrupt.h"
#include "ipc/message.h"
#include "ipc/server.h"
#include "mm/aspace.h"
#include "mm/cache.h"
#include "sched/sched.h"

static struct cache endpoint_cache = CACHE(struct endpoint);

enum status endpoint_create(struct endpoint **result)
{
	void *memory;
	TRY(cache_alloc(&endpoint_cache, &memory));
	struct endpoint *endpoint = memory;
	kobj_init(&endpoint->kobj, KOBJ_ENDPOINT);
	endpoint->lock = SPINLOCK(LOCK_ENDPOINT);
	list_init(&endpoint->urgent);
	list_init(&endpoint->queue);
	list_init(&endpoint->taken);
	list_init(&endpoint->servers);
	wait_queue_init(&endpoint->receivers);
	*result = endpoint;
	return STATUS_OK;
}

void endpoint_pre_free(struct kobj *kobj)
{
	trace_endpoint_destroy(kobj->id);
}

void endpoint_free(struct kobj *kobj)
{
	struct endpoint *endpoint = endpoint_of(kobj);
	ASSERT(list_is_empty(&endpoint->urgent) && list_is_empty(&endpoint->queue) && list_is_empty(&endpoint->taken));
	ASSERT(list_is_empty(&endpoint->servers));
	cache_free(&endpoint_cache, endpoint);
}

/* ---- sending ---- */

/* Whether it counts among the messages of threads that wait. */
static inline bool is_of_thread(const struct ipc_message *message)
{
	return message->content.type < MESSAGE_KERNEL;
}

/* LAB(ipc) BEGIN: A message arrives: deliver(). If a thread waits at the endpoint, hand_over() gives it the message at once
 * and the thread is woken: by sched_hand_over(), which lets it run here next, or by sched_wake() if it is an interrupt's
 * message. If none waits, the message waits: the kernel's own in `urgent`, others in `queue`, first come, first served. A
 * message that somebody will answer is in `taken` from when a thread has it. Tell the trace, with trace_ipc_send() and
 * trace_ipc_receive(), and count in `waiting`. Called with the endpoint's lock. */
/*
 * Gives a message to a thread: its registers, and a handle in its table. Called with the lock; the thread is the current one or
 * blocked. Returns the message if it is over with that, for the caller to free once the lock is given back; else NULL.
 */
static inline struct ipc_message *hand_over(struct endpoint *endpoint, struct ipc_message *message, struct thread *server)
{
	struct message *content = &message->content;
	bool is_over = message->kind == IPC_SEND;
	content->handle = message->passed ? message_pass(server, &message->passed) : 0;
	message->server = server;
	if (!is_over)
		list_insert_before(&endpoint->taken, &message->node);
	arch_message_set(&server->frame, STATUS_OK, content);
	trace_ipc_receive(message_flow(message), server->id, endpoint->kobj.id, content->type, content->word[0],
			  content->word[1]);
	return is_over ? message : NULL;
}

/* To a thread that waits, or into the queue. Called with the lock. Returns as hand_over(). */
static inline struct ipc_message *deliver(struct endpoint *endpoint, struct ipc_message *message)
{
	trace_ipc_send(message_flow(message), message->sender, endpoint->kobj.id, message->content.type, message->content.word[0],
		       message->content.word[1]);
	struct thread *server = wait_take(&endpoint->receivers);
	if (server) {
		struct ipc_message *over = hand_over(endpoint, message, server);
		endpoint->waiting += !over && is_of_thread(message);
		if (message->kind == IPC_INTERRUPT) /* it may have come in the middle of a hand-over to another */
			sched_wake(server, WAKE_INTERRUPT, 0);
		else
			sched_hand_over(server, WAKE_MESSAGE, thread_current_id());
		return over;
	}
	endpoint->waiting += is_of_thread(message);
	list_insert_before(is_of_thread(message) ? &endpoint->queue : &endpoint->urgent, &message->node);
	return NULL;
}
/* LAB(ipc) ELSE
// Called with the lock. Returns the message if it is over, for the caller to free once the lock is given back; else NULL.
static struct ipc_message *deliver(struct endpoint *endpoint, struct ipc_message *message)
{
	// Here it lies, and nobody is told.
	endpoint->waiting += is_of_thread(message);
	list_insert_before(&endpoint->queue, &message->node);
	return NULL;
}
LAB(ipc) END */

/* Flat: every page request passes here. */
__attribute__((flatten)) enum status endpoint_post(struct endpoint *endpoint, struct ipc_message *message)
{
	struct ipc_message *over = NULL;
	spin_lock(&endpoint->lock);
	enum status status = endpoint->gone ? STATUS_GONE : STATUS_OK;
	if (status == STATUS_OK)
		over = deliver(endpoint, message);
	spin_unlock(&endpoint->lock);
	if (over)
		message_free(over);
	return status;
}

/* Whether one more message of a thread may come. Called with the lock. */
static inline enum status may_come(const struct endpoint *endpoint)
{
	/* LAB(ipc) BEGIN: GONE if nobody answers here, LIMIT if ENDPOINT_QUEUE_MAX wait already. */
	if (endpoint->gone)
		return STATUS_GONE;
	return endpoint->waiting >= ENDPOINT_QUEUE_MAX ? STATUS_LIMIT : STATUS_OK;
	/* LAB(ipc) ELSE
	(void)endpoint;
	return STATUS_OK;
	LAB(ipc) END */
}

/* Flat, as its answer is. */
__attribute__((flatten)) enum status endpoint_call(struct endpoint *endpoint, struct thread *thread,
						   const struct message *content, uint64_t deadline)
{
	struct ipc_message *message;
	if (content->type >= MESSAGE_KERNEL)
		return STATUS_DENIED;
	TRY(message_new(thread, endpoint, content, &message));
	/* LAB(ipc) BEGIN: The caller blocks on message->caller until the answer comes, or the deadline, and its message is
	 * delivered; if it may come. Think about the order of the two, and about the lock: a server on another CPU may answer
	 * before this one has executed its next instruction. RETRY: the message is on its way, and no longer this function's
	 * to free. */
	spin_lock(&endpoint->lock);
	enum status status = may_come(endpoint);
	if (status == STATUS_OK)
		status = wait_block(&message->caller, thread, SWITCH_CALL, endpoint->kobj.id, deadline);
	if (status == STATUS_RETRY)
		deliver(endpoint, message);
	spin_unlock(&endpoint->lock); /* from here on the message may be answered and gone */
	if (status != STATUS_RETRY)
		message_free(message);
	return status;
	/* LAB(ipc) ELSE
	// The caller waits, for ever; nobody hears of its message.
	spin_lock(&endpoint->lock);
	enum status status = wait_block(&message->caller, thread, SWITCH_CALL, endpoint->kobj.id, deadline);
	spin_unlock(&endpoint->lock);
	return status;
	LAB(ipc) END */
}

enum status endpoint_send(struct endpoint *endpoint, struct thread *thread, const struct message *content,
			  struct endpoint *reply_to, uint64_t *token)
{
	struct ipc_message *message, *over = NULL;
	if (content->type >= MESSAGE_KERNEL)
		return STATUS_DENIED;
	TRY(message_new(thread, endpoint, content, &message));
	enum status status = STATUS_OK;
	if (reply_to) {
		*token = message->content.token;
		status = message_reply_to(message, reply_to);
	} else {
		message_no_answer(message);
	}
	spin_lock(&endpoint->lock);
	if (status == STATUS_OK)
		status = may_come(endpoint);
	if (status == STATUS_OK)
		over = deliver(endpoint, message);
	spin_unlock(&endpoint->lock);
	if (status != STATUS_OK)
		over = message;
	if (over)
		message_free(over);
	return status;
}

/* Makes it a call whose caller waits no more, if it is in the list. Called with the lock. */
static bool withdraw(const struct endpoint *endpoint, struct list *list, uint64_t token, const struct endpoint *reply_to)
{
	ASSERT(spin_held(&endpoint->lock));
	LIST_FOR_EACH (node, list) {
		struct ipc_message *message = container_of(node, struct ipc_message, node);
		if (message->content.token != token || message->kind != IPC_CALL_NOBLK || message->reply_to != reply_to)
			continue;
		message->kind = IPC_CALL;
		return true;
	}
	return false;
}

enum status endpoint_cancel(struct endpoint *endpoint, uint64_t token, const struct endpoint *reply_to)
{
	spin_lock(&endpoint->lock);
	bool found =
		withdraw(endpoint, &endpoint->queue, token, reply_to) || withdraw(endpoint, &endpoint->taken, token, reply_to);
	spin_unlock(&endpoint->lock);
	return found ? STATUS_OK : STATUS_NOT_FOUND;
}

/* ---- receiving and answering ---- */

/* It is taken off what was taken. Called with the lock. */
static inline void leave_taken(struct endpoint *endpoint, struct ipc_message *message)
{
	list_remove(&message->node);
	endpoint->waiting -= is_of_thread(message);
	if (__builtin_expect(message->owed, 0))
		server_paid(message);
}

/* LAB(ipc) BEGIN: Receiving: endpoint_receive(). The thread serves this endpoint from now on (server_serve), and the endpoint
 * is not gone any more. If a message waits, the thread gets the first, the kernel's before others; its token goes into
 * *token. A call whose caller waits no more is dropped instead, with trace_ipc_cancel(), and the next one looked at. If
 * nothing waits, the thread blocks among the `receivers` until the deadline. And GONE if the last handle that may receive was
 * closed (receive_handles) since this call began: nobody would ever wake it. What is over is freed once the lock is given
 * back. */
/* Whether whoever sent it waits no more. */
static bool is_withdrawn(const struct ipc_message *message)
{
	return message->kind == IPC_CALL && list_is_empty(&message->caller.threads);
}

/*
 * Receives the first of the messages that wait, the kernel's before others. Called with the lock, which it gives back. RETRY: that
 * one's caller waits no more, and it is dropped.
 */
static __attribute__((noinline)) enum status receive_first(struct endpoint *endpoint, struct thread *thread, uint64_t *token)
{
	bool urgent = !list_is_empty(&endpoint->urgent);
	struct list *list = urgent ? &endpoint->urgent : &endpoint->queue;
	struct ipc_message *message = container_of(list->next, struct ipc_message, node), *over = message;
	list_remove(&message->node);
	bool withdrawn = is_withdrawn(message);
	endpoint->waiting -= !urgent && (withdrawn || message->kind == IPC_SEND);
	if (withdrawn) {
		trace_ipc_cancel(message->content.token, message->sender, endpoint->kobj.id);
	} else {
		*token = message->content.token;
		over = hand_over(endpoint, message, thread);
	}
	spin_unlock(&endpoint->lock);
	if (over)
		message_free(over);
	return withdrawn ? STATUS_RETRY : STATUS_OK;
}

enum status endpoint_receive(struct endpoint *endpoint, struct thread *thread, uint64_t deadline, uint64_t *token)
{
	TRY(server_serve(endpoint, thread));
	for (;;) {
		spin_lock(&endpoint->lock);
		if (__atomic_load_n(&endpoint->receive_handles, __ATOMIC_RELAXED) == 0) /* closed since this call began */
			break;
		endpoint->gone = false;
		if (list_is_empty(&endpoint->urgent) && list_is_empty(&endpoint->queue)) {
			enum status status =
				wait_block(&endpoint->receivers, thread, SWITCH_RECEIVE, endpoint->kobj.id, deadline);
			spin_unlock(&endpoint->lock);
			return status;
		}
		if (receive_first(endpoint, thread, token) == STATUS_OK)
			return STATUS_OK;
	}
	spin_unlock(&endpoint->lock);
	return STATUS_GONE;
}
/* LAB(ipc) ELSE
// Nobody receives anything.
enum status endpoint_receive(struct endpoint *endpoint, struct thread *thread, uint64_t deadline, uint64_t *token)
{
	(void)deadline, (void)token;
	TRY(server_serve(endpoint, thread));
	return STATUS_GONE;
}
LAB(ipc) END */

/* Takes the message with this token out of those that were taken, or NULL. */
static struct ipc_message *take_by_token(struct endpoint *endpoint, uint64_t token)
{
	/* LAB(ipc) BEGIN: Among what was taken, find the message that has this token; leave_taken() takes it off. */
	struct ipc_message *found = NULL;
	spin_lock(&endpoint->lock);
	LIST_FOR_EACH (node, &endpoint->taken) {
		struct ipc_message *message = container_of(node, struct ipc_message, node);
		if (message->content.token != token)
			continue;
		leave_taken(endpoint, message);
		found = message;
		break;
	}
	spin_unlock(&endpoint->lock);
	return found;
	/* LAB(ipc) ELSE
	(void)endpoint, (void)token;
	return NULL;
	LAB(ipc) END */
}

enum status endpoint_reply(struct endpoint *endpoint, struct thread *thread, const struct message *content)
{
	struct handle *passed = NULL;
	if (content->type >= MESSAGE_KERNEL)
		return STATUS_DENIED;
	if (content->handle)
		TRY(message_take_handle(thread, content->handle, &passed));
	struct ipc_message *message = take_by_token(endpoint, content->token);
	enum status status = message ? message_answer(message, content, &passed) : STATUS_NOT_FOUND;
	if (__builtin_expect(passed != NULL, 0))
		handle_drop(passed);
	return status;
}

/* ---- when nobody answers ---- */

/* Moves what this thread took (NULL: anybody) to `out`. Called with the lock. */
static unsigned collect_taken(struct endpoint *endpoint, const struct thread *server, struct list *out)
{
	unsigned count = 0;
	for (struct list *node = endpoint->taken.next, *next; node != &endpoint->taken; node = next) {
		struct ipc_message *message = container_of(node, struct ipc_message, node);
		next = node->next;
		if (server && message->server != server)
			continue;
		leave_taken(endpoint, message);
		list_insert_before(out, node);
		count++;
	}
	return count;
}

/* Moves what nobody has received to `out`. Called with the lock. */
static unsigned collect_waiting(struct endpoint *endpoint, struct list *out)
{
	struct list *const lists[] = {&endpoint->urgent, &endpoint->queue};
	unsigned count = 0;
	for (unsigned i = 0; i < ARRAY_LENGTH(lists); i++) {
		while (!list_is_empty(lists[i])) {
			struct ipc_message *message = container_of(lists[i]->next, struct ipc_message, node);
			list_remove(&message->node);
			list_insert_before(out, &message->node);
			endpoint->waiting -= is_of_thread(message);
			count++;
		}
	}
	return count;
}

static void fail(struct list *failed)
{
	while (!list_is_empty(failed)) {
		struct ipc_message *message = container_of(failed->next, struct ipc_message, node);
		list_remove(&message->node);
		message_fail(message, STATUS_GONE);
	}
}

/* Called with the lock. */
static void release_receivers(struct endpoint *endpoint)
{
	for (struct thread *thread; (thread = wait_take(&endpoint->receivers));) {
		arch_syscall_result(&thread->frame, STATUS_GONE, 0);
		sched_wake(thread, WAKE_MESSAGE, thread_current_id());
	}
}

void endpoint_receiver_closed(struct endpoint *endpoint)
{
	struct list failed;
	if (__atomic_sub_fetch(&endpoint->receive_handles, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	list_init(&failed);
	spin_lock(&endpoint->lock);
	/* Somebody may have got a handle meanwhile; whoever gets one from here on receives after this, and says that it is not gone. */
	bool last = __atomic_load_n(&endpoint->receive_handles, __ATOMIC_ACQUIRE) == 0;
	unsigned count = 0;
	if (last) {
		endpoint->gone = true;
		count = collect_taken(endpoint, NULL, &failed) + collect_waiting(endpoint, &failed);
		release_receivers(endpoint);
	}
	spin_unlock(&endpoint->lock);
	if (!last)
		return;
	trace_endpoint_gone(endpoint->kobj.id, count);
	fail(&failed);
	interrupt_forget(endpoint);
}

void endpoint_give_up(struct endpoint *endpoint, const struct thread *server)
{
	struct list failed;
	list_init(&failed);
	spin_lock(&endpoint->lock);
	unsigned count = collect_taken(endpoint, server, &failed);
	bool deserted = server_is_none(endpoint);
	if (deserted) {
		count += collect_waiting(endpoint, &failed);
		endpoint->gone = true;
	}
	spin_unlock(&endpoint->lock);
	if (deserted || count)
		trace_endpoint_gone(endpoint->kobj.id, count);
	fail(&failed);
}
