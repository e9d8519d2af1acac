/*
 * `vitrine lab-test`: whether a lab is one.
 *
 * Teaches: tests are code, so they are tested: the solution passes all of them, the handout fails those it is meant to fail and
 * no other, and each wrong solution fails exactly what its author said. Who calls: main.c; tests/e2e/labs.sh for `make test` and
 * `make labs-test`. Whom: selftest.h says which. It prints a line for each test, `ok NAME` or `not ok NAME: why`.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "grader/jobs.h"
#include "grader/marks.h"
#include "grader/selftest.h"
#include "grader/text.h"
#include "grader/tree.h"

const char lab_test_help[] =
	"usage: vitrine lab-test [--lab NAME] [--part PART]... [--mutant NAME] [--seed N] [-o DIR]\n"
	"\n"
	"Tests labs themselves: that a lab is as labs/README.md asks for, that the tree as it is gets full marks, that the "
	"handout fails exactly\n"
	"its tests, and that each wrong solution in labs/NAME/mutants fails exactly those that it names.\n"
	"\n"
	"    --lab NAME       only this lab (default: all, and that their marks do not meet)\n"
	"    --part PART      only form, solution, handout, mutants, or mutant (the first one); may be repeated\n"
	"    --mutant NAME    of the mutants, only this one\n"
	"    --arch A         only on x86_64 or ppc64, if the lab is for it\n"
	"    --seed N         for the student with this number (default 1)\n"
	"    -o, --output DIR where grades are left (default out/lab-test)\n"
	"\n"
	"example: vitrine lab-test --lab hash --part handout\n";

void selftest_verdict(struct selftest *selftest, const char *name, char *why)
{
	printf(why ? "not ok lab-%s-%s: %s\n" : "ok lab-%s-%s\n", selftest->lab->name, name, why);
	fflush(stdout);
	selftest->failed |= why != NULL;
	free(why);
}

/* Those are tried on the runs of the solution. */
static bool has_wrong_answers(const struct lab *lab)
{
	char **names = selftest_mutants(lab, ".sql");
	bool has = *names;
	lab_names_free(names);
	return has;
}

/* Says so if a mutant was asked for that the lab does not have. */
static bool has_mutant(struct selftest *selftest)
{
	bool has = !selftest->mutant;
	for (unsigned i = 0; i < 2 && !has; i++) {
		char **names = selftest_mutants(selftest->lab, i ? ".sql" : ".patch");
		for (char **name = names; *name; name++)
			has |= selftest_is_named(selftest, *name);
		lab_names_free(names);
	}
	if (!has)
		selftest_verdict(selftest, "mutants", text_format("there is no mutant %s", selftest->mutant));
	return has;
}

static void test_lab(struct selftest *selftest, const char *name)
{
	struct lab *lab = lab_read(selftest->root, name, selftest->seed);
	if (!lab) {
		printf("not ok lab-%s: it cannot be read\n", name);
		selftest->failed = true;
		return;
	}
	selftest->lab = lab;
	unsigned mutants = has_mutant(selftest) ? PART_MUTANTS | PART_MUTANT : 0;
	if (selftest->parts & PART_FORM)
		selftest_check_form(selftest);
	if (selftest->parts & PART_SOLUTION || (selftest->parts & mutants && has_wrong_answers(lab)))
		selftest_check_solution(selftest);
	if (selftest->parts & PART_HANDOUT)
		selftest_check_handout(selftest);
	if (selftest->parts & mutants)
		selftest_check_wrong_solutions(selftest);
	lab_free(lab);
}

