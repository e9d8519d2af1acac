/*
 * `vitrine report`: runs as one page that needs nothing but a browser: no network, no server, no second file.
 *
 * Teaches: a page is a text with holes. report.html is that text; each @WORD@ in it is a hole that a function below fills, and
 * style, script and data lie in the page itself. The script (report.js) only draws: what is true was reckoned here, in C.
 * Who calls: main.c. Whom: stats.h for the table, report_data.c for the data, graph.h for the graphs, the command `perfetto` for the
 * trace that lies beside the page.
 */
#include "report.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "graph.h"
#include "reader.h"
#include "stats.h"

const char report_help[] =
	"usage: vitrine report RUN... [-o DIR] [--events N]\n"
	"\n"
	"Makes a page of one or more runs (a .vtrace file, or the directory that holds run.vtrace): a table of all of them, "
	"their\n"
	"timeline, memory moment by moment, graphs, and a search for events. The page is one file and works offline.\n"
	"\n"
	"    -o, --output DIR   where it goes (default: out/report): DIR/report.html, and DIR/report.pftrace for the Perfetto "
	"UI\n"
	"        --events N     search finds the first N events of each run (default: 200000); the rest of the page is of all "
	"events\n"
	"\n"
	"    vitrine report out/demo/x86_64 out/demo/ppc64\n";

#define EVENTS_DEFAULT 200000

struct report {
	char **paths;
	int count;
	uint64_t events_max;
	const char *directory;
};

/* The files that the linker put into this program as they are, each between two symbols. */
#define EMBEDDED(name)                                                                                                           \
	extern const char _binary_viz_report_##name##_start[], _binary_viz_report_##name##_end[];                                \
	static const char *const name##_text = _binary_viz_report_##name##_start;                                                \
	static size_t name##_bytes(void)                                                                                         \
	{                                                                                                                        \
		return (uintptr_t)_binary_viz_report_##name##_end - (uintptr_t)_binary_viz_report_##name##_start;                \
	}
EMBEDDED(css)
EMBEDDED(js)
EMBEDDED(html)

/* ---- what fills the holes ---- */

/* "demo on x86_64 and ppc64": the programs and machines of the runs. */
static bool fill_title(FILE *to, const struct report *report)
{
	char before[32] = "";
	for (int i = 0; i < report->count; i++) {
		char error[640];
		struct trace_reader *reader = trace_open(report->paths[i], error, sizeof(error));
		if (!reader)
			return say("%s", error), false;
		const struct trace_info *info = trace_info(reader);
		fputs(i == 0 ? "" : i == report->count - 1 ? " and " : ", ", to);
		if (strcmp(before, info->program) != 0) {
			report_write_text(to, info->program);
			fputs(" on ", to);
		}
		snprintf(before, sizeof(before), "%s", info->program);
		report_write_text(to, info->machine);
		trace_close(reader);
	}
	return true;
}

static bool fill_style(FILE *to, const struct report *report)
{
	(void)report;
	return fwrite(css_text, 1, css_bytes(), to) > 0;
}

static bool fill_script(FILE *to, const struct report *report)
{
	(void)report;
	return fwrite(js_text, 1, js_bytes(), to) > 0;
}

static bool fill_overview(FILE *to, const struct report *report)
{
	return stats_write_html(to, report->paths, report->count);
}

static bool fill_trace(FILE *to, const struct report *report)
{
	return report_write_text(to, report->directory), fputs("/report.pftrace", to), true;
}

static bool fill_view(FILE *to, const struct report *report)
{
	report_write_text(to, program_path);
	fputs(" view ", to);
	return fill_trace(to, report);
}

static bool fill_data(FILE *to, const struct report *report)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *memory = open_memstream(&text, &bytes);
	if (!memory)
		return say("out of memory"), false;
	bool good = report_write_data(memory, report->paths, report->count, report->events_max);
	if ((fclose(memory) != 0 || (good && !report_write_packed(to, text, bytes))))
		good = (say("out of memory"), false);
	free(text);
	return good;
}

