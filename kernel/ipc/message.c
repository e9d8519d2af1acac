/*
 * Messages on their way: see message.h.
 *
 * Who calls: endpoint.c. Whom: page requests, the scheduler, handle tables. Locks: none are held by the callers, but for
 * message_pass(), which an endpoint calls with its own.
 */
#include "ipc/message.h"

#include <trace_emit.h>

#include "core/cpu.h"
#include "ipc/interrupt.h"
#include "mm/aspace.h"
#include "mm/cache.h"
#include "mm/request.h"
#include "sched/sched.h"

static struct cache message_cache = CACHE_ALWAYS_READY(struct ipc_message);

enum status message_prepare(void)
{
	return cache_prepare(&message_cache);
}

enum status message_take_handle(const struct thread *thread, uint64_t number, struct handle **passed)
{
	struct handle *handle;
	TRY(handle_find_any(&thread->aspace->handles, number, HANDLE_GIVE, &handle));
	return handle_derive(handle, HANDLE_ALL, passed);
}

/* Memory for a message, with a reference to its endpoint. */
static inline enum status allocate(struct endpoint *endpoint, struct ipc_message **message)
{
	void *memory;
	TRY(cache_alloc_unfilled(&message_cache, &memory));
	if (!kobj_try_get(&endpoint->kobj)) {
		cache_free(&message_cache, memory);
		return STATUS_GONE;
	}
	*message = memory;
	return STATUS_OK;
}

enum status message_new(struct thread *thread, struct endpoint *endpoint, const struct message *content,
			struct ipc_message **result)
{
	struct ipc_message *message;
	TRY(allocate(endpoint, &message));
	message_init(message, endpoint, thread->id);
	message->content = *content;
	message->content.token = cpu_new_flow();
	enum status status = content->handle ? message_take_handle(thread, content->handle, &message->passed) : STATUS_OK;
	if (status != STATUS_OK)
		message_free(message);
	else
		*result = message;
	return status;
}

enum status message_new_kernel(struct endpoint *endpoint, const struct message *content, struct ipc_message **result)
{
	struct ipc_message *message;
	TRY(allocate(endpoint, &message));
	message_init(message, endpoint, 0);
	message->content = *content;
	message->content.token = cpu_new_flow();
	message_no_answer(message);
	list_init(&message->node);
	enum status status = message_promise(message, endpoint);
	if (status != STATUS_OK)
		message_free(message);
	else
		*result = message;
	return status;
}

enum status message_promise(struct ipc_message *message, struct endpoint *endpoint)
{
	if (__atomic_add_fetch(&endpoint->promised, 1, __ATOMIC_RELAXED) > ENDPOINT_QUEUE_MAX) {
		__atomic_sub_fetch(&endpoint->promised, 1, __ATOMIC_RELAXED);
		return STATUS_LIMIT;
	}
	message->promised = endpoint;
	return STATUS_OK;
}

enum status message_reply_to(struct ipc_message *message, struct endpoint *reply_to)
{
	if (!kobj_try_get(&reply_to->kobj))
		return STATUS_GONE;
	message->kind = IPC_CALL_NOBLK;
	message->reply_to = reply_to;
	return message_promise(message, reply_to);
}

void message_free(struct ipc_message *message)
{
	if (message->promised)
		__atomic_sub_fetch(&message->promised->promised, 1, __ATOMIC_RELAXED);
	if (__builtin_expect(message->passed != NULL, 0))
		handle_drop(message->passed);
	if (message->reply_to)
		kobj_put(&message->reply_to->kobj);
	kobj_put(&message->endpoint->kobj);
	cache_free(&message_cache, message);
}

