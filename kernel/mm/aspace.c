/*
 * Address spaces: what programs map, unmap and protect.
 *
 * Teaches: validate everything, allocate everything, then change things with steps that cannot fail. And the order in which
 * memory leaves: the mapping goes, the translation goes, every CPU has forgotten it (sync), and only then is the page free.
 * Who calls: system calls, the program loader, threads (stacks), the fault path (aspace_enter). Whom: segment.h, object.h,
 * mmu.h.
 * Locks: the aspace's; inside it the object's and the MMU space's. sync is called with none.
 */
#include "mm/aspace.h"

#include <trace_emit.h>

#include "core/panic.h"
#include "core/string.h"
#include "mm/cache.h"
#include "mm/object.h"
#include "mm/page.h"

static struct cache aspace_cache = CACHE(struct aspace);
static struct cache mapping_cache = CACHE(struct mapping);
static uint32_t last_id;

static void release_page(struct paddr page)
{
	page_free(page, 0);
}

/* Gives the back end one page for its tables. */
static enum status donate(struct aspace *aspace)
{
	struct paddr page;
	TRY(page_alloc_zeroed(&page));
	mmu->donate(&aspace->space, page);
	return STATUS_OK;
}

enum status aspace_create(const char *name, struct aspace **result)
{
	void *memory;
	TRY(cache_alloc(&aspace_cache, &memory));
	struct aspace *aspace = memory;
	aspace->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
	aspace->lock = SPINLOCK(LOCK_ASPACE);
	aspace->space.lock = SPINLOCK(LOCK_MMU_SPACE);
	aspace->space.id = aspace->id;
	memcpy(aspace->name, name, min_u64(strlen(name), NAME_CHARS));
	segments_init(aspace->segments);
	spin_lock(&aspace->space.lock);
	enum status status = mmu->open(&aspace->space);
	while (status == STATUS_NO_TABLE) {
		status = donate(aspace);
		if (status == STATUS_OK)
			status = mmu->open(&aspace->space);
	}
	if (status != STATUS_OK)
		mmu->close(&aspace->space, release_page);
	spin_unlock(&aspace->space.lock);
	if (status != STATUS_OK) {
		cache_free(&aspace_cache, aspace);
		return status;
	}
	*result = aspace;
	return STATUS_OK;
}

/* Takes a mapping out of its segment and gives it up; its object goes with the last one. After sync. */
static void mapping_free(struct mapping *mapping)
{
	list_remove(&mapping->node);
	object_put(mapping->object);
	cache_free(&mapping_cache, mapping);
}

void aspace_destroy(struct aspace *aspace)
{
	ASSERT(aspace->threads == 0 && aspace->space.active == 0);
	aspace_forget(aspace);
	for (unsigned i = 0; i < SEGMENTS; i++)
		while (!list_is_empty(&aspace->segments[i].mappings))
			mapping_free(container_of(aspace->segments[i].mappings.next, struct mapping, node));
	spin_lock(&aspace->space.lock);
	mmu->close(&aspace->space, release_page);
	spin_unlock(&aspace->space.lock);
	trace_aspace_destroy(aspace->id);
	cache_free(&aspace_cache, aspace);
}

/* Is it a range of whole pages below the end of user addresses, within one segment? */
static enum status check_range(struct aspace *aspace, uint64_t address, uint64_t bytes, struct segment **segment)
{
	if (bytes == 0 || (address | bytes) % PAGE_BYTES || address >= USER_END || bytes > USER_END - address)
		return STATUS_INVALID;
	*segment = segment_find(aspace->segments, address);
	if (!*segment || address - (*segment)->base + bytes > (*segment)->bytes)
		return STATUS_INVALID;
	return STATUS_OK;
}

/* Does it make sense to ask for these rights? NONE, R, RW, RX do. */
static enum status check_rights(unsigned rights)
{
	if (rights & ~(unsigned)(RIGHTS_READ | RIGHTS_WRITE | RIGHTS_EXEC))
		return STATUS_INVALID;
	if ((rights & RIGHTS_WRITE) && (rights & RIGHTS_EXEC))
		return STATUS_DENIED;
	return rights == RIGHTS_NONE || (rights & RIGHTS_READ) ? STATUS_OK : STATUS_INVALID;
}

/* Where a new mapping is to lie: the address asked for, if it may be had, or one that is free. */
static enum status choose_place(struct aspace *aspace, uint64_t *address, uint64_t bytes, struct segment **segment)
{
	if (*address == 0) {
		*segment = &aspace->segments[SEGMENT_VIEW_INDEX];
		return segment_view_address(*segment, bytes, address);
	}
	TRY(check_range(aspace, *address, bytes, segment));
	if ((*segment)->kind != SEGMENT_BASE && (*segment)->kind != SEGMENT_VIEW)
		return STATUS_INVALID;
	return segment_overlaps(*segment, *address, bytes) ? STATUS_EXISTS : STATUS_OK;
}

