/*
 * Joining call graphs, and leaving out what hardly matters.
 *
 * Teaches: two machines run the same portable functions, so their graphs can be laid upon each other by name. A picture of all of a kernel's
 * functions shows nothing; what hardly costs anything, with all it calls, is left out, and it is said how much that was.
 * Who calls: calls.c, diff.c. Whom: witness.h. Invariant: a function that is drawn has its most expensive caller drawn to it, so nothing
 * hangs in the air but roots.
 */
#include "call_join.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

/* What costs less with all it calls is left out: of what lies below a root, and of a whole kernel, which would be too wide to be seen. */
#define SHARE_BELOW_ROOT 0.005
#define SHARE_WHOLE 0.01

const struct call_node *join_any(const struct join_node *node)
{
	return node->node[0] ? node->node[0] : node->node[1];
}

/* ---- joining ---- */

/* "foo.part.0" is a part of foo, "foo.isra.0" foo itself in other clothes. A name that starts with a dot has no base. */
static void base_name(char base[64], const char *name)
{
	snprintf(base, 64, "%.*s", (int)strcspn(name, "."), name);
}

struct row {
	char name[64];
	unsigned run;
	uint32_t index;
	const struct call_node *node;
};

/* Portable functions are one if they are of one file, the machines' own if they have one name. */
static const char *place_of(const struct call_node *node)
{
	return node->is_arch ? "arch" : node->file;
}

static int by_place(const void *one, const void *other)
{
	const struct row *a = one, *b = other;
	int order = strcmp(place_of(a->node), place_of(b->node));
	order = order ? order : strcmp(a->name, b->name);
	order = order ? order : (int)a->run - (int)b->run;
	return order ? order : a->index < b->index ? -1 : a->index > b->index;
}

static void add_to(struct join_node *node, const struct row *row)
{
	const struct call_node *from = row->node;
	if (!node->node[row->run])
		node->node[row->run] = from;
	node->calls[row->run] += from->calls;
	node->self[row->run] += from->self;
	if (from->inclusive > node->inclusive[row->run])
		node->inclusive[row->run] = from->inclusive;
}

static void join_nodes(struct join *join)
{
	size_t count = 0, filled = 0;
	for (unsigned run = 0; run < join->runs; run++)
		count += join->graph[run]->node_count;
	struct row *rows = calloc(count + 1, sizeof(*rows));
	join->nodes = calloc(count + 1, sizeof(*join->nodes));
	if (!rows || !join->nodes)
		abort();
	for (unsigned run = 0; run < join->runs; run++) {
		join->place[run] = calloc(join->graph[run]->node_count + 1, sizeof(*join->place[run]));
		if (!join->place[run])
			abort();
		for (uint32_t i = 0; i < join->graph[run]->node_count; i++, filled++) {
			rows[filled] = (struct row){.run = run, .index = i, .node = &join->graph[run]->nodes[i]};
			base_name(rows[filled].name, rows[filled].node->name);
		}
	}
	qsort(rows, count, sizeof(*rows), by_place);
	for (size_t i = 0; i < count; i++) {
		bool same = i > 0 && !strcmp(rows[i].name, rows[i - 1].name) &&
			    !strcmp(place_of(rows[i].node), place_of(rows[i - 1].node));
		struct join_node *node = &join->nodes[same ? join->node_count - 1 : join->node_count++];
		memcpy(node->name, rows[i].name, sizeof(node->name));
		add_to(node, &rows[i]);
		join->place[rows[i].run][rows[i].index] = (uint32_t)(node - join->nodes);
	}
	free(rows);
}

static int by_ends(const void *one, const void *other)
{
	const struct join_edge *a = one, *b = other;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return a->to < b->to ? -1 : a->to > b->to;
}

static void join_edges(struct join *join)
{
	size_t count = 0, kept = 0;
	for (unsigned run = 0; run < join->runs; run++)
		count += join->graph[run]->edge_count;
	join->edges = calloc(count + 1, sizeof(*join->edges));
	if (!join->edges)
		abort();
	for (unsigned run = 0; run < join->runs; run++)
		for (size_t i = 0; i < join->graph[run]->edge_count; i++) {
			const struct call_edge *from = &join->graph[run]->edges[i];
			struct join_edge *edge = &join->edges[join->edge_count];
			*edge = (struct join_edge){.from = join->place[run][from->from], .to = join->place[run][from->to]};
			edge->calls[run] = from->calls;
			edge->instructions[run] = from->instructions;
			join->edge_count += edge->from != edge->to;
		}
	qsort(join->edges, join->edge_count, sizeof(*join->edges), by_ends);
	for (size_t i = 0; i < join->edge_count; i++) {
		if (!kept || by_ends(&join->edges[kept - 1], &join->edges[i]) != 0) {
			join->edges[kept++] = join->edges[i];
			continue;
		}
		for (unsigned run = 0; run < join->runs; run++) {
			join->edges[kept - 1].calls[run] += join->edges[i].calls[run];
			join->edges[kept - 1].instructions[run] += join->edges[i].instructions[run];
		}
	}
	join->edge_count = kept;
}

/* ---- leaving out ---- */

