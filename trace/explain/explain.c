/*
 * `vitrine explain`: one event of a run in words, and the story that it belongs to.
 *
 * Teaches: an event by itself says little; its story is the events of one flow, of one thread, of one grace period. So the run is read four
 * times: which event is meant, who was who then, where its story begins and ends, what is in it. Reading is cheap, and nothing has to be kept.
 * Who calls: main.c. Whom: the parts in explain.h.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "explain/explain.h"
#include "print_event.h"

const char explain_help[] =
	"usage: vitrine explain RUN EVENT [--walk | --ram FILE]\n"
	"\n"
	"Says in words what an event of a run (a .vtrace file, or the directory that holds run.vtrace) is about: of a\n"
	"fault what was accessed and why it faulted, what the MMU had, the path it took, who was asked, what it cost,\n"
	"and, if the thread was killed, what the mistake probably is; of any other event what it belongs to.\n"
	"\n"
	"EVENT is one of\n"
	"\n" MOMENT_HELP "\n"
	"Of an address, if there are several faults at its page, they are listed.\n"
	"\n"
	"    --walk           of a fault: the walk also in the guest's memory at the moment of the trap, for which the\n"
	"                     guest is run again up to there: see `vitrine at --help` for when that can be done\n"
	"    --ram FILE       of a fault: the walk also in this image of the guest's memory, as it was when that was made\n"
	"\n"
	"example: vitrine explain out/demo/ppc64 fault_wait:1\n";

/* ---- small things that all parts use ---- */

bool is_event(const struct trace_event *event, const char *name)
{
	return event->schema && !strcmp(event->schema->name, name);
}

static const uint64_t *field_at(const struct trace_event *event, const char *name)
{
	for (unsigned i = 0; event->schema && i < event->fields; i++)
		if (!strcmp(event->schema->field[i].name, name))
			return &event->field[i];
	return NULL;
}

uint64_t field_of(const struct trace_event *event, const char *name)
{
	const uint64_t *field = field_at(event, name);
	return field ? *field : 0;
}

bool has_field(const struct trace_event *event, const char *name)
{
	return field_at(event, name) != NULL;
}

bool is_same_event(const struct trace_event *a, const struct trace_event *b)
{
	return a->cpu == b->cpu && a->index == b->index;
}

bool is_before(const struct trace_event *a, const struct trace_event *b)
{
	if (a->cpu == b->cpu)
		return a->index < b->index;
	return a->ticks != b->ticks ? a->ticks < b->ticks : a->cpu < b->cpu;
}

uint64_t explain_ns(const struct explain *explain, const struct trace_event *event)
{
	return trace_ns(explain->reader, event->ticks);
}

bool range_has(const struct trace_event *event, uint64_t address)
{
	uint64_t start = field_of(event, "address");
	uint64_t bytes = has_field(event, "pages") ? field_of(event, "pages") * PAGE_SIZE : field_of(event, "bytes");
	return address >= start && address - start < (bytes ? bytes : PAGE_SIZE);
}

/* ---- the passes ---- */

/* What a pass does with an event; false: it has seen enough. */
typedef bool pass_take(struct explain *explain, const struct trace_event *event);

/* Reads the run from its start. Returns 0, or 1 after having said why the run cannot be read. */
static int pass(struct explain *explain, pass_take *take)
{
	static char error[640]; /* large for a stack */
	struct trace_event event;
	int more;
	if (explain->reader)
		trace_close(explain->reader);
	explain->reader = trace_open(explain->path, error, sizeof(error));
	if (!explain->reader)
		return say("%s", error);
	explain->info = trace_info(explain->reader);
	while ((more = trace_next(explain->reader, &event)) == 1)
		if (!take(explain, &event))
			return 0;
	return more < 0 ? say("%s: %s", explain->path, trace_error(explain->reader)) : 0;
}

static bool take_search(struct explain *explain, const struct trace_event *event)
{
	return moment_search_take(&explain->search, explain->reader, event);
}

static bool take_scope(struct explain *explain, const struct trace_event *event)
{
	scope_take(explain, event);
	return true;
}

/* The fourth pass: names as they are at the event, the steps of the story, and how long each part of it took. */
static bool take_story(struct explain *explain, const struct trace_event *event)
{
	if (event->id == TRACE_EVENT_GAP)
		return true;
	walk_take(explain, event);
	cost_take(explain, event); /* before names_take(): it wants to know who ran until now */
	names_take(&explain->names, event);
	if (!scope_has(explain, event))
		return true;
	if (explain->steps == explain->scope.steps_max)
		explain->steps_left_out++;
	else
		explain->step[explain->steps++] = *event;
	return true;
}