/* Why a graph of a run is not there. */
static void write_no_graph(FILE *to, const char *kind, const char *path)
{
	char error[640];
	struct trace_reader *reader = trace_open(path, error, sizeof(error));
	const char *lacks = reader ? graph_lacks(kind, trace_info(reader)) : NULL;
	fputs("<p class=note>This graph of ", to);
	report_write_text(to, path);
	fputs(" could not be drawn", to);
	if (lacks)
		fprintf(to, ": the run was recorded without the category %s", lacks);
	fputs(".</p>\n", to);
	if (reader)
		trace_close(reader);
}

static bool run_has_hash(const char *path)
{
	char error[640];
	struct trace_reader *reader = trace_open(path, error, sizeof(error));
	bool has = reader && !strcmp(trace_info(reader)->mmu, "hash");
	if (reader)
		trace_close(reader);
	return has;
}

/* Whether the run was made with --witness. */
static bool run_has_witness(const char *path)
{
	char *witness = NULL;
	bool has = asprintf(&witness, "%s/witness", path) >= 0 && access(witness, R_OK) == 0;
	free(witness);
	return has;
}

/* The picture without what stands before it in a file of its own; a sentence, if the run lacks what it is made of. */
static void write_graph(FILE *to, const struct graph_request *request)
{
	size_t bytes = 0;
	char *text = graph_svg(request, &bytes);
	const char *svg = text ? strstr(text, "<svg") : NULL;
	if (svg)
		fprintf(to, "<div class=graph>%s</div>\n", svg);
	else
		write_no_graph(to, request->kind, request->runs[0]);
	free(text);
}

static const struct graph {
	const char *kind, *title, *root;
	bool (*can)(const char *path); /* whether there is such a graph of a run; NULL: of each */
	bool of_two;
} graphs[] = {
	{"faults", "Which way faults went", NULL, NULL, false},
	{"ipc", "Who talked to whom", NULL, NULL, false},
	{"pagetable", "Page tables at their fullest", NULL, NULL, false},
	{"hpt", "The hashed page table", NULL, run_has_hash, false},
	{"boot", "How the machine came up", NULL, NULL, false},
	{"calls", "What a page fault calls", "page-fault", run_has_witness, false},
	{"diff", "What a page fault calls on one machine only", "page-fault", run_has_witness, true},
};

/* One kind: a picture of each run that can have it, or one of the first two. */
static void write_graphs(FILE *to, const struct report *report, const struct graph *graph)
{
	const char *runs[2];
	unsigned count = 0;
	fprintf(to, "<details%s><summary>%s</summary>\n", graph == graphs ? " open" : "", graph->title);
	for (int run = 0; run < report->count && count < 2; run++) {
		if (graph->can && !graph->can(report->paths[run]))
			continue;
		runs[count++] = report->paths[run];
		if (graph->of_two && count < 2)
			continue;
		write_graph(to, &(struct graph_request){.kind = graph->kind, .runs = runs, .count = count, .root = graph->root});
		count = graph->of_two ? count : 0;
	}
	fputs("</details>\n", to);
}

static bool has_graph(const struct report *report, const struct graph *graph)
{
	int can = 0;
	for (int run = 0; run < report->count; run++)
		can += !graph->can || graph->can(report->paths[run]);
	return can >= (graph->of_two ? 2 : 1);
}

static bool fill_graphs(FILE *to, const struct report *report)
{
	for (size_t i = 0; i < sizeof(graphs) / sizeof(graphs[0]); i++)
		if (has_graph(report, &graphs[i]))
			write_graphs(to, report, &graphs[i]);
	return true;
}

static const struct hole {
	const char *name;
	bool (*fill)(FILE *to, const struct report *report);
} holes[] = {
	{"TITLE", fill_title}, {"STYLE", fill_style}, {"SCRIPT", fill_script}, {"OVERVIEW", fill_overview},
	{"TRACE", fill_trace}, {"VIEW", fill_view},   {"DATA", fill_data},     {"GRAPHS", fill_graphs},
};

