/*
 * Labs: marks, handouts, what lab.txt may say, and what a confined job can reach.
 *
 * Teaches: the tree here is made up, small enough to know what has to come out to the letter. Real labs: tests/e2e/labs.sh. Argument: the build
 * directory.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "grader/grade.h"
#include "grader/jobs.h"
#include "grader/lab.h"
#include "grader/marks.h"
#include "grader/text.h"
#include "shell.h"

static const char *build;
static char work[] = "/tmp/vitrine-lab.XXXXXX";
static char root[64];

/* ---- a tree ---- */

static const char source[] = "int a;\n"
			     "\t/* LAB(one) BEGIN: think\n"
			     "\t * twice */\n"
			     "\treturn 42;\n"
			     "\n"
			     "\t/* LAB(one) ELSE\n"
			     "\treturn 0; // not yet\n"
			     "\tLAB(one) END */\n"
			     "int b;\n"
			     "/* LAB(two) BEGIN: more */\n"
			     "int c;\n"
			     "/* LAB(two) ELSE\n"
			     "LAB(two) END */\n";

static const char lab_text[] =
	"# a comment\n"
	"title: One\n"
	"summary: It is one.\n"
	"hours: 2\n"
	"difficulty: 1\n"
	"edit: kernel/a.c\n"
	"constant: pages 10..1000\n"
	"run: short program=hello smp=2 machines=ppc64 seeds=3 append=program.pages={pages} append=x=1 ends=crash\n";

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

static void put_test(const char *name, const char *head)
{
	char *path = text_format("labs/one/tests/%s.sql", name), *text = text_format("%s", head);
	put(path, text);
	free(path);
	free(text);
}

#define GOOD_TEST                                                                                                                \
	"-- title: T {pages}\n-- points: 3\n-- level: core\n-- run: short\n-- hint: look\n--   closer\nSELECT 1 AS ok, {pages} " \
	"AS what\n"

static void make_tree(void)
{
	put("kernel/arch.h", "\n");
	put("kernel/a.c", source);
	put("kernel/deep/b.h", "int plain;\n");
	put("arch/x.S", "nop\n");
	put("tests/secret.c", source);
	put("Makefile", "all:\n");
	put("README.md", "# Vitrine\n");
	put("notes.txt", "mine\n");
	put("labs/README.md", "\n");
	put("labs/one/lab.txt", lab_text);
	put("labs/one/page.md", "seed {seed}, {pages} pages, {unknown} and { } stay\n");
	put("labs/one/mutants/m.patch", "return 42;\n");
	put_test("01-good", GOOD_TEST);
	put("labs/one/questions/01-many.sql", "-- ask: How many?\n-- points: 1\n-- run: short\n-- machine: ppc64\nSELECT 7\n");
	put("labs/two/lab.txt", lab_text);
}

static int start(void **state)
{
	(void)state;
	if (!mkdtemp(work))
		return -1;
	snprintf(root, sizeof(root), "%s/tree", work);
	make_tree();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	return shell("rm -rf %s", work);
}

/* ---- marks ---- */

static char *written(const char *labs)
{
	char *text = NULL;
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);
	marks_write(to, source, labs);
	fclose(to);
	return text;
}

static void finds_marks(void **state)
{
	(void)state;
	static struct mark marks[MARKS_MAX];
	assert_int_equal(marks_find("a.c", source, marks), 2);
	assert_string_equal(marks[0].lab, "one");
	assert_int_equal(marks[0].line, 2);
	assert_int_equal(marks[0].solution_lines, 1);
	assert_string_equal(marks[1].lab, "two");
	assert_int_equal(marks[1].solution_lines, 1);
	assert_int_equal(marks_find("a.c", "int a; /* LAB(x) is spoken of */\n", marks), 0);
}

static void refuses_marks_that_do_not_fit(void **state)
{
	(void)state;
	static struct mark marks[MARKS_MAX];
	static const char *const wrong[] = {
		"/* LAB(a) BEGIN: x */\nint a;\n",
		"/* LAB(a) BEGIN: x */\n/* LAB(b) BEGIN: y */\n",
		"/* LAB(a) BEGIN: x */\n/* LAB(b) ELSE\nLAB(b) END */\n",
		"/* LAB(a) BEGIN: x */\n/* LAB(a) ELSE\nLAB(b) END */\n",
		"/* LAB(a) BEGIN: x */\n/* LAB(a) ELSE */\nLAB(a) END */\n",
		"/* LAB(a) BEGIN: x */\n/* LAB(a) ELSE\n/* no */\nLAB(a) END */\n",
		"/* LAB(a) ELSE\nLAB(a) END */\n",
		"LAB(a) END */\n",
	};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(marks_find("wrong.c", wrong[i], marks), -1);
}

