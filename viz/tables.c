/*
 * The machine's tables at a moment: see tables.h.
 *
 * The radix back end takes a page for a table (mmu_table) at the moment it needs one, while it enters a translation, and the event of that
 * (mmu_map) comes next in that space: so the pages taken before it lie on the way to its address.
 */
#include "tables.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

static struct table_key key_of(uint64_t a, uint64_t b, uint64_t c)
{
	return (struct table_key){.word = {a, b, c}};
}

bool tables_hash(const struct tables *tables)
{
	return !strcmp(tables->info.mmu, "hash");
}

unsigned tables_levels(const struct tables *tables)
{
	return !strcmp(tables->info.mmu, "radix5") ? 5 : 4;
}

/* ---- translations come and go ---- */

/* The place of a translation in the hash; NULL if it says none that there is. */
static struct translation **slot_of(struct tables *tables, const struct translation *translation)
{
	uint64_t place = translation->place & ~TABLES_SECONDARY, group = place >> 8, slot = place & 0xff;
	if (!tables_hash(tables) || group >= TABLES_GROUPS || slot >= TABLES_SLOTS)
		return NULL;
	return &tables->slot[group][slot];
}

/* Whether translations of this space are those that are asked for. */
static bool counts(const struct tables *tables, uint64_t space)
{
	return !tables->wanted || tables->space == space;
}

static bool forget(struct tables *tables, uint64_t space, uint64_t address)
{
	struct translation *translation = table_remove(&tables->translations, key_of(space, address, 0));
	struct translation **slot = translation ? slot_of(tables, translation) : NULL;
	if (slot && *slot == translation)
		*slot = NULL;
	tables->used -= translation && counts(tables, space);
	free(translation);
	return translation != NULL;
}

/* Forgets what a space has from `address` up to `end`; returns how many. What goes is collected first, because removing moves entries. */
static uint64_t forget_range(struct tables *tables, uint64_t space, uint64_t address, uint64_t end)
{
	uint64_t gone = 0, found;
	do {
		uint64_t batch[64];
		found = 0;
		for (size_t i = 0; tables->translations.entries && i <= tables->translations.mask && found < 64; i++) {
			const struct translation *translation = tables->translations.entries[i].value;
			if (translation && translation->space == space && translation->address >= address &&
			    translation->address < end)
				batch[found++] = translation->address;
		}
		for (uint64_t i = 0; i < found; i++)
			gone += forget(tables, space, batch[i]);
	} while (found == 64);
	return gone;
}

static uint64_t forget_pages(struct tables *tables, uint64_t space, uint64_t address, uint64_t pages)
{
	uint64_t gone = 0;
	if (pages > tables->translations.used)
		return forget_range(tables, space, address,
				    pages < (UINT64_MAX - address) >> 12 ? address + (pages << 12) : UINT64_MAX);
	for (uint64_t i = 0; i < pages; i++)
		gone += forget(tables, space, address + (i << 12));
	return gone;
}

/* Whatever was at that place is gone: the trace may have lost the event that said so. */
static void take_place(struct tables *tables, struct translation *translation)
{
	struct translation **slot = slot_of(tables, translation);
	if (!slot)
		return;
	if (*slot)
		forget(tables, (*slot)->space, (*slot)->address);
	*slot = translation;
	struct group_story *story = &tables->group[(translation->place & ~TABLES_SECONDARY) >> 8];
	story->entered++;
	story->secondary += (translation->place & TABLES_SECONDARY) != 0;
}

static void enter(struct tables *tables, const uint64_t *field, uint64_t ns)
{
	struct translation *translation = calloc(1, sizeof(*translation));
	forget(tables, field[0], field[1]);
	if (!translation || !table_add(&tables->translations, key_of(field[0], field[1], 0), translation)) {
		free(translation);
		tables->failed = true;
		return;
	}
	*translation = (struct translation){
		.space = field[0], .address = field[1], .frame = field[2], .flags = field[3], .place = field[4], .ns = ns};
	tables->entered++;
	if (field[1] == tables->page && counts(tables, field[0])) {
		tables->space = field[0];
		tables->most = 1;
		tables->most_at = tables->events;
	}
	tables->used += counts(tables, field[0]);
	take_place(tables, translation);
}

/* ---- pages of the tree ---- */

static void place_page(struct tables *tables, struct tree_page *page)
{
	struct table_key key = key_of(page->space, page->level, page->start);
	free(table_remove(&tables->tree, key));
	if (!table_add(&tables->tree, key, page)) {
		free(page);
		tables->failed = true;
	}
}