static const struct hole *hole_at(const char *text, size_t left)
{
	for (size_t i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
		size_t length = strlen(holes[i].name);
		if (left >= length + 2 && text[0] == '@' && !strncmp(text + 1, holes[i].name, length) && text[length + 1] == '@')
			return &holes[i];
	}
	return NULL;
}

static bool write_page(FILE *to, const struct report *report)
{
	for (size_t at = 0, bytes = html_bytes(); at < bytes;) {
		const struct hole *hole = hole_at(html_text + at, bytes - at);
		if (!hole) {
			fputc(html_text[at++], to);
			continue;
		}
		if (!hole->fill(to, report))
			return false;
		at += strlen(hole->name) + 2;
	}
	return true;
}

/* ---- files ---- */

/* The page is under its name only when it is whole. */
static bool write_page_as(const char *path, const char *fresh, const struct report *report)
{
	FILE *to = fopen(fresh, "w");
	if (!to)
		return say("%s: %s", fresh, strerror(errno)), false;
	bool good = write_page(to, report);
	bool written = !ferror(to);
	written = fclose(to) == 0 && written;
	if (good && written && rename(fresh, path) == 0)
		return true;
	if (good)
		say("%s: %s", path, strerror(errno));
	return unlink(fresh), false;
}

static bool write_trace(const struct report *report)
{
	char *path = NULL;
	char **arguments = calloc((size_t)report->count + 4, sizeof(*arguments));
	if (!arguments || asprintf(&path, "%s/report.pftrace", report->directory) < 0)
		return free(arguments), say("out of memory"), false;
	char command[] = "perfetto", option[] = "-o";
	arguments[0] = command;
	arguments[1] = option;
	arguments[2] = path;
	memcpy(arguments + 3, report->paths, (size_t)report->count * sizeof(*arguments));
	bool good = command_perfetto(report->count + 3, arguments) == 0;
	free(path);
	free(arguments);
	return good;
}

static int write_report(const struct report *report)
{
	char *path = NULL, *fresh = NULL;
	if (!directories_make(report->directory))
		return say("%s: %s", report->directory, strerror(errno));
	bool good = asprintf(&path, "%s/report.html", report->directory) > 0 && asprintf(&fresh, "%s.new", path) > 0;
	good = good ? write_trace(report) && write_page_as(path, fresh, report) : (say("out of memory"), false);
	if (good)
		printf("%s: open it in a browser\n", path);
	free(path);
	free(fresh);
	return good ? 0 : 1;
}

int command_report(int argc, char **argv)
{
	static const struct option options[] = {
		{"output", required_argument, NULL, 'o'}, {"events", required_argument, NULL, 'e'}, {0}};
	struct report report = {.events_max = EVENTS_DEFAULT, .directory = "out/report"};
	opterr = 0;
	optind = 1;
	for (int option; (option = getopt_long(argc, argv, ":o:", options, NULL)) != -1;) {
		char *end = NULL;
		if (option == ':')
			return say_usage("report", "the option `%s` lacks its value", argv[optind - 1]);
		if (option == '?')
			return say_usage("report", "there is no option `%s`", argv[optind - 1]);
		if (option == 'o')
			report.directory = optarg;
		else
			report.events_max = strtoull(optarg, &end, 10);
		if (option == 'o' ? !*optarg : optarg[0] < '0' || optarg[0] > '9' || *end)
			return say_usage("report",
					 option == 'o' ? "-o wants the name of a directory" : "--events wants a number");
	}
	report.paths = argv + optind;
	report.count = argc - optind;
	if (report.count < 1 || report.count > REPORT_RUNS_MAX)
		return say_usage("report", "between 1 and %d runs are wanted, and there are %d", REPORT_RUNS_MAX, report.count);
	return write_report(&report);
}
