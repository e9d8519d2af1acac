/*
 * Counters that the kernel does not trace, because they follow from its events.
 */
#pragma once

#include "perfetto.h"

/* Once a run, before its first event. */
void count_prepare(struct perfetto *perfetto);

/* Sends the new value of each counter that the event, at `ns`, changes. */
void count_event(struct perfetto *perfetto, const struct trace_event *event, uint64_t ns);
