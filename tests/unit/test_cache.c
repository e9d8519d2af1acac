/*
 * Caches of kernel objects: random allocations against a model, and every misuse that must be caught.
 *
 * Teaches: what a slab cache promises: an object is all zero, aligned, overlaps no other; and when all are free, every page is
 * back.
 */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mm/cache.h"
#include "mm/inject.h"
#include "mm/page.h"

#define RAM (32 * MIB)
#define OBJECTS_MAX 3000

struct small {
	uint8_t bytes[24];
};

struct large {
	uint8_t bytes[1900];
};

static struct cache small_cache = CACHE(struct small);
static struct cache large_cache = CACHE(struct large);
static uint8_t *objects[OBJECTS_MAX];
static uint8_t stamps[OBJECTS_MAX];

static uint8_t *take(struct cache *cache)
{
	void *object;
	assert_int_equal(cache_alloc(cache, &object), STATUS_OK);
	return object;
}

static void random_use(struct cache *cache, unsigned seed)
{
	unsigned count = 0;
	uint64_t free = page_free_count();
	srand(seed);
	for (unsigned step = 0; step < 20000; step++) {
		if (count < OBJECTS_MAX && rand() % 100 < 55) {
			uint8_t *object = take(cache);
			assert_int_equal((uintptr_t)object % 64, 0);
			for (size_t i = 0; i < cache->object_bytes; i++)
				assert_int_equal(object[i], 0);
			stamps[count] = (uint8_t)(rand() % 255 + 1);
			memset(object, stamps[count], cache->object_bytes);
			objects[count++] = object;
		} else if (count) {
			unsigned which = (unsigned)rand() % count;
			for (size_t i = 0; i < cache->object_bytes; i++)
				assert_int_equal(objects[which][i], stamps[which]);
			cache_free(cache, objects[which]);
			objects[which] = objects[--count];
			stamps[which] = stamps[count];
		}
		assert_int_equal(cache->objects, count);
		if (step % 256 == 0)
			cache_check(cache);
	}
	while (count--)
		cache_free(cache, objects[count]);
	cache_check(cache);
	assert_int_equal(cache->slabs, 0);
	assert_int_equal(page_free_count(), free);
	page_check();
}

static void test_random_small(void)
{
	sim_start_with_pages(1, RAM);
	random_use(&small_cache, 3);
}

static void test_random_large(void)
{
	sim_start_with_pages(1, RAM);
	random_use(&large_cache, 4);
}

static void test_out_of_pages(void)
{
	sim_start_with_pages(1, 4 * MIB);
	void *object;
	unsigned count = 0;
	while (cache_alloc(&large_cache, &object) == STATUS_OK)
		objects[count++] = object;
	assert_int_equal(page_free_count(), 0);
	assert_int_equal(cache_alloc(&small_cache, &object), STATUS_NO_MEMORY);
	assert_int_equal(large_cache.objects, count);
	cache_check(&large_cache);
	cache_free(&large_cache, objects[0]);
	assert_int_equal(cache_alloc(&large_cache, &object), STATUS_OK);
}

static void test_injected_failure(void)
{
	sim_start_with_pages(1, RAM);
	void *object;
	take(&small_cache);
	inject_from(1, 0);
	assert_int_equal(cache_alloc(&small_cache, &object), STATUS_NO_MEMORY);
	assert_int_equal(small_cache.objects, 1);
	take(&small_cache);
	cache_check(&small_cache);
}

static void free_to_wrong_cache(void *object)
{
	cache_free(&large_cache, object);
}

static void test_wrong_cache_panics(void)
{
	sim_start_with_pages(1, RAM);
	take(&large_cache);
	assert_true(sim_catch(free_to_wrong_cache, take(&small_cache)));
	assert_non_null(strstr(sim_console(), "PANIC"));
}

static void check_cache(void *cache)
{
	cache_check(cache);
}

/* A write to an object after it was freed destroys the list of free ones, and the walker says so. */
static void test_check_finds_broken_list(void)
{
	sim_start_with_pages(1, RAM);
	uint8_t *first = take(&small_cache);
	take(&small_cache);
	cache_free(&small_cache, first);
	*(void **)(void *)first = &small_cache;
	assert_true(sim_catch(check_cache, &small_cache));
	assert_non_null(strstr(sim_console(), "cache_check"));
}

static const struct sim_test tests[] = {
	{"random_small", test_random_small},
	{"random_large", test_random_large},
	{"out_of_pages", test_out_of_pages},
	{"injected_failure", test_injected_failure},
	{"wrong_cache_panics", test_wrong_cache_panics},
	{"check_finds_broken_list", test_check_finds_broken_list},
};

int main(void)
{
	return sim_test_main("cache", tests, ARRAY_LENGTH(tests));
}
