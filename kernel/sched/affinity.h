/*
 * Where a thread may run: its affinity, a bit for each CPU, and pins, which keep it for a while on the CPU it is on.
 *
 * Teaches: a thread that may not stay where it is has to be told there. Whoever changes an affinity looks afterwards where the thread
 * is, and a CPU that takes a thread looks afterwards at its affinity: one of the two sees the other (schedule.c, leave_if_forbidden).
 * Who calls: system calls, thread_create(). Whom: the hazards of other CPUs. Locks: threads_lock.
 */
#pragma once

#include "abi/status.h"
#include "types.h"

struct thread;

/* Whether there is a CPU on which a thread with this affinity could run. */
bool affinity_is_possible(uint64_t affinity);

/*
 * Keeps the current thread on the CPU it is on, until it has been unpinned as often. *cpu is which. LIMIT; INVALID if it is not
 * pinned.
 */
enum status thread_pin(struct thread *self, uint64_t *cpu);
enum status thread_unpin(struct thread *self);

/* Changes where a thread of the same program may run, once it is not pinned; id 0 is the caller. INVALID, NOT_FOUND. */
enum status thread_set_affinity(struct thread *self, uint32_t id, uint64_t affinity);
