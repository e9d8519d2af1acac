/*
 * RCU: see rcu.h.
 *
 *     rcu_call --> next --(asks for the period after the one at hand)--> current --(that one is over)--> done --> free
 *
 * Grace periods have numbers, and there is one at a time: `started` is the last that began, `completed` the last that is over, `wanted` the
 * last that somebody waits for. A CPU that asks while one runs gets the next, because the one at hand may have begun before its
 * callbacks; so all who ask meanwhile share it. A callback waits for one whole period; at worst for what is left of the one at hand and
 * two more, if its CPU still waits for the first when the second begins.
 *
 * The driver is the hazard word: no tick, no thread. Whoever begins a period sets HAZARD_RCU on each CPU it waits for, which interrupts it even
 * if it spins in user mode. A CPU that is idle is not waited for and not woken: it looks at nothing, and when it stops being idle it looks
 * after that (the fence in begin_period() pairs with the one in the idle loop). A CPU that never came up is not online.
 * Who calls: see rcu.h. Whom: cpu.h. Locks: rcu_lock, with irqs off and nothing else held.
 */
#include "core/rcu.h"

#include <trace_emit.h>

#include "core/cpu.h"
#include "core/end.h"
#include "core/lock.h"
#include "core/panic.h"

/* So many callbacks of one CPU are too many. */
#define PILE 1024

static struct spinlock rcu_lock = SPINLOCK(LOCK_RCU);
static uint64_t started;
static uint64_t completed;
static uint64_t wanted;
static uint64_t holding; /* CPUs that the period at hand waits for: bit n is CPU n */

uint64_t rcu_started(void)
{
	return __atomic_load_n(&started, __ATOMIC_ACQUIRE);
}

uint64_t rcu_completed(void)
{
	return __atomic_load_n(&completed, __ATOMIC_ACQUIRE);
}

uint64_t rcu_waiting(void)
{
	uint64_t waiting = 0;
	for (unsigned i = 0; i < cpus_present; i++)
		waiting += __atomic_load_n(&cpus[i].rcu.waiting, __ATOMIC_ACQUIRE);
	return waiting;
}

bool rcu_is_piled_up(const struct cpu *cpu)
{
	return cpu->rcu.waiting > PILE;
}

/* ---- lists ---- */

static void list_append(struct rcu_list *list, struct rcu_head *head)
{
	head->next = NULL;
	if (!list->end)
		list->end = &list->first;
	*list->end = head;
	list->end = &head->next;
}

/* Moves all of `from` behind what is in `to`. */
static void list_move(struct rcu_list *to, struct rcu_list *from)
{
	if (!from->first)
		return;
	if (!to->end)
		to->end = &to->first;
	*to->end = from->first;
	to->end = from->end;
	*from = (struct rcu_list){0};
}

static struct rcu_head *list_take(struct rcu_list *list)
{
	struct rcu_head *head = list->first;
	if (!head)
		return NULL;
	list->first = head->next;
	if (!list->first)
		list->end = &list->first;
	return head;
}

/* ---- asking ---- */

static void set_waiting(struct cpu *cpu, uint64_t waiting)
{
	__atomic_store_n(&cpu->rcu.waiting, waiting, __ATOMIC_RELEASE);
	trace_rcu_callbacks(waiting);
}

void rcu_call(struct rcu_head *head, const struct rcu_class *class, uint32_t id)
{
	if (head->class)
		panic("rcu_call for kernel object %u, of kind %u, which is on its way already", id, class->kind);
	head->class = class;
	head->id = id;
	head->flow = cpu_new_flow();
	trace_rcu_call(head->flow, class->kind, id);
	if (class->pre_free) {
		class->pre_free(head);
		trace_rcu_pre_free(head->flow, class->kind, id);
	}
	bool irqs = arch_irq_save();
	struct cpu *cpu = arch_cpu();
	list_append(&cpu->rcu.next, head);
	set_waiting(cpu, cpu->rcu.waiting + 1);
	__atomic_fetch_or(&cpu->hazards, HAZARD_RCU, __ATOMIC_RELAXED);
	arch_irq_restore(irqs);
}

