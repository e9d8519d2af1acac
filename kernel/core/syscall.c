/*
 * System calls: one small function each, behind one table.
 *
 * Teaches: a call first checks and fetches everything (gather), then changes the world with steps that cannot fail (commit),
 * then gives results (scatter). A call that has to wait returns RETRY with the thread blocked; whoever wakes it sets its
 * results.
 * Who calls: the trap path. Whom: threads, address spaces, user memory. Locks: none are held on entry.
 */
#include "core/syscall.h"

#include <trace_emit.h>

#include "core/end.h"
#include "core/print.h"
#include "core/time.h"
#include "mm/aspace.h"
#include "mm/uaccess.h"
#include "sched/sched.h"

#define ARGUMENTS 5
#define WRITE_BYTES_MAX 4096
#define WRITE_CHUNK_BYTES 256

static enum status call_null(struct thread *thread, const uint64_t arguments[ARGUMENTS], uint64_t *value)
{
	(void)thread, (void)arguments, (void)value;
	return STATUS_OK;
}

/* A name from two words: the first character in the highest byte. */
static void unpack_name(uint64_t first, uint64_t second, char name[NAME_CHARS + 1])
{
	for (unsigned i = 0; i < NAME_CHARS; i++) {
		char c = (char)((i < 8 ? first : second) >> (56 - i % 8 * 8));
		name[i] = c >= ' ' && c <= '~' ? c : 0;
	}
	name[NAME_CHARS] = 0;
}

static enum status call_thread_create(struct thread *thread, const uint64_t arguments[ARGUMENTS], uint64_t *value)
{
	char name[NAME_CHARS + 1];
	uint32_t id = 0;
	unpack_name(arguments[3], arguments[4], name);
	TRY(thread_create(thread->aspace, vaddr(arguments[0]), arguments[1], arguments[2], name, &id));
	*value = id;
	return STATUS_OK;
}

static enum status call_thread_exit(struct thread *thread, const uint64_t arguments[ARGUMENTS], uint64_t *value)
{
	(void)thread, (void)value;
	thread_exit((int64_t)arguments[0]);
	return STATUS_RETRY;
}

static enum status call_thread_yield(struct thread *thread, const uint64_t arguments[ARGUMENTS], uint64_t *value)
{
	(void)thread, (void)arguments, (void)value;
	sched_yield(SWITCH_YIELD);
	return STATUS_OK;
}

static enum status call_thread_sleep(struct thread *thread, const uint64_t arguments[ARGUMENTS], uint64_t *value)
{
	(void)value;
	timer_sleep(thread, arch_time_now() + ns_to_ticks(arguments[0]));
	return STATUS_OK;
}

static enum status call_thread_affinity(struct thread *thread, const uint64_t arguments[ARGUMENTS], uint64_t *value)
{
	(void)value;
	if (arguments[0] > UINT32_MAX)
		return STATUS_NOT_FOUND;
	return thread_set_affinity(thread, (uint32_t)arguments[0], arguments[1]);
}

static enum status call_thread_join(struct thread *thread, const uint64_t arguments[ARGUMENTS], uint64_t *value)
{
	int64_t exit_status = 0;
	if (arguments[0] == 0 || arguments[0] > UINT32_MAX)
		return STATUS_NOT_FOUND;
	enum status status = thread_join(thread, (uint32_t)arguments[0], &exit_status);
	*value = (uint64_t)exit_status;
	return status;
}

static enum status call_thread_self(struct thread *thread, const uint64_t arguments[ARGUMENTS], uint64_t *value)
{
	(void)arguments;
	*value = (uint64_t)arch_cpu()->index << 32 | thread->id;
	return STATUS_OK;
}

static enum status call_vm_map(struct thread *thread, const uint64_t arguments[ARGUMENTS], uint64_t *value)
{
	uint32_t object_id;
	uint64_t address = arguments[0];
	if (arguments[2] > UINT32_MAX)
		return STATUS_INVALID;
	TRY(aspace_map(thread->aspace, &address, arguments[1], (unsigned)arguments[2], &object_id));
	trace_vm_map(thread->id, thread->aspace->id, address, arguments[1], arguments[2], object_id);
	*value = address;
	return STATUS_OK;
}

static enum status call_vm_unmap(struct thread *thread, const uint64_t arguments[ARGUMENTS], uint64_t *value)
{
	(void)value;
	TRY(aspace_unmap(thread->aspace, arguments[0], arguments[1]));
	trace_vm_unmap(thread->id, thread->aspace->id, arguments[0], arguments[1]);
	return STATUS_OK;
}

