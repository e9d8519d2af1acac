/*
 * Segments and mappings: see segment.h for the layout.
 *
 * Who calls: aspace.c, fault.c. Locks: the aspace's, held by the caller. What is simplified: the lists are sorted by address
 * and walked from the start; a program with many mappings would want a tree here.
 */
#include "mm/segment.h"

#include "core/panic.h"

/* Stacks start at a different place in each slot, in steps of 128 KiB, at least 64 KiB from both ends. */
#define STACK_GUARD_BYTES (64 * KIB)
#define STACK_STEP_BYTES (128 * KIB)
#define STACK_STEPS 61

static_assert(STACK_GUARD_BYTES + (STACK_STEPS - 1) * STACK_STEP_BYTES + STACK_BYTES + STACK_GUARD_BYTES <= STACK_SLOT_BYTES,
	      "a stack and its guards fit in the slot");

static const struct {
	enum segment_kind kind;
	uint64_t base;
	uint64_t bytes;
} layout[SEGMENTS] = {
#define SEGMENT_ROW(name, base, bytes, text) [SEGMENT_##name##_INDEX] = {SEGMENT_##name, base, bytes},
	SEGMENT_LAYOUT(SEGMENT_ROW)
#undef SEGMENT_ROW
};

void segments_init(struct segment segments[SEGMENTS])
{
	for (unsigned i = 0; i < SEGMENTS; i++) {
		segments[i].kind = layout[i].kind;
		segments[i].base = layout[i].base;
		segments[i].bytes = layout[i].bytes;
		list_init(&segments[i].mappings);
	}
}

struct segment *segment_find(struct segment segments[SEGMENTS], uint64_t address)
{
	for (unsigned i = 0; i < SEGMENTS; i++)
		if (address - segments[i].base < segments[i].bytes)
			return &segments[i];
	return NULL;
}

struct mapping *segment_mapping(const struct segment *segment, uint64_t address)
{
	LIST_FOR_EACH (node, &segment->mappings) {
		struct mapping *mapping = container_of(node, struct mapping, node);
		if (address < mapping->start)
			return NULL;
		if (address - mapping->start < mapping->bytes)
			return mapping;
	}
	return NULL;
}

bool segment_overlaps(const struct segment *segment, uint64_t start, uint64_t bytes)
{
	LIST_FOR_EACH (node, &segment->mappings) {
		const struct mapping *mapping = container_of(node, struct mapping, node);
		if (mapping->start < start + bytes && start < mapping->start + mapping->bytes)
			return true;
	}
	return false;
}

void segment_insert(struct segment *segment, struct mapping *mapping)
{
	struct list *place = segment->mappings.next;
	while (place != &segment->mappings && container_of(place, struct mapping, node)->start < mapping->start)
		place = place->next;
	mapping->segment = segment;
	list_insert_before(place, &mapping->node);
}

enum status segment_place(const struct segment *segment, uint64_t bytes, uint64_t *address)
{
	bool device = segment->kind == SEGMENT_DEVICE;
	uint64_t slot_bytes = device ? DEVICE_WINDOW_BYTES : VIEW_SLOT_BYTES;
	uint64_t null_bytes = device ? 0 : PAGE_BYTES;
	uint64_t slots = round_up(bytes + null_bytes, slot_bytes) / slot_bytes;
	uint64_t slot = segment->base;
	LIST_FOR_EACH (node, &segment->mappings) {
		const struct mapping *mapping = container_of(node, struct mapping, node);
		if (mapping->start >= slot + slots * slot_bytes)
			break;
		slot = max_u64(slot, round_up(mapping->start + mapping->bytes, slot_bytes));
	}
	if (slot + slots * slot_bytes > segment->base + segment->bytes)
		return STATUS_LIMIT;
	*address = slot + null_bytes;
	return STATUS_OK;
}

uint64_t stack_start(unsigned slot)
{
	uint64_t base = layout[SEGMENT_STACK_INDEX].base + slot * STACK_SLOT_BYTES;
	return base + STACK_GUARD_BYTES + slot % STACK_STEPS * STACK_STEP_BYTES;
}

void segment_check(const struct segment *segment)
{
	uint64_t end = segment->base;
	LIST_FOR_EACH (node, &segment->mappings) {
		const struct mapping *mapping = container_of(node, struct mapping, node);
		ASSERT(mapping->start >= end && mapping->bytes > 0 && mapping->object);
		ASSERT(mapping->start % PAGE_BYTES == 0 && mapping->bytes % PAGE_BYTES == 0);
		end = mapping->start + mapping->bytes;
	}
	ASSERT(end <= segment->base + segment->bytes);
}