double join_share(const struct join *join, const uint64_t instructions[JOIN_RUNS])
{
	double most = 0;
	for (unsigned run = 0; run < join->runs; run++) {
		double whole = (double)join->graph[run]->instructions;
		double share = whole > 0 ? (double)instructions[run] / whole : 0;
		most = share > most ? share : most;
	}
	return most < 1 ? most : 1;
}

/*
 * A function that is drawn is drawn with the caller that makes it cost most. One all of whose callers were left out is left out as well, but for
 * roots, which nobody calls. Those callers are many, since each is cheaper than the function.
 */
static void keep_best_callers(struct join *join)
{
	struct {
		uint32_t edge; /* + 1; 0: none */
		bool is_called;
	} *node = calloc(join->node_count + 1, sizeof(*node));
	if (!node)
		abort();
	for (uint32_t i = 0; i < join->edge_count; i++) {
		const struct join_edge *edge = &join->edges[i];
		uint32_t best = node[edge->to].edge;
		node[edge->to].is_called = true;
		if (join->nodes[edge->from].drawn && join->nodes[edge->to].drawn &&
		    (!best || join_share(join, edge->instructions) > join_share(join, join->edges[best - 1].instructions)))
			node[edge->to].edge = i + 1;
	}
	for (size_t i = 0; i < join->node_count; i++) {
		if (node[i].edge)
			join->edges[node[i].edge - 1].drawn = true;
		join->nodes[i].drawn &= node[i].edge || !node[i].is_called;
	}
	free(node);
}

static void choose(struct join *join)
{
	for (size_t i = 0; i < join->node_count; i++)
		join->nodes[i].drawn = join_share(join, join->nodes[i].inclusive) >= join->least;
	for (size_t i = 0; i < join->edge_count; i++) {
		struct join_edge *edge = &join->edges[i];
		edge->drawn = join_share(join, edge->instructions) >= join->least;
	}
	keep_best_callers(join);
	for (size_t i = 0; i < join->edge_count; i++)
		join->edges[i].drawn &= join->nodes[join->edges[i].from].drawn && join->nodes[join->edges[i].to].drawn;
}

static void count_left_out(struct join *join)
{
	uint64_t left_out[JOIN_RUNS] = {0};
	for (size_t i = 0; i < join->node_count; i++) {
		const struct join_node *node = &join->nodes[i];
		join->left_out += !node->drawn;
		for (unsigned run = 0; run < join->runs && !node->drawn; run++)
			left_out[run] += node->self[run];
	}
	join->left_out_share = join_share(join, left_out);
}

/* ---- from start to end ---- */

bool join_open(struct join *join, const struct graph_request *request, unsigned runs)
{
	static char error[640];
	*join = (struct join){.runs = runs, .least = request->all ? 0 : request->root ? SHARE_BELOW_ROOT : SHARE_WHOLE};
	for (unsigned run = 0; run < runs; run++) {
		join->witness[run] = witness_open(request->runs[run], error, sizeof(error));
		if (!join->witness[run])
			return say("%s", error), join_close(join), false;
		join->machine[run] = join->witness[run]->header->machine;
		join->graph[run] = call_graph_make(join->witness[run], request->root);
		if (!join->graph[run])
			return join_close(join), false;
	}
	join_nodes(join);
	join_edges(join);
	choose(join);
	count_left_out(join);
	return true;
}

void join_close(struct join *join)
{
	for (unsigned run = 0; run < JOIN_RUNS; run++) {
		call_graph_free(join->graph[run]);
		witness_close(join->witness[run]);
		free(join->place[run]);
	}
	free(join->nodes);
	free(join->edges);
	*join = (struct join){0};
}

/* ---- what both pictures say alike ---- */

/* Callers left, called functions right; frames follow that order, and not the other way round. */
void join_arrange(struct picture *picture)
{
	picture_set(picture_graph(picture), "rankdir", "LR");
	picture_set(picture_graph(picture), "newrank", "true");
}

void join_draw(struct join *join, struct picture *picture,
	       void (*draw_node)(struct picture *picture, const struct join *join, struct join_node *node),
	       void (*draw_edge)(struct picture *picture, const struct join *join, const struct join_edge *edge))
{
	for (size_t i = 0; i < join->node_count; i++)
		if (join->nodes[i].drawn)
			draw_node(picture, join, &join->nodes[i]);
	for (size_t i = 0; i < join->edge_count; i++)
		if (join->edges[i].drawn)
			draw_edge(picture, join, &join->edges[i]);
}

struct Agraph_s *join_group(struct picture *picture, const struct join_node *node)
{
	const struct call_node *any = join_any(node);
	if (!*any->module)
		return NULL;
	if (any->is_arch && node->node[0] && node->node[1])
		return picture_group(picture, NULL, "arch", LOOK_NEVER, "arch: each machine's own");
	/* A machine's doors and its MMU lie at two ends of the picture. */
	const char *group = any->is_arch ? any->file : any->module;
	return picture_group(picture, NULL, group, LOOK_NEVER, "%s", group);
}

void join_say_left_out(const struct join *join, struct picture *picture)
{
	if (join->left_out)
		picture_about(picture,
			      "left out: %zu functions that cost less than %.1f %% each with all they call, %.1f %% together; "
			      "--all draws them",
			      join->left_out, 100 * join->least, 100 * join->left_out_share);
}
