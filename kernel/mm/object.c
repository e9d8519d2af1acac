/*
 * vm_objects and their slots: see object.h.
 *
 *     chunks --> | 0 | . | 2 | ...  512 pointers      an object of 1 GiB has 512 chunks of 512 slots of 4 KiB
 *                  |       |
 *                  v       v
 *               512 slots  512 slots
 *
 * Who calls: mappings (aspace.c), the fault path, page requests, the program loader. Whom: page.h, cache.h. Locks: the object's,
 * inside the aspace's; a copy's before its source's.
 */
#include "mm/object.h"

#include <trace_emit.h>

#include "arch.h"
#include "core/lock.h"
#include "core/panic.h"
#include "core/string.h"
#include "ipc/endpoint.h"
#include "mm/aspace.h"
#include "mm/cache.h"
#include "mm/page.h"
#include "mm/reclaim.h"

static struct cache object_cache = CACHE(struct vm_object);

/* ---- making ---- */

static enum status object_new(enum object_kind kind, uint64_t pages, struct vm_object **result)
{
	void *memory;
	bool fixed = kind == OBJECT_PHYSICAL || kind == OBJECT_DEVICE;
	if (pages == 0)
		return STATUS_INVALID;
	if (pages > (fixed ? DEVICE_PAGES_MAX : OBJECT_PAGES_MAX))
		return STATUS_LIMIT;
	TRY(cache_alloc(&object_cache, &memory));
	struct vm_object *object = memory;
	struct paddr directory;
	enum status status = fixed ? STATUS_OK : page_alloc_zeroed(&directory);
	if (status != STATUS_OK) {
		cache_free(&object_cache, object);
		return status;
	}
	kobj_init(&object->kobj, KOBJ_OBJECT);
	object->lock = SPINLOCK(kind == OBJECT_COPY ? LOCK_COPY : LOCK_OBJECT);
	object->kind = kind;
	object->pages = pages;
	object->chunks = fixed ? NULL : arch_phys_to_virt(directory);
	list_init(&object->mappings);
	list_init(&object->requests);
	list_init(&object->cast_out_node);
	*result = object;
	return STATUS_OK;
}

static void trace_created(const struct vm_object *object, uint64_t origin)
{
	trace_object_create(object->kobj.id, object->kind, object->pages, origin);
}

enum status object_create(uint64_t pages, struct vm_object **result)
{
	TRY(object_new(OBJECT_ZERO, pages, result));
	trace_created(*result, 0);
	return STATUS_OK;
}

enum status object_create_fixed(enum object_kind kind, struct paddr base, uint64_t pages, struct vm_object **result)
{
	if (base.p % PAGE_BYTES || pages > DEVICE_PAGES_MAX || base.p + pages * PAGE_BYTES < base.p)
		return STATUS_INVALID;
	if (kind == OBJECT_DEVICE && page_overlaps_ram(base, pages))
		return STATUS_INVALID;
	TRY(object_new(kind, pages, result));
	(*result)->base = base;
	trace_created(*result, base.p);
	return STATUS_OK;
}

enum status object_create_provided(struct endpoint *endpoint, uint64_t pages, uint64_t key, bool write_back,
				   struct vm_object **result)
{
	if (!kobj_try_get(&endpoint->kobj))
		return STATUS_GONE;
	enum status status = object_new(OBJECT_PROVIDER, pages, result);
	if (status != STATUS_OK) {
		kobj_put(&endpoint->kobj);
		return status;
	}
	struct vm_object *object = *result;
	object->endpoint = endpoint;
	object->key = key;
	object->write_back = write_back;
	reclaim_add(object);
	trace_created(object, endpoint->kobj.id);
	return STATUS_OK;
}

/* ---- slots ---- */

enum status object_slot_prepare(struct vm_object *object, uint64_t page)
{
	struct paddr frame;
	uint64_t **chunk = &object->chunks[page / CHUNK_SLOTS];
	if (*chunk)
		return STATUS_OK;
	TRY(page_alloc_zeroed(&frame));
	*chunk = arch_phys_to_virt(frame);
	return STATUS_OK;
}

