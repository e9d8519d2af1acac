/*
 * Run queues: one a CPU, first come first served.
 *
 * Teaches: threads stay where their data is warm, unless a CPU has nothing to do: then it takes one from the longest queue.
 * A thread whose record another CPU still uses (on_cpu) may only be queued at that CPU, and is not taken from there: the CPU
 * that uses it is on its way into the scheduler and will have let go before it looks at its queue.
 * Who calls: the scheduler. Locks: each queue's own, never two at once.
 */
#include <trace_emit.h>

#include "core/cpu.h"
#include "core/end.h"
#include "core/lock.h"
#include "core/panic.h"
#include "sched/sched.h"

struct run_queue {
	struct spinlock lock;
	struct list ready;
	uint64_t length;
};

static struct run_queue queues[MAX_CPUS];
static uint64_t total;

void run_queue_init(void)
{
	for (unsigned i = 0; i < MAX_CPUS; i++) {
		queues[i].lock = SPINLOCK(LOCK_RUN_QUEUE);
		list_init(&queues[i].ready);
	}
}

void run_queues_show(void)
{
	descriptor_add("run-queues", &queues[0].ready, sizeof(queues[0].ready), cpus_present, sizeof(queues[0]));
}

uint64_t run_queue_total(void)
{
	return __atomic_load_n(&total, __ATOMIC_ACQUIRE);
}

bool run_queue_waiting(void)
{
	return __atomic_load_n(&queues[arch_cpu()->index].length, __ATOMIC_RELAXED) > 0;
}

static void count_changed(int64_t by)
{
	trace_runnable(__atomic_add_fetch(&total, (uint64_t)by, __ATOMIC_ACQ_REL));
}

static void queue_add(struct run_queue *queue, struct thread *thread, unsigned cpu)
{
	spin_lock(&queue->lock);
	thread->cpu = cpu;
	thread->state = THREAD_READY;
	list_insert_before(&queue->ready, &thread->queue_node);
	__atomic_store_n(&queue->length, queue->length + 1, __ATOMIC_RELAXED);
	count_changed(1);
	spin_unlock(&queue->lock);
}

static bool may_run_on(const struct thread *thread, unsigned cpu)
{
	return cpus[cpu].online && (thread->affinity >> cpu & 1);
}

/* LAB(scheduler) BEGIN: Which CPU gets a thread that can run: choose_cpu(). The one with the least to do among those it may run
 * on: count those that wait there (`length`, which other CPUs change meanwhile) and the one that runs (cpus[cpu].current). Among
 * equals, thread->cpu, the one it ran on last, since its data may still be there; else one of them by chance: cpu_random(). The
 * parts that you may use: may_run_on(), cpus_present. */
/* How busy a CPU is: those that wait and the one that runs. */
static uint64_t load_of(unsigned cpu)
{
	return __atomic_load_n(&queues[cpu].length, __ATOMIC_RELAXED) +
	       (__atomic_load_n(&cpus[cpu].current, __ATOMIC_RELAXED) != NULL);
}

/* The CPU with the least to do among those allowed; the last one it ran on if that is as good, else by chance. */
static unsigned choose_cpu(const struct thread *thread)
{
	unsigned best = MAX_CPUS;
	uint64_t ties = 0;
	for (unsigned i = 0; i < cpus_present; i++) {
		if (!may_run_on(thread, i))
			continue;
		if (best == MAX_CPUS || load_of(i) < load_of(best)) {
			best = i;
			ties = 1;
		} else if (load_of(i) == load_of(best) && best != thread->cpu) {
			ties++;
			if (i == thread->cpu || cpu_random() % ties == 0)
				best = i;
		}
	}
	ASSERT(best < MAX_CPUS);
	return best;
}
/* LAB(scheduler) ELSE
// The first CPU that it may run on, however much that has to do.
static unsigned choose_cpu(const struct thread *thread)
{
	unsigned cpu = 0;
	while (!may_run_on(thread, cpu))
		cpu++;
	return cpu;
}
LAB(scheduler) END */

unsigned run_queue_choose(const struct thread *thread)
{
	return thread->on_cpu ? thread->cpu : choose_cpu(thread);
}

void run_queue_add(struct thread *thread, unsigned cpu)
{
	queue_add(&queues[cpu], thread, cpu);
	if (&cpus[cpu] == arch_cpu())
		timer_program();
	else
		cpu_hazard_raise(&cpus[cpu], HAZARD_TIMER);
}

void run_queue_add_here(struct thread *thread)
{
	unsigned cpu = arch_cpu()->index;
	queue_add(&queues[cpu], thread, cpu);
}

/* Three reasons to take a thread from a queue: to run it where it waits, to move it away, to run it on another CPU. */
static bool is_mine(const struct thread *thread)
{
	return may_run_on(thread, arch_cpu()->index);
}