/* ---- where the event stands ---- */

static bool take_names(struct explain *explain, const struct trace_event *event)
{
	names_take(&explain->names, event);
	return !is_same_event(event, &explain->target.event);
}

static void print_open(struct explain *explain, const struct open_event *open, const char *what, const char *name)
{
	if (!open->open || (open->cpu == explain->target.event.cpu && open->index == explain->target.event.index))
		return;
	fprintf(explain->out, "    in its %s%s, which began with event %u:%" PRIu64 "\n", what, name ? name : "", open->cpu,
		open->index);
}

/* Whom it is about, or who ran there, and in the middle of what. */
static void print_context(struct explain *explain)
{
	const struct trace_event *target = &explain->target.event;
	uint64_t thread = has_field(target, "thread") ? field_of(target, "thread") : explain->names.running[target->cpu];
	const struct open_events *open = names_open(&explain->names, thread);
	fprintf(explain->out, "    CPU %u was running ", target->cpu);
	print_thread(explain, explain->names.running[target->cpu], "nothing that the run names");
	fputc('\n', explain->out);
	if (!open && !actors_thread(&explain->names.actors, thread))
		return;
	if (thread != explain->names.running[target->cpu]) {
		fputs("    it is about ", explain->out);
		print_thread(explain, thread, "");
		fputc('\n', explain->out);
	}
	if (!open)
		return;
	print_open(explain, &open->fault, "fault", NULL);
	print_open(explain, &open->call, "system call ", schema_value_name(FIELD_SYSCALL, open->call.value));
}

static void print_event_itself(struct explain *explain)
{
	const struct trace_event *target = &explain->target.event;
	fprintf(explain->out, "%s, event %u:%" PRIu64 " of %s on %s, ", target->schema->name, target->cpu, target->index,
		explain->info->program, explain->info->machine);
	print_ns(explain->out, explain_ns(explain, target));
	fputs(" after kernel entry\n    ", explain->out);
	print_sentence(explain, target);
	fputs("\n", explain->out);
	print_context(explain);
}

static void print_fields(struct explain *explain)
{
	const struct trace_event *target = &explain->target.event;
	print_heading(explain, "In the trace");
	fputs("    ", explain->out);
	print_event_fields(explain->out, target, explain->info->clock_hz);
	for (unsigned i = 0; i < target->fields; i++)
		if (target->schema->field[i].type != FIELD_CHARS || !strstr(target->schema->field[i].name, "_1"))
			fprintf(explain->out, "    %-12s %s\n", target->schema->field[i].name, target->schema->field[i].meaning);
}

/* How to see it: the command that opens the timeline at the story, or at the event, with some room on both sides. */
static void print_picture(struct explain *explain)
{
	const struct trace_event *target = &explain->target.event;
	const struct trace_event *first = explain->steps ? &explain->step[0] : target;
	const struct trace_event *last = explain->steps ? &explain->step[explain->steps - 1] : target;
	uint64_t from = explain_ns(explain, first), to = explain_ns(explain, last), room = (to - from) / 4 + 1000;
	from = from > room ? from - room : 0;
	print_heading(explain, "In the picture");
	fprintf(explain->out, "    %s view TRACE --from %" PRIu64 "ns --to %" PRIu64 "ns", program_path, from, to + room);
	fprintf(explain->out, "    (TRACE is what `%s perfetto %s -o TRACE` wrote)\n", program_path, explain->path);
}

static void print_story(struct explain *explain)
{
	static void (*const prints[])(struct explain * explain) = {
		[SUBJECT_ALONE] = NULL,        [SUBJECT_FAULT] = fault_print,   [SUBJECT_FLOW] = flow_print,
		[SUBJECT_SLICE] = slice_print, [SUBJECT_PERIOD] = period_print, [SUBJECT_THREAD] = thread_print,
	};
	if (prints[explain->scope.subject])
		prints[explain->scope.subject](explain);
	if (is_event(&explain->target.event, "thread_crashed") && explain->scope.subject != SUBJECT_FAULT)
		mistake_print(explain, &explain->target.event);
}

/* ---- faults at one page ---- */

static bool take_list(struct explain *explain, const struct trace_event *event)
{
	names_take(&explain->names, event);
	if (!is_event(event, "fault_begin") || (field_of(event, "address") ^ explain->search.moment.number) >= PAGE_SIZE)
		return true;
	fprintf(explain->out, "    %u:%-9" PRIu64, event->cpu, event->index);
	print_ns(explain->out, explain_ns(explain, event));
	fputs("  ", explain->out);
	print_sentence(explain, event);
	fputc('\n', explain->out);
	return true;
}

