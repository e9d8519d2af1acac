/*
 * The model of memory.h: slots, page tables, translations, mappings, from the events that change them.
 *
 * Who calls: report.c. Invariant: a cell is on the list of touched ones if, and only if, an event of this step wrote to it; only there
 * can what is and what was told differ.
 */
#include "memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../kernel/abi/trace_enums.h"

#define PAGE_SHIFT 12
#define PAGE_MASK UINT64_C(0xfff)
#define SLOT_STATES_MASK UINT64_C(7) /* kernel/mm/object.h draws a slot */
#define SLOT_IS_SHARED UINT64_C(0x40)
#define PAGES_LOOKED_UP 4096 /* a range of more pages is looked for in the table, not page by page */

/* ---- lists and cells ---- */

static void *list_add(struct memory *memory, struct memory_list *list, size_t bytes, const void *item)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		void *items = realloc(list->items, room * bytes);
		if (!items)
			return memory->out_of_memory = true, NULL;
		list->items = items;
		list->room = room;
	}
	return memcpy((char *)list->items + list->count++ * bytes, item, bytes);
}

static struct memory_cell *cell_find(const struct memory *memory, enum change_kind kind, uint64_t first, uint64_t second)
{
	return table_find(&memory->cells, (struct table_key){{kind, first, second}});
}

static void cell_set(struct memory *memory, struct memory_cell *cell, uint64_t first, uint64_t second)
{
	cell->now[0] = first;
	cell->now[1] = second;
	if (cell->touched)
		return;
	cell->touched = true;
	cell->next_touched = memory->touched;
	memory->touched = cell;
}

/* The cell with this key, made if it is not there. NULL if there is no memory. */
static struct memory_cell *cell_get(struct memory *memory, enum change_kind kind, uint64_t first, uint64_t second)
{
	struct memory_cell *cell = cell_find(memory, kind, first, second);
	if (cell)
		return cell;
	cell = calloc(1, sizeof(*cell));
	if (!cell || !table_add(&memory->cells, (struct table_key){{kind, first, second}}, cell)) {
		free(cell);
		memory->out_of_memory = true;
		return NULL;
	}
	cell->kind = kind;
	cell->key[0] = first;
	cell->key[1] = second;
	return cell;
}

static void cell_put(struct memory *memory, enum change_kind kind, const uint64_t key[2], uint64_t first, uint64_t second)
{
	struct memory_cell *cell = cell_get(memory, kind, key[0], key[1]);
	if (cell)
		cell_set(memory, cell, first, second);
}

/* Every cell of a kind with this first word of the key, and a second one in [from, to), is nothing any more. */
static void cells_clear(struct memory *memory, enum change_kind kind, uint64_t first, uint64_t from, uint64_t to)
{
	if (to - from <= PAGES_LOOKED_UP) {
		for (uint64_t second = from; second < to; second++) {
			struct memory_cell *cell = cell_find(memory, kind, first, second);
			if (cell)
				cell_set(memory, cell, 0, 0);
		}
		return;
	}
	for (size_t i = 0; memory->cells.entries && i <= memory->cells.mask; i++) {
		struct memory_cell *cell = memory->cells.entries[i].value;
		if (cell && cell->kind == kind && cell->key[0] == first && cell->key[1] >= from && cell->key[1] < to)
			cell_set(memory, cell, 0, 0);
	}
}

/* ---- steps ---- */

/* The newest first on the list is turned round, so that changes are told in the order of events. */
static void step_tell(struct memory *memory)
{
	struct memory_cell *oldest = NULL;
	for (struct memory_cell *cell = memory->touched, *next; cell; cell = next) {
		next = cell->next_touched;
		cell->next_touched = oldest;
		oldest = cell;
	}
	memory->touched = NULL;
	for (struct memory_cell *cell = oldest; cell; cell = cell->next_touched) {
		cell->touched = false;
		if (cell->now[0] == cell->told[0] && cell->now[1] == cell->told[1])
			continue;
		fprintf(memory->changes, "%s[%u,%u,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", memory->told++ ? "," : "",
			memory->step, cell->kind, cell->key[0], cell->key[1], cell->now[0], cell->now[1]);
		memcpy(cell->told, cell->now, sizeof(cell->told));
	}
}

