/*
 * Touching user memory: plain loads and stores that may fault, and what happens when they do.
 *
 * Teaches: asking first whether an address is good is slow and too early: it may be gone a moment later. So the copy just goes
 * ahead; on a fault the trap path finds that the kernel was in a copy (arch_uaccess_fixup), notes the trap and resumes behind
 * the copy, which then says how much is left. Here the ordinary fault path is run for the thread, and the copy goes on.
 * Every page that can be mapped today is there after one fault, so nothing ever has to wait here.
 * Who calls: system calls. Whom: arch_copy_*_user, the fault path. Locks: none may be held.
 */
#include "mm/uaccess.h"

#include <trace_emit.h>

#include "core/panic.h"
#include "mm/aspace.h"
#include "mm/fault.h"
#include "sched/thread.h"

/* A copy's fault: make the page present, or say that it cannot be. */
static enum status answer_fault(struct thread *thread)
{
	struct trap trap = arch_cpu()->uaccess_trap;
	enum crash_cause cause;
	trace_uaccess_fault(thread->id, trap.va.v, trap.access);
	enum fault_result result = fault_handle(thread->aspace, thread->id, &trap, &cause);
	return result == FAULT_KILLED || result == FAULT_NO_MEMORY ? STATUS_FAULT : STATUS_OK;
}

static bool is_user_range(struct vaddr start, size_t bytes)
{
	return start.v < USER_END && bytes <= USER_END - start.v;
}

enum status copy_from_user(struct thread *thread, void *to, struct vaddr from, size_t bytes, size_t *left)
{
	ASSERT(arch_cpu()->lock_level == LOCK_NONE && arch_cpu()->current == thread);
	*left = bytes;
	if (!is_user_range(from, bytes))
		return STATUS_FAULT;
	while (*left > 0) {
		size_t done = bytes - *left;
		*left = arch_copy_from_user((uint8_t *)to + done, vaddr(from.v + done), *left);
		if (*left > 0)
			TRY(answer_fault(thread));
	}
	return STATUS_OK;
}
