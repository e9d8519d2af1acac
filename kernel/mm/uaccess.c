/*
 * Touching user memory: plain loads and stores that may fault, and what happens when they do.
 *
 * Teaches: asking first whether an address is good is slow and too early: it may be gone a moment later. So the copy just goes
 * ahead; on a fault the trap path finds that the kernel was in a copy (arch_uaccess_fixup), notes the trap and resumes behind
 * the copy, which then says how much is left. Here the ordinary fault path is run for the thread. There are three outcomes: the
 * page is there now, and the copy goes on (OK); it can never be there (FAULT), or not now (NO_MEMORY); or somebody has to bring it (RETRY): the
 * thread is blocked, the system call unwinds, and is made again from the start once the page has come.
 * So a call gathers what it needs first, then changes the world, and what it writes to user memory then lies in pinned pages.
 * Who calls: system calls. Whom: arch_copy_*_user, the fault path. Locks: none may be held.
 */
#include "mm/uaccess.h"

#include <trace_emit.h>

#include "core/lock.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/aspace.h"
#include "mm/fault.h"
#include "mm/object.h"
#include "sched/thread.h"

/* Runs the fault path for a page the kernel wants: make it present, or say that it cannot be. */
static enum status answer_fault(struct thread *thread, const struct trap *trap)
{
	enum crash_cause cause;
	uint32_t id = thread->id;
	if (trap->kind == TRAP_FAULT)
		trace_uaccess_fault(id, trap->va.v, trap->access);
	enum fault_result result = fault_handle(thread, trap, true, &cause);
	if (result == FAULT_WAITS) {
		uint64_t arguments[5];
		trace_uaccess_retry(id, arch_syscall_args(&thread->frame, arguments));
		return STATUS_RETRY;
	}
	if (result == FAULT_NO_MEMORY)
		return STATUS_NO_MEMORY;
	return result == FAULT_KILLED ? STATUS_FAULT : STATUS_OK;
}

static bool is_user_range(struct vaddr start, size_t bytes)
{
	/* LAB(uaccess) BEGIN: Whether all of it lies below USER_END. A number may be as large as any: think of what start +
	 * bytes can be. */
	return start.v < USER_END && bytes <= USER_END - start.v;
	/* LAB(uaccess) ELSE
	(void)start, (void)bytes;
	return true;
	LAB(uaccess) END */
}

enum status copy_from_user(struct thread *thread, void *to, struct vaddr from, size_t bytes, size_t *left)
{
	ASSERT(arch_cpu()->lock_level == LOCK_NONE && arch_cpu()->current == thread);
	*left = bytes;
	if (!is_user_range(from, bytes))
		return STATUS_FAULT;
	/* LAB(uaccess) BEGIN: The copy goes ahead. What it leaves it could not copy: there the fault path is run
	 * (answer_fault), for the trap that this CPU noted in uaccess_trap, and the copy goes on where it stopped. Take the
	 * trap out before anything else can fault here. *left is right whatever is returned. */
	while (*left > 0) {
		size_t done = bytes - *left;
		*left = arch_copy_from_user((uint8_t *)to + done, vaddr(from.v + done), *left);
		struct trap trap = arch_cpu()->uaccess_trap;
		if (*left > 0)
			TRY(answer_fault(thread, &trap));
	}
	return STATUS_OK;
	/* LAB(uaccess) ELSE
	*left = arch_copy_from_user(to, from, bytes);
	return *left > 0 ? STATUS_FAULT : STATUS_OK;
	LAB(uaccess) END */
}

enum status copy_to_user(struct thread *thread, struct vaddr to, const void *from, size_t bytes, size_t *left)
{
	ASSERT(arch_cpu()->lock_level == LOCK_NONE && arch_cpu()->current == thread);
	*left = bytes;
	if (!is_user_range(to, bytes))
		return STATUS_FAULT;
	/* LAB(uaccess) BEGIN: The same in the other direction. */
	while (*left > 0) {
		size_t done = bytes - *left;
		*left = arch_copy_to_user(vaddr(to.v + done), (const uint8_t *)from + done, *left);
		struct trap trap = arch_cpu()->uaccess_trap;
		if (*left > 0)
			TRY(answer_fault(thread, &trap));
	}
	return STATUS_OK;
	/* LAB(uaccess) ELSE
	*left = arch_copy_to_user(to, from, bytes);
	return *left > 0 ? STATUS_FAULT : STATUS_OK;
	LAB(uaccess) END */
}

/* ---- pinned pages ---- */

