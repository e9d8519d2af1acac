/*
 * Threads and processes by name: see actors.h.
 */
#include "actors.h"

#include <stdlib.h>
#include <string.h>

enum kind { PROCESS, THREAD };

static struct table_key key_of(enum kind kind, uint64_t id)
{
	return (struct table_key){.word = {kind, id}};
}

/*
 * One more thing, zeroed, in an array that has *count, and which is found under its number from now on. NULL if there is no memory. Arrays grow
 * when their count is a power of two.
 */
static void *add(struct actors *actors, enum kind kind, uint64_t id, void **array, size_t *count, size_t bytes)
{
	if (!(*count & (*count - 1))) {
		void *larger = realloc(*array, (*count ? 2 * *count : 1) * bytes);
		if (!larger)
			return actors->out_of_memory = true, NULL;
		*array = larger;
	}
	table_remove(&actors->by_id, key_of(kind, id));
	if (!table_add(&actors->by_id, key_of(kind, id), (void *)(*count + 1)))
		return actors->out_of_memory = true, NULL;
	return memset((char *)*array + (*count)++ * bytes, 0, bytes);
}

static void add_process(struct actors *actors, const uint64_t *field, uint64_t ns)
{
	struct actor_process *process =
		add(actors, PROCESS, field[0], (void **)&actors->processes, &actors->process_count, sizeof(*actors->processes));
	if (!process)
		return;
	*process = (struct actor_process){.id = field[0], .begin_ns = ns};
	trace_chars(field[1], field[2], process->name);
}

static void add_thread(struct actors *actors, const uint64_t *field, uint64_t ns)
{
	struct actor_thread *thread =
		add(actors, THREAD, field[0], (void **)&actors->threads, &actors->thread_count, sizeof(*actors->threads));
	if (!thread)
		return;
	*thread = (struct actor_thread){.id = field[0], .process = field[1], .creator = field[2], .begin_ns = ns};
	trace_chars(field[4], field[5], thread->name);
}

/* 0: there is none. */
static size_t place_of(const struct actors *actors, enum kind kind, uint64_t id)
{
	return (size_t)table_find(&actors->by_id, key_of(kind, id));
}

void actors_take(struct actors *actors, const struct trace_event *event, uint64_t ns)
{
	if (event->id == TRACE_EVENT_GAP || event->schema->category != TRACE_THREAD)
		return;
	const char *name = event->schema->name;
	if (!strcmp(name, "aspace_create")) {
		add_process(actors, event->field, ns);
	} else if (!strcmp(name, "thread_create")) {
		add_thread(actors, event->field, ns);
	} else if (!strcmp(name, "aspace_destroy")) {
		size_t place = place_of(actors, PROCESS, event->field[0]);
		if (place) {
			actors->processes[place - 1].ended = true;
			actors->processes[place - 1].end_ns = ns;
		}
	}
}

const struct actor_thread *actors_thread(const struct actors *actors, uint64_t id)
{
	size_t place = place_of(actors, THREAD, id);
	return place ? &actors->threads[place - 1] : NULL;
}

const struct actor_process *actors_process(const struct actors *actors, uint64_t id)
{
	size_t place = place_of(actors, PROCESS, id);
	return place ? &actors->processes[place - 1] : NULL;
}

const char *actors_process_name(const struct actors *actors, uint64_t id, const char *unknown)
{
	const struct actor_process *process = actors_process(actors, id);
	return process ? process->name : unknown;
}

void actors_free(struct actors *actors)
{
	table_free(&actors->by_id, NULL);
	free(actors->processes);
	free(actors->threads);
}
