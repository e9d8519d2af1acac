/*
 * How a person names a moment of a run: see moment.h.
 */
#include "moment.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "format.h"
#include "number.h"

#define PAGE_MASK UINT64_C(0xfff)

/* ---- what a person types ---- */

/* A time since kernel entry in nanoseconds: "512.3", "512.3us", "1s". */
static bool time_in(const char *text, uint64_t *ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"", 1e3}, {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
	size_t digits = strspn(text, "0123456789.");
	char *unit;
	double value = strtod(text, &unit);
	if (text[0] < '0' || text[0] > '9' || unit != text + digits)
		return false;
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(unit, units[i].name)) {
			*ns = value * units[i].ns < 1e18 ? (uint64_t)(value * units[i].ns + 0.5) : UINT64_MAX;
			return true;
		}
	return false;
}

static bool refuse(char *why, size_t why_bytes, const char *text, const char *what)
{
	snprintf(why, why_bytes,
		 "`%.60s` is no moment: %s; a moment is CPU:NUMBER or NAME:NUMBER for an event (0:1234, fault_begin:17), a time "
		 "(1250us, 12.5ms, @512.3), a flow or an address (0x3b1), `crash`, or `last`",
		 text, what);
	return false;
}

const char *nearest_event(const char *name)
{
	static const char *names[EVENT_IDS + 1];
	unsigned count = 0;
	for (unsigned id = 0; id < EVENT_IDS; id++)
		if (schema_event(id))
			names[count++] = schema_event(id)->name;
	names[count] = NULL;
	return nearest_name(name, names);
}

static bool refuse_name(char *why, size_t why_bytes, const char *text, const char *name)
{
	char what[160];
	const char *near = nearest_event(name);
	if (near)
		snprintf(what, sizeof(what), "no event is called `%.40s`; did you mean `%s`?", name, near);
	else
		snprintf(what, sizeof(what), "no event is called `%.40s`", name);
	return refuse(why, why_bytes, text, what);
}

/* CPU:NUMBER, NAME:NUMBER or address:NUMBER. */
static bool parse_pair(const char *text, const char *colon, struct moment *moment, char *why, size_t why_bytes)
{
	char before[48] = "";
	uint64_t cpu;
	if (colon - text < (ptrdiff_t)sizeof(before))
		memcpy(before, text, (size_t)(colon - text));
	if (!number_in(colon + 1, &moment->number))
		return refuse(why, why_bytes, text, "no whole number stands behind the colon");
	if (!strcmp(before, "address")) {
		moment->kind = MOMENT_ADDRESS;
		return true;
	}
	if (number_in(strncmp(before, "cpu", 3) ? before : before + 3, &cpu) && cpu < FORMAT_CPUS_MAX) {
		moment->kind = MOMENT_EVENT;
		moment->cpu = (unsigned)cpu;
		return true;
	}
	moment->kind = MOMENT_COUNT;
	moment->schema = schema_event_named(before);
	if (!moment->schema)
		return refuse_name(why, why_bytes, text, before);
	return moment->number ? true : refuse(why, why_bytes, text, "they are counted from 1");
}

bool moment_parse(const char *text, struct moment *moment, char *why, size_t why_bytes)
{
	const char *colon = strchr(text, ':');
	*moment = (struct moment){.kind = MOMENT_LAST};
	if (!strcmp(text, "last") || !strcmp(text, "end"))
		return true;
	if (colon)
		return parse_pair(text, colon, moment, why, why_bytes);
	moment->kind = MOMENT_CRASH;
	if (!strcmp(text, "crash"))
		return true;
	moment->kind = MOMENT_SINCE;
	if (text[0] == '@')
		return time_in(text + 1, &moment->number) ? true : refuse(why, why_bytes, text, "no time stands behind the @");
	moment->kind = MOMENT_FLOW;
	if (!strncmp(text, "0x", 2) && number_in(text, &moment->number))
		return true;
	moment->kind = MOMENT_TIME;
	if (time_in(text, &moment->number))
		return true;
	return schema_event_named(text) ? refuse(why, why_bytes, text, "which one is missing, for example `:1`")
					: refuse_name(why, why_bytes, text, text);
}

