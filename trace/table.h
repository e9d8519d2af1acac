/*
 * A hash table from three words to a pointer: threads by number, names by what they are made of.
 *
 * Teaches: open addressing. Entries lie in one array; one whose place is taken goes to the next free one, so a look-up walks
 * from its place to the first hole. Removing closes the hole again by moving later entries back, so there are no tombstones.
 * Who calls: whatever keeps things by number: actors.c, page_tables.c, perfetto/, explain/, viz/. Whom it calls: malloc, only to grow.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_key {
	uint64_t word[3];
};

struct table_entry {
	struct table_key key;
	void *value; /* NULL: a hole */
};

struct table {
	struct table_entry *entries;
	size_t mask; /* entries - 1; a power of two */
	size_t used;
};

/* What the key stands for, or NULL. */
void *table_find(const struct table *table, struct table_key key);

/* Adds a key that is not there yet. Returns false if memory ran out; nothing has changed then. */
bool table_add(struct table *table, struct table_key key, void *value);

/* Takes a key out and returns what it stood for, or NULL. */
void *table_remove(struct table *table, struct table_key key);

/* Frees the array, and each value with `free_value` unless that is NULL. The table is empty then. */
void table_free(struct table *table, void (*free_value)(void *value));
