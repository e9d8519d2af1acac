/*
 * Page requests: see request.h.
 *
 *     fault -> request_read  -> PAGE_READ  at the endpoint -> the provider fills the page through its window -> answer
 *     evict -> request_write -> PAGE_WRITE at the endpoint -> the provider saves the page from its window    -> answer
 *
 * Who calls: the fault path, cast-out, the answers of providers (ipc/message.c). Whom: endpoint.h, the fault path again.
 * The invariant: a page is READING, WRITING or WANTED exactly as long as there is a request for it.
 * Locks: the object's for the slot and the list; none while waiting threads are let go on.
 */
#include "mm/request.h"

#include <trace_emit.h>

#include "core/cpu.h"
#include "core/lock.h"
#include "core/panic.h"
#include "ipc/message.h"
#include "mm/aspace.h"
#include "mm/cache.h"
#include "mm/fault.h"
#include "mm/page.h"
#include "mm/reclaim.h"

static struct cache request_cache = CACHE_ALWAYS_READY(struct page_request);
static uint64_t last_serial;
static uint64_t writing; /* requests to save a page that are not answered */

enum status request_prepare(void)
{
	return cache_prepare(&request_cache);
}

uint64_t request_last_serial(void)
{
	return __atomic_load_n(&last_serial, __ATOMIC_RELAXED);
}

uint64_t requests_writing(void)
{
	return __atomic_load_n(&writing, __ATOMIC_RELAXED);
}

struct page_request *request_find(const struct vm_object *object, uint64_t page)
{
	LIST_FOR_EACH (node, &object->requests) {
		struct page_request *request = container_of(node, struct page_request, node);
		if (request->page == page)
			return request;
	}
	return NULL;
}

/* Makes the request and its message, with a reference to the object; the slot is still as it was. */
static enum status request_new(struct vm_object *object, uint64_t page, enum request_kind kind, uint64_t flow, uint32_t sender,
			       struct page_request **result)
{
	void *memory;
	TRY(cache_alloc_unfilled(&request_cache, &memory));
	struct page_request *request = memory;
	if (!kobj_try_get(&object->kobj)) {
		cache_free(&request_cache, memory);
		return STATUS_GONE;
	}
	request->object = object;
	request->page = page;
	request->kind = kind;
	request->serial = __atomic_add_fetch(&last_serial, 1, __ATOMIC_RELAXED);
	request->waiting = 0;
	request->in_window = false;
	wait_queue_init(&request->waiters);
	message_init(&request->message, object->endpoint, sender);
	request->message.kind = IPC_REQUEST;
	request->message.request = request;
	request->message.content = (struct message){
		.token = flow,
		.type = kind == REQUEST_READ ? MESSAGE_PAGE_READ : MESSAGE_PAGE_WRITE,
		.word = {object->key, page, object->kobj.id, flow},
	};
	*result = request;
	return STATUS_OK;
}

/* Enters a request on its object's list, with the slot that says so, and the reference it was made with. */
static void enlist(struct page_request *request, uint64_t slot)
{
	struct vm_object *object = request->object;
	list_insert_before(&object->requests, &request->node);
	trace_page_request(request_flow(request), object->kobj.id, request->page, request->kind, object->endpoint->kobj.id);
	object_slot_set(object, request->page, slot, request_flow(request));
}

/* Flat: what it takes to ask for a page is many small steps. */
__attribute__((flatten)) enum status request_read(struct vm_object *object, uint64_t page, uint64_t flow, uint32_t sender,
						  struct page_request **request)
{
	/* LAB(provider) BEGIN: A page is asked for; its slot is ABSENT, and the caller has the object's lock. First all that can
	 * fail: the endpoint may be gone (GONE), the slot has to be prepared (object_slot_prepare), a frame taken for the page
	 * (page_alloc_provided), and the request made (request_new, REQUEST_READ). What was taken before something fails is given
	 * back. Then what cannot: the request is enlisted, and the slot is READING, with the frame. The message is sent later, by
	 * request_send(), without the lock. */
	struct paddr frame;
	ASSERT(slot_state(object_slot(object, page)) == SLOT_ABSENT);
	if (object->endpoint->gone)
		return STATUS_GONE;
	TRY(object_slot_prepare(object, page));
	TRY(page_alloc_provided(&frame));
	enum status status = request_new(object, page, REQUEST_READ, flow, sender, request);
	if (status != STATUS_OK) {
		page_free(frame, 0);
		return status;
	}
	enlist(*request, frame.p | SLOT_READING);
	return STATUS_OK;
	/* LAB(provider) ELSE
	// So far every provider is taken for one that is gone.
	(void)object, (void)page, (void)flow, (void)sender, (void)request;
	return STATUS_GONE;
	LAB(provider) END */
}

