/*
 * A circular doubly linked list, linked through a member of its elements.
 *
 * Teaches: one list for run queues, sleepers and mappings; an element can be taken out in O(1) without knowing the list.
 * Locks: the owner's. An element that is on no list points at itself.
 */
#pragma once

#include "types.h"

struct list {
	struct list *next;
	struct list *previous;
};

#define LIST_FOR_EACH(node, head) for (struct list *node = (head)->next; (node) != (head); (node) = (node)->next)

static inline void list_init(struct list *list)
{
	list->next = list;
	list->previous = list;
}

static inline bool list_is_empty(const struct list *list)
{
	return list->next == list;
}

/* Puts `node` right before `place`; before the head means at the end. */
static inline void list_insert_before(struct list *place, struct list *node)
{
	node->next = place;
	node->previous = place->previous;
	place->previous->next = node;
	place->previous = node;
}

static inline void list_remove(struct list *node)
{
	node->previous->next = node->next;
	node->next->previous = node->previous;
	list_init(node);
}
