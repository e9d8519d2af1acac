/*
 * From what a person writes to one event of a run: moment.h says how it is named.
 *
 * Who calls: at.c. Whom: moment.c.
 */
#include <stdio.h>

#include "at/at.h"
#include "commands.h"
#include "moment.h"
#include "print_event.h"

/* Shows what was found, with its time, for which the run is opened once more. */
static void show_event(const char *run, const struct trace_event *event)
{
	char error[640];
	struct trace_reader *reader = trace_open(run, error, sizeof(error));
	if (!reader)
		return;
	print_event(stdout, reader, event);
	trace_close(reader);
}

int at_find(const char *run, const char *text, bool show, struct trace_event *event)
{
	static char why[512];
	struct moment moment;
	static struct moment_search search; /* large for a stack */
	if (!moment_parse(text, &moment, why, sizeof(why)))
		return say("%s", why), EXIT_USAGE;
	int exit_code = moment_find(run, &moment, text, &search);
	if (exit_code)
		return exit_code;
	*event = search.event;
	if (show)
		show_event(run, event);
	return 0;
}
