/*
 * The one fault path: how an address the MMU cannot translate finds its page.
 *
 *     trap -> aspace -> segment -> mapping -> rights -> slot -> present:   map
 *                |         |          |         |               zero-fill: allocate, zero, map
 *                v         v          v         v               copy:      allocate, copy, map
 *             kernel's   none      none/guard  no right         device:    map, cache-inhibited
 *                |         |          |         |               absent:    page request -> the thread waits -> here again
 *                +---------+----------+---------+-> the thread is killed (CRASHED)
 *
 * Teaches: the hardware's tables are a cache; this is the miss handler. It reads only portable records, so it is the same on a
 * machine that walks a tree and on one that hashes. Each arrow is an event, and all events of one fault carry one flow id,
 * also when the thread has to wait in the middle and another CPU goes on with it.
 * A segment fault (POWER: the SLB has no entry) stops at the second arrow: the segment is loaded and the access tried again.
 * Who calls: the trap path, uaccess, and page requests that are answered. Whom: segment.h, fault_page.c for what happens at the
 * page's slot. Locks: aspace, then object, then its source, then MMU space; none while other CPUs are waited for.
 */
#include "mm/fault.h"

#include <trace_emit.h>

#include "core/cpu.h"
#include "core/lock.h"
#include "core/panic.h"
#include "ipc/server.h"
#include "mm/aspace.h"
#include "mm/evict.h"
#include "mm/fault_page.h"
#include "mm/page.h"
#include "mm/reclaim.h"
#include "sched/sched.h"

/* Field by field: there are many faults, and an initialiser would clear the whole first. */
static void fault_start(struct fault *fault, struct thread *thread, uint64_t address, enum access access)
{
	fault->thread = thread;
	fault->address = address;
	fault->access = access;
	fault->pc = 0;
	fault->wants_segment = false;
	fault->wants_read = false;
	fault->in_call = false;
	fault->continued = false;
	fault->segment = NULL;
	fault->cause = CAUSE_NOT_MAPPED;
	fault->unsent = NULL;
	fault->old_frame = paddr(0);
}

/* Why is nothing mapped here? */
static enum crash_cause why_unmapped(const struct fault *fault)
{
	if (fault->address < PAGE_BYTES)
		return CAUSE_NULL_PAGE;
	if (fault->segment->kind != SEGMENT_STACK)
		return CAUSE_NOT_MAPPED;
	const struct aspace *aspace = fault->thread->aspace;
	uint64_t slot = (fault->address - fault->segment->base) / STACK_SLOT_BYTES;
	bool taken = slot < STACK_SLOTS && (aspace->stack_slots[slot / 64] >> slot % 64 & 1);
	bool in_stack = taken && fault->address - stack_start((unsigned)slot) < STACK_BYTES;
	return taken && !in_stack ? CAUSE_GUARD : CAUSE_NOT_MAPPED;
}

/*
 * The segment's answer to a segment fault: load it, unless nothing can be mapped there: page 0 never is, and a segment may be
 * empty.
 */
static enum fault_result load_segment(struct fault *fault)
{
	struct mmu_space *space = &fault->thread->aspace->space;
	if (fault->address < PAGE_BYTES)
		return fault_refuse(fault, CAUSE_NULL_PAGE);
	if (list_is_empty(&fault->segment->mappings))
		return fault_refuse(fault, CAUSE_NOT_MAPPED);
	spin_lock(&space->lock);
	mmu->activate(space, vaddr(fault->address));
	spin_unlock(&space->lock);
	return FAULT_SEGMENT_LOADED;
}

