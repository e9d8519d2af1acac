/*
 * The scheduler: which thread's frame a CPU resumes, and what it does when there is none.
 *
 * Teaches: a kernel in which nothing blocks. A system call that has to wait only marks the thread; at the end of the trap
 * sched_resume() finds it marked and resumes another. Idle is a loop on the CPU's one kernel stack, left when a thread is
 * there.
 * Who calls: the trap path, on the way out. Whom: run_queue.c, timer.c, mmu->activate. Locks: the run queues', one at a time.
 * Deadlock: `progress` counts the threads that go on by themselves. When it is zero, every CPU is idle and threads still wait,
 * nothing can ever happen again; unless a device may interrupt.
 */
#include <trace_emit.h>

#include "core/cpu.h"
#include "core/end.h"
#include "core/panic.h"
#include "ipc/interrupt.h"
#include "mm/aspace.h"
#include "mm/page.h"
#include "mm/reclaim.h"
#include "sched/process.h"
#include "sched/sched.h"

static int64_t progress;                     /* threads that are runnable, running, or asleep until a time */
static struct wait_queue piled_up[MAX_CPUS]; /* that wait until their CPU has freed what piled up; each is its CPU's own */

void sched_progress_add(int64_t threads)
{
	/* Whoever sees all CPUs idle sees what they did before: everything_waits() looks at it once more then. */
	__atomic_add_fetch(&progress, threads, __ATOMIC_RELAXED);
}

static uint64_t slice_ticks(void)
{
	uint64_t slice = arch_time_hz() / SLICES_PER_SECOND;
	return slice - slice / 4 + cpu_random() % (slice / 2);
}

void sched_block(struct thread *thread, enum switch_reason reason, uint64_t object)
{
	struct cpu *cpu = arch_cpu();
	ASSERT(thread == cpu->current && thread->state == THREAD_RUNNING);
	thread->state = THREAD_BLOCKED;
	__atomic_fetch_or(&cpu->hazards, HAZARD_STOPPED, __ATOMIC_RELAXED);
	thread->blocked_for = reason;
	if (thread->wake_at == WAIT_FOREVER)
		sched_progress_add(-1);
	trace_thread_block(thread->id, reason, object);
}

void sched_yield(enum switch_reason reason)
{
	struct cpu *cpu = arch_cpu();
	cpu->switch_reason = (uint8_t)reason;
	__atomic_fetch_or(&cpu->hazards, HAZARD_RESCHEDULE, __ATOMIC_RELAXED);
}

/* Who wakes while a process is given back is its last thread, not the one that will run here after that. */
static uint32_t true_waker(enum wake_reason reason, uint32_t waker)
{
	const struct aspace *ended = arch_cpu()->ended;
	return ended && reason != WAKE_TIMER && reason != WAKE_INTERRUPT ? ended->last_thread : waker;
}

void sched_wake(struct thread *thread, enum wake_reason reason, uint32_t waker)
{
	ASSERT(thread->state == THREAD_BLOCKED);
	if (thread->wake_at == WAIT_FOREVER)
		sched_progress_add(1);
	unsigned cpu = run_queue_choose(thread);
	trace_thread_wake(thread->id, reason, true_waker(reason, waker), cpu);
	run_queue_add(thread, cpu);
}

void sched_hand_over(struct thread *thread, enum wake_reason reason, uint32_t waker)
{
	struct cpu *cpu = arch_cpu();
	bool may_run_here = (thread->affinity >> cpu->index & 1) && !__atomic_load_n(&thread->on_cpu, __ATOMIC_ACQUIRE);
	if (!may_run_here || !cpu->current || cpu->next || (cpu->hazards & (HAZARD_RESCHEDULE | HAZARD_ENDED))) {
		sched_wake(thread, reason, waker);
		return;
	}
	ASSERT(thread->state == THREAD_BLOCKED && thread->blocked_for != SWITCH_SLEEP);
	if (thread->wake_at == WAIT_FOREVER)
		sched_progress_add(1);
	trace_thread_wake(thread->id, reason, waker, cpu->index);
	thread->state = THREAD_READY;
	thread->cpu = cpu->index;
	cpu->next = thread;
	__atomic_fetch_or(&cpu->hazards, HAZARD_HAND_OVER, __ATOMIC_RELAXED);
}