enum status request_write(struct vm_object *object, uint64_t page, bool keep, struct page_request **request)
{
	uint64_t slot = object_slot(object, page);
	ASSERT(slot_state(slot) == SLOT_DIRTY);
	TRY(request_new(object, page, REQUEST_WRITE, cpu_new_flow(), 0, request));
	enlist(*request, slot_with_state(slot, SLOT_WRITING) | (keep ? SLOT_KEEP : 0));
	__atomic_add_fetch(&writing, 1, __ATOMIC_RELAXED);
	return STATUS_OK;
}

void request_send(struct page_request *request)
{
	/* LAB(provider) BEGIN: The message goes to the object's endpoint (endpoint_post). If it cannot, nobody will ever answer
	 * it: then this does. */
	if (endpoint_post(request->object->endpoint, &request->message) != STATUS_OK)
		request_answer(request, STATUS_GONE);
	/* LAB(provider) ELSE
	(void)request;
	LAB(provider) END */
}

/* ---- the answer ---- */

/* LAB(provider) BEGIN: The answer has come, or the kernel gives it itself: request_answer(). What becomes of the slot: a page
 * that was read well is PRESENT; one that was saved is PRESENT if somebody wants it (WANTED, SLOT_KEEP, or pinned), else ABSENT,
 * and its frame is free; one that could not be saved stays DIRTY; one that could not be read is ABSENT, and its frame is free.
 * SLOT_KEEP is gone, and its age (slot_with_age) is 0. Then, in this order: with the object's lock, the page leaves the
 * provider's window if it was mapped there (in_window, object_unmap: which CPUs have to let go), the slot is set, the request is
 * taken off the list, and the trace is told. Without it: those CPUs let go (object_sync), the frame is given back, one request
 * less is `writing` if it was one, all who waited go on (fault_continue: what of, if the answer is an error?), and the request
 * and its reference to the object are given back. reclaim_answered() is told, too: it may wait for memory. */
/* The slot after the answer; *frame is what is given back, 0 if nothing is. */
static uint64_t slot_after(const struct page_request *request, uint64_t slot, enum status status, struct paddr *frame)
{
	bool wanted = slot_state(slot) == SLOT_WANTED || (slot & SLOT_KEEP) || slot_pins(slot);
	uint64_t stays = slot_with_age(slot & ~SLOT_KEEP, 0);
	*frame = paddr(0);
	if (request->kind == REQUEST_WRITE && status != STATUS_OK)
		return slot_with_state(stays, SLOT_DIRTY);
	if (status == STATUS_OK && (request->kind == REQUEST_READ || wanted))
		return slot_with_state(stays, SLOT_PRESENT);
	*frame = slot_frame(slot);
	return SLOT_ABSENT;
}

/* Lets everybody go on who waited. */
static void release_waiters(struct page_request *request, enum status status)
{
	for (struct thread *thread; (thread = wait_take(&request->waiters));)
		fault_continue(thread, request_flow(request), status);
}

void request_answer(struct page_request *request, enum status status)
{
	struct vm_object *object = request->object;
	struct paddr frame;
	spin_lock(&object->lock);
	/* The page leaves the provider's window: what the provider does to it from now on must not be seen. */
	uint64_t users = request->in_window ? object_unmap(object, request->page, 1) : 0;
	uint64_t slot = slot_after(request, object_slot(object, request->page), status, &frame);
	object_slot_set(object, request->page, slot, request_flow(request));
	list_remove(&request->node);
	trace_page_request_done(request_flow(request), object->kobj.id, request->page, request->kind, status, request->waiting);
	spin_unlock(&object->lock);
	object_sync(users);
	if (frame.p)
		page_free(frame, 0);
	if (request->kind == REQUEST_WRITE)
		__atomic_sub_fetch(&writing, 1, __ATOMIC_RELAXED);
	release_waiters(request, status);
	cache_free(&request_cache, request);
	reclaim_answered();
	kobj_put(&object->kobj);
}
/* LAB(provider) ELSE
// So far there is nothing to answer.
void request_answer(struct page_request *request, enum status status)
{
	(void)request, (void)status;
}
LAB(provider) END */
