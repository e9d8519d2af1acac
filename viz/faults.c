/*
 * The graph `faults`: the one fault path as a decision tree, with how many faults went which way.
 *
 *     what the machine said -> aspace -> segment -> mapping -> slot -> map | zero-fill | copy | device | wait -> resume -> ... | killed
 *
 * Teaches: every fault walks the same few steps (kernel/mm/fault.c), and each step is an event; so the tree is the list of steps, and an
 * arrow is how often one event of a fault came right after another. Who calls: graph.c. Whom: scan.h, picture.h.
 * Simplified: pages that a system call pins without having touched them (user_pin) begin no fault; they are counted below the title.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kernel/abi/trace_enums.h"
#include "commands.h"
#include "graph.h"
#include "scan.h"
#include "table.h"

const char faults_help[] = "usage: vitrine graph faults RUN... [-o FILE] [--format svg|dot] [--source-url BASE]\n"
			   "\n"
			   "the decision tree of the fault path, with counts on its arrows\n"
			   "\n"
			   "Each fault starts at the top, as what the machine said, and ends in one of the boxes without an "
			   "arrow that leaves them. An arrow is\n"
			   "as thick as its share of all faults; a way that no fault of the run took is grey. At an end stands "
			   "what such a fault cost: the time\n"
			   "from fault_begin to fault_end, on average and at most.\n"
			   "\n"
			   "    vitrine graph faults out/demo/x86_64 out/demo/ppc64\n";

/* The boxes, from top to bottom. Values of an enumeration follow their first one. */
enum step {
	STEP_KIND, /* + enum fault_kind */
	STEP_ASPACE = STEP_KIND + 4,
	STEP_SEGMENT, /* + enum segment_kind */
	STEP_MAPPING = STEP_SEGMENT + 5,
	STEP_SLOT,
	STEP_ZERO_FILL,
	STEP_COPY,
	STEP_WAIT,
	STEP_MEMORY,
	STEP_RESUME,
	STEP_END, /* + enum fault_result */
	STEPS = STEP_END + 8,
	STEP_NONE,
};

static const struct box {
	const char *key, *text, *event;
	enum look look;
} boxes[STEPS] = {
	[STEP_KIND + FAULT_KIND_MISSING] = {"missing", "no translation", "fault_begin", LOOK_ARCH},
	[STEP_KIND + FAULT_KIND_PROTECTION] = {"protection", "translation forbids\nthe access", "fault_begin", LOOK_ARCH},
	[STEP_KIND + FAULT_KIND_SEGMENT] = {"segment_fault", "segment not loaded\n(POWER: SLB)", "fault_begin", LOOK_ARCH},
	[STEP_KIND + FAULT_KIND_ASKED] = {"asked", "the kernel asks\nfor the page", "fault_begin", LOOK_PORTABLE},
	[STEP_ASPACE] = {"aspace", "aspace:\nwhich segment?", "fault_segment", LOOK_PORTABLE},
	[STEP_SEGMENT + SEGMENT_NONE] = {"none", "none", "fault_segment", LOOK_PORTABLE},
	[STEP_SEGMENT + SEGMENT_BASE] = {"base", "base", "fault_segment", LOOK_PORTABLE},
	[STEP_SEGMENT + SEGMENT_STACK] = {"stack", "stack", "fault_segment", LOOK_PORTABLE},
	[STEP_SEGMENT + SEGMENT_DEVICE] = {"device", "device", "fault_segment", LOOK_PORTABLE},
	[STEP_SEGMENT + SEGMENT_VIEW] = {"view", "view", "fault_segment", LOOK_PORTABLE},
	[STEP_MAPPING] = {"mapping", "mapping:\nwhat lies there, with which rights?", "fault_mapping", LOOK_PORTABLE},
	[STEP_SLOT] = {"slot", "page slot of the object:\nis the page here?", "fault_slot", LOOK_PORTABLE},
	[STEP_ZERO_FILL] = {"zero_fill", "take a frame,\nzero it", "fault_zero_fill", LOOK_PORTABLE},
	[STEP_COPY] = {"copy", "take a frame,\ncopy the page", "fault_copy", LOOK_PORTABLE},
	[STEP_WAIT] = {"wait", "page request:\nthe thread waits\nfor the provider", "fault_wait", LOOK_USER},
	[STEP_MEMORY] = {"memory", "no frame is free:\nthe thread waits", "fault_memory", LOOK_PORTABLE},
	[STEP_RESUME] = {"resume", "goes on", "fault_resume", LOOK_PORTABLE},
	[STEP_END + FAULT_SEGMENT_LOADED] = {"end_segment", "segment loaded", "mmu_segment", LOOK_ARCH},
	[STEP_END + FAULT_MAPPED] = {"end_mapped", "soft miss: page was\nthere, mapped again", "fault_end", LOOK_STRONG},
	[STEP_END + FAULT_ZERO_FILLED] = {"end_zero", "zero-filled\na new page", "fault_end", LOOK_STRONG},
	[STEP_END + FAULT_KILLED] = {"end_killed", "nobody can answer it:\nthread killed", "fault_end", LOOK_BAD},
	[STEP_END + FAULT_NO_MEMORY] = {"end_memory", "no memory for it:\nthread killed", "fault_end", LOOK_BAD},
	[STEP_END + FAULT_COPIED] = {"end_copied", "copied\na shared page", "fault_end", LOOK_STRONG},
	[STEP_END + FAULT_PROVIDED] = {"end_provided", "the provider\nbrought the page", "fault_end", LOOK_STRONG},
	[STEP_END + FAULT_DEVICE] = {"end_device", "mapped device\nregisters", "fault_end", LOOK_STRONG},
};

