/*
 * When memory is short: casting out pages that can be brought again, and waiting for what that frees.
 */
#pragma once

#include "abi/trace_enums.h"
#include "types.h"

/* Cast-out begins when less than this part of the frames is free. */
#define RECLAIM_PERCENT 16

struct fault;
struct vm_object;

/* The list of objects whose pages can be cast out. Called as such an object begins and ends. */
void reclaim_add(struct vm_object *object);
void reclaim_remove(struct vm_object *object);

/* For the page allocator, after an allocation and after a page was freed: `free` pages are left. Sets a hazard, no more. */
void reclaim_watch(void);
void reclaim_freed(uint64_t free);

/* For page requests: one was answered, so fewer may come back. */
void reclaim_answered(void);

/* What the hazard stands for: casts out if memory is short, lets threads go on that wait for memory. No lock held. */
void reclaim_work(void);

/* An allocation has failed: casts out at once. Whether frames are free now, so that it is worth another try. No lock held. */
bool reclaim_now(void);

/* Blocks the thread of a fault until memory is free; false if nothing is on its way out, so that it never would be. */
bool reclaim_wait(struct fault *fault);

/* Casts out as if memory were so short. Returns the pages that were dropped or are being written. No lock held. */
uint64_t reclaim_cast_out(enum pressure pressure);
