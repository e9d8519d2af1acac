/*
 * The graph `ipc`: who talks to whom, how often, and how long it takes.
 *
 *     thread, grouped by process --messages--> endpoint --received--> thread that serves it
 *
 * Teaches: in a microkernel the parts of an operating system are programs, and what holds them together are messages; a page fault is
 * one as well, sent by the kernel for the thread. Who calls: graph.c. Whom: who.h for names, scan.h, picture.h.
 * An arrow to an endpoint is timed from the send to the reply, one from an endpoint from the receive to the reply: the difference is how
 * long messages lay there. What is never answered (notices of the kernel, messages sent without a call) is counted, not timed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kernel/abi/message.h"
#include "commands.h"
#include "graph.h"
#include "scan.h"
#include "who.h"

const char ipc_help[] = "usage: vitrine graph ipc RUN... [-o FILE] [--format svg|dot] [--source-url BASE]\n"
			"\n"
			"who talks to whom: threads, endpoints, servers; how often and how long\n"
			"\n"
			"Frames are processes, boxes threads (those of one name together), ellipses endpoints. An arrow into an "
			"endpoint is what was sent\n"
			"there, with the time from the send to the reply; an arrow out of it is who received, with the time from "
			"there to the reply. What\n"
			"the kernel sends for a thread (bring a page, save a page) has arrows of its own, in orange.\n"
			"\n"
			"    vitrine graph ipc out/demo/x86_64\n";

#define LINKS_DRAWN 150 /* a graph with more is not read by anybody */

/* What went one way: from a role to an endpoint, or from an endpoint to a role. */
struct link {
	unsigned role;
	uint64_t endpoint, type; /* type: of the kernel's messages; 0 for all of programs */
	bool out;                /* from the endpoint */
	uint64_t messages, answered, total_ns, longest_ns;
};

/* A message on its way. */
struct message_open {
	struct link *sent, *received;
	uint64_t sent_ns, received_ns;
};

struct ipc {
	struct who who;
	struct table links;  /* {role, endpoint, type << 1 | out} -> struct link */
	struct table open;   /* flow -> struct message_open */
	struct table makers; /* endpoint -> role + 1 of the thread that made it */
	struct link **in_order;
	unsigned links_count;
	uint64_t sent, received, answered, interrupts;
	bool failed;
};

/* ---- counting ---- */

/* The link, made if there is none; NULL if there is no memory. */
static struct link *link_of(struct ipc *ipc, unsigned role, uint64_t endpoint, uint64_t type, bool out)
{
	uint64_t shown = type >= MESSAGE_KERNEL ? type : 0;
	struct table_key key = {.word = {role, endpoint, shown << 1 | out}};
	struct link *link = table_find(&ipc->links, key);
	if (link || role == WHO_NOBODY)
		return link;
	struct link **larger =
		ipc->links_count & (ipc->links_count - 1)
			? ipc->in_order
			: realloc(ipc->in_order, (ipc->links_count ? 2 * (size_t)ipc->links_count : 1) * sizeof(void *));
	if (!larger)
		return NULL;
	ipc->in_order = larger;
	link = calloc(1, sizeof(*link));
	if (!link || !table_add(&ipc->links, key, link))
		return free(link), NULL;
	*link = (struct link){.role = role, .endpoint = endpoint, .type = shown, .out = out};
	return ipc->in_order[ipc->links_count++] = link;
}

/* A message that was not answered before its flow came again is dropped from what is open. */
static void count_sent(struct ipc *ipc, uint64_t flow, unsigned role, uint64_t endpoint, uint64_t type, uint64_t ns)
{
	struct table_key key = {.word = {flow}};
	struct link *link = link_of(ipc, role, endpoint, type, false);
	free(table_remove(&ipc->open, key));
	struct message_open *message = calloc(1, sizeof(*message));
	if (!link || !message || !table_add(&ipc->open, key, message)) {
		free(message);
		ipc->failed = true;
		return;
	}
	link->messages++;
	*message = (struct message_open){.sent = link, .sent_ns = ns};
}

static void count_received(struct ipc *ipc, const uint64_t *field, uint64_t ns)
{
	struct message_open *message = table_find(&ipc->open, (struct table_key){.word = {field[0]}});
	struct link *link = link_of(ipc, who_role_of(&ipc->who, field[1]), field[2], field[3], true);
	ipc->received++;
	if (!link) {
		ipc->failed = true;
		return;
	}
	link->messages++;
	if (message) {
		message->received = link;
		message->received_ns = ns;
	}
}

