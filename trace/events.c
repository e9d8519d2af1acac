/*
 * `vitrine events`: the events of a run as text, one a line, in the order of time.
 *
 * Teaches: the schema is enough to print any event: names, units and enumerations come from trace/events.h, and nothing here
 * knows a single event. Who calls: main.c; print_event() is also how other commands show one.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors.h"
#include "commands.h"
#include "moment.h"
#include "number.h"
#include "print_event.h"
#include "reader.h"

const char events_help[] =
	"usage: vitrine events RUN [--category LIST] [--event NAME] [--thread WHO] [--process WHO] [--cpu N] [--limit N]\n"
	"\n"
	"Prints the events of a run (a .vtrace file, or the directory that holds run.vtrace) as text: time in\n"
	"microseconds since kernel entry, CPU, number of the event on its CPU, name, fields.\n"
	"\n"
	"    --category LIST   only these: boot,cpu,thread,syscall,irq,fault,mmu,vm,ipc,rcu,time,mem,lock,user,sync\n"
	"    --event NAME      only this event, for example fault_end; docs/gen/events.md has all\n"
	"    --thread WHO      only events about this thread, by its number or its name; of a name all threads that have it\n"
	"    --process WHO     only events about this process or its threads, by its number or its program's name\n"
	"    --cpu N           only what CPU N emitted\n"
	"    --limit N         stop after N lines, 0 or more\n"
	"\n"
	"example: vitrine events out/run --category fault --limit 20\n";

/* Which events to print. */
struct filter {
	unsigned categories;
	const struct event_schema *event; /* NULL: all */
	const char *thread, *process;     /* a number or a name; NULL: all */
	uint64_t cpu;
	uint64_t limit;
	bool has_cpu;
};

/* The value of one field, times in nanoseconds. */
static void print_field(FILE *to, const struct field_schema *field, uint64_t value, uint64_t clock_hz)
{
	const char *name = schema_value_name(field->type, value);
	fprintf(to, "  %s=", field->name);
	if (name)
		fprintf(to, "%s", name);
	else if (field->type == FIELD_SIGNED)
		fprintf(to, "%" PRId64, (int64_t)value);
	else if (field->type == FIELD_TICKS && clock_hz)
		fprintf(to, "%.0f ns", (double)value * 1e9 / (double)clock_hz);
	else if (field->type == FIELD_FLOW || field->type == FIELD_ADDRESS || field->type == FIELD_PADDR ||
		 field->type == FIELD_HEX)
		fprintf(to, "0x%" PRIx64, value);
	else
		fprintf(to, "%" PRIu64, value);
}

/* Two CHARS fields that follow each other are one name: name_0 and name_1 are printed as name="..." */
static void print_name(FILE *to, const struct field_schema *field, uint64_t first, uint64_t second)
{
	char text[17];
	int length = 0;
	while (field->name[length] && field->name[length] != '_')
		length++;
	trace_chars(first, second, text);
	fprintf(to, "  %.*s=\"%s\"", length, field->name, text);
}

void print_event_fields(FILE *to, const struct trace_event *event, uint64_t clock_hz)
{
	fprintf(to, "%-16s", event->schema->name);
	for (unsigned i = 0; i < event->fields; i++) {
		const struct field_schema *field = &event->schema->field[i];
		if (field->type == FIELD_CHARS && i + 1 < event->fields && field[1].type == FIELD_CHARS) {
			print_name(to, field, event->field[i], event->field[i + 1]);
			i++;
		} else if (field->type == FIELD_CHARS) {
			print_name(to, field, event->field[i], 0);
		} else {
			print_field(to, field, event->field[i], clock_hz);
		}
	}
	fputc('\n', to);
}

void print_event(FILE *to, const struct trace_reader *reader, const struct trace_event *event)
{
	uint64_t ns = trace_ns(reader, event->ticks);
	fprintf(to, "%12" PRIu64 ".%03u  cpu%u  %7" PRIu64 "  ", ns / 1000, (unsigned)(ns % 1000), event->cpu, event->index);
	if (event->id == TRACE_EVENT_GAP)
		fprintf(to, "GAP: %" PRIu64 " events of this CPU were overwritten before they were read\n", event->field[0]);
	else
		print_event_fields(to, event, trace_info(reader)->clock_hz);
}

/* Whether that is what a thing is called: its number, or its name (NULL: it is not known). */
static bool is_called(uint64_t id, const char *name, const char *wanted)
{
	uint64_t number;
	return number_in(wanted, &number) ? id == number : name && !strcmp(name, wanted);
}

/* Whether any field that names a thread names one that is called so. */
static bool is_about_thread(const struct actors *actors, const struct trace_event *event, const char *wanted)
{
	for (unsigned i = 0; i < event->fields; i++) {
		const struct actor_thread *thread = actors_thread(actors, event->field[i]);
		if (event->schema->field[i].type == FIELD_THREAD &&
		    is_called(event->field[i], thread ? thread->name : NULL, wanted))
			return true;
	}
	return false;
}