void object_slot_set(struct vm_object *object, uint64_t page, uint64_t slot, uint64_t flow)
{
	ASSERT(spin_held(&object->lock) || object->kind == OBJECT_COPY); /* a copy that is being made has no lock yet */
	uint64_t *place = &object->chunks[page / CHUNK_SLOTS][page % CHUNK_SLOTS];
	enum slot_state from = slot_state(*place);
	enum slot_state to = slot_state(slot);
	*place = slot;
	if (from == to)
		return;
	object->present += (uint64_t)(to != SLOT_ABSENT) - (uint64_t)(from != SLOT_ABSENT);
	trace_slot_change(object->kobj.id, page, from, to, slot, flow);
}

enum status object_fill(struct vm_object *object, uint64_t page, uint64_t flow, uint64_t *slot)
{
	struct paddr frame;
	TRY(object_slot_prepare(object, page));
	TRY(page_alloc_zeroed(&frame));
	*slot = frame.p | SLOT_PRESENT;
	object_slot_set(object, page, *slot, flow);
	return STATUS_OK;
}

bool object_pin(struct vm_object *object, uint64_t page)
{
	uint64_t slot = object_slot(object, page);
	if (slot_pins(slot) == SLOT_PINS_MAX)
		return false;
	if (object->chunks)
		object_slot_set(object, page, slot + (UINT64_C(1) << SLOT_PIN_SHIFT), 0);
	return true;
}

void object_unpin(struct vm_object *object, uint64_t page)
{
	spin_lock(&object->lock);
	uint64_t slot = object_slot(object, page);
	if (object->chunks) {
		ASSERT(slot_pins(slot) > 0);
		object_slot_set(object, page, slot - (UINT64_C(1) << SLOT_PIN_SHIFT), 0);
	}
	spin_unlock(&object->lock);
}

/* ---- copies ---- */

/* A pinned page is being written by somebody, or too many share it, so the copy gets a frame of its own. */
static enum status copy_own(struct paddr frame, uint64_t *slot)
{
	struct paddr own;
	TRY(page_alloc(0, &own));
	memcpy(arch_phys_to_virt(own), arch_phys_to_virt(frame), PAGE_BYTES);
	*slot = own.p | SLOT_PRESENT;
	return STATUS_OK;
}

/* Shares the present pages between source and copy. Called with the source's lock; NO_MEMORY. */
static enum status share_pages(struct vm_object *source, uint64_t first, uint64_t pages, struct vm_object *copy)
{
	for (uint64_t i = 0; i < pages; i++) {
		uint64_t slot = object_slot(source, first + i);
		uint64_t copied = slot_frame(slot).p | SLOT_PRESENT | SLOT_SHARED;
		if (slot_state(slot) == SLOT_ABSENT)
			continue;
		TRY(object_slot_prepare(copy, i));
		if (slot_pins(slot) || !page_share(slot_frame(slot)))
			TRY(copy_own(slot_frame(slot), &copied));
		else
			object_slot_set(source, first + i, slot | SLOT_SHARED, 0);
		object_slot_set(copy, i, copied, 0);
	}
	return STATUS_OK;
}

enum status object_copy(struct vm_object *source, uint64_t first, uint64_t pages, struct vm_object **result)
{
	if (source->kind == OBJECT_PHYSICAL || source->kind == OBJECT_DEVICE)
		return STATUS_INVALID;
	if (pages > source->pages || first > source->pages - pages)
		return STATUS_INVALID;
	TRY(object_new(OBJECT_COPY, pages, result));
	struct vm_object *copy = *result;
	struct vm_object *origin = source->kind == OBJECT_PROVIDER ? source : source->source;
	if (origin && !kobj_try_get(&origin->kobj)) {
		kobj_put(&copy->kobj);
		return STATUS_GONE;
	}
	if (origin) {
		copy->source = origin;
		copy->source_page = first + (source == origin ? 0 : source->source_page);
	}
	trace_created(copy, source->kobj.id);
	if (source == origin)
		return STATUS_OK;
	/* Nobody knows the copy yet, so its lock, which would come before the source's, is not needed. */
	spin_lock(&source->lock);
	enum status status = share_pages(source, first, pages, copy);
	uint64_t users = object_unmap(source, first, pages); /* from now on a store has to fault */
	if (status == STATUS_OK && __atomic_load_n(&source->kobj.references, __ATOMIC_ACQUIRE) == 0)
		status = STATUS_GONE; /* its pages may have begun to go */
	spin_unlock(&source->lock);
	object_sync(users);
	if (status != STATUS_OK)
		kobj_put(&copy->kobj);
	return status;
}