static void count_time(struct link *link, uint64_t took)
{
	if (!link)
		return;
	link->answered++;
	link->total_ns += took;
	if (took > link->longest_ns)
		link->longest_ns = took;
}

static void count_reply(struct ipc *ipc, uint64_t flow, uint64_t ns)
{
	struct message_open *message = table_remove(&ipc->open, (struct table_key){.word = {flow}});
	ipc->answered++;
	if (!message)
		return;
	count_time(message->sent, ns - message->sent_ns);
	count_time(message->received, ns - message->received_ns);
	free(message);
}

static unsigned role_of_line(struct ipc *ipc, uint64_t irq)
{
	char name[17];
	snprintf(name, sizeof(name), "device %" PRIu16, (uint16_t)irq);
	return who_outsider(&ipc->who, name);
}

static bool count(void *context, const struct trace_event *event, uint64_t ns)
{
	struct ipc *ipc = context;
	const char *name = event->schema->name;
	const uint64_t *field = event->field;
	who_learn(&ipc->who, event);
	if (!strcmp(name, "endpoint_create")) {
		unsigned maker = who_role_of(&ipc->who, field[0]);
		struct table_key key = {.word = {field[1]}};
		table_remove(&ipc->makers, key);
		ipc->failed |= maker == WHO_NOBODY || !table_add(&ipc->makers, key, (void *)(uintptr_t)(maker + 1));
	} else if (!strcmp(name, "ipc_send")) {
		ipc->sent++;
		count_sent(ipc, field[0], who_role_of(&ipc->who, field[1]), field[2], field[3], ns);
	} else if (!strcmp(name, "irq_deliver")) {
		ipc->interrupts++;
		count_sent(ipc, field[0], role_of_line(ipc, field[1]), field[2], MESSAGE_INTERRUPT, ns);
	} else if (!strcmp(name, "ipc_receive")) {
		count_received(ipc, field, ns);
	} else if (!strcmp(name, "ipc_reply")) {
		count_reply(ipc, field[0], ns);
	} else if (!strcmp(name, "ipc_cancel")) {
		free(table_remove(&ipc->open, (struct table_key){.word = {field[0]}}));
	}
	if (ipc->failed || ipc->who.out_of_memory)
		return say("out of memory"), ipc->failed = true, false;
	return true;
}

/* ---- drawing ---- */

struct drawing {
	struct picture *picture;
	struct ipc *ipc;
	uint64_t most; /* messages of any link */
};

/* The frame of a role's process; NULL for what is in none. */
static struct Agraph_s *group_of(struct drawing *drawing, unsigned role)
{
	const struct who *who = &drawing->ipc->who;
	const struct actor_process *process = actors_process(&who->actors, who->roles[role].process);
	char key[32];
	if (!process)
		return NULL;
	snprintf(key, sizeof(key), "process_%td", process - who->actors.processes);
	return picture_group(drawing->picture, NULL, key, LOOK_DATA, "%s (aspace %" PRIu64 ")", process->name, process->id);
}

static struct Agnode_s *draw_role(struct drawing *drawing, unsigned role)
{
	const struct who_role *of = &drawing->ipc->who.roles[role];
	char key[32], many[24] = "";
	snprintf(key, sizeof(key), "role_%u", role);
	if (of->threads > 1)
		snprintf(many, sizeof(many), "\n%u threads", of->threads);
	bool outside = of->process == WHO_NOBODY && strncmp(of->name, "thread", 6);
	struct Agnode_s *node = picture_node(drawing->picture, group_of(drawing, role), key, outside ? LOOK_PORTABLE : LOOK_USER,
					     "%s%s", of->name, many);
	char text[WHO_TEXT_BYTES];
	picture_tip(node, "%s", who_text(&drawing->ipc->who, role, text));
	return node;
}

/* In the frame of whoever made it, if the trace has seen that. */
static struct Agnode_s *draw_endpoint(struct drawing *drawing, uint64_t endpoint)
{
	char key[48];
	unsigned maker = (unsigned)(uintptr_t)table_find(&drawing->ipc->makers, (struct table_key){.word = {endpoint}});
	snprintf(key, sizeof(key), "endpoint_%" PRIu64, endpoint);
	struct Agnode_s *node = picture_node(drawing->picture, maker ? group_of(drawing, maker - 1) : NULL, key, LOOK_STRONG,
					     "endpoint %" PRIu64, endpoint);
	picture_set(node, "shape", "ellipse");
	picture_tip(node, "the object %" PRIu64 " in the trace: messages wait here until a server takes them", endpoint);
	return node;
}

