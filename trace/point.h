/*
 * How a person names one event of a run.
 *
 *     1:755  cpu1:755    event 755 of CPU 1, as `vitrine events` and `vitrine sql` number them
 *     fault_begin:17     the 17th with this name, in the order of time
 *     @512.3             the first at or after 512.3 microseconds since kernel entry
 *     0x3b1              the first of this flow
 *     crash              the last thread that was killed
 *     last               the last event of the run
 *
 * Teaches: the number that an event has on its CPU names it for good: it is in the record, and a run under icount that is made again has the
 * same. The other names are easier to think of, and are good for one run.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader.h"

struct event_point {
	enum { POINT_PLACE, POINT_NAMED, POINT_TIME, POINT_FLOW, POINT_CRASH, POINT_LAST } kind;
	unsigned cpu;
	uint64_t number; /* on its CPU, of its name (from 1), nanoseconds, or the flow */
	const struct event_schema *schema;
};

/* What a person typed. False with a sentence in `why` if it names no event. */
bool point_parse(const char *text, struct event_point *point, char *why, size_t why_bytes);

/*
 * Whether an event is the one that is meant, or the latest so far that could be: *final tells that no later one can be. To be called with each
 * event of the run in turn; *seen is 0 before the first.
 */
bool point_takes(const struct event_point *point, const struct trace_reader *reader, const struct trace_event *event,
		 uint64_t *seen, bool *final);

/* Whether a field of the event is this flow. 0 is in no flow. */
bool is_in_flow(const struct trace_event *event, uint64_t flow);
