/*
 * The page tables of a run, made again from its events: see page_tables.h.
 *
 * The radix back end takes a page for a table (mmu_table) at the moment it needs one, while it enters a translation, and the event of that
 * (mmu_map) comes next in that space: so the pages taken before it lie on the way to its address.
 */
#include "page_tables.h"

#include <stdlib.h>
#include <string.h>

#include "../kernel/abi/trace_enums.h"

#define PAGE_SHIFT 12
#define PAGE_MASK UINT64_C(0xfff)

static struct table_key key_of(uint64_t a, uint64_t b, uint64_t c)
{
	return (struct table_key){.word = {a, b, c}};
}

void page_tables_start(struct page_tables *tables, const struct trace_info *info)
{
	*tables = (struct page_tables){.hash = !strcmp(info->mmu, "hash"),
				       .levels = !strcmp(info->mmu, "radix5") ? 5 : 4,
				       .frees_late = (info->categories & TRACE_RCU) != 0};
}

/* ---- translations come and go ---- */

static void tell_translation(struct page_tables *tables, const struct translation *translation, bool there)
{
	if (tables->tell_translation)
		tables->tell_translation(tables->context, translation, there);
}

/* The place of a translation in the hash; NULL if it says none that there is. */
static struct translation **slot_of(struct page_tables *tables, const struct translation *translation)
{
	uint64_t place = translation->place & ~PAGE_TABLES_SECONDARY, group = place >> 8, slot = place & 0xff;
	if (!tables->hash || group >= PAGE_TABLES_GROUPS || slot >= PAGE_TABLES_SLOTS)
		return NULL;
	return &tables->slot[group][slot];
}

static bool forget(struct page_tables *tables, uint64_t space, uint64_t address)
{
	struct translation *translation = table_remove(&tables->translations, key_of(space, address, 0));
	struct translation **slot = translation ? slot_of(tables, translation) : NULL;
	if (!translation)
		return false;
	if (slot && *slot == translation)
		*slot = NULL;
	tell_translation(tables, translation, false);
	free(translation);
	return true;
}

static int compare_translations(const void *a, const void *b)
{
	const struct translation *left = *(struct translation *const *)a, *right = *(struct translation *const *)b;
	if (left->space != right->space)
		return left->space < right->space ? -1 : 1;
	return left->address < right->address ? -1 : left->address > right->address;
}

/* The translations of a space in [address, end), or with `all` of all spaces, by space and address; to be freed. NULL if there is no memory. */
static struct translation **sorted_in(const struct page_tables *tables, bool all, uint64_t space, uint64_t address, uint64_t end,
				      size_t *count)
{
	struct translation **sorted = calloc(tables->translations.used + 1, sizeof(struct translation *));
	*count = 0;
	for (size_t i = 0; sorted && tables->translations.entries && i <= tables->translations.mask; i++) {
		struct translation *translation = tables->translations.entries[i].value;
		if (translation &&
		    (all || (translation->space == space && translation->address >= address && translation->address < end)))
			sorted[(*count)++] = translation;
	}
	if (sorted)
		qsort(sorted, *count, sizeof(struct translation *), compare_translations);
	return sorted;
}

struct translation **page_tables_sorted(const struct page_tables *tables, size_t *count)
{
	return sorted_in(tables, true, 0, 0, 0, count);
}

/* Forgets what a space has from `address` up to `end`; returns how many. What goes is collected first, because removing moves entries. */
static uint64_t forget_range(struct page_tables *tables, uint64_t space, uint64_t address, uint64_t end)
{
	size_t count;
	struct translation **gone = sorted_in(tables, false, space, address, end, &count);
	tables->out_of_memory |= !gone;
	for (size_t i = 0; gone && i < count; i++)
		forget(tables, space, gone[i]->address);
	free(gone);
	return count;
}

/* A range of more pages than there are translations is looked for among these, not page by page. */
static uint64_t forget_pages(struct page_tables *tables, uint64_t space, uint64_t address, uint64_t pages)
{
	uint64_t gone = 0;
	if (pages > tables->translations.used)
		return forget_range(tables, space, address,
				    pages < (UINT64_MAX - address) >> PAGE_SHIFT ? address + (pages << PAGE_SHIFT) : UINT64_MAX);
	for (uint64_t i = 0; i < pages; i++)
		gone += forget(tables, space, address + (i << PAGE_SHIFT));
	return gone;
}

/* Whatever was at that place is gone: the trace may have lost the event that said so. */
static void take_place(struct page_tables *tables, struct translation *translation)
{
	struct translation **slot = slot_of(tables, translation);
	if (!slot)
		return;
	if (*slot)
		forget(tables, (*slot)->space, (*slot)->address);
	*slot = translation;
	struct group_story *story = &tables->group[(translation->place & ~PAGE_TABLES_SECONDARY) >> 8];
	story->entered++;
	story->secondary += (translation->place & PAGE_TABLES_SECONDARY) != 0;
}

static void enter(struct page_tables *tables, const uint64_t *field, uint64_t ns)
{
	struct translation *translation = calloc(1, sizeof(*translation));
	forget(tables, field[0], field[1]);
	if (!translation || !table_add(&tables->translations, key_of(field[0], field[1], 0), translation)) {
		free(translation);
		tables->out_of_memory = true;
		return;
	}
	*translation = (struct translation){
		.space = field[0], .address = field[1], .frame = field[2], .flags = field[3], .place = field[4], .ns = ns};
	tables->entered++;
	take_place(tables, translation);
	tell_translation(tables, translation, true);
}

/* ---- pages of the tree ---- */