/* The same of a process, or of a thread of one. */
static bool is_about_process(const struct actors *actors, const struct trace_event *event, const char *wanted)
{
	for (unsigned i = 0; i < event->fields; i++) {
		enum field_type type = event->schema->field[i].type;
		const struct actor_thread *thread = type == FIELD_THREAD ? actors_thread(actors, event->field[i]) : NULL;
		if (type != FIELD_ASPACE && !thread)
			continue;
		uint64_t process = thread ? thread->process : event->field[i];
		if (is_called(process, actors_process_name(actors, process, NULL), wanted))
			return true;
	}
	return false;
}

/* What of a filter was met by no event at all: it is probably a slip, and an empty answer would not tell. */
struct absent {
	bool thread, process;
};

/* A gap passes every filter but the CPU's: nobody knows what was in it. */
static bool passes(const struct filter *filter, const struct actors *actors, const struct trace_event *event,
		   struct absent *absent)
{
	bool gap = event->id == TRACE_EVENT_GAP;
	bool thread = gap || !filter->thread || is_about_thread(actors, event, filter->thread);
	bool process = gap || !filter->process || is_about_process(actors, event, filter->process);
	absent->thread &= gap || !thread;
	absent->process &= gap || !process;
	if (filter->has_cpu && event->cpu != filter->cpu)
		return false;
	return gap || ((event->schema->category & filter->categories) && (!filter->event || filter->event == event->schema) &&
		       thread && process);
}

static void say_what_is_absent(const struct filter *filter, const struct trace_info *info, bool read_whole,
			       const struct absent *absent)
{
	if (filter->has_cpu && filter->cpu >= info->cpus)
		say("--cpu: the run has no CPU %" PRIu64 "; its last one is CPU %u", filter->cpu, info->cpus - 1);
	if (filter->thread && read_whole && absent->thread)
		say("--thread: no event of the run is about a thread %s", filter->thread);
	if (filter->process && read_whole && absent->process)
		say("--process: no event of the run is about a process %s", filter->process);
	if ((absent->thread || absent->process) && !(info->categories & TRACE_THREAD))
		say("the category `thread` was not traced, so threads and processes have numbers only");
}

static int print_events(const char *path, const struct filter *filter)
{
	char error[640];
	struct trace_event event;
	struct trace_reader *reader = trace_open(path, error, sizeof(error));
	if (!reader)
		return say("%s", error);
	int more = 1;
	struct actors actors = {0};
	struct absent absent = {.thread = filter->thread, .process = filter->process};
	for (uint64_t printed = 0; printed < filter->limit && (more = trace_next(reader, &event)) == 1;) {
		actors_take(&actors, &event, 0);
		if (!passes(filter, &actors, &event, &absent))
			continue;
		print_event(stdout, reader, &event);
		printed++;
		if (ferror(stdout))
			break;
	}
	if (more < 0)
		say("%s: %s", path, trace_error(reader));
	if (actors.out_of_memory)
		say("memory ran out: not all names are known");
	say_what_is_absent(filter, trace_info(reader), more == 0, &absent);
	actors_free(&actors);
	trace_close(reader);
	return more < 0 ? 1 : 0;
}

/* Takes one option; returns false after having said what is wrong with it. */
static bool take_option(struct filter *filter, int option, const char *value)
{
	static const struct option_text {
		int option;
		const char *name, *what;
	} texts[] = {
		{'c', "category", "category of events"},
		{'e', "event", "event"},
		{'t', "thread", "thread"},
		{'r', "process", "process"},
		{'p', "cpu", "whole number"},
		{'l', "limit", "whole number"},
	};
	const struct option_text *text = texts;
	const char *unknown = value;
	bool good = true;
	if (option == 'c')
		good = (filter->categories = schema_category_mask(value, &unknown)) != 0;
	else if (option == 'e')
		good = (filter->event = schema_event_named(value)) != NULL;
	else if (option == 't')
		good = *(filter->thread = value) != '\0';
	else if (option == 'r')
		good = *(filter->process = value) != '\0';
	else if (option == 'p')
		good = filter->has_cpu = number_in(value, &filter->cpu);
	else
		good = number_in(value, &filter->limit);
	while (text->option != option)
		text++;
	const char *near = option == 'e' && !good ? nearest_event(value) : NULL;
	if (near)
		say_usage("events", "--event: `%s` is no event; did you mean `%s`?", value, near);
	else if (!good)
		say_usage("events", "--%s: `%s` is no %s", text->name, unknown, text->what);
	return good;
}

int command_events(int argc, char **argv)
{
	static const struct option options[] = {
		{"category", required_argument, NULL, 'c'},
		{"event", required_argument, NULL, 'e'},
		{"thread", required_argument, NULL, 't'},
		{"cpu", required_argument, NULL, 'p'},
		{"process", required_argument, NULL, 'r'},
		{"limit", required_argument, NULL, 'l'},
		{0},
	};
	struct filter filter = {.categories = TRACE_ALL, .limit = UINT64_MAX};
	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, ":c:e:t:p:l:", options, NULL)) != -1;) {
		if (option == '?' || option == ':')
			return say_usage("events", option == '?' ? "there is no option `%s`" : "the option `%s` lacks its value",
					 argv[optind - 1]);
		if (!take_option(&filter, option, optarg))
			return EXIT_USAGE;
	}
	if (argc - optind != 1)
		return say_usage("events", "one run is wanted, and there are %d", argc - optind);
	return print_events(argv[optind], &filter);
}
