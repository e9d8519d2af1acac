/*
 * The graph `diff`: two runs laid upon each other, the same program on both machines.
 *
 * Teaches: what is the machine's and what is the kernel's. Blue boxes ran on both, and that is nearly all of the portable kernel; orange and
 * green ones on one machine only: its doors, its MMU. Yellow ones ran on both and cost one of them half as much again or more: there the machines
 * differ without a difference in the code.
 * Who calls: graph.c. Whom: call_join.h for the joined graph, picture.h.
 */
#include <stdio.h>
#include <string.h>

#include "call_join.h"
#include "commands.h"
#include "graph.h"
#include "picture.h"

const char diff_help[] =
	"usage: vitrine graph diff RUN RUN [-o FILE] [--root FUNCTION] [--all] [--format svg|dot] [--source-url BASE]\n"
	"\n"
	"the call graphs of two runs as one: what both did, and what only one of them did\n"
	"\n"
	"A box says for each run how often the function was called and how many instructions it took with all that it called, a "
	"call.\n"
	"It wants runs recorded with `vitrine run --witness`, of the same program on both machines or of two kernels.\n"
	"\n"
	"    --root FUNCTION   only what ran below it; or page-fault, system-call, interrupt: below every entry of that kind\n"
	"    --all             also functions that hardly cost anything on both\n"
	"\n"
	"    vitrine graph diff out/demo/x86_64 out/demo/ppc64 --root page-fault\n";

/* Both ran it, and one needed this much more a call. */
#define MUCH_MORE 1.5

static double per_call(const struct join_node *node, unsigned run)
{
	return node->calls[run] ? (double)node->inclusive[run] / (double)node->calls[run] : 0;
}

static enum look look_of(const struct join_node *node)
{
	if (join_any(node)->function >= WITNESS_OUTSIDE)
		return LOOK_DATA;
	if (!node->node[1])
		return LOOK_ARCH;
	if (!node->node[0])
		return LOOK_USER;
	double first = per_call(node, 0), second = per_call(node, 1);
	return first > MUCH_MORE * second || second > MUCH_MORE * first ? LOOK_STRONG : LOOK_PORTABLE;
}

/* "x86_64: 865 calls, 1,535 each", or that there was none. */
static void describe(char text[96], const struct join *join, const struct join_node *node, unsigned run)
{
	char calls[PICTURE_NUMBER_BYTES], each[PICTURE_NUMBER_BYTES];
	if (!node->node[run])
		snprintf(text, 96, "%s: never", join->machine[run]);
	else
		snprintf(text, 96, "%s: %s calls, %s each", join->machine[run], picture_number(calls, node->calls[run]),
			 picture_number(each, (uint64_t)(per_call(node, run) + 0.5)));
}

static void draw_node(struct picture *picture, const struct join *join, struct join_node *node)
{
	const struct call_node *of = join_any(node);
	enum look look = look_of(node);
	char key[160], first[96], second[96];
	snprintf(key, sizeof(key), "%s:%s", of->file, node->name);
	describe(first, join, node, 0);
	describe(second, join, node, 1);
	if (look == LOOK_DATA)
		node->box = picture_node(picture, NULL, key, look, "%s", node->name);
	else if (look == LOOK_ARCH || look == LOOK_USER)
		node->box = picture_node(picture, join_group(picture, node), key, look, "%s\n%s", node->name,
					 look == LOOK_ARCH ? first : second);
	else
		node->box = picture_node(picture, join_group(picture, node), key, look, "%s\n%s\n%s", node->name, first, second);
	if (*of->file)
		picture_source(picture, node->box, of->file, of->line);
}

static void draw_edge(struct picture *picture, const struct join *join, const struct join_edge *edge)
{
	char first[PICTURE_NUMBER_BYTES], second[PICTURE_NUMBER_BYTES];
	picture_number(first, edge->calls[0]);
	picture_number(second, edge->calls[1]);
	enum look look = edge->calls[0] && edge->calls[1] ? LOOK_DATA : edge->calls[0] ? LOOK_ARCH : LOOK_USER;
	const struct join_node *from = &join->nodes[edge->from], *to = &join->nodes[edge->to];
	struct Agedge_s *line = picture_edge(picture, from->box, to->box, NULL, look, join_share(join, edge->instructions),
					     look == LOOK_DATA ? "%s / %s" : "%s%s", look == LOOK_USER ? "" : first,
					     look == LOOK_ARCH ? "" : second);
	picture_tip(line, "%s calls %s: %s times on the first, %s on the second", from->name, to->name, first, second);
}

static void draw_heading(struct picture *picture, const struct join *join, const struct graph_request *request)
{
	static char only[JOIN_RUNS][64];
	char first[PICTURE_NUMBER_BYTES], second[PICTURE_NUMBER_BYTES];
	bool same = !strcmp(join->machine[0], join->machine[1]);
	picture_about(picture, "instructions in the kernel's functions%s: %s on %s, %s on %s",
		      request->root ? " below the root" : "", picture_number(first, join->graph[0]->instructions),
		      join->machine[0], picture_number(second, join->graph[1]->instructions), join->machine[1]);
	picture_about(picture, "a box: how often it was called, and how many instructions a call took with all it called; an "
			       "arrow: how often, first / second");
	join_say_left_out(join, picture);
	for (unsigned run = 0; run < JOIN_RUNS; run++)
		snprintf(only[run], sizeof(only[run]), "only %s%s", join->machine[run],
			 !same ? ""
			 : run ? ", the second run"
			       : ", the first run");
	picture_legend(picture, LOOK_PORTABLE, "both");
	picture_legend(picture, LOOK_STRONG, "both, and a call cost one of them half as much again or more");
	picture_legend(picture, LOOK_ARCH, only[0]);
	picture_legend(picture, LOOK_USER, only[1]);
	join_arrange(picture);
}

char *graph_draw_diff(const struct graph_request *request, enum graph_format format, size_t *bytes)
{
	struct join join;
	if (request->count != JOIN_RUNS)
		return say("diff compares two runs, not %u", request->count), NULL;
	if (!join_open(&join, request, JOIN_RUNS))
		return NULL;
	struct picture *picture = picture_begin(request, "The kernel on both machines%s%s: what is shared, what is one's own?",
						request->root ? ", below " : "", request->root ? request->root : "");
	draw_heading(picture, &join, request);
	join_draw(&join, picture, draw_node, draw_edge);
	char *text = picture_end(picture, format, bytes);
	join_close(&join);
	return text;
}