/* Marks in files that the lab of the mark does not list would be a hole that nobody may fill. */
static enum tree_action look_at_marks(void *context, const char *below, bool is_directory, const char *from, const char *to)
{
	struct selftest *selftest = context;
	size_t length = strlen(below);
	(void)to;
	if (is_directory)
		return TREE_COPY;
	if (length < 2 || below[length - 2] != '.' || !strchr("chS", below[length - 1]))
		return TREE_DONE;
	struct mark *marks = text_memory(MARKS_MAX, sizeof(*marks));
	char *text = text_read(from, true), *why = NULL;
	int count = text ? marks_find(from, text, marks) : 0;
	for (int i = 0; i < count && !why; i++) {
		struct lab *lab = lab_read(selftest->root, marks[i].lab, selftest->seed);
		bool listed = false;
		for (unsigned j = 0; lab && j < lab->edits; j++)
			listed |= !strcmp(from + strlen(selftest->root) + 1, lab->edit[j]);
		if (!listed)
			why = text_format("%s:%u: lab %s does not list this file", from, marks[i].line, marks[i].lab);
		lab_free(lab);
	}
	if (why || count < 0)
		printf("not ok labs-marks: %s\n", why ? why : from);
	selftest->failed |= why || count < 0;
	free(why);
	free(text);
	free(marks);
	return TREE_DONE;
}

static void test_all(struct selftest *selftest)
{
	char **names = lab_names(selftest->root);
	if (selftest->parts & PART_FORM) {
		static const char *const folders[] = {"kernel", "arch", "user"};
		for (size_t i = 0; i < 3; i++) {
			char *path = text_format("%s/%s", selftest->root, folders[i]);
			tree_look(path, 20000, look_at_marks, selftest);
			free(path);
		}
		if (!selftest->failed)
			printf("ok labs-marks\n");
	}
	for (char **name = names; name && *name && !jobs_interrupted(); name++)
		test_lab(selftest, *name);
	lab_names_free(names);
}

static unsigned part_named(const char *name)
{
	static const char *const names[] = {"form", "solution", "handout", "mutants", "mutant"};
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], name))
			return 1U << i;
	return 0;
}

int command_lab_test(int argc, char **argv)
{
	static const struct option options[] = {{"lab", required_argument, NULL, 'l'},
						{"part", required_argument, NULL, 'p'},
						{"mutant", required_argument, NULL, 'm'},
						{"arch", required_argument, NULL, 'a'},
						{"seed", required_argument, NULL, 's'},
						{"output", required_argument, NULL, 'o'},
						{0}};
	struct selftest selftest = {.seed = 1, .machines = LAB_MACHINES};
	const char *lab = NULL, *output = "out/lab-test";
	opterr = 0;
	optind = 1;
	for (int option; (option = getopt_long(argc, argv, ":o:", options, NULL)) != -1;) {
		if (option == ':' || option == '?')
			return say_usage("lab-test", option == ':' ? "%s wants a value" : "there is no option `%s`",
					 argv[optind - 1]);
		if (option == 'l')
			lab = optarg;
		else if (option == 'm')
			selftest.mutant = optarg;
		else if (option == 'a' && !(selftest.machines = lab_machines(optarg)))
			return say_usage("lab-test", "--arch is x86_64 or ppc64, not `%s`", optarg);
		else if (option == 'o')
			output = optarg;
		else if (option == 's' && !text_number(optarg, &selftest.seed))
			return say_usage("lab-test", "--seed wants a number, not `%s`", optarg);
		else if (option == 'p' && !part_named(optarg))
			return say_usage("lab-test", "--part is form, solution, handout, mutants or mutant, not `%s`", optarg);
		else if (option == 'p')
			selftest.parts |= part_named(optarg);
	}
	if (optind < argc)
		return say_usage("lab-test", "what is `%s`? The lab goes behind --lab", argv[optind]);
	jobs_catch_signals();
	if (!selftest.parts)
		selftest.parts = selftest.mutant ? PART_MUTANTS : PART_FORM | PART_SOLUTION | PART_HANDOUT | PART_MUTANTS;
	selftest.root = grade_tree(NULL);
	char *made = directories_make(output) ? realpath(output, NULL) : NULL;
	selftest.output = made;
	if (selftest.root && made && lab)
		test_lab(&selftest, lab);
	else if (selftest.root && made)
		test_all(&selftest);
	bool failed = selftest.failed || !selftest.root || !made;
	if (jobs_interrupted())
		failed = say("interrupted: the rest was not tried");
	if (!made)
		say("%s cannot be made: %s", output, strerror(errno));
	free(made);
	free(selftest.root);
	return failed;
}
