/*
 * Taking pages out of memory: see evict.h.
 *
 *     what a program asks for      clean            changed, written back      changed, not written back
 *     RELEASE                      dropped          written, dropped           dropped (lost: that is what was asked for)
 *     FLUSH                        stays            written, stays             stays
 *     EVICT                        dropped          written, dropped           stays
 *
 * (An object without a provider cannot bring its pages again: RELEASE drops them, the others leave them alone. Pinned pages
 * stay, in every case.)
 * Teaches: the order in which a page leaves. Its translations go, every CPU has forgotten them, and only then is the frame free,
 * or its contents final enough to be saved.
 * Who calls: system calls, cast-out. Whom: object.h, request.h. Locks: the object's for each step, none in between.
 */
#include "mm/evict.h"

#include <trace_emit.h>

#include "core/lock.h"
#include "core/panic.h"
#include "mm/page.h"
#include "mm/request.h"
#include "sched/thread.h"

void evict_drop(struct eviction *eviction, uint64_t page)
{
	struct vm_object *object = eviction->object;
	uint64_t slot = object_slot(object, page);
	eviction->cpus |= object_unmap(object, page, 1);
	eviction->frame[eviction->dropped++] = slot_frame(slot);
	trace_page_evict(object->kobj.id, page, slot_frame(slot).p, slot_age(slot));
	object_slot_set(object, page, SLOT_ABSENT, 0);
}

enum status evict_write(struct eviction *eviction, uint64_t page, bool keep)
{
	TRY(request_write(eviction->object, page, keep, &eviction->request[eviction->written]));
	eviction->written++;
	eviction->cpus |= object_unmap(eviction->object, page, 1);
	return STATUS_OK;
}

bool evict_is_full(const struct eviction *eviction)
{
	return eviction->dropped == EVICTION_PAGES || eviction->written == EVICTION_PAGES;
}

void evict_finish(struct eviction *eviction)
{
	object_sync(eviction->cpus);
	for (unsigned i = 0; i < eviction->dropped; i++)
		page_free(eviction->frame[i], 0);
	for (unsigned i = 0; i < eviction->written; i++)
		request_send(eviction->request[i]);
	eviction->cpus = 0;
	eviction->dropped = 0;
	eviction->written = 0;
}

/* What is done with one page. *being_written says that it is being saved already. Called with the object's lock. */
static enum status remove_page(struct eviction *eviction, uint64_t page, enum remove_kind kind, bool *being_written)
{
	const struct vm_object *object = eviction->object;
	uint64_t slot = object_slot(object, page);
	bool brings_again = object->kind == OBJECT_PROVIDER;
	if (slot_pins(slot))
		return STATUS_OK;
	switch (slot_state(slot)) {
	case SLOT_WRITING:
	case SLOT_WANTED:
		*being_written = true;
		return STATUS_OK;
	case SLOT_DIRTY:
		if (object->write_back)
			return evict_write(eviction, page, kind == REMOVE_FLUSH);
		if (kind == REMOVE_RELEASE)
			evict_drop(eviction, page);
		return STATUS_OK;
	case SLOT_PRESENT:
		if (kind == REMOVE_RELEASE || (kind == REMOVE_EVICT && brings_again))
			evict_drop(eviction, page);
		return STATUS_OK;
	default:
		return STATUS_OK;
	}
}

/* A write in the removal's range that it has to wait for, or NULL. Called with the object's lock. */
static struct page_request *find_write(const struct pending_removal *removal)
{
	LIST_FOR_EACH (node, &removal->object->requests) {
		struct page_request *request = container_of(node, struct page_request, node);
		bool in_range = request->page >= removal->first && request->page - removal->first < removal->pages;
		if (request->kind == REQUEST_WRITE && in_range && request->serial <= removal->serial)
			return request;
	}
	return NULL;
}

/* Waits for one write; OK if there is none to wait for, and the removal is over. `again`: the thread is blocked already. */
static enum status wait_for_write(struct thread *thread, bool again)
{
	struct vm_object *object = thread->removal.object;
	enum status status = STATUS_OK;
	spin_lock(&object->lock);
	struct page_request *request = find_write(&thread->removal);
	if (request) {
		bool blocks = again ? wait_requeue(&request->waiters, thread, SWITCH_WRITTEN)
				    : wait_block(&request->waiters, thread, SWITCH_WRITTEN, object->kobj.id, WAIT_FOREVER) ==
					      STATUS_RETRY;
		status = blocks ? STATUS_RETRY : STATUS_DENIED;
	}
	spin_unlock(&object->lock);
	return status;
}

void evict_end_wait(struct thread *thread)
{
	struct vm_object *object = thread->removal.object;
	thread->removal.object = NULL;
	if (object)
		kobj_put(&object->kobj);
}

bool evict_continue(struct thread *thread, enum status status)
{
	if (status == STATUS_OK)
		status = wait_for_write(thread, true);
	if (status == STATUS_RETRY)
		return false;
	evict_end_wait(thread);
	arch_syscall_result(&thread->frame, status, 0);
	return true;
}

/* So many pages are looked at before the lock is let go, and interrupts may come. */
#define LOOKS_AT_ONCE 256

enum status object_remove(struct thread *thread, struct vm_object *object, uint64_t first, uint64_t pages, enum remove_kind kind)
{
	struct eviction eviction = {.object = object};
	enum status status = STATUS_OK;
	bool being_written = false;
	if (pages > object->pages || first > object->pages - pages || !object->chunks)
		return STATUS_INVALID;
	trace_pages_remove(thread->id, object->kobj.id, first, pages, kind);
	for (uint64_t page = first; page < first + pages && status == STATUS_OK;) {
		spin_lock(&object->lock);
		uint64_t stop = min_u64(page + LOOKS_AT_ONCE, first + pages);
		for (; page < stop && !evict_is_full(&eviction) && status == STATUS_OK; page++)
			status = remove_page(&eviction, page, kind, &being_written);
		spin_unlock(&object->lock);
		being_written |= eviction.written > 0;
		evict_finish(&eviction);
	}
	TRY(status);
	if (!being_written)
		return STATUS_OK;
	if (!kobj_try_get(&object->kobj)) /* nobody will look at the pages, written or not */
		return STATUS_OK;
	thread->removal = (struct pending_removal){object, first, pages, request_last_serial()};
	status = wait_for_write(thread, false);
	if (status != STATUS_RETRY)
		evict_end_wait(thread);
	return status;
}