/* Addresses that a table of a level serves begin at multiples of 2^(12 + 9 level); the root serves all. */
static uint64_t start_of(const struct page_tables *tables, uint64_t address, unsigned level)
{
	unsigned bits = PAGE_SHIFT + 9 * level;
	return level >= tables->levels ? 0 : address >> bits << bits;
}

static void index_page(struct page_tables *tables, struct table *index, struct table_key key, struct tree_page *page)
{
	table_remove(index, key);
	tables->out_of_memory |= !table_add(index, key, page);
}

static void place_page(struct page_tables *tables, struct tree_page *page, uint64_t address)
{
	page->start = start_of(tables, address, page->level);
	index_page(tables, &tables->tree, key_of(page->space, page->level, page->start), page);
}

static void unindex_page(struct table *index, struct table_key key, const struct tree_page *page)
{
	if (table_find(index, key) == page)
		table_remove(index, key);
}

static void forget_page(struct page_tables *tables, struct tree_page *page)
{
	unindex_page(&tables->tree, key_of(page->space, page->level, page->start), page);
	unindex_page(&tables->waiting, key_of(page->space, page->level, 0), page);
	table_remove(&tables->pages, key_of(page->frame, 0, 0));
	if (tables->tell_page)
		tables->tell_page(tables->context, page, false);
	free(page);
}

static void take_page(struct page_tables *tables, const uint64_t *field)
{
	struct tree_page *old = table_find(&tables->pages, key_of(field[1], 0, 0)), *page = calloc(1, sizeof(*page));
	if (old)
		forget_page(tables, old);
	if (!page || !table_add(&tables->pages, key_of(field[1], 0, 0), page)) {
		free(page);
		tables->out_of_memory = true;
		return;
	}
	*page = (struct tree_page){.space = field[0], .frame = field[1], .level = (unsigned)field[2]};
	if (page->level >= tables->levels)
		place_page(tables, page, 0);
	else
		index_page(tables, &tables->waiting, key_of(page->space, page->level, 0), page);
	if (tables->tell_page)
		tables->tell_page(tables->context, page, true);
}

/* The pages that were taken for the way to this address. */
static void place_pages(struct page_tables *tables, uint64_t space, uint64_t address)
{
	for (unsigned level = 1; tables->waiting.used && level < tables->levels; level++) {
		struct tree_page *page = table_remove(&tables->waiting, key_of(space, level, 0));
		if (page)
			place_page(tables, page, address);
	}
}

/* The tree of a space that has ended. */
static void forget_tree(struct page_tables *tables, uint64_t space)
{
	struct tree_page *page;
	do {
		page = NULL;
		for (size_t i = 0; tables->pages.entries && i <= tables->pages.mask && !page; i++) {
			struct tree_page *candidate = tables->pages.entries[i].value;
			page = candidate && candidate->space == space ? candidate : NULL;
		}
		if (page)
			forget_page(tables, page);
	} while (page);
}

/* ---- events ---- */

static void note_segment(struct page_tables *tables, uint64_t space, uint64_t esid, uint64_t vsid)
{
	table_remove(&tables->segments, key_of(space, esid, 0));
	if (vsid != UINT64_MAX) /* no segment has that */
		tables->out_of_memory |= !table_add(&tables->segments, key_of(space, esid, 0), (void *)(uintptr_t)(vsid + 1));
}

static void change(struct page_tables *tables, const char *name, const uint64_t *field, uint64_t ns)
{
	if (!strcmp(name, "mmu_map")) {
		place_pages(tables, field[0], field[1]);
		enter(tables, field, ns);
	} else if (!strcmp(name, "mmu_unmap")) {
		tables->unmapped += forget_pages(tables, field[0], field[1], field[2]);
	} else if (!strcmp(name, "mmu_evict")) {
		forget(tables, field[0], field[1]);
		tables->evicted++;
		if (field[2] < PAGE_TABLES_GROUPS)
			tables->group[field[2]].evicted++;
	} else if (!strcmp(name, "mmu_table")) {
		take_page(tables, field);
	} else if (!strcmp(name, "mmu_segment")) {
		note_segment(tables, field[0], field[1], field[2]);
	}
}

/* The pages of a tree are freed a grace period after its address space has ended. */
void page_tables_take(struct page_tables *tables, const struct trace_event *event, uint64_t ns)
{
	if (event->id == TRACE_EVENT_GAP)
		return;
	const char *name = event->schema->name;
	if (event->schema->category == TRACE_MMU) {
		change(tables, name, event->field, ns);
	} else if (event->schema->category == TRACE_THREAD && !strcmp(name, "aspace_destroy")) {
		forget_range(tables, event->field[0], 0, UINT64_MAX);
		if (!tables->frees_late)
			forget_tree(tables, event->field[0]);
	} else if (event->schema->category == TRACE_RCU && !strcmp(name, "rcu_free") && event->field[1] == RCU_TABLES) {
		forget_tree(tables, event->field[2]);
	}
}

/* ---- questions ---- */

struct translation *page_tables_translation(const struct page_tables *tables, uint64_t space, uint64_t address)
{
	return table_find(&tables->translations, key_of(space, address & ~PAGE_MASK, 0));
}

struct tree_page *page_tables_page(const struct page_tables *tables, uint64_t space, unsigned level, uint64_t address)
{
	return table_find(&tables->tree, key_of(space, level, start_of(tables, address, level)));
}

void page_tables_free(struct page_tables *tables)
{
	table_free(&tables->translations, free);
	table_free(&tables->tree, NULL);
	table_free(&tables->waiting, NULL);
	table_free(&tables->pages, free);
	table_free(&tables->segments, NULL);
}
