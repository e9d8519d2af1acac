/*
 * The tree of all ways into functions: who was called by whom, by whom, and so on.
 *
 * Who calls: paths.c. Whom: malloc. Invariant: a path's caller has a lower number.
 */
#pragma once

#include <stdint.h>

#include "witness/file.h"

struct path_tree {
	struct witness_path *path;
	uint32_t count, room;
	uint32_t *slot; /* open addressing: (parent, function) -> path */
};

/* Without memory for it the program ends: half a count is worth nothing. The same holds for the next two. */
void path_tree_init(struct path_tree *tree);

/* A new path that has no caller. */
uint32_t path_tree_add_root(struct path_tree *tree, unsigned cpu, enum witness_root root);

/* The path from a caller to a function; it is made if it is new. */
uint32_t path_tree_child(struct path_tree *tree, unsigned cpu, uint32_t parent, uint32_t function);

void path_tree_free(struct path_tree *tree);
