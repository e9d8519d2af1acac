/*
 * Crashes: a thread did what nobody can answer.
 *
 * Teaches: the last arrow of the fault path. A thread that has an upcall goes on there, with what happened in its hands; any other ends, and
 * says on the console what it did, where, and why that could not be.
 * Who calls: the trap path, and the scheduler for a fault that failed while its thread waited. Whom: upcall.h, symbols.h, thread_exit().
 * Locks: none are held.
 */
#include "sched/thread.h"

#include <trace_emit.h>

#include "boot/symbols.h"
#include "core/cpu.h"
#include "core/print.h"
#include "mm/aspace.h"
#include "mm/inject.h"

/* The words for a cause: what the line about a crash says. */
static const char *cause_text(enum crash_cause cause)
{
#define CAUSE_TEXT(name, number, text) text,
	static const char *const texts[] = {CRASH_CAUSES(CAUSE_TEXT)};
#undef CAUSE_TEXT
	return texts[cause];
}

static void print_crash(const struct thread *thread, enum crash_cause cause, const struct trap *trap)
{
	static const char *const verbs[] = {
		[ACCESS_LOAD] = "load from", [ACCESS_STORE] = "store to", [ACCESS_EXEC] = "execution of"};
	char file[NAME_CHARS + 8];
	char place[SYMBOL_TEXT];
	kformat(file, sizeof(file), "%s.sym", thread->aspace->name);
	symbol_text(file, trap->pc.v, place);
	if (trap->kind == TRAP_FAULT)
		kprintf("CRASHED thread %u (%s): %s 0x%lx at 0x%lx (%s): %s\n", thread->id, thread->name, verbs[trap->access],
			trap->va.v, trap->pc.v, place, cause_text(cause));
	else
		kprintf("CRASHED thread %u (%s): at 0x%lx (%s): %s (trap 0x%x)\n", thread->id, thread->name, trap->pc.v, place,
			cause_text(cause), trap->vector);
}

void thread_crash(enum crash_cause cause, const struct trap *trap)
{
	struct thread *thread = arch_cpu()->current;
	if (upcall_begin(thread, &cause, trap))
		return;
	print_crash(thread, cause, trap);
	if (cause == CAUSE_NO_MEMORY)
		inject_note_told(thread->id);
	trace_thread_crashed(thread->id, cause, trap->kind == TRAP_FAULT ? trap->va.v : 0, trap->pc.v, trap->access);
	thread->crashed = true;
	thread->crash_cause = (uint8_t)cause;
	thread_exit(-(int64_t)STATUS_CRASHED);
}

void thread_die_of_fault(struct thread *thread)
{
	const struct trap trap = {
		.kind = TRAP_FAULT,
		.from_user = true,
		.pc = vaddr(thread->fault.pc),
		.va = vaddr(thread->fault.address),
		.access = thread->fault.access,
	};
	thread_crash(thread->fault.cause, &trap);
}