/* aspace -> segment -> mapping. Called with the aspace's lock. */
static enum fault_result in_aspace(struct fault *fault)
{
	struct aspace *aspace = fault->thread->aspace;
	uint32_t thread = fault->thread->id;
	if (fault->address >= USER_END)
		return fault_refuse(fault, CAUSE_KERNEL_ADDRESS);
	struct mapping *mapping = aspace->recent;
	if (mapping && fault->address - mapping->start >= mapping->bytes)
		mapping = NULL;
	fault->segment = mapping ? mapping->segment : segment_find(aspace->segments, fault->address);
	if (!fault->segment)
		return fault_refuse(fault, CAUSE_NOT_MAPPED);
	if (!fault->continued) /* the trace has seen the way already */
		trace_fault_segment(fault->flow, thread, fault->segment->kind, fault->segment->base);
	if (fault->wants_segment)
		return load_segment(fault);
	if (!mapping)
		mapping = segment_mapping(fault->segment, fault->address);
	if (!mapping)
		return fault_refuse(fault, why_unmapped(fault));
	aspace->recent = mapping;
	if (!fault->continued)
		trace_fault_mapping(fault->flow, thread, mapping->start, mapping->bytes, mapping->rights,
				    mapping->object->kobj.id);
	return fault_at_page(fault, mapping);
}

/* Goes the way once. With WAITS the thread may be anywhere when this returns. */
static enum fault_result go(struct fault *fault)
{
	struct aspace *aspace = fault->thread->aspace;
	spin_lock(&aspace->lock);
	enum fault_result result = in_aspace(fault);
	spin_unlock(&aspace->lock);
	fault_finish_step(fault);
	return result;
}

/* The same, until there is memory for it, or the thread waits for some, or there will never be any. */
static enum fault_result go_with_memory(struct fault *fault)
{
	enum fault_result result;
	do
		result = go(fault);
	while (result == FAULT_NO_MEMORY && reclaim_now());
	if (result == FAULT_NO_MEMORY && reclaim_wait(fault))
		return FAULT_WAITS;
	return result;
}

/* What the machine said; or it said nothing, since a system call only asks for the page (user_pin). */
static enum fault_kind kind_of(const struct trap *trap)
{
	if (trap->kind != TRAP_FAULT)
		return FAULT_KIND_ASKED;
	return trap->segment ? FAULT_KIND_SEGMENT : trap->protection ? FAULT_KIND_PROTECTION : FAULT_KIND_MISSING;
}

enum fault_result fault_handle(struct thread *thread, const struct trap *trap, bool in_call, enum crash_cause *cause)
{
	struct fault fault;
	fault_start(&fault, thread, trap->va.v, trap->access);
	fault.flow = cpu_new_flow();
	fault.pc = trap->pc.v;
	fault.wants_segment = trap->segment;
	fault.in_call = in_call;
	uint32_t id = thread->id;
	trace_fault_begin(fault.flow, id, fault.address, trap->pc.v, trap->access, kind_of(trap));
	enum fault_result result = go_with_memory(&fault);
	if (result != FAULT_WAITS)
		trace_fault_end(fault.flow, id, result);
	*cause = fault.cause;
	return result;
}

/* What a call answers that wanted a page of an object. */
static enum status status_of(enum crash_cause cause)
{
	switch (cause) {
	case CAUSE_PROVIDER_CYCLE:
		return STATUS_DEADLOCK;
	case CAUSE_PROVIDER_GONE:
		return STATUS_GONE;
	case CAUSE_KILLED:
		return STATUS_DENIED;
	default:
		return STATUS_NOT_FOUND;
	}
}

enum status fault_bring(struct thread *thread, struct vm_object *object, uint64_t page, enum access access, uint64_t *slot)
{
	struct fault fault;
	fault_start(&fault, thread, NO_ADDRESS, access);
	fault.flow = cpu_new_flow();
	fault.in_call = true;
	enum fault_result result;
	do {
		result = fault_in_object(&fault, object, page, slot);
		bool there = result != FAULT_WAITS && result != FAULT_KILLED && result != FAULT_NO_MEMORY;
		bool pinned = there && object_pin(object, page);
		spin_unlock(&object->lock);
		fault_finish_step(&fault);
		if (there)
			return pinned ? STATUS_OK : STATUS_LIMIT;
	} while (result == FAULT_NO_MEMORY && reclaim_now());
	if (result == FAULT_WAITS)
		return STATUS_RETRY;
	if (result == FAULT_NO_MEMORY)
		return reclaim_wait(&fault) ? STATUS_RETRY : STATUS_NO_MEMORY;
	return status_of(fault.cause);
}

