/*
 * The one fault path: how an address the MMU cannot translate finds its page.
 *
 *     trap -> aspace -> segment -> mapping -> rights -> slot -> present:   map
 *                |         |          |         |               zero-fill: allocate, zero, map
 *                v         v          v         v
 *             kernel's   none      none/guard  no right  -> the thread is killed (CRASHED)
 *
 * Teaches: the hardware's tables are a cache; this is the miss handler. It reads only portable records, so it is the same on a
 * machine that walks a tree and on one that hashes. Each arrow is an event, and all events of one fault carry one flow id.
 * A segment fault (POWER: the SLB has no entry) stops at the second arrow: the segment is loaded and the access tried again.
 * Who calls: the trap path and uaccess. Whom: segment.h, object.h, aspace_enter. Locks: aspace, then object, then MMU space.
 */
#include "mm/fault.h"

#include <trace_emit.h>

#include "mm/aspace.h"
#include "mm/object.h"

/* One fault on its way. */
struct fault {
	uint64_t flow;
	uint32_t thread;
	struct aspace *aspace;
	const struct trap *trap;
	uint64_t address;
	struct segment *segment;
	enum crash_cause cause;
};

static unsigned right_for(enum access access)
{
	static const unsigned needed[] = {
		[ACCESS_LOAD] = RIGHTS_READ, [ACCESS_STORE] = RIGHTS_WRITE, [ACCESS_EXEC] = RIGHTS_EXEC};
	return needed[access];
}

enum fault_action fault_decide(unsigned rights, enum access access, uint64_t slot)
{
	if (!(rights & right_for(access)))
		return FAULT_ACTION_REFUSE;
	return slot_state(slot) == SLOT_PRESENT ? FAULT_ACTION_MAP : FAULT_ACTION_ZERO_FILL;
}

static enum fault_result refuse(struct fault *fault, enum crash_cause cause)
{
	fault->cause = cause;
	return cause == CAUSE_NO_MEMORY ? FAULT_NO_MEMORY : FAULT_KILLED;
}

/* Why is nothing mapped here? */
static enum crash_cause why_unmapped(const struct fault *fault)
{
	if (fault->address < PAGE_BYTES)
		return CAUSE_NULL_PAGE;
	if (fault->segment->kind != SEGMENT_STACK)
		return CAUSE_NOT_MAPPED;
	uint64_t slot = (fault->address - fault->segment->base) / STACK_SLOT_BYTES;
	bool taken = slot < STACK_SLOTS && (fault->aspace->stack_slots[slot / 64] >> slot % 64 & 1);
	bool in_stack = taken && fault->address - stack_start((unsigned)slot) < STACK_BYTES;
	return taken && !in_stack ? CAUSE_GUARD : CAUSE_NOT_MAPPED;
}

/* The slot: has the page a frame? Enters the translation. */
static enum fault_result fault_in_object(struct fault *fault, const struct mapping *mapping)
{
	struct vm_object *object = mapping->object;
	uint64_t page = mapping->first_page + (fault->address - mapping->start) / PAGE_BYTES;
	bool filled = false;
	spin_lock(&object->lock);
	uint64_t slot = object_slot(object, page);
	trace_fault_slot(fault->flow, fault->thread, object->id, page, slot);
	enum fault_action action = fault_decide(mapping->rights, fault->trap->access, slot);
	enum status status = STATUS_OK;
	if (action == FAULT_ACTION_ZERO_FILL)
		status = object_fill(object, page, &slot, &filled);
	spin_unlock(&object->lock);
	if (action == FAULT_ACTION_REFUSE)
		return refuse(fault, CAUSE_NO_RIGHT);
	if (filled)
		trace_fault_zero_fill(fault->flow, fault->thread, slot_frame(slot).p);
	if (status == STATUS_OK)
		status = aspace_enter(fault->aspace, vaddr(round_down(fault->address, PAGE_BYTES)), slot_frame(slot),
				      mapping->rights);
	if (status != STATUS_OK)
		return refuse(fault, CAUSE_NO_MEMORY);
	return filled ? FAULT_ZERO_FILLED : FAULT_MAPPED;
}

/*
 * The segment's answer to a segment fault: load it, unless nothing can be mapped there: page 0 never is, and a segment may be
 * empty.
 */
static enum fault_result load_segment(struct fault *fault)
{
	if (fault->address < PAGE_BYTES)
		return refuse(fault, CAUSE_NULL_PAGE);
	if (list_is_empty(&fault->segment->mappings))
		return refuse(fault, CAUSE_NOT_MAPPED);
	spin_lock(&fault->aspace->space.lock);
	mmu->activate(&fault->aspace->space, vaddr(fault->address));
	spin_unlock(&fault->aspace->space.lock);
	return FAULT_SEGMENT_LOADED;
}

/* aspace -> segment -> mapping. Called with the aspace's lock. */
static enum fault_result fault_in_aspace(struct fault *fault)
{
	if (fault->address >= USER_END)
		return refuse(fault, CAUSE_KERNEL_ADDRESS);
	fault->segment = segment_find(fault->aspace->segments, fault->address);
	if (!fault->segment)
		return refuse(fault, CAUSE_NOT_MAPPED);
	trace_fault_segment(fault->flow, fault->thread, fault->segment->kind, fault->segment->base);
	if (fault->trap->segment)
		return load_segment(fault);
	const struct mapping *mapping = segment_mapping(fault->segment, fault->address);
	if (!mapping)
		return refuse(fault, why_unmapped(fault));
	trace_fault_mapping(fault->flow, fault->thread, mapping->start, mapping->bytes, mapping->rights, mapping->object->id);
	return fault_in_object(fault, mapping);
}

enum fault_result fault_handle(struct aspace *aspace, uint32_t thread, const struct trap *trap, enum crash_cause *cause)
{
	struct fault fault = {.flow = cpu_new_flow(), .thread = thread, .aspace = aspace, .trap = trap, .address = trap->va.v};
	enum fault_kind kind = trap->segment ? FAULT_KIND_SEGMENT : trap->protection ? FAULT_KIND_PROTECTION : FAULT_KIND_MISSING;
	trace_fault_begin(fault.flow, thread, fault.address, trap->pc.v, trap->access, kind);
	spin_lock(&aspace->lock);
	enum fault_result result = fault_in_aspace(&fault);
	spin_unlock(&aspace->lock);
	trace_fault_end(fault.flow, thread, result);
	*cause = fault.cause;
	return result;
}

enum status fault_populate(struct aspace *aspace, uint64_t address, struct paddr *frame)
{
	uint64_t slot = 0;
	bool filled;
	spin_lock(&aspace->lock);
	struct segment *segment = segment_find(aspace->segments, address);
	struct mapping *mapping = segment ? segment_mapping(segment, address) : NULL;
	enum status status = mapping ? STATUS_OK : STATUS_NOT_FOUND;
	if (mapping) {
		spin_lock(&mapping->object->lock);
		uint64_t page = mapping->first_page + (address - mapping->start) / PAGE_BYTES;
		status = object_fill(mapping->object, page, &slot, &filled);
		spin_unlock(&mapping->object->lock);
	}
	spin_unlock(&aspace->lock);
	*frame = slot_frame(slot);
	return status;
}
