/*
 * Where a thread may run: see affinity.h.
 *
 * Invariant: a pinned thread's affinity is one CPU, and affinity_wanted is what it goes back to.
 */
#include "sched/affinity.h"

#include "core/cpu.h"
#include "core/lock.h"
#include "sched/sched.h"

bool affinity_is_possible(uint64_t affinity)
{
	uint64_t online = 0;
	for (unsigned i = 0; i < cpus_present; i++)
		online |= (uint64_t)cpus[i].online << i;
	return affinity & online;
}

/*
 * Tells the CPUs concerned that a thread's affinity changed: the one it is on or waits at, and an idle one that may have it
 * now.
 */
static void affinity_changed(const struct thread *thread)
{
	unsigned cpu = __atomic_load_n(&thread->cpu, __ATOMIC_RELAXED);
	if (thread->state == THREAD_BLOCKED)
		return;
	if (!(thread->affinity >> cpu & 1))
		cpu_hazard_raise(&cpus[cpu], HAZARD_RESCHEDULE | HAZARD_MOVE);
	for (unsigned i = 0; i < cpus_present; i++) {
		if ((thread->affinity >> i & 1) && __atomic_load_n(&cpus[i].idle, __ATOMIC_RELAXED)) {
			cpu_hazard_raise(&cpus[i], HAZARD_TIMER);
			return;
		}
	}
}

/* Called with threads_lock. */
static void set_affinity(const struct thread *self, struct thread *thread, uint64_t affinity)
{
	__atomic_store_n(&thread->affinity, affinity, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (thread != self)
		affinity_changed(thread);
	else if (!(affinity >> arch_cpu()->index & 1))
		sched_yield(SWITCH_MOVED);
}

enum status thread_set_affinity(struct thread *self, uint32_t id, uint64_t affinity)
{
	if (!affinity_is_possible(affinity))
		return STATUS_INVALID;
	spin_lock(&threads_lock);
	struct thread *thread = id ? thread_find(id) : self;
	enum status status =
		thread && thread->aspace == self->aspace && thread->state != THREAD_EXITED ? STATUS_OK : STATUS_NOT_FOUND;
	if (status == STATUS_OK && thread->pins)
		thread->affinity_wanted = affinity;
	else if (status == STATUS_OK)
		set_affinity(self, thread, affinity);
	spin_unlock(&threads_lock);
	return status;
}

enum status thread_pin(struct thread *self, uint64_t *cpu)
{
	enum status status = STATUS_OK;
	spin_lock(&threads_lock); /* irqs are off: it stays where it is */
	*cpu = arch_cpu()->index;
	if (self->pins == UINT32_MAX)
		status = STATUS_LIMIT;
	else if (self->pins++ == 0) {
		self->affinity_wanted = self->affinity;
		set_affinity(self, self, UINT64_C(1) << *cpu);
	}
	spin_unlock(&threads_lock);
	return status;
}

enum status thread_unpin(struct thread *self)
{
	spin_lock(&threads_lock);
	enum status status = self->pins ? STATUS_OK : STATUS_INVALID;
	if (status == STATUS_OK && --self->pins == 0)
		set_affinity(self, self, self->affinity_wanted);
	spin_unlock(&threads_lock);
	return status;
}
