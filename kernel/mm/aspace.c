/*
 * Address spaces: what programs map, unmap and protect.
 *
 * Teaches: validate everything, allocate everything, then change things with steps that cannot fail. And the order in which
 * memory leaves: the mapping goes, the translation goes, every CPU has forgotten it (sync), and only then is the page free.
 * Who calls: system calls, the program loader, threads (stacks). Whom: segment.h, object.h, space.c.
 * Locks: the aspace's; inside it the object's and the MMU space's. sync is called with none.
 */
#include "mm/aspace.h"

#include "core/lock.h"
#include "mm/mapping.h"
#include "mm/object.h"

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
	struct spares spares = {0};
	TRY(check_rights(rights));
	TRY(check_range(aspace, address, bytes, &segment));
	spares_fill(&spares);
	spin_lock(&aspace->lock);
	enum status status = check_protect(segment, address, bytes, rights);
	if (status == STATUS_OK)
		status = spares_check(segment, address, bytes, &spares);
	if (status == STATUS_OK)
		set_rights(aspace, segment, address, bytes, &spares, rights, NULL);
	spin_unlock(&aspace->lock);
	spares_give_back(&spares);
	TRY(status);
	aspace_drop_translations(aspace, address, bytes);
	mmu->sync(&aspace->space);
	return STATUS_OK;
}

/* Up to here the translations are dropped under the lock. */
#define UNMAP_AT_ONCE (64 * PAGE_BYTES)

/* Makes what is mapped in a range unusable, and marks it; then nothing translates there any more, unless somebody takes the mark. */
static enum status hide(struct aspace *aspace, struct segment *segment, uint64_t address, uint64_t bytes, struct spares *spares,
			const void *by)
{
	spin_lock(&aspace->lock);
	enum status status = spares_check(segment, address, bytes, spares);
	if (status == STATUS_OK)
		set_rights(aspace, segment, address, bytes, spares, RIGHTS_NONE, by);
	spin_unlock(&aspace->lock);
	if (status == STATUS_OK)
		aspace_drop_translations(aspace, address, bytes);
	return status;
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
static enum status take_at_once(struct aspace *aspace, struct segment *segment, uint64_t address, uint64_t bytes,
				struct spares *spares, struct list *out)
{
	spin_lock(&aspace->lock);
	enum status status = spares_check(segment, address, bytes, spares);
	if (status == STATUS_OK) {
		mapping_take_range(aspace, segment, address, bytes, spares, out);
		aspace_drop_translations(aspace, address, bytes);
	}
	spin_unlock(&aspace->lock);
	return status;
}

/*
 * A large range is hidden first, while its mappings keep the place: so its translations can be dropped without the lock, and neither do new ones
 * come nor another mapping. What is hidden is cut already. If somebody changes it meanwhile, that is done once more. NO_MEMORY if there
 * is none left to cut it again: then it stays hidden.
 */
static enum status take_hidden(struct aspace *aspace, struct segment *segment, uint64_t address, uint64_t bytes,
			       struct spares *spares, struct list *out)
{
	for (;;) {
		TRY(hide(aspace, segment, address, bytes, spares, out));
		spin_lock(&aspace->lock);
		bool still_hidden = is_hidden_by(segment, address, bytes, out);
		if (still_hidden)
			mapping_take_range(aspace, segment, address, bytes, spares, out);
		spin_unlock(&aspace->lock);
		if (still_hidden)
			return STATUS_OK;
		spares_fill(spares);
	}
}

enum status aspace_unmap(struct aspace *aspace, uint64_t address, uint64_t bytes)
{
	struct segment *segment;
	struct spares spares = {0};
	struct list gone;
	enum status status;
	TRY(check_range(aspace, address, bytes, &segment));
	spares_fill(&spares);
	list_init(&gone);
	if (bytes > UNMAP_AT_ONCE)
		status = take_hidden(aspace, segment, address, bytes, &spares, &gone);
	else
		status = take_at_once(aspace, segment, address, bytes, &spares, &gone);
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
	aspace_drop_translations(aspace, start, STACK_BYTES);
	spin_unlock(&aspace->lock);
	mmu->sync(&aspace->space);
	while (!list_is_empty(&gone))
		mapping_free(container_of(gone.next, struct mapping, node));
	stack_slot_release(aspace, slot);
}

void aspace_check(struct aspace *aspace)
{
	spin_lock(&aspace->lock);
	for (unsigned i = 0; i < SEGMENTS; i++)
		segment_check(&aspace->segments[i]);
	spin_unlock(&aspace->lock);
}