static void step_to(struct memory *memory, uint64_t ns)
{
	unsigned step = (unsigned)((double)ns / (double)memory->steps_ns * memory->steps);
	if (step > memory->steps)
		step = memory->steps;
	if (step <= memory->step)
		return;
	step_tell(memory);
	memory->step = step;
}

/* ---- mappings ---- */

static bool mapping_is_live(const struct memory_mapping *mapping)
{
	return mapping->to_step == UINT32_MAX;
}

/* Adds one that is there from now on. Returns 1 + its place, or 0. */
static size_t mapping_add(struct memory *memory, struct memory_mapping mapping)
{
	mapping.from_step = memory->step;
	mapping.to_step = UINT32_MAX;
	return list_add(memory, &memory->mappings, sizeof(mapping), &mapping) ? memory->mappings.count : 0;
}

/* What of a mapping lies in [start, start + pages), as a mapping; no pages: nothing. */
static struct memory_mapping mapping_part(const struct memory_mapping *mapping, uint64_t start, uint64_t end)
{
	struct memory_mapping part = *mapping;
	uint64_t mapping_end = mapping->start + (mapping->pages << PAGE_SHIFT);
	uint64_t from = start > mapping->start ? start : mapping->start, to = end < mapping_end ? end : mapping_end;
	part.pages = from < to ? (to - from) >> PAGE_SHIFT : 0;
	if (mapping->first != MAPPING_UNTOUCHED)
		part.first += from < to ? (from - mapping->start) >> PAGE_SHIFT : 0;
	part.start = from;
	return part;
}

/* Takes [start, end) out of all mappings of an address space; with `rights`, what was there stays, with those. */
static void mappings_cut(struct memory *memory, uint64_t aspace, uint64_t start, uint64_t end, const uint64_t *rights)
{
	for (size_t i = 0, count = memory->mappings.count; i < count; i++) {
		struct memory_mapping mapping = ((struct memory_mapping *)memory->mappings.items)[i];
		struct memory_mapping middle = mapping_part(&mapping, start, end);
		if (!mapping_is_live(&mapping) || mapping.aspace != aspace || !middle.pages ||
		    (rights && *rights == mapping.rights))
			continue;
		((struct memory_mapping *)memory->mappings.items)[i].to_step = memory->step;
		struct memory_mapping parts[3] = {mapping_part(&mapping, 0, start), middle,
						  mapping_part(&mapping, end, UINT64_MAX)};
		if (rights)
			parts[1].rights = *rights;
		else
			parts[1].pages = 0;
		for (unsigned part = 0; part < 3; part++)
			if (parts[part].pages)
				mapping_add(memory, parts[part]);
	}
}

static size_t mapping_find(const struct memory *memory, const struct memory_mapping *wanted)
{
	const struct memory_mapping *mappings = memory->mappings.items;
	for (size_t i = memory->mappings.count; i-- > 0;)
		if (mapping_is_live(&mappings[i]) && mappings[i].aspace == wanted->aspace && mappings[i].start == wanted->start &&
		    mappings[i].object == wanted->object && mappings[i].pages == wanted->pages &&
		    mappings[i].rights == wanted->rights)
			return i + 1;
	return 0;
}

/* A fault tells of a mapping: some, such as stacks, the kernel makes without vm_map. */
static size_t mapping_seen(struct memory *memory, struct memory_mapping mapping)
{
	size_t found = mapping_find(memory, &mapping);
	if (found)
		return found;
	mappings_cut(memory, mapping.aspace, mapping.start, mapping.start + (mapping.pages << PAGE_SHIFT), NULL);
	return mapping_add(memory, mapping);
}

