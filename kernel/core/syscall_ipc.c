/*
 * System calls about handles, messages, processes and devices.
 *
 * Who calls: the table of syscall.c. Whom: handle.h, endpoint.h, process.h. Locks: none are held on entry.
 */
#include <trace_emit.h>

#include "core/name.h"
#include "core/syscall_calls.h"
#include "core/time.h"
#include "ipc/endpoint.h"
#include "ipc/interrupt.h"
#include "obj/handle.h"
#include "sched/process.h"

/* ---- handles ---- */

enum status call_handle_close(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)value;
	return handle_close(&thread->aspace->handles, arguments[0]);
}

enum status call_handle_duplicate(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct handle *handle;
	TRY(handle_find_any(&thread->aspace->handles, arguments[0], 0, &handle));
	return handle_copy(handle, (unsigned)arguments[1], &thread->aspace->handles, value);
}

enum status call_handle_revoke(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	return handle_revoke(&thread->aspace->handles, arguments[0], value);
}

/* ---- messages ---- */

enum status call_endpoint_create(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct endpoint *endpoint;
	(void)arguments;
	TRY(endpoint_create(&endpoint));
	trace_endpoint_create(thread->id, endpoint->kobj.id);
	enum status status = handle_create(&thread->aspace->handles, &endpoint->kobj, HANDLE_ALL, value);
	kobj_put(&endpoint->kobj);
	return status;
}

/* The message in the caller's registers, and the endpoint it names, borrowed. */
static enum status find_endpoint(struct thread *thread, unsigned rights, struct message *message, struct endpoint **endpoint)
{
	struct kobj *kobj;
	uint64_t handle = arch_message_get(&thread->frame, message);
	TRY(handle_find(&thread->aspace->handles, handle, KOBJ_ENDPOINT, rights, &kobj));
	*endpoint = endpoint_of(kobj);
	return STATUS_OK;
}

enum status call_ipc_call(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct message message;
	struct endpoint *endpoint;
	(void)value;
	TRY(find_endpoint(thread, HANDLE_CALL, &message, &endpoint));
	return endpoint_call(endpoint, thread, &message, deadline_ticks(arguments[2]));
}

enum status call_ipc_send(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct message message;
	struct endpoint *endpoint;
	(void)arguments;
	TRY(find_endpoint(thread, HANDLE_CALL, &message, &endpoint));
	return endpoint_send(endpoint, thread, &message, NULL, value);
}

enum status call_ipc_call_noblk(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct message message;
	struct endpoint *endpoint;
	struct kobj *reply_to;
	TRY(find_endpoint(thread, HANDLE_CALL, &message, &endpoint));
	TRY(handle_find(&thread->aspace->handles, arguments[2], KOBJ_ENDPOINT, HANDLE_RECEIVE, &reply_to));
	return endpoint_send(endpoint, thread, &message, endpoint_of(reply_to), value);
}

enum status call_ipc_cancel(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct kobj *endpoint, *reply_to;
	(void)value;
	TRY(handle_find(&thread->aspace->handles, arguments[0], KOBJ_ENDPOINT, HANDLE_CALL, &endpoint));
	TRY(handle_find(&thread->aspace->handles, arguments[2], KOBJ_ENDPOINT, HANDLE_RECEIVE, &reply_to));
	return endpoint_cancel(endpoint_of(endpoint), arguments[1], endpoint_of(reply_to));
}

enum status call_ipc_receive(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct message message;
	struct endpoint *endpoint;
	TRY(find_endpoint(thread, HANDLE_RECEIVE, &message, &endpoint));
	return endpoint_receive(endpoint, thread, deadline_ticks(arguments[2]), value);
}

enum status call_ipc_reply(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct message message;
	struct endpoint *endpoint;
	(void)arguments, (void)value;
	TRY(find_endpoint(thread, HANDLE_RECEIVE, &message, &endpoint));
	return endpoint_reply(endpoint, thread, &message);
}

