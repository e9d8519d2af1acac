/*
 * Threads and processes by name: see who.h.
 */
#include "who.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for one more in an array that has `count`; false if there is no memory. Arrays grow when their count is a power of two. */
static bool make_room(struct who *who, void **array, unsigned count, size_t bytes)
{
	if (count & (count - 1))
		return true;
	void *larger = realloc(*array, (count ? 2 * (size_t)count : 1) * bytes);
	if (!larger)
		return who->out_of_memory = true, false;
	*array = larger;
	return true;
}

unsigned who_process_of(const struct who *who, uint64_t aspace)
{
	for (unsigned i = who->process_count; i > 0; i--)
		if (who->processes[i - 1].aspace == aspace)
			return i - 1;
	return WHO_NOBODY;
}

static void add_process(struct who *who, uint64_t aspace, uint64_t name_0, uint64_t name_1)
{
	if (!make_room(who, (void **)&who->processes, who->process_count, sizeof(*who->processes)))
		return;
	struct who_process *process = &who->processes[who->process_count++];
	*process = (struct who_process){.aspace = aspace};
	trace_chars(name_0, name_1, process->name);
}

/* The role of that name in a process, made if there is none. */
static unsigned role_named(struct who *who, unsigned process, const char *name)
{
	for (unsigned i = 0; i < who->role_count; i++)
		if (who->roles[i].process == process && !strcmp(who->roles[i].name, name))
			return i;
	if (!make_room(who, (void **)&who->roles, who->role_count, sizeof(*who->roles)))
		return WHO_NOBODY;
	struct who_role *role = &who->roles[who->role_count];
	*role = (struct who_role){.process = process};
	snprintf(role->name, sizeof(role->name), "%s", name);
	return who->role_count++;
}

static unsigned set_role(struct who *who, uint64_t thread, unsigned role)
{
	struct table_key key = {.word = {thread}};
	if (role == WHO_NOBODY)
		return role;
	table_remove(&who->threads, key);
	if (!table_add(&who->threads, key, (void *)(uintptr_t)(role + 1)))
		return who->out_of_memory = true, WHO_NOBODY;
	who->roles[role].threads++;
	return role;
}

void who_learn(struct who *who, const struct trace_event *event)
{
	const uint64_t *field = event->field;
	char name[17];
	if (event->schema->category != TRACE_THREAD)
		return;
	if (!strcmp(event->schema->name, "aspace_create")) {
		add_process(who, field[0], field[1], field[2]);
	} else if (!strcmp(event->schema->name, "aspace_destroy")) {
		unsigned process = who_process_of(who, field[0]);
		if (process != WHO_NOBODY)
			who->processes[process].ended = true;
	} else if (!strcmp(event->schema->name, "thread_create")) {
		trace_chars(field[4], field[5], name);
		set_role(who, field[0], role_named(who, who_process_of(who, field[1]), name));
	}
}

unsigned who_role_of(struct who *who, uint64_t thread)
{
	char name[17];
	void *role = table_find(&who->threads, (struct table_key){.word = {thread}});
	if (role)
		return (unsigned)(uintptr_t)role - 1;
	snprintf(name, sizeof(name), "thread %" PRIu32, (uint32_t)thread);
	return set_role(who, thread, thread ? role_named(who, WHO_NOBODY, name) : role_named(who, WHO_NOBODY, "the kernel"));
}

unsigned who_outsider(struct who *who, const char *name)
{
	return role_named(who, WHO_NOBODY, name);
}

char *who_text(const struct who *who, unsigned role, char text[WHO_TEXT_BYTES])
{
	const struct who_role *of = &who->roles[role];
	if (of->process == WHO_NOBODY)
		snprintf(text, WHO_TEXT_BYTES, "%s", of->name);
	else
		snprintf(text, WHO_TEXT_BYTES, "%s of %s", of->name, who->processes[of->process].name);
	return text;
}

void who_free(struct who *who)
{
	table_free(&who->threads, NULL);
	free(who->processes);
	free(who->roles);
}