static void writes_stubs(void **state)
{
	(void)state;
	char *one = written("one"), *both = written("two,one"), *none = written("on");
	assert_string_equal(one, "int a;\n\t/* LAB(one) BEGIN: think\n\t * twice */\n\treturn 0; // not yet\n\t/* LAB(one) END "
				 "*/\nint b;\nint c;\n");
	assert_string_equal(
		both, "int a;\n\t/* LAB(one) BEGIN: think\n\t * twice */\n\treturn 0; // not yet\n\t/* LAB(one) END */\nint b;\n"
		      "/* LAB(two) BEGIN: more */\n/* LAB(two) END */\n");
	assert_string_equal(none, "int a;\n\treturn 42;\n\nint b;\nint c;\n");
	free(one);
	free(both);
	free(none);
}

/* ---- labs ---- */

static void reads_a_lab(void **state)
{
	(void)state;
	struct lab *lab = lab_read(root, "one", 5), *again = lab_read(root, "one", 5), *other = lab_read(root, "one", 6);
	assert_non_null(lab);
	const struct lab_run *run = &lab->run[0];
	uint64_t pages = lab->constant[0].value;
	char *append = text_format("program.pages=%u x=1", (unsigned)pages), *title = text_format("T %u", (unsigned)pages);
	assert_true(pages >= 10 && pages <= 1000);
	assert_int_equal(again->constant[0].value, pages);
	assert_int_not_equal(other->constant[0].value, pages);
	assert_string_equal(run->append, append);
	assert_int_equal(run->machines, LAB_PPC64);
	assert_int_equal(run->seeds, 3);
	assert_int_equal(lab->queries, 2);
	assert_string_equal(lab->query[0].title, title);
	assert_string_equal(lab->query[0].hint, "look closer");
	assert_string_equal(lab->query[1].id, "many");
	assert_int_equal(lab->query[1].kind, QUERY_ANSWER);
	assert_int_equal(lab_points(lab, LAB_MACHINES), 4);
	assert_int_equal(lab_points(lab, LAB_X86_64), 0);
	free(append);
	free(title);
	lab_free(lab);
	lab_free(again);
	lab_free(other);
}

static void constants_differ_between_students(void **state)
{
	(void)state;
	unsigned equal = 0;
	uint64_t last = 0;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct lab *lab = lab_read(root, "one", seed);
		equal += lab->constant[0].value == last;
		last = lab->constant[0].value;
		lab_free(lab);
	}
	assert_true(equal < 5);
}

/* Each mistake in a lab is told with its place. */
static void says_what_is_wrong_in_a_lab(void **state)
{
	(void)state;
	static const char *const lines[][2] = {
		{"titel: x\n", "lab.txt:9: the keys are"},
		{"nonsense\n", "lab.txt:9: a line is `key: value`"},
		{"constant: x 5..1\n", "lab.txt:9: the range"},
		{"run: a smp=2\n", "lab.txt:9: a run has to say program="},
		{"run: a program=b smp=0\n", "lab.txt:9: smp="},
		{"run: a program=b colour=red\n", "lab.txt:9: a run has"},
		{"edit: ../x\n", "lab.txt:9: edit:"},
		{"machines: vax\n", "lab.txt:9: machines:"},
		{"run: a program=b append=n={nothing}\n", "there is no constant {nothing}"},
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *text = text_format("%s%s", lab_text, lines[i][0]);
		put("labs/one/lab.txt", text);
		free(text);
		assert_int_equal(shell("%s/asan/vitrine handout --root %s --lab one -o %s/none", build, root, work), 1);
		assert_true(shell_said(lines[i][1]));
	}
	put("labs/one/lab.txt", lab_text);
}