static void take_page(struct tables *tables, const uint64_t *field)
{
	struct tree_page *page = calloc(1, sizeof(*page));
	if (!page) {
		tables->failed = true;
		return;
	}
	*page = (struct tree_page){.space = field[0], .frame = field[1], .level = (unsigned)field[2]};
	if (field[2] >= tables_levels(tables)) {
		place_page(tables, page);
		return;
	}
	free(table_remove(&tables->waiting, key_of(page->space, page->level, 0)));
	if (!table_add(&tables->waiting, key_of(page->space, page->level, 0), page)) {
		free(page);
		tables->failed = true;
	}
}

/* The pages that were taken for the way to this address. A table of level L has 512 entries of 2^(12 + 9 (L - 1)) bytes. */
static void place_pages(struct tables *tables, uint64_t space, uint64_t address)
{
	for (unsigned level = 1; tables->waiting.used && level < tables_levels(tables); level++) {
		struct tree_page *page = table_remove(&tables->waiting, key_of(space, level, 0));
		if (!page)
			continue;
		page->start = address >> (12 + 9 * level) << (12 + 9 * level);
		place_page(tables, page);
	}
}

/* The tree of a space that ends. */
static void forget_tree(struct tables *tables, uint64_t space)
{
	struct tree_page *page;
	do {
		page = NULL;
		for (size_t i = 0; tables->tree.entries && i <= tables->tree.mask && !page; i++) {
			struct tree_page *candidate = tables->tree.entries[i].value;
			page = candidate && candidate->space == space ? candidate : NULL;
		}
		if (page)
			free(table_remove(&tables->tree, key_of(space, page->level, page->start)));
	} while (page);
}

/* ---- events ---- */

static void note_segment(struct tables *tables, uint64_t space, uint64_t esid, uint64_t vsid)
{
	table_remove(&tables->segments, key_of(space, esid, 0));
	if (vsid == UINT64_MAX) /* no segment has it */
		return;
	tables->failed |= !table_add(&tables->segments, key_of(space, esid, 0), (void *)(uintptr_t)(vsid + 1));
	tables->segments_loaded++;
}

static void change(struct tables *tables, const char *name, const uint64_t *field, uint64_t ns)
{
	if (!strcmp(name, "mmu_map")) {
		place_pages(tables, field[0], field[1]);
		enter(tables, field, ns);
	} else if (!strcmp(name, "mmu_unmap")) {
		tables->unmapped += forget_pages(tables, field[0], field[1], field[2]);
	} else if (!strcmp(name, "mmu_evict")) {
		forget(tables, field[0], field[1]);
		tables->evicted++;
		if (field[2] < TABLES_GROUPS)
			tables->group[field[2]].evicted++;
	} else if (!strcmp(name, "mmu_table")) {
		take_page(tables, field);
	} else if (!strcmp(name, "mmu_segment")) {
		note_segment(tables, field[0], field[1], field[2]);
	}
}

/* Finds the space that is asked for by its name: the first program that has it. */
static void look_for_space(struct tables *tables)
{
	const struct who_process *last = &tables->who.processes[tables->who.process_count - 1];
	if (tables->wanted && !tables->space && !strcmp(last->name, tables->wanted))
		tables->space = last->aspace;
}

static bool play(void *context, const struct trace_event *event, uint64_t ns)
{
	struct tables *tables = context;
	if (!moment_includes(&tables->moment, event, ns))
		return false;
	who_learn(&tables->who, event);
	tables->events++;
	if (event->schema->category == TRACE_MMU) {
		change(tables, event->schema->name, event->field, ns);
	} else if (!strcmp(event->schema->name, "aspace_create")) {
		look_for_space(tables);
	} else if (!strcmp(event->schema->name, "aspace_destroy")) {
		forget_range(tables, event->field[0], 0, UINT64_MAX);
		forget_tree(tables, event->field[0]);
	}
	if (tables->page == TABLES_NO_PAGE && tables->used > tables->most) {
		tables->most = tables->used;
		tables->most_at = tables->events;
	}
	if (tables->failed || tables->who.out_of_memory)
		return say("out of memory"), tables->failed = true, false;
	return true;
}

