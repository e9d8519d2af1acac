/*
 * `vitrine bench`, the host's programs: events a second and memory of the converters, on made-up runs.
 *
 * Teaches: a speed is worth something beside another one from the same minute of the same host, so where babeltrace2 and uftrace are installed
 * they convert as many events of their own formats in the same run. Seconds are the best of a few tries, since a host has other things to do
 * as well. Who calls: bench.c. Whom: tests/tools/make_trace, make_witness and make_ctf make up what is converted.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench_inside.h"
#include "clock.h"
#include "commands.h"

/* Big enough that starting the program is lost in it, small enough for a few seconds. */
#define PERFETTO_EVENTS "4000000"
#define PERFETTO_BATCHES 3

/* Calls of a made-up run; each is two records, a call and a return. */
#define WITNESS_CALLS "10000000"

/* Calls of a program that uftrace records; each is two records. */
#define UFTRACE_CALLS "1000000"

/* The seconds a program takes at best of `tries`; below 0 if it did not work. */
static double best_of(unsigned tries, char *const *arguments, struct rusage *usage)
{
	double least = 1e9;
	for (unsigned i = 0; i < tries; i++) {
		double start = seconds_now();
		if (bench_run_program(arguments, usage) != 0)
			return say("`%s %s` could not do its part", arguments[0], arguments[1]), -1;
		double taken = seconds_now() - start;
		least = taken < least ? taken : least;
	}
	return least;
}

/* How long each of our converters took. */
static struct timed {
	const char *name;
	double seconds;
} timed[4];
static unsigned timed_count;

/* Converts a made-up run of millions of events with one of our commands; notes NAME_events_per_s and NAME_memory. */
static bool bench_converter(const char *name, unsigned tries, char *const *arguments)
{
	char figure[64];
	struct rusage usage = {0};
	double seconds = best_of(tries, arguments, &usage);
	if (seconds < 0)
		return false;
	snprintf(figure, sizeof(figure), "%s_events_per_s", name);
	bench_add_result(figure, "host", strtod(PERFETTO_EVENTS, NULL) / seconds, true);
	if (timed_count < sizeof(timed) / sizeof(timed[0]))
		timed[timed_count++] = (struct timed){name, seconds};
	snprintf(figure, sizeof(figure), "%s_memory", name);
	bench_add_result(figure, "host", (double)usage.ru_maxrss / 1024, true);
	return true;
}

static bool bench_converters(const char *self, const char *directory)
{
	char run[128], output[128];
	snprintf(run, sizeof(run), "%s/made-up.vtrace", directory);
	snprintf(output, sizeof(output), "%s/made-up.out", directory);
	char *make_arguments[] = {"build/tests/make_trace", PERFETTO_EVENTS, run, NULL};
	char *perfetto[] = {(char *)self, "perfetto", run, "-o", output, NULL};
	char *graph[] = {(char *)self, "graph", "faults", run, "-o", output, NULL};
	char *sql[] = {(char *)self, "sql", run, "-o", output, NULL};
	struct stat status;
	if (bench_run_program(make_arguments, NULL) != 0)
		return say("build/tests/make_trace could not make up a run"), false;
	if (!bench_converter("perfetto", PERFETTO_BATCHES, perfetto))
		return false;
	if (stat(output, &status) != 0)
		return say("%s: %s", output, strerror(errno)), false;
	bench_add_result("perfetto_bytes_per_event", "host", (double)status.st_size / strtod(PERFETTO_EVENTS, NULL), true);
	bool done = bench_converter("graph", PERFETTO_BATCHES, graph) && bench_converter("sql", 1, sql);
	unlink(run);
	unlink(output);
	return done;
}

/*
 * Follows the calls and returns of a made-up kernel, with the code that the plugin has, and makes a graph of them; the best of a few tries.
 * Guest instructions are not executed here: what QEMU needs for those is not the witness's.
 */
