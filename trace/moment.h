/*
 * How a person names one event of a run, or a time in it: the same for every command.
 *
 *     1:755  cpu1:755    event 755 of CPU 1, as `vitrine events` and `vitrine sql` number them
 *     fault_begin:17     the 17th with this name, in the order of time
 *     512.3us            a time since kernel entry; ns, us, ms, s; without a unit it is us, as `vitrine events` prints it
 *     @512.3             the first event at or after that time
 *     0x3b1              the first of this flow; if there is no such flow, the first fault at the page of this address
 *     address:0x8        the first fault at the page of this address, whatever flows there are
 *     crash              the last thread that was killed
 *     last  end          the last event of the run
 *
 * Who wants one event takes the first at or after a time; who wants what there was at a moment, as graphs of a state do, takes what there was when
 * a time had passed.
 * Teaches: the number that an event has on its CPU names it for good: it is in the record, and a run under icount that is made again has the
 * same. The other names are easier to think of, and are good for one run.
 * Who calls: every command about a moment. Whom: reader.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader.h"

/* The forms, as lines of a --help. */
#define MOMENT_HELP                                                                                                              \
	"    1:755            event 755 of CPU 1, as `vitrine events` prints them; also cpu1:755\n"                              \
	"    fault_begin:17   the 17th with this name, counted from 1; docs/gen/events.md has all names\n"                       \
	"    512.3us          the first event at or after this time since kernel entry; ns, us, ms, s, or us without a unit\n"   \
	"    @512.3           the same\n"                                                                                        \
	"    0x3b1            the first event of this flow; if there is none, the fault at the page of this address\n"           \
	"    address:0x8      the fault at the page of this address, whatever flows there are\n"                                 \
	"    crash            the last thread that was killed\n"                                                                 \
	"    last, end        the last event of the run\n"

/* The same for what there was at a moment. */
#define MOMENT_HELP_OF_STATES                                                                                                    \
	"MOMENT is one of\n"                                                                                                     \
	"\n"                                                                                                                     \
	"    1:755            right after event 755 of CPU 1, as `vitrine events` prints them; also cpu1:755\n"                  \
	"    fault_begin:17   after the 17th with this name, counted from 1; docs/gen/events.md has all names\n"                 \
	"    512.3us          when this time had passed since kernel entry; ns, us, ms, s, or us without a unit\n"               \
	"    @512.3           after the first event at or after this time\n"                                                     \
	"    0x3b1            after the first event of this flow; if there is none, as address:\n"                               \
	"    address:0x8      after the begin of the first fault at the page of this address\n"                                  \
	"    crash            after the last thread that was killed\n"                                                           \
	"    last, end        at the end of the run\n"

enum moment_kind {
	MOMENT_EVENT,
	MOMENT_COUNT,
	MOMENT_TIME,
	MOMENT_SINCE,
	MOMENT_FLOW,
	MOMENT_ADDRESS,
	MOMENT_CRASH,
	MOMENT_LAST,
};

struct moment {
	enum moment_kind kind;
	unsigned cpu;
	uint64_t number; /* on its CPU, of its name (from 1), nanoseconds, the flow or the address */
	const struct event_schema *schema;
};

/* What a person typed. False with a sentence in `why` if it names no moment. */
bool moment_parse(const char *text, struct moment *moment, char *why, size_t why_bytes);

/* A search for one event, with every event of the run in turn. All zero but for the moment before the first. */
struct moment_search {
	struct moment moment;
	bool found;
	struct trace_event event;
	uint64_t faults; /* of an address: how many there are at its page; `event` is the first */
	uint64_t seen;   /* events with the name that is asked for */
	bool in_gap;     /* what is asked for was lost */
};

/* Takes the next event, gaps too. False: no later one can be meant. */
bool moment_search_take(struct moment_search *search, const struct trace_reader *reader, const struct trace_event *event);

/* Says that the run `path` has no such event, and why. Returns 1. */
int moment_say_absent(const struct moment_search *search, const char *path, const struct trace_info *info, const char *text);

/* Looks for the event that `moment` (which is `text`) names. Returns 0, or 1 after having said why there is none. */
int moment_find(const char *path, const struct moment *moment, const char *text, struct moment_search *search);

/* Whether a field of the event is this flow. 0 is in no flow. */
bool is_in_flow(const struct trace_event *event, uint64_t flow);
