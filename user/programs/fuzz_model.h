/*
 * Random mapping, unmapping, protecting, copying and touching, held against a model.
 *
 * Teaches: the model is a few arrays that anybody can see are right: for each page of a small arena whether it is mapped, with which
 * rights, and what it holds. Every call's status and every load is known beforehand. The same sequence runs on every MMU back end, and what
 * is no mere cache miss (a page filled, copied, an access that kills) has to happen at the same places on all of them.
 * Who uses it: fuzz.c in the guest, tests/unit/test_fuzz.c on the host; each defines the fuzz_*() calls below.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/status.h"
#include "abi/syscall.h"

enum {
	FUZZ_PAGE = 4096,
	FUZZ_PAGES = 96,        /* of the arena */
	FUZZ_OBJECTS = 6,       /* that are copied from each other */
	FUZZ_OBJECT_PAGES = 12, /* of each */
};
#define FUZZ_ARENA (UINT64_C(512) << 30)
#define FUZZ_OBJECTS_AT (UINT64_C(600) << 30)
#define FUZZ_STRIDE (UINT64_C(8) << 20) /* of the arena's pages now and then, so that they meet in one group of a hash */

/* What the two sides provide. */
enum status fuzz_map(uint64_t address, uint64_t bytes, unsigned rights);
enum status fuzz_unmap(uint64_t address, uint64_t bytes);
enum status fuzz_protect(uint64_t address, uint64_t bytes, unsigned rights);
uint64_t fuzz_load(uint64_t address);
void fuzz_store(uint64_t address, uint64_t value);
bool fuzz_access_kills(uint64_t address, bool store);
uint64_t fuzz_object(uint64_t bytes);
uint64_t fuzz_copy(uint64_t object, uint64_t pages);
enum status fuzz_map_object(uint64_t object, uint64_t address, uint64_t bytes);
void fuzz_close(uint64_t object);
void fuzz_forget(void);
void fuzz_must(bool condition, const char *text);

static struct {
	uint64_t random;
	struct {
		bool mapped;
		unsigned rights;
		uint64_t value;
	} page[FUZZ_PAGES];
	struct {
		uint64_t handle;
		uint64_t value[FUZZ_OBJECT_PAGES];
	} object[FUZZ_OBJECTS];
} fuzz;

static uint64_t fuzz_random(uint64_t below)
{
	fuzz.random = fuzz.random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (fuzz.random >> 33) % below;
}

static unsigned fuzz_rights(void)
{
	static const unsigned choices[] = {RIGHTS_NONE,
					   RIGHTS_READ,
					   RIGHTS_READ | RIGHTS_WRITE,
					   RIGHTS_READ | RIGHTS_WRITE,
					   RIGHTS_READ | RIGHTS_EXEC,
					   RIGHTS_READ | RIGHTS_WRITE | RIGHTS_EXEC};
	return choices[fuzz_random(sizeof(choices) / sizeof(choices[0]))];
}

static uint64_t fuzz_address(uint64_t page)
{
	return FUZZ_ARENA + page * FUZZ_PAGE;
}

/* How many pages of a range are mapped. */
static uint64_t fuzz_mapped(uint64_t first, uint64_t count)
{
	uint64_t mapped = 0;
	for (uint64_t i = first; i < first + count; i++)
		mapped += fuzz.page[i].mapped;
	return mapped;
}

static bool fuzz_refused(unsigned rights)
{
	return (rights & RIGHTS_WRITE) && (rights & RIGHTS_EXEC);
}

static void fuzz_range(unsigned which, uint64_t first, uint64_t count)
{
	unsigned rights = fuzz_rights();
	uint64_t mapped = fuzz_mapped(first, count), bytes = count * FUZZ_PAGE;
	enum status expected = STATUS_OK, got = STATUS_OK;
	if (which == 0) {
		expected = fuzz_refused(rights) ? STATUS_DENIED : mapped ? STATUS_EXISTS : STATUS_OK;
		got = fuzz_map(fuzz_address(first), bytes, rights);
	} else if (which == 1) {
		expected = mapped ? STATUS_OK : STATUS_NOT_FOUND;
		got = fuzz_unmap(fuzz_address(first), bytes);
	} else {
		expected = fuzz_refused(rights) ? STATUS_DENIED : mapped < count ? STATUS_NOT_FOUND : STATUS_OK;
		got = fuzz_protect(fuzz_address(first), bytes, rights);
	}
	fuzz_must(got == expected, "a call's status");
	for (uint64_t i = first; i < first + count && got == STATUS_OK; i++) {
		fuzz.page[i].mapped = which != 1;
		fuzz.page[i].rights = rights;
		if (which != 2)
			fuzz.page[i].value = 0;
	}
}

