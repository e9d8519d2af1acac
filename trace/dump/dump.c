/*
 * `vitrine dump`: what a kernel's memory says, read from a RAM image without symbols.
 *
 * Teaches: after a crash the machine is a file. Everything the kernel knew is in it, and a descriptor on one page is enough to find it
 * all (abi/descriptor.h, abi/layout.h). Who calls: main.c, and tests. Whom: a section each in a file of its own, in the order of the table here.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "dump/dump.h"

const char dump_help[] =
	"usage: vitrine dump RAM [SECTION...] [--events N]\n"
	"\n"
	"Prints what the kernel's memory says of a run, without symbols: RAM is the file that `vitrine run --keep-ram`\n"
	"leaves (or the directory that holds it as `ram`), of a run that is over, or that still goes on.\n"
	"\n"
	"    run         machine, kernel, program, verdict\n"
	"    cpus        what each CPU does\n"
	"    threads     every thread, and what it waits for\n"
	"    queues      run queues and sleepers\n"
	"    processes   processes, and how they ended\n"
	"    mappings    what is mapped where\n"
	"    objects     memory objects, and the state of their pages\n"
	"    tables      page tables that are trees (x86-64)\n"
	"    hash        the hashed page table (POWER)\n"
	"    handles     the handles of every process; rights as letters: docs/dump.md\n"
	"    endpoints   endpoints, who waits at them, messages on their way\n"
	"    rcu         grace periods, and what waits to be freed\n"
	"    log         what the kernel printed\n"
	"    events      the last events of each CPU\n"
	"\n"
	"    --events N  so many of each CPU (default 10)\n"
	"\n"
	"Without a section: all of them. What is damaged is told where it stands, as `(corrupt: ...)`; then the exit code\n"
	"is 1, as for what is no image. A run that goes on changes while it is read, which may look like damage.\n"
	"\n"
	"example: vitrine dump out/run/ram threads queues\n";

#define EVENTS_DEFAULT 10
#define EVENTS_MAX 100000

static const struct section {
	const char *name;
	void (*print)(struct dump *dump);
} sections[] = {
	{"run", section_run},         {"cpus", section_cpus},           {"threads", section_threads},
	{"queues", section_queues},   {"processes", section_processes}, {"mappings", section_mappings},
	{"objects", section_objects}, {"tables", section_tables},       {"hash", section_hash},
	{"handles", section_handles}, {"endpoints", section_endpoints}, {"rcu", section_rcu},
	{"log", section_log},         {"events", section_events},
};

#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

/* From `threads` to `endpoints`: what processes have. */
#define SECTIONS_OF_PROCESSES (UINT64_C(0x1ff) << 2)

#define OF_PROCESSES "threads, mappings, objects, page tables, handles and endpoints"

/* An empty table could mean anything, so it is said why there is nothing in these. */
static void say_what_is_gone(struct dump *dump)
{
	uint64_t verdict = dump->image.descriptor.verdict;
	dump_collect(dump);
	if (dump->threads.count || dump->processes.count || dump->corrupt)
		return;
	if (verdict == VERDICT_FINISHED || verdict == VERDICT_CRASHED)
		fputs("(all processes had ended when the run did, and the kernel had given back what was theirs: " OF_PROCESSES
		      ".\n What is left: `run`, `cpus`, `rcu`, `log` and `events`. A run that stops earlier leaves more: "
		      "--budget or "
		      "--wall)\n",
		      dump->out);
	else
		fputs("(there is no process, so there are no " OF_PROCESSES
		      ": none had begun yet, or all had ended. `log` and `events` say which)\n",
		      dump->out);
}

/* What the kernel's layout table does not have, at the end, since it is then known. */
static void say_what_lacks(const struct dump *dump)
{
	for (size_t i = 0; i < dump->lacking_count; i++)
		fprintf(dump->out, "(this kernel does not tell %s: its layout table has no such row)\n", dump->lacking[i]);
}

static void dump_free(struct dump *dump)
{
	struct found *const found[] = {&dump->threads, &dump->processes, &dump->mappings, &dump->objects, &dump->endpoints};
	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++)
		found_free(found[i]);
	for (size_t i = 0; dump->copy && i < dump->rows; i++)
		free(dump->copy[i]);
	free(dump->copy);
	free(dump->layout);
	free(dump->lacking);
	image_close(&dump->image);
	free(dump);
}

static void print_sections(struct dump *dump, uint64_t wanted)
{
	for (size_t i = 0; i < SECTIONS; i++) {
		if (!(wanted >> i & 1))
			continue;
		fprintf(dump->out, "%s\n", sections[i].name);
		sections[i].print(dump);
		fputc('\n', dump->out);
	}
}

int dump_print(FILE *out, const char *path, uint64_t wanted, unsigned events)
{
	struct dump *dump = calloc(1, sizeof(*dump));
	if (!dump)
		return say("there is no memory");
	dump->image.file = -1;
	dump->out = out;
	dump->events = events;
	bool good = image_open(&dump->image, path) && layout_load(dump);
	if (good)
		print_sections(dump, wanted);
	if (good && wanted & SECTIONS_OF_PROCESSES)
		say_what_is_gone(dump);
	say_what_lacks(dump);
	if (dump->corrupt)
		say("%s: %" PRIu64 " places are damaged, or changed while they were read", path, dump->corrupt);
	good = good && !dump->corrupt && !dump->lacking_count;
	dump_free(dump);
	return good ? 0 : 1;
}

/* The bit of the section with this name; 0 after having said that there is none. */
static uint64_t section_bit(const char *name)
{
	const char *names[SECTIONS + 1] = {NULL};
	for (size_t i = 0; i < SECTIONS; i++) {
		names[i] = sections[i].name;
		if (!strcmp(name, names[i]))
			return UINT64_C(1) << i;
	}
	const char *near = nearest_name(name, names);
	say_usage("dump", near ? "there is no section `%s`; did you mean `%s`?" : "there is no section `%s`", name, near);
	return 0;
}

int command_dump(int argc, char **argv)
{
	static const struct option options[] = {{"events", required_argument, NULL, 'e'}, {0}};
	unsigned long events = EVENTS_DEFAULT;
	uint64_t wanted = 0;
	char *end = NULL;
	opterr = 0;
	optind = 1;
	for (int option; (option = getopt_long(argc, argv, ":", options, NULL)) != -1;) {
		if (option != 'e')
			return say_usage("dump", option == ':' ? "the option `%s` lacks its value" : "there is no option `%s`",
					 argv[optind - 1]);
		events = strtoul(optarg, &end, 10);
		if (optarg[0] < '0' || optarg[0] > '9' || *end || events > EVENTS_MAX)
			return say_usage("dump", "--events: `%s` is not a whole number up to %d", optarg, EVENTS_MAX);
	}
	if (optind == argc)
		return say_usage("dump", "which RAM image? `%s run --keep-ram` leaves one", program_path);
	for (int i = optind + 1; i < argc; i++) {
		uint64_t bit = section_bit(argv[i]);
		if (!bit)
			return EXIT_USAGE;
		wanted |= bit;
	}
	return dump_print(stdout, argv[optind], wanted ? wanted : UINT64_MAX, (unsigned)events);
}
