/*
 * Roles: who did it, for pictures of what many did.
 *
 * Teaches: a role is what is drawn. Threads of one process with the same name do the same work, so ten readers are one box that says so.
 * Who calls: the kinds of graphs, with every event. Whom: actors.h for names. Invariant: numbers of roles are their places in the array, and
 * stay.
 */
#pragma once

#include <stdbool.h>

#include "actors.h"

struct who_role {
	uint64_t process; /* WHO_NOBODY for a thread that was there before the trace */
	char name[17];
	unsigned threads;
};

struct who {
	struct actors actors;
	struct who_role *roles;
	unsigned role_count;
	struct table threads; /* id -> the role, as a number + 1 */
	bool out_of_memory;
};

#define WHO_NOBODY UINT32_MAX

/* Learns from the events that create and end threads and processes; others say nothing to it. */
void who_learn(struct who *who, const struct trace_event *event);

/* The role of a thread; one that nobody created in the trace gets one of its own. WHO_NOBODY if memory ran out, which `who` notes. */
unsigned who_role_of(struct who *who, uint64_t thread);

/* A role that is no thread: the kernel, a device. */
unsigned who_outsider(struct who *who, const char *name);

/* "reader of demo", "thread 17". Returns `text`. */
#define WHO_TEXT_BYTES 64
char *who_text(const struct who *who, unsigned role, char text[WHO_TEXT_BYTES]);

void who_free(struct who *who);
