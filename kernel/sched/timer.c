/*
 * Timers: deadlines, timeslices and the budget of the run, on one interrupt a CPU.
 *
 * Teaches: a tick only where something happens. The timer is set to the earliest of three moments: the first deadline's, the
 * end of the timeslice if another thread waits, the end of the budget. A CPU with none of them is never interrupted, unless
 * CPUs have to take turns (turn_ticks).
 * Who calls: the scheduler, the timer interrupt. Locks: each CPU's timer lock, for its list, inside the lock of all
 * waiting (wait.c), under which a thread joins and leaves the list; another CPU only takes threads out.
 */
#include <trace_emit.h>

#include "core/cpu.h"
#include "core/end.h"
#include "core/lock.h"
#include "mm/aspace.h"
#include "sched/sched.h"

struct timer {
	struct spinlock lock;
	struct list sleepers; /* threads with a deadline, by wake_at */
};

/* How many threads are woken in one interrupt: others wait no longer than that takes. */
#define ROUND 16

static struct timer timers[MAX_CPUS];
static uint64_t budget_end = UINT64_MAX;
static bool budget_over;

/*
 * The length of a turn; 0: all CPUs run at the same time. QEMU under icount runs one CPU at a time, and goes to the next only
 * when that one halts or relaxes, so a CPU that computes would keep the others from running for ever. There, time is cut into
 * turns: at the start of each, every busy CPU is interrupted, and relaxes until its turn comes.
 */
static uint64_t turn_ticks;

void timer_init(uint64_t end)
{
	for (unsigned i = 0; i < MAX_CPUS; i++) {
		timers[i].lock = SPINLOCK(LOCK_TIMER);
		list_init(&timers[i].sleepers);
	}
	budget_end = end;
	budget_over = false;
}

void sleepers_show(void)
{
	descriptor_add("sleepers", &timers[0].sleepers, sizeof(timers[0].sleepers), cpus_present, sizeof(timers[0]));
}

void timer_take_turns(uint64_t ticks)
{
	turn_ticks = ticks;
}

void timer_add(struct thread *thread)
{
	struct timer *timer = &timers[arch_cpu()->index];
	spin_lock(&timer->lock);
	struct list *place = timer->sleepers.next;
	while (place != &timer->sleepers && container_of(place, struct thread, queue_node)->wake_at <= thread->wake_at)
		place = place->next;
	thread->sleeps_on = arch_cpu()->index + 1;
	list_insert_before(place, &thread->queue_node);
	spin_unlock(&timer->lock);
	timer_program();
}

void timer_remove(struct thread *thread)
{
	struct timer *timer = &timers[thread->sleeps_on - 1];
	spin_lock(&timer->lock);
	list_remove(&thread->queue_node);
	thread->sleeps_on = 0;
	spin_unlock(&timer->lock);
}

struct thread *timer_first_due(uint64_t now)
{
	struct timer *timer = &timers[arch_cpu()->index];
	struct thread *thread = NULL;
	spin_lock(&timer->lock);
	if (!list_is_empty(&timer->sleepers))
		thread = container_of(timer->sleepers.next, struct thread, queue_node);
	if (thread && thread->wake_at > now)
		thread = NULL;
	spin_unlock(&timer->lock);
	return thread;
}

/* When the first sleeper of this CPU is to wake. */
static uint64_t first_wake_at(void)
{
	struct timer *timer = &timers[arch_cpu()->index];
	uint64_t when = UINT64_MAX;
	if (list_is_empty(&timer->sleepers))
		return when;
	spin_lock(&timer->lock);
	if (!list_is_empty(&timer->sleepers))
		when = container_of(timer->sleepers.next, struct thread, queue_node)->wake_at;
	spin_unlock(&timer->lock);
	return when;
}

