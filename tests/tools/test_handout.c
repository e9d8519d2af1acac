/*
 * What a handout keeps back, and what the form of a lab has to be.
 *
 * Teaches: the tree here is made up, with a lab of one mark, one test and two questions. Marks and lab.txt: test_lab.c. Real labs: tests/e2e/labs.sh.
 * Argument: the build directory.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "grader/grade.h"
#include "grader/selftest.h"
#include "grader/text.h"
#include "shell.h"

static const char *build;
static char work[] = "/tmp/vitrine-handout.XXXXXX";
static char root[64];

#define MARK "/* LAB(one) BEGIN: think */\nreturn a_line_that_tells_everything();\n/* LAB(one) ELSE\nreturn 0;\nLAB(one) END */\n"

static const char lab_text[] = "title: One\nsummary: It is one.\nhours: 2\ndifficulty: 1\nedit: kernel/a.c\nmachines: ppc64\n"
			       "run: short program=hello\n";

static const char question[] = "-- ask: How many?\n-- points: 2\n-- run: short\n-- machine: ppc64\n-- hint: think\n--   twice\n";

static void put(const char *below, const char *text)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", root, below);
	char *slash = strrchr(path, '/');
	*slash = '\0';
	assert_int_equal(shell("mkdir -p %s", path), 0);
	*slash = '/';
	assert_true(text_write(path, text));
}

static int start(void **state)
{
	(void)state;
	if (!mkdtemp(work))
		return -1;
	snprintf(root, sizeof(root), "%s/tree", work);
	char *asked = text_format("%sSELECT 7\n", question);
	put("kernel/arch.h", "\n");
	put("kernel/a.c", MARK);
	put("Makefile", "all:\n");
	put("labs/one/lab.txt", lab_text);
	put("labs/one/page.md", "kernel/a.c 01-test many guess\n");
	put("labs/one/tests/01-test.sql", "-- title: T\n-- points: 3\n-- level: core\n-- run: short\nSELECT ok FROM seen\n");
	put("labs/one/questions/01-guess.sql",
	    "-- ask: ?\n-- kind: prediction\n-- points: 1\n-- run: short\n-- machine: ppc64\nSELECT n FROM seen\n");
	put("labs/one/questions/02-many.sql", asked);
	free(asked);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	return shell("rm -rf %s", work);
}

static int handout(const char *options, const char *output)
{
	return shell("%s/asan/vitrine handout --root %s --lab one %s -o %s/%s", build, root, options, work, output);
}

/* ---- without answers ---- */

static void leaves_the_queries_of_answers_out(void **state)
{
	(void)state;
	assert_int_equal(handout("", "whole"), 0);
	assert_int_equal(handout("--without-answers", "kept"), 0);
	assert_int_equal(shell("diff -rq %s/whole %s/kept", work, work), 1);
	char *differ = text_format(
		"Files %s/whole/README.md and %s/kept/README.md differ\nFiles %s/whole/labs/one/questions/02-many.sql "
		"and %s/kept/labs/one/questions/02-many.sql differ\n",
		work, work, work, work);
	assert_string_equal(shell_output, differ);
	assert_int_equal(shell("cat %s/kept/labs/one/questions/02-many.sql", work), 0);
	char *head = text_format("%s-- checked: by your instructor\n", question);
	assert_string_equal(shell_output, head);
	free(head);
	free(differ);
}

/* What a grade in that tree says of the question `many`, with these answers; nothing was run. */
static void grade_there(struct grade *grade, const char *answers)
{
	*grade = (struct grade){.lab = grade->lab, .machines = LAB_PPC64};
	check_all(grade, answers);
	assert_int_equal(grade->results, 3);
	assert_string_equal(grade->result[2].query->id, "many");
}

static void says_who_checks_an_answer(void **state)
{
	(void)state;
	assert_int_equal(handout("--without-answers", "there"), 0);
	char *there = text_format("%s/there", work);
	struct lab *lab = lab_read(there, "one", 1);
	struct grade *grade = text_memory(1, sizeof(*grade));
	assert_non_null(lab);
	grade->lab = lab;
	grade_there(grade, "guess: 1\nmany: 8\n");
	assert_int_equal(grade->result[1].outcome, OUTCOME_PASSED);
	assert_int_equal(grade->result[2].outcome, OUTCOME_SKIPPED);
	assert_string_equal(grade->result[2].why, "answered; your instructor checks it");
	assert_int_equal(grade->points, 4); /* without the two of `many` */
	grade_forget_results(grade);
	grade_there(grade, "guess: 1\nmany:\n");
	assert_int_equal(grade->result[2].outcome, OUTCOME_SKIPPED);
	assert_string_equal(grade->result[2].why, "not answered");
	grade_forget_results(grade);
	free(grade);
	lab_free(lab);
	free(there);
}