/* Pins the page at `va` if an access of this kind would need nothing but a translation. Called with the aspace's lock. */
static bool try_pin(const struct mapping *mapping, uint64_t va, enum access access, struct user_pin *pin)
{
	struct vm_object *object = mapping->object;
	uint64_t page = mapping->first_page + (va - mapping->start) / PAGE_BYTES;
	struct fault_question question = {
		.kind = object->kind,
		.window = mapping->window,
		.rights = mapping->rights,
		.access = access,
		.has_source = object->source,
	};
	spin_lock(&object->lock);
	question.slot = object_slot(object, page);
	bool ready = object->kind != OBJECT_DEVICE && fault_decide(&question) == FAULT_ACTION_MAP && object_pin(object, page);
	if (ready) {
		kobj_get(&object->kobj);
		pin->object = object;
		pin->page = page;
		pin->data = (uint8_t *)arch_phys_to_virt(slot_frame(question.slot)) + va % PAGE_BYTES;
	}
	spin_unlock(&object->lock);
	return ready;
}

static enum status pin_page(struct thread *thread, uint64_t va, enum access access, struct user_pin *pin)
{
	const struct trap trap = {.kind = TRAP_SYSCALL, .va = vaddr(va), .access = access};
	for (;;) {
		spin_lock(&thread->aspace->lock);
		struct segment *segment = segment_find(thread->aspace->segments, va);
		const struct mapping *mapping = segment ? segment_mapping(segment, va) : NULL;
		bool device = mapping && mapping->object->kind == OBJECT_DEVICE;
		bool pinned = mapping && try_pin(mapping, va, access, pin);
		spin_unlock(&thread->aspace->lock);
		if (pinned)
			return STATUS_OK;
		if (device)
			return STATUS_FAULT;
		TRY(answer_fault(thread, &trap));
	}
}

enum status user_pin(struct thread *thread, struct vaddr va, size_t bytes, enum access access, struct user_buffer *buffer)
{
	*buffer = (struct user_buffer){0};
	ASSERT(bytes <= PAGE_BYTES);
	if (!is_user_range(va, bytes))
		return STATUS_FAULT;
	/* LAB(uaccess) BEGIN: Two pages at most: each is made to be there and pinned (pin_page), and buffer->pin says how
	 * many bytes of it are meant. */
	for (unsigned i = 0; bytes > 0; i++) {
		size_t part = min_u64(bytes, PAGE_BYTES - va.v % PAGE_BYTES);
		TRY(pin_page(thread, va.v, access, &buffer->pin[i]));
		buffer->pin[i].bytes = part;
		va.v += part;
		bytes -= part;
	}
	return STATUS_OK;
	/* LAB(uaccess) ELSE
	// The first page, and what comes after it is not there.
	TRY(pin_page(thread, va.v, access, buffer->pin));
	buffer->pin->bytes = min_u64(bytes, PAGE_BYTES - va.v % PAGE_BYTES);
	return STATUS_OK;
	LAB(uaccess) END */
}

void user_unpin(struct user_buffer *buffer)
{
	for (unsigned i = 0; i < ARRAY_LENGTH(buffer->pin); i++) {
		struct vm_object *object = buffer->pin[i].object;
		if (!object)
			continue;
		object_unpin(object, buffer->pin[i].page);
		kobj_put(&object->kobj);
	}
	*buffer = (struct user_buffer){0};
}

void user_buffer_write(const struct user_buffer *buffer, const void *from, size_t bytes)
{
	for (unsigned i = 0; i < ARRAY_LENGTH(buffer->pin) && bytes > 0; i++) {
		size_t part = min_u64(bytes, buffer->pin[i].bytes);
		memcpy(buffer->pin[i].data, from, part);
		from = (const uint8_t *)from + part;
		bytes -= part;
	}
}

/* ---- names of places ---- */

enum status user_find_place(struct thread *thread, struct vaddr va, struct user_place *place)
{
	struct aspace *aspace = thread->aspace;
	spin_lock(&aspace->lock);
	struct segment *segment = segment_find(aspace->segments, va.v);
	const struct mapping *mapping = segment ? segment_mapping(segment, va.v) : NULL;
	bool known = mapping && (mapping->rights & RIGHTS_READ) && mapping->object->kind != OBJECT_DEVICE;
	if (known)
		*place = (struct user_place){
			.object = mapping->object->kobj.id,
			.offset = mapping->first_page * PAGE_BYTES + va.v - mapping->start,
			.left = mapping->start + mapping->bytes - va.v,
		};
	spin_unlock(&aspace->lock);
	return known ? STATUS_OK : STATUS_FAULT;
}
