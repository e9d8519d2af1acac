/*
 * The machine's tables at a moment that somebody asks for, and the address space and the page that they ask about.
 *
 * Who calls: pagetable.c, hpt.c. Whom: page_tables.h plays the events, moment.h knows what is asked for. Simplified: the run is read once to find the
 * moment and once up to there.
 */
#pragma once

#include "actors.h"
#include "graph.h"
#include "page_tables.h"
#include "scan.h"

#define TABLES_SEGMENT_SHIFT 40
#define TABLES_NO_PAGE UINT64_MAX

/* How far the run is played: to its end; up to an event, which still belongs to it; before the first event after a time; so many events. */
struct until {
	enum { UNTIL_END, UNTIL_EVENT, UNTIL_TIME, UNTIL_NTH } kind;
	unsigned cpu;
	uint64_t number;
	bool reached;
	uint64_t ns; /* when it was reached; until then, of the last event */
};

struct tables {
	struct until until;
	struct trace_info info;
	struct actors actors;
	struct page_tables now;
	const char *wanted; /* the address space that is asked for, as request->aspace says; NULL: none in particular */
	uint64_t space;     /* its number; 0: not there yet */
	uint64_t page;      /* the page that is asked for; TABLES_NO_PAGE: none */
	uint64_t used;      /* translations of it, or of all */
	uint64_t events, most,
		most_at; /* events so far; the most translations there were, and after which event; with a page: when it last came */
	bool started, failed;
};

/*
 * Plays the run up to request->at; NULL there means the moment at which the page of request->address was entered last, if that is given, or
 * else that at which there were most translations, of request->aspace if that is given. `space` is then the one that is meant. NULL after
 * having said why. To be given to tables_free.
 */
struct tables *tables_at(const struct graph_request *request);

/* "at 1.2 ms (0:77)": the moment in words. Returns `text`. */
#define TABLES_WHEN_BYTES 96
char *tables_when(const struct tables *tables, const struct graph_request *request, char text[TABLES_WHEN_BYTES]);

void tables_free(struct tables *tables);
