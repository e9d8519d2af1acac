/*
 * explore: looks for a schedule of the kernel in which something goes wrong.
 *
 *     explore SCENARIO [--bound N | --all] [--chance N] [--seed N] [--limit STEPS] [-o FILE.vtrace]
 *     explore --list | --help
 *
 * Who calls: tests/explore/explore.sh, people. The exit code is 0 if nothing was found, 1 if there is a violation, printed and written to FILE, 2 if
 * the call was wrong or the search did not come to its end.
 */
#include "explore.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEARNING 30    /* schedules by chance that show which words CPUs share, before all are tried */
#define SIMPLE_BOUND 3 /* so many searches come before the one that was asked for */

enum { EXIT_WELL = 0, EXIT_FOUND = 1, EXIT_USAGE = 2 };

struct options {
	unsigned bound, chance, seed;
	uint64_t limit;
	const char *path;
};

static const char help[] =
	"usage: explore SCENARIO [--bound N | --all] [--chance N] [--seed N] [--limit STEPS] [-o FILE]\n"
	"       explore --list\n"
	"\n"
	"Runs a scenario on simulated CPUs in every order of the kernel's steps, and says how many states it went through;\n"
	"or prints a schedule in which something goes wrong, as simple as there is one.\n"
	"\n"
	"    --bound N      orders in which CPUs that could go on are left at most N times (the scenario has its own)\n"
	"    --all          every order: no such bound\n"
	"    --chance N     and N orders drawn by chance, beyond the bound (the scenario has its own)\n"
	"    --seed N       what chance starts from (default 1)\n"
	"    --limit STEPS  give up after so many steps (default 2^40)\n"
	"    -o FILE        where to write the schedule that was found, as a trace: `build/vitrine events FILE`\n"
	"    --list         only the names of the scenarios\n"
	"\n"
	"Exit codes: 0 nothing is wrong in what was searched; 1 a violation; 2 a wrong call, or a search that did not come to\n"
	"its end. docs/exploration.md says what counts as wrong.\n"
	"\n"
	"example: explore sync-pair --all\n"
	"\n";

static void print_scenarios(FILE *to)
{
	fprintf(to, "scenarios:\n");
	for (unsigned i = 0; i < scenarios_count; i++)
		fprintf(to, "    %-16s %u CPUs: %s\n", scenarios[i].name, scenarios[i].cpus, scenarios[i].text);
}

/* Says what is wrong with the call. Returns the exit code. */
static int usage(const char *what, const char *text)
{
	fprintf(stderr, "explore: ");
	fprintf(stderr, what, text);
	fprintf(stderr, "\n(`explore --help` says how it is used)\n");
	return EXIT_USAGE;
}

/* With few preemptions first: so what is found is as simple as it can be. */
static bool search_upwards(const struct options *options)
{
	bool well = true;
	for (unsigned bound = 0; well && bound < SIMPLE_BOUND && bound < options->bound; bound++)
		well = search_all(bound, options->limit);
	return well && search_all(options->bound, options->limit);
}

static int found(const char *program, const struct options *options)
{
	return report_violation(program, options->path) ? EXIT_FOUND : EXIT_USAGE;
}

static int explore(const char *program, const struct options *options)
{
	search_by_chance(LEARNING, options->seed);
	bool well = search_upwards(options);
	if (explorer->violation[0])
		return found(program, options);
	if (!well) {
		fprintf(stderr, "explore: not done after %lu steps\n", (unsigned long)options->limit);
		return EXIT_USAGE;
	}
	printf("%s: %lu states, %lu steps, %lu ends: ", explorer->scenario->name, (unsigned long)explorer->states,
	       (unsigned long)explorer->steps, (unsigned long)explorer->ends);
	if (options->bound == BOUND_NONE)
		printf("every interleaving");
	else
		printf("every interleaving with at most %u preemptions", options->bound);
	if (!search_by_chance(options->chance, options->seed + 1)) {
		printf("\n");
		return found(program, options);
	}
	if (options->chance)
		printf(", and %u by chance", options->chance);
	printf("\n");
	return EXIT_WELL;
}

/* A whole number, all of the text; ends the program if it is none. */
static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || value > UINT32_MAX)
		exit(usage("`%s` is no whole number from 0 to 4294967295", text));
	return value;
}

static const struct scenario *scenario_named(const char *name)
{
	for (unsigned i = 0; i < scenarios_count; i++)
		if (!strcmp(name, scenarios[i].name))
			return &scenarios[i];
	return NULL;
}

/* Takes the options after the scenario's name. Returns 0, or the exit code after having said what is wrong. */
static int take_options(struct options *options, int argc, char **argv)
{
	static const struct option long_options[] = {
		{"bound", required_argument, NULL, 'b'},  {"all", no_argument, NULL, 'a'},
		{"chance", required_argument, NULL, 'c'}, {"seed", required_argument, NULL, 's'},
		{"limit", required_argument, NULL, 'l'},  {0},
	};
	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, "+:o:", long_options, NULL)) != -1;) {
		if (option == 'b')
			options->bound = (unsigned)number(optarg);
		else if (option == 'a')
			options->bound = BOUND_NONE;
		else if (option == 'c')
			options->chance = (unsigned)number(optarg);
		else if (option == 's')
			options->seed = (unsigned)number(optarg);
		else if (option == 'l')
			options->limit = number(optarg);
		else if (option == 'o')
			options->path = optarg;
		else
			return usage(option == ':' ? "the option `%s` lacks its value" : "there is no option `%s`",
				     argv[optind - 1]);
	}
	return optind < argc ? usage("`%s` is too much: one scenario at a time", argv[optind]) : 0;
}

/* Answers a call that asks for no search. Returns whether it was one. */
static bool answer_question(int argc, char **argv)
{
	bool help_wanted = false;
	for (int i = 1; i < argc; i++)
		help_wanted |= !strcmp(argv[i], "--help") || !strcmp(argv[i], "-h");
	if (help_wanted) {
		fputs(help, stdout);
		print_scenarios(stdout);
		return true;
	}
	bool list_wanted = argc == 2 && !strcmp(argv[1], "--list");
	for (unsigned i = 0; list_wanted && i < scenarios_count; i++)
		puts(scenarios[i].name);
	return list_wanted;
}

int main(int argc, char **argv)
{
	if (answer_question(argc, argv))
		return EXIT_WELL;
	const struct scenario *scenario = argc > 1 ? scenario_named(argv[1]) : NULL;
	if (!scenario) {
		usage(argc > 1 ? "there is no scenario `%s`" : "which scenario?", argc > 1 ? argv[1] : NULL);
		print_scenarios(stderr);
		return EXIT_USAGE;
	}
	struct options options = {scenario->bound, scenario->beyond, 1, UINT64_C(1) << 40, NULL};
	int wrong = take_options(&options, argc - 1, argv + 1);
	if (wrong)
		return wrong;
	search_prepare(scenario);
	return explore(argv[0], &options);
}
