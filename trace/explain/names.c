/*
 * Who is who in a run, as far as it has been read: names of threads and processes, what objects are, who runs where and in the middle of what.
 *
 * Teaches: a trace names nothing twice. A name is in the event that made the thing, and a reader that wants it later keeps it.
 * Who calls: explain.c with every event. Whom: table.h. Simplified: nothing that has ended is forgotten, so memory grows with the number of
 * threads and objects, never with that of events.
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

static struct who *thread_make(struct names *names, uint64_t id)
{
	struct who *who = id ? find_or_make(names, &names->threads, id, sizeof(*who)) : NULL;
	if (who)
		who->id = id;
	return who;
}

static void take_create(struct names *names, const struct trace_event *event)
{
	struct who *who = thread_make(names, field_of(event, "thread"));
	if (!who)
		return;
	who->process = field_of(event, "aspace");
	who->creator = field_of(event, "creator");
	trace_chars(event->field[4], event->field[5], who->name);
}

static void take_process(struct names *names, const struct trace_event *event)
{
	char *name = find_or_make(names, &names->processes, field_of(event, "aspace"), 17);
	if (name)
		trace_chars(event->field[1], event->field[2], name);
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
	struct who *who = thread_make(names, field_of(event, "thread"));
	if (!who)
		return;
	*(call ? &who->call : &who->fault) = (struct open_event){
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
	bool pair = event->schema->phase == PHASE_THREAD_BEGIN || event->schema->phase == PHASE_THREAD_END;
	if (pair && (event->schema->category == TRACE_SYSCALL || event->schema->category == TRACE_FAULT))
		take_open(names, event);
	else if (!strcmp(name, "thread_switch"))
		names->running[event->cpu] = field_of(event, "next");
	else if (!strcmp(name, "thread_create"))
		take_create(names, event);
	else if (!strcmp(name, "aspace_create"))
		take_process(names, event);
	else if (!strcmp(name, "object_create"))
		take_thing(names, event, "object");
	else if (!strcmp(name, "endpoint_create"))
		take_thing(names, event, "endpoint");
}

struct who *names_thread(const struct names *names, uint64_t id)
{
	return table_find(&names->threads, key_of(id));
}

struct thing *names_thing(const struct names *names, uint64_t id)
{
	return table_find(&names->things, key_of(id));
}

const char *names_process(const struct names *names, uint64_t id)
{
	return table_find(&names->processes, key_of(id));
}

void names_free(struct names *names)
{
	table_free(&names->threads, free);
	table_free(&names->processes, free);
	table_free(&names->things, free);
}
