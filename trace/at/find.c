/*
 * From what a person writes to one event of a run: point.h says how it is named.
 *
 * Who calls: at.c, and other commands about one event. Whom: reader.c, to which the run is one stream.
 */
#include <inttypes.h>
#include <stdio.h>

#include "at/at.h"
#include "commands.h"
#include "point.h"
#include "print_event.h"

int at_find(const char *run, const char *text, bool show, struct trace_event *event)
{
	char error[640];
	struct event_point point;
	struct trace_event next;
	uint64_t seen = 0;
	int more = 0;
	bool found = false, final = false;
	if (!point_parse(text, &point, error, sizeof(error)))
		return say("%s", error), EXIT_USAGE;
	struct trace_reader *reader = trace_open(run, error, sizeof(error));
	if (!reader)
		return say("%s", error);
	while (!final && (more = trace_next(reader, &next)) == 1) {
		if (!point_takes(&point, reader, &next, &seen, &final)) {
			final = false;
			continue;
		}
		*event = next;
		found = true;
	}
	if (more >= 0 && found && show)
		print_event(stdout, reader, event);
	else if (more < 0)
		say("%s: %s", run, trace_error(reader));
	else if (!found)
		say("%s has no event %s; it has %" PRIu64 " on %u CPUs, and `%s events %s` prints them", run, text,
		    trace_info(reader)->events, trace_info(reader)->cpus, program_path, run);
	trace_close(reader);
	return more >= 0 && found ? 0 : 1;
}