/* What does not depend on the current thread. irqs off. */
#define HAZARDS_OF_OTHERS ((uint64_t)(HAZARD_TLB | HAZARD_MOVE | HAZARD_TIMER))

static void answer(uint64_t hazards)
{
	if (hazards & HAZARD_TLB)
		cpu_answer_flush();
	if (hazards & HAZARD_MOVE)
		run_queue_send_away();
	if (hazards & HAZARD_TIMER)
		timer_program();
}

void sched_answer_interrupt(void)
{
	answer(__atomic_fetch_and(&arch_cpu()->hazards, ~HAZARDS_OF_OTHERS, __ATOMIC_ACQ_REL));
}

/*
 * Gives back what is left of the process whose last thread has left this CPU. There is at most one: no other thread leaves before this is
 * done. irqs off; on meanwhile. The hazard stays until then.
 */
__attribute__((noinline, cold)) static void finish_ended(void)
{
	struct cpu *cpu = arch_cpu();
	__atomic_fetch_or(&cpu->hazards, HAZARD_ENDED, __ATOMIC_RELAXED);
	arch_irq_restore(true);
	process_ended(cpu->ended);
	arch_irq_restore(false);
	__atomic_fetch_and(&cpu->hazards, ~(uint64_t)HAZARD_ENDED, __ATOMIC_RELAXED);
}

/* The CPU follows no pointer of the kernel's; and those go on who waited because it had so much to free, if it has not any more. irqs off. */
__attribute__((noinline, cold)) static void be_quiescent(enum quiescent_cause cause)
{
	const struct cpu *cpu = arch_cpu();
	rcu_quiescent(cause);
	if (rcu_is_piled_up(cpu))
		return;
	for (struct thread *thread; (thread = wait_take(&piled_up[cpu->index]));)
		sched_wake(thread, WAKE_RCU, 0);
}

/*
 * A thread that frees faster than grace periods pass waits for them. Its system call is done, so nothing is to be told to it. irqs off.
 */
__attribute__((noinline, cold)) static void wait_if_piled_up(struct thread *thread)
{
	const struct cpu *cpu = arch_cpu();
	if (rcu_is_piled_up(cpu) && thread->state == THREAD_RUNNING)
		DISCARD(wait_block(&piled_up[cpu->index], thread, SWITCH_RCU, rcu_started(), WAIT_FOREVER),
			"who is to end need not wait");
}

/*
 * Takes this CPU's hazards, answers all but what is about the current thread, and returns them. The CPU is done with what it came into the
 * kernel for: `cause` says how. irqs off; on meanwhile for what takes its time.
 */
static uint64_t answer_hazards(enum quiescent_cause cause)
{
	struct cpu *cpu = arch_cpu();
	uint64_t hazards = __atomic_exchange_n(&cpu->hazards, 0, __ATOMIC_ACQ_REL);
	if (hazards & HAZARD_PARK)
		cpu_park();
	if (hazards & HAZARD_BUDGET)
		run_end(VERDICT_BUDGET, 0);
	if (hazards & HAZARDS_OF_OTHERS)
		answer(hazards);
	if (__builtin_expect((hazards & HAZARD_ENDED) != 0, 0))
		finish_ended();
	if (hazards & HAZARD_MEMORY) {
		arch_irq_restore(true);
		reclaim_work();
		arch_irq_restore(false);
	}
	if (__builtin_expect((hazards & HAZARD_RCU) != 0, 0))
		be_quiescent(cause);
	return hazards;
}

/*
 * Whether nothing will ever happen again: no thread goes on by itself, some wait, and no CPU is at work that might wake one. The last
 * CPU that becomes idle sees it.
 */
static bool everything_waits(void)
{
	if (__atomic_load_n(&progress, __ATOMIC_SEQ_CST) != 0 || threads_alive() == 0 || interrupt_expected())
		return false;
	for (unsigned i = 0; i < cpus_present; i++)
		if (cpus[i].online &&
		    (!__atomic_load_n(&cpus[i].idle, __ATOMIC_SEQ_CST) || __atomic_load_n(&cpus[i].hazards, __ATOMIC_SEQ_CST)))
			return false;
	return __atomic_load_n(&progress, __ATOMIC_SEQ_CST) == 0;
}

