/*
 * The machine's tables at a moment: see tables.h.
 */
#include "tables.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "moment.h"
#include "number.h"

/* With each event: whether it still belongs to what is asked for. */
static bool includes(struct until *until, const struct trace_event *event, uint64_t ns, uint64_t events)
{
	if (until->reached)
		return false;
	if (until->kind == UNTIL_TIME && ns > until->number) {
		until->reached = true;
		until->ns = until->number;
		return false;
	}
	until->ns = ns;
	until->reached = (until->kind == UNTIL_EVENT && event->cpu == until->cpu && event->index == until->number) ||
			 (until->kind == UNTIL_NTH && events + 1 == until->number);
	return true;
}

/* Whether translations of this space are those that are asked for. */
static bool counts(const struct tables *tables, uint64_t space)
{
	return !tables->wanted || tables->space == space;
}

static void count_translation(void *context, const struct translation *translation, bool there)
{
	struct tables *tables = context;
	if (!counts(tables, translation->space))
		return;
	tables->used += there ? 1 : -1;
	if (!there || translation->address != tables->page)
		return;
	tables->space = translation->space;
	tables->most = 1;
	tables->most_at = tables->events;
}

static void start(struct tables *tables)
{
	page_tables_start(&tables->now, &tables->info);
	tables->now.tell_translation = count_translation;
	tables->now.context = tables;
	tables->started = true;
}

/* Finds the space that is asked for by its name: the first program that has it. */
static void look_for_space(struct tables *tables)
{
	const struct actors *actors = &tables->actors;
	const struct actor_process *last = actors->process_count ? &actors->processes[actors->process_count - 1] : NULL;
	if (last && tables->wanted && !tables->space && !strcmp(last->name, tables->wanted))
		tables->space = last->id;
}

static bool play(void *context, const struct trace_event *event, uint64_t ns)
{
	struct tables *tables = context;
	if (!tables->started)
		start(tables);
	if (!includes(&tables->until, event, ns, tables->events))
		return false;
	tables->events++;
	actors_take(&tables->actors, event, ns);
	page_tables_take(&tables->now, event, ns);
	if (!strcmp(event->schema->name, "aspace_create"))
		look_for_space(tables);
	if (tables->page == TABLES_NO_PAGE && tables->used > tables->most) {
		tables->most = tables->used;
		tables->most_at = tables->events;
	}
	if (tables->now.out_of_memory || tables->actors.out_of_memory)
		return say("out of memory"), tables->failed = true, false;
	return true;
}

static bool check_space(const struct tables *tables, const char *run)
{
	const struct actors *actors = &tables->actors;
	bool known = tables->space && !actors->process_count; /* a run without the category thread names none */
	known |= actors_process(actors, tables->space) != NULL;
	if (!tables->wanted || known)
		return true;
	say("%s: there is no address space `%s` up to this moment", run, tables->wanted);
	for (size_t i = 0; i < actors->process_count; i++)
		fprintf(stderr, "    %" PRIu64 "  %s\n", actors->processes[i].id, actors->processes[i].name);
	return false;
}

static bool parse_page(const char *text, uint64_t *page)
{
	uint64_t address;
	bool good = number_in(text, &address);
	*page = address & ~UINT64_C(4095);
	if (good)
		return true;
	say("`%s` is no address: a number is wanted, such as 0x100040001000", text);
	return false;
}

/* Plays a run up to a moment. NULL after having said why. */
static struct tables *play_to(const struct graph_request *request, const struct until *until)
{
	struct tables *tables = calloc(1, sizeof(*tables));
	const char *run = request->runs[0];
	char *end;
	if (!tables)
		return say("out of memory"), NULL;
	tables->until = *until;
	tables->wanted = request->aspace;
	tables->page = TABLES_NO_PAGE;
	if (request->address && !parse_page(request->address, &tables->page))
		return free(tables), NULL;
	if (tables->wanted)
		tables->space = strtoull(tables->wanted, &end, 10);
	if (tables->wanted && *end)
		tables->space = 0;
	bool good = scan_run(run, &tables->info, tables, play) && !tables->failed;
	if (good && !tables->started)
		start(tables); /* a run without an event */
	if (good && check_space(tables, run))
		return tables;
	tables_free(tables);
	return NULL;
}

/* The moment that is asked for, as one event or a time. False after having said why there is none. */
static bool find_moment(const struct graph_request *request, struct until *until)
{
	struct moment moment;
	struct moment_search search;
	char why[512];
	if (!moment_parse(request->at, &moment, why, sizeof(why)))
		return say("%s", why), false;
	if (moment.kind == MOMENT_LAST)
		return true;
	*until = (struct until){.kind = UNTIL_TIME, .number = moment.number};
	if (moment.kind == MOMENT_TIME)
		return true;
	if (moment_find(request->runs[0], &moment, request->at, &search) != 0)
		return false;
	*until = (struct until){.kind = UNTIL_EVENT, .cpu = search.event.cpu, .number = search.event.index};
	return true;
}

struct tables *tables_at(const struct graph_request *request)
{
	struct until until = {.kind = UNTIL_END};
	if (request->at)
		return find_moment(request, &until) ? play_to(request, &until) : NULL;
	struct tables *whole = play_to(request, &until);
	if (!whole)
		return NULL;
	until = (struct until){.kind = UNTIL_NTH, .number = whole->most_at};
	if (!whole->most && whole->page != TABLES_NO_PAGE)
		say("%s: no page at %s was entered%s%s", request->runs[0], request->address, whole->wanted ? " in " : "",
		    whole->wanted ? whole->wanted : " in any address space");
	else if (!whole->most)
		return whole;
	bool stop = !whole->most;
	tables_free(whole);
	return stop ? NULL : play_to(request, &until);
}

char *tables_when(const struct tables *tables, const struct graph_request *request, char text[TABLES_WHEN_BYTES])
{
	uint64_t ns = tables->until.ns;
	const char *which = request->at ? request->at : request->address ? "when it was entered last" : "the fullest moment";
	snprintf(text, TABLES_WHEN_BYTES, "%s%.40s, at %" PRIu64 ".%03u us", request->at ? "moment " : "", which, ns / 1000,
		 (unsigned)(ns % 1000));
	return text;
}

void tables_free(struct tables *tables)
{
	page_tables_free(&tables->now);
	actors_free(&tables->actors);
	free(tables);
}