static void says_what_is_wrong_in_a_test(void **state)
{
	(void)state;
	static const char *const heads[][2] = {
		{"-- title: T\n-- points: 3\n-- level: easy\n-- run: short\nSELECT 1\n", "level:"},
		{"-- title: T\n-- points: many\n-- level: core\n-- run: short\nSELECT 1\n", "points: has to be a number"},
		{"-- title: T\n-- points: 3\n-- level: core\n-- run: long\nSELECT 1\n", "run: has to name a run"},
		{"-- title: T\n-- points: 3\n-- level: core\n-- run: short\n-- machines: x86_64\nSELECT 1\n",
		 "it is asked on no machine"},
		{"-- title: T\n-- points: 3\n-- level: core\n-- run: short\n-- colour: red\nSELECT 1\n",
		 "there is no key `colour`"},
		{"-- title: T\n-- points: 3\n-- level: core\n-- run: short\n-- after: 99-no\nSELECT 1\n",
		 "no earlier test is called so"},
		{"-- title: T\n-- points: 3\n-- level: core\n-- run: short\nSELECT {no}\n", "there is no constant {no}"},
		{"-- what\nSELECT 1\n", "the head is lines of"},
	};
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		put_test("02-bad", heads[i][0]);
		assert_int_equal(shell("%s/asan/vitrine handout --root %s --lab one -o %s/none", build, root, work), 1);
		assert_true(shell_said(heads[i][1]));
		assert_true(shell_said("02-bad"));
	}
	assert_int_equal(shell("rm %s/labs/one/tests/02-bad.sql; test ! -e %s/none", root, work), 0);
}

/* ---- handouts ---- */

static void writes_a_handout(void **state)
{
	(void)state;
	struct lab *lab = lab_read(root, "one", 9);
	assert_int_equal(shell("%s/asan/vitrine handout --root %s --lab one --seed 9 -o %s/out", build, root, work), 0);
	assert_int_equal(shell("cd %s/out && find . -type f | LC_ALL=C sort", work), 0);
	assert_string_equal(
		shell_output,
		"./Makefile\n./README.md\n./arch/x.S\n./handout.txt\n./kernel/a.c\n./kernel/arch.h\n./kernel/deep/b.h\n"
		"./labs/README.md\n./labs/one/answers.txt\n./labs/one/lab.txt\n./labs/one/page.md\n"
		"./labs/one/questions/01-many.sql\n./labs/one/tests/01-good.sql\n");
	assert_int_equal(shell("grep -r 42 %s/out/kernel %s/out/labs/one/lab.txt", work, work), 1);
	assert_int_equal(shell("cat %s/out/labs/one/page.md %s/out/handout.txt", work, work), 0);
	char *page =
		text_format("seed 9, %u pages, {unknown} and { } stay\nlabs: one\nseed: 9\n", (unsigned)lab->constant[0].value);
	assert_string_equal(shell_output, page);
	assert_int_equal(shell("grep -x many: %s/out/labs/one/answers.txt", work), 0);
	free(page);
	lab_free(lab);
}

static void refuses_a_place_that_is_not_empty(void **state)
{
	(void)state;
	assert_int_equal(shell("mkdir %s/full && touch %s/full/x && %s/asan/vitrine handout --root %s --lab one -o %s/full", work,
			       work, build, root, work),
			 1);
	assert_true(shell_said("is not empty"));
	assert_int_equal(shell("ls %s/full", work), 0);
	assert_string_equal(shell_output, "x\n");
}

static void helps_who_calls_wrongly(void **state)
{
	(void)state;
	const char *vitrine = text_format("%s/asan/vitrine", build);
	assert_int_equal(shell("%s handout --root %s --lab onee -o %s/none", vitrine, root, work), 1);
	assert_true(shell_said("did you mean `one`"));
	assert_int_equal(shell("%s handout --root %s --lab one", vitrine, root), 2);
	assert_int_equal(shell("%s handout --root %s --lab one --seed x -o %s/none", vitrine, root, work), 2);
	assert_int_equal(shell("%s handout --root %s/nowhere --list", vitrine, root), 1);
	assert_int_equal(shell("%s handout --root %s --list", vitrine, root), 0);
	assert_true(shell_said("one        One (2 hours, 4 points)"));
	assert_int_equal(shell("%s grade --lab one --arch vax", vitrine), 2);
	assert_int_equal(shell("%s grade --class %s", vitrine, root), 2);
	assert_int_equal(shell("%s grade --trusted %s", vitrine, root), 2);
	assert_true(shell_said("which lab?"));
	assert_int_equal(shell("%s grade --lab one --trusted %s --arch x86_64", vitrine, root), 1);
	assert_true(shell_said("nothing to grade on x86_64"));
	assert_int_equal(shell("%s lab-test --part all", vitrine), 2);
	free((char *)vitrine);
}

/* ---- confinement ---- */

static char box[64], output_file[80];

