/*
 * The scheduler: run queues, timers, and the way out of the kernel.
 *
 * Teaches: there is no context switch inside the kernel. A trap ends by asking which frame to resume; another thread's frame is
 * as good an answer as the one that trapped.
 * The rule: each CPU takes its threads in turn, first come first served, a timeslice each; a CPU with none takes one from
 * the longest other queue. A timeslice is 1 ms, a quarter more or less by chance, so that another seed gives another schedule.
 */
#pragma once

#include "abi/trace_enums.h"
#include "arch.h"
#include "sched/thread.h"

struct cpu;

/* ---- run_queue.c ---- */

/* The CPU whose queue is best for a thread that is about to become runnable. */
unsigned run_queue_choose(const struct thread *thread);

/* Queues the thread at that CPU. From here on it may run, and end, at any moment: do not touch it afterwards. */
void run_queue_add(struct thread *thread, unsigned cpu);

/* Queues the current thread at the end of this CPU's own queue: it can go on, and the CPU still uses its record. */
void run_queue_add_here(struct thread *thread);

/* Moves threads that wait here but may no longer run here to where they may. Not those whose record this CPU still uses. */
void run_queue_send_away(void);

/* The next thread for this CPU: its own first, else one taken from another CPU's queue. NULL if there is none. */
struct thread *run_queue_take(void);

/* Whether anything waits in this CPU's own queue. */
bool run_queue_waiting(void);

/* Runnable threads over all queues. */
uint64_t run_queue_total(void);

/* Prepares the queues. Once, before the first thread. */
void run_queue_init(void);

/* Links, states and counts; panics on what is wrong. For tests. */
void run_queue_check(void);

/* Shows tools the heads of the queues, one a CPU, which link threads by queue_node; and of the lists of sleepers. At boot. */
void run_queues_show(void);
void sleepers_show(void);

/* ---- timer.c ---- */

/*
 * Puts a thread among this CPU's sleepers until thread->wake_at, takes it out of those it is among, and finds the first of this CPU
 * whose time is not after `now`. For wait.c, with its lock.
 */
void timer_add(struct thread *thread);
void timer_remove(struct thread *thread);
struct thread *timer_first_due(uint64_t now);

/* How many timeslices a second has, on average. */
#define SLICES_PER_SECOND 1000

/* The timer interrupt: wakes threads whose deadline has come, ends timeslices, ends the run at the budget. irqs off. */
void timer_interrupt(void);

/* Makes sure that the next timer interrupt of this CPU is early enough. irqs off. */
void timer_program(void);

/* Prepares the sleepers' lists. The run ends with VERDICT_BUDGET when the clock reaches `budget_end` (UINT64_MAX: never). */
void timer_init(uint64_t budget_end);

/*
 * Lets CPUs run in turns of so many ticks, for a machine that runs one CPU at a time and leaves it only when it halts or
 * relaxes. After timer_init(); 0: they all run at the same time.
 */
void timer_take_turns(uint64_t ticks);

/*
 * At the end of a timer interrupt: if CPUs take turns, relaxes until it is this one's, or somebody wants something of it. irqs
 * off.
 */
void timer_wait_for_turn(void);

/* ---- schedule.c ---- */

/*
 * What the running thread does next: block, until thread->wake_at or for ever, yield, exit. The switch itself happens when the trap
 * ends.
 */
void sched_block(struct thread *thread, enum switch_reason reason, uint64_t object);
void sched_yield(enum switch_reason reason);

/* Makes a blocked thread runnable. `waker` is a thread's id, or 0. */
void sched_wake(struct thread *thread, enum wake_reason reason, uint32_t waker);

/*
 * The same for a thread that the current one waits for, or has been waited for by: it runs next on this CPU as soon as the current
 * one blocks, without a way through the run queue, for the rest of the current timeslice.
 */
void sched_hand_over(struct thread *thread, enum wake_reason reason, uint32_t waker);

/* A thread joined or left those that go on by themselves: runnable, running, or asleep until a time. */
void sched_progress_add(int64_t threads);

/* The end of every trap from user mode: which frame to resume. irqs off. May wait in idle. */
struct trap_frame *sched_resume(void);

/* Answers what of this CPU's hazards cannot wait, in an interrupt that may have stopped the kernel in the middle of something. irqs off. */
void sched_answer_interrupt(void);

/* The boot's last step on each CPU. */
_Noreturn void sched_start(void);