static bool check_space(const struct tables *tables, const char *run)
{
	bool known = tables->space && !tables->who.process_count; /* a run without the category thread names none */
	for (unsigned i = 0; i < tables->who.process_count; i++)
		known |= tables->who.processes[i].aspace == tables->space;
	if (!tables->wanted || known)
		return true;
	say("%s: there is no address space `%s` up to this moment", run, tables->wanted);
	for (unsigned i = 0; i < tables->who.process_count; i++)
		fprintf(stderr, "    %" PRIu64 "  %s\n", tables->who.processes[i].aspace, tables->who.processes[i].name);
	return false;
}

static bool parse_page(const char *text, uint64_t *page)
{
	char *end;
	errno = 0;
	uint64_t address = strtoull(text, &end, 0);
	*page = address & ~UINT64_C(4095);
	if (*text >= '0' && *text <= '9' && !*end && !errno)
		return true;
	say("`%s` is no address: a number is wanted, such as 0x100040001000", text);
	return false;
}

/* Plays a run up to a moment. NULL after having said why. */
static struct tables *play_to(const struct graph_request *request, const struct moment *moment)
{
	struct tables *tables = calloc(1, sizeof(*tables));
	const char *run = request->runs[0];
	char *end;
	if (!tables)
		return say("out of memory"), NULL;
	tables->moment = *moment;
	tables->wanted = request->aspace;
	tables->page = TABLES_NO_PAGE;
	if (request->address && !parse_page(request->address, &tables->page))
		return free(tables), NULL;
	if (tables->wanted)
		tables->space = strtoull(tables->wanted, &end, 10);
	if (tables->wanted && *end)
		tables->space = 0;
	bool good = scan_run(run, &tables->info, tables, play) && !tables->failed;
	if (good && !(tables->info.categories & TRACE_MMU))
		good = say("%s: the category `mmu` was not traced, so nothing is known of its tables", run) == 0;
	if (good && (request->at ? moment_found(&tables->moment, request->at) : true) && check_space(tables, run))
		return tables;
	tables_free(tables);
	return NULL;
}

struct tables *tables_at(const struct graph_request *request)
{
	struct moment moment = {.kind = MOMENT_END};
	if (request->at)
		return moment_parse(&moment, request->at) ? play_to(request, &moment) : NULL;
	struct tables *whole = play_to(request, &moment);
	if (!whole)
		return NULL;
	moment = (struct moment){.kind = MOMENT_NTH, .number = whole->most_at};
	if (!whole->most && whole->page != TABLES_NO_PAGE)
		say("%s: no page at %s was entered%s%s", request->runs[0], request->address, whole->wanted ? " in " : "",
		    whole->wanted ? whole->wanted : " in any address space");
	else if (!whole->most)
		return whole;
	bool stop = !whole->most;
	tables_free(whole);
	return stop ? NULL : play_to(request, &moment);
}

char *tables_when(const struct tables *tables, const struct graph_request *request, char text[TABLES_WHEN_BYTES])
{
	uint64_t ns = tables->moment.ns;
	const char *which = request->at ? request->at : request->address ? "when it was entered last" : "the fullest moment";
	snprintf(text, TABLES_WHEN_BYTES, "%s%.40s, at %" PRIu64 ".%03u us", request->at ? "moment " : "", which, ns / 1000,
		 (unsigned)(ns % 1000));
	return text;
}

struct translation *tables_translation(const struct tables *tables, uint64_t space, uint64_t address)
{
	return table_find(&tables->translations, key_of(space, address, 0));
}

struct tree_page *tables_page(const struct tables *tables, uint64_t space, unsigned level, uint64_t start)
{
	return table_find(&tables->tree, key_of(space, level, start));
}

static int compare_translations(const void *a, const void *b)
{
	const struct translation *left = *(struct translation *const *)a, *right = *(struct translation *const *)b;
	if (left->space != right->space)
		return left->space < right->space ? -1 : 1;
	return left->address < right->address ? -1 : left->address > right->address;
}

struct translation **tables_sorted(const struct tables *tables, size_t *count)
{
	struct translation **sorted = calloc(tables->translations.used + 1, sizeof(struct translation *));
	*count = 0;
	if (!sorted)
		return NULL;
	for (size_t i = 0; tables->translations.entries && i <= tables->translations.mask; i++)
		if (tables->translations.entries[i].value)
			sorted[(*count)++] = tables->translations.entries[i].value;
	qsort(sorted, *count, sizeof(struct translation *), compare_translations);
	return sorted;
}

void tables_free(struct tables *tables)
{
	table_free(&tables->translations, free);
	table_free(&tables->tree, free);
	table_free(&tables->waiting, free);
	table_free(&tables->segments, NULL);
	who_free(&tables->who);
	free(tables);
}
