/*
 * `vitrine at`: back to one event of a run, in gdb or as a RAM image.
 *
 * Teaches: a command that becomes another one. What is to be checked is checked before; then the session is a script's, as if `make gdb` had
 * been called. Who calls: main.c, and the script once more with --reach. Whom: find.c for the event, event.c for a RAM image; for gdb it becomes trace/gdb/attach.sh, which also `make gdb` uses.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "at/at.h"
#include "at/rerun.h"
#include "commands.h"
#include "moment.h"

const char at_help[] =
	"usage: vitrine at RUN EVENT [--command CMD]... [--batch]\n"
	"       vitrine at RUN EVENT --ram FILE\n"
	"       vitrine at RUN EVENT [--reach SOCKET] --check FILE\n"
	"\n"
	"Runs the guest of a recorded run again, up to one event, and stops it there, in gdb. The run must have been\n"
	"made with --icount, and by the kernel and program that are built now: up to the event the second run is the first\n"
	"one, to the instruction, and that is checked. From there you may go on; what comes then may differ.\n"
	"\n"
	"EVENT is one of\n"
	"\n" MOMENT_HELP "\n"
	"and of several faults at a page the first.\n"
	"\n"
	"    --command CMD     gdb does this when the machine stands there; may be repeated\n"
	"    --batch           and then ends\n"
	"    --ram FILE        no gdb: leaves the guest's RAM of that moment in FILE, for `vitrine dump`\n"
	"    --check FILE      compares such a FILE, or the RAM of a guest that is stopped, with the run\n"
	"    --reach SOCKET    before that, QEMU's gdb stub there lets a guest that has not started run to the event\n"
	"\n"
	"In gdb, `help vitrine` lists the commands that know the kernel. docs/debugging.md says more.\n"
	"\n"
	"example: vitrine at out/run fault_begin:17 --batch --command backtrace\n";

struct at_options {
	const char *run, *event, *ram, *check, *reach;
	char **commands; /* of gdb: `-ex`, CMD, ... */
	int words;
	bool batch;
};

/* A RAM image and what was compared. */
static int make_ram(const struct at_options *options, const struct trace_event *event)
{
	int exit_code = options->ram ? at_event(options->run, event->cpu, event->index, options->ram) : 0;
	if (exit_code == 0 && options->ram)
		say("%s is the guest's RAM right after this event: `%s dump %s`", options->ram, program_path, options->ram);
	return exit_code;
}

/* Lets somebody else's machine, whose RAM is the file to check, run to the event: attach.sh's. */
static bool reach(const struct at_options *options, const struct trace_event *event)
{
	struct run_again again;
	struct run_qemu qemu;
	struct at_place place;
	if (!run_again_read(&again, options->run))
		return false;
	bool good = rerun_place(&place, &again, event->cpu, event->index);
	if (good) {
		good = at_map(&qemu, options->check);
		qemu.running = true;
		good = good && at_reach(&qemu, options->reach, &place);
		qemu.running = false; /* as far as we are to end it */
		run_qemu_close(&qemu);
	}
	run_again_free(&again);
	return good;
}

static int check_ram(const struct at_options *options, const struct trace_event *event)
{
	uint64_t events;
	if (options->reach && !reach(options, event))
		return 1;
	int exit_code = at_compare(options->run, event->cpu, event->index, options->check, &events);
	if (exit_code == 0)
		printf("the guest stands right after event %u:%" PRIu64 "; %" PRIu64 " events up to there are those of the run\n",
		       event->cpu, event->index, events);
	return exit_code;
}

/* Whether a debugger is sure to see the run that was recorded: the files to boot are the same. */
static bool image_is_same(const struct rerun *rerun, struct run_image *image)
{
	return run_image_prepare(image, &rerun->options) && run_image_copy_flash(image, &rerun->options) &&
	       run_again_is_same(&rerun->again, image);
}

