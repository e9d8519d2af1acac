/*
 * Messages on their way: see message.h.
 *
 * Who calls: endpoint.c. Whom: page requests, the scheduler, handle tables. Locks: none are held by the callers, but for
 * message_pass(), which an endpoint calls with its own.
 */
#include "ipc/message.h"

#include <trace_emit.h>

#include "core/cpu.h"
#include "mm/aspace.h"
#include "mm/cache.h"
#include "mm/request.h"
#include "sched/sched.h"

static struct cache message_cache = CACHE_ALWAYS_READY(struct ipc_message);

enum status message_prepare(void)
{
	return cache_prepare(&message_cache);
}

enum status message_new(struct thread *thread, struct endpoint *endpoint, const struct message *content,
			struct ipc_message **result)
{
	void *memory;
	struct handle passed = {0};
	TRY(cache_alloc_unfilled(&message_cache, &memory));
	enum status status = STATUS_OK;
	if (content->handle)
		status = handle_find_any(&thread->aspace->handles, content->handle, HANDLE_GIVE, &passed);
	if (status != STATUS_OK) {
		cache_free(&message_cache, memory);
		return status;
	}
	struct ipc_message *message = memory;
	kobj_get(&endpoint->kobj);
	message_init(message, endpoint, thread->id);
	message->content = *content;
	message->content.token = cpu_new_flow();
	message->passed = passed.kobj;
	message->passed_rights = passed.rights;
	*result = message;
	return STATUS_OK;
}

void message_free(struct ipc_message *message)
{
	if (message->passed)
		kobj_put(message->passed);
	kobj_put(&message->endpoint->kobj);
	cache_free(&message_cache, message);
}

uint64_t message_pass(const struct thread *thread, struct kobj *passed, unsigned rights)
{
	uint64_t number = 0;
	if (!passed || handle_add(&thread->aspace->handles, passed, rights, &number) != STATUS_OK)
		return 0;
	trace_handle_pass(thread->id, number, passed->id, rights);
	return number;
}

static uint32_t current_id(void)
{
	const struct thread *current = arch_cpu()->current;
	return current ? current->id : 0;
}

enum status message_answer(struct ipc_message *message, const struct message *answer, const struct handle *passed)
{
	uint32_t self = current_id();
	struct thread *caller = message->request ? NULL : wait_take(&message->caller);
	trace_ipc_reply(message->content.token, self, message->endpoint->kobj.id, answer->type, caller ? caller->id : 0);
	if (message->request) {
		bool known = answer->type <= STATUS_GONE;
		request_answer(message->request, known ? (enum status)answer->type : STATUS_IO_ERROR);
		return STATUS_OK;
	}
	if (caller) {
		struct message content = *answer;
		content.token = message->content.token;
		content.handle = message_pass(caller, passed->kobj, passed->rights);
		arch_message_set(&caller->frame, STATUS_OK, &content);
		sched_hand_over(caller, WAKE_REPLY, self);
	}
	message_free(message);
	return caller ? STATUS_OK : STATUS_GONE;
}

void message_fail(struct ipc_message *message, enum status status)
{
	if (message->request) {
		request_answer(message->request, status);
		return;
	}
	struct thread *caller = wait_take(&message->caller);
	if (caller) {
		arch_syscall_result(&caller->frame, status, 0);
		sched_wake(caller, WAKE_REPLY, current_id());
	}
	message_free(message);
}
