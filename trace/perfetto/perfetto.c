/*
 * `vitrine perfetto`: runs in, one Perfetto trace out, each run a machine of its own.
 *
 * Teaches: a converter as a stream. One event is read, drawn and forgotten, so a run of any size takes the same few megabytes;
 * the only things kept are threads that live, slices that are open, and names.
 * Who calls: main.c. Whom it calls: reader.h, event.h, output.h.
 * More: docs/perfetto.md has the mapping and how to look at it.
 */
#include "perfetto/perfetto.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "perfetto/event.h"
#include "perfetto/packet.h"
#include "perfetto/plan.h"
#include "perfetto/rcu.h"
#include "perfetto/thread.h"
#include "perfetto/track.h"
#include "progress.h"

const char perfetto_help[] =
	"usage: vitrine perfetto RUN... -o FILE\n"
	"\n"
	"Writes one or more runs (a .vtrace file, or the directory `vitrine run` made) as one Perfetto trace. Each run is a "
	"machine\n"
	"in it, and all start at kernel entry, time 0. What it has is compressed, as Perfetto does it itself.\n"
	"\n"
	"    -o, --output FILE   where to write; it replaces what is there once it is whole\n"
	"\n"
	"    vitrine perfetto out/demo/x86_64.vtrace out/demo/ppc64.vtrace -o out/demo/demo.pftrace\n"
	"    vitrine view out/demo/demo.pftrace\n";

/* ---- one run ---- */

static bool run_start(struct perfetto *perfetto, struct trace_reader *reader)
{
	perfetto->reader = reader;
	perfetto->info = trace_info(reader);
	perfetto->ended = calloc(1, THREADS_REMEMBERED / 8);
	if (!perfetto->ended)
		return false;
	packet_start_machine(perfetto);
	track_start_machine(perfetto);
	return true;
}

/* Forgets the run. What stays is what the next one must not use again: sequence, track and machine numbers. */
static void run_forget(struct perfetto *perfetto)
{
	table_free(&perfetto->threads, thread_free);
	table_free(&perfetto->processes, free);
	table_free(&perfetto->counters, free);
	table_free(&perfetto->names, free);
	table_free(&perfetto->stories, free);
	for (unsigned cpu = 0; cpu < FORMAT_CPUS_MAX; cpu++)
		cpu_state_free(&perfetto->cpu[cpu]);
	free(perfetto->ended);
	*perfetto = (struct perfetto){
		.output = perfetto->output,
		.plans = perfetto->plans,
		.machine = perfetto->machine ? perfetto->machine + 1 : 0,
		.next_uuid = perfetto->next_uuid,
		.next_sequence = perfetto->next_sequence + perfetto->sequences,
		.flow_base = perfetto->flow_base + FLOWS_OF_A_MACHINE,
	};
}

/* Tells what could not be drawn: the picture is then not the whole run. */
static void run_report(const struct perfetto *perfetto, const char *path)
{
	if (perfetto->info->lost)
		say("%s: %llu events were lost while it was recorded; slices around the holes are cut short", path,
		    (unsigned long long)perfetto->info->lost);
	if (perfetto->ends_alone)
		say("%s: %llu ends without a begin are not drawn", path, (unsigned long long)perfetto->ends_alone);
	if (perfetto->nested_too_deep)
		say("%s: %llu slices nested deeper than %d are not drawn", path, (unsigned long long)perfetto->nested_too_deep,
		    TRACK_DEPTH_MAX);
	if (perfetto->counters_left_out)
		say("%s: the program has too many counters; %llu of their values are not drawn", path,
		    (unsigned long long)perfetto->counters_left_out);
}

static bool run_draw(struct perfetto *perfetto, struct progress *progress, const char *path)
{
	struct trace_event event;
	int got;
	while ((got = trace_next(perfetto->reader, &event)) > 0) {
		event_draw(perfetto, &event);
		progress_step(progress);
		if (perfetto->output->failed || perfetto->out_of_memory)
			break;
	}
	thread_close_all(perfetto, 0, perfetto->last_ns);
	rcu_close(perfetto, perfetto->last_ns);
	progress_clear(progress);
	if (got < 0)
		return say("%s: %s", path, trace_error(perfetto->reader)), false;
	if (perfetto->out_of_memory)
		return say("out of memory"), false;
	run_report(perfetto, path);
	return !perfetto->output->failed;
}

static bool run_write(struct perfetto *perfetto, struct progress *progress, const char *path)
{
	char error[512];
	struct trace_reader *reader = trace_open(path, error, sizeof(error));
	if (!reader)
		return say("%s", error), false;
	progress_start(progress, trace_info(reader)->events);
	bool written = run_start(perfetto, reader) ? run_draw(perfetto, progress, path) : (say("out of memory"), false);
	run_forget(perfetto);
	trace_close(reader);
	return written;
}

/* ---- the command ---- */

/* Opens each run once, so that a wrong name is told before any work. */
static bool runs_are_good(char **paths, int count)
{
	for (int i = 0; i < count; i++) {
		char error[512];
		struct trace_reader *reader = trace_open(paths[i], error, sizeof(error));
		if (!reader)
			return say("%s", error), false;
		trace_close(reader);
	}
	return true;
}

static int write_all(char **paths, int count, const char *path)
{
	static struct output output;
	static struct perfetto perfetto;
	if (!output_open(&output, path)) {
		output_close(&output, false);
		return say("%s", output.error);
	}
	packet_tags_prepare();
	perfetto = (struct perfetto){.output = &output, .plans = plan_all(), .machine = count > 1, .next_sequence = 1};
	struct progress progress = {0};
	bool written = true;
	for (int i = 0; i < count && written; i++)
		written = run_write(&perfetto, &progress, paths[i]);
	bool closed = output_close(&output, written);
	if (output.failed)
		return say("%s", output.error);
	return written && closed ? 0 : 1;
}

int command_perfetto(int argc, char **argv)
{
	static const struct option options[] = {{"output", required_argument, NULL, 'o'}, {0}};
	const char *path = NULL;
	int option;
	opterr = 0;
	optind = 1;
	while ((option = getopt_long(argc, argv, ":o:", options, NULL)) != -1) {
		if (option == ':')
			return say_usage("perfetto", "-o wants the name of a file");
		if (option != 'o')
			return say_usage("perfetto", "there is no option `%s`", argv[optind - 1]);
		path = optarg;
	}
	if (optind == argc)
		return say_usage("perfetto", "which run? Name a .vtrace file or the directory of a run");
	if (!path || !*path)
		return say_usage("perfetto", "where to? Name the file to write with -o");
	return runs_are_good(argv + optind, argc - optind) ? write_all(argv + optind, argc - optind, path) : 1;
}