/* Lets interrupts come that wait; they are off before and after. */
static void let_interrupts_come(void)
{
	arch_irq_restore(true);
	(void)arch_time_now(); /* on x86-64 one instruction passes before they are really on (Intel SDM 2B, STI) */
	arch_irq_restore(false);
}

/* Waits until there is a thread to run. */
static struct thread *idle(void)
{
	struct cpu *cpu = arch_cpu();
	struct thread *thread;
	if (cpu->hazards) /* what the last thread has left to do is no idle time */
		answer_hazards(QUIESCENT_IDLE);
	trace_idle_begin();
	while (!(thread = run_queue_take())) {
		if (cpu->hazards) { /* they may be about memory that somebody waits for */
			answer_hazards(QUIESCENT_IDLE);
			continue;
		}
		__atomic_store_n(&cpu->idle, true, __ATOMIC_SEQ_CST);
		process_end_run();
		if (everything_waits())
			run_end(VERDICT_DEADLOCK, 0);
		if (page_zero_ahead())
			let_interrupts_come();
		else
			arch_cpu_idle();
		__atomic_store_n(&cpu->idle, false, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST); /* what it looks at from here on, a grace period waits for: rcu.c */
	}
	cpu->idle = false;
	trace_idle_end();
	return thread;
}

/* This CPU translates through `space` from now on. */
static void use_space(struct mmu_space *space)
{
	struct cpu *cpu = arch_cpu();
	if (cpu->space == space)
		return;
	cpu->space = space;
	mmu->activate(space, MMU_NO_HINT);
}

/*
 * The thread's affinity may have changed on its way here. Whoever changes it looks at thread->cpu afterwards and prods that
 * CPU; this one looks at the affinity after it has written thread->cpu. So one of the two sees the other's change.
 */
static void leave_if_forbidden(const struct thread *thread)
{
	struct cpu *cpu = arch_cpu();
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!(__atomic_load_n(&thread->affinity, __ATOMIC_RELAXED) >> cpu->index & 1))
		__atomic_fetch_or(&cpu->hazards, HAZARD_RESCHEDULE, __ATOMIC_RELAXED);
}

/* The thread that was handed over, if there is one. irqs off. */
static struct thread *take_next(void)
{
	struct cpu *cpu = arch_cpu();
	struct thread *next = cpu->next;
	cpu->next = NULL;
	return next;
}

/* The current thread leaves this CPU, and none comes. */
static void switch_to_none(struct thread *previous, enum switch_reason reason)
{
	struct cpu *cpu = arch_cpu();
	if (previous)
		trace_thread_switch(previous->id, 0, reason);
	cpu->current = NULL;
	cpu->bound_by_reserve = false;
	use_space(NULL);
	if (previous)
		thread_left_cpu(previous);
}

/* `next` runs here from now on; `previous` did, and may be the same. NULL: nobody did. */
static inline void switch_to(struct thread *previous, struct thread *next, enum switch_reason reason)
{
	struct cpu *cpu = arch_cpu();
	ASSERT(next == previous || !__atomic_load_n(&next->on_cpu, __ATOMIC_ACQUIRE));
	if (next != previous)
		trace_thread_switch(previous ? previous->id : 0, next->id, reason);
	cpu->current = next;
	cpu->bound_by_reserve = !next->serves;
	use_space(&next->aspace->space);
	next->state = THREAD_RUNNING;
	next->cpu = cpu->index;
	__atomic_store_n(&next->on_cpu, true, __ATOMIC_RELEASE);
	cpu->user_frame = &next->frame;
	leave_if_forbidden(next);
	if (next->doomed || next->killed || __atomic_load_n(&next->aspace->dying, __ATOMIC_RELAXED))
		__atomic_fetch_or(&cpu->hazards, HAZARD_DOOM, __ATOMIC_RELAXED);
	if (previous && next != previous)
		thread_left_cpu(previous);
}

