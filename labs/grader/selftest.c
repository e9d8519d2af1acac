/*
 * `vitrine lab-test`: whether a lab is one.
 *
 * Teaches: tests are code, so they are tested: the solution passes all of them, the handout fails those it is meant to fail and no other, and each
 * wrong solution fails exactly what its author said. Who calls: main.c; tests/e2e/labs.sh for `make test` and `make labs-test`. Whom: handout.c,
 * grade_one(), marks.c. It prints a line for each test, `ok NAME` or `not ok NAME: why`.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "grader/grade.h"
#include "grader/jobs.h"
#include "grader/marks.h"
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

#define MUTANTS_LEAST 5
#define SOLUTION_LINES_LEAST 20
#define SOLUTION_LINES_MOST 150

enum part { PART_FORM = 1, PART_SOLUTION = 2, PART_HANDOUT = 4, PART_MUTANTS = 8, PART_MUTANT = 16 };

struct selftest {
	char *root;
	const char *output, *mutant;
	uint64_t seed;
	unsigned parts, machines; /* only on these */
	bool failed;
	const struct lab *lab;
};

/* One test. `why` is freed; NULL: it passed. */
static void verdict(struct selftest *selftest, const char *name, char *why)
{
	printf(why ? "not ok lab-%s-%s: %s\n" : "ok lab-%s-%s\n", selftest->lab->name, name, why);
	fflush(stdout);
	selftest->failed |= why != NULL;
	free(why);
}

/* ---- form ---- */

static unsigned tests_of(const struct lab *lab, const char *level)
{
	unsigned count = 0;
	for (unsigned i = 0; i < lab->queries; i++)
		count += !strcmp(lab->query[i].level, level);
	return count;
}

static char *check_ladder(const struct lab *lab)
{
	unsigned warm_up = tests_of(lab, "warm-up"), core = tests_of(lab, "core"), stress = tests_of(lab, "stress");
	if (lab->edits == 0)
		return tests_of(lab, "question") < 8 ? text_format("a lab without code asks at least 8 questions") : NULL;
	if (warm_up < 2 || core < 3 || stress < 2)
		return text_format("it has %u warm-ups, %u core and %u stress tests; 2, 3 and 2 are the least", warm_up, core,
				   stress);
	return tests_of(lab, "prediction") ? NULL : text_format("it asks for no prediction");
}

/* The page names each test and question, and has no number that only some students have. */
static char *check_page(const struct lab *lab)
{
	char *path = text_format("%s/page.md", lab->folder), *page = text_read(path, true), *why = NULL;
	free(path);
	if (!page)
		return text_format("there is no page.md");
	for (unsigned i = 0; i < lab->queries && !why; i++)
		if (!strstr(page, lab->query[i].id))
			why = text_format("page.md does not name %s", lab->query[i].id);
	for (unsigned i = 0; i < lab->edits && !why; i++)
		if (!strstr(page, lab->edit[i]))
			why = text_format("page.md does not name the file %s", lab->edit[i]);
	free(page);
	return why;
}

/* Counts the solution's lines in the files that the lab lists; each has to have a mark. */
static char *check_marks(const struct selftest *selftest)
{
	const struct lab *lab = selftest->lab;
	struct mark *marks = text_memory(MARKS_MAX, sizeof(*marks));
	unsigned lines = 0;
	char *why = NULL;
	for (unsigned i = 0; i < lab->edits && !why; i++) {
		char *path = text_format("%s/%s", selftest->root, lab->edit[i]), *text = text_read(path, true);
		int count = text ? marks_find(path, text, marks) : -1;
		unsigned own = 0;
		for (int j = 0; j < count; j++)
			if (!strcmp(marks[j].lab, lab->name)) {
				own++;
				lines += marks[j].solution_lines;
			}
		if (own == 0)
			why = text_format("%s has no good mark of this lab", lab->edit[i]);
		free(text);
		free(path);
	}
	free(marks);
	if (!why && lab->edits && (lines < SOLUTION_LINES_LEAST || lines > SOLUTION_LINES_MOST))
		why = text_format("the solution has %u lines, not %u to %u", lines, SOLUTION_LINES_LEAST, SOLUTION_LINES_MOST);
	return why;
}

/* ---- grading ---- */

/* The lab may not be for the machine that was asked for. */
static unsigned machines_of(const struct selftest *selftest)
{
	unsigned machines = selftest->machines & selftest->lab->machines;
	return machines ? machines : selftest->lab->machines;
}

static struct grade *new_grade(const struct selftest *selftest, const char *name)
{
	struct grade *grade = text_memory(1, sizeof(*grade));
	grade->root = selftest->root;
	grade->lab = selftest->lab;
	grade->machines = machines_of(selftest);
	grade->parallel = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	grade->output = text_format("%s/%s/%s", selftest->output, selftest->lab->name, name);
	return grade;
}