static bool bench_call_graph(const char *self, const char *directory)
{
	char run[128], picture[128];
	snprintf(run, sizeof(run), "%s/made-up.witness", directory);
	snprintf(picture, sizeof(picture), "%s/made-up.dot", directory);
	char *follow[] = {"build/tests/make_witness", "x86_64", WITNESS_CALLS, run, NULL};
	char *draw[] = {(char *)self, "graph", "calls", run, "--format", "dot", "-o", picture, NULL};
	double least = 1e9;
	struct rusage usage;
	for (unsigned i = 0; i < PERFETTO_BATCHES; i++) {
		double start = seconds_now();
		if (bench_run_program(follow, &usage) != 0 || bench_run_program(draw, &usage) != 0)
			return say("build/tests/make_witness and `vitrine graph calls` could not make a graph of a made-up run"),
			       false;
		double taken = seconds_now() - start;
		least = taken < least ? taken : least;
	}
	bench_add_result("callgraph_records_per_s", "host", 2 * strtod(WITNESS_CALLS, NULL) / least, true);
	unlink(run);
	unlink(picture);
	return true;
}

/* ---- others, where they are installed ---- */

static bool is_installed(const char *program)
{
	char path[128];
	static const char *const places[] = {"/usr/bin", "/usr/local/bin"};
	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", places[i], program);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

/* As many events as we convert, of three fields each, in the Common Trace Format, to text. */
static bool bench_babeltrace(const char *directory)
{
	char trace[128], figure[64];
	snprintf(trace, sizeof(trace), "%s/ctf", directory);
	char *make_arguments[] = {"build/tests/make_ctf", PERFETTO_EVENTS, trace, NULL};
	char *arguments[] = {"/usr/bin/env", "babeltrace2", trace, NULL};
	struct rusage usage;
	if (!is_installed("babeltrace2"))
		return true;
	if (bench_run_program(make_arguments, NULL) != 0)
		return say("build/tests/make_ctf could not make up a trace"), false;
	double seconds = best_of(1, arguments, &usage);
	if (seconds > 0)
		bench_add_result("babeltrace2_events_per_s", "others", strtod(PERFETTO_EVENTS, NULL) / seconds, true);
	for (unsigned i = 0; i < timed_count && seconds > 0; i++) {
		snprintf(figure, sizeof(figure), "%s_to_babeltrace2", timed[i].name);
		bench_add_result(figure, "both", seconds / timed[i].seconds, true);
	}
	char *remove_arguments[] = {"/bin/rm", "-r", trace, NULL};
	return bench_run_program(remove_arguments, NULL) == 0 && seconds > 0;
}

/* A program that calls a function a million times, recorded by uftrace, to Chrome's format: a record for each call and each return. */
static bool bench_uftrace(const char *directory)
{
	char trace[128];
	snprintf(trace, sizeof(trace), "%s/uftrace", directory);
	char *record[] = {"/usr/bin/env", "uftrace", "record", "-d", trace, "build/tests/many_calls", UFTRACE_CALLS, NULL};
	char *arguments[] = {"/usr/bin/env", "uftrace", "dump", "--chrome", "-d", trace, NULL};
	struct rusage usage;
	if (!is_installed("uftrace"))
		return true;
	if (bench_run_program(record, NULL) != 0)
		return say("uftrace could not record build/tests/many_calls"), false;
	double seconds = best_of(1, arguments, &usage);
	if (seconds > 0)
		bench_add_result("uftrace_records_per_s", "others", 2 * strtod(UFTRACE_CALLS, NULL) / seconds, true);
	char *remove_arguments[] = {"/bin/rm", "-r", trace, NULL};
	return bench_run_program(remove_arguments, NULL) == 0 && seconds > 0;
}

bool bench_host(const char *self, const char *directory)
{
	return bench_converters(self, directory) && bench_call_graph(self, directory) && bench_babeltrace(directory) &&
	       bench_uftrace(directory);
}