static void draw_link(struct drawing *drawing, const struct link *link)
{
	struct Agnode_s *role = draw_role(drawing, link->role), *endpoint = draw_endpoint(drawing, link->endpoint);
	struct Agnode_s *from = link->out ? endpoint : role, *to = link->out ? role : endpoint;
	const char *what = link->type ? schema_value_name(FIELD_MESSAGE, link->type) : "messages";
	char times[80] = "", number[PICTURE_NUMBER_BYTES], average[PICTURE_NUMBER_BYTES], longest[PICTURE_NUMBER_BYTES], key[40];
	if (link->answered == 1)
		snprintf(times, sizeof(times), "\n%s", picture_time(longest, link->longest_ns));
	if (link->answered > 1)
		snprintf(times, sizeof(times), "\n%s, at most %s", picture_time(average, link->total_ns / link->answered),
			 picture_time(longest, link->longest_ns));
	snprintf(key, sizeof(key), "%" PRIu64, link->type);
	what = what ? what : "a message of the kernel";
	struct Agedge_s *edge = picture_edge(drawing->picture, from, to, key, link->type ? LOOK_ARCH : LOOK_USER,
					     (double)link->messages / (double)drawing->most, "%s: %s%s", what,
					     picture_number(number, link->messages), times);
	picture_tip(edge, "%" PRIu64 " %s, %" PRIu64 " answered", link->messages, link->out ? "received" : "sent",
		    link->answered);
}

/* The links with most messages come first; those as many in the order in which they came up. */
static int compare_links(const void *a, const void *b)
{
	const struct link *left = *(const struct link *const *)a, *right = *(const struct link *const *)b;
	if (left->messages != right->messages)
		return left->messages < right->messages ? 1 : -1;
	if (left->endpoint != right->endpoint)
		return left->endpoint < right->endpoint ? -1 : 1;
	if (left->role != right->role)
		return left->role < right->role ? -1 : 1;
	return left->type != right->type ? (left->type < right->type ? -1 : 1) : left->out - right->out;
}

static void draw_heading(struct picture *picture, const struct ipc *ipc, const struct trace_info *info)
{
	char sent[PICTURE_NUMBER_BYTES], received[PICTURE_NUMBER_BYTES], answered[PICTURE_NUMBER_BYTES];
	scan_describe(picture, info);
	picture_about(picture, "%s messages sent, %s received, %s answered, %" PRIu64 " device interrupts as messages",
		      picture_number(sent, ipc->sent), picture_number(received, ipc->received),
		      picture_number(answered, ipc->answered), ipc->interrupts);
	picture_about(picture, "Into an endpoint: average and longest from send to reply. Out of it: from receive to reply.");
	scan_say_lacking(picture, info, TRACE_THREAD, "threads have numbers and no names");
	scan_say_lacking(picture, info, TRACE_IRQ, "interrupts of devices are not here");
	if (ipc->links_count > LINKS_DRAWN)
		picture_about(picture, "Only the %u busiest of %u arrows are drawn", LINKS_DRAWN, ipc->links_count);
	picture_legend(picture, LOOK_USER, "threads, and their messages");
	picture_legend(picture, LOOK_STRONG, "endpoint");
	picture_legend(picture, LOOK_ARCH, "sent by the kernel");
	picture_legend(picture, LOOK_PORTABLE, "the kernel itself, a device");
}

static char *draw(const struct graph_request *request, struct ipc *ipc, const struct trace_info *info, enum graph_format format,
		  size_t *bytes)
{
	struct drawing drawing = {.ipc = ipc, .picture = picture_begin(request, "Who talks to whom?")};
	draw_heading(drawing.picture, ipc, info);
	picture_set(picture_graph(drawing.picture), "rankdir", "LR");
	picture_set(picture_graph(drawing.picture), "ranksep", "1.0");
	if (ipc->links_count)
		qsort(ipc->in_order, ipc->links_count, sizeof(void *), compare_links);
	drawing.most = ipc->links_count ? ipc->in_order[0]->messages : 1;
	for (unsigned i = 0; i < ipc->links_count && i < LINKS_DRAWN; i++)
		draw_link(&drawing, ipc->in_order[i]);
	return picture_end(drawing.picture, format, bytes);
}

char *graph_draw_ipc(const struct graph_request *request, enum graph_format format, size_t *bytes)
{
	struct ipc ipc = {0};
	struct trace_info info;
	char *text = NULL;
	if (scan_run(request->runs[0], &info, &ipc, count) && !ipc.failed)
		text = draw(request, &ipc, &info, format, bytes);
	table_free(&ipc.links, free);
	table_free(&ipc.open, free);
	table_free(&ipc.makers, NULL);
	free(ipc.in_order);
	who_free(&ipc.who);
	return text;
}