/* An answer nobody waits for any more does not keep the server from its next message, nor does a message that wanted none. */
enum status call_ipc_reply_receive(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct message message;
	struct endpoint *endpoint;
	TRY(find_endpoint(thread, HANDLE_RECEIVE, &message, &endpoint));
	enum status status = message.token ? endpoint_reply(endpoint, thread, &message) : STATUS_OK;
	if (status == STATUS_OK || status == STATUS_GONE)
		status = endpoint_receive(endpoint, thread, deadline_ticks(arguments[2]), value);
	return status;
}

/* ---- processes ---- */

static enum status find_process(struct thread *thread, uint64_t handle, unsigned rights, struct aspace **process)
{
	struct kobj *kobj;
	TRY(handle_find(&thread->aspace->handles, handle, KOBJ_PROCESS, rights, &kobj));
	*process = process_of(kobj);
	return STATUS_OK;
}

enum status call_process_create(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct aspace *process;
	char name[NAME_CHARS + 1];
	name_from_words(arguments[0], arguments[1], name);
	TRY(process_create(thread->aspace, name, &process));
	trace_aspace_create(process->id, arguments[0], arguments[1]);
	enum status status = handle_create(&thread->aspace->handles, &process->kobj, HANDLE_ALL, value);
	kobj_put(&process->kobj);
	return status;
}

enum status call_process_give(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct aspace *process;
	struct handle *handle;
	TRY(find_process(thread, arguments[0], HANDLE_MANAGE, &process));
	TRY(handle_find_any(&thread->aspace->handles, arguments[1], HANDLE_GIVE, &handle));
	return process->started ? STATUS_EXISTS : handle_copy(handle, (unsigned)arguments[2], &process->handles, value);
}

enum status call_process_start(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct aspace *process;
	uint32_t id = 0;
	TRY(find_process(thread, arguments[0], HANDLE_MANAGE, &process));
	enum status status = process_start(process, thread->aspace, vaddr(arguments[1]), arguments[2], &id);
	*value = id;
	return status;
}

enum status call_process_wait(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct aspace *process;
	int64_t exit_status = 0;
	TRY(find_process(thread, arguments[0], 0, &process));
	enum status status = process_wait(thread, process, &exit_status);
	*value = (uint64_t)exit_status;
	return status;
}

enum status call_process_kill(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct aspace *process;
	(void)value;
	TRY(find_process(thread, arguments[0], HANDLE_MANAGE, &process));
	process_kill(process);
	return STATUS_OK;
}

/* Who watches is an endpoint that the caller may receive from. */
static enum status watch(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], bool begins)
{
	struct aspace *process;
	struct kobj *endpoint;
	TRY(find_process(thread, arguments[0], 0, &process));
	TRY(handle_find(&thread->aspace->handles, arguments[1], KOBJ_ENDPOINT, HANDLE_RECEIVE, &endpoint));
	if (begins)
		return process_watch(process, endpoint_of(endpoint), arguments[2]);
	return process_unwatch(process, endpoint_of(endpoint));
}

enum status call_process_watch(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)value;
	return watch(thread, arguments, true);
}

enum status call_process_unwatch(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)value;
	return watch(thread, arguments, false);
}

/* ---- devices ---- */

/* OK if the handle is the right to the machine's devices. */
static enum status may_use_devices(struct thread *thread, uint64_t handle)
{
	struct kobj *machine;
	return handle_find(&thread->aspace->handles, handle, KOBJ_MACHINE, HANDLE_MANAGE, &machine);
}

enum status call_interrupt_register(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct kobj *endpoint;
	(void)value;
	TRY(may_use_devices(thread, arguments[0]));
	TRY(handle_find(&thread->aspace->handles, arguments[2], KOBJ_ENDPOINT, HANDLE_RECEIVE, &endpoint));
	return interrupt_register(arguments[1], endpoint_of(endpoint), arguments[3]);
}

enum status call_port_read(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	uint8_t byte = 0;
	TRY(may_use_devices(thread, arguments[0]));
	TRY(arch_port_read(arguments[1], &byte));
	*value = byte;
	return STATUS_OK;
}

enum status call_port_write(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)value;
	TRY(may_use_devices(thread, arguments[0]));
	return arch_port_write(arguments[1], (uint8_t)arguments[2]);
}
