/*
 * Who a number is: threads and processes by name, as far as a run has been read.
 *
 * Teaches: a trace names nothing twice. A name is in the event that made the thing, and a reader that wants it later keeps it. The kernel gives
 * no number of a process twice and one of a thread hardly ever; of several things with one number the last that was made is meant.
 * Who calls: whatever says names, with every event. Whom: table.h. Invariant: places in both arrays stay, whatever has ended; so memory grows
 * with the number of threads and processes, never with that of events.
 */
#pragma once

#include "reader.h"
#include "table.h"

struct actor_process {
	uint64_t id;
	char name[17];
	bool ended;
	uint64_t begin_ns, end_ns;
};

struct actor_thread {
	uint64_t id, process, creator; /* creator 0: the kernel */
	char name[17];
	uint64_t begin_ns;
};

struct actors {
	struct actor_process *processes;
	struct actor_thread *threads;
	size_t process_count, thread_count;
	struct table by_id; /* {0, process} or {1, thread} -> its place, as a number + 1 */
	bool out_of_memory;
};

/* Learns from the events that make and end threads and processes; others, gaps too, say nothing to it. */
void actors_take(struct actors *actors, const struct trace_event *event, uint64_t ns);

/* The thread or the process with this number, NULL if the run has not made it yet. Valid until the next actors_take(). */
const struct actor_thread *actors_thread(const struct actors *actors, uint64_t id);
const struct actor_process *actors_process(const struct actors *actors, uint64_t id);

/* The name of a process, or what to say if it is not known. */
const char *actors_process_name(const struct actors *actors, uint64_t id, const char *unknown);

void actors_free(struct actors *actors);