/* The tests that failed, with blanks between them; to be freed. Those that were skipped count if they are expected not to pass. */
static char *failed_tests(const struct grade *grade, const char *expected)
{
	char *failed = text_format("%s", "");
	for (unsigned i = 0; i < grade->results; i++)
		if (grade->result[i].query->kind == QUERY_TEST &&
		    (grade->result[i].outcome == OUTCOME_FAILED ||
		     (grade->result[i].outcome == OUTCOME_SKIPPED && strstr(expected, grade->result[i].query->id))))
			failed = text_join(failed, grade->result[i].query->id);
	return failed;
}

/* The first failure that was not expected, in words. */
static char *explain_surprise(const struct grade *grade, const char *expected, const char *failed)
{
	if (grade->refused)
		return text_format("%s", grade->refused);
	for (unsigned i = 0; i < grade->results; i++) {
		const struct grade_result *result = &grade->result[i];
		if (result->query->kind == QUERY_TEST && result->outcome == OUTCOME_FAILED &&
		    !strstr(expected, result->query->id))
			return text_format("failed: [%s], not [%s]; %s: %s", failed, expected, result->query->id, result->why);
	}
	return text_format("failed: [%s], not [%s]", failed, expected);
}

/* Grades and compares what failed. Returns why not, or NULL. */
static char *expect_failed(const struct selftest *selftest, const char *name, const char *submission, const char *expected)
{
	struct grade *grade = new_grade(selftest, name);
	char *why = NULL;
	if (!grade_one(grade, submission)) {
		why = text_format("it could not be graded");
	} else {
		char *failed = failed_tests(grade, expected);
		if (strcmp(failed, expected) != 0 || grade->refused)
			why = explain_surprise(grade, expected, failed);
		free(failed);
	}
	grade_free(grade);
	return why;
}

/* ---- the solution ---- */

/* Right answers to all questions, but for one (or none, if `wrong` is not one of them). To be freed. */
static char *answers_from(const struct grade *grade, unsigned wrong)
{
	char *text = NULL;
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);
	for (unsigned i = 0; i < grade->results; i++) {
		const struct grade_result *result = &grade->result[i];
		if (result->truth)
			fprintf(to, i == wrong ? "%s: %s1\n" : "%s: %s\n", result->query->id, result->truth);
	}
	fclose(to);
	return text;
}

/* The results once more, with these answers. */
static void answer(struct grade *grade, const char *answers)
{
	grade_forget_results(grade);
	check_all(grade, answers);
}

/* Each wrong answer costs its own points and no others. */
static char *check_wrong_answers(struct grade *grade)
{
	char *why = NULL;
	for (unsigned i = 0; i < grade->results && !why; i++) {
		const struct lab_query *query = grade->result[i].query;
		if (query->kind != QUERY_ANSWER)
			continue;
		char *answers = answers_from(grade, i);
		answer(grade, answers);
		if (grade->hundredths != (grade->points - query->points) * 100)
			why = text_format("a wrong answer to %s leaves %.2f of %d points", query->id, grade->hundredths / 100.0,
					  grade->points);
		free(answers);
		answers = answers_from(grade, LAB_QUERIES_MAX);
		answer(grade, answers);
		free(answers);
	}
	return why;
}

static char *first_failure(const struct grade *grade)
{
	for (unsigned i = 0; i < grade->results; i++)
		if (grade->result[i].outcome != OUTCOME_PASSED)
			return text_format("%.2f of %d points; %s: %s (%s)", grade->hundredths / 100.0, grade->points,
					   grade->result[i].query->id, grade->result[i].why,
					   grade->result[i].run ? grade->result[i].run->name : "no run");
	return text_format("%.2f of %d points", grade->hundredths / 100.0, grade->points);
}

static void check_solution(struct selftest *selftest)
{
	struct grade *grade = new_grade(selftest, "solution");
	char *why = grade_one(grade, NULL) ? NULL : text_format("it could not be graded");
	if (!why) {
		char *answers = answers_from(grade, LAB_QUERIES_MAX);
		answer(grade, answers);
		free(answers);
		if (grade->hundredths != grade->points * 100)
			why = first_failure(grade);
	}
	bool good = !why;
	verdict(selftest, "solution", why);
	if (good)
		verdict(selftest, "wrong-answers", check_wrong_answers(grade));
	grade_free(grade);
}

/* ---- the handout ---- */