uint64_t message_pass(const struct thread *thread, struct handle **passed)
{
	/* LAB(ipc) BEGIN: What goes with a message arrives. handle_install() puts the handle into the table of the thread's
	 * process, and says whether there was room; then it is the message's no more. Else the receiver is told why it got
	 * none (MESSAGE_HANDLE_LOST and the status), and the trace as well: as a refusal of this object with no number and no
	 * right missing. trace_handle_pass() tells what has arrived. */
	uint64_t number = 0;
	struct handle *handle = *passed;
	if (!handle)
		return 0;
	enum status status = handle_install(&thread->aspace->handles, handle, &number);
	if (status != STATUS_OK) {
		trace_handle_refused(thread->id, 0, handle->kobj->id, 0, status);
		return MESSAGE_HANDLE_LOST | status;
	}
	trace_handle_pass(thread->id, number, handle->kobj->id, handle->rights);
	*passed = NULL;
	return number;
	/* LAB(ipc) ELSE
	// Nothing ever arrives.
	(void)thread, (void)passed;
	return 0;
	LAB(ipc) END */
}

/* What the provider of a page says with the type of its answer. RETRY is no answer: nobody would ask again. */
static enum status status_of_answer(uint64_t type)
{
	return type < STATUS_CODES_END && type != STATUS_RETRY ? (enum status)type : STATUS_IO_ERROR;
}

/* Lets a message become its own answer, on its way to where it is to come. GONE: nobody receives there, and it is freed. */
static enum status send_back(struct ipc_message *message, const struct message *answer, struct handle **passed)
{
	struct endpoint *asked = message->endpoint;
	uint64_t token = message->content.token;
	if (message->passed)
		handle_drop(message->passed);
	message->content = *answer;
	message->content.token = token;
	message->passed = *passed;
	*passed = NULL;
	message->kind = IPC_SEND;
	message->sender = thread_current_id();
	message->endpoint = message->reply_to;
	message->reply_to = NULL;
	kobj_put(&asked->kobj);
	enum status status = endpoint_post(message->endpoint, message);
	if (status != STATUS_OK)
		message_free(message);
	return status;
}

/* The thread that called gets the answer. */
static __attribute__((flatten)) enum status answer_caller(struct ipc_message *message, struct thread *caller,
							  const struct message *answer, struct handle **passed)
{
	/* LAB(ipc) BEGIN: The caller gets its answer, or there is none who waits (NULL: GONE). Its registers get status and
	 * answer (arch_message_set), with the token of its own message and what goes with the answer in its own table; it is
	 * woken by sched_hand_over() with WAKE_REPLY. The message is over. */
	if (caller) {
		struct message content = *answer;
		content.token = message->content.token;
		content.handle = message_pass(caller, passed);
		arch_message_set(&caller->frame, STATUS_OK, &content);
		sched_hand_over(caller, WAKE_REPLY, thread_current_id());
	}
	message_free(message);
	return caller ? STATUS_OK : STATUS_GONE;
	/* LAB(ipc) ELSE
	(void)caller, (void)answer, (void)passed;
	message_free(message);
	return STATUS_GONE;
	LAB(ipc) END */
}

enum status message_answer(struct ipc_message *message, const struct message *answer, struct handle **passed)
{
	struct thread *caller = message->kind == IPC_CALL ? wait_take(&message->caller) : NULL;
	trace_ipc_reply(message->content.token, thread_current_id(), message->endpoint->kobj.id, answer->type,
			caller ? caller->id : 0);
	switch (message->kind) {
	case IPC_CALL_NOBLK:
		return send_back(message, answer, passed);
	case IPC_REQUEST:
		request_answer(message->request, status_of_answer(answer->type));
		return STATUS_OK;
	case IPC_INTERRUPT:
		interrupt_answered(message);
		return STATUS_OK;
	default:
		return answer_caller(message, caller, answer, passed);
	}
}

void message_fail(struct ipc_message *message, enum status status)
{
	const struct message failed = {.type = MESSAGE_FAILED, .word = {status}};
	struct handle *nothing = NULL;
	struct thread *caller;
	switch (message->kind) {
	case IPC_CALL_NOBLK:
		DISCARD(send_back(message, &failed, &nothing), "then nobody wants to know");
		break;
	case IPC_REQUEST:
		request_answer(message->request, status);
		break;
	case IPC_INTERRUPT:
		interrupt_lost(message);
		break;
	default:
		caller = message->kind == IPC_CALL ? wait_take(&message->caller) : NULL;
		if (caller) {
			arch_syscall_result(&caller->frame, status, 0);
			sched_wake(caller, WAKE_REPLY, thread_current_id());
		}
		message_free(message);
	}
}