/* Ways there are, drawn also when nobody went. Others are drawn when somebody did. */
static const enum step ways[][2] = {
	{STEP_KIND + FAULT_KIND_MISSING, STEP_ASPACE},
	{STEP_KIND + FAULT_KIND_PROTECTION, STEP_ASPACE},
	{STEP_KIND + FAULT_KIND_SEGMENT, STEP_ASPACE},
	{STEP_KIND + FAULT_KIND_ASKED, STEP_ASPACE},
	{STEP_ASPACE, STEP_SEGMENT + SEGMENT_BASE},
	{STEP_ASPACE, STEP_SEGMENT + SEGMENT_STACK},
	{STEP_ASPACE, STEP_SEGMENT + SEGMENT_DEVICE},
	{STEP_ASPACE, STEP_SEGMENT + SEGMENT_VIEW},
	{STEP_ASPACE, STEP_END + FAULT_KILLED},
	{STEP_SEGMENT + SEGMENT_BASE, STEP_MAPPING},
	{STEP_SEGMENT + SEGMENT_STACK, STEP_MAPPING},
	{STEP_SEGMENT + SEGMENT_DEVICE, STEP_MAPPING},
	{STEP_SEGMENT + SEGMENT_VIEW, STEP_MAPPING},
	{STEP_SEGMENT + SEGMENT_BASE, STEP_END + FAULT_SEGMENT_LOADED},
	{STEP_SEGMENT + SEGMENT_STACK, STEP_END + FAULT_SEGMENT_LOADED},
	{STEP_SEGMENT + SEGMENT_DEVICE, STEP_END + FAULT_SEGMENT_LOADED},
	{STEP_SEGMENT + SEGMENT_VIEW, STEP_END + FAULT_SEGMENT_LOADED},
	{STEP_MAPPING, STEP_SLOT},
	{STEP_SLOT, STEP_END + FAULT_MAPPED},
	{STEP_SLOT, STEP_END + FAULT_DEVICE},
	{STEP_SLOT, STEP_ZERO_FILL},
	{STEP_SLOT, STEP_COPY},
	{STEP_SLOT, STEP_WAIT},
	{STEP_SLOT, STEP_MEMORY},
	{STEP_SLOT, STEP_END + FAULT_KILLED},
	{STEP_ZERO_FILL, STEP_END + FAULT_ZERO_FILLED},
	{STEP_COPY, STEP_END + FAULT_COPIED},
	{STEP_WAIT, STEP_RESUME},
	{STEP_MEMORY, STEP_RESUME},
	{STEP_RESUME, STEP_END + FAULT_PROVIDED},
	{STEP_RESUME, STEP_END + FAULT_KILLED},
	{STEP_RESUME, STEP_END + FAULT_NO_MEMORY},
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

struct open_fault {
	enum step step;
	uint64_t begin_ns;
};

struct faults {
	uint64_t begun, ended, passed[STEPS], way[STEPS][STEPS], total_ns[STEPS], longest_ns[STEPS];
	uint64_t without_begin; /* events of flows that no fault began */
	struct table open;      /* flow -> struct open_fault */
};

/* ---- counting ---- */

/* The step that an event of a flow is, or STEP_NONE. */
static enum step step_of(const struct trace_event *event)
{
	static const struct {
		const char *event;
		enum step step;
		unsigned field, values; /* the field whose value is added, and how many values there are */
	} steps[] = {
		{"fault_begin", STEP_KIND, 5, 4},          {"fault_segment", STEP_SEGMENT, 2, 5},
		{"fault_mapping", STEP_MAPPING, 0, 0},     {"fault_slot", STEP_SLOT, 0, 0},
		{"fault_zero_fill", STEP_ZERO_FILL, 0, 0}, {"fault_copy", STEP_COPY, 0, 0},
		{"fault_wait", STEP_WAIT, 0, 0},           {"fault_memory", STEP_MEMORY, 0, 0},
		{"fault_resume", STEP_RESUME, 0, 0},       {"fault_end", STEP_END, 2, 8},
	};
	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (!strcmp(event->schema->name, steps[i].event)) {
			uint64_t value = steps[i].values ? event->field[steps[i].field] : 0;
			return value && value >= steps[i].values ? STEP_NONE : steps[i].step + (enum step)value;
		}
	return STEP_NONE;
}

static void go(struct faults *faults, struct open_fault *fault, enum step to)
{
	if (to >= STEP_SEGMENT && to < STEP_MAPPING && fault->step < STEP_ASPACE)
		go(faults, fault, STEP_ASPACE);
	if (to >= STEP_END && fault->step < STEP_ASPACE) /* refused before there was a segment */
		go(faults, fault, STEP_ASPACE);
	faults->way[fault->step][to]++;
	faults->passed[to]++;
	fault->step = to;
}

/* False if memory ran out. */
static bool begin(struct faults *faults, uint64_t flow, enum step kind, uint64_t ns)
{
	struct open_fault *fault = calloc(1, sizeof(*fault));
	struct table_key key = {.word = {flow}};
	free(table_remove(&faults->open, key));
	if (!fault || !table_add(&faults->open, key, fault))
		return free(fault), say("out of memory"), false;
	*fault = (struct open_fault){.step = kind, .begin_ns = ns};
	faults->begun++;
	faults->passed[kind]++;
	return true;
}

static bool count(void *context, const struct trace_event *event, uint64_t ns)
{
	struct faults *faults = context;
	if (event->schema->category != TRACE_FAULT)
		return true;
	enum step step = step_of(event);
	if (step == STEP_NONE)
		return true;
	if (step < STEP_ASPACE)
		return begin(faults, event->field[0], step, ns);
	struct table_key key = {.word = {event->field[0]}};
	struct open_fault *fault = table_find(&faults->open, key);
	if (!fault)
		return faults->without_begin++, true;
	go(faults, fault, step);
	if (step < STEP_END)
		return true;
	uint64_t took = ns - fault->begin_ns;
	faults->ended++;
	faults->total_ns[step] += took;
	if (took > faults->longest_ns[step])
		faults->longest_ns[step] = took;
	free(table_remove(&faults->open, key));
	return true;
}

/* ---- drawing ---- */

static uint64_t average_ns(const struct faults *faults, enum step step, uint64_t passed)
{
	return faults->total_ns[step] / passed;
}

static uint64_t longest_ns(const struct faults *faults, enum step step)
{
	return faults->longest_ns[step];
}

static void draw_box(struct picture *picture, const struct faults *faults, enum step step, struct Agnode_s **node)
{
	const struct box *box = &boxes[step];
	uint64_t passed = faults->passed[step];
	char number[PICTURE_NUMBER_BYTES], average[PICTURE_NUMBER_BYTES], longest[PICTURE_NUMBER_BYTES];
	if (step >= STEP_END && passed)
		*node = picture_node(picture, NULL, box->key, box->look, "%s\n%s\naverage %s, longest %s", box->text,
				     picture_number(number, passed), picture_time(average, average_ns(faults, step, passed)),
				     picture_time(longest, longest_ns(faults, step)));
	else
		*node = picture_node(picture, NULL, box->key, passed ? box->look : LOOK_NEVER, "%s\n%s", box->text,
				     picture_number(number, passed));
	scan_source(picture, *node, box->event);
}

static void draw_way(struct picture *picture, const struct faults *faults, struct Agnode_s **node, enum step from, enum step to)
{
	uint64_t went = faults->way[from][to];
	char number[PICTURE_NUMBER_BYTES];
	double share = faults->begun ? (double)went / (double)faults->begun : 0;
	if (went)
		picture_edge(picture, node[from], node[to], NULL, LOOK_DATA, share < 1 ? share : 1, "%s\n%.1f %%",
			     picture_number(number, went), 100 * share);
	else
		picture_edge(picture, node[from], node[to], NULL, LOOK_NEVER, 0, "%s", "");
}

static bool is_known(enum step from, enum step to)
{
	for (unsigned i = 0; i < WAYS; i++)
		if (ways[i][0] == from && ways[i][1] == to)
			return true;
	return false;
}

static void draw_ways(struct picture *picture, const struct faults *faults, struct Agnode_s **node)
{
	for (unsigned i = 0; i < WAYS; i++)
		draw_way(picture, faults, node, ways[i][0], ways[i][1]);
	for (enum step from = 0; from < STEPS; from++)
		for (enum step to = 0; to < STEPS; to++)
			if (faults->way[from][to] && !is_known(from, to))
				draw_way(picture, faults, node, from, to);
}

static void draw_heading(struct picture *picture, const struct faults *faults, const struct trace_info *info)
{
	char begun[PICTURE_NUMBER_BYTES], ended[PICTURE_NUMBER_BYTES];
	scan_describe(picture, info);
	picture_about(picture, "%s faults began, %s were answered; an arrow says how many went this way, and which share of all",
		      picture_number(begun, faults->begun), picture_number(ended, faults->ended));
	if (faults->without_begin)
		picture_about(picture, "%" PRIu64 " pages were brought for system calls that had not touched them: no faults",
			      faults->without_begin);
	picture_legend(picture, LOOK_PORTABLE, "portable kernel");
	picture_legend(picture, LOOK_ARCH, "what this machine's MMU says or does");
	picture_legend(picture, LOOK_USER, "a provider in user space");
	picture_legend(picture, LOOK_STRONG, "answered");
	picture_legend(picture, LOOK_BAD, "killed");
	picture_legend(picture, LOOK_NEVER, "never taken in this run");
}

char *graph_draw_faults(const struct graph_request *request, enum graph_format format, size_t *bytes)
{
	struct faults *faults = calloc(1, sizeof(*faults));
	struct trace_info info;
	char *text = NULL;
	if (!faults)
		return say("out of memory"), NULL;
	if (scan_run(request->runs[0], &info, faults, count)) {
		struct Agnode_s *node[STEPS] = {NULL};
		struct picture *picture = picture_begin(request, "Which way did the faults go?");
		draw_heading(picture, faults, &info);
		for (enum step step = 0; step < STEPS; step++)
			if (step != STEP_SEGMENT + SEGMENT_NONE || faults->passed[step])
				draw_box(picture, faults, step, &node[step]);
		draw_ways(picture, faults, node);
		text = picture_end(picture, format, bytes);
	}
	table_free(&faults->open, free);
	free(faults);
	return text;
}
