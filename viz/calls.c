/*
 * The graph `calls`: which function of the kernel called which, how often, and what it cost.
 *
 * Teaches: the shape of a kernel. Three doors lead in, from user mode: a system call, a fault, an interrupt; what lies behind each is a tree that
 * the portable code (blue) spans, with the machine's own (orange) at its leaves and at the doors.
 * Who calls: graph.c. Whom: call_join.h for what is drawn, picture.h for how. Every figure is a count: see docs/witness.md.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "call_join.h"
#include "commands.h"
#include "graph.h"
#include "picture.h"

const char calls_help[] =
	"usage: vitrine graph calls RUN... [-o FILE] [--root FUNCTION] [--all] [--format svg|dot] [--source-url BASE]\n"
	"\n"
	"which function of the kernel called which, how often, and what it cost: exact, from `vitrine run --witness`\n"
	"\n"
	"Functions stand in frames by the folder they are in. A box says its share of all instructions of the kernel, in itself "
	"and\n"
	"with all that it called. An arrow says how often, and how many instructions that took in all.\n"
	"\n"
	"    --root FUNCTION   only what ran below it; or page-fault, system-call, interrupt: below every entry of that kind\n"
	"    --all             also functions that hardly cost anything: less than one percent of all, or half of one below a "
	"root\n"
	"\n"
	"    vitrine graph calls out/demo --root page-fault\n";

static void draw_node(struct picture *picture, const struct join *join, struct join_node *node)
{
	const struct call_node *of = node->node[0];
	enum look look = of->function >= WITNESS_OUTSIDE ? LOOK_USER : of->is_arch ? LOOK_ARCH : LOOK_PORTABLE;
	double whole = (double)join->graph[0]->instructions;
	char key[160], calls[PICTURE_NUMBER_BYTES], self[PICTURE_NUMBER_BYTES], inclusive[PICTURE_NUMBER_BYTES];
	snprintf(key, sizeof(key), "%s:%s", of->file, node->name);
	if (look == LOOK_USER) {
		node->box = picture_node(picture, NULL, key, look, "%s", node->name);
		picture_tip(node->box, "%s instructions", picture_number(self, node->self[0]));
		return;
	}
	node->box = picture_node(picture, join_group(picture, node), key, look, "%s\n%s calls\n%.1f %% itself, %.1f %% in all",
				 node->name, picture_number(calls, node->calls[0]),
				 whole > 0 ? 100 * (double)node->self[0] / whole : 0,
				 whole > 0 ? 100 * (double)node->inclusive[0] / whole : 0);
	picture_tip(node->box, "%s:%u\n%s instructions itself, %s in all", of->file, of->line,
		    picture_number(self, node->self[0]), picture_number(inclusive, node->inclusive[0]));
	if (*of->file)
		picture_source(picture, node->box, of->file, of->line);
}

static void draw_edge(struct picture *picture, const struct join *join, const struct join_edge *edge)
{
	const struct join_node *from = &join->nodes[edge->from], *to = &join->nodes[edge->to];
	char calls[PICTURE_NUMBER_BYTES], instructions[PICTURE_NUMBER_BYTES];
	picture_number(calls, edge->calls[0]);
	picture_number(instructions, edge->instructions[0]);
	struct Agedge_s *line = picture_edge(picture, from->box, to->box, NULL, LOOK_DATA, join_share(join, edge->instructions),
					     "%s x\n%s", calls, instructions);
	picture_tip(line, "%s called %s %s times: %s instructions", from->name, to->name, calls, instructions);
}

static void draw_heading(struct picture *picture, const struct join *join, const struct graph_request *request)
{
	const struct witness_header *header = join->witness[0]->header;
	char kernel[PICTURE_NUMBER_BYTES], all[PICTURE_NUMBER_BYTES];
	picture_about(
		picture, "%s, %" PRIu64 " CPU%s: %s instructions in the kernel's functions%s, of %s that the machine executed",
		header->machine, header->cpus, header->cpus == 1 ? "" : "s", picture_number(kernel, join->graph[0]->instructions),
		request->root ? " below the root" : "", picture_number(all, header->instructions));
	picture_about(picture,
		      "shares are of the former; an arrow: how often it called, and how many instructions that took, all in all");
	join_say_left_out(join, picture);
	picture_legend(picture, LOOK_PORTABLE, "portable kernel");
	picture_legend(picture, LOOK_ARCH, "the machine's own code");
	picture_legend(picture, LOOK_USER, "not the kernel's: where it was entered from");
	join_arrange(picture);
}

char *graph_draw_calls(const struct graph_request *request, enum graph_format format, size_t *bytes)
{
	struct join join;
	if (!join_open(&join, request, 1))
		return NULL;
	struct picture *picture = request->root ? picture_begin(request, "What does the kernel call below %s?", request->root)
						: picture_begin(request, "Which function of the kernel calls which?");
	draw_heading(picture, &join, request);
	join_draw(&join, picture, draw_node, draw_edge);
	char *text = picture_end(picture, format, bytes);
	join_close(&join);
	return text;
}