/* ---- taking away ---- */

uint64_t object_unmap(struct vm_object *object, uint64_t first, uint64_t pages)
{
	uint64_t users = 0;
	ASSERT(spin_held(&object->lock));
	LIST_FOR_EACH (node, &object->mappings) {
		struct mapping *mapping = container_of(node, struct mapping, object_node);
		uint64_t from = max_u64(first, mapping->first_page);
		uint64_t to = min_u64(first + pages, mapping->first_page + mapping->bytes / PAGE_BYTES);
		if (from >= to)
			continue;
		struct mmu_space *space = &mapping->aspace->space;
		spin_lock(&space->lock);
		mmu_unmap(space, vaddr(mapping->start + (from - mapping->first_page) * PAGE_BYTES), to - from);
		spin_unlock(&space->lock);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		users |= __atomic_load_n(&space->active, __ATOMIC_SEQ_CST);
	}
	return users;
}

void object_sync(uint64_t users)
{
	if (users & ~(UINT64_C(1) << arch_cpu()->index))
		mmu->sync(NULL);
	else if (users) /* only the space that is active here was concerned */
		mmu->sync(arch_cpu()->space);
}

/* Frees the frames of slots [first, first + count) of the chunk that starts at page `base`. */
static void chunk_discard(struct vm_object *object, uint64_t base, uint64_t first, uint64_t count)
{
	const uint64_t *chunk = object->chunks[base / CHUNK_SLOTS];
	for (uint64_t i = first; i < first + count; i++) {
		if (slot_state(chunk[i]) == SLOT_ABSENT || slot_pins(chunk[i]))
			continue;
		struct paddr frame = slot_frame(chunk[i]);
		object_slot_set(object, base + i, SLOT_ABSENT, 0);
		page_free(frame, 0);
	}
}

/* How many frames are given back before the lock is. */
#define DISCARD_SLOTS 32

void object_discard(struct vm_object *object, uint64_t first, uint64_t pages)
{
	ASSERT(first + pages <= object->pages);
	for (uint64_t at = first, next; at < first + pages; at = next) {
		spin_lock(&object->lock);
		bool some = object->chunks && object->chunks[at / CHUNK_SLOTS];
		uint64_t step = some ? DISCARD_SLOTS : CHUNK_SLOTS;
		next = object->chunks ? min_u64(round_down(at, step) + step, first + pages) : first + pages;
		if (some)
			chunk_discard(object, round_down(at, CHUNK_SLOTS), at % CHUNK_SLOTS, next - at);
		spin_unlock(&object->lock);
	}
}

void object_pre_free(struct kobj *kobj)
{
	struct vm_object *object = object_of(kobj);
	if (object->kind == OBJECT_PROVIDER)
		reclaim_remove(object);
	trace_object_destroy(kobj->id, object->present);
	object_discard(object, 0, object->pages);
}

void object_free(struct kobj *kobj)
{
	struct vm_object *object = object_of(kobj);
	ASSERT(list_is_empty(&object->mappings) && list_is_empty(&object->requests));
	object_discard(object, 0, object->pages);
	ASSERT(object->present == 0);
	for (uint64_t c = 0; object->chunks && c < CHUNK_SLOTS; c++)
		if (object->chunks[c])
			page_free(arch_virt_to_phys(object->chunks[c]), 0);
	if (object->chunks)
		page_free(arch_virt_to_phys(object->chunks), 0);
	if (object->source)
		kobj_put(&object->source->kobj);
	if (object->endpoint)
		kobj_put(&object->endpoint->kobj);
	cache_free(&object_cache, object);
}

/* ---- looking ---- */

void object_check(struct vm_object *object)
{
	uint64_t present = 0;
	spin_lock(&object->lock);
	for (uint64_t page = 0; object->chunks && page < object->pages; page++) {
		uint64_t slot = object_slot(object, page);
		enum slot_state state = slot_state(slot);
		present += state != SLOT_ABSENT;
		ASSERT((state != SLOT_ABSENT) == (slot_frame(slot).p != 0));
		ASSERT(object->kind == OBJECT_PROVIDER || state == SLOT_ABSENT || state == SLOT_PRESENT);
	}
	ASSERT(present == object->present && object->kobj.references > 0);
	spin_unlock(&object->lock);
}