static void wants_a_query_or_an_instructor(void **state)
{
	(void)state;
	char *both = text_format("%s-- checked: by your instructor\nSELECT 7\n", question),
	     *asked = text_format("%sSELECT 7\n", question);
	put("labs/one/questions/02-many.sql", question);
	assert_int_equal(handout("", "none"), 1);
	assert_true(shell_said("02-many.sql: there is no query"));
	put("labs/one/questions/02-many.sql", both);
	assert_int_equal(handout("", "none"), 1);
	assert_true(shell_said("02-many.sql: checked: stands in place of a query"));
	put("labs/one/questions/02-many.sql", asked);
	free(both);
	free(asked);
}

/* ---- leaks ---- */

static void finds_a_short_solution_beside_its_mark(void **state)
{
	(void)state;
	struct lab *lab = lab_read(root, "one", 1);
	char *whole = text_format("%s/clean", work), *leaky = text_format("%s/leaky", work);
	assert_int_equal(handout("", "clean"), 0);
	assert_null(handout_leaks(root, lab, whole));
	put("kernel/b.c", "int b;\n\t\treturn a_line_that_tells_everything();\n");
	assert_int_equal(handout("", "leaky"), 0);
	char *found = handout_leaks(root, lab, leaky);
	assert_string_equal(found, "kernel/b.c has lines of the solution");
	assert_int_equal(shell("rm %s/kernel/b.c", root), 0);
	free(found);
	free(whole);
	free(leaky);
	lab_free(lab);
}

/* ---- form ---- */

/* What lab-test says of the form of the lab. */
static void check_form(void)
{
	char *output = text_format("%s/form.txt", work);
	struct lab *lab = lab_read(root, "one", 1);
	assert_non_null(lab);
	pid_t child = fork();
	if (child == 0) {
		struct selftest selftest = {.root = root, .machines = LAB_PPC64, .lab = lab};
		if (!freopen(output, "w", stdout))
			_exit(1);
		selftest_check_form(&selftest);
		fflush(stdout);
		_exit(0);
	}
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(shell("cat %s", output), 0);
	lab_free(lab);
	free(output);
}

static void views_are_shared(void **state)
{
	(void)state;
	static const char *const views[][2] = {
		{"-- A comment.\n\nCREATE TEMP VIEW seen AS SELECT 1 AS ok, 2 AS n;\n", "\nok lab-one-views\n"},
		{"CREATE TEMP VIEW seen AS SELECT 1 AS ok;\nCREATE TEMP VIEW more AS SELECT ok FROM seen;\n",
		 "not ok lab-one-views: of views.sql, nothing shares more\n"},
		{"CREATE TEMP VIEW seen AS SELECT 1 AS ok; -- more\nDROP VIEW seen;\n",
		 "not ok lab-one-views: views.sql has something else than CREATE TEMP VIEW NAME: DROP VIEW seen;\n"},
		{"CREATE TEMP VIEW seen AS SELECT AS ok;\n", "not ok lab-one-views: views.sql: near \"AS\": syntax error\n"},
	};
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		put("labs/one/views.sql", views[i][0]);
		check_form();
		assert_true(shell_said(views[i][1]));
	}
	put("labs/one/views.sql", "CREATE TEMP VIEW seen AS SELECT {no};\n");
	assert_int_equal(handout("", "none"), 1);
	assert_true(shell_said("views.sql: there is no constant {no}"));
	assert_int_equal(shell("rm %s/labs/one/views.sql", root), 0);
}

static void solutions_lie_in_their_marks(void **state)
{
	(void)state;
	check_form();
	assert_true(shell_said("not ok lab-one-marks: the solution has 1 lines, not 20 to 150\n"));
	put("kernel/a.c", "/* LAB(one) BEGIN: think */\n/* LAB(one) ELSE\nreturn 0;\nLAB(one) END */\nreturn 7;\n");
	check_form();
	assert_true(shell_said("not ok lab-one-marks: kernel/a.c:1: this mark has no solution in it\n"));
	put("kernel/a.c", MARK);
}

int main(int argc, char **argv)
{
	build = argc > 1 ? argv[1] : "build";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_the_queries_of_answers_out),
		cmocka_unit_test(says_who_checks_an_answer),
		cmocka_unit_test(wants_a_query_or_an_instructor),
		cmocka_unit_test(finds_a_short_solution_beside_its_mark),
		cmocka_unit_test(views_are_shared),
		cmocka_unit_test(solutions_lie_in_their_marks),
	};
	return cmocka_run_group_tests_name("handout", tests, start, stop);
}