/* ---- names ---- */

static struct memory_name *name_find(const struct memory_list *list, uint64_t id)
{
	struct memory_name *names = list->items;
	for (size_t i = list->count; i-- > 0;)
		if (names[i].id == id)
			return &names[i];
	return NULL;
}

static void name_add(struct memory *memory, struct memory_list *list, uint64_t id, uint64_t aspace, const uint64_t chars[2])
{
	struct memory_name name = {.id = id, .aspace = aspace, .from_step = memory->step, .to_step = UINT32_MAX};
	trace_chars(chars[0], chars[1], name.name);
	list_add(memory, list, sizeof(name), &name);
}

static uint64_t aspace_of_thread(const struct memory *memory, uint64_t thread)
{
	const struct memory_name *name = name_find(&memory->threads, thread);
	return name ? name->aspace : 0;
}

const char *memory_aspace_name(const struct memory *memory, uint64_t aspace)
{
	const struct memory_name *name = name_find(&memory->aspaces, aspace);
	return name ? name->name : "";
}

/* ---- events ---- */

static void object_gone(struct memory *memory, uint64_t id)
{
	const struct memory_object *objects = memory->objects.items;
	uint64_t pages = UINT64_MAX; /* of one whose creation was not traced */
	for (size_t i = memory->objects.count; i-- > 0 && pages == UINT64_MAX;)
		if (objects[i].object == id)
			pages = objects[i].pages;
	cells_clear(memory, CHANGE_SLOT, id, 0, pages);
}

static void aspace_gone(struct memory *memory, uint64_t aspace)
{
	struct memory_name *name = name_find(&memory->aspaces, aspace);
	if (name)
		name->to_step = memory->step;
	mappings_cut(memory, aspace, 0, UINT64_MAX, NULL);
	cells_clear(memory, CHANGE_TRANSLATION, aspace, 0, UINT64_MAX);
}

/* Page tables are freed a grace period after their address space went. */
static void tables_gone(struct memory *memory, uint64_t aspace)
{
	for (size_t i = 0; memory->cells.entries && i <= memory->cells.mask; i++) {
		struct memory_cell *cell = memory->cells.entries[i].value;
		if (cell && cell->kind == CHANGE_TABLE && cell->now[0] && cell->now[1] == aspace)
			cell_set(memory, cell, 0, 0);
	}
}

static void event_of_fault(struct memory *memory, const struct trace_event *event)
{
	const uint64_t *field = event->field;
	unsigned cpu = event->cpu % 64;
	if (!strcmp(event->schema->name, "fault_begin")) {
		memory->fault_address[cpu] = field[2];
		memory->fault_mapping[cpu] = 0;
	} else if (!strcmp(event->schema->name, "fault_mapping")) {
		struct memory_mapping mapping = {.aspace = aspace_of_thread(memory, field[1]),
						 .start = field[2],
						 .pages = field[3] >> PAGE_SHIFT,
						 .rights = field[4],
						 .object = field[5],
						 .first = MAPPING_UNTOUCHED};
		memory->fault_mapping[cpu] = mapping_seen(memory, mapping);
	} else if (!strcmp(event->schema->name, "fault_slot") && memory->fault_mapping[cpu]) {
		struct memory_mapping *mapping = (struct memory_mapping *)memory->mappings.items + memory->fault_mapping[cpu] - 1;
		if (memory->fault_address[cpu] - mapping->start < mapping->pages << PAGE_SHIFT)
			mapping->first = field[3] - ((memory->fault_address[cpu] - mapping->start) >> PAGE_SHIFT);
	}
}

