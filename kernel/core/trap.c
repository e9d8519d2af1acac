/*
 * The three ways into the kernel, told once for both machines.
 *
 *     SYSCALL    machine -> kernel_trap -> syscall_dispatch -> sched_resume
 *     INTERRUPT  machine -> kernel_trap -> interrupt        -> sched_resume, or back to the kernel code it interrupted
 *     FAULT      machine -> kernel_trap -> user_trap        -> sched_resume
 *
 * Teaches: a trap is a function call that the hardware makes. It ends by returning the frame to resume, whoever's that is.
 * Interrupts are on while a call or a fault is handled. One that comes in the middle returns to the very same place: it only
 * notes in the hazard word what is to be done before the next return to user mode.
 * Who calls: the machine's entry code. Locks: none are held on entry, nor on the way out.
 */
#include <trace_emit.h>

#include "boot/information.h"
#include "core/cpu.h"
#include "core/panic.h"
#include "core/poison.h"
#include "core/print.h"
#include "core/syscall.h"
#include "ipc/interrupt.h"
#include "mm/fault.h"
#include "sched/sched.h"

static void interrupt(const struct trap *trap)
{
	enum irq irq = arch_irq_claim(trap);
	trace_irq_enter(irq, trap->from_user, trap->pc.v);
	if (irq == IRQ_TIMER)
		timer_interrupt();
	else if (irq == IRQ_IPI)
		sched_answer_interrupt();
	else if (irq >= IRQ_DEVICE)
		interrupt_raise(irq);
	arch_irq_done(irq);
	trace_irq_exit(irq);
	if (irq == IRQ_TIMER)
		timer_wait_for_turn();
}

/* Why a trap that is no fault kills its thread. */
static enum crash_cause cause_of(enum trap_kind kind)
{
	switch (kind) {
	case TRAP_ILLEGAL:
		return CAUSE_ILLEGAL;
	case TRAP_PRIVILEGED:
		return CAUSE_PRIVILEGED;
	case TRAP_DIVIDE:
		return CAUSE_DIVIDE;
	case TRAP_ALIGNMENT:
		return CAUSE_ALIGNMENT;
	case TRAP_BREAKPOINT:
		return CAUSE_BREAKPOINT;
	default:
		return CAUSE_MACHINE;
	}
}

/* A user thread did something the machine would not do. */
static void user_trap(struct thread *thread, const struct trap *trap)
{
	enum crash_cause cause;
	if (trap->kind == TRAP_FAULT) {
		enum fault_result result = fault_handle(thread, trap, false, &cause);
		if (result != FAULT_KILLED && result != FAULT_NO_MEMORY)
			return;
		if (cause == CAUSE_KILLED)
			return; /* its process is ending, and it will not run again */
	} else {
		cause = cause_of(trap->kind);
	}
	thread_crash(cause, trap);
}

/* A trap in the kernel itself: expected only while it touches user memory. */
static void kernel_own_trap(struct trap_frame *frame, const struct trap *trap)
{
	if (trap->kind != TRAP_FAULT || !arch_uaccess_fixup(frame)) {
		for (size_t i = 0; i < sizeof(*frame) / sizeof(uint64_t); i++) /* a register may tell why */
			poison_report(&((const uint64_t *)(const void *)frame)[i]);
		if (trap->kind == TRAP_FAULT && information_is_at(trap->va))
			kprintf("the kernel stored to the information page, which is finished and read-only\n");
		panic("trap 0x%x in the kernel at 0x%lx, address 0x%lx, 0x%lx", trap->vector, trap->pc.v, trap->va.v, trap->raw);
	}
	arch_cpu()->uaccess_trap = *trap;
}

struct trap_frame *kernel_trap(struct trap_frame *frame)
{
	struct trap trap;
	if (arch_trap_is_syscall(frame)) {
		arch_irq_restore(true);
		syscall_dispatch(arch_cpu()->current);
		arch_irq_restore(false);
		return sched_resume();
	}
	arch_trap_decode(frame, &trap);
	if (trap.kind == TRAP_IRQ) {
		interrupt(&trap);
		return trap.from_user ? sched_resume() : frame;
	}
	if (!trap.from_user) {
		kernel_own_trap(frame, &trap);
		return frame;
	}
	arch_irq_restore(true);
	user_trap(arch_cpu()->current, &trap);
	arch_irq_restore(false);
	return sched_resume();
}
