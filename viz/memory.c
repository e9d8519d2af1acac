/*
 * The model of memory.h: slots and mappings from the events that change them, and what page_tables.h tells of translations and tables.
 *
 * Who calls: report.c. Invariant: a cell is on the list of touched ones if, and only if, an event of this step wrote to it; only there
 * can what is and what was told differ.
 */
#include "memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

unsigned memory_step_of(const struct memory *memory, uint64_t ns)
{
	double step = (double)ns / (double)memory->steps_ns * memory->steps;
	return step < memory->steps ? (unsigned)step : memory->steps;
}

static void step_to(struct memory *memory, uint64_t ns)
{
	unsigned step = memory_step_of(memory, ns);
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

/* ---- what the machine has ---- */

static void tell_translation(void *context, const struct translation *translation, bool there)
{
	const uint64_t key[2] = {translation->space, translation->address >> PAGE_SHIFT};
	cell_put(context, CHANGE_TRANSLATION, key, there ? translation->frame + 1 : 0, there ? translation->place : 0);
}

static void tell_page(void *context, const struct tree_page *page, bool there)
{
	cell_put(context, CHANGE_TABLE, (uint64_t[2]){page->frame, 0}, there ? 1 + page->level : 0, there ? page->space : 0);
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

static void event_of_fault(struct memory *memory, const struct trace_event *event)
{
	const uint64_t *field = event->field;
	unsigned cpu = event->cpu % 64;
	if (!strcmp(event->schema->name, "fault_begin")) {
		memory->fault_address[cpu] = field[2];
		memory->fault_mapping[cpu] = 0;
	} else if (!strcmp(event->schema->name, "fault_mapping")) {
		const struct actor_thread *thread = actors_thread(&memory->actors, field[1]);
		struct memory_mapping mapping = {.aspace = thread ? thread->process : 0,
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

void memory_event(struct memory *memory, const struct trace_event *event, uint64_t ns)
{
	step_to(memory, ns);
	if (event->id == TRACE_EVENT_GAP)
		return;
	actors_take(&memory->actors, event, ns);
	page_tables_take(&memory->tables, event, ns);
	if (event->schema->category == TRACE_FAULT)
		event_of_fault(memory, event);
	else if (event->schema->category == TRACE_VM)
		event_of_vm(memory, event);
	else if (!strcmp(event->schema->name, "aspace_destroy"))
		mappings_cut(memory, event->field[0], 0, UINT64_MAX, NULL);
	memory->out_of_memory |= memory->actors.out_of_memory || memory->tables.out_of_memory;
}

void memory_start(struct memory *memory, const struct trace_info *info, FILE *changes, unsigned steps, uint64_t steps_ns)
{
	*memory = (struct memory){.changes = changes, .steps = steps, .steps_ns = steps_ns ? steps_ns : 1};
	page_tables_start(&memory->tables, info);
	memory->tables.tell_translation = tell_translation;
	memory->tables.tell_page = tell_page;
	memory->tables.context = memory;
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
	actors_free(&memory->actors);
	page_tables_free(&memory->tables);
}