static void event_of_mmu(struct memory *memory, const struct trace_event *event)
{
	const uint64_t *field = event->field;
	const char *name = event->schema->name;
	if (!strcmp(name, "mmu_map"))
		cell_put(memory, CHANGE_TRANSLATION, (uint64_t[2]){field[0], field[1] >> PAGE_SHIFT}, field[2] + 1, field[4]);
	else if (!strcmp(name, "mmu_unmap"))
		cells_clear(memory, CHANGE_TRANSLATION, field[0], field[1] >> PAGE_SHIFT, (field[1] >> PAGE_SHIFT) + field[2]);
	else if (!strcmp(name, "mmu_evict"))
		cells_clear(memory, CHANGE_TRANSLATION, field[0], field[1] >> PAGE_SHIFT, (field[1] >> PAGE_SHIFT) + 1);
	else if (!strcmp(name, "mmu_table"))
		cell_put(memory, CHANGE_TABLE, (uint64_t[2]){field[1], 0}, 1 + field[2], field[0]);
}

static void event_of_vm(struct memory *memory, const struct trace_event *event)
{
	const uint64_t *field = event->field;
	const char *name = event->schema->name;
	if (!strcmp(name, "vm_map")) {
		mappings_cut(memory, field[1], field[2], field[2] + field[3], NULL);
		mapping_add(memory, (struct memory_mapping){.aspace = field[1],
							    .start = field[2],
							    .pages = field[3] >> PAGE_SHIFT,
							    .rights = field[4],
							    .object = field[5],
							    .first = MAPPING_UNTOUCHED});
	} else if (!strcmp(name, "vm_unmap")) {
		mappings_cut(memory, field[1], field[2], field[2] + field[3], NULL);
	} else if (!strcmp(name, "vm_protect")) {
		mappings_cut(memory, field[1], field[2], field[2] + field[3], &field[4]);
	} else if (!strcmp(name, "object_create")) {
		struct memory_object object = {field[0], field[1], field[2], field[3]};
		list_add(memory, &memory->objects, sizeof(object), &object);
	} else if (!strcmp(name, "object_destroy")) {
		object_gone(memory, field[0]);
	} else if (!strcmp(name, "slot_change")) {
		uint64_t shared = field[4] & SLOT_IS_SHARED ? 1 : 0, frame = field[4] & ~PAGE_MASK;
		cell_put(memory, CHANGE_SLOT, (uint64_t[2]){field[0], field[1]}, field[4] & SLOT_STATES_MASK, frame | shared);
	}
}

static void event_of_thread(struct memory *memory, const struct trace_event *event)
{
	const uint64_t *field = event->field;
	const char *name = event->schema->name;
	if (!strcmp(name, "aspace_create"))
		name_add(memory, &memory->aspaces, field[0], field[0], field + 1);
	else if (!strcmp(name, "aspace_destroy"))
		aspace_gone(memory, field[0]);
	else if (!strcmp(name, "thread_create"))
		name_add(memory, &memory->threads, field[0], field[1], field + 4);
}

void memory_event(struct memory *memory, const struct trace_event *event, uint64_t ns)
{
	step_to(memory, ns);
	if (event->id == TRACE_EVENT_GAP)
		return;
	switch (event->schema->category) {
	case TRACE_FAULT:
		event_of_fault(memory, event);
		break;
	case TRACE_MMU:
		event_of_mmu(memory, event);
		break;
	case TRACE_VM:
		event_of_vm(memory, event);
		break;
	case TRACE_THREAD:
		event_of_thread(memory, event);
		break;
	case TRACE_RCU:
		if (!strcmp(event->schema->name, "rcu_free") && event->field[1] == RCU_TABLES)
			tables_gone(memory, event->field[2]);
		break;
	default:
		break;
	}
}

void memory_start(struct memory *memory, FILE *changes, unsigned steps, uint64_t steps_ns)
{
	*memory = (struct memory){.changes = changes, .steps = steps, .steps_ns = steps_ns ? steps_ns : 1};
}

void memory_end(struct memory *memory)
{
	step_tell(memory);
}

void memory_free(struct memory *memory)
{
	table_free(&memory->cells, free);
	free(memory->mappings.items);
	free(memory->objects.items);
	free(memory->aspaces.items);
	free(memory->threads.items);
}
