/*
 * System calls about memory: address spaces, objects, and what is in them.
 *
 * Who calls: the table of syscall.c. Whom: aspace.h, object.h, evict.h, uaccess.h. Locks: none are held on entry.
 */
#include <trace_emit.h>

#include "core/lock.h"
#include "core/panic.h"
#include "core/syscall_calls.h"
#include "ipc/endpoint.h"
#include "mm/aspace.h"
#include "mm/evict.h"
#include "mm/fault.h"
#include "mm/inject.h"
#include "mm/page.h"
#include "mm/reclaim.h"
#include "mm/uaccess.h"
#include "obj/handle.h"
#include "sched/process.h"

static_assert(HANDLE_READ == (int)RIGHTS_READ && HANDLE_WRITE == (int)RIGHTS_WRITE && HANDLE_EXEC == (int)RIGHTS_EXEC,
	      "the rights of a handle of an object are those of its mappings");

/* ---- the address space ---- */

enum status call_vm_map(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	uint32_t object_id;
	uint64_t address = arguments[0];
	if (arguments[2] > UINT32_MAX)
		return STATUS_INVALID;
	TRY(aspace_map(thread->aspace, &address, arguments[1], (unsigned)arguments[2], &object_id));
	trace_vm_map(thread->id, thread->aspace->id, address, arguments[1], arguments[2], object_id);
	*value = address;
	return STATUS_OK;
}

enum status call_vm_unmap(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)value;
	TRY(aspace_unmap(thread->aspace, arguments[0], arguments[1]));
	trace_vm_unmap(thread->id, thread->aspace->id, arguments[0], arguments[1]);
	return STATUS_OK;
}

enum status call_vm_protect(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)value;
	if (arguments[2] > UINT32_MAX)
		return STATUS_INVALID;
	TRY(aspace_protect(thread->aspace, arguments[0], arguments[1], (unsigned)arguments[2]));
	trace_vm_protect(thread->id, thread->aspace->id, arguments[0], arguments[1], arguments[2]);
	return STATUS_OK;
}

enum status call_vm_forget(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)arguments, (void)value;
	aspace_forget(thread->aspace);
	trace_vm_forget(thread->id, thread->aspace->id);
	return STATUS_OK;
}

/* Fills in what is known of the page at an address; all zero if nothing is mapped there. */
static void query(struct aspace *aspace, uint64_t address, struct vm_query *query)
{
	spin_lock(&aspace->lock);
	struct segment *segment = segment_find(aspace->segments, address);
	const struct mapping *mapping = segment ? segment_mapping(segment, address) : NULL;
	if (mapping) {
		struct vm_object *object = mapping->object;
		uint64_t page = mapping->first_page + (address - mapping->start) / PAGE_BYTES;
		spin_lock(&object->lock);
		uint64_t slot = object_slot(object, page);
		spin_unlock(&object->lock);
		*query = (struct vm_query){
			.start = mapping->start,
			.bytes = mapping->bytes,
			.rights = mapping->rights,
			.segment = segment->kind,
			.object = object->kobj.id,
			.kind = object->kind,
			.page = page,
			.state = slot_state(slot),
			.age = slot_age(slot),
			.frame = slot_frame(slot).p,
		};
	}
	spin_unlock(&aspace->lock);
}

enum status call_vm_query(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct user_buffer buffer;
	struct vm_query result = {0};
	(void)value;
	if (arguments[0] >= USER_END)
		return STATUS_INVALID;
	thread->call_done = 0;
	enum status status = user_pin(thread, vaddr(arguments[1]), sizeof(result), ACCESS_STORE, &buffer);
	if (status == STATUS_OK) {
		query(thread->aspace, arguments[0], &result);
		user_buffer_write(&buffer, &result, sizeof(result));
	}
	user_unpin(&buffer);
	return status;
}

/* ---- objects ---- */

