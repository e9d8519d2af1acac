/*
 * Caches of kernel objects: small things of one size, many of them.
 */
#pragma once

#include "abi/status.h"
#include "core/list.h"
#include "core/lock_type.h"
#include "types.h"

struct cache {
	size_t object_bytes;
	bool always_ready; /* its slabs may be made of the last pages (page_alloc_reserve), and it keeps an empty one */
	struct spinlock lock;
	struct list partial; /* slabs with a free object */
	void *spare;         /* always_ready: the last object given back, set aside for the next who wants one; atomic */
	uint64_t objects;    /* in use */
	uint64_t slabs;
};

/* A cache for objects of `type`. It needs no call at boot: lists are made at first use. */
#define CACHE(type)                                                                                                              \
	{                                                                                                                        \
		.object_bytes = sizeof(type), .lock = {.level = LOCK_MEMORY_CACHE }                                              \
	}

/* The same for what it takes to get pages out of memory, and what comes and goes with every message: cache_prepare() at boot. */
#define CACHE_ALWAYS_READY(type)                                                                                                 \
	{                                                                                                                        \
		.object_bytes = sizeof(type), .always_ready = true, .lock = {.level = LOCK_MEMORY_CACHE }                        \
	}

/* Gives a cache that is to be always ready its first slab. NO_MEMORY. */
enum status cache_prepare(struct cache *cache);

/* A new object, all zero; or with whatever was there, for who fills in all of it. NO_MEMORY if no page is left for it. */
enum status cache_alloc(struct cache *cache, void **object);
enum status cache_alloc_unfilled(struct cache *cache, void **object);

/* Gives an object back. A kernel that checks itself poisons its memory. */
void cache_free(struct cache *cache, void *object);

/* Walks the slabs; panics on what is wrong. For tests. */
void cache_check(struct cache *cache);
