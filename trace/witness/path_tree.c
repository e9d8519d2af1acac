/*
 * The tree of paths, found by hashing.
 *
 * Teaches: open addressing once more (trace/table.c has it with removal). A call is followed in a look or two, however many callees its caller
 * has: this is the step that is taken for each of them.
 * Who calls: paths.c.
 */
#include "witness/path_tree.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_AT_FIRST 512
#define NO_PATH UINT32_MAX

static uint32_t *slot_of(const struct path_tree *tree, uint32_t parent, uint32_t function)
{
	uint32_t mask = 2 * tree->room - 1;
	uint32_t at = (parent * 0x9e3779b1u ^ function * 0x85ebca6bu) >> 7 & mask;
	for (;; at = (at + 1) & mask) {
		uint32_t path = tree->slot[at];
		if (path == NO_PATH || (tree->path[path].parent == parent && tree->path[path].function == function))
			return &tree->slot[at];
	}
}

/* Room for so many paths, and twice as many places to find them in. */
static void set_room(struct path_tree *tree, uint32_t room)
{
	tree->room = room;
	tree->path = realloc(tree->path, room * sizeof(*tree->path));
	free(tree->slot);
	tree->slot = malloc(2 * room * sizeof(*tree->slot));
	if (!tree->path || !tree->slot)
		abort();
	memset(tree->slot, 0xff, 2 * room * sizeof(*tree->slot));
	for (uint32_t i = 0; i < tree->count; i++)
		if (tree->path[i].parent != i)
			*slot_of(tree, tree->path[i].parent, tree->path[i].function) = i;
}

void path_tree_init(struct path_tree *tree)
{
	*tree = (struct path_tree){0};
	set_room(tree, ROOM_AT_FIRST);
}

uint32_t path_tree_add_root(struct path_tree *tree, unsigned cpu, enum witness_root root)
{
	if (tree->count == tree->room)
		set_room(tree, 2 * tree->room);
	tree->path[tree->count] = (struct witness_path){.parent = tree->count, .function = root, .cpu = cpu};
	return tree->count++;
}

uint32_t path_tree_child(struct path_tree *tree, unsigned cpu, uint32_t parent, uint32_t function)
{
	uint32_t *slot = slot_of(tree, parent, function);
	if (*slot != NO_PATH)
		return *slot;
	if (tree->count == tree->room) {
		set_room(tree, 2 * tree->room);
		slot = slot_of(tree, parent, function);
	}
	tree->path[tree->count] = (struct witness_path){.parent = parent, .function = function, .cpu = cpu};
	return *slot = tree->count++;
}

void path_tree_free(struct path_tree *tree)
{
	free(tree->path);
	free(tree->slot);
}
