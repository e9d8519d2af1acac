/*
 * Upcalls: see upcall.h.
 *
 * The invariant: `saved` holds the registers of the faulting instruction exactly as long as the upcall is in progress. They are the kernel's
 * own copy: a program can change where it goes on, and nothing else.
 * What is simplified: one level. A fault in the upcall itself ends the thread.
 */
#include "sched/upcall.h"

#include <trace_emit.h>

#include "mm/cache.h"
#include "mm/inject.h"
#include "sched/thread.h"

static struct cache frame_cache = CACHE(struct trap_frame);

enum status upcall_set(struct thread *thread, struct vaddr entry, struct vaddr stack_top)
{
	struct upcall *upcall = &thread->upcall;
	void *memory;
	if (upcall->in_progress)
		return STATUS_EXISTS;
	if (!upcall->saved) {
		TRY(cache_alloc(&frame_cache, &memory));
		upcall->saved = memory;
	}
	upcall->entry = entry;
	upcall->stack_top = stack_top;
	return STATUS_OK;
}

bool upcall_begin(struct thread *thread, enum crash_cause *cause, const struct trap *trap)
{
	struct upcall *upcall = &thread->upcall;
	uint64_t address = trap->kind == TRAP_FAULT ? trap->va.v : 0;
	if (!upcall->entry.v)
		return false;
	if (upcall->in_progress) {
		*cause = CAUSE_DOUBLE_FAULT;
		return false;
	}
	if (*cause == CAUSE_NO_MEMORY)
		inject_note_told(thread->id);
	trace_fault_upcall(thread->id, *cause, address, trap->pc.v, upcall->entry.v);
	*upcall->saved = thread->frame;
	upcall->in_progress = true;
	thread->doomed = false;
	arch_frame_init(&thread->frame, upcall->entry, upcall->stack_top, *cause);
	arch_frame_arguments(&thread->frame, *cause, address, trap->pc.v);
	return true;
}

enum status upcall_return(struct thread *thread, struct vaddr pc)
{
	struct upcall *upcall = &thread->upcall;
	if (!upcall->in_progress)
		return STATUS_INVALID;
	thread->frame = *upcall->saved;
	if (pc.v)
		arch_frame_set_pc(&thread->frame, pc);
	upcall->in_progress = false;
	trace_fault_return(thread->id, pc.v);
	return STATUS_OK;
}

void upcall_end(struct thread *thread)
{
	if (thread->upcall.saved)
		cache_free(&frame_cache, thread->upcall.saved);
	thread->upcall = (struct upcall){0};
}