static enum status call_vm_protect(struct thread *thread, const uint64_t arguments[ARGUMENTS], uint64_t *value)
{
	(void)value;
	if (arguments[2] > UINT32_MAX)
		return STATUS_INVALID;
	TRY(aspace_protect(thread->aspace, arguments[0], arguments[1], (unsigned)arguments[2]));
	trace_vm_protect(thread->id, thread->aspace->id, arguments[0], arguments[1], arguments[2]);
	return STATUS_OK;
}

static enum status call_vm_forget(struct thread *thread, const uint64_t arguments[ARGUMENTS], uint64_t *value)
{
	(void)arguments, (void)value;
	aspace_forget(thread->aspace);
	trace_vm_forget(thread->id, thread->aspace->id);
	return STATUS_OK;
}

/* *value: how many bytes were written; with FAULT, those before the bad address, in whole chunks. */
static enum status call_debug_write(struct thread *thread, const uint64_t arguments[ARGUMENTS], uint64_t *value)
{
	char chunk[WRITE_CHUNK_BYTES];
	uint64_t bytes = arguments[1];
	size_t left;
	if (bytes > WRITE_BYTES_MAX)
		return STATUS_LIMIT;
	for (uint64_t done = 0; done < bytes; done += sizeof(chunk)) {
		size_t part = min_u64(bytes - done, sizeof(chunk));
		TRY(copy_from_user(thread, chunk, vaddr(arguments[0] + done), part, &left));
		console_write(chunk, part);
		*value = done + part;
	}
	return STATUS_OK;
}

static enum status call_trace_mark(struct thread *thread, const uint64_t arguments[ARGUMENTS], uint64_t *value)
{
	(void)value;
	switch (arguments[0]) {
	case MARK_BEGIN:
		trace_mark_begin(thread->id, arguments[1], arguments[2], arguments[3]);
		return STATUS_OK;
	case MARK_END:
		trace_mark_end(thread->id, arguments[1], arguments[2], arguments[3]);
		return STATUS_OK;
	case MARK_INSTANT:
		trace_mark_instant(thread->id, arguments[1], arguments[2], arguments[3]);
		return STATUS_OK;
	case MARK_COUNTER:
		trace_mark_counter(thread->id, arguments[1], arguments[2], arguments[3]);
		return STATUS_OK;
	case MARK_STEP:
		trace_mark_step(arguments[4], thread->id, arguments[1], arguments[2], arguments[3]);
		return STATUS_OK;
	default:
		return STATUS_INVALID;
	}
}

static enum status call_clock_now(struct thread *thread, const uint64_t arguments[ARGUMENTS], uint64_t *value)
{
	(void)thread, (void)arguments;
	*value = ticks_to_ns(arch_time_now() - descriptor.boot_ticks);
	return STATUS_OK;
}

static enum status call_process_exit(struct thread *thread, const uint64_t arguments[ARGUMENTS], uint64_t *value)
{
	(void)thread, (void)value;
	program_exit((int64_t)arguments[0]);
	return STATUS_OK;
}

#define call_handle_close call_null
#define call_handle_duplicate call_null
#define call_object_create call_null
#define call_object_provide call_null
#define call_object_copy call_null
#define call_object_device call_null
#define call_object_map call_null
#define call_object_remove call_null
#define call_object_read call_null
#define call_object_write call_null
#define call_object_size call_null
#define call_vm_query call_null
#define call_endpoint_create call_null
#define call_ipc_call call_null
#define call_ipc_receive call_null
#define call_ipc_reply call_null
#define call_ipc_reply_receive call_null
#define call_process_create call_null
#define call_process_give call_null
#define call_process_start call_null
#define call_process_wait call_null
#define call_process_kill call_null
#define call_memory_info call_null
#define call_memory_cast_out call_null

static enum status (*const calls[])(struct thread *thread, const uint64_t arguments[ARGUMENTS], uint64_t *value) = {
#define SYSCALL_ROW(name, number, text) [number] = call_##name,
	SYSCALLS(SYSCALL_ROW)
#undef SYSCALL_ROW
};

void syscall_dispatch(struct thread *thread)
{
	uint64_t arguments[ARGUMENTS];
	uint64_t value = 0;
	uint64_t number = arch_syscall_args(&thread->frame, arguments);
	trace_syscall_enter(thread->id, number, arguments[0], arguments[1]);
	enum status status = STATUS_INVALID;
	if (number < ARRAY_LENGTH(calls))
		status = calls[number](thread, arguments, &value);
	trace_syscall_exit(thread->id, number, status, value);
	if (status != STATUS_RETRY)
		arch_syscall_result(&thread->frame, status, value);
}
