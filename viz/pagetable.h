/*
 * What the two drawings of a page table share: a tree (pagetable_tree.c) and a hash (pagetable_hash.c), with the same pages at the right.
 */
#pragma once

#include "picture.h"
#include "tables.h"

struct pagetable {
	struct picture *picture;
	const struct tables *tables;
	struct translation **of; /* the translations of the space, by address */
	size_t count;
	uint64_t space;
	uint64_t page; /* the page whose way is drawn; TABLES_NO_PAGE: all */
};

/* Pages that lie side by side, with the same rights: drawn as one. */
struct page_run {
	size_t first, pages;
	bool frames_in_row;
};

/* The run that starts at `first` and ends before `end`, an address. */
struct page_run pagetable_run(const struct pagetable *table, size_t first, uint64_t end);

/* Draws a run, which `from` leads to; `strong` is for the page that is asked for. */
void pagetable_draw_run(const struct pagetable *table, struct page_run run, struct Agnode_s *from, const char *edge, bool strong);

void pagetable_draw_tree(const struct pagetable *table);
void pagetable_draw_hash(const struct pagetable *table);
