/*
 * From paths to a call graph.
 *
 * Teaches: a tree of paths knows more than a graph of calls. A graph adds up all ways into a function; but what a function cost inclusive of what it
 * called, and what ran below one function only, can be told from the tree alone. A path whose function stands above it already (recursion)
 * is part of what is counted there and is not counted again.
 * Who calls: `vitrine witness`, `vitrine graph`. Invariant: the self counts of all nodes are the instructions of the run, or of what ran
 * under the root.
 */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "witness/vectors.h"
#include "witness/witness.h"

#define NO_NODE UINT32_MAX
#define ROOTS 3

struct maker {
	const struct witness *witness;
	struct call_graph *graph;
	uint64_t *total;   /* of each path: instructions, inclusive */
	bool *taken;       /* each path: lies under the root */
	uint32_t *node_of; /* of each function, and of the roots behind them; later: its place in the sorted order */
};

static uint32_t slot_of_function(const struct witness *witness, uint32_t function)
{
	return function >= WITNESS_OUTSIDE ? (uint32_t)witness->header->functions + (function - WITNESS_OUTSIDE) : function;
}

/* ---- the root ---- */

/* Whether a function is what was asked for. */
static bool is_root(const struct witness *witness, uint32_t function, const char *root)
{
	if (!strcmp(witness_name(witness, function), root))
		return true;
	if (function >= WITNESS_OUTSIDE || witness->functions[function].vector == WITNESS_NO_VECTOR)
		return false;
	uint32_t vector = witness->functions[function].vector;
	enum vector_class class = vector_class_of(witness->header->machine, vector);
	if (!strcmp(root, "page-fault"))
		return class == VECTOR_IS_FAULT && strcmp(vector_text(witness->header->machine, vector), "exception") != 0;
	if (!strcmp(root, "system-call"))
		return class == VECTOR_IS_SYSCALL;
	return !strcmp(root, "interrupt") && class != VECTOR_IS_FAULT && class != VECTOR_IS_SYSCALL;
}

/* Why nothing lies under the root. */
static void say_no_root(const struct witness *witness, const char *root)
{
	const char **names = calloc(witness->header->functions + 1, sizeof(*names));
	for (uint64_t i = 0; names && i < witness->header->functions; i++)
		names[i] = witness_name(witness, (uint32_t)i);
	bool known = !strcmp(root, "page-fault") || !strcmp(root, "system-call") || !strcmp(root, "interrupt");
	for (uint64_t i = 0; names && i < witness->header->functions; i++)
		known |= !strcmp(names[i], root);
	const char *near = names && !known ? nearest_name(root, names) : NULL;
	if (known)
		say("%s never ran in this run", root);
	else if (near)
		say("the kernel has no function `%s`; did you mean `%s`?", root, near);
	else
		say("the kernel has no function `%s`; page-fault, system-call and interrupt stand for the ways in", root);
	free(names);
}

/* ---- adding up ---- */

static void name_module(struct call_node *node)
{
	const char *file = node->file;
	if (!strncmp(file, "build/", 6))
		file += 6;
	const char *slash = strrchr(file, '/');
	size_t length = slash ? (size_t)(slash - file) : 0;
	if (length >= sizeof(node->module))
		length = sizeof(node->module) - 1;
	memcpy(node->module, file, length);
	node->module[length] = '\0';
	node->is_arch = !strncmp(file, "arch/", 5);
}

static struct call_node *node_of(struct maker *maker, uint32_t function)
{
	uint32_t *index = &maker->node_of[slot_of_function(maker->witness, function)];
	if (*index != NO_NODE)
		return &maker->graph->nodes[*index];
	*index = (uint32_t)maker->graph->node_count++;
	struct call_node *node = &maker->graph->nodes[*index];
	*node = (struct call_node){.function = function,
				   .name = witness_name(maker->witness, function),
				   .file = witness_source(maker->witness, function)};
	node->line = function >= WITNESS_OUTSIDE ? 0 : maker->witness->functions[function].line;
	name_module(node);
	return node;
}

/* Whether a path's function stands above it, and whether the same call does. */
static bool recurs(const struct maker *maker, uint64_t path, bool *same_call)
{
	const struct witness_path *paths = maker->witness->paths, *it = &paths[path];
	uint32_t caller = paths[it->parent].function;
	bool found = false;
	*same_call = false;
	for (const struct witness_path *above = &paths[it->parent]; maker->taken[above - paths]; above = &paths[above->parent]) {
		const struct witness_path *next = &paths[above->parent];
		bool top = next == above || !maker->taken[next - paths];
		if (above->function == it->function) {
			found = true;
			*same_call |= !top && next->function == caller;
		}
		if (top)
			break;
	}
	return found;
}

static void add_edge(struct maker *maker, uint64_t index, bool same_call)
{
	const struct witness_path *path = &maker->witness->paths[index];
	struct call_edge *edge = &maker->graph->edges[maker->graph->edge_count++];
	edge->from = (uint32_t)(node_of(maker, maker->witness->paths[path->parent].function) - maker->graph->nodes);
	edge->to = (uint32_t)(node_of(maker, path->function) - maker->graph->nodes);
	edge->calls = path->calls;
	edge->instructions = same_call ? 0 : maker->total[index];
}