static void fuzz_touch(uint64_t page)
{
	uint64_t address = fuzz_address(page);
	bool store = fuzz_random(2);
	bool allowed = fuzz.page[page].mapped && (fuzz.page[page].rights & (store ? RIGHTS_WRITE : RIGHTS_READ));
	if (!allowed) {
		if (fuzz_random(16) == 0)
			fuzz_must(fuzz_access_kills(address, store), "an access that is not allowed");
	} else if (store) {
		fuzz.page[page].value = fuzz_random(UINT32_MAX);
		fuzz_store(address, fuzz.page[page].value);
	} else {
		fuzz_must(fuzz_load(address) == fuzz.page[page].value, "what a page holds");
	}
}

static uint64_t fuzz_object_address(uint64_t i)
{
	return FUZZ_OBJECTS_AT + i * FUZZ_STRIDE;
}

/* One object becomes a copy of another. */
static void fuzz_fork(uint64_t to, uint64_t from)
{
	uint64_t copy = fuzz_copy(fuzz.object[from].handle, FUZZ_OBJECT_PAGES);
	fuzz_must(fuzz_unmap(fuzz_object_address(to), FUZZ_OBJECT_PAGES * FUZZ_PAGE) == STATUS_OK, "unmapping an object");
	fuzz_close(fuzz.object[to].handle);
	fuzz.object[to] = fuzz.object[from];
	fuzz.object[to].handle = copy;
	fuzz_must(fuzz_map_object(copy, fuzz_object_address(to), FUZZ_OBJECT_PAGES * FUZZ_PAGE) == STATUS_OK, "mapping a copy");
}

static void fuzz_touch_object(uint64_t i)
{
	uint64_t page = fuzz_random(FUZZ_OBJECT_PAGES);
	uint64_t address = fuzz_object_address(i) + page * FUZZ_PAGE;
	if (fuzz_random(2)) {
		fuzz.object[i].value[page] = fuzz_random(UINT32_MAX);
		fuzz_store(address, fuzz.object[i].value[page]);
	} else {
		fuzz_must(fuzz_load(address) == fuzz.object[i].value[page], "what a page of a copy holds");
	}
}

/* One random operation. */
static void fuzz_step(void)
{
	uint64_t first = fuzz_random(FUZZ_PAGES);
	uint64_t count = 1 + fuzz_random(FUZZ_PAGES - first < 12 ? FUZZ_PAGES - first : 12);
	uint64_t choice = fuzz_random(64);
	if (choice < 12)
		fuzz_range((unsigned)choice % 3, first, count);
	else if (choice < 40)
		fuzz_touch(first);
	else if (choice < 60)
		fuzz_touch_object(first % FUZZ_OBJECTS);
	else if (choice < 63)
		fuzz_fork(first % FUZZ_OBJECTS, (first + 1 + fuzz_random(FUZZ_OBJECTS - 1)) % FUZZ_OBJECTS);
	else if (fuzz_random(8) == 0)
		fuzz_forget();
}

static void fuzz_run(uint64_t seed, uint64_t operations)
{
	fuzz.random = seed;
	for (uint64_t i = 0; i < FUZZ_OBJECTS; i++) {
		fuzz.object[i].handle = fuzz_object(FUZZ_OBJECT_PAGES * FUZZ_PAGE);
		fuzz_must(fuzz_map_object(fuzz.object[i].handle, fuzz_object_address(i), FUZZ_OBJECT_PAGES * FUZZ_PAGE) ==
				  STATUS_OK,
			  "mapping an object");
	}
	for (uint64_t i = 0; i < operations; i++)
		fuzz_step();
}
