/*
 * The last steps of the fault path: see fault_page.h.
 *
 *     slot -> decide -> map | mark dirty | zero-fill | copy | take from the source | ask the provider | wait | refuse
 *
 * Teaches: a decision that is a table (fault_decide), apart from what is done about it. Whatever is done, the slot is the truth
 * and is changed first; the translation is entered while the object is locked, so nobody can take the frame in between.
 * Who calls: fault.c. Whom: object.h, request.h, aspace_enter. Locks: the object's, then its source's, then the MMU space's.
 */
#include "mm/fault_page.h"

#include <trace_emit.h>

#include "core/lock.h"
#include "core/string.h"
#include "ipc/server.h"
#include "mm/aspace.h"
#include "mm/page.h"
#include "mm/request.h"
#include "sched/thread.h"

/* ---- the decision ---- */

static unsigned right_for(enum access access)
{
	static const unsigned needed[] = {
		[ACCESS_LOAD] = RIGHTS_READ, [ACCESS_STORE] = RIGHTS_WRITE, [ACCESS_EXEC] = RIGHTS_EXEC};
	return needed[access];
}

/* Through its window the provider writes what is being read in, and reads what is being written back. */
static enum fault_action decide_window(const struct fault_question *question)
{
	switch (slot_state(question->slot)) {
	case SLOT_READING:
		return FAULT_ACTION_MAP;
	case SLOT_WRITING:
	case SLOT_WANTED:
		return question->access == ACCESS_STORE ? FAULT_ACTION_REFUSE : FAULT_ACTION_MAP;
	default:
		return FAULT_ACTION_REFUSE;
	}
}

static enum fault_action decide_absent(const struct fault_question *question)
{
	switch (question->kind) {
	case OBJECT_ZERO:
		return FAULT_ACTION_ZERO_FILL;
	case OBJECT_COPY:
		return question->has_source ? FAULT_ACTION_TAKE : FAULT_ACTION_ZERO_FILL;
	case OBJECT_PROVIDER:
		return FAULT_ACTION_REQUEST;
	default:
		return FAULT_ACTION_NO_PAGE;
	}
}

static enum fault_action decide_present(const struct fault_question *question)
{
	if (question->access != ACCESS_STORE)
		return FAULT_ACTION_MAP;
	if (question->slot & SLOT_SHARED)
		return FAULT_ACTION_COPY;
	bool clean = slot_state(question->slot) == SLOT_PRESENT;
	return question->kind == OBJECT_PROVIDER && clean ? FAULT_ACTION_DIRTY : FAULT_ACTION_MAP;
}

static inline enum fault_action decide(const struct fault_question *question)
{
	if (!(question->rights & right_for(question->access)))
		return FAULT_ACTION_REFUSE;
	if (question->window)
		return decide_window(question);
	switch (slot_state(question->slot)) {
	case SLOT_ABSENT:
		return decide_absent(question);
	case SLOT_PRESENT:
	case SLOT_DIRTY:
		return decide_present(question);
	default:
		return FAULT_ACTION_WAIT;
	}
}

enum fault_action fault_decide(const struct fault_question *question)
{
	return decide(question);
}

unsigned fault_rights(const struct fault_question *question)
{
	/* LAB(provider) BEGIN: What may be entered into the MMU of what the mapping allows. A page of a provider that is not
	 * DIRTY must not be written without the kernel's knowing: the first store has to fault. So it is with a page that is
	 * being saved, in the provider's window, and with one that others share (SLOT_SHARED). */
	enum slot_state state = slot_state(question->slot);
	bool tracked = question->kind == OBJECT_PROVIDER && !question->window && state != SLOT_DIRTY;
	bool being_saved = question->window && state != SLOT_READING;
	if (tracked || being_saved || (question->slot & SLOT_SHARED))
		return question->rights & ~(unsigned)RIGHTS_WRITE;
	return question->rights;
	/* LAB(provider) ELSE
	// So far all that the mapping allows, but for what others share.
	return question->slot & SLOT_SHARED ? question->rights & ~(unsigned)RIGHTS_WRITE : question->rights;
	LAB(provider) END */
}

/* ---- waiting ---- */

enum fault_result fault_refuse(struct fault *fault, enum crash_cause cause)
{
	fault->cause = cause;
	return cause == CAUSE_NO_MEMORY ? FAULT_NO_MEMORY : FAULT_KILLED;
}

enum fault_result fault_block(struct fault *fault, struct wait_queue *queue, enum switch_reason reason, uint64_t object)
{
	struct thread *thread = fault->thread;
	thread->fault = (struct pending_fault){
		.flow = fault->flow,
		.address = fault->address,
		.pc = fault->pc,
		.access = fault->access,
		.in_call = fault->in_call,
		.was_read = fault->wants_read,
	};
	bool blocks = fault->continued ? wait_requeue(queue, thread, reason)
				       : wait_block(queue, thread, reason, object, WAIT_FOREVER) == STATUS_RETRY;
	return blocks ? FAULT_WAITS : fault_refuse(fault, CAUSE_KILLED);
}