/* ---- a fault that had to wait goes on ---- */

static void wake(struct thread *thread, enum wake_reason reason)
{
	sched_hand_over(thread, reason, thread_current_id());
}

/* A failed one kills the thread, or is what its system call answers. */
static void fail(struct thread *thread, enum crash_cause cause, enum status status)
{
	if (thread->fault.in_call) {
		arch_syscall_result(&thread->frame, status, thread->call_done);
	} else {
		thread->fault.cause = cause;
		thread->doomed = true;
	}
}

/* Goes on with the fault of a blocked thread; false if it has to wait again. */
static bool go_on(struct thread *thread)
{
	struct fault fault;
	fault_start(&fault, thread, thread->fault.address, thread->fault.access);
	fault.flow = thread->fault.flow;
	fault.pc = thread->fault.pc;
	fault.in_call = thread->fault.in_call;
	fault.continued = true;
	uint32_t id = thread->id;
	enum fault_result result = go_with_memory(&fault);
	if (result == FAULT_WAITS)
		return false;
	if (result == FAULT_MAPPED && thread->fault.was_read)
		result = FAULT_PROVIDED;
	trace_fault_end(fault.flow, id, result);
	if (result == FAULT_KILLED || result == FAULT_NO_MEMORY)
		fail(thread, fault.cause, result == FAULT_NO_MEMORY ? STATUS_NO_MEMORY : STATUS_FAULT);
	else if (fault.in_call)
		arch_syscall_restart(&thread->frame);
	return true;
}

void fault_continue(struct thread *thread, uint64_t request, enum status status)
{
	bool has_address = thread->fault.address != NO_ADDRESS;
	server_page_wait_end(thread);
	if (thread->blocked_for == SWITCH_WRITTEN) {
		if (evict_continue(thread, status))
			wake(thread, WAKE_PAGE);
		return;
	}
	if (has_address)
		trace_fault_resume(thread->fault.flow, thread->id, request);
	if (status != STATUS_OK) {
		if (has_address)
			trace_fault_end(thread->fault.flow, thread->id, FAULT_KILLED);
		fail(thread, status == STATUS_GONE ? CAUSE_PROVIDER_GONE : CAUSE_PROVIDER_ERROR,
		     has_address ? STATUS_FAULT : status);
	} else if (!has_address) {
		arch_syscall_restart(&thread->frame);
	} else if (!go_on(thread)) {
		return;
	}
	wake(thread, request ? WAKE_PAGE : WAKE_MEMORY);
}

void fault_abandon(struct thread *thread)
{
	bool waits_for_page = thread->blocked_for == SWITCH_PAGE || thread->blocked_for == SWITCH_MEMORY;
	server_page_wait_end(thread);
	evict_end_wait(thread);
	if (waits_for_page && thread->fault.address != NO_ADDRESS)
		trace_fault_end(thread->fault.flow, thread->id, FAULT_KILLED);
}

enum status fault_populate(struct aspace *aspace, uint64_t address, struct paddr *frame)
{
	uint64_t slot = 0;
	spin_lock(&aspace->lock);
	struct segment *segment = segment_find(aspace->segments, address);
	struct mapping *mapping = segment ? segment_mapping(segment, address) : NULL;
	enum status status = mapping ? STATUS_OK : STATUS_NOT_FOUND;
	if (mapping) {
		uint64_t page = mapping->first_page + (address - mapping->start) / PAGE_BYTES;
		spin_lock(&mapping->object->lock);
		slot = object_slot(mapping->object, page);
		if (slot_state(slot) == SLOT_ABSENT)
			status = object_fill(mapping->object, page, 0, &slot);
		spin_unlock(&mapping->object->lock);
	}
	spin_unlock(&aspace->lock);
	*frame = slot_frame(slot);
	return status;
}
