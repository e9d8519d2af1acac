/*
 * Caches of kernel objects: a slab allocator (Bonwick, "The Slab Allocator", USENIX 1994), as small as it gets.
 *
 *     a slab is one page:  | struct slab | object | object | object | ... |
 *                                 free ----^ a free object's first word points to the next free one
 *
 * Teaches: pages are too big for most kernel objects, and objects of one size never fragment. A slab whose objects are all
 * free goes back to the page allocator. The slab of an object is found by rounding its address down.
 * Who calls: threads, address spaces, mappings, objects. Whom: page.h. Locks: the cache's.
 */
#include "mm/cache.h"

#include "arch.h"
#include "core/lock.h"
#include "core/panic.h"
#include "core/poison.h"
#include "core/string.h"
#include "mm/inject.h"
#include "mm/page.h"

#define OBJECT_ALIGN 64

struct free_object {
	struct free_object *next;
};

struct slab {
	struct list node; /* on cache->partial, or on itself when full */
	struct cache *cache;
	struct free_object *free;
	uint32_t used;
};

#define SLAB_HEADER round_up(sizeof(struct slab), OBJECT_ALIGN)

static size_t object_stride(const struct cache *cache)
{
	return round_up(cache->object_bytes, OBJECT_ALIGN);
}

static uint32_t slab_capacity(const struct cache *cache)
{
	return (uint32_t)((PAGE_BYTES - SLAB_HEADER) / object_stride(cache));
}

static struct slab *slab_of(void *object)
{
	return (struct slab *)((uintptr_t)object & ~(uintptr_t)(PAGE_BYTES - 1));
}

static enum status slab_new(struct cache *cache, struct slab **result)
{
	struct paddr page;
	ASSERT(slab_capacity(cache) > 0);
	TRY(cache->always_ready ? page_alloc_reserve(&page) : page_alloc(0, &page));
	struct slab *slab = arch_phys_to_virt(page);
	*slab = (struct slab){.cache = cache};
	for (uint32_t i = slab_capacity(cache); i-- > 0;) {
		struct free_object *object = (struct free_object *)((uint8_t *)slab + SLAB_HEADER + i * object_stride(cache));
		poison_fill(object, cache->object_bytes);
		object->next = slab->free;
		slab->free = object;
	}
	list_init(&slab->node);
	*result = slab;
	return STATUS_OK;
}

/* A slab with a free object, on the list; called with the lock. */
static enum status slab_get(struct cache *cache, struct slab **slab)
{
	if (!cache->partial.next)
		list_init(&cache->partial);
	if (list_is_empty(&cache->partial)) {
		TRY(slab_new(cache, slab));
		list_insert_before(&cache->partial, &(*slab)->node);
		cache->slabs++;
	}
	*slab = container_of(cache->partial.next, struct slab, node);
	return STATUS_OK;
}

/* What comes and goes one at a time is handed from the last to the next without the lock. For its slab it is in use all the time. */
static void *spare_take(struct cache *cache)
{
	if (!__atomic_load_n(&cache->spare, __ATOMIC_RELAXED))
		return NULL;
	return __atomic_exchange_n(&cache->spare, NULL, __ATOMIC_ACQUIRE);
}

static bool spare_put(struct cache *cache, void *object)
{
	void *none = NULL;
	return cache->always_ready &&
	       __atomic_compare_exchange_n(&cache->spare, &none, object, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

enum status cache_alloc_unfilled(struct cache *cache, void **object)
{
	struct slab *slab;
	if (inject_is_due())
		return STATUS_NO_MEMORY;
	if ((*object = spare_take(cache))) {
		poison_check(*object, cache->object_bytes);
		return STATUS_OK;
	}
	spin_lock(&cache->lock);
	enum status status = slab_get(cache, &slab);
	if (status == STATUS_OK) {
		*object = slab->free;
		slab->free = slab->free->next;
		slab->used++;
		cache->objects++;
		if (!slab->free)
			list_remove(&slab->node);
	}
	spin_unlock(&cache->lock);
	if (status == STATUS_OK)
		poison_check(*object, cache->object_bytes);
	return status;
}

enum status cache_alloc(struct cache *cache, void **object)
{
	TRY(cache_alloc_unfilled(cache, object));
	memset(*object, 0, cache->object_bytes);
	return STATUS_OK;
}

enum status cache_prepare(struct cache *cache)
{
	void *object;
	TRY(cache_alloc(cache, &object));
	cache_free(cache, object);
	return STATUS_OK;
}

void cache_free(struct cache *cache, void *object)
{
	struct slab *slab = slab_of(object);
	struct free_object *freed = object;
	ASSERT(slab->cache == cache && slab->used > 0);
	poison_fill(object, cache->object_bytes);
	if (spare_put(cache, object))
		return;
	spin_lock(&cache->lock);
	if (!slab->free)
		list_insert_before(&cache->partial, &slab->node);
	freed->next = slab->free;
	slab->free = freed;
	cache->objects--;
	bool empty = --slab->used == 0 && !(cache->always_ready && cache->slabs == 1);
	if (empty) {
		list_remove(&slab->node);
		cache->slabs--;
	}
	spin_unlock(&cache->lock);
	if (empty)
		page_free(arch_virt_to_phys(slab), 0);
}

void cache_check(struct cache *cache)
{
	spin_lock(&cache->lock);
	if (cache->partial.next) {
		LIST_FOR_EACH (node, &cache->partial) {
			struct slab *slab = container_of(node, struct slab, node);
			uint32_t free = 0;
			for (struct free_object *object = slab->free; object; object = object->next, free++)
				ASSERT(slab_of(object) == slab && free < slab_capacity(cache));
			ASSERT(slab->cache == cache && free > 0 && slab->used + free == slab_capacity(cache));
		}
	}
	spin_unlock(&cache->lock);
}