/* LAB(provider) BEGIN: The page has to come from its provider, or is on its way: ask(). A thread that waits for a provider says
 * so first (server_page_wait_begin): if that would close a circle of providers that wait for one another, the fault is refused,
 * for CAUSE_PROVIDER_CYCLE. If the slot is ABSENT, the page is asked for (request_read; fault->unsent is sent later), else there
 * is a request for it already (request_find), and this thread waits for that one, too; a page that is being saved is WANTED from
 * then on. The thread waits in request->waiters (fault_block, SWITCH_PAGE); trace_fault_wait() tells, and counts, unless the
 * fault has no address (NO_ADDRESS). fault->wants_read says whether it waits for a page to be read. A thread that does not wait
 * after all says that too (server_page_wait_end). */
/* Waits for the request that is at work on the page. Called with the object's lock, and the wait noted at the endpoint. */
static enum fault_result wait_for_request(struct fault *fault, struct vm_object *object, uint64_t page,
					  struct page_request *request)
{
	if (fault->address != NO_ADDRESS)
		trace_fault_wait(fault->flow, fault->thread->id, request_flow(request), object->kobj.id, page,
				 ++request->waiting);
	fault->wants_read = request->kind == REQUEST_READ;
	enum fault_result result = fault_block(fault, &request->waiters, SWITCH_PAGE, object->kobj.id);
	if (result != FAULT_WAITS)
		server_page_wait_end(fault->thread);
	return result;
}

/* The provider has to bring the page, or is at work on it. Called with the object's lock. */
static enum fault_result ask(struct fault *fault, struct vm_object *object, uint64_t page)
{
	if (server_page_wait_begin(object->endpoint, fault->thread) != STATUS_OK)
		return fault_refuse(fault, CAUSE_PROVIDER_CYCLE);
	uint64_t slot = object_slot(object, page);
	if (slot_state(slot) != SLOT_ABSENT) {
		if (slot_state(slot) == SLOT_WRITING)
			object_slot_set(object, page, slot_with_state(slot, SLOT_WANTED), fault->flow);
		return wait_for_request(fault, object, page, request_find(object, page));
	}
	enum status status = request_read(object, page, fault->flow, fault->thread->id, &fault->unsent);
	if (status == STATUS_OK)
		return wait_for_request(fault, object, page, fault->unsent);
	server_page_wait_end(fault->thread);
	return fault_refuse(fault, status == STATUS_GONE ? CAUSE_PROVIDER_GONE : CAUSE_NO_MEMORY);
}
/* LAB(provider) ELSE
// So far nobody is asked.
static enum fault_result ask(struct fault *fault, struct vm_object *object, uint64_t page)
{
	(void)object, (void)page;
	return fault_refuse(fault, CAUSE_PROVIDER_GONE);
}
LAB(provider) END */

/* ---- making pages ---- */

static enum fault_result zero_fill(struct fault *fault, struct vm_object *object, uint64_t page, uint64_t *slot)
{
	if (object_fill(object, page, fault->flow, slot) != STATUS_OK)
		return fault_refuse(fault, CAUSE_NO_MEMORY);
	trace_fault_zero_fill(fault->flow, fault->thread->id, slot_frame(*slot).p);
	return FAULT_ZERO_FILLED;
}

static enum status copy_frame(const struct fault *fault, struct paddr source, struct paddr *frame)
{
	TRY(page_alloc(0, frame));
	memcpy(arch_phys_to_virt(*frame), arch_phys_to_virt(source), PAGE_BYTES);
	trace_fault_copy(fault->flow, fault->thread->id, frame->p, source.p);
	return STATUS_OK;
}

/* A store to a page that somebody else has too: from now on this object has one of its own. */
static enum fault_result copy_page(struct fault *fault, struct vm_object *object, uint64_t page, uint64_t *slot)
{
	struct paddr frame;
	enum slot_state state = object->kind == OBJECT_PROVIDER ? SLOT_DIRTY : SLOT_PRESENT;
	if (copy_frame(fault, slot_frame(*slot), &frame) != STATUS_OK)
		return fault_refuse(fault, CAUSE_NO_MEMORY);
	fault->old_frame = slot_frame(*slot);
	fault->old_frame_cpus = object_unmap(object, page, 1);
	*slot = frame.p | state;
	object_slot_set(object, page, *slot, fault->flow);
	return FAULT_COPIED;
}

/* Where a page of the source has its frame, a copy takes it: shares it while it is clean and only read, else copies it. */
static enum fault_result take_frame(struct fault *fault, struct vm_object *copy, uint64_t page, uint64_t source_page,
				    uint64_t *slot)
{
	struct paddr frame;
	struct vm_object *source = copy->source;
	uint64_t source_slot = object_slot(source, source_page);
	if (object_slot_prepare(copy, page) != STATUS_OK)
		return fault_refuse(fault, CAUSE_NO_MEMORY);
	bool share = slot_state(source_slot) == SLOT_PRESENT && !slot_pins(source_slot) && fault->access != ACCESS_STORE &&
		     page_share(slot_frame(source_slot));
	if (share) {
		object_slot_set(source, source_page, source_slot | SLOT_SHARED, fault->flow);
		*slot = slot_frame(source_slot).p | SLOT_PRESENT | SLOT_SHARED;
	} else {
		if (copy_frame(fault, slot_frame(source_slot), &frame) != STATUS_OK)
			return fault_refuse(fault, CAUSE_NO_MEMORY);
		*slot = frame.p | SLOT_PRESENT;
	}
	object_slot_set(copy, page, *slot, fault->flow);
	return share ? FAULT_MAPPED : FAULT_COPIED;
}

