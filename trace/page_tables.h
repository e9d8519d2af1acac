/*
 * The page tables of a run, made again from its mmu events: translations, and what holds them.
 *
 * Teaches: a hardware table is a cache whose every change is an event, so a reader of the trace can rebuild it without a look into memory. What
 * the trace does not say, nobody here knows: referenced and changed bits, and the raw words of entries.
 * Who calls: the graphs of tables, the memory viewer of the report, and the walk of `vitrine explain`, each with every event up to the moment
 * that it is about. Whom: table.h. Invariant: one place of the hash holds at most one translation, and one frame at most one page of a tree.
 */
#pragma once

#include "reader.h"
#include "table.h"

#define PAGE_TABLES_GROUPS 2048u
#define PAGE_TABLES_SLOTS 8u
#define PAGE_TABLES_SECONDARY (UINT64_C(1) << 31) /* in a place: entered by the second hash */

/* A page that the machine can translate. */
struct translation {
	uint64_t space, address, frame, flags, place;
	uint64_t ns; /* since when */
};

/* A page that is part of a radix tree: of its level, for the addresses from `start`. The root has the highest level. */
struct tree_page {
	uint64_t space, frame, start;
	unsigned level;
};

/* What happened to a group of the hash since the boot. */
struct group_story {
	unsigned entered, evicted, secondary; /* secondary: entered here by the second hash */
};

struct page_tables {
	bool hash;
	unsigned levels;           /* of a tree */
	bool frees_late;           /* the run says when a grace period has freed the pages of a tree */
	struct table translations; /* {space, address} -> struct translation */
	struct table pages;        /* {frame} -> struct tree_page */
	struct table tree;         /* {space, level, start} -> one of `pages` */
	struct table waiting;      /* {space, level} -> one of `pages`: taken, and not placed by a mmu_map yet */
	struct table segments;     /* {space, esid} -> vsid + 1: segments that a space has used */
	struct translation *slot[PAGE_TABLES_GROUPS][PAGE_TABLES_SLOTS]; /* the hash */
	struct group_story group[PAGE_TABLES_GROUPS];
	uint64_t entered, unmapped, evicted;
	bool out_of_memory;
	/* Who wants to be told of each change, if anybody: a translation, or a page of a tree, is there from now on, or is there no more. */
	void (*tell_translation)(void *context, const struct translation *translation, bool there);
	void (*tell_page)(void *context, const struct tree_page *page, bool there);
	void *context;
};

/* Starts empty, for the machine that this says. */
void page_tables_start(struct page_tables *tables, const struct trace_info *info);

/* Takes the next event in time, at `ns`; those that change no table say nothing to it. */
void page_tables_take(struct page_tables *tables, const struct trace_event *event, uint64_t ns);

/* The translation of the page of an address, or NULL. */
struct translation *page_tables_translation(const struct page_tables *tables, uint64_t space, uint64_t address);

/* The page of the tree of a space that serves an address at this level, or NULL. */
struct tree_page *page_tables_page(const struct page_tables *tables, uint64_t space, unsigned level, uint64_t address);

/* All translations, by space and address; to be freed. Their number in *count. NULL if there is no memory. */
struct translation **page_tables_sorted(const struct page_tables *tables, size_t *count);

void page_tables_free(struct page_tables *tables);
