/*
 * `vitrine graph`: a run as a graph, which Graphviz draws. The table of all kinds is here.
 *
 * Who calls: main.c; graph_svg and graph_dot are for whoever wants a picture in memory. Whom: the function of each kind.
 * Invariant: a picture is under its name only when it is whole. To add a kind: a row here, its declaration in graph.h.
 */
#include "graph.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"

/* Options that only some kinds know. */
enum { TAKES_AT = 1, TAKES_ASPACE = 2, TAKES_ADDRESS = 4, TAKES_ROOT = 8, TAKES_ALL = 16 };

static const struct graph_kind {
	const char *name;
	char *(*draw)(const struct graph_request *request, enum graph_format format, size_t *bytes);
	unsigned takes;
	enum trace_category needs; /* without it there is nothing to draw; 0: the witness is what it needs */
	bool all_at_once;          /* one picture of all runs, not one of each */
	const char *help;
} kinds[] = {
	{"ipc", graph_draw_ipc, 0, TRACE_IPC, false, ipc_help},
	{"faults", graph_draw_faults, 0, TRACE_FAULT, false, faults_help},
	{"pagetable", graph_draw_pagetable, TAKES_AT | TAKES_ASPACE | TAKES_ADDRESS, TRACE_MMU, false, pagetable_help},
	{"boot", graph_draw_boot, 0, TRACE_BOOT, false, boot_help},
	{"hpt", graph_draw_hpt, TAKES_AT | TAKES_ASPACE, TRACE_MMU, false, hpt_help},
	{"calls", graph_draw_calls, TAKES_ROOT | TAKES_ALL, 0, false, calls_help},
	{"diff", graph_draw_diff, TAKES_ROOT | TAKES_ALL, 0, true, diff_help},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const char graph_help[] =
	"usage: vitrine graph KIND RUN... [-o FILE] [--format svg|dot] [--source-url BASE]\n"
	"\n"
	"Draws runs (.vtrace files, or directories that hold run.vtrace) with Graphviz. Each picture has a title and a legend; "
	"what is\n"
	"code leads to its line in the source, and more shows when the mouse rests on it.\n"
	"\n"
	"    -o, --output FILE    where the picture goes, - for the standard output (default: KIND.svg in the run's directory)\n"
	"    --format svg|dot     a picture for the browser, or the graph in Graphviz's language (default: svg)\n"
	"    --source-url BASE    what links to source lines begin with; `none`: no links (default: the way to this tree)\n"
	"\n"
	"Kinds, each with more in `vitrine graph KIND --help`:\n";

static const struct graph_kind *kind_named(const char *name)
{
	for (size_t i = 0; i < KINDS; i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

static int unknown_kind(const char *name)
{
	const char *names[KINDS + 1] = {NULL};
	for (size_t i = 0; i < KINDS; i++)
		names[i] = kinds[i].name;
	const char *near = nearest_name(name, names);
	if (near)
		return say_usage("graph", "there is no graph `%s`; did you mean `%s`?", name, near);
	return say_usage("graph", "there is no graph `%s`", name);
}

const char *graph_lacks(const char *kind, const struct trace_info *info)
{
	const struct graph_kind *of = kind_named(kind);
	return of && of->needs & ~info->categories ? schema_category_name(of->needs) : NULL;
}

/* Whether the run has the events that the graph is made of. False after having said what it lacks. */
static bool has_its_events(const struct graph_request *request)
{
	char error[640];
	struct trace_reader *reader = trace_open(request->runs[0], error, sizeof(error));
	if (!reader)
		return say("%s", error), false;
	const char *lacks = graph_lacks(request->kind, trace_info(reader));
	trace_close(reader);
	if (lacks)
		say("%s: the category `%s` was not traced, and the graph `%s` is made of its events", request->runs[0], lacks,
		    request->kind);
	return !lacks;
}

static char *draw(const struct graph_request *request, enum graph_format format, size_t *bytes)
{
	const struct graph_kind *kind = kind_named(request->kind);
	if (!kind)
		return say("there is no graph `%s`", request->kind), NULL;
	if (kind->needs && !has_its_events(request))
		return NULL;
	return kind->draw(request, format, bytes);
}

char *graph_svg(const struct graph_request *request, size_t *bytes)
{
	return draw(request, GRAPH_SVG, bytes);
}

char *graph_dot(const struct graph_request *request, size_t *bytes)
{
	return draw(request, GRAPH_DOT, bytes);
}

/* ---- where to, and where the source is from there ---- */

struct graph_call {
	struct graph_request request;
	enum graph_format format;
	const char *output;     /* NULL: beside the run */
	const char *source_url; /* NULL: the way to this tree */
};

/* `KIND.svg` in the directory of a run, or `NAME-KIND.svg` beside NAME.vtrace. To be freed; NULL if there is no memory. */
static char *default_output(const char *run, const struct graph_call *call)
{
	struct stat status;
	bool is_directory = stat(run, &status) == 0 && S_ISDIR(status.st_mode);
	const char *ending = call->format == GRAPH_DOT ? "dot" : "svg", *suffix = is_directory ? "/" : ".vtrace";
	size_t length = strlen(run), cut = strlen(suffix);
	char *path = NULL;
	if (length > cut && !strcmp(run + length - cut, suffix))
		length -= cut;
	return asprintf(&path, "%.*s%c%s.%s", (int)length, run, is_directory ? '/' : '-', call->request.kind, ending) < 0 ? NULL
															  : path;
}

/* The directory above build/, if the kernel's source is there, with a slash behind it. To be freed; NULL if there is none. */
static char *find_tree(void)
{
	char *path = realpath("/proc/self/exe", NULL), *tree = NULL;
	for (char *slash = path ? strrchr(path, '/') : NULL; slash && !tree; slash = strrchr(path, '/')) {
		char *source = NULL;
		*slash = '\0';
		if (asprintf(&source, "%s/kernel/arch.h", path) >= 0 && access(source, R_OK) == 0 &&
		    asprintf(&tree, "%s/", path) < 0)
			tree = NULL;
		free(source);
	}
	free(path);
	return tree;
}

/* The way from one directory to another, both whole paths with a slash at their ends: "../../". To be freed. */
static char *way_between(const char *from, const char *tree)
{
	char *way = NULL;
	size_t bytes, same = 0;
	for (size_t i = 0; tree[i] && tree[i] == from[i]; i++)
		if (tree[i] == '/')
			same = i + 1;
	FILE *to = open_memstream(&way, &bytes);
	if (!to)
		return NULL;
	for (const char *at = from + same; *at; at++)
		if (*at == '/')
			fputs("../", to);
	fputs(tree + same, to);
	return fclose(to) == 0 ? way : NULL;
}

/* The way from `directory` to this tree. To be freed; NULL if there is none. */
static char *way_to_tree(const char *directory)
{
	char *tree = find_tree(), *whole = realpath(directory, NULL), *from = NULL, *way = NULL;
	if (tree && whole && asprintf(&from, "%s%s", whole, whole[1] ? "/" : "") >= 0)
		way = way_between(from, tree);
	free(from);
	free(whole);
	free(tree);
	return way;
}

static int write_file(const char *path, const char *text, size_t bytes)
{
	char *fresh = NULL;
	if (asprintf(&fresh, "%s.new", path) < 0)
		return say("out of memory");
	FILE *to = fopen(fresh, "w");
	bool written = to && fwrite(text, 1, bytes, to) == bytes;
	written = to && fclose(to) == 0 && written;
	int code = written && rename(fresh, path) == 0 ? printf("%s\n", path) < 0 : say("%s: %s", path, strerror(errno));
	if (code)
		unlink(fresh);
	free(fresh);
	return code;
}

/* Draws to `path`, or to stdout if that is "-". */
static int draw_to(struct graph_call *call, const char *path)
{
	bool to_stdout = !strcmp(path, "-");
	char *copy = strdup(path);
	char *way = copy && !call->source_url ? way_to_tree(to_stdout ? "." : dirname(copy)) : NULL;
	size_t bytes = 0;
	call->request.source_base = call->source_url ? call->source_url : way;
	if (call->source_url && !strcmp(call->source_url, "none"))
		call->request.source_base = NULL;
	char *text = draw(&call->request, call->format, &bytes);
	int code = !text ? 1 : to_stdout ? fwrite(text, 1, bytes, stdout) != bytes : write_file(path, text, bytes);
	free(text);
	free(way);
	free(copy);
	return code;
}

static int draw_all(struct graph_call *call, bool all_at_once)
{
	unsigned pictures = all_at_once ? 1 : call->request.count;
	const char *const *runs = call->request.runs;
	int code = 0;
	if (!all_at_once)
		call->request.count = 1;
	for (unsigned i = 0; i < pictures && !code; i++) {
		call->request.runs = runs + i;
		char *path = call->output ? strdup(call->output) : default_output(runs[i], call);
		code = path ? draw_to(call, path) : say("out of memory");
		free(path);
	}
	return code;
}

/* ---- the command ---- */

static const struct option options[] = {
	{"output", required_argument, NULL, 'o'},
	{"format", required_argument, NULL, 'f'},
	{"source-url", required_argument, NULL, 's'},
	{"help", no_argument, NULL, 'h'},
	{"at", required_argument, NULL, 256 + TAKES_AT},
	{"aspace", required_argument, NULL, 256 + TAKES_ASPACE},
	{"address", required_argument, NULL, 256 + TAKES_ADDRESS},
	{"root", required_argument, NULL, 256 + TAKES_ROOT},
	{"all", no_argument, NULL, 256 + TAKES_ALL},
	{0},
};

/* Takes one option. 0, or the exit code after having said what is wrong with it. */
static int take_option(struct graph_call *call, int option, unsigned *given)
{
	switch (option) {
	case 'o':
		call->output = optarg;
		break;
	case 's':
		call->source_url = optarg;
		break;
	case 'f':
		call->format = !strcmp(optarg, "dot") ? GRAPH_DOT : GRAPH_SVG;
		if (strcmp(optarg, "dot") && strcmp(optarg, "svg"))
			return say_usage("graph", "there is no format `%s`: there are svg and dot", optarg);
		break;
	case 256 + TAKES_AT:
		call->request.at = optarg;
		break;
	case 256 + TAKES_ASPACE:
		call->request.aspace = optarg;
		break;
	case 256 + TAKES_ADDRESS:
		call->request.address = optarg;
		break;
	case 256 + TAKES_ROOT:
		call->request.root = optarg;
		break;
	case 256 + TAKES_ALL:
		call->request.all = true;
		break;
	}
	if (optarg && !*optarg && option != 's')
		return say_usage("graph", "an option is followed by nothing");
	*given |= option >= 256 ? (unsigned)option - 256 : 0;
	return 0;
}

static int print_help(int argc, char **argv)
{
	const struct graph_kind *kind = NULL;
	for (int i = 1; i < argc && !kind; i++)
		kind = kind_named(argv[i]);
	say_help(stdout, kind ? kind->help : graph_help);
	for (size_t i = 0; i < KINDS && !kind; i++) {
		const char *summary = strchr(kinds[i].help, '\n') + 2;
		printf("    %-10s %.*s\n", kinds[i].name, (int)strcspn(summary, "\n"), summary);
	}
	return 0;
}

/* Whether the call makes sense, after its options were read. 0, or the exit code after having said what does not. */
static int check_call(const struct graph_call *call, const struct graph_kind *kind, unsigned given)
{
	for (const struct option *option = options; option->name; option++)
		if (option->val >= 256 && (given & ~kind->takes & ((unsigned)option->val - 256)))
			return say_usage("graph", "the graph `%s` has no option --%s", kind->name, option->name);
	if (!call->request.count)
		return say_usage("graph", "a run is wanted: a .vtrace file, or the directory that holds run.vtrace");
	if (call->output && call->request.count > 1 && !kind->all_at_once)
		return say_usage("graph", "`%s` draws a picture of each run: leave -o out, or name one run", kind->name);
	return 0;
}

int command_graph(int argc, char **argv)
{
	struct graph_call call = {.format = GRAPH_SVG};
	unsigned given = 0;
	opterr = 0;
	optind = 1;
	for (int option, code; (option = getopt_long(argc, argv, ":o:h", options, NULL)) != -1;) {
		if (option == 'h')
			return print_help(argc, argv);
		if (option == ':')
			return say_usage("graph", "`%s` wants a word after it", argv[optind - 1]);
		if (option == '?')
			return say_usage("graph", "there is no option `%s`", argv[optind - 1]);
		if ((code = take_option(&call, option, &given)))
			return code;
	}
	if (optind == argc)
		return say_usage("graph", "which graph, and of which run?");
	call.request.kind = argv[optind];
	call.request.runs = (const char *const *)argv + optind + 1;
	call.request.count = (unsigned)(argc - optind - 1);
	const struct graph_kind *kind = kind_named(call.request.kind);
	if (!kind)
		return unknown_kind(call.request.kind);
	int code = check_call(&call, kind, given);
	return code ? code : draw_all(&call, kind->all_at_once);
}