/* What attach.sh is called with (it says what is what); NULL if there is no memory. */
static char **session_words(const struct rerun *rerun, const struct run_image *image, const struct at_options *options,
			    const struct trace_event *event)
{
	char **words = calloc((size_t)(rerun->arguments + options->words) + 24, sizeof(*words)), *count = NULL, *select = NULL;
	int n = 0;
	if (!words || asprintf(&count, "%d", rerun->arguments - 1) < 0 ||
	    asprintf(&select, "python gdb.execute('thread %u', to_string=True)", event->cpu + 1) < 0) {
		free(count);
		free(words);
		return NULL;
	}
	words[n++] = "trace/gdb/attach.sh";
	words[n++] = (char *)rerun->options.machine->name;
	words[n++] = (char *)rerun->options.image;
	words[n++] = image->program;
	words[n++] = (char *)rerun->options.output;
	words[n++] = count;
	for (int i = 1; i < rerun->arguments; i++)
		words[n++] = rerun->argument[i];
	if (options->batch)
		words[n++] = "-batch";
	words[n++] = "-ex";
	words[n++] = select;
	words[n++] = "-ex";
	words[n++] = "to-emitter";
	for (int i = 0; i < options->words; i++)
		words[n++] = options->commands[i];
	if (options->batch) { /* or the guest would go on, and end while gdb still talks to it */
		words[n++] = "-ex";
		words[n++] = "kill";
	}
	return words;
}

static int debug(const struct at_options *options, const struct trace_event *event)
{
	struct rerun rerun;
	struct run_image image = {0};
	char *run = realpath(options->run, NULL), *here = getcwd(NULL, 0), *output = NULL, *number = NULL;
	if (!run || !here || asprintf(&output, "%s/out/gdb/at", here) < 0)
		return say("%s cannot be found: %s", options->run, strerror(errno));
	if (!directories_make(output))
		return say("%s cannot be made: %s", output, strerror(errno));
	if (!rerun_prepare(&rerun, run, event->cpu, event->index, output) || !image_is_same(&rerun, &image))
		return 1;
	char **words = session_words(&rerun, &image, options, event);
	fflush(stdout);
	if (words && asprintf(&number, "%u:%" PRIu64, event->cpu, event->index) >= 0 && setenv("AT_RUN", run, 1) == 0 &&
	    setenv("AT_EVENT", number, 1) == 0 && chdir(image.root) == 0)
		execvp(words[0], words);
	free(words);
	return say("gdb's session does not start: %s", strerror(errno));
}

static bool take_option(struct at_options *options, int option, char *value)
{
	if (option == 'r')
		options->ram = value;
	else if (option == 'k')
		options->check = value;
	else if (option == 'R')
		options->reach = value;
	else if (option == 'b')
		options->batch = true;
	else if (option == 'c') {
		options->commands[options->words++] = "-ex";
		options->commands[options->words++] = value;
	} else {
		return false;
	}
	return true;
}

static int at(struct at_options *options, int argc, char **argv)
{
	static const struct option long_options[] = {
		{"ram", required_argument, NULL, 'r'},     {"check", required_argument, NULL, 'k'},
		{"reach", required_argument, NULL, 'R'},   {"batch", no_argument, NULL, 'b'},
		{"command", required_argument, NULL, 'c'}, {0}};
	struct trace_event event;
	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, ":", long_options, NULL)) != -1;)
		if (!take_option(options, option, optarg))
			return say_usage("at", option == '?' ? "there is no option `%s`" : "the option `%s` lacks its value",
					 argv[optind - 1]);
	if (argc - optind != 2)
		return say_usage("at", "a run and an event are wanted, and nothing else");
	if ((options->ram || options->check) && (options->batch || options->words))
		return say_usage("at", "--batch and --command are for gdb, which --ram and --check do without");
	if ((options->reach && !options->check) || (options->ram && options->check))
		return say_usage("at", "--reach goes with --check, and --ram with neither");
	options->run = argv[optind];
	options->event = argv[optind + 1];
	int exit_code = at_find(options->run, options->event, !options->check, &event);
	if (exit_code)
		return exit_code == EXIT_USAGE ? say_usage("at", "EVENT is not understood") : exit_code;
	return options->check ? check_ram(options, &event) : options->ram ? make_ram(options, &event) : debug(options, &event);
}

int command_at(int argc, char **argv)
{
	struct at_options options = {.commands = calloc(2 * (size_t)argc, sizeof(char *))};
	int exit_code = options.commands ? at(&options, argc, argv) : say("there is no memory");
	free(options.commands);
	return exit_code;
}