static int list_faults(struct explain *explain)
{
	fprintf(explain->out,
		"%" PRIu64 " faults at the page 0x%" PRIx64 " of %s on %s, by event and by time since kernel entry:\n",
		explain->search.faults, explain->search.moment.number & ~(PAGE_SIZE - 1), explain->info->program,
		explain->info->machine);
	if (pass(explain, take_list) != 0)
		return 1;
	fprintf(explain->out, "\n`%s explain %s EVENT` explains one.\n", program_path, explain->path);
	return 0;
}

/* ---- one event ---- */

/* The second pass to the fourth. With `says`, the event itself is told before what it belongs to is known. */
static int look(struct explain *explain, bool says)
{
	if (pass(explain, take_names) != 0)
		return 1;
	scope_choose(explain);
	if (says)
		print_event_itself(explain);
	if (pass(explain, take_scope) != 0)
		return 1;
	names_free(&explain->names);
	explain->names = (struct names){0};
	page_tables_start(&explain->tables, explain->info);
	return pass(explain, take_story);
}

/* Forgets what belonged to the target. */
static void look_away(struct explain *explain)
{
	names_free(&explain->names);
	page_tables_free(&explain->tables);
	table_free(&explain->cost.begun, free);
	explain->names = (struct names){0};
	explain->history = (struct history){0};
	explain->cost = (struct cost){0};
	explain->steps = explain->steps_left_out = 0;
}

/* The last event of a run that ended with a crash says nothing of it: whoever asks for that one wants to know why. */
static int tell_ending(struct explain *explain)
{
	struct trace_event last = explain->target.event;
	if (explain->info->ending != ENDING_CRASHED || explain->scope.crash.there)
		return 0;
	explain->search = (struct moment_search){.moment = {.kind = MOMENT_CRASH}};
	if (pass(explain, take_search) != 0)
		return 1;
	if (!explain->search.found || is_same_event(&explain->search.event, &last))
		return 0;
	explain->target = (struct instant){true, explain->search.event};
	look_away(explain);
	if (look(explain, false) != 0)
		return 1;
	print_heading(explain, "How the run ended");
	fprintf(explain->out, "    %s, by event %u:%" PRIu64 ":\n    ", trace_ending_meaning(explain->info->ending),
		explain->target.event.cpu, explain->target.event.index);
	print_sentence(explain, &explain->target.event);
	fprintf(explain->out, "\n    `%s explain %s crash` tells how it came to that.\n", program_path, explain->path);
	mistake_print(explain, &explain->target.event);
	explain->target = (struct instant){true, last};
	explain->steps = 0;
	return 0;
}

static int explain_run(struct explain *explain, const char *wanted)
{
	if (pass(explain, take_search) != 0)
		return 1;
	if (!explain->search.found)
		return moment_say_absent(&explain->search, explain->path, explain->info, wanted);
	if (explain->search.faults > 1)
		return list_faults(explain);
	explain->target = (struct instant){true, explain->search.event};
	if (look(explain, true) != 0)
		return 1;
	print_story(explain);
	if (explain->search.moment.kind == MOMENT_LAST && tell_ending(explain) != 0)
		return 1;
	print_fields(explain);
	print_picture(explain);
	if (explain->failed)
		return 1;
	return explain->names.out_of_memory ? say("memory ran out: names are missing above") : 0;
}

int command_explain(int argc, char **argv)
{
	static const struct option options[] = {{"ram", required_argument, NULL, 'r'}, {"walk", no_argument, NULL, 'w'}, {0}};
	static struct explain explain; /* too large for a stack frame */
	char why[512];
	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
		if (option != 'r' && option != 'w')
			return say_usage("explain", option == ':' ? "the option `%s` lacks its value" : "there is no option `%s`",
					 argv[optind - 1]);
		if (option == 'w')
			explain.walks = true;
		else
			explain.ram = optarg;
	}
	if (explain.walks && explain.ram)
		return say_usage("explain", "--walk makes an image itself; --ram names one");
	if (argc - optind != 2)
		return say_usage("explain", "a run and an event are wanted, and there are %d arguments", argc - optind);
	explain.out = stdout;
	explain.path = argv[optind];
	if (!moment_parse(argv[optind + 1], &explain.search.moment, why, sizeof(why)))
		return say_usage("explain", "%s", why);
	explain.step = malloc(STEPS_MAX * sizeof(*explain.step));
	int exit_code = explain.step ? explain_run(&explain, argv[optind + 1]) : say("there is no memory");
	if (explain.reader)
		trace_close(explain.reader);
	look_away(&explain);
	free(explain.step);
	return exit_code;
}
