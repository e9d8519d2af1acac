/*
 * The call graphs of one run or of two, as one graph whose nodes say what each run did: what `calls` and `diff` draw.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "picture.h"
#include "witness/witness.h"

#define JOIN_RUNS 2

struct join_node {
	char name[64];                           /* without what a compiler puts behind it: .part.0, .isra.0 */
	const struct call_node *node[JOIN_RUNS]; /* the first of that name; NULL: this run had none */
	uint64_t calls[JOIN_RUNS], self[JOIN_RUNS], inclusive[JOIN_RUNS];
	bool drawn;
	struct Agnode_s *box;
};

struct join_edge {
	uint32_t from, to;
	uint64_t calls[JOIN_RUNS], instructions[JOIN_RUNS];
	bool drawn;
};

struct join {
	unsigned runs;
	struct witness *witness[JOIN_RUNS];
	struct call_graph *graph[JOIN_RUNS];
	const char *machine[JOIN_RUNS];
	struct join_node *nodes; /* by module and name */
	struct join_edge *edges;
	size_t node_count, edge_count;
	uint32_t *place[JOIN_RUNS]; /* of each node of a graph among the joined ones */
	double least;               /* the share of instructions that makes a function worth drawing */
	size_t left_out;            /* functions that are not drawn */
	double left_out_share;      /* of all instructions in functions, in the run where it is more */
};

/*
 * Opens what the witness saw of the request's runs, all or below its root, and decides what is worth drawing. False after having said
 * why it cannot.
 */
bool join_open(struct join *join, const struct graph_request *request, unsigned runs);
void join_close(struct join *join);

/* The run's share of a number of instructions, 0 to 1; the larger of both runs. */
double join_share(const struct join *join, const uint64_t instructions[JOIN_RUNS]);

/* How the picture is laid out. */
void join_arrange(struct picture *picture);

/* Draws what is worth it: functions, then calls. */
void join_draw(struct join *join, struct picture *picture,
	       void (*draw_node)(struct picture *picture, const struct join *join, struct join_node *node),
	       void (*draw_edge)(struct picture *picture, const struct join *join, const struct join_edge *edge));

/* A function's group in the picture, by its module; NULL for what is no function. */
struct Agraph_s *join_group(struct picture *picture, const struct join_node *node);

/* The node's first account of itself: of the first run that has it. */
const struct call_node *join_any(const struct join_node *node);

/* Says below the title what was left out. */
void join_say_left_out(const struct join *join, struct picture *picture);
