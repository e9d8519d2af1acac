/*
 * A page table that is a hash (POWER): segment, group, slot, page.
 *
 *     address:  | ESID | page in the segment | in page |         VSID = space * 64 + ESID
 *     group:    (VSID xor address / 4096) mod 2048, or, where that is full, all its bits inverted: the second hash
 *
 * Teaches: a translation is found without following a pointer: the address says in which two groups it can be, and the eight slots of
 * each are compared. Who calls: pagetable.c. Power ISA 3.0B Book III, 5.7.9.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "pagetable.h"

#define RUNS_DRAWN 120 /* boxes at the right; more are one box that counts them */

static uint64_t esid_of(uint64_t address)
{
	return address >> TABLES_SEGMENT_SHIFT & 63;
}

/* What the kernel makes of a space and a segment, whether or not the trace has seen it loaded. */
static uint64_t vsid_of(const struct pagetable *table, uint64_t address)
{
	return table->space * 64 + esid_of(address);
}

static unsigned primary_of(const struct pagetable *table, uint64_t address)
{
	return (unsigned)((vsid_of(table, address) ^ address >> 12) % PAGE_TABLES_GROUPS);
}

static struct Agnode_s *draw_segment(const struct pagetable *table, uint64_t address)
{
	char key[32];
	uint64_t esid = esid_of(address), vsid = vsid_of(table, address);
	bool seen = table_find(&table->tables->now.segments, (struct table_key){.word = {table->space, esid}}) != NULL;
	bool strong = table->page != TABLES_NO_PAGE && esid_of(table->page) == esid;
	struct Agnode_s *space = picture_node(table->picture, NULL, "space", LOOK_DATA, "address space %" PRIu64, table->space);
	snprintf(key, sizeof(key), "segment_%" PRIu64, esid);
	struct Agnode_s *node = picture_node(
		table->picture, NULL, key, strong ? LOOK_STRONG : LOOK_ARCH,
		"segment: ESID %" PRIu64 "\n0x%" PRIx64 " and 1 TiB\nVSID %" PRIu64 " = %" PRIu64 " * 64 + %" PRIu64 "%s", esid,
		esid << TABLES_SEGMENT_SHIFT, vsid, table->space, esid, seen ? "" : "\nnot seen loaded");
	scan_source(table->picture, node, "mmu_segment");
	picture_edge(table->picture, space, node, NULL, strong ? LOOK_STRONG : LOOK_DATA, strong ? 0.4 : 0, "%s", "");
	return node;
}

/* ---- all pages: runs, each with the groups it went to ---- */

/* The number of translations of a run that sit in a group of the second hash. */
static unsigned secondary_in(const struct pagetable *table, struct page_run run)
{
	unsigned count = 0;
	for (size_t i = run.first; i < run.first + run.pages; i++)
		count += (table->of[i]->place & PAGE_TABLES_SECONDARY) != 0;
	return count;
}

static void draw_run_with_groups(const struct pagetable *table, struct page_run run)
{
	uint64_t address = table->of[run.first]->address;
	unsigned secondary = secondary_in(table, run),
		 first = (unsigned)(table->of[run.first]->place & ~PAGE_TABLES_SECONDARY) >> 8;
	char key[40], by_second[40] = "";
	struct Agnode_s *node;
	if (secondary)
		snprintf(by_second, sizeof(by_second), "\n%u by the second hash", secondary);
	snprintf(key, sizeof(key), "groups_%" PRIx64, address);
	if (run.pages == 1)
		node = picture_node(table->picture, NULL, key, LOOK_DATA, "group %u, slot %u%s", first,
				    (unsigned)table->of[run.first]->place & 7, secondary ? "\nby the second hash" : "");
	else
		node = picture_node(table->picture, NULL, key, LOOK_DATA, "%zu slots, from group %u on%s", run.pages, first,
				    by_second);
	scan_source(table->picture, node, "mmu_map");
	picture_edge(table->picture, draw_segment(table, address), node, NULL, LOOK_DATA, 0, "%s", "hash");
	pagetable_draw_run(table, run, node, "", false);
}

