/*
 * How a person names an event of a run: see point.h.
 *
 * Who calls: the commands about one event. Whom: schema.h.
 */
#include "point.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "format.h"

/* A whole number, decimal or 0x, up to `end`. */
static bool number_in(const char *text, uint64_t *number)
{
	char *end;
	errno = 0;
	*number = strtoull(text, &end, 0);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

/* Microseconds since kernel entry, as `vitrine events` prints them. */
static bool time_in(const char *text, struct event_point *point)
{
	char *end;
	double us = strtod(text, &end);
	point->kind = POINT_TIME;
	point->number = us < 1e15 ? (uint64_t)(us * 1000 + 0.5) : UINT64_MAX;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

bool is_in_flow(const struct trace_event *event, uint64_t flow)
{
	for (unsigned i = 0; flow && event->schema && i < event->fields; i++)
		if (event->schema->field[i].type == FIELD_FLOW && event->field[i] == flow)
			return true;
	return false;
}

static bool refuse(char *why, size_t why_bytes, const char *text, const char *what)
{
	snprintf(why, why_bytes,
		 "`%.60s` names no event: %s; an event is CPU:NUMBER as `vitrine events` prints them, NAME:COUNT, @MICROSECONDS, "
		 "a flow, "
		 "`crash` or "
		 "`last`",
		 text, what);
	return false;
}

static bool refuse_name(char *why, size_t why_bytes, const char *text, const char *name)
{
	static const char *names[EVENT_IDS + 1];
	unsigned count = 0;
	char what[160];
	for (unsigned id = 0; id < EVENT_IDS; id++)
		if (schema_event(id))
			names[count++] = schema_event(id)->name;
	const char *near = nearest_name(name, names);
	if (near)
		snprintf(what, sizeof(what), "no event is called `%.40s`; did you mean `%s`?", name, near);
	else
		snprintf(what, sizeof(what), "no event is called `%.40s`", name);
	return refuse(why, why_bytes, text, what);
}

bool point_parse(const char *text, struct event_point *point, char *why, size_t why_bytes)
{
	const char *colon = strchr(text, ':');
	char before[48] = "";
	*point = (struct event_point){.kind = POINT_FLOW};
	if (!strcmp(text, "crash") || !strcmp(text, "last")) {
		point->kind = text[0] == 'c' ? POINT_CRASH : POINT_LAST;
		return true;
	}
	if (text[0] == '@')
		return time_in(text + 1, point) ? true
						: refuse(why, why_bytes, text, "no time in microseconds stands behind the @");
	if (!colon)
		return number_in(text, &point->number) && point->number ? true
		       : schema_event_named(text) ? refuse(why, why_bytes, text, "which one is missing, for example `:1`")
						  : refuse_name(why, why_bytes, text, text);
	if (colon - text < (long)sizeof(before))
		memcpy(before, text, (size_t)(colon - text));
	if (!number_in(colon + 1, &point->number))
		return refuse(why, why_bytes, text, "no whole number stands behind the colon");
	uint64_t cpu;
	if (number_in(strncmp(before, "cpu", 3) ? before : before + 3, &cpu) && cpu < FORMAT_CPUS_MAX) {
		point->kind = POINT_PLACE;
		point->cpu = (unsigned)cpu;
		return true;
	}
	point->kind = POINT_NAMED;
	point->schema = schema_event_named(before);
	if (!point->schema)
		return refuse_name(why, why_bytes, text, before);
	return point->number ? true : refuse(why, why_bytes, text, "they are counted from 1");
}

bool point_takes(const struct event_point *point, const struct trace_reader *reader, const struct trace_event *event,
		 uint64_t *seen, bool *final)
{
	*final = true;
	if (event->id == TRACE_EVENT_GAP)
		return false;
	switch (point->kind) {
	case POINT_PLACE:
		return event->cpu == point->cpu && event->index == point->number;
	case POINT_NAMED:
		return event->schema == point->schema && ++*seen == point->number;
	case POINT_TIME:
		return trace_ns(reader, event->ticks) >= point->number;
	case POINT_FLOW:
		return is_in_flow(event, point->number);
	case POINT_CRASH:
		*final = false;
		return !strcmp(event->schema->name, "thread_crashed");
	case POINT_LAST:
		*final = false;
		return true;
	}
	return false;
}
