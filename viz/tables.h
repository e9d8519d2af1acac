/*
 * The machine's tables at a moment, replayed from the mmu events: translations, and what holds them.
 *
 * Teaches: a hardware table is a cache whose every change is an event, so a reader of the trace can rebuild it without a look into
 * memory. What the trace does not say, nobody here knows: referenced and changed bits, and the raw words of entries.
 * Who calls: pagetable.c, hpt.c. Invariant: of two translations one place holds at most one; `map` over an old one replaces it.
 */
#pragma once

#include "moment.h"
#include "scan.h"
#include "table.h"
#include "who.h"

#define TABLES_GROUPS 2048u
#define TABLES_SLOTS 8u
#define TABLES_SEGMENT_SHIFT 40
#define TABLES_NO_PAGE UINT64_MAX
#define TABLES_SECONDARY (UINT64_C(1) << 31)

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

struct tables {
	struct moment moment;
	struct trace_info info;
	struct who who;
	struct table translations; /* {space, address} -> struct translation */
	struct table tree;         /* {space, level, start} -> struct tree_page */
	struct table segments;     /* {space, esid} -> vsid + 1: segments that a space has used */
	struct table waiting;      /* {space, level} -> struct tree_page: taken, and not placed by a mmu_map yet */
	struct translation *slot[TABLES_GROUPS][TABLES_SLOTS]; /* the hash */
	struct group_story group[TABLES_GROUPS];
	uint64_t entered, unmapped, evicted, segments_loaded;
	const char *wanted; /* the address space that is asked for, as request->aspace says; NULL: none in particular */
	uint64_t space;     /* its number; 0: not there yet */
	uint64_t page;      /* the page that is asked for; TABLES_NO_PAGE: none */
	uint64_t used;      /* translations of it, or of all */
	uint64_t events, most,
		most_at; /* events so far; the most translations there were, and after which event; with a page: when it last came */
	bool failed;
};

/*
 * Plays the run up to request->at; NULL there means the moment at which the page of request->address was entered last, if that is given, or
 * else that at which there were most translations, of request->aspace if that is given. `space` is then the one that is meant. NULL after having said why. To be given to tables_free. */
struct tables *tables_at(const struct graph_request *request);

/* "at 1.2 ms (0:77)": the moment in words. Returns `text`. */
#define TABLES_WHEN_BYTES 96
char *tables_when(const struct tables *tables, const struct graph_request *request, char text[TABLES_WHEN_BYTES]);

/* Whether the machine hashes. */
bool tables_hash(const struct tables *tables);

/* The translation of a page of a space, or NULL. And the page of the tree, the same. */
struct translation *tables_translation(const struct tables *tables, uint64_t space, uint64_t address);
struct tree_page *tables_page(const struct tables *tables, uint64_t space, unsigned level, uint64_t start);

/* How many levels a tree has on this machine: 4 or 5. */
unsigned tables_levels(const struct tables *tables);

/* All translations, by space and address; to be freed. Their number in *count. NULL if there is none, or no memory. */
struct translation **tables_sorted(const struct tables *tables, size_t *count);

void tables_free(struct tables *tables);
