/*
 * Threads: who they are, and what Perfetto is told about who runs where.
 *
 * Invariant, which Perfetto checks and counts as an error: a thread runs on one CPU at a time and does not start running twice,
 * and nothing but a new creation comes after its death.
 * Who calls: event.c; plan.c names the rules. Whom it calls: packet.h, track.h.
 */
#pragma once

#include "perfetto/plan.h"

/* The thread with this number, or NULL. */
struct thread *thread_find(struct perfetto *perfetto, uint64_t id);

/* The same; one that is not known (its creation was lost or not recorded) is made up. NULL only without memory. */
struct thread *thread_get(struct perfetto *perfetto, unsigned cpu, uint64_t ns, uint64_t id);

/* The name of the thread's program. */
const char *thread_process_name(const struct perfetto *perfetto, const struct thread *thread);

/* Events of this CPU were lost: what was open on it is closed. */
void thread_after_gap(struct perfetto *perfetto, unsigned cpu, uint64_t ns);

/* The run is over: closes every slice and lets every CPU stop running. */
void thread_close_all(struct perfetto *perfetto, unsigned cpu, uint64_t ns);

/* Frees a thread. For table_free. */
void thread_free(void *thread);

/* Frees what a CPU's state holds. */
void cpu_state_free(struct cpu_state *state);

/* The rules of the scheduling events. The fields each one wants stand beside it in plan.c. */
event_rule thread_rule_aspace_create, thread_rule_aspace_destroy, thread_rule_create, thread_rule_switch, thread_rule_block,
	thread_rule_wake, thread_rule_exit;