/* Takes the first thread of a queue that fits. */
static struct thread *queue_take(struct run_queue *queue, bool (*fits)(const struct thread *thread))
{
	struct thread *taken = NULL;
	spin_lock(&queue->lock);
	/* LAB(scheduler) BEGIN: First come, first served: take the thread that has waited longest among those that fit, with
	 * list_remove(). New ones are put at the end. The length of the queue has one writer at a time, who has the lock, and
	 * readers that have not. */
	LIST_FOR_EACH (node, &queue->ready) {
		struct thread *thread = container_of(node, struct thread, queue_node);
		if (!fits(thread))
			continue;
		list_remove(node);
		__atomic_store_n(&queue->length, queue->length - 1, __ATOMIC_RELAXED);
		taken = thread;
		break;
	}
	/* LAB(scheduler) ELSE
	// The last one that fits: whoever has just come.
	LIST_FOR_EACH (node, &queue->ready) {
		struct thread *thread = container_of(node, struct thread, queue_node);
		taken = fits(thread) ? thread : taken;
	}
	if (taken) {
		list_remove(&taken->queue_node);
		__atomic_store_n(&queue->length, queue->length - 1, __ATOMIC_RELAXED);
	}
	LAB(scheduler) END */
	if (taken)
		count_changed(-1);
	spin_unlock(&queue->lock);
	return taken;
}

/* LAB(scheduler) BEGIN: Threads that wait here and may not run here: run_queue_send_away(). A thread may have been forbidden this
 * CPU while it waited, or because it asked for it. Each of them is taken out of this CPU's queue, unless another CPU still uses
 * its record (on_cpu), and put where run_queue_choose() says, with run_queue_add(). trace_thread_move() tells who went from where
 * to where. */
static bool is_stranger(const struct thread *thread)
{
	return !is_mine(thread) && !thread->on_cpu;
}

void run_queue_send_away(void)
{
	unsigned here = arch_cpu()->index;
	for (struct thread *stranger; (stranger = queue_take(&queues[here], is_stranger));) {
		unsigned to = run_queue_choose(stranger);
		trace_thread_move(stranger->id, here, to);
		run_queue_add(stranger, to);
	}
}
/* LAB(scheduler) ELSE
// They wait here for ever.
void run_queue_send_away(void)
{
}
LAB(scheduler) END */

/* LAB(scheduler) BEGIN: A CPU with nothing to do: steal(). It looks for the longest queue of another CPU and takes a thread from
 * it that may run here, and that no CPU still uses. If there is none in that queue, the next longest is looked at.
 * trace_thread_move() tells. NULL: there is nothing for this CPU. Lengths are read without a lock, so they may be wrong by the
 * time the queue is locked: that must do no harm. */
static bool is_free_for_me(const struct thread *thread)
{
	return is_mine(thread) && !thread->on_cpu;
}

/* The longest queue among the CPUs of `candidates`, or MAX_CPUS if nothing waits there. */
static unsigned longest_queue(uint64_t candidates)
{
	unsigned longest = MAX_CPUS;
	uint64_t length = 0;
	for (unsigned i = 0; i < cpus_present; i++) {
		uint64_t waiting = __atomic_load_n(&queues[i].length, __ATOMIC_RELAXED);
		if ((candidates >> i & 1) && waiting > length) {
			longest = i;
			length = waiting;
		}
	}
	return longest;
}

/* Takes a thread that may run here from another queue, the longest first. */
static struct thread *steal(void)
{
	unsigned here = arch_cpu()->index;
	uint64_t candidates = ~(UINT64_C(1) << here);
	for (unsigned from; (from = longest_queue(candidates)) < MAX_CPUS; candidates &= ~(UINT64_C(1) << from)) {
		struct thread *thread = queue_take(&queues[from], is_free_for_me);
		if (!thread)
			continue;
		trace_thread_move(thread->id, from, here);
		return thread;
	}
	return NULL;
}
/* LAB(scheduler) ELSE
// Who has nothing to do does nothing.
static struct thread *steal(void)
{
	return NULL;
}
LAB(scheduler) END */

struct thread *run_queue_take(void)
{
	struct thread *thread = queue_take(&queues[arch_cpu()->index], is_mine);
	if (!thread && run_queue_waiting())
		run_queue_send_away();
	return thread ? thread : steal();
}

void run_queue_check(void)
{
	uint64_t found = 0;
	for (unsigned i = 0; i < cpus_present; i++) {
		uint64_t length = 0;
		spin_lock(&queues[i].lock);
		LIST_FOR_EACH (node, &queues[i].ready) {
			const struct thread *thread = container_of(node, struct thread, queue_node);
			ASSERT(thread->state == THREAD_READY && thread->cpu == i);
			length++;
		}
		ASSERT(length == queues[i].length);
		spin_unlock(&queues[i].lock);
		found += length;
	}
	ASSERT(found == run_queue_total());
}
