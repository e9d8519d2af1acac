/*
 * Handle tables and the tree of what was made from what, against a model that is only an array.
 *
 * Teaches: a model says the same with less cleverness. In the kernel a closed handle's children move up to its parent, some at a time; in the model
 * each entry names its parent, and whoever's is closed is given the parent's parent. After every step both know the same handles.
 */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/cpu.h"
#include "ipc/endpoint.h"
#include "mm/object.h"
#include "mm/page.h"
#include "obj/handle.h"

#define TABLES 3
#define ENTRIES 4000
#define STEPS 3000
#define LOOSE_MAX 8

/* A handle as the model knows it: in a table, or on its way (`loose`). */
struct entry {
	bool alive;
	int parent; /* index, or -1 */
	unsigned table;
	uint64_t number;
	unsigned rights;
	struct handle *loose;
};

static struct handle_table tables[TABLES];
static struct entry entries[ENTRIES];
static int count;
static struct vm_object *object;
static unsigned seed;

static unsigned chance(unsigned limit)
{
	return (unsigned)rand_r(&seed) % limit;
}

static struct handle *find(const struct entry *entry)
{
	struct handle *handle;
	if (entry->loose)
		return entry->loose;
	assert_int_equal(handle_find_any(&tables[entry->table], entry->number, 0, &handle), STATUS_OK);
	assert_int_equal(handle->rights, entry->rights);
	return handle;
}

/* One that is alive, by chance; -1 if there is none. */
static int any(void)
{
	for (unsigned tries = 0; tries < 200 && count > 0; tries++) {
		int i = (int)chance((unsigned)count);
		if (entries[i].alive)
			return i;
	}
	return -1;
}

static void model_add(int parent, unsigned table, uint64_t number, unsigned rights, struct handle *loose)
{
	assert_true(count < ENTRIES);
	entries[count++] = (struct entry){true, parent, table, number, rights, loose};
}

static void model_close(int closed)
{
	entries[closed].alive = false;
	for (int i = 0; i < count; i++)
		if (entries[i].alive && entries[i].parent == closed)
			entries[i].parent = entries[closed].parent;
}

static bool model_descends(int i, int from)
{
	while (i >= 0 && i != from)
		i = entries[i].parent;
	return i == from;
}

static unsigned model_revoke(int from)
{
	unsigned closed = 0;
	bool gone[ENTRIES] = {false};
	for (int i = 0; i < count; i++)
		gone[i] = entries[i].alive && i != from && model_descends(entries[i].parent, from);
	for (int i = 0; i < count; i++) {
		if (!gone[i])
			continue;
		closed++;
		entries[i].alive = false;
		if (entries[i].loose)
			handle_drop(entries[i].loose);
	}
	return closed;
}

static void make(void)
{
	uint64_t number;
	unsigned table = chance(TABLES);
	enum status status = handle_create(&tables[table], &object->kobj, HANDLE_ALL, &number);
	assert_true(status == STATUS_OK || status == STATUS_LIMIT);
	if (status == STATUS_OK)
		model_add(-1, table, number, HANDLE_ALL, NULL);
}

static void derive(int from)
{
	unsigned rights = chance(HANDLE_ALL + 1), table = chance(TABLES);
	uint64_t number = 0;
	struct handle *handle;
	assert_int_equal(handle_derive(find(&entries[from]), rights, &handle), STATUS_OK);
	rights &= entries[from].rights;
	if (chance(4) == 0) {
		model_add(from, 0, 0, rights, handle);
		return;
	}
	if (handle_install(&tables[table], handle, &number) == STATUS_OK)
		model_add(from, table, number, rights, NULL);
	else
		handle_drop(handle);
}

/* It arrives, or is closed. */
static void end_or_install(int i)
{
	struct entry *entry = &entries[i];
	unsigned table = chance(TABLES);
	uint64_t number;
	if (entry->loose && chance(2) && handle_install(&tables[table], entry->loose, &number) == STATUS_OK) {
		*entry = (struct entry){true, entry->parent, table, number, entry->rights, NULL};
		return;
	}
	if (entry->loose)
		handle_drop(entry->loose);
	else
		assert_int_equal(handle_close(&tables[entry->table], entry->number), STATUS_OK);
	model_close(i);
}

static void revoke(int from)
{
	uint64_t revoked = 0;
	if (entries[from].loose)
		return;
	assert_int_equal(handle_revoke(&tables[entries[from].table], entries[from].number, &revoked), STATUS_OK);
	assert_int_equal(revoked, model_revoke(from));
}