static enum switch_reason reason_of(const struct thread *previous)
{
	if (previous->state == THREAD_EXITED)
		return previous->crashed ? SWITCH_CRASH : SWITCH_EXIT;
	if (previous->state != THREAD_RUNNING) /* it waits, or was woken before it could stop */
		return previous->blocked_for;
	return (enum switch_reason)arch_cpu()->switch_reason;
}

/* Chooses and switches. irqs off; on this CPU's kernel stack. */
static void schedule(void)
{
	struct cpu *cpu = arch_cpu();
	struct thread *previous = cpu->current;
	enum switch_reason reason = previous ? reason_of(previous) : SWITCH_START;
	cpu->switch_reason = SWITCH_SLICE;
	bool stranger = previous && !(previous->affinity >> cpu->index & 1);
	struct thread *handed = take_next();
	if (previous && previous->state == THREAD_RUNNING)
		run_queue_add_here(previous);
	struct thread *next = handed ? handed : run_queue_take();
	if (next == previous)
		arch_cpu_relax(); /* it spins for another CPU, perhaps: under icount QEMU then lets that one have its turn */
	if (!next) {
		switch_to_none(previous, reason);
		next = idle();
		previous = NULL;
		reason = SWITCH_IDLE;
	}
	/* Who was handed over goes on with what is left of the timeslice. */
	uint64_t now = arch_time_now();
	bool new_slice = !handed || now >= cpu->slice_end;
	if (new_slice)
		cpu->slice_end = now + slice_ticks();
	switch_to(previous, next, reason);
	if (stranger)
		run_queue_send_away();
	if (new_slice)
		timer_program();
}

/*
 * The way of most messages: the current thread waits, and another goes on here with what is left of the timeslice. False if it is not
 * that simple. irqs off.
 */
static bool switch_handed(struct cpu *cpu)
{
	struct thread *previous = cpu->current, *next = cpu->next;
	if (!next || previous->state != THREAD_BLOCKED || arch_time_now() >= cpu->slice_end)
		return false;
	cpu->next = NULL;
	switch_to(previous, next, previous->blocked_for);
	return true;
}

/* The current thread does not go on, or not where it was. irqs off; on meanwhile: its stack is given back, or a line is printed. */
__attribute__((noinline, cold)) static void end_current(struct thread *thread)
{
	arch_irq_restore(true);
	if (thread->aspace->dying)
		thread_exit(thread->aspace->exit_status);
	else if (thread->killed)
		thread_exit(-(int64_t)STATUS_GONE);
	else
		thread_die_of_fault(thread);
	arch_irq_restore(false);
}

/* What may have to happen to the current thread before it goes on. */
static inline void end_if_it_must(struct thread *thread)
{
	if (__builtin_expect(thread->aspace->dying || thread->killed || thread->doomed, 0))
		end_current(thread);
}

struct trap_frame *sched_resume(void)
{
	struct cpu *cpu = arch_cpu();
	while (__builtin_expect(cpu->hazards != 0, 0)) {
		ASSERT(cpu->lock_level == LOCK_NONE);
		uint64_t hazards = answer_hazards(QUIESCENT_USER);
		struct thread *thread = cpu->current;
		if (thread->state == THREAD_RUNNING)
			end_if_it_must(thread);
		if (__builtin_expect((hazards & HAZARD_RCU) != 0, 0))
			wait_if_piled_up(thread);
		if ((hazards & HAZARD_RESCHEDULE) || thread->state != THREAD_RUNNING) {
			if (!switch_handed(cpu))
				schedule();
		} else if (cpu->next) { /* it goes on itself after all */
			run_queue_add(take_next(), cpu->index);
		}
	}
	return cpu->user_frame;
}

void sched_start(void)
{
	wait_queue_init(&piled_up[arch_cpu()->index]);
	schedule();
	struct trap_frame *frame = sched_resume();
	uint64_t never = 0;
	__atomic_compare_exchange_n(&descriptor.user_ticks, &never, arch_time_now(), false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	ASSERT(arch_cpu()->lock_level == LOCK_NONE);
	arch_user_enter(frame);
}