/* ---- the grace period; all with rcu_lock ---- */

/* The period is over. Returns the CPUs that have waited for it, but the caller's. */
static uint64_t end_period(const struct cpu *cpu)
{
	/* LAB(rcu) BEGIN: Step 2. The period is over: `completed` says so, and the event rcu_period_end. A CPU whose callbacks
	 * have waited for this period may be idle, and would not find out: its bit is in what you return. The caller needs no
	 * bit. */
	uint64_t prod = 0;
	ASSERT(holding == 0 && completed + 1 == started);
	__atomic_store_n(&completed, started, __ATOMIC_RELEASE);
	trace_rcu_period_end(completed);
	for (unsigned i = 0; i < cpus_present; i++)
		if (&cpus[i] != cpu && cpus[i].rcu.period && cpus[i].rcu.period <= completed)
			prod |= UINT64_C(1) << i;
	return prod;
	/* LAB(rcu) ELSE
	(void)cpu;
	return 0; // no period ends
	LAB(rcu) END */
}

/* Begins the next period; the caller's CPU is quiescent. Returns the CPUs that have to be asked. */
static uint64_t begin_period(const struct cpu *cpu, enum quiescent_cause cause)
{
	/* LAB(rcu) BEGIN: Step 2 for one CPU, step 3 for several. The next period begins: `started` says so, and the event
	 * rcu_period_begin with what rcu_waiting() counts. Then each CPU that is online is quiescent already, and you say so for
	 * it with trace_rcu_quiescent(), or its bit goes into `holding`. Which CPUs are quiescent at this very moment, beside the
	 * caller's? What one of those does when it stops being so must see all that was unlinked before: see cpu->idle in
	 * sched/schedule.c. */
	ASSERT(holding == 0 && completed == started);
	__atomic_store_n(&started, started + 1, __ATOMIC_RELEASE);
	trace_rcu_period_begin(started, rcu_waiting());
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* what was unlinked before, an idle CPU does not find from here on */
	for (unsigned i = 0; i < cpus_present; i++) {
		bool idle = __atomic_load_n(&cpus[i].idle, __ATOMIC_SEQ_CST);
		if (!cpus[i].online)
			continue;
		if (&cpus[i] == cpu)
			trace_rcu_quiescent(started, i, cause);
		else if (idle)
			trace_rcu_quiescent(started, i, QUIESCENT_ASLEEP);
		else
			holding |= UINT64_C(1) << i;
	}
	return holding;
	/* LAB(rcu) ELSE
	(void)cpu;
	(void)cause;
	return 0; // no period begins
	LAB(rcu) END */
}

/* This CPU's callbacks: what has waited long enough is done, and what has come since needs the next period. */
static void sort_callbacks(struct rcu_cpu *own)
{
	/* LAB(rcu) BEGIN: Step 1. `current` is what waits for the period own->period (0: it is empty). If that one is over, all
	 * of it moves to `done`, and own->waited is the period it has waited for. If `current` is free then, what is in `next`
	 * takes its place and waits for a period that is sure to begin from here on. Which number is that, if one may be under
	 * way? `wanted` is the last that anybody waits for; who raises it says so with trace_rcu_request(period,
	 * own->waiting). */
	if (own->period && own->period <= completed) {
		list_move(&own->done, &own->current);
		own->waited = own->period;
		own->period = 0;
	}
	if (!own->period && own->next.first) {
		list_move(&own->current, &own->next);
		own->period = started + 1;
		if (wanted < own->period)
			trace_rcu_request(own->period, own->waiting);
		wanted = max_u64(wanted, own->period);
	}
	/* LAB(rcu) ELSE
	list_move(&own->current, &own->next); // where nobody ever looks at it again
	LAB(rcu) END */
}