static void check_handout(struct selftest *selftest)
{
	const struct lab *lab = selftest->lab;
	char *handout = text_format("%s/%s/tree", selftest->output, lab->name), *expected = text_format("%s", "");
	for (unsigned i = 0; i < lab->queries; i++) {
		const struct lab_query *query = &lab->query[i];
		if (query->kind == QUERY_TEST && !query->handout_passes && lab->edits && query->machines & machines_of(selftest))
			expected = text_join(expected, query->id);
	}
	tree_remove(handout);
	if (!handout_write(selftest->root, lab->name, selftest->seed, handout)) {
		verdict(selftest, "handout", text_format("it could not be written"));
	} else {
		verdict(selftest, "no-leak", handout_leaks(selftest->root, lab, handout));
		verdict(selftest, "handout", expect_failed(selftest, "handout", handout, expected));
	}
	free(expected);
	free(handout);
}

/* ---- wrong solutions ---- */

/* The value of a line `key: value` before the first `---`. To be freed; NULL: none. */
static char *patch_says(const char *path, const char *key)
{
	char *text = text_read(path, false), *rest = text, *found = NULL;
	for (char *line; (line = text_line(&rest)) && strncmp(line, "---", 3) != 0 && !found;) {
		char *value = text_value(line);
		if (value && !strcmp(line, key))
			found = text_format("%s", value);
	}
	free(text);
	return found;
}

/* A directory with the lab's files, and the patch applied to them. False after having said why not. */
static bool make_mutant(const struct selftest *selftest, const char *patch, const char *directory)
{
	bool good = true;
	tree_remove(directory);
	for (unsigned i = 0; i < selftest->lab->edits && good; i++) {
		char *from = text_format("%s/%s", selftest->root, selftest->lab->edit[i]),
		     *to = text_format("%s/%s", directory, selftest->lab->edit[i]);
		char *slash = strrchr(to, '/');
		*slash = '\0';
		good = directories_make(to);
		*slash = '/';
		good = good && tree_copy_file(from, to);
		free(from);
		free(to);
	}
	char *log = text_format("%s/patch.log", directory);
	struct job job = {.word = {"patch", "-s", "-p1", "--no-backup-if-mismatch", "-i", patch},
			  .directory = directory,
			  .log = log,
			  .seconds = 10};
	if (good)
		jobs_run(&job, 1, 1);
	free(log);
	return good && job.exit_code == 0;
}

static void check_mutant(struct selftest *selftest, const char *file)
{
	char *patch = text_format("%s/mutants/%s", selftest->lab->folder, file), *fails = patch_says(patch, "fails"),
	     *what = patch_says(patch, "mutant");
	char *name = text_format("mutant-%.*s", (int)(strlen(file) - strlen(".patch")), file);
	char *directory = text_format("%s/%s/%s/files", selftest->output, selftest->lab->name, name);
	if (!fails || !*fails || !what)
		verdict(selftest, name, text_format("%s has to begin with `mutant:` and `fails:`", file));
	else if (!make_mutant(selftest, patch, directory))
		verdict(selftest, name, text_format("the patch does not fit the solution"));
	else
		verdict(selftest, name, expect_failed(selftest, name, directory, fails));
	free(directory);
	free(name);
	free(what);
	free(fails);
	free(patch);
}

static int is_patch(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return *entry->d_name != '.' && length > 6 && !strcmp(entry->d_name + length - 6, ".patch");
}

static bool is_wanted(const struct selftest *selftest, const char *file, int index)
{
	if (selftest->mutant)
		return !strncmp(file, selftest->mutant, strlen(selftest->mutant));
	return selftest->parts & PART_MUTANTS || (selftest->parts & PART_MUTANT && index == 0);
}

static void check_mutants(struct selftest *selftest)
{
	char *folder = text_format("%s/mutants", selftest->lab->folder);
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_patch, alphasort);
	if (count < MUTANTS_LEAST)
		verdict(selftest, "mutants",
			text_format("there are %d wrong solutions; %d are the least", count < 0 ? 0 : count, MUTANTS_LEAST));
	for (int i = 0; i < count; i++) {
		if (is_wanted(selftest, entries[i]->d_name, i))
			check_mutant(selftest, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	free(folder);
}

/* ---- all of it ---- */

static void test_lab(struct selftest *selftest, const char *name)
{
	struct lab *lab = lab_read(selftest->root, name, selftest->seed);
	if (!lab) {
		printf("not ok lab-%s: it cannot be read\n", name);
		selftest->failed = true;
		return;
	}
	selftest->lab = lab;
	if (selftest->parts & PART_FORM) {
		verdict(selftest, "ladder", check_ladder(lab));
		verdict(selftest, "page", check_page(lab));
		verdict(selftest, "marks", check_marks(selftest));
	}
	if (selftest->parts & PART_SOLUTION)
		check_solution(selftest);
	if (selftest->parts & PART_HANDOUT)
		check_handout(selftest);
	if (selftest->parts & (PART_MUTANTS | PART_MUTANT) && lab->edits)
		check_mutants(selftest);
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
	for (char **name = names; name && *name; name++)
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
	if (!made)
		say("%s cannot be made: %s", output, strerror(errno));
	free(made);
	free(selftest.root);
	return failed;
}