static void add_path(struct maker *maker, uint64_t index)
{
	const struct witness_path *path = &maker->witness->paths[index];
	bool is_top = path->parent == index, same_call = false;
	bool again = !is_top && recurs(maker, index, &same_call);
	struct call_node *node = node_of(maker, path->function);
	node->calls += path->calls;
	node->self += path->instructions;
	node->inclusive += again ? 0 : maker->total[index];
	if (path->function < WITNESS_OUTSIDE)
		maker->graph->instructions += path->instructions;
	if (!is_top && maker->taken[path->parent])
		add_edge(maker, index, same_call);
}

/* ---- order ---- */

static int by_name(const void *one, const void *other)
{
	const struct call_node *a = one, *b = other;
	int order = strcmp(a->name, b->name);
	return order ? order : a->function < b->function ? -1 : a->function > b->function;
}

static int by_ends(const void *one, const void *other)
{
	const struct call_edge *a = one, *b = other;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return a->to < b->to ? -1 : a->to > b->to;
}

/* Sorts nodes by name and edges by their ends, and makes one edge of those between the same two. */
static void put_in_order(struct maker *maker)
{
	struct call_graph *graph = maker->graph;
	uint32_t *function_of = calloc(graph->node_count + 1, sizeof(*function_of));
	if (!function_of)
		abort();
	for (size_t i = 0; i < graph->node_count; i++)
		function_of[i] = slot_of_function(maker->witness, graph->nodes[i].function);
	qsort(graph->nodes, graph->node_count, sizeof(*graph->nodes), by_name);
	for (size_t i = 0; i < graph->node_count; i++)
		maker->node_of[slot_of_function(maker->witness, graph->nodes[i].function)] = (uint32_t)i;
	for (size_t i = 0; i < graph->edge_count; i++) {
		graph->edges[i].from = maker->node_of[function_of[graph->edges[i].from]];
		graph->edges[i].to = maker->node_of[function_of[graph->edges[i].to]];
	}
	free(function_of);
	qsort(graph->edges, graph->edge_count, sizeof(*graph->edges), by_ends);
	size_t kept = 0;
	for (size_t i = 0; i < graph->edge_count; i++) {
		if (kept && by_ends(&graph->edges[kept - 1], &graph->edges[i]) == 0) {
			graph->edges[kept - 1].calls += graph->edges[i].calls;
			graph->edges[kept - 1].instructions += graph->edges[i].instructions;
		} else {
			graph->edges[kept++] = graph->edges[i];
		}
	}
	graph->edge_count = kept;
}

/* ---- making it ---- */

/* Which paths count, and what each of them costs; false if none does. A root that only waits to be used, of a CPU that never ran, does not. */
static bool measure(struct maker *maker, const char *root)
{
	const struct witness *witness = maker->witness;
	bool any = false;
	for (uint64_t i = witness->header->paths; i-- > 0;) {
		maker->total[i] += witness->paths[i].instructions;
		if (witness->paths[i].parent != i)
			maker->total[witness->paths[i].parent] += maker->total[i];
	}
	for (uint64_t i = 0; i < witness->header->paths; i++) {
		const struct witness_path *path = &witness->paths[i];
		maker->taken[i] = (path->parent != i && maker->taken[path->parent]) ||
				  (root ? is_root(witness, path->function, root) : maker->total[i] > 0);
		any |= maker->taken[i];
	}
	return any;
}

struct call_graph *call_graph_make(const struct witness *witness, const char *root)
{
	uint64_t paths = witness->header->paths, functions = witness->header->functions + ROOTS;
	struct maker maker = {.witness = witness, .graph = calloc(1, sizeof(*maker.graph))};
	maker.total = calloc(paths + 1, sizeof(*maker.total));
	maker.taken = calloc(paths + 1, sizeof(*maker.taken));
	maker.node_of = malloc(functions * sizeof(*maker.node_of));
	if (!maker.graph || !maker.total || !maker.taken || !maker.node_of)
		abort();
	maker.graph->nodes = calloc(functions, sizeof(*maker.graph->nodes));
	maker.graph->edges = calloc(paths + 1, sizeof(*maker.graph->edges));
	if (!maker.graph->nodes || !maker.graph->edges)
		abort();
	memset(maker.node_of, 0xff, functions * sizeof(*maker.node_of));
	bool any = measure(&maker, root);
	for (uint64_t i = 0; any && i < paths; i++)
		if (maker.taken[i])
			add_path(&maker, i);
	put_in_order(&maker);
	free(maker.total);
	free(maker.taken);
	free(maker.node_of);
	if (any)
		return maker.graph;
	if (root)
		say_no_root(witness, root);
	else
		say("the witness saw nothing");
	call_graph_free(maker.graph);
	return NULL;
}

void call_graph_free(struct call_graph *graph)
{
	if (!graph)
		return;
	free(graph->nodes);
	free(graph->edges);
	free(graph);
}
