/*
 * Mappings: see mapping.h.
 *
 * Whom: segment.h, object.h. Locks: the object's is taken here, inside the aspace's.
 */
#include "mm/mapping.h"

#include "core/lock.h"
#include "core/panic.h"
#include "mm/cache.h"
#include "mm/object.h"

static struct cache mapping_cache = CACHE(struct mapping);

enum status mapping_new(struct aspace *aspace, const struct map_request *request, struct mapping **result)
{
	void *memory;
	TRY(cache_alloc(&mapping_cache, &memory));
	struct mapping *mapping = memory;
	if (!kobj_try_get(&request->object->kobj)) {
		cache_free(&mapping_cache, memory);
		return STATUS_GONE;
	}
	list_init(&mapping->node);
	list_init(&mapping->object_node);
	mapping->bytes = request->bytes;
	mapping->rights = request->rights;
	mapping->rights_max = request->rights_max & (request->object->kind == OBJECT_DEVICE ? ~(unsigned)RIGHTS_EXEC : ~0U);
	mapping->window = request->window;
	mapping->aspace = aspace;
	mapping->object = request->object;
	mapping->first_page = request->first_page;
	*result = mapping;
	return STATUS_OK;
}

void mapping_show(struct mapping *mapping)
{
	struct vm_object *object = mapping->object;
	spin_lock(&object->lock);
	list_insert_before(&object->mappings, &mapping->object_node);
	spin_unlock(&object->lock);
}

void mapping_free(struct mapping *mapping)
{
	struct vm_object *object = mapping->object;
	list_remove(&mapping->node);
	spin_lock(&object->lock);
	list_remove(&mapping->object_node);
	spin_unlock(&object->lock);
	kobj_put(&object->kobj);
	cache_free(&mapping_cache, mapping);
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
	struct vm_object *object = mapping->object;
	kobj_get(&object->kobj);
	spin_lock(&object->lock);
	*spare = *mapping;
	spare->start = address;
	spare->bytes = mapping->start + mapping->bytes - address;
	spare->first_page = mapping->first_page + (address - mapping->start) / PAGE_BYTES;
	mapping->bytes = address - mapping->start;
	list_insert_before(mapping->node.next, &spare->node);
	list_insert_before(&object->mappings, &spare->object_node);
	spin_unlock(&object->lock);
	return NULL;
}

void spares_fill(struct spares *spares)
{
	struct mapping **places[] = {&spares->first, &spares->second};
	for (unsigned i = 0; i < ARRAY_LENGTH(places); i++) {
		void *memory;
		if (*places[i])
			continue;
		if (cache_alloc(&mapping_cache, &memory) == STATUS_OK)
			*places[i] = memory;
	}
}

/* Whether `address` lies inside a mapping, so that this has to be cut. */
static bool is_inside(const struct segment *segment, uint64_t address)
{
	const struct mapping *mapping = segment_mapping(segment, address);
	return mapping && mapping->start != address;
}

enum status spares_check(const struct segment *segment, uint64_t address, uint64_t bytes, const struct spares *spares)
{
	bool first = !is_inside(segment, address) || spares->first;
	bool second = !is_inside(segment, address + bytes) || spares->second;
	return first && second ? STATUS_OK : STATUS_NO_MEMORY;
}

void spares_give_back(struct spares *spares)
{
	if (spares->first)
		cache_free(&mapping_cache, spares->first);
	if (spares->second)
		cache_free(&mapping_cache, spares->second);
}

void mapping_take_range(struct aspace *aspace, struct segment *segment, uint64_t address, uint64_t bytes, struct spares *spares,
			struct list *out)
{
	ASSERT(spin_held(&aspace->lock));
	aspace->recent = NULL;
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