/* Runs a line of shell confined to `box`. Returns its exit code; what it printed is in shell_output. */
static int confined(const char *line, unsigned seconds, bool *timed_out)
{
	const struct confinement confinement = {
		.directory = box, .processes = 24, .memory_mib = 1024, .file_mib = 1, .cpu_seconds = 20};
	struct job job = {.word = {"sh", "-c", line}, .log = output_file, .seconds = seconds, .confinement = &confinement};
	jobs_run(&job, 1, 1);
	char *text = text_read(output_file, true);
	snprintf(shell_output, sizeof(shell_output), "%s", text ? text : "");
	free(text);
	if (timed_out)
		*timed_out = job.timed_out;
	return job.exit_code;
}

/* Whether no process is left with such a command line; the last ones may take a moment to end. */
static bool is_gone(const char *pattern)
{
	return shell("for i in $(seq 50); do pgrep -f '%s' || exit 0; sleep 0.2; done; exit 1", pattern) == 0;
}

static void make_box(void)
{
	snprintf(box, sizeof(box), "%s/box", work);
	snprintf(output_file, sizeof(output_file), "%s/output", work);
	assert_int_equal(shell("chmod 711 %s; mkdir -p %s; echo secret > %s/secret; chmod 666 %s/secret", work, box, work, work),
			 0);
	assert_int_equal(chown(box, jobs_user(), (gid_t)-1), 0);
}

static void confines_to_one_directory(void **state)
{
	(void)state;
	make_box();
	assert_true(jobs_can_confine("."));
	assert_int_equal(confined("echo here > file && cat file", 10, NULL), 0);
	assert_string_equal(shell_output, "here\n");
	char *line = text_format(
		"cat %s/secret; echo x > %s/secret; echo x > %s/new; touch /usr/x /etc/x; ls /home /root /var; ls /etc | wc -l",
		work, work, work);
	confined(line, 10, NULL);
	free(line);
	assert_null(strstr(shell_output, "secret\n"));
	assert_int_equal(shell("cat %s/secret; ls %s/new /usr/x /etc/x", work, work), 2);
	assert_true(shell_said("secret\n"));
}

static void confines_names_and_networks(void **state)
{
	(void)state;
	make_box();
	assert_int_equal(confined("id -u; ls /proc | grep -c '^[0-9]*$'; cat /proc/net/dev | wc -l; echo $SECRET", 10, NULL), 0);
	char *expected = text_format("%u\n", (unsigned)jobs_user());
	assert_memory_equal(shell_output, expected, strlen(expected));
	free(expected);
	assert_int_equal(shell("printf '%%s' '%s' | awk 'NR == 2 && $1 > 8 { print \"others seen\" } NR == 3 && $1 > 3 { print "
			       "\"network seen\" }'",
			       shell_output),
			 0);
	assert_string_equal(shell_output, "");
}

static void confines_processes(void **state)
{
	(void)state;
	bool timed_out;
	make_box();
	/* Starts processes as long as it can, each of which does the same once more. */
	confined("i=0; while [ $i -lt 200 ]; do (sleep 3037; sleep 3037) & i=$((i + 1)); done; echo all", 10, &timed_out);
	assert_null(strstr(shell_output, "all\n"));
	assert_true(timed_out || shell_said("ork")); /* Cannot fork, fork: retry */
	assert_true(is_gone("sleep 303[7]"));
}

static void confines_files_and_time(void **state)
{
	(void)state;
	bool timed_out;
	make_box();
	assert_int_not_equal(confined("head -c 3000000 /dev/zero > big", 10, NULL), 0);
	assert_int_equal(shell("stat -c %%s %s/big", box), 0);
	assert_true(atoi(shell_output) <= 1 << 20);
	confined("while :; do :; done", 1, &timed_out);
	assert_true(timed_out);
	confined("setsid sleep 7077 & sleep 7077", 1, &timed_out);
	assert_true(timed_out);
	assert_true(is_gone("sleep 707[7]"));
}

int main(int argc, char **argv)
{
	build = argc > 1 ? argv[1] : "build";
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_marks),
		cmocka_unit_test(refuses_marks_that_do_not_fit),
		cmocka_unit_test(writes_stubs),
		cmocka_unit_test(reads_a_lab),
		cmocka_unit_test(constants_differ_between_students),
		cmocka_unit_test(says_what_is_wrong_in_a_lab),
		cmocka_unit_test(says_what_is_wrong_in_a_test),
		cmocka_unit_test(writes_a_handout),
		cmocka_unit_test(refuses_a_place_that_is_not_empty),
		cmocka_unit_test(helps_who_calls_wrongly),
		cmocka_unit_test(confines_to_one_directory),
		cmocka_unit_test(confines_names_and_networks),
		cmocka_unit_test(confines_processes),
		cmocka_unit_test(confines_files_and_time),
	};
	return cmocka_run_group_tests_name("lab", tests, start, stop);
}
