/*
 * RCU in the picture: which grace period runs, which CPU holds it up and until when, and how much waits to be freed.
 *
 * Invariant: what is kept is one period and a number for each CPU, however long the run. Each slice is drawn when it is over, both its
 * ends at once: only then is it known that a CPU was waited for at all.
 * Who calls: event.c, by the rules in plan.c; perfetto.c at the end. Whom it calls: track.h,
 * packet.h.
 */
#pragma once

#include "perfetto/plan.h"

/* The rules of the events about grace periods. The fields each one wants stand beside it in plan.c. */
event_rule rcu_rule_request, rcu_rule_begin, rcu_rule_quiescent, rcu_rule_end, rcu_rule_callbacks;

/* The run is over at `ns`: draws the period that still runs, and the CPUs that still hold it up, until there. */
void rcu_close(struct perfetto *perfetto, uint64_t ns);