static enum status new_mapping(uint64_t bytes, unsigned rights, struct mapping **result)
{
	void *memory;
	TRY(cache_alloc(&mapping_cache, &memory));
	struct mapping *mapping = memory;
	enum status status = object_create(bytes / PAGE_BYTES, &mapping->object);
	if (status != STATUS_OK) {
		cache_free(&mapping_cache, mapping);
		return status;
	}
	list_init(&mapping->node);
	mapping->bytes = bytes;
	mapping->rights = rights;
	*result = mapping;
	return STATUS_OK;
}

enum status aspace_map(struct aspace *aspace, uint64_t *address, uint64_t bytes, unsigned rights, uint32_t *object_id)
{
	struct mapping *mapping;
	struct segment *segment;
	TRY(check_rights(rights));
	if (bytes == 0 || (bytes | *address) % PAGE_BYTES)
		return STATUS_INVALID;
	if (bytes > OBJECT_PAGES_MAX * PAGE_BYTES)
		return STATUS_LIMIT;
	TRY(new_mapping(bytes, rights, &mapping));
	spin_lock(&aspace->lock);
	enum status status = choose_place(aspace, address, bytes, &segment);
	if (status == STATUS_OK) {
		mapping->start = *address;
		segment_insert(segment, mapping);
		*object_id = mapping->object->id; /* now: once the lock is free, another thread may unmap it */
	}
	spin_unlock(&aspace->lock);
	if (status != STATUS_OK)
		mapping_free(mapping);
	return status;
}

/*
 * Makes `address` a border between two mappings, with the spare one if a mapping has to be cut in two. Returns what is left of
 * it.
 */
static struct mapping *split_at(const struct segment *segment, uint64_t address, struct mapping *spare)
{
	struct mapping *mapping = segment_mapping(segment, address);
	if (!mapping || mapping->start == address)
		return spare;
	ASSERT(spare);
	*spare = *mapping;
	spare->start = address;
	spare->bytes = mapping->start + mapping->bytes - address;
	spare->first_page = mapping->first_page + (address - mapping->start) / PAGE_BYTES;
	mapping->bytes = address - mapping->start;
	object_get(spare->object);
	list_insert_before(mapping->node.next, &spare->node);
	return NULL;
}

/* The two mappings that cutting a range out of others may need, taken before anything is changed. */
struct spares {
	struct mapping *first;
	struct mapping *second;
};

static enum status spares_take(struct spares *spares)
{
	void *first;
	void *second;
	TRY(cache_alloc(&mapping_cache, &first));
	enum status status = cache_alloc(&mapping_cache, &second);
	if (status != STATUS_OK) {
		cache_free(&mapping_cache, first);
		return status;
	}
	*spares = (struct spares){first, second};
	return STATUS_OK;
}

static void spares_give_back(struct spares *spares)
{
	if (spares->first)
		cache_free(&mapping_cache, spares->first);
	if (spares->second)
		cache_free(&mapping_cache, spares->second);
}

/* The counter in the trace, where translations compete for places. */
static void trace_entries(void)
{
	if (mmu->entries_max)
		trace_hpt_entries(mmu_entries_in_use());
}

static void drop_translations(struct aspace *aspace, uint64_t address, uint64_t bytes)
{
	spin_lock(&aspace->space.lock);
	mmu->unmap(&aspace->space, vaddr(address), bytes / PAGE_BYTES);
	spin_unlock(&aspace->space.lock);
	trace_entries();
}

/* Moves the mappings of a range to the list `out`, cutting those that reach beyond it. */
static void take_range(struct segment *segment, uint64_t address, uint64_t bytes, struct spares *spares, struct list *out)
{
	spares->first = split_at(segment, address, spares->first);
	spares->second = split_at(segment, address + bytes, spares->second);
	for (struct list *node = segment->mappings.next, *next; node != &segment->mappings; node = next) {
		struct mapping *mapping = container_of(node, struct mapping, node);
		next = node->next;
		if (mapping->start < address || mapping->start >= address + bytes)
			continue;
		list_remove(node);
		list_insert_before(out, node);
	}
}

enum status aspace_unmap(struct aspace *aspace, uint64_t address, uint64_t bytes)
{
	struct segment *segment;
	struct spares spares;
	struct list gone;
	TRY(check_range(aspace, address, bytes, &segment));
	TRY(spares_take(&spares));
	list_init(&gone);
	spin_lock(&aspace->lock);
	take_range(segment, address, bytes, &spares, &gone);
	drop_translations(aspace, address, bytes);
	spin_unlock(&aspace->lock);
	spares_give_back(&spares);
	if (list_is_empty(&gone))
		return STATUS_NOT_FOUND;
	mmu->sync(&aspace->space);
	while (!list_is_empty(&gone)) {
		struct mapping *mapping = container_of(gone.next, struct mapping, node);
		object_discard(mapping->object, mapping->first_page, mapping->bytes / PAGE_BYTES);
		mapping_free(mapping);
	}
	return STATUS_OK;
}