static enum fault_result take_from_source(struct fault *fault, struct vm_object *copy, uint64_t page, uint64_t *slot)
{
	struct vm_object *source = copy->source;
	uint64_t source_page = copy->source_page + page;
	spin_lock(&source->lock);
	enum slot_state state = slot_state(object_slot(source, source_page));
	enum fault_result result;
	if (state == SLOT_ABSENT || state == SLOT_READING)
		result = ask(fault, source, source_page);
	else
		result = take_frame(fault, copy, page, source_page, slot);
	spin_unlock(&source->lock);
	return result;
}

/* ---- doing what was decided ---- */

static enum fault_result act(struct fault *fault, struct vm_object *object, uint64_t page, struct fault_question *question)
{
	uint64_t *slot = &question->slot;
	if ((*slot & SLOT_SHARED) && fault->access == ACCESS_STORE && !page_is_shared(slot_frame(*slot))) {
		*slot &= ~SLOT_SHARED; /* the others have gone, or have made copies */
		object_slot_set(object, page, *slot, fault->flow);
	}
	switch (decide(question)) {
	case FAULT_ACTION_MAP:
		return object->kind == OBJECT_DEVICE ? FAULT_DEVICE : FAULT_MAPPED;
	case FAULT_ACTION_DIRTY:
		*slot = slot_with_state(*slot, SLOT_DIRTY);
		object_slot_set(object, page, *slot, fault->flow);
		return FAULT_MAPPED;
	case FAULT_ACTION_ZERO_FILL:
		return zero_fill(fault, object, page, slot);
	case FAULT_ACTION_COPY:
		return copy_page(fault, object, page, slot);
	case FAULT_ACTION_TAKE:
		return take_from_source(fault, object, page, slot);
	case FAULT_ACTION_REQUEST:
	case FAULT_ACTION_WAIT:
		return ask(fault, object, page);
	case FAULT_ACTION_NO_PAGE:
		return fault_refuse(fault, CAUSE_NO_PAGE);
	case FAULT_ACTION_REFUSE:
		break;
	}
	return fault_refuse(fault, CAUSE_NO_RIGHT);
}

static bool page_is_there(enum fault_result result)
{
	return result != FAULT_WAITS && result != FAULT_KILLED && result != FAULT_NO_MEMORY;
}

/* Enters the translation. Called with the object's lock. */
static enum status enter(const struct fault *fault, struct vm_object *object, uint64_t page,
			 const struct fault_question *question)
{
	unsigned flags = fault_rights(question);
	struct paddr frame = slot_frame(question->slot);
	if (object->kind == OBJECT_DEVICE)
		flags |= MMU_DEVICE;
	if (question->window)
		request_find(object, page)->in_window = true;
	if (flags & MMU_EXEC)
		arch_sync_code(arch_phys_to_virt(frame), PAGE_BYTES);
	return aspace_enter(fault->thread->aspace, vaddr(round_down(fault->address, PAGE_BYTES)), frame, flags);
}

enum fault_result fault_at_page(struct fault *fault, const struct mapping *mapping)
{
	struct vm_object *object = mapping->object;
	uint64_t page = mapping->first_page + (fault->address - mapping->start) / PAGE_BYTES;
	struct fault_question question = {
		.kind = object->kind,
		.window = mapping->window,
		.rights = mapping->rights,
		.access = fault->access,
		.has_source = object->source,
	};
	spin_lock_inner(&object->lock);
	question.slot = object_slot(object, page);
	if (!fault->continued) /* else the answer has changed the slot, and its event says to what */
		trace_fault_slot(fault->flow, fault->thread->id, object->kobj.id, page, question.slot);
	enum fault_result result = act(fault, object, page, &question);
	if (page_is_there(result) && enter(fault, object, page, &question) != STATUS_OK)
		result = fault_refuse(fault, CAUSE_NO_MEMORY);
	spin_unlock(&object->lock);
	return result;
}

enum fault_result fault_in_object(struct fault *fault, struct vm_object *object, uint64_t page, uint64_t *slot)
{
	struct fault_question question = {
		.kind = object->kind,
		.rights = RIGHTS_READ | RIGHTS_WRITE,
		.access = fault->access,
		.has_source = object->source,
	};
	spin_lock(&object->lock);
	question.slot = object_slot(object, page);
	enum fault_result result = act(fault, object, page, &question);
	*slot = question.slot;
	return result;
}

void fault_finish_step(struct fault *fault)
{
	if (fault->unsent)
		request_send(fault->unsent);
	fault->unsent = NULL;
	if (!fault->old_frame.p)
		return;
	object_sync(fault->old_frame_cpus);
	page_free(fault->old_frame, 0);
	fault->old_frame = paddr(0);
}
