/*
 * Who is who in a run, as far as it has been read: what objects are, who runs where and in the middle of what; names by actors.h.
 *
 * Who calls: explain.c with every event. Whom: actors.h, table.h. Simplified: nothing that has ended is forgotten, so memory grows with the
 * number of threads and objects, never with that of events.
 */
#include <stdlib.h>
#include <string.h>

#include "explain/explain.h"

static struct table_key key_of(uint64_t id)
{
	return (struct table_key){{id}};
}

/* What has this number, made if it is not there; NULL if memory ran out. */
static void *find_or_make(struct names *names, struct table *table, uint64_t id, size_t bytes)
{
	void *there = table_find(table, key_of(id));
	if (there)
		return there;
	void *made = calloc(1, bytes);
	if (!made || !table_add(table, key_of(id), made)) {
		free(made);
		names->out_of_memory = true;
		return NULL;
	}
	return made;
}

static void take_thing(struct names *names, const struct trace_event *event, const char *field)
{
	uint64_t id = field_of(event, field);
	struct thing *thing = find_or_make(names, &names->things, id, sizeof(*thing));
	if (!thing)
		return;
	thing->id = id;
	thing->is_endpoint = is_event(event, "endpoint_create");
	thing->kind = field_of(event, "kind");
	thing->maker = field_of(event, "thread");
}

/* A call and a fault are open from their begin to their end. */
static void take_open(struct names *names, const struct trace_event *event)
{
	bool call = event->schema->category == TRACE_SYSCALL;
	uint64_t thread = field_of(event, "thread");
	struct open_events *open = thread ? find_or_make(names, &names->open, thread, sizeof(*open)) : NULL;
	if (!open)
		return;
	*(call ? &open->call : &open->fault) = (struct open_event){
		.open = event->schema->phase == PHASE_THREAD_BEGIN,
		.cpu = event->cpu,
		.index = event->index,
		.value = field_of(event, call ? "number" : "flow"),
	};
}

void names_take(struct names *names, const struct trace_event *event)
{
	if (event->id == TRACE_EVENT_GAP)
		return;
	const char *name = event->schema->name;
	actors_take(&names->actors, event, 0);
	names->out_of_memory |= names->actors.out_of_memory;
	bool pair = event->schema->phase == PHASE_THREAD_BEGIN || event->schema->phase == PHASE_THREAD_END;
	if (pair && (event->schema->category == TRACE_SYSCALL || event->schema->category == TRACE_FAULT))
		take_open(names, event);
	else if (!strcmp(name, "thread_switch"))
		names->running[event->cpu] = field_of(event, "next");
	else if (!strcmp(name, "object_create"))
		take_thing(names, event, "object");
	else if (!strcmp(name, "endpoint_create"))
		take_thing(names, event, "endpoint");
}

const struct open_events *names_open(const struct names *names, uint64_t thread)
{
	return table_find(&names->open, key_of(thread));
}

struct thing *names_thing(const struct names *names, uint64_t id)
{
	return table_find(&names->things, key_of(id));
}

void names_free(struct names *names)
{
	actors_free(&names->actors);
	table_free(&names->open, free);
	table_free(&names->things, free);
}