/* Is every page of the range mapped? */
static bool range_is_mapped(const struct segment *segment, uint64_t address, uint64_t bytes)
{
	for (uint64_t at = address; at < address + bytes;) {
		const struct mapping *mapping = segment_mapping(segment, at);
		if (!mapping)
			return false;
		at = mapping->start + mapping->bytes;
	}
	return true;
}

enum status aspace_protect(struct aspace *aspace, uint64_t address, uint64_t bytes, unsigned rights)
{
	struct segment *segment;
	struct spares spares;
	struct list range;
	TRY(check_rights(rights));
	TRY(check_range(aspace, address, bytes, &segment));
	TRY(spares_take(&spares));
	list_init(&range);
	spin_lock(&aspace->lock);
	bool mapped = range_is_mapped(segment, address, bytes);
	if (mapped) {
		take_range(segment, address, bytes, &spares, &range);
		drop_translations(aspace, address, bytes);
	}
	while (!list_is_empty(&range)) {
		struct mapping *mapping = container_of(range.next, struct mapping, node);
		list_remove(&mapping->node);
		mapping->rights = rights;
		segment_insert(segment, mapping);
	}
	spin_unlock(&aspace->lock);
	spares_give_back(&spares);
	if (!mapped)
		return STATUS_NOT_FOUND;
	mmu->sync(&aspace->space);
	return STATUS_OK;
}

/* Takes the lowest free stack slot. Called with the lock. */
static enum status stack_slot_take(struct aspace *aspace, unsigned *slot)
{
	for (unsigned word = 0; word < STACK_SLOTS / 64; word++) {
		if (~aspace->stack_slots[word] == 0)
			continue;
		unsigned bit = (unsigned)__builtin_ctzll(~aspace->stack_slots[word]);
		aspace->stack_slots[word] |= UINT64_C(1) << bit;
		*slot = word * 64 + bit;
		return STATUS_OK;
	}
	return STATUS_LIMIT;
}

static void stack_slot_release(struct aspace *aspace, unsigned slot)
{
	spin_lock(&aspace->lock);
	aspace->stack_slots[slot / 64] &= ~(UINT64_C(1) << slot % 64);
	spin_unlock(&aspace->lock);
}

enum status aspace_stack_new(struct aspace *aspace, unsigned *slot, struct vaddr *top)
{
	struct mapping *mapping;
	TRY(new_mapping(STACK_BYTES, RIGHTS_READ | RIGHTS_WRITE, &mapping));
	spin_lock(&aspace->lock);
	enum status status = stack_slot_take(aspace, slot);
	if (status == STATUS_OK) {
		mapping->start = stack_start(*slot);
		segment_insert(&aspace->segments[SEGMENT_STACK_INDEX], mapping);
	}
	spin_unlock(&aspace->lock);
	if (status != STATUS_OK) {
		mapping_free(mapping);
		return status;
	}
	*top = vaddr(mapping->start + STACK_BYTES);
	return STATUS_OK;
}

void aspace_stack_free(struct aspace *aspace, unsigned slot)
{
	struct segment *segment = &aspace->segments[SEGMENT_STACK_INDEX];
	uint64_t start = stack_start(slot);
	struct list gone;
	list_init(&gone);
	/* A program may have cut its stack in pieces, but those cuts are borders already: no spare mapping is needed. */
	struct spares none = {0};
	spin_lock(&aspace->lock);
	take_range(segment, start, STACK_BYTES, &none, &gone);
	drop_translations(aspace, start, STACK_BYTES);
	spin_unlock(&aspace->lock);
	mmu->sync(&aspace->space);
	while (!list_is_empty(&gone))
		mapping_free(container_of(gone.next, struct mapping, node));
	stack_slot_release(aspace, slot);
}

void aspace_forget(struct aspace *aspace)
{
	spin_lock(&aspace->lock);
	drop_translations(aspace, 0, USER_END);
	spin_unlock(&aspace->lock);
	mmu->sync(&aspace->space);
}

enum status aspace_enter(struct aspace *aspace, struct vaddr va, struct paddr frame, unsigned flags)
{
	ASSERT(spin_held(&aspace->lock) && !((flags & MMU_WRITE) && (flags & MMU_EXEC)));
	spin_lock(&aspace->space.lock);
	enum status status = mmu->map(&aspace->space, va, frame, flags);
	while (status == STATUS_NO_TABLE) {
		status = donate(aspace);
		if (status == STATUS_OK)
			status = mmu->map(&aspace->space, va, frame, flags);
	}
	spin_unlock(&aspace->space.lock);
	trace_entries();
	return status;
}

void aspace_check(struct aspace *aspace)
{
	spin_lock(&aspace->lock);
	for (unsigned i = 0; i < SEGMENTS; i++)
		segment_check(&aspace->segments[i]);
	spin_unlock(&aspace->lock);
}
