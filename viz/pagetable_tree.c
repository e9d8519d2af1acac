/*
 * A page table that is a tree (x86-64): root, tables, pages.
 *
 *      63      48 47     39 38     30 29     21 20     12 11        0
 *     | sign ext | level 4 | level 3 | level 2 | level 1 | in page   |      nine bits each: an index into 512 entries
 *
 * Teaches: a table exists only where something is mapped, so a program that uses four corners of its address space needs about four times
 * three tables. Who calls: pagetable.c. Intel SDM volume 3A, 4.5.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "pagetable.h"

#define RUNS_DRAWN 120 /* boxes at the right; more are one box that counts them */

static unsigned shift_of(unsigned level)
{
	return 12 + 9 * (level - 1);
}

static unsigned index_of(uint64_t address, unsigned level)
{
	return (unsigned)(address >> shift_of(level)) & 511;
}

/* Where the addresses of a table begin: all of them for the root. */
static uint64_t start_of(const struct pagetable *table, uint64_t address, unsigned level)
{
	unsigned bits = shift_of(level) + 9;
	return level == table->tables->now.levels ? 0 : address >> bits << bits;
}

static bool on_the_way(const struct pagetable *table, uint64_t address, unsigned level)
{
	return table->page != TABLES_NO_PAGE && start_of(table, address, level) == start_of(table, table->page, level);
}

/* The box of the table of a level that an address goes through, and of those above it. */
static struct Agnode_s *draw_table(const struct pagetable *table, uint64_t address, unsigned level)
{
	static const char *const bytes[] = {"4 KiB", "2 MiB", "1 GiB", "512 GiB", "256 TiB"};
	char key[48], edge[16];
	uint64_t start = start_of(table, address, level);
	unsigned top = table->tables->now.levels;
	const struct tree_page *page = page_tables_page(&table->tables->now, table->space, level, start);
	bool strong = on_the_way(table, address, level);
	enum look look = !page ? LOOK_NEVER : strong ? LOOK_STRONG : LOOK_DATA;
	snprintf(key, sizeof(key), "table_%u_%" PRIx64, level, start);
	struct Agnode_s *node =
		page ? picture_node(table->picture, NULL, key, look,
				    level == top ? "root, level %u\nframe 0x%" PRIx64 : "level %u\nframe 0x%" PRIx64, level,
				    page->frame)
		     : picture_node(table->picture, NULL, key, look, "level %u\nnot seen in the trace", level);
	picture_tip(node, "%s of addresses an entry, from 0x%" PRIx64 " on", bytes[level - 1], start);
	scan_source(table->picture, node, "mmu_table");
	if (level == top)
		return node;
	struct Agnode_s *above = draw_table(table, address, level + 1);
	snprintf(edge, sizeof(edge), "[%u]", index_of(address, level + 1));
	picture_edge(table->picture, above, node, NULL, strong ? LOOK_STRONG : LOOK_DATA, strong ? 0.4 : 0, "%s", edge);
	return node;
}

/* The page that is asked for is not there: where does the way end? */
static void draw_missing(const struct pagetable *table)
{
	unsigned level = 1, top = table->tables->now.levels;
	char edge[16];
	while (level < top && !page_tables_page(&table->tables->now, table->space, level, table->page))
		level++;
	struct Agnode_s *from = draw_table(table, table->page, level);
	struct Agnode_s *node = picture_node(table->picture, NULL, "missing", LOOK_BAD, "no entry:\nan access faults here");
	snprintf(edge, sizeof(edge), "[%u]", index_of(table->page, level));
	picture_edge(table->picture, from, node, NULL, LOOK_BAD, 0.4, "%s", edge);
}

static void draw_rest(const struct pagetable *table, size_t first)
{
	char key[] = "rest", count[PICTURE_NUMBER_BYTES];
	picture_node(table->picture, NULL, key, LOOK_DATA, "and %s more pages from 0x%" PRIx64 " on",
		     picture_number(count, table->count - first), table->of[first]->address);
}

/* With a page asked for, only its level-1 table is drawn with what lies beside it. */
static bool is_left_out(const struct pagetable *table, uint64_t address)
{
	return table->page != TABLES_NO_PAGE && !on_the_way(table, address, 1);
}

void pagetable_draw_tree(const struct pagetable *table)
{
	unsigned runs = 0;
	draw_table(table, 0, table->tables->now.levels);
	for (size_t i = 0; i < table->count;) {
		uint64_t address = table->of[i]->address, end = start_of(table, address, 1) + (UINT64_C(1) << 21);
		struct page_run run = pagetable_run(table, i, end);
		char edge[32];
		i += run.pages;
		if (is_left_out(table, address))
			continue;
		if (runs++ == RUNS_DRAWN) {
			draw_rest(table, i - run.pages);
			break;
		}
		if (run.pages == 1)
			snprintf(edge, sizeof(edge), "[%u]", index_of(address, 1));
		else
			snprintf(edge, sizeof(edge), "[%u to %u]", index_of(address, 1),
				 index_of(address, 1) + (unsigned)run.pages - 1);
		pagetable_draw_run(table, run, draw_table(table, address, 1), edge, address == table->page);
	}
	if (table->page != TABLES_NO_PAGE && !page_tables_translation(&table->tables->now, table->space, table->page))
		draw_missing(table);
}
