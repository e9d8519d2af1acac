/*
 * The hash table of table.h.
 *
 * Invariant: at most half of the entries are used, so every walk meets a hole; between an entry's own place and where it lies
 * there is no hole.
 */
#include "table.h"

#include <stdlib.h>

#define ENTRIES_FIRST 64

/* Mixes the words so that numbers that differ little lie far apart (Fibonacci hashing). */
static size_t table_place(const struct table *table, struct table_key key)
{
	uint64_t hash = key.word[0] * UINT64_C(0x9e3779b97f4a7c15);
	hash = (hash ^ hash >> 32 ^ key.word[1]) * UINT64_C(0x9e3779b97f4a7c15);
	hash = (hash ^ hash >> 32 ^ key.word[2]) * UINT64_C(0x9e3779b97f4a7c15);
	return (hash >> 32) & table->mask;
}

static bool same_key(struct table_key a, struct table_key b)
{
	return a.word[0] == b.word[0] && a.word[1] == b.word[1] && a.word[2] == b.word[2];
}

/* The entry with this key, or the hole where it would go. */
static struct table_entry *table_seek(const struct table *table, struct table_key key)
{
	size_t place = table_place(table, key);
	while (table->entries[place].value && !same_key(table->entries[place].key, key))
		place = (place + 1) & table->mask;
	return &table->entries[place];
}

void *table_find(const struct table *table, struct table_key key)
{
	return table->entries ? table_seek(table, key)->value : NULL;
}

static bool table_grow(struct table *table)
{
	size_t count = table->entries ? 2 * (table->mask + 1) : ENTRIES_FIRST;
	struct table bigger = {.entries = calloc(count, sizeof(struct table_entry)), .mask = count - 1, .used = table->used};
	if (!bigger.entries)
		return false;
	for (size_t i = 0; table->entries && i <= table->mask; i++)
		if (table->entries[i].value)
			*table_seek(&bigger, table->entries[i].key) = table->entries[i];
	free(table->entries);
	*table = bigger;
	return true;
}

bool table_add(struct table *table, struct table_key key, void *value)
{
	if ((!table->entries || 2 * table->used > table->mask) && !table_grow(table))
		return false;
	*table_seek(table, key) = (struct table_entry){.key = key, .value = value};
	table->used++;
	return true;
}

/* Whether an entry that belongs at `home` and lies at `place` may move back to `hole`: the hole is on its walk. */
static bool may_move(const struct table *table, size_t home, size_t hole, size_t place)
{
	return ((hole - home) & table->mask) <= ((place - home) & table->mask);
}

void *table_remove(struct table *table, struct table_key key)
{
	struct table_entry *entry = table->entries ? table_seek(table, key) : NULL;
	if (!entry || !entry->value)
		return NULL;
	void *value = entry->value;
	size_t hole = (size_t)(entry - table->entries);
	for (size_t place = (hole + 1) & table->mask; table->entries[place].value; place = (place + 1) & table->mask) {
		if (!may_move(table, table_place(table, table->entries[place].key), hole, place))
			continue;
		table->entries[hole] = table->entries[place];
		hole = place;
	}
	table->entries[hole].value = NULL;
	table->used--;
	return value;
}

void table_free(struct table *table, void (*free_value)(void *value))
{
	for (size_t i = 0; table->entries && free_value && i <= table->mask; i++)
		if (table->entries[i].value)
			free_value(table->entries[i].value);
	free(table->entries);
	*table = (struct table){0};
}
