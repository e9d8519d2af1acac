/*
 * From what a person writes to one event of a run: `0:1234`, `fault_begin:17`, `@512.3`.
 *
 * Who calls: at.c, and other commands about one event. Whom: reader.c, to which the run is one stream.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "at/at.h"
#include "commands.h"
#include "print_event.h"

/* What is looked for; the first event that fits. */
struct wanted {
	const struct event_schema *schema; /* the `count`-th of this kind, if not NULL */
	uint64_t count;
	bool by_time;
	double microseconds;
	uint64_t cpu, index; /* else this one */
};

static bool whole_number(const char *text, uint64_t *number)
{
	char *end;
	*number = strtoull(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

static int say_no_kind(const char *name)
{
	static const char *names[EVENT_IDS + 1];
	for (unsigned id = 0, count = 0; id < EVENT_IDS; id++)
		if (schema_event(id))
			names[count++] = schema_event(id)->name;
	const char *near = nearest_name(name, names);
	if (near)
		return say("`%s` is no event; did you mean `%s`?", name, near), EXIT_USAGE;
	return say("`%s` is no event; docs/gen/events.md has all", name), EXIT_USAGE;
}

static int understand(struct wanted *wanted, const char *text)
{
	char name[64];
	const char *colon = strchr(text, ':');
	*wanted = (struct wanted){0};
	if (text[0] == '@') {
		char *end;
		wanted->by_time = true;
		wanted->microseconds = strtod(text + 1, &end);
		if (text[1] >= '0' && text[1] <= '9' && !*end)
			return 0;
	} else if (colon && colon - text < (ptrdiff_t)sizeof(name)) {
		snprintf(name, sizeof(name), "%.*s", (int)(colon - text), text);
		bool number = whole_number(colon + 1, &wanted->index);
		if (number && whole_number(name, &wanted->cpu))
			return 0;
		wanted->count = wanted->index;
		wanted->schema = schema_event_named(name);
		if (number && !wanted->schema)
			return say_no_kind(name);
		if (number && wanted->count)
			return 0;
	}
	return say("`%s` names no event: 0:1234 is event 1234 of CPU 0, fault_begin:17 the 17th such event, @512.3 the first at "
		   "or "
		   "after 512.3 microseconds",
		   text),
	       EXIT_USAGE;
}

static bool fits(struct wanted *wanted, const struct trace_reader *reader, const struct trace_event *event)
{
	if (event->id == TRACE_EVENT_GAP)
		return false;
	if (wanted->schema)
		return event->schema == wanted->schema && --wanted->count == 0;
	if (wanted->by_time)
		return (double)trace_ns(reader, event->ticks) >= wanted->microseconds * 1000;
	return event->cpu == wanted->cpu && event->index == wanted->index;
}

int at_find(const char *run, const char *text, bool show, struct trace_event *event)
{
	char error[640];
	struct wanted wanted;
	int exit_code = understand(&wanted, text), more = 0;
	if (exit_code)
		return exit_code;
	struct trace_reader *reader = trace_open(run, error, sizeof(error));
	if (!reader)
		return say("%s", error);
	while ((more = trace_next(reader, event)) == 1 && !fits(&wanted, reader, event))
		;
	if (more == 1 && show)
		print_event(stdout, reader, event);
	else if (more < 0)
		say("%s: %s", run, trace_error(reader));
	else if (more == 0)
		say("%s has no event %s; it has %" PRIu64 " on %u CPUs, and `%s events %s` prints them", run, text,
		    trace_info(reader)->events, trace_info(reader)->cpus, program_path, run);
	trace_close(reader);
	return more == 1 ? 0 : 1;
}