/* A handle in the caller's table for a new object, whose only other reference was the maker's. */
static enum status hand_out(struct thread *thread, struct vm_object *object, uint64_t *value)
{
	enum status status = handle_create(&thread->aspace->handles, &object->kobj, HANDLE_ALL, value);
	kobj_put(&object->kobj);
	return status;
}

static enum status find_object(struct thread *thread, uint64_t handle, unsigned rights, struct vm_object **object)
{
	struct kobj *kobj;
	TRY(handle_find(&thread->aspace->handles, handle, KOBJ_OBJECT, rights, &kobj));
	*object = object_of(kobj);
	return STATUS_OK;
}

static enum status check_bytes(uint64_t bytes)
{
	return bytes == 0 || bytes % PAGE_BYTES ? STATUS_INVALID : STATUS_OK;
}

enum status call_object_create(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct vm_object *object;
	TRY(check_bytes(arguments[0]));
	TRY(object_create(arguments[0] / PAGE_BYTES, &object));
	return hand_out(thread, object, value);
}

enum status call_object_provide(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct kobj *endpoint;
	struct vm_object *object;
	TRY(check_bytes(arguments[1]));
	if (arguments[3] > 1)
		return STATUS_INVALID;
	TRY(handle_find(&thread->aspace->handles, arguments[0], KOBJ_ENDPOINT, HANDLE_RECEIVE, &endpoint));
	TRY(object_create_provided(endpoint_of(endpoint), arguments[1] / PAGE_BYTES, arguments[2], arguments[3], &object));
	return hand_out(thread, object, value);
}

enum status call_object_copy(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct vm_object *source;
	struct vm_object *copy;
	TRY(find_object(thread, arguments[0], HANDLE_READ, &source));
	TRY(object_copy(source, arguments[1], arguments[2], &copy));
	return hand_out(thread, copy, value);
}

enum status call_object_device(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct kobj *machine;
	struct vm_object *object;
	TRY(check_bytes(arguments[2]));
	TRY(handle_find(&thread->aspace->handles, arguments[0], KOBJ_MACHINE, HANDLE_MANAGE, &machine));
	TRY(object_create_fixed(OBJECT_DEVICE, paddr(arguments[1]), arguments[2] / PAGE_BYTES, &object));
	return hand_out(thread, object, value);
}

/* The process that was named, borrowed, or the caller's own. */
static enum status find_target(struct thread *thread, uint64_t process, struct aspace **target)
{
	struct kobj *kobj;
	*target = thread->aspace;
	if (process == 0)
		return STATUS_OK;
	TRY(handle_find(&thread->aspace->handles, process, KOBJ_PROCESS, HANDLE_MANAGE, &kobj));
	*target = process_of(kobj);
	return STATUS_OK;
}

enum status call_object_map(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct handle *handle;
	struct aspace *target;
	uint64_t how = arguments[4] & UINT32_MAX;
	if (how & ~(uint64_t)(RIGHTS_ALL | MAP_WINDOW))
		return STATUS_INVALID;
	TRY(handle_find_any(&thread->aspace->handles, arguments[0], how & MAP_WINDOW ? HANDLE_RECEIVE : 0, &handle));
	struct map_request request = {
		.object = object_of(handle->kobj),
		.address = arguments[1],
		.first_page = arguments[2],
		.bytes = arguments[3],
		.rights = (unsigned)how & RIGHTS_ALL,
		.rights_max = handle->rights & RIGHTS_ALL,
		.window = how & MAP_WINDOW,
	};
	if (handle->kobj->type != KOBJ_OBJECT)
		return STATUS_INVALID;
	TRY(find_target(thread, arguments[4] >> 32, &target));
	TRY(aspace_map_object(target, &request, value));
	trace_vm_map(thread->id, target->id, *value, request.bytes, how, handle->kobj->id);
	return STATUS_OK;
}

