/*
 * Taking pages out of memory: in steps, because no lock may be held while other CPUs forget their translations.
 */
#pragma once

#include "mm/object.h"

#define EVICTION_PAGES 32

struct page_request;

/* Pages of one object that are on their way out. */
struct eviction {
	struct vm_object *object;
	uint64_t cpus; /* that may still use them */
	unsigned dropped;
	unsigned written;
	struct paddr frame[EVICTION_PAGES];
	struct page_request *request[EVICTION_PAGES];
};

/* The translations of a page go, and its slot's frame; a clean page, or one nobody wants back. Called with the object's lock. */
void evict_drop(struct eviction *eviction, uint64_t page);

/* The translations of a dirty page go, and its provider will be asked to save it; `keep`: it stays then. NO_MEMORY. The same. */
enum status evict_write(struct eviction *eviction, uint64_t page, bool keep);

/* Whether there is no room for another page. */
bool evict_is_full(const struct eviction *eviction);

/* Waits for the CPUs, frees the frames, sends the requests; the eviction can be used again. No lock held. */
void evict_finish(struct eviction *eviction);

/*
 * What a program asks for (the table is in evict.c). RETRY: the current thread waits until what was dirty is written, and gets its
 * result then. INVALID for a range that is not in the object; NO_MEMORY.
 */
struct thread;
enum status object_remove(struct thread *thread, struct vm_object *object, uint64_t first, uint64_t pages, enum remove_kind kind);

/* A write that a blocked thread waited for was answered. False if it has to wait for another; else its results are set. */
bool evict_continue(struct thread *thread, enum status status);

/* A thread that waits is taken off its queue to die. */
void evict_end_wait(struct thread *thread);
