/*
 * vm_objects and their slots: see object.h.
 *
 *     chunks --> | 0 | . | 2 | ...  512 pointers      an object of 1 GiB has 512 chunks of 512 slots of 4 KiB
 *                  |       |
 *                  v       v
 *               512 slots  512 slots
 *
 * Who calls: mappings (aspace.c), the fault path, the program loader. Whom: page.h, cache.h. Locks: the object's, inside the
 * aspace's.
 */
#include "mm/object.h"

#include "arch.h"
#include "core/panic.h"
#include "mm/cache.h"
#include "mm/page.h"

#define CHUNK_SLOTS (PAGE_BYTES / sizeof(uint64_t))

static struct cache object_cache = CACHE(struct vm_object);
static uint32_t last_id;

enum status object_create(uint64_t pages, struct vm_object **result)
{
	struct paddr directory;
	void *memory;
	if (pages == 0)
		return STATUS_INVALID;
	if (pages > OBJECT_PAGES_MAX)
		return STATUS_LIMIT;
	TRY(cache_alloc(&object_cache, &memory));
	struct vm_object *object = memory;
	enum status status = page_alloc_zeroed(&directory);
	if (status != STATUS_OK) {
		cache_free(&object_cache, object);
		return status;
	}
	object->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
	object->references = 1;
	object->lock = SPINLOCK(LOCK_OBJECT);
	object->pages = pages;
	object->chunks = arch_phys_to_virt(directory);
	*result = object;
	return STATUS_OK;
}

void object_get(struct vm_object *object)
{
	spin_lock(&object->lock);
	object->references++;
	spin_unlock(&object->lock);
}

/* Frees the frames of slots [first, first + count) of one chunk. */
static void chunk_discard(struct vm_object *object, uint64_t *chunk, uint64_t first, uint64_t count)
{
	for (uint64_t i = first; i < first + count; i++) {
		if (slot_state(chunk[i]) == SLOT_ABSENT)
			continue;
		page_free(slot_frame(chunk[i]), 0);
		chunk[i] = SLOT_ABSENT;
		object->present--;
	}
}

static void object_free(struct vm_object *object)
{
	for (uint64_t c = 0; c < CHUNK_SLOTS; c++) {
		if (!object->chunks[c])
			continue;
		chunk_discard(object, object->chunks[c], 0, CHUNK_SLOTS);
		page_free(arch_virt_to_phys(object->chunks[c]), 0);
	}
	ASSERT(object->present == 0);
	page_free(arch_virt_to_phys(object->chunks), 0);
	cache_free(&object_cache, object);
}

void object_put(struct vm_object *object)
{
	spin_lock(&object->lock);
	ASSERT(object->references > 0);
	bool last = --object->references == 0;
	spin_unlock(&object->lock);
	if (last)
		object_free(object);
}

uint64_t object_slot(const struct vm_object *object, uint64_t page)
{
	ASSERT(spin_held(&object->lock) && page < object->pages);
	const uint64_t *chunk = object->chunks[page / CHUNK_SLOTS];
	return chunk ? chunk[page % CHUNK_SLOTS] : SLOT_ABSENT;
}

enum status object_fill(struct vm_object *object, uint64_t page, uint64_t *slot, bool *filled)
{
	struct paddr frame;
	*slot = object_slot(object, page);
	*filled = false;
	if (slot_state(*slot) == SLOT_PRESENT)
		return STATUS_OK;
	uint64_t **chunk = &object->chunks[page / CHUNK_SLOTS];
	if (!*chunk) {
		TRY(page_alloc_zeroed(&frame));
		*chunk = arch_phys_to_virt(frame);
	}
	TRY(page_alloc_zeroed(&frame));
	*slot = frame.p | SLOT_PRESENT;
	(*chunk)[page % CHUNK_SLOTS] = *slot;
	object->present++;
	*filled = true;
	return STATUS_OK;
}

void object_discard(struct vm_object *object, uint64_t first, uint64_t pages)
{
	spin_lock(&object->lock);
	ASSERT(first + pages <= object->pages);
	for (uint64_t at = first, next; at < first + pages; at = next) {
		next = min_u64(round_down(at, CHUNK_SLOTS) + CHUNK_SLOTS, first + pages);
		if (object->chunks[at / CHUNK_SLOTS])
			chunk_discard(object, object->chunks[at / CHUNK_SLOTS], at % CHUNK_SLOTS, next - at);
	}
	spin_unlock(&object->lock);
}

void object_check(struct vm_object *object)
{
	uint64_t present = 0;
	spin_lock(&object->lock);
	for (uint64_t page = 0; page < object->pages; page++)
		present += slot_state(object_slot(object, page)) == SLOT_PRESENT;
	ASSERT(present == object->present && object->references > 0);
	spin_unlock(&object->lock);
}
