/*
 * Counters that the kernel does not trace, because they follow from its events.
 */
#pragma once

#include "perfetto/plan.h"

/* The rules of the events that change a counter: they send its new value. The fields each one wants stand beside it in plan.c. */
event_rule count_rule_request, count_rule_request_done, count_rule_slot;