/* The same handles here and there, and the object knows how many. */
static void compare(void)
{
	unsigned alive = 0, installed = 0, found = 0;
	struct handle *handle;
	for (int i = 0; i < count; i++) {
		alive += entries[i].alive;
		installed += entries[i].alive && !entries[i].loose;
		if (entries[i].alive)
			(void)find(&entries[i]);
	}
	for (unsigned t = 0; t < TABLES; t++) {
		handle_table_check(&tables[t]);
		for (uint64_t number = 0; number < HANDLES_MAX; number++)
			found += handle_find_any(&tables[t], number, 0, &handle) == STATUS_OK;
	}
	assert_int_equal(found, installed);
	assert_int_equal(object->kobj.references, alive + 1);
}

static void run_by_chance(unsigned number, const void *what)
{
	(void)what;
	seed = number;
	sim_start_with_pages(1, 16 * MIB);
	uint64_t free_at_start = sim_free_pages();
	for (unsigned t = 0; t < TABLES; t++)
		assert_int_equal(handle_table_init(&tables[t]), STATUS_OK);
	assert_int_equal(object_create(1, &object), STATUS_OK);
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned kind = chance(20);
		int i = any();
		if (i < 0 || kind == 0)
			make();
		else if (kind < 10)
			derive(i);
		else if (kind < 19)
			end_or_install(i);
		else
			revoke(i);
		if (step % 16 == 0)
			compare();
	}
	for (int i = 0; i < count; i++)
		if (entries[i].alive && entries[i].loose)
			end_or_install(i);
	for (unsigned t = 0; t < TABLES; t++)
		handle_table_close(&tables[t]);
	assert_int_equal(object->kobj.references, 1);
	kobj_put(&object->kobj);
	sim_settle();
	for (unsigned t = 0; t < TABLES; t++)
		handle_table_free(&tables[t]);
	assert_int_equal(sim_free_pages(), free_at_start);
}

static void test_by_chance(void)
{
	sim_every_seed(20, run_by_chance, NULL);
}

/* A table is full, then closed; what does not fit is still its maker's. */
static void test_full_and_closed(void)
{
	uint64_t number = 0;
	struct handle *handle, *more;
	sim_start_with_pages(1, 16 * MIB);
	assert_int_equal(handle_table_init(&tables[0]), STATUS_OK);
	assert_int_equal(object_create(1, &object), STATUS_OK);
	for (uint64_t i = 1; i < HANDLES_MAX; i++) {
		assert_int_equal(handle_create(&tables[0], &object->kobj, HANDLE_ALL, &number), STATUS_OK);
		assert_int_equal(number, i);
	}
	assert_int_equal(handle_create(&tables[0], &object->kobj, HANDLE_ALL, &number), STATUS_LIMIT);
	assert_int_equal(handle_find_any(&tables[0], 100, 0, &handle), STATUS_OK);
	assert_int_equal(handle_derive(handle, HANDLE_ALL, &more), STATUS_OK);
	assert_int_equal(handle_install(&tables[0], more, &number), STATUS_LIMIT);
	assert_int_equal(handle_close(&tables[0], 50), STATUS_OK);
	assert_int_equal(handle_install(&tables[0], more, &number), STATUS_OK);
	assert_int_equal(number, 50);
	assert_int_equal(handle_derive(handle, HANDLE_ALL, &more), STATUS_OK);
	handle_table_close(&tables[0]);
	assert_int_equal(handle_install(&tables[0], more, &number), STATUS_GONE);
	handle_drop(more);
	assert_int_equal(object->kobj.references, 1);
}

/* A borrowed handle that has been closed is still there, and nothing is made from it. */
static void test_borrowed(void)
{
	uint64_t number;
	struct handle *handle, *more;
	sim_start_with_pages(2, 16 * MIB);
	assert_int_equal(handle_table_init(&tables[0]), STATUS_OK);
	assert_int_equal(object_create(1, &object), STATUS_OK);
	assert_int_equal(handle_create(&tables[0], &object->kobj, HANDLE_ALL, &number), STATUS_OK);
	kobj_put(&object->kobj);
	assert_int_equal(handle_find_any(&tables[0], number, 0, &handle), STATUS_OK);
	sim_cpu_set(1);
	assert_int_equal(handle_close(&tables[0], number), STATUS_OK);
	arch_irq_save();
	rcu_quiescent(QUIESCENT_USER); /* CPU 0 is still in the kernel, so nothing is freed */
	arch_irq_restore(true);
	sim_cpu_set(0);
	assert_true(handle->kobj == &object->kobj && object->kobj.references == 0);
	assert_false(kobj_try_get(handle->kobj));
	assert_int_equal(handle_derive(handle, HANDLE_ALL, &more), STATUS_NOT_FOUND);
	assert_int_equal(rcu_waiting(), 2);
	sim_settle();
	assert_int_equal(rcu_waiting(), 0);
}

static const struct sim_test tests[] = {
	{"by_chance", test_by_chance},
	{"full_and_closed", test_full_and_closed},
	{"borrowed", test_borrowed},
};

int main(void)
{
	return sim_test_main("handle", tests, ARRAY_LENGTH(tests));
}
