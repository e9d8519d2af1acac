/*
 * Wrong solutions and wrong answers: each fails exactly what its author said.
 *
 * Teaches: a test is worth what it catches. A wrong solution is a patch to the real one; a wrong answer is a query: what
 * somebody gets who has misread the question. Who calls: selftest.c, selftest_grade.c. Whom: selftest_grade.c for the grades,
 * `patch`.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "ends_with.h"
#include "grader/jobs.h"
#include "grader/selftest.h"
#include "grader/text.h"
#include "grader/tree.h"

char **selftest_mutants(const struct lab *lab, const char *ending)
{
	char *folder = text_format("%s/mutants", lab->folder);
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, NULL, alphasort);
	char **names = text_memory((size_t)(count > 0 ? count : 0) + 1, sizeof(*names));
	size_t kept = 0;
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		if (*name != '.' && ends_with(name, ending))
			names[kept++] = text_format("%s", name);
		free(entries[i]);
	}
	free(entries);
	free(folder);
	return names;
}

/* "mutant-NAME", to be freed. */
static char *verdict_name(const char *file)
{
	return text_format("mutant-%.*s", (int)(strrchr(file, '.') - file), file);
}

bool selftest_is_named(const struct selftest *selftest, const char *file)
{
	size_t length = strcspn(file, ".");
	return !selftest->mutant || (strlen(selftest->mutant) == length && !strncmp(file, selftest->mutant, length));
}

/* ---- wrong solutions ---- */

/* The value of a line `key: value` of the head, which ends where the patch or the query begins. To be freed; NULL: none. */
static char *head_says(const char *text, const char *key)
{
	char *copy = text_format("%s", text), *rest = copy, *found = NULL;
	for (char *line;
	     (line = text_line(&rest)) && strncmp(line, "--- ", 4) != 0 && strncmp(line, "SELECT", 6) != 0 && !found;) {
		line += strncmp(line, "-- ", 3) ? 0 : 3;
		char *value = text_value(line);
		if (value && !strcmp(line, key))
			found = text_format("%s", value);
	}
	free(copy);
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

static void check_patch(struct selftest *selftest, const char *file)
{
	char *patch = text_format("%s/mutants/%s", selftest->lab->folder, file), *text = text_read(patch, false),
	     *fails = text ? head_says(text, "fails") : NULL, *may = text ? head_says(text, "may") : NULL,
	     *what = text ? head_says(text, "mutant") : NULL;
	char *name = verdict_name(file);
	char *directory = text_format("%s/%s/%s/files", selftest->output, selftest->lab->name, name);
	if (!fails || !*fails || !what)
		selftest_verdict(selftest, name, text_format("%s has to begin with `mutant:` and `fails:`", file));
	else if (!make_mutant(selftest, patch, directory))
		selftest_verdict(selftest, name, text_format("the patch does not fit the solution"));
	else
		selftest_verdict(selftest, name, selftest_expect(selftest, name, directory, fails, may ? may : ""));
	free(directory);
	free(name);
	free(what);
	free(may);
	free(fails);
	free(text);
	free(patch);
}

void selftest_check_wrong_solutions(struct selftest *selftest)
{
	char **names = selftest_mutants(selftest->lab, ".patch");
	for (char **name = names; *name && !jobs_interrupted(); name++)
		if (selftest_is_named(selftest, *name) && (selftest->parts & PART_MUTANTS || name == names))
			check_patch(selftest, *name);
	lab_names_free(names);
}

/* ---- wrong answers ---- */

static struct grade_run *run_named(struct grade *grade, const char *name)
{
	for (unsigned i = 0; i < grade->runs && name; i++)
		if (!strcmp(grade->run[i].name, name))
			return &grade->run[i];
	return NULL;
}

/* Adds a line of answers.txt for each row of the query. Returns why not, to be freed. */
static char *add_answers(sqlite3 *database, const char *sql, char **answers)
{
	sqlite3_stmt *statement = NULL;
	int step = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
	if (step == SQLITE_OK && sqlite3_column_count(statement) != 2)
		step = SQLITE_MISMATCH;
	while (step == SQLITE_OK || step == SQLITE_ROW)
		if ((step = sqlite3_step(statement)) == SQLITE_ROW) {
			char *more = text_format("%s%s: %s\n", *answers, sqlite3_column_text(statement, 0),
						 sqlite3_column_text(statement, 1));
			free(*answers);
			*answers = more;
		}
	char *why = step == SQLITE_DONE       ? NULL
		    : step == SQLITE_MISMATCH ? text_format("its rows are a question and an answer")
					      : text_format("%s", sqlite3_errmsg(database));
	sqlite3_finalize(statement);
	return why;
}

/* Gives these answers, and right ones to all other questions. Returns why what fails is not what was said, to be freed. */
static char *expect_wrong(struct grade *grade, const char *answers, const char *right, const char *fails)
{
	char *all = text_format("%s%s", answers, right);
	selftest_answer(grade, all);
	char *failed = selftest_failures(grade, true, fails, "");
	char *why = strcmp(failed, fails) != 0 ? text_format("failed: [%s], not [%s]", failed, fails) : NULL;
	free(failed);
	free(all);
	return why;
}

/* Why a mutant does not fail what it says, to be freed; NULL if it does. */
static char *check_answers(struct grade *grade, const char *text, const char *right)
{
	char *what = head_says(text, "mutant"), *fails = head_says(text, "fails"), *name = head_says(text, "run");
	struct grade_run *run = run_named(grade, name);
	sqlite3 *database = run && !run->why ? grade_ask(grade, run, (const char *const[]){text, NULL}) : NULL;
	char *answers = text_format("%s", ""), *why = NULL;
	if (!what || !fails || !*fails || !database)
		why = text_format("its head has to say `mutant:`, `fails:`, and with `run:` the name of a run's directory");
	else if (!(why = add_answers(database, text, &answers)))
		why = expect_wrong(grade, answers, right, fails);
	sqlite3_close(database);
	free(answers);
	free(name);
	free(fails);
	free(what);
	return why;
}

void selftest_check_wrong_answers(struct selftest *selftest, struct grade *grade, const char *right)
{
	const struct lab *lab = selftest->lab;
	char **names = selftest_mutants(lab, ".sql");
	for (char **file = names; *file && grade->machines == lab->machines; file++) {
		if (!selftest_is_named(selftest, *file))
			continue;
		char *path = text_format("%s/mutants/%s", lab->folder, *file), *text = text_read(path, false),
		     *filled = text ? lab_fill(lab, text, true, path) : NULL, *name = verdict_name(*file);
		selftest_verdict(selftest, name, filled ? check_answers(grade, filled, right) : text_format("it cannot be read"));
		free(name);
		free(filled);
		free(text);
		free(path);
	}
	lab_names_free(names);
}
