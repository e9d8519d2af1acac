/*
 * System calls about threads, and about the words they wait on.
 *
 * Who calls: the table of syscall.c. Whom: thread.h, sync.h, the scheduler. Locks: none are held on entry.
 */
#include "core/cpu.h"
#include "core/name.h"
#include "core/syscall_calls.h"
#include "core/time.h"
#include "mm/uaccess.h"
#include "sched/affinity.h"
#include "sched/sched.h"

/* ---- threads ---- */

enum status call_thread_create(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	char name[NAME_CHARS + 1];
	uint32_t id = 0;
	name_from_words(arguments[3], arguments[4], name);
	TRY(thread_create(thread->aspace, vaddr(arguments[0]), arguments[1], arguments[2], name, &id));
	*value = id;
	return STATUS_OK;
}

enum status call_thread_exit(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)thread, (void)value;
	thread_exit((int64_t)arguments[0]);
	return STATUS_RETRY;
}

enum status call_thread_yield(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)thread, (void)arguments, (void)value;
	sched_yield(SWITCH_YIELD);
	return STATUS_OK;
}

enum status call_thread_sleep(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)value;
	wait_sleep(thread, arch_time_now() + ns_to_ticks(arguments[0]));
	return STATUS_OK;
}

enum status call_thread_sleep_until(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)value;
	wait_sleep(thread, deadline_ticks(min_u64(arguments[0], UINT64_MAX - 1)));
	return STATUS_OK;
}

enum status call_thread_affinity(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)value;
	if (arguments[0] > UINT32_MAX)
		return STATUS_NOT_FOUND;
	return thread_set_affinity(thread, (uint32_t)arguments[0], arguments[1]);
}

/* The id of a thread that an argument names; 0 is none. */
static uint32_t thread_id_of(uint64_t argument)
{
	return argument > UINT32_MAX ? 0 : (uint32_t)argument;
}

enum status call_thread_join(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	int64_t exit_status = 0;
	uint32_t id = thread_id_of(arguments[0]);
	if (id == 0)
		return STATUS_NOT_FOUND;
	enum status status = thread_join(thread, id, &exit_status, &id);
	*value = (uint64_t)exit_status;
	return status;
}

enum status call_thread_join_any(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	int64_t exit_status = 0;
	uint32_t id = 0;
	(void)arguments;
	enum status status = thread_join(thread, 0, &exit_status, &id);
	*value = (uint64_t)id << 32 | (uint32_t)exit_status;
	return status;
}

enum status call_thread_detach(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)value;
	return thread_detach(thread, thread_id_of(arguments[0]));
}

enum status call_thread_kill(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)value;
	if (arguments[0] > UINT32_MAX)
		return STATUS_NOT_FOUND;
	return thread_kill(thread, thread_id_of(arguments[0]));
}

enum status call_thread_pin(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)arguments;
	return thread_pin(thread, value);
}

enum status call_thread_unpin(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)arguments, (void)value;
	return thread_unpin(thread);
}

enum status call_thread_self(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)arguments;
	*value = (uint64_t)arch_cpu()->index << 32 | thread->id;
	return STATUS_OK;
}

enum status call_fault_handler(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)value;
	return upcall_set(thread, vaddr(arguments[0]), vaddr(arguments[1]));
}

/* Its registers are those of the fault again: no result is set. */
enum status call_fault_return(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)value;
	TRY(upcall_return(thread, vaddr(arguments[0])));
	return STATUS_RETRY;
}

enum status call_thread_query(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct thread_query query = {0};
	size_t left;
	(void)value;
	TRY(thread_describe(thread_id_of(arguments[0]), &query));
	return copy_to_user(thread, vaddr(arguments[1]), &query, sizeof(query), &left);
}

/* ---- words ---- */

enum status call_sync_wait(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct sync_place *place;
	TRY(sync_places(thread, 1, &place));
	place->word = (struct sync_word){arguments[0], arguments[1], arguments[2]};
	return sync_wait(thread, place, 1, deadline_ticks(arguments[3]), value);
}

enum status call_sync_wait_any(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct sync_place *places;
	unsigned count = (unsigned)min_u64(arguments[1], SYNC_WORDS_MAX + 1);
	TRY(sync_places(thread, count, &places));
	for (unsigned i = 0; i < count; i++) {
		size_t left;
		struct vaddr from = vaddr(arguments[0] + i * sizeof(struct sync_word));
		TRY(copy_from_user(thread, &places[i].word, from, sizeof(struct sync_word), &left));
	}
	return sync_wait(thread, places, count, deadline_ticks(arguments[2]), value);
}

enum status call_sync_wake(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	return sync_wake(thread, arguments[0], arguments[1], value);
}

enum status call_sync_requeue(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	uint64_t counts[2] = {0, 0};
	TRY(sync_requeue(thread, (const uint64_t[]){arguments[0], arguments[2]}, arguments[1], arguments[3], counts));
	*value = counts[1] << 32 | counts[0];
	return STATUS_OK;
}
