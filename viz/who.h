/*
 * Threads and processes by name: who did it, for pictures of what many did.
 *
 * Teaches: a role is what is drawn. Threads of one process with the same name do the same work, so ten readers are one box that says so.
 * Who calls: the kinds of graphs, with every event. Invariant: numbers of roles and processes are their places in the arrays, and stay.
 */
#pragma once

#include <stdbool.h>

#include "reader.h"
#include "table.h"

struct who_process {
	uint64_t aspace;
	char name[17];
	bool ended;
};

struct who_role {
	unsigned process; /* its place in `processes`; WHO_NOBODY for a thread that was there before the trace */
	char name[17];
	unsigned threads;
};

struct who {
	struct who_process *processes;
	struct who_role *roles;
	unsigned process_count, role_count;
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

/* The process that has this number now, or had it last; WHO_NOBODY if there is none. */
unsigned who_process_of(const struct who *who, uint64_t aspace);

/* "reader of demo", "thread 17". Returns `text`. */
#define WHO_TEXT_BYTES 64
char *who_text(const struct who *who, unsigned role, char text[WHO_TEXT_BYTES]);

void who_free(struct who *who);
