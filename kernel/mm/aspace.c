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

#include "core/lock.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/cache.h"
#include "mm/mapping.h"
#include "mm/object.h"
#include "mm/page.h"

static struct cache aspace_cache = CACHE(struct aspace);
static uint32_t last_id;

static void collect_table(void *aspace, struct paddr page)
{
	page_chain_add(&((struct aspace *)aspace)->tables, page);
}

static void tables_free(struct rcu_head *head)
{
	struct aspace *aspace = container_of(head, struct aspace, tables_rcu);
	page_chain_free(&aspace->tables);
	kobj_put(&aspace->kobj);
}

/* Ends the space. Another CPU may be walking its tables in software, so their pages stay for a while. */
static void close_space(struct aspace *aspace)
{
	static const struct rcu_class tables_class = {RCU_TABLES, NULL, tables_free};
	mmu->close(&aspace->space, collect_table, aspace);
	if (!aspace->tables.first.p)
		return;
	if (kobj_try_get(&aspace->kobj))
		rcu_call(&aspace->tables_rcu, &tables_class, aspace->id);
	else /* it was never started, and its own grace period is over */
		page_chain_free(&aspace->tables);
}

/* Gives the back end one page for its tables. */
static enum status donate(struct aspace *aspace)
{
	struct paddr page;
	TRY(page_alloc_zeroed(&page));
	mmu->donate(&aspace->space, page);
	return STATUS_OK;
}

static enum status open_space(struct aspace *aspace)
{
	spin_lock(&aspace->space.lock);
	enum status status = mmu->open(&aspace->space);
	while (status == STATUS_NO_TABLE) {
		status = donate(aspace);
		if (status == STATUS_OK)
			status = mmu->open(&aspace->space);
	}
	spin_unlock(&aspace->space.lock);
	return status;
}

enum status aspace_create(const char *name, struct aspace **result)
{
	void *memory;
	TRY(cache_alloc(&aspace_cache, &memory));
	struct aspace *aspace = memory;
	aspace->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
	kobj_init(&aspace->kobj, KOBJ_PROCESS);
	list_init(&aspace->process_node);
	list_init(&aspace->unstarted);
	wait_queue_init(&aspace->waiters);
	wait_queue_init(&aspace->joiners);
	list_init(&aspace->watchers);
	aspace->lock = SPINLOCK(LOCK_ASPACE);
	aspace->space.lock = SPINLOCK(LOCK_MMU_SPACE);
	aspace->space.id = aspace->id;
	memcpy(aspace->name, name, min_u64(strlen(name), NAME_CHARS));
	segments_init(aspace->segments);
	enum status status = handle_table_init(&aspace->handles);
	if (status == STATUS_OK)
		status = open_space(aspace);
	if (status != STATUS_OK) {
		mmu->close(&aspace->space, collect_table, aspace);
		page_chain_free(&aspace->tables);
		if (aspace->handles.handles)
			handle_table_free(&aspace->handles);
		cache_free(&aspace_cache, aspace);
		return status;
	}
	*result = aspace;
	return STATUS_OK;
}

void aspace_empty(struct aspace *aspace)
{
	ASSERT(aspace->threads == 0 && aspace->space.active == 0);
	spin_lock(&aspace->lock);
	aspace->closed = true;
	spin_unlock(&aspace->lock);
	aspace_forget(aspace);
	for (unsigned i = 0; i < SEGMENTS; i++)
		while (!list_is_empty(&aspace->segments[i].mappings))
			mapping_free(container_of(aspace->segments[i].mappings.next, struct mapping, node));
	handle_table_close(&aspace->handles);
	close_space(aspace);
	trace_aspace_destroy(aspace->id);
}