/* All that a quiescent state of this CPU leads to. Returns the CPUs that have to look. */
static uint64_t advance(struct cpu *cpu, enum quiescent_cause cause)
{
	uint64_t prod = 0, self = UINT64_C(1) << cpu->index;
	/* LAB(rcu) BEGIN: Step 3. If the period at hand waits for this CPU, it does so no longer (trace_rcu_quiescent), and
	 * whoever was the last ends it. Then this CPU's callbacks are sorted; and if none is at hand but somebody wants one, the
	 * next begins here and now. It may be over at once, and then more is done than before. `prod` collects the CPUs that have
	 * to look. */
	if (holding & self) {
		holding &= ~self;
		trace_rcu_quiescent(started, cpu->index, cause);
		if (holding == 0)
			prod |= end_period(cpu);
	}
	for (;;) {
		sort_callbacks(&cpu->rcu);
		if (holding || wanted <= completed)
			return prod;
		prod |= begin_period(cpu, cause);
		if (holding == 0) /* nobody else is awake */
			prod |= end_period(cpu);
	}
	/* LAB(rcu) ELSE
	// Enough for one CPU, as long as there is no other: a period is over as soon as it has begun.
	(void)self;
	sort_callbacks(&cpu->rcu);
	if (wanted > completed) {
		prod |= begin_period(cpu, cause);
		prod |= end_period(cpu);
		sort_callbacks(&cpu->rcu);
	}
	return prod;
	LAB(rcu) END */
}

/* ---- freeing ---- */

/* Calls what is done, with interrupts on. What that gives up in its turn comes later. */
static void call_done(struct cpu *cpu)
{
	struct rcu_cpu *own = &cpu->rcu;
	/* LAB(rcu) BEGIN: Step 2. Each callback of `done`, in order: it waits no more (set_waiting), the event rcu_free says what
	 * is freed and for which period it has waited, and then its class's free() does it, with interrupts on. own->freeing is
	 * that period meanwhile, and 0 when all is done. Afterwards `head` is gone: do not touch it. */
	struct rcu_head *head;
	own->freeing = own->waited;
	while ((head = list_take(&own->done))) {
		set_waiting(cpu, own->waiting - 1);
		trace_rcu_free(head->flow, head->class->kind, head->id, own->freeing);
		arch_irq_restore(true);
		head->class->free(head);
		arch_irq_restore(false);
	}
	own->freeing = 0;
	/* LAB(rcu) ELSE
	while (list_take(&own->done))
		; // dropped, and not freed
	LAB(rcu) END */
}

void rcu_quiescent(enum quiescent_cause cause)
{
	struct cpu *cpu = arch_cpu();
	ASSERT(cpu->lock_level == LOCK_NONE && !arch_irq_enabled());
	spin_lock_inner(&rcu_lock);
	uint64_t prod = advance(cpu, cause);
	spin_unlock(&rcu_lock);
	for (unsigned i = 0; i < cpus_present; i++)
		if (prod >> i & 1)
			cpu_hazard_raise(&cpus[i], HAZARD_RCU);
	call_done(cpu);
}

void rcu_show(void)
{
	descriptor_add("rcu-started", &started, sizeof(started), 1, 0);
	descriptor_add("rcu-completed", &completed, sizeof(completed), 1, 0);
	descriptor_add("rcu-wanted", &wanted, sizeof(wanted), 1, 0);
	descriptor_add("rcu-holding", &holding, sizeof(holding), 1, 0);
}

/* ---- for tests ---- */

static uint64_t list_count(const struct rcu_list *list)
{
	uint64_t count = 0;
	for (const struct rcu_head *head = list->first; head; head = head->next, count++)
		ASSERT(head->class && head->class->kind < RCU_KINDS_END && (head->next || list->end == &head->next));
	return count;
}

void rcu_check(void)
{
	spin_lock(&rcu_lock);
	ASSERT(started == completed + (holding ? 1 : 0) && wanted <= started + 1);
	for (unsigned i = 0; i < cpus_present; i++) {
		const struct rcu_cpu *own = &cpus[i].rcu;
		ASSERT((own->period != 0) == (own->current.first != NULL) && own->period <= wanted);
		ASSERT(own->waiting == list_count(&own->next) + list_count(&own->current) + list_count(&own->done));
	}
	spin_unlock(&rcu_lock);
}