static void draw_all(const struct pagetable *table)
{
	unsigned runs = 0;
	for (size_t i = 0; i < table->count;) {
		struct page_run run = pagetable_run(table, i, UINT64_MAX);
		if (runs++ == RUNS_DRAWN) {
			char count[PICTURE_NUMBER_BYTES];
			picture_node(table->picture, NULL, "rest", LOOK_DATA, "and %s more pages from 0x%" PRIx64 " on",
				     picture_number(count, table->count - i), table->of[i]->address);
			break;
		}
		draw_run_with_groups(table, run);
		i += run.pages;
	}
}

/* ---- one page: two groups, eight slots each ---- */

static struct Agnode_s *draw_slot(const struct pagetable *table, struct Agraph_s *group, unsigned number, unsigned slot)
{
	const struct translation *here = table->tables->now.slot[number][slot];
	bool strong = here && here->space == table->space && here->address == table->page;
	char key[32];
	snprintf(key, sizeof(key), "slot_%u_%u", number, slot);
	if (!here)
		return picture_node(table->picture, group, key, LOOK_NEVER, "slot %u: free", slot);
	return picture_node(table->picture, group, key, strong ? LOOK_STRONG : LOOK_DATA, "slot %u: 0x%" PRIx64 " of %s%s", slot,
			    here->address, actors_process_name(&table->tables->actors, here->space, "?"),
			    here->place & PAGE_TABLES_SECONDARY ? "\nby the second hash" : "");
}

/* Draws a group, which the hash leads to. Returns the slot that holds the page, NULL if none does. */
static struct Agnode_s *draw_group(const struct pagetable *table, struct Agnode_s *hash, unsigned number, const char *edge)
{
	char key[32];
	struct Agnode_s *found = NULL, *first = NULL;
	snprintf(key, sizeof(key), "group_%u", number);
	struct Agraph_s *group = picture_group(table->picture, NULL, key, LOOK_NEVER, "group %u: %u evicted so far", number,
					       table->tables->now.group[number].evicted);
	for (unsigned i = 0; i < PAGE_TABLES_SLOTS; i++) {
		const struct translation *here = table->tables->now.slot[number][i];
		struct Agnode_s *slot = draw_slot(table, group, number, i);
		first = first ? first : slot;
		if (here && here->space == table->space && here->address == table->page)
			found = slot;
	}
	picture_edge(table->picture, hash, found ? found : first, NULL, found ? LOOK_STRONG : LOOK_NEVER, found ? 0.4 : 0, "%s",
		     edge);
	return found;
}

static void draw_one(const struct pagetable *table)
{
	unsigned primary = primary_of(table, table->page), second = ~primary % PAGE_TABLES_GROUPS;
	struct Agnode_s *segment = draw_segment(table, table->page);
	struct Agnode_s *hash = picture_node(table->picture, NULL, "hash", LOOK_STRONG,
					     "hash: VSID xor page number, mod 2048\n%" PRIu64 " xor 0x%" PRIx64
					     " = group %u\nsecond: its bits inverted = group %u",
					     vsid_of(table, table->page), table->page >> 12, primary, second);
	picture_edge(table->picture, segment, hash, NULL, LOOK_STRONG, 0.4, "%s", "");
	struct Agnode_s *found = draw_group(table, hash, primary, "first hash");
	struct Agnode_s *other = draw_group(table, hash, second, "second hash");
	found = found ? found : other;
	for (size_t i = 0; i < table->count && found; i++)
		if (table->of[i]->address == table->page)
			pagetable_draw_run(table, (struct page_run){.first = i, .pages = 1}, found, "", true);
	if (found)
		return;
	struct Agnode_s *missing =
		picture_node(table->picture, NULL, "missing", LOOK_BAD, "in neither group:\nan access faults here");
	picture_edge(table->picture, hash, missing, NULL, LOOK_BAD, 0.4, "%s", "");
}

void pagetable_draw_hash(const struct pagetable *table)
{
	if (table->page == TABLES_NO_PAGE)
		draw_all(table);
	else
		draw_one(table);
}
