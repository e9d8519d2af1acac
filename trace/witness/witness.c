/*
 * `vitrine witness`: what a run did, function by function; and whether its trace says so.
 *
 * Who calls: main.c. Whom: call_graph.c for the functions, check.c for the comparison. Everything printed is a count; nothing is a sample.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "witness/check.h"

const char witness_help[] =
	"usage: vitrine witness RUN [--check] [--root FUNCTION] [--limit N]\n"
	"\n"
	"Prints the kernel's functions as a run recorded with `vitrine run --witness` used them: calls, instructions in\n"
	"the function itself, instructions with all that it called. Every figure is exact.\n"
	"\n"
	"    --check           instead compares the traps that the machine took with those in the trace, for each CPU:\n"
	"                      exit code 0 if they agree, 1 if not; names the first that is missing\n"
	"    --root FUNCTION   only what ran below that function; or page-fault, system-call, interrupt: below every\n"
	"                      entry of that kind\n"
	"    --limit N         only the N functions that cost most, 1 or more\n"
	"\n"
	"example: vitrine run --program demo --smp 2 --icount --witness -o out/demo && vitrine witness out/demo --check\n";

static int by_inclusive(const void *one, const void *other)
{
	const struct call_node *a = one, *b = other;
	if (a->inclusive != b->inclusive)
		return a->inclusive > b->inclusive ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void print_node(const struct call_node *node)
{
	printf("%12" PRIu64 " %14" PRIu64 " %14" PRIu64 "  %-32s", node->calls, node->self, node->inclusive, node->name);
	if (*node->file)
		printf(" %s:%u", node->file, node->line);
	putchar('\n');
}

static void print_graph(const struct witness *witness, const struct call_graph *graph, uint64_t limit)
{
	struct call_node *order = calloc(graph->node_count + 1, sizeof(*order));
	if (!order)
		abort();
	memcpy(order, graph->nodes, graph->node_count * sizeof(*order));
	qsort(order, graph->node_count, sizeof(*order), by_inclusive);
	printf("%12s %14s %14s  %s\n", "calls", "itself", "inclusive", "function");
	for (size_t i = 0; i < graph->node_count && i < limit; i++)
		print_node(&order[i]);
	if (limit < graph->node_count)
		printf("and %zu more\n", (size_t)(graph->node_count - limit));
	printf("\n%" PRIu64 " instructions in the kernel's functions, of %" PRIu64 " that the machine began\n",
	       graph->instructions, witness->header->instructions);
	if (witness->header->strays || witness->header->too_deep)
		printf("%" PRIu64 " returns led to where nobody had called from, %" PRIu64 " calls lay too deep to be noted\n",
		       witness->header->strays, witness->header->too_deep);
	free(order);
}

static int print_functions(const struct witness *witness, const char *root, uint64_t limit)
{
	struct call_graph *graph = call_graph_make(witness, root);
	if (!graph)
		return 1;
	print_graph(witness, graph, limit);
	call_graph_free(graph);
	return 0;
}

static bool take_limit(const char *text, uint64_t *limit)
{
	char *end;
	*limit = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *limit > 0;
}

int command_witness(int argc, char **argv)
{
	static const struct option options[] = {{"check", no_argument, NULL, 'c'},
						{"root", required_argument, NULL, 'r'},
						{"limit", required_argument, NULL, 'l'},
						{0}};
	static char error[640];
	const char *root = NULL;
	uint64_t limit = UINT64_MAX;
	bool check = false;
	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
		if (option == '?' || option == ':')
			return say_usage("witness", option == '?' ? "there is no option `%s`" : "the option `%s` lacks its value",
					 argv[optind - 1]);
		if (option == 'l' && !take_limit(optarg, &limit))
			return say_usage("witness", "--limit: `%s` is not a whole number from 1 on", optarg);
		check |= option == 'c';
		root = option == 'r' ? optarg : root;
	}
	if (optind + 1 != argc)
		return say_usage("witness", "it takes one run");
	if (check && (root || limit != UINT64_MAX))
		return say_usage("witness", "--check looks at the whole run, so --root and --limit say nothing to it");
	struct witness *witness = witness_open(argv[optind], error, sizeof(error));
	if (!witness)
		return say("%s", error);
	int exit_code = check ? witness_check(witness, argv[optind]) : print_functions(witness, root, limit);
	witness_close(witness);
	return exit_code;
}
