/*
 * Who waits at the end of a run, and for what: the first thing to know about a deadlock.
 *
 * Teaches: a trace holds it all. What a thread waits for is its last thread_block, unless a thread_wake came after it.
 * Who calls: run.c. Whom: the reader. A run recorded without the category `thread` says nothing here.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "reader.h"
#include "run/run.h"

/* More are counted, and not named. */
#define LINES_MAX 24

struct waiter {
	char name[17];
	uint64_t aspace;
	bool waits;
	uint64_t reason, object;
};

/* Everything by its id: ids are given in turn, so an array is as good as any. */
struct waiters {
	struct waiter *thread;
	uint64_t threads;
	char (*program)[17];
	uint64_t programs;
};

/* Makes room for the entry with this id; NULL if there is none, and the run goes untold. */
static void *entry(void **array, uint64_t *count, size_t bytes, uint64_t id)
{
	if (id >= *count) {
		void *larger = id < UINT32_MAX ? realloc(*array, (id + 64) * bytes) : NULL;
		if (!larger)
			return NULL;
		memset((char *)larger + *count * bytes, 0, (id + 64 - *count) * bytes);
		*array = larger;
		*count = id + 64;
	}
	return (char *)*array + id * bytes;
}

static void follow(struct waiters *all, const struct trace_event *event)
{
	const char *name = event->schema ? event->schema->name : "";
	if (!strcmp(name, "aspace_create")) {
		char(*program)[17] = entry((void **)&all->program, &all->programs, sizeof(*all->program), event->field[0]);
		if (program)
			trace_chars(event->field[1], event->field[2], *program);
		return;
	}
	bool created = !strcmp(name, "thread_create"), blocked = !strcmp(name, "thread_block");
	if (!created && !blocked && strcmp(name, "thread_wake") != 0)
		return;
	struct waiter *thread = entry((void **)&all->thread, &all->threads, sizeof(*all->thread), event->field[0]);
	if (!thread)
		return;
	thread->waits = blocked;
	if (created) {
		thread->aspace = event->field[1];
		trace_chars(event->field[4], event->field[5], thread->name);
	} else if (blocked) {
		thread->reason = event->field[1];
		thread->object = event->field[2];
	}
}

static void print(const struct waiters *all)
{
	unsigned lines = 0, more = 0;
	for (uint64_t id = 0; id < all->threads; id++) {
		const struct waiter *thread = &all->thread[id];
		if (!thread->waits)
			continue;
		if (lines++ >= LINES_MAX) {
			more++;
			continue;
		}
		const char *reason = schema_value_name(FIELD_SWITCH_REASON, thread->reason);
		fprintf(stderr, "  thread %-4" PRIu64 " %-16s of %-16s %s (%" PRIu64 ")\n", id, thread->name,
			thread->aspace < all->programs ? all->program[thread->aspace] : "?", reason ? reason : "waits",
			thread->object);
	}
	if (more)
		fprintf(stderr, "  and %u more\n", more);
}

void run_say_who_waits(const char *trace)
{
	char error[640];
	struct trace_event event;
	struct waiters all = {0};
	struct trace_reader *reader = trace_open(trace, error, sizeof(error));
	if (!reader)
		return;
	while (trace_next(reader, &event) == 1)
		follow(&all, &event);
	trace_close(reader);
	print(&all);
	free(all.thread);
	free(all.program);
}
