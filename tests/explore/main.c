/*
 * explore: looks for a schedule of the kernel in which something goes wrong.
 *
 *     explore SCENARIO [--bound N | --all] [--chance N] [--seed N] [--limit STEPS] [-o FILE.vtrace]
 *     explore --list
 *
 * Who calls: tests/explore/explore.sh, people. Exit status: 0 nothing was found, 1 a violation, printed and written to FILE, 2 the search
 * could not be made, or not to its end.
 */
#include "explore.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEARNING 30    /* schedules by chance that show which words CPUs share, before all are tried */
#define SIMPLE_BOUND 3 /* so many searches come before the one that was asked for */

struct options {
	unsigned bound, chance, seed;
	uint64_t limit;
	const char *path;
};

static int usage(void)
{
	fprintf(stderr, "usage: explore SCENARIO [--bound N | --all] [--chance N] [--seed N] [--limit STEPS] [-o FILE]\n");
	for (unsigned i = 0; i < scenarios_count; i++)
		fprintf(stderr, "  %-16s %u CPUs: %s\n", scenarios[i].name, scenarios[i].cpus, scenarios[i].text);
	return 2;
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
	return report_violation(program, options->path) ? 1 : 2;
}

static int explore(const char *program, const struct options *options)
{
	search_by_chance(LEARNING, options->seed);
	bool well = search_upwards(options);
	if (explorer->violation[0])
		return found(program, options);
	if (!well) {
		fprintf(stderr, "explore: not done after %lu steps\n", (unsigned long)options->limit);
		return 2;
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
	return 0;
}

/* A whole number, all of the text; ends the program if it is none. */
static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || value > UINT32_MAX) {
		fprintf(stderr, "explore: '%s' is no number from 0 to 4294967295\n", text);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"bound", required_argument, NULL, 'b'},  {"all", no_argument, NULL, 'a'},
		{"chance", required_argument, NULL, 'c'}, {"seed", required_argument, NULL, 's'},
		{"limit", required_argument, NULL, 'l'},  {0},
	};
	const struct scenario *scenario = NULL;
	for (unsigned i = 0; argc > 1 && i < scenarios_count; i++)
		if (!strcmp(argv[1], scenarios[i].name))
			scenario = &scenarios[i];
	for (unsigned i = 0; argc == 2 && !strcmp(argv[1], "--list") && i < scenarios_count; i++)
		printf("%s\n", scenarios[i].name);
	if (!scenario)
		return argc == 2 && !strcmp(argv[1], "--list") ? 0 : usage();
	struct options options = {scenario->bound, scenario->beyond, 1, UINT64_C(1) << 40, NULL};
	for (int option; (option = getopt_long(argc - 1, argv + 1, "o:", long_options, NULL)) != -1;) {
		if (option == 'b')
			options.bound = (unsigned)number(optarg);
		else if (option == 'a')
			options.bound = BOUND_NONE;
		else if (option == 'c')
			options.chance = (unsigned)number(optarg);
		else if (option == 's')
			options.seed = (unsigned)number(optarg);
		else if (option == 'l')
			options.limit = number(optarg);
		else if (option == 'o')
			options.path = optarg;
		else
			return usage();
	}
	search_prepare(scenario);
	return explore(argv[0], &options);
}
