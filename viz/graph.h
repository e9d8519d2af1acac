/*
 * What the kinds of `vitrine graph` share: a request goes in, a picture comes out as text.
 *
 * Teaches: a picture of a run is a question about it. Each kind asks one: who talks to whom (ipc), which way did faults go (faults), and so
 * on; each is a function of one signature, in a file of its own, and graph.c has the table of them.
 * Who calls: graph.c, and whoever wants a picture in memory. Whom: picture.h draws, reader.h gives the events.
 * Invariant: the same request on the same runs gives the same bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reader.h"

enum graph_format { GRAPH_SVG, GRAPH_DOT };

/* Texts that were not given are NULL. */
struct graph_request {
	const char *kind;
	const char *const *runs; /* .vtrace files or run directories */
	unsigned count;
	const char *source_base; /* stands before "kernel/mm/fault.c#L7" in a link; NULL: no links */
	const char *at;          /* the moment: "CPU:INDEX", or a time; see moment.h */
	const char *aspace;      /* an address space: its number, or its program's name */
	const char *address;     /* an address in it, as a number */
	const char *root;        /* the function below which calls are drawn */
	bool all;                /* also what hardly matters */
};

/*
 * The picture as text that ends in a NUL, to be freed, and its length. NULL after having said why. A kind that draws one run takes
 * the first.
 */
char *graph_svg(const struct graph_request *request, size_t *bytes);
char *graph_dot(const struct graph_request *request, size_t *bytes);

/* The category of events that a kind of graph is made of and this run was recorded without, by name; NULL: it has what it needs. */
const char *graph_lacks(const char *kind, const struct trace_info *info);

/* The kinds: one signature, and what `vitrine graph KIND --help` prints, ending in a newline. */
extern const char faults_help[], ipc_help[], pagetable_help[], hpt_help[], boot_help[];
char *graph_draw_faults(const struct graph_request *request, enum graph_format format, size_t *bytes);
char *graph_draw_ipc(const struct graph_request *request, enum graph_format format, size_t *bytes);
char *graph_draw_pagetable(const struct graph_request *request, enum graph_format format, size_t *bytes);
char *graph_draw_hpt(const struct graph_request *request, enum graph_format format, size_t *bytes);
char *graph_draw_boot(const struct graph_request *request, enum graph_format format, size_t *bytes);

extern const char calls_help[];
char *graph_draw_calls(const struct graph_request *request, enum graph_format format, size_t *bytes);
extern const char diff_help[];
char *graph_draw_diff(const struct graph_request *request, enum graph_format format, size_t *bytes);