void aspace_free(struct aspace *aspace)
{
	handle_table_free(&aspace->handles);
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
static enum status choose_place(struct aspace *aspace, bool device, uint64_t *address, uint64_t bytes, struct segment **segment)
{
	if (*address == 0) {
		*segment = &aspace->segments[device ? SEGMENT_DEVICE_INDEX : SEGMENT_VIEW_INDEX];
		return segment_place(*segment, bytes, address);
	}
	TRY(check_range(aspace, *address, bytes, segment));
	enum segment_kind kind = (*segment)->kind;
	if (device ? kind != SEGMENT_DEVICE : kind != SEGMENT_BASE && kind != SEGMENT_VIEW)
		return STATUS_INVALID;
	return segment_overlaps(*segment, *address, bytes) ? STATUS_EXISTS : STATUS_OK;
}

/* Does the object have what is to be mapped, and may it be mapped like that? */
static enum status check_request(const struct map_request *request)
{
	const struct vm_object *object = request->object;
	uint64_t pages = request->bytes / PAGE_BYTES;
	if (pages > object->pages || request->first_page > object->pages - pages)
		return STATUS_INVALID;
	if (request->window && object->kind != OBJECT_PROVIDER)
		return STATUS_INVALID;
	if (request->rights & ~request->rights_max)
		return STATUS_DENIED;
	return object->kind == OBJECT_DEVICE && (request->rights & RIGHTS_EXEC) ? STATUS_DENIED : STATUS_OK;
}

enum status aspace_map_object(struct aspace *aspace, const struct map_request *request, uint64_t *address)
{
	struct mapping *mapping;
	struct segment *segment;
	TRY(check_rights(request->rights));
	if (request->bytes == 0 || (request->bytes | request->address) % PAGE_BYTES)
		return STATUS_INVALID;
	TRY(check_request(request));
	TRY(mapping_new(aspace, request, &mapping));
	spin_lock(&aspace->lock);
	*address = request->address;
	enum status status =
		aspace->closed ? STATUS_GONE
			       : choose_place(aspace, request->object->kind == OBJECT_DEVICE, address, request->bytes, &segment);
	if (status == STATUS_OK) {
		mapping->start = *address;
		mapping_show(mapping);
		segment_insert(segment, mapping);
	}
	spin_unlock(&aspace->lock);
	if (status != STATUS_OK)
		mapping_free(mapping);
	return status;
}

enum status aspace_map(struct aspace *aspace, uint64_t *address, uint64_t bytes, unsigned rights, uint32_t *object_id)
{
	struct vm_object *object;
	TRY(check_rights(rights));
	if (bytes == 0 || (bytes | *address) % PAGE_BYTES)
		return STATUS_INVALID;
	TRY(object_create(bytes / PAGE_BYTES, &object));
	object->anonymous = true;
	*object_id = object->kobj.id;
	struct map_request request = {
		.object = object, .address = *address, .bytes = bytes, .rights = rights, .rights_max = RIGHTS_ALL};
	enum status status = aspace_map_object(aspace, &request, address);
	kobj_put(&object->kobj);
	return status;
}

/*
 * Removes the translations of a range, in pieces: without the aspace's lock, interrupts come between them. Whoever needs none to come back
 * has seen to that.
 */
static void drop_translations(struct aspace *aspace, uint64_t address, uint64_t bytes)
{
	bool done = false;
	for (uint64_t progress = 0; !done;) {
		spin_lock(&aspace->space.lock);
		done = mmu->unmap(&aspace->space, vaddr(address), bytes / PAGE_BYTES, &progress);
		spin_unlock(&aspace->space.lock);
	}
}

/* Is every page of the range mapped, and may it have these rights? */
static enum status check_protect(const struct segment *segment, uint64_t address, uint64_t bytes, unsigned rights)
{
	for (uint64_t at = address; at < address + bytes;) {
		const struct mapping *mapping = segment_mapping(segment, at);
		if (!mapping)
			return STATUS_NOT_FOUND;
		if (rights & ~mapping->rights_max)
			return STATUS_DENIED;
		at = mapping->start + mapping->bytes;
	}
	return STATUS_OK;
}

/*
 * Gives what is mapped in a range other rights. `by` is who hides it, if it does, and takes the mark of whoever did before. Called with
 * the lock.
 */
static void set_rights(struct aspace *aspace, struct segment *segment, uint64_t address, uint64_t bytes, struct spares *spares,
		       unsigned rights, const void *by)
{
	struct list range;
	list_init(&range);
	mapping_take_range(aspace, segment, address, bytes, spares, &range);
	while (!list_is_empty(&range)) {
		struct mapping *mapping = container_of(range.next, struct mapping, node);
		list_remove(&mapping->node);
		spin_lock(&mapping->object->lock);
		mapping->rights = rights;
		mapping->hidden_by = by;
		spin_unlock(&mapping->object->lock);
		segment_insert(segment, mapping);
	}
}

/*
 * First the mappings get their rights, then the translations are dropped, without the lock: those that come meanwhile have the new rights
 * already. Nobody may rely on them before the caller's sync.
 */
enum status aspace_protect(struct aspace *aspace, uint64_t address, uint64_t bytes, unsigned rights)
{
	struct segment *segment;
	struct spares spares;
	TRY(check_rights(rights));
	TRY(check_range(aspace, address, bytes, &segment));
	TRY(spares_take(&spares));
	spin_lock(&aspace->lock);
	enum status status = check_protect(segment, address, bytes, rights);
	if (status == STATUS_OK)
		set_rights(aspace, segment, address, bytes, &spares, rights, NULL);
	spin_unlock(&aspace->lock);
	spares_give_back(&spares);
	TRY(status);
	drop_translations(aspace, address, bytes);
	mmu->sync(&aspace->space);
	return STATUS_OK;
}

/* Up to here the translations are dropped under the lock. */
#define UNMAP_AT_ONCE (64 * PAGE_BYTES)

/* Makes what is mapped in a range unusable, and marks it; then nothing translates there any more, unless somebody takes the mark. */
static void hide(struct aspace *aspace, struct segment *segment, uint64_t address, uint64_t bytes, struct spares *spares,
		 const void *by)
{
	spin_lock(&aspace->lock);
	set_rights(aspace, segment, address, bytes, spares, RIGHTS_NONE, by);
	spin_unlock(&aspace->lock);
	drop_translations(aspace, address, bytes);
}

/* Whether all that is mapped in a range still has this mark. Called with the lock. */
static bool is_hidden_by(const struct segment *segment, uint64_t address, uint64_t bytes, const void *by)
{
	LIST_FOR_EACH (node, &segment->mappings) {
		const struct mapping *mapping = container_of(node, struct mapping, node);
		if (mapping->start < address + bytes && address < mapping->start + mapping->bytes && mapping->hidden_by != by)
			return false;
	}
	return true;
}

/* Takes a small range out of its segment, and its translations. */
static void take_at_once(struct aspace *aspace, struct segment *segment, uint64_t address, uint64_t bytes, struct spares *spares,
			 struct list *out)
{
	spin_lock(&aspace->lock);
	mapping_take_range(aspace, segment, address, bytes, spares, out);
	drop_translations(aspace, address, bytes);
	spin_unlock(&aspace->lock);
}

/*
 * A large range is hidden first, while its mappings keep the place: so its translations can be dropped without the lock, and neither do new ones
 * come nor another mapping. What is hidden is cut already. If somebody changes it meanwhile, that is done once more. NO_MEMORY if there
 * is none left for that: then it stays hidden.
 */
static enum status take_hidden(struct aspace *aspace, struct segment *segment, uint64_t address, uint64_t bytes,
			       struct spares *spares, struct list *out)
{
	for (;;) {
		hide(aspace, segment, address, bytes, spares, out);
		spin_lock(&aspace->lock);
		bool still_hidden = is_hidden_by(segment, address, bytes, out);
		if (still_hidden)
			mapping_take_range(aspace, segment, address, bytes, spares, out);
		spin_unlock(&aspace->lock);
		if (still_hidden)
			return STATUS_OK;
		TRY(spares_fill(spares));
	}
}

enum status aspace_unmap(struct aspace *aspace, uint64_t address, uint64_t bytes)
{
	struct segment *segment;
	struct spares spares;
	struct list gone;
	enum status status = STATUS_OK;
	TRY(check_range(aspace, address, bytes, &segment));
	TRY(spares_take(&spares));
	list_init(&gone);
	if (bytes > UNMAP_AT_ONCE)
		status = take_hidden(aspace, segment, address, bytes, &spares, &gone);
	else
		take_at_once(aspace, segment, address, bytes, &spares, &gone);
	spares_give_back(&spares);
	TRY(status);
	if (list_is_empty(&gone))
		return STATUS_NOT_FOUND;
	mmu->sync(&aspace->space);
	while (!list_is_empty(&gone)) {
		struct mapping *mapping = container_of(gone.next, struct mapping, node);
		if (mapping->object->anonymous)
			object_discard(mapping->object, mapping->first_page, mapping->bytes / PAGE_BYTES);
		mapping_free(mapping);
	}
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
	struct map_request request = {.bytes = STACK_BYTES, .rights = RIGHTS_READ | RIGHTS_WRITE, .rights_max = RIGHTS_ALL};
	TRY(object_create(STACK_BYTES / PAGE_BYTES, &request.object));
	request.object->anonymous = true;
	enum status status = mapping_new(aspace, &request, &mapping);
	kobj_put(&request.object->kobj);
	TRY(status);
	spin_lock(&aspace->lock);
	status = stack_slot_take(aspace, slot);
	if (status == STATUS_OK) {
		mapping->start = stack_start(*slot);
		mapping_show(mapping);
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
	mapping_take_range(aspace, segment, start, STACK_BYTES, &none, &gone);
	drop_translations(aspace, start, STACK_BYTES);
	spin_unlock(&aspace->lock);
	mmu->sync(&aspace->space);
	while (!list_is_empty(&gone))
		mapping_free(container_of(gone.next, struct mapping, node));
	stack_slot_release(aspace, slot);
}

void aspace_forget(struct aspace *aspace)
{
	drop_translations(aspace, 0, USER_END);
	mmu->sync(&aspace->space);
}

enum status aspace_enter(struct aspace *aspace, struct vaddr va, struct paddr frame, unsigned flags)
{
	ASSERT(spin_held(&aspace->lock) && !((flags & MMU_WRITE) && (flags & MMU_EXEC)));
	spin_lock_inner(&aspace->space.lock);
	enum status status = mmu->map(&aspace->space, va, frame, flags);
	while (status == STATUS_NO_TABLE) {
		status = donate(aspace);
		if (status == STATUS_OK)
			status = mmu->map(&aspace->space, va, frame, flags);
	}
	spin_unlock(&aspace->space.lock);
	return status;
}

void aspace_check(struct aspace *aspace)
{
	spin_lock(&aspace->lock);
	for (unsigned i = 0; i < SEGMENTS; i++)
		segment_check(&aspace->segments[i]);
	spin_unlock(&aspace->lock);
}
