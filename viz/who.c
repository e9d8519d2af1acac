/*
 * Roles: see who.h.
 */
#include "who.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for one more role; false if there is no memory. The array grows when their count is a power of two. */
static bool make_room(struct who *who)
{
	if (who->role_count & (who->role_count - 1))
		return true;
	struct who_role *larger = realloc(who->roles, (who->role_count ? 2 * (size_t)who->role_count : 1) * sizeof(*larger));
	if (!larger)
		return who->out_of_memory = true, false;
	who->roles = larger;
	return true;
}

/* The role of that name in a process, made if there is none. */
static unsigned role_named(struct who *who, uint64_t process, const char *name)
{
	for (unsigned i = 0; i < who->role_count; i++)
		if (who->roles[i].process == process && !strcmp(who->roles[i].name, name))
			return i;
	if (!make_room(who))
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
	actors_take(&who->actors, event, 0);
	who->out_of_memory |= who->actors.out_of_memory;
	if (strcmp(event->schema->name, "thread_create") != 0)
		return;
	const struct actor_thread *thread = actors_thread(&who->actors, event->field[0]);
	if (thread)
		set_role(who, thread->id,
			 role_named(who, actors_process(&who->actors, thread->process) ? thread->process : WHO_NOBODY,
				    thread->name));
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
		snprintf(text, WHO_TEXT_BYTES, "%s of %s", of->name, actors_process_name(&who->actors, of->process, "?"));
	return text;
}

void who_free(struct who *who)
{
	table_free(&who->threads, NULL);
	actors_free(&who->actors);
	free(who->roles);
}
