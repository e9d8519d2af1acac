/*
 * A moment of a run: see moment.h.
 */
#include "moment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

/* A number that has nothing behind it. */
static bool parse_number(const char *text, uint64_t *number)
{
	char *end;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

static bool parse_time(struct moment *moment, const char *text)
{
	bool since = *text == '@';
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"", 1e3}, {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
	char *unit;
	text += since;
	double value = strtod(text, &unit);
	if (unit == text || !(value >= 0) || !(value < 1e15))
		return false;
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(unit, units[i].name)) {
			moment->kind = since ? MOMENT_SINCE : MOMENT_TIME;
			moment->number = (uint64_t)(value * units[i].ns + 0.5);
			return true;
		}
	return false;
}

/* CPU:NUMBER or NAME:NUMBER. */
static bool parse_event(struct moment *moment, const char *text, const char *colon)
{
	char name[64] = "";
	uint64_t cpu;
	if (!parse_number(colon + 1, &moment->number) || colon - text >= (ptrdiff_t)sizeof(name))
		return false;
	memcpy(name, text, (size_t)(colon - text));
	if (parse_number(name, &cpu) && cpu < 64) {
		moment->kind = MOMENT_EVENT;
		moment->cpu = (unsigned)cpu;
		return true;
	}
	moment->kind = MOMENT_COUNT;
	moment->schema = schema_event_named(name);
	return moment->schema && moment->number > 0;
}

bool moment_parse(struct moment *moment, const char *text)
{
	*moment = (struct moment){.kind = MOMENT_END};
	const char *colon = strchr(text, ':');
	if (!strcmp(text, "end") || (colon ? parse_event(moment, text, colon) : parse_time(moment, text)))
		return true;
	say("`%s` is no moment: CPU:NUMBER or NAME:NUMBER for an event (0:1234, fault_begin:17, @512.3), a time (1250us, "
	    "12.5ms), or "
	    "`end`",
	    text);
	return false;
}

bool moment_includes(struct moment *moment, const struct trace_event *event, uint64_t ns)
{
	if (moment->reached)
		return false;
	if (moment->kind == MOMENT_TIME && ns > moment->number) {
		moment->reached = true;
		moment->ns = moment->number;
		return false;
	}
	moment->ns = ns;
	moment->seen += moment->kind == MOMENT_NTH || (moment->kind == MOMENT_COUNT && event->schema == moment->schema);
	moment->reached = (moment->kind == MOMENT_SINCE && ns >= moment->number) ||
			  (moment->kind == MOMENT_EVENT && event->cpu == moment->cpu && event->index == moment->number) ||
			  ((moment->kind == MOMENT_COUNT || moment->kind == MOMENT_NTH) && moment->seen == moment->number);
	return true;
}

bool moment_found(const struct moment *moment, const char *text)
{
	if (moment->reached || moment->kind == MOMENT_END || moment->kind == MOMENT_TIME)
		return true;
	say("the run has no event %s%s", text,
	    moment->kind == MOMENT_COUNT && moment->seen ? ": there are fewer of that kind" : "");
	return false;
}
