/*
 * A moment of a run, as people name it: an event, or a time.
 *
 *     0:1234          the event with that number on CPU 0, as `vitrine events` prints it
 *     fault_begin:17  the 17th event of that kind, over all CPUs
 *     @512.3          the first event at or after so many us
 *     end             the end of the run
 *     1250us          a time since kernel entry; ns, us, ms, s; without a unit it is us, as `vitrine events` prints it
 *
 * The first two and `@` are what `vitrine at` takes too. Who calls: graphs of a state (pagetable, hpt), which play the run up to there.
 */
#pragma once

#include "reader.h"

struct moment {
	enum { MOMENT_END, MOMENT_EVENT, MOMENT_COUNT, MOMENT_TIME, MOMENT_SINCE, MOMENT_NTH } kind;
	const struct event_schema *schema; /* MOMENT_COUNT */
	unsigned cpu;
	uint64_t number; /* of the event, of its kind, of all events (MOMENT_NTH), or ns */
	uint64_t seen;   /* events of the kind, or of all, so far */
	bool reached;
	uint64_t ns; /* when it was reached; until then, of the last event */
};

/* Understands `text`. False after having said what is wrong with it. */
bool moment_parse(struct moment *moment, const char *text);

/*
 * With each event: whether it still belongs to what was at that moment. The event that is named is the last that does; a time ends before
 * the first event after it.
 */
bool moment_includes(struct moment *moment, const struct trace_event *event, uint64_t ns);

/* After the last event: whether the moment is in the run. False after having said that it is not. */
bool moment_found(const struct moment *moment, const char *text);