/* ---- the search ---- */

bool is_in_flow(const struct trace_event *event, uint64_t flow)
{
	for (unsigned i = 0; flow && event->schema && i < event->fields; i++)
		if (event->schema->field[i].type == FIELD_FLOW && event->field[i] == flow)
			return true;
	return false;
}

static bool take(struct moment_search *search, const struct trace_event *event)
{
	search->found = true;
	search->event = *event;
	return false;
}

/* The first fault at a page stands for all that there are, and for no flow that there is. */
static void take_fault(struct moment_search *search, const struct trace_event *event)
{
	if (strcmp(event->schema->name, "fault_begin") != 0 || (event->field[2] ^ search->moment.number) & ~PAGE_MASK)
		return;
	if (!search->faults++)
		take(search, event);
}

static bool search_flow(struct moment_search *search, const struct trace_event *event)
{
	if (is_in_flow(event, search->moment.number)) {
		search->faults = 0;
		return take(search, event);
	}
	take_fault(search, event);
	return true;
}

bool moment_search_take(struct moment_search *search, const struct trace_reader *reader, const struct trace_event *event)
{
	const struct moment *moment = &search->moment;
	if (event->id == TRACE_EVENT_GAP) {
		bool here = moment->kind == MOMENT_EVENT && event->cpu == moment->cpu && moment->number >= event->index;
		search->in_gap |= here && moment->number - event->index < event->field[0];
		return true;
	}
	switch (moment->kind) {
	case MOMENT_EVENT:
		return event->cpu != moment->cpu || event->index != moment->number || take(search, event);
	case MOMENT_COUNT:
		return event->schema != moment->schema || ++search->seen != moment->number || take(search, event);
	case MOMENT_TIME:
	case MOMENT_SINCE:
		return trace_ns(reader, event->ticks) < moment->number || take(search, event);
	case MOMENT_FLOW:
		return search_flow(search, event);
	case MOMENT_ADDRESS:
		take_fault(search, event);
		return true;
	case MOMENT_CRASH:
		if (!strcmp(event->schema->name, "thread_crashed"))
			take(search, event);
		return true;
	case MOMENT_LAST:
		take(search, event);
		return true;
	}
	return true;
}

int moment_say_absent(const struct moment_search *search, const char *path, const struct trace_info *info, const char *text)
{
	enum moment_kind kind = search->moment.kind;
	if (search->in_gap)
		return say("event %s is not in the run: it was lost, overwritten before it could be read", text);
	if (kind == MOMENT_CRASH)
		return say("no thread was killed in this run");
	if (kind == MOMENT_FLOW || kind == MOMENT_ADDRESS)
		return say("the run has %sno fault at the page of 0x%" PRIx64, kind == MOMENT_FLOW ? "no such flow, and " : "",
			   search->moment.number);
	if (kind == MOMENT_COUNT && search->seen)
		return say("the run has no event %s: there are fewer of that kind, %" PRIu64, text, search->seen);
	return say("the run has no event %s; it has %" PRIu64 " on %u CPUs, and `%s events %s` prints them", text, info->events,
		   info->cpus, program_path, path);
}

int moment_find(const char *path, const struct moment *moment, const char *text, struct moment_search *search)
{
	char error[640];
	struct trace_event event;
	int more;
	struct trace_reader *reader = trace_open(path, error, sizeof(error));
	if (!reader)
		return say("%s", error);
	*search = (struct moment_search){.moment = *moment};
	while ((more = trace_next(reader, &event)) == 1 && moment_search_take(search, reader, &event))
		;
	int exit_code = more < 0        ? say("%s: %s", path, trace_error(reader))
			: search->found ? 0
					: moment_say_absent(search, path, trace_info(reader), text);
	trace_close(reader);
	return exit_code;
}
