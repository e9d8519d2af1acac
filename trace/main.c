/*
 * `vitrine`: the host's one program, and the table of what it can do.
 *
 * Who calls: people and the Makefile. It looks the command up in the table and calls it; nothing else is decided here.
 * To add a command: a row here, its declaration in commands.h.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

static const struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
	const char *help; /* NULL: the command answers --help itself */
} commands[] = {
	{"run", "boot a program under QEMU and record it", command_run, run_help},
	{"stats", "counts of one or more runs, side by side", command_stats, stats_help},
	{"events", "print the events of a run as text", command_events, events_help},
	{"perfetto", "turn runs into a Perfetto trace", command_perfetto, perfetto_help},
	{"sql", "turn a run into an SQLite database, or ask it", command_sql, sql_help},
	{"report", "turn runs into one page for a browser, memory viewer included", command_report, report_help},
	{"graph", "draw a run as a graph: who talks to whom, which way faults went, ...", command_graph, NULL},
	{"view", "serve a Perfetto trace to the Perfetto UI", command_view, view_help},
	{"witness", "what the kernel executed, seen from outside", command_witness, witness_help},
	{"pnor", "make and look into flash images", command_pnor, pnor_help},
	{"dump", "what a kernel's memory says, from a RAM image", command_dump, dump_help},
	{"explain", "one event in words: what, why, and what it cost", command_explain, explain_help},
	{"at", "run again, up to one event, and stop there in gdb", command_at, at_help},
	{"handout", "write the tree that a student of a lab gets", command_handout, handout_help},
	{"grade", "how far a lab is: a tree, a submission, a class", command_grade, grade_help},
	{"lab-test", "test the labs themselves", command_lab_test, lab_test_help},
	{"bench", "measure the kernel and the tools, beside goals", command_bench, bench_help},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_help(FILE *to)
{
	say_help(to, "usage: vitrine COMMAND [ARGUMENTS]\n\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(to, "    %-10s %s\n", commands[i].name, commands[i].summary);
	say_help(to, "\n`vitrine COMMAND --help` says more about one.\n");
}

static const struct command *command_named(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	const char *names[COMMANDS + 1] = {NULL};
	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i].name;
	const char *near = nearest_name(name, names);
	if (near)
		return say_usage("", "there is no command `%s`; did you mean `%s`?", name, near);
	return say_usage("", "there is no command `%s`", name);
}

/* Whether --help or -h stands before a `--`. */
static int asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return 1;
	return 0;
}

/* What was printed has reached its file, or the exit code says that it has not. */
static int flushed(int exit_code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return exit_code;
	return say("what was printed could not be written"), exit_code ? exit_code : 1;
}

int main(int argc, char **argv)
{
	program_path = argc > 0 ? argv[0] : program_path;
	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	bool help = !strcmp(argv[1], "help");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || (help && argc == 2)) {
		print_help(stdout);
		return flushed(0);
	}
	const char *name = help ? argv[2] : argv[1];
	const struct command *command = command_named(name);
	if (!command)
		return unknown_command(name);
	bool asked = help || asks_for_help(argc - 1, argv + 1);
	if (asked && command->help) {
		say_help(stdout, command->help);
		return flushed(0);
	}
	if (help)
		return flushed(command->run(2, (char *[]){argv[2], "--help", NULL}));
	return flushed(command->run(argc - 1, argv + 1));
}
