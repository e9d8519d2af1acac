/*
 * The graph `pagetable`: what a machine can translate, and how it finds it.
 *
 * Teaches: the same pages of the same program, found in two ways. A tree takes the address apart, nine bits a level, and follows a pointer for
 * each part; a hash turns segment and page into the number of a group, and looks at its eight slots. Who calls: graph.c. Whom: tables.h for
 * the state, pagetable_tree.c and pagetable_hash.c for what differs.
 */
#include "pagetable.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kernel/mmu.h"
#include "commands.h"
#include "moment.h"

const char pagetable_help[] =
	"usage: vitrine graph pagetable RUN... [-o FILE] [--format svg|dot] [--at MOMENT] [--aspace NAME] [--address ADDRESS]\n"
	"\n"
	"the page table of an address space at a moment, or the way to one address\n"
	"\n"
	"x86-64: the tree, from the root to the pages. POWER: segments, groups of the hash, slots. It is rebuilt from the mmu "
	"events, so it\n"
	"shows what the kernel entered and removed, not what the machine wrote into entries (referenced, changed).\n"
	"\n"
	"    --aspace NAME        an address space, by its number or its program's name (default: the one with most pages)\n"
	"    --address ADDRESS    only the way to this address: every step from the top, and what lies beside it\n"
	"    --at MOMENT          as it was then (default: when the space had most pages; with --address when that page was\n"
	"                         entered last)\n"
	"\n" MOMENT_HELP_OF_STATES "\n"
	"    vitrine graph pagetable out/demo/x86_64 --aspace init\n"
	"    vitrine graph pagetable out/demo/ppc64 --address 0x100040001000\n";

/* ---- pages ---- */

struct page_run pagetable_run(const struct pagetable *table, size_t first, uint64_t end)
{
	struct page_run run = {.first = first, .pages = 1, .frames_in_row = true};
	for (size_t i = first + 1; i < table->count; i++, run.pages++) {
		const struct translation *before = table->of[i - 1], *here = table->of[i];
		if (here->address != before->address + 4096 || here->address >= end || here->flags != before->flags ||
		    here->address == table->page || before->address == table->page)
			break;
		run.frames_in_row &= here->frame == before->frame + 4096;
	}
	return run;
}

static const char *rights_text(uint64_t flags, char text[40])
{
	snprintf(text, 40, "%s%s%s%s%s", flags & MMU_READ ? "read" : "no right", flags & MMU_WRITE ? ", write" : "",
		 flags & MMU_EXEC ? ", execute" : "", flags & MMU_DEVICE ? ", device" : "", flags & MMU_WIRED ? ", wired" : "");
	return text;
}

void pagetable_draw_run(const struct pagetable *table, struct page_run run, struct Agnode_s *from, const char *edge, bool strong)
{
	const struct translation *first = table->of[run.first], *last = table->of[run.first + run.pages - 1];
	char key[40], rights[40], time[PICTURE_NUMBER_BYTES];
	enum look look = strong ? LOOK_STRONG : LOOK_USER;
	struct Agnode_s *node;
	snprintf(key, sizeof(key), "page_%" PRIx64, first->address);
	rights_text(first->flags, rights);
	if (run.pages == 1)
		node = picture_node(table->picture, NULL, key, look, "page 0x%" PRIx64 "\n%s\nframe 0x%" PRIx64, first->address,
				    rights, first->frame);
	else
		node = picture_node(table->picture, NULL, key, look,
				    run.frames_in_row ? "%zu pages 0x%" PRIx64 " to 0x%" PRIx64 "\n%s\nframes 0x%" PRIx64
							" to 0x%" PRIx64
						      : "%zu pages 0x%" PRIx64 " to 0x%" PRIx64 "\n%s\nframes from 0x%" PRIx64
							" on, not in a row",
				    run.pages, first->address, last->address, rights, first->frame, last->frame);
	picture_tip(node, "entered %s after kernel entry", picture_time(time, first->ns));
	picture_edge(table->picture, from, node, NULL, strong ? LOOK_STRONG : LOOK_DATA, strong ? 0.4 : 0, "%s", edge);
}

/* ---- which space ---- */

/* The space with most translations; of those as many, the first. */
static uint64_t largest_space(struct translation *const *sorted, size_t count)
{
	uint64_t best = 0;
	for (size_t i = 0, most = 0; i < count;) {
		size_t end = i;
		while (end < count && sorted[end]->space == sorted[i]->space)
			end++;
		if (end - i > most) {
			most = end - i;
			best = sorted[i]->space;
		}
		i = end;
	}
	return best;
}

/* Narrows the translations to those of the space. */
static void take_space(struct pagetable *table, struct translation **sorted, size_t count)
{
	size_t first = 0;
	table->space = table->tables->space ? table->tables->space : largest_space(sorted, count);
	while (first < count && sorted[first]->space != table->space)
		first++;
	table->of = sorted + first;
	while (first + table->count < count && sorted[first + table->count]->space == table->space)
		table->count++;
}

static void draw_heading(const struct pagetable *table, const struct graph_request *request)
{
	char when[TABLES_WHEN_BYTES], count[PICTURE_NUMBER_BYTES];
	bool hash = table->tables->now.hash;
	scan_describe(table->picture, &table->tables->info);
	scan_say_lacking(table->picture, &table->tables->info, TRACE_THREAD,
			 "address spaces have no names, and those that ended are still there");
	picture_about(table->picture, "address space %" PRIu64 " (%s), %s: %s pages can be translated", table->space,
		      actors_process_name(&table->tables->actors, table->space, "unknown"),
		      tables_when(table->tables, request, when), picture_number(count, table->count));
	picture_about(table->picture, "rebuilt from the trace, which does not show referenced and changed bits%s",
		      hash ? ", nor which CPU has which segment loaded" : ", nor what a CPU's TLB holds");
	picture_legend(table->picture, LOOK_DATA, hash ? "groups of the hash" : "pages of the tree");
	picture_legend(table->picture, LOOK_USER, "pages of the program");
	if (hash)
		picture_legend(table->picture, LOOK_ARCH, "segments (SLB entries)");
	if (table->page != TABLES_NO_PAGE) {
		picture_legend(table->picture, LOOK_STRONG, "the way that was asked for");
		picture_legend(table->picture, LOOK_BAD, "here it ends");
	}
}

char *graph_draw_pagetable(const struct graph_request *request, enum graph_format format, size_t *bytes)
{
	struct tables *tables = tables_at(request);
	if (!tables)
		return NULL;
	size_t count;
	char *text = NULL;
	struct pagetable table = {.tables = tables, .page = tables->page};
	struct translation **sorted = page_tables_sorted(&tables->now, &count);
	if (!sorted) {
		say("out of memory");
	} else {
		take_space(&table, sorted, count);
		table.picture = picture_begin(request,
					      table.page == TABLES_NO_PAGE ? "Which pages can be translated?"
									   : "How is 0x%" PRIx64 " translated?",
					      table.page);
		draw_heading(&table, request);
		picture_set(picture_graph(table.picture), "rankdir", "LR");
		picture_set(picture_graph(table.picture), "ranksep", "0.7");
		picture_set(picture_graph(table.picture), "nodesep", "0.15");
		(tables->now.hash ? pagetable_draw_hash : pagetable_draw_tree)(&table);
		text = picture_end(table.picture, format, bytes);
	}
	free(sorted);
	tables_free(tables);
	return text;
}
