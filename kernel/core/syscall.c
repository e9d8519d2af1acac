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
#include "core/syscall_calls.h"
#include "core/time.h"
#include "mm/aspace.h"
#include "mm/inject.h"
#include "mm/uaccess.h"
#include "sched/process.h"

#define WRITE_BYTES_MAX 4096

enum status call_null(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)thread, (void)arguments, (void)value;
	return STATUS_OK;
}

/* *value: how many bytes were written; with FAULT, those before the bad page. */
enum status call_debug_write(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct user_buffer buffer;
	if (arguments[1] > WRITE_BYTES_MAX)
		return STATUS_LIMIT;
	enum status status = user_pin(thread, vaddr(arguments[0]), arguments[1], ACCESS_LOAD, &buffer);
	for (unsigned i = 0; i < ARRAY_LENGTH(buffer.pin) && status != STATUS_RETRY; i++) {
		if (!buffer.pin[i].bytes)
			break;
		console_write((const char *)buffer.pin[i].data, buffer.pin[i].bytes);
		*value += buffer.pin[i].bytes;
	}
	user_unpin(&buffer);
	return status;
}

enum status call_trace_mark(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
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
	case MARK_MODULE_LOAD:
		trace_module_load(thread->id, arguments[1], arguments[2], arguments[3], arguments[4]);
		return STATUS_OK;
	case MARK_MODULE_UNLOAD:
		trace_module_unload(thread->id, arguments[1], arguments[2], arguments[3], arguments[4]);
		return STATUS_OK;
	default:
		return STATUS_INVALID;
	}
}

enum status call_clock_now(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)thread, (void)arguments;
	*value = ticks_to_ns(arch_time_now() - descriptor.boot_ticks);
	return STATUS_OK;
}

enum status call_process_exit(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)value;
	if (arguments[1] > 1)
		return STATUS_INVALID;
	process_end(thread->aspace, (int64_t)arguments[0], arguments[1]);
	return STATUS_OK;
}

static enum status (*const calls[])(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value) = {
#define SYSCALL_ROW(name, number, text) [number] = call_##name,
	SYSCALLS(SYSCALL_ROW)
#undef SYSCALL_ROW
};

void syscall_dispatch(struct thread *thread)
{
	uint64_t arguments[CALL_ARGUMENTS];
	uint64_t value = 0;
	uint64_t number = arch_syscall_args(&thread->frame, arguments);
	trace_syscall_enter(thread->id, number, arguments[0], arguments[1]);
	enum status status = STATUS_INVALID;
	if (number < ARRAY_LENGTH(calls))
		status = calls[number](thread, arguments, &value);
	trace_syscall_exit(thread->id, number, status, value);
	if (status != STATUS_OK) {
		if (status == STATUS_RETRY)
			return;
		if (status == STATUS_NO_MEMORY)
			inject_note_told(thread->id);
	}
	arch_syscall_result(&thread->frame, status, value);
}
