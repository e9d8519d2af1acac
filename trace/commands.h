/*
 * The commands of the host program, one row each, and how they speak.
 *
 * Teaches: a command is a function with main's arguments and a help text; the table in main.c is the only place that lists
 * them. A command gets its own name as argv[0], parses the rest with getopt_long, and returns the exit code: 0 well, 1 it did
 * not work, 2 it was called wrongly (`vitrine run` has more of them: docs/trace.md). `vitrine CMD --help` is answered by
 * main.c, from the help text. Who calls: main.c. To add one: declare it here, write it in a file of its own, add its row in
 * main.c.
 */
#pragma once

#include <stdio.h>

int command_run(int argc, char **argv);
int command_events(int argc, char **argv);
int command_stats(int argc, char **argv);
int command_perfetto(int argc, char **argv);
int command_sql(int argc, char **argv);
int command_report(int argc, char **argv);
int command_graph(int argc, char **argv);
int command_view(int argc, char **argv);
int command_pnor(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_witness(int argc, char **argv);
int command_dump(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_at(int argc, char **argv);
int command_handout(int argc, char **argv);
int command_grade(int argc, char **argv);
int command_lab_test(int argc, char **argv);

/* What `vitrine CMD --help` prints, ending in a newline: usage line, options, examples. */
extern const char run_help[];
extern const char events_help[];
extern const char stats_help[];
extern const char perfetto_help[];
extern const char sql_help[];
extern const char report_help[];
extern const char view_help[];
extern const char pnor_help[];
extern const char bench_help[];
extern const char witness_help[];
extern const char dump_help[];
extern const char explain_help[];
extern const char at_help[];
extern const char handout_help[];
extern const char grade_help[];
extern const char lab_test_help[];

#define EXIT_USAGE 2

/* What this program was called by: so stands it in every hint that a person may type after us. */
extern const char *program_path;

/* Prints a help text, in which the program is called `vitrine`, with that path instead. */
void say_help(FILE *to, const char *text);

/* Prints "vitrine: " and a whole sentence to stderr. Returns 1, the exit code for "it did not work". */
int say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for a wrong call, followed by which --help to ask. Returns EXIT_USAGE. */
int say_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes a directory and those above it; false, and errno, if there is none then. */
int directories_make(const char *path);

/* The name of `names` (an array that ends with NULL) that is nearest to `name`, or NULL if none looks like it. */
const char *nearest_name(const char *name, const char *const *names);