enum status call_object_remove(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct vm_object *object;
	(void)value;
	if (arguments[3] > REMOVE_EVICT)
		return STATUS_INVALID;
	TRY(find_object(thread, arguments[0], HANDLE_MANAGE, &object));
	thread->call_done = 0;
	return object_remove(thread, object, arguments[1], arguments[2], (enum remove_kind)arguments[3]);
}

enum status call_object_size(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct vm_object *object;
	TRY(find_object(thread, arguments[0], 0, &object));
	*value = object->pages * PAGE_BYTES;
	return STATUS_OK;
}

/*
 * Copies between an object and user memory, up to the end of the object's page. The page is brought and pinned first; then the copy,
 * which may fault and start all over again, with the page still there.
 */
static enum status copy_object(struct thread *thread, struct vm_object *object, const uint64_t arguments[CALL_ARGUMENTS],
			       enum access access, uint64_t *value)
{
	uint64_t slot = 0;
	uint64_t offset = arguments[1];
	if (object->kind == OBJECT_DEVICE || offset >= object->pages * PAGE_BYTES)
		return STATUS_INVALID;
	size_t bytes = min_u64(arguments[3], PAGE_BYTES - offset % PAGE_BYTES);
	size_t left = bytes;
	thread->call_done = 0;
	TRY(fault_bring(thread, object, offset / PAGE_BYTES, access, &slot));
	uint8_t *data = (uint8_t *)arch_phys_to_virt(slot_frame(slot)) + offset % PAGE_BYTES;
	enum status status;
	if (access == ACCESS_LOAD)
		status = copy_to_user(thread, vaddr(arguments[2]), data, bytes, &left);
	else
		status = copy_from_user(thread, data, vaddr(arguments[2]), bytes, &left);
	object_unpin(object, offset / PAGE_BYTES);
	*value = bytes - left;
	return status;
}

enum status call_object_read(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct vm_object *object;
	TRY(find_object(thread, arguments[0], HANDLE_READ, &object));
	return copy_object(thread, object, arguments, ACCESS_LOAD, value);
}

enum status call_object_write(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct vm_object *object;
	TRY(find_object(thread, arguments[0], HANDLE_WRITE, &object));
	return copy_object(thread, object, arguments, ACCESS_STORE, value);
}

/* ---- memory as a whole ---- */

enum status call_memory_info(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)thread;
	switch (arguments[0]) {
	case MEMORY_FREE:
		*value = page_free_count();
		return STATUS_OK;
	case MEMORY_TOTAL:
		*value = page_total_count();
		return STATUS_OK;
	case MEMORY_RESERVE:
		*value = PAGE_RESERVE;
		return STATUS_OK;
	case MEMORY_ZEROED:
		*value = page_zeroed_count();
		return STATUS_OK;
	case MEMORY_ZERO_HITS:
		*value = page_zero_hits();
		return STATUS_OK;
	case MEMORY_ZERO_MISSES:
		*value = page_zero_misses();
		return STATUS_OK;
	case MEMORY_LEAVING:
		*value = rcu_waiting();
		return STATUS_OK;
	default:
		return STATUS_INVALID;
	}
}

enum status call_memory_cast_out(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	(void)thread;
	if (arguments[0] > PRESSURE_CRITICAL)
		return STATUS_INVALID;
	*value = reclaim_cast_out((enum pressure)arguments[0]);
	return STATUS_OK;
}

enum status call_memory_fail(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value)
{
	struct kobj *machine;
	TRY(handle_find(&thread->aspace->handles, arguments[0], KOBJ_MACHINE, HANDLE_MANAGE, &machine));
	*value = min_u64(inject_allocations(), MEMORY_FAIL_COUNTED);
	*value |= (uint64_t)(inject_failures() > 0) << MEMORY_FAIL_FAILED_SHIFT;
	*value |= (uint64_t)inject_was_told() << MEMORY_FAIL_TOLD_SHIFT;
	inject_from(arguments[1], 0);
	return STATUS_OK;
}