/* The rest is due in the next interrupt, which comes at once. */
static void wake_sleepers(uint64_t now)
{
	if (first_wake_at() > now)
		return;
	struct thread *thread;
	for (unsigned i = 0; i < ROUND && (thread = wait_take_due(now)); i++) {
		trace_timer_expire(thread->id, now - thread->wake_at);
		if (thread->blocked_for != SWITCH_SLEEP)
			arch_syscall_result(&thread->frame, STATUS_TIMED_OUT, 0);
		sched_wake(thread, WAKE_TIMER, 0);
	}
}

/*
 * Whose turn it is: turns go round among the CPUs that have something to run. Each round begins with another, in no order: if it were
 * always the same, two CPUs whose work takes as long as a round could meet in the same way for ever, and one get nowhere.
 */
static unsigned turn_owner(void)
{
	uint64_t turn = arch_time_now() / turn_ticks;
	uint64_t first = turn / cpus_present * UINT64_C(0x9e3779b97f4a7c15) >> 32;
	unsigned owner = (unsigned)((turn + first) % cpus_present);
	for (unsigned i = 0; i < cpus_present; i++, owner = (owner + 1) % cpus_present)
		if (__atomic_load_n(&cpus[owner].current, __ATOMIC_RELAXED))
			return owner;
	return arch_cpu()->index;
}

void timer_wait_for_turn(void)
{
	const struct cpu *cpu = arch_cpu();
	if (!turn_ticks || !cpu->current)
		return;
	while (turn_owner() != cpu->index && !(__atomic_load_n(&cpu->hazards, __ATOMIC_RELAXED) & ~(uint64_t)HAZARD_ENDED))
		arch_cpu_relax();
}

/*
 * The run ends where this CPU leaves the kernel, not here: what was interrupted may be an event that is half written. A kernel that does not
 * come out of itself within a slice is ended all the same.
 */
static void end_of_budget(uint64_t now)
{
	if (budget_over)
		run_end(VERDICT_BUDGET, 0);
	budget_over = true;
	budget_end = now + arch_time_hz() / SLICES_PER_SECOND;
	__atomic_fetch_or(&arch_cpu()->hazards, HAZARD_BUDGET, __ATOMIC_ACQ_REL);
}

void timer_interrupt(void)
{
	struct cpu *cpu = arch_cpu();
	uint64_t now = arch_time_now();
	cpu->timer_next = UINT64_MAX;
	if (now >= budget_end)
		end_of_budget(now);
	wake_sleepers(now);
	/* LAB(scheduler) BEGIN: The end of a slice: if a thread runs here, its slice is over (slice_end) and another waits for
	 * this CPU, the hazard word is told to reschedule. The switch itself happens where the CPU leaves the kernel. */
	if (cpu->current && now >= cpu->slice_end && run_queue_waiting())
		__atomic_fetch_or(&cpu->hazards, HAZARD_RESCHEDULE, __ATOMIC_ACQ_REL);
	/* LAB(scheduler) ELSE
	// A thread runs as long as it likes.
	LAB(scheduler) END */
	timer_program();
}

void timer_program(void)
{
	bool irqs = arch_irq_save();
	struct cpu *cpu = arch_cpu();
	uint64_t next = min_u64(first_wake_at(), cpu->index == 0 ? budget_end : UINT64_MAX);
	/* LAB(scheduler) BEGIN: And the timer has to interrupt then; but only if somebody waits, and nothing else will look at
	 * the queue sooner. */
	if (cpu->current && run_queue_waiting() && !(cpu->hazards & HAZARD_RESCHEDULE))
		next = min_u64(next, cpu->slice_end);
	/* LAB(scheduler) ELSE
	LAB(scheduler) END */
	if (turn_ticks && cpu->current)
		next = min_u64(next, (arch_time_now() / turn_ticks + 1) * turn_ticks);
	/* An interrupt that is set too early does no harm: it looks, finds nothing to do and sets the next. */
	if (next < cpu->timer_next) {
		cpu->timer_next = next;
		arch_timer_set(next);
	}
	arch_irq_restore(irqs);
}
