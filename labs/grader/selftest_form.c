/*
 * Whether a lab is as labs/README.md asks for: its ladder, page, marks, views and mutants.
 *
 * Teaches: what can be seen without running anything is looked at first. Who calls: selftest.c. Whom: marks.c.
 */
#include <stdlib.h>
#include <string.h>

#include "grader/marks.h"
#include "grader/selftest.h"
#include "grader/text.h"

#define MUTANTS_LEAST 5
#define SOLUTION_LINES_LEAST 20
#define SOLUTION_LINES_MOST 150
#define QUESTIONS_LEAST 8 /* of a lab without code */

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
		return tests_of(lab, "question") < QUESTIONS_LEAST
			       ? text_format("it asks fewer than %d questions", QUESTIONS_LEAST)
			       : NULL;
	if (warm_up < 2 || core < 3 || stress < 2)
		return text_format("it has %u warm-ups, %u core and %u stress tests; 2, 3 and 2 are the least", warm_up, core,
				   stress);
	return tests_of(lab, "prediction") ? NULL : text_format("it asks for no prediction");
}

/* The page names each test, question and file. */
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
				if (!why && marks[j].solution_lines == 0)
					why = text_format("%s:%u: this mark has no solution in it", lab->edit[i], marks[j].line);
			}
		if (!why && own == 0)
			why = text_format("%s has no good mark of this lab", lab->edit[i]);
		free(text);
		free(path);
	}
	free(marks);
	if (!why && lab->edits && (lines < SOLUTION_LINES_LEAST || lines > SOLUTION_LINES_MOST))
		why = text_format("the solution has %u lines, not %u to %u", lines, SOLUTION_LINES_LEAST, SOLUTION_LINES_MOST);
	return why;
}

/* ---- views ---- */

#define VIEW_START "CREATE TEMP VIEW "
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

/* How often a query has this name as a whole word, but for its comments. */
static unsigned words(const char *text, const char *name, size_t length)
{
	unsigned count = 0;
	for (const char *at = text; *at;) {
		size_t word = strspn(at, NAME_CHARACTERS);
		count += word == length && !strncmp(at, name, length);
		at += word ? word : !strncmp(at, "--", 2) ? strcspn(at, "\n") : 1;
	}
	return count;
}

/* How many tests, questions and other views look at a view. */
static unsigned users_of_view(const struct lab *lab, const char *name, size_t length)
{
	unsigned count = words(lab->views, name, length) - 1;
	for (unsigned i = 0; i < lab->queries; i++)
		count += lab->query[i].sql && words(lab->query[i].sql, name, length) > 0;
	return count;
}

/* Of views.sql: the next statement, behind blank lines and comments. */
static const char *next_statement(const char *at)
{
	while (*(at += strspn(at, " \t\n")) == '-' && at[1] == '-')
		at += strcspn(at, "\n");
	return at;
}

/* Each statement makes a view that is there for this database alone, and that more than one looks at. */
static char *check_views(const struct lab *lab)
{
	sqlite3 *database = NULL;
	char *why = sqlite3_open(":memory:", &database) == SQLITE_OK ? NULL : text_format("there is no database");
	const char *at = next_statement(lab->views);
	while (*at && !why) {
		const char *name = at + strlen(VIEW_START);
		sqlite3_stmt *statement = NULL;
		size_t length = strncmp(at, VIEW_START, strlen(VIEW_START)) != 0 ? 0 : strspn(name, NAME_CHARACTERS);
		if (!length)
			why = text_format("views.sql has something else than " VIEW_START "NAME: %.40s", at);
		else if (sqlite3_prepare_v2(database, at, -1, &statement, &at) != SQLITE_OK)
			why = text_format("views.sql: %s", sqlite3_errmsg(database));
		else if (users_of_view(lab, name, length) < 2)
			why = text_format("of views.sql, nothing shares %.*s", (int)length, name);
		sqlite3_finalize(statement);
		at = next_statement(at);
	}
	sqlite3_close(database);
	return why;
}

/* ---- mutants ---- */

static char *check_mutants(const struct lab *lab)
{
	char **names = selftest_mutants(lab, "");
	unsigned count = 0;
	while (names[count])
		count++;
	lab_names_free(names);
	return count < MUTANTS_LEAST ? text_format("there are %u wrong solutions; %u are the least", count, MUTANTS_LEAST) : NULL;
}

void selftest_check_form(struct selftest *selftest)
{
	const struct lab *lab = selftest->lab;
	selftest_verdict(selftest, "ladder", check_ladder(lab));
	selftest_verdict(selftest, "page", check_page(lab));
	selftest_verdict(selftest, "marks", check_marks(selftest));
	selftest_verdict(selftest, "mutant-files", check_mutants(lab));
	if (lab->views)
		selftest_verdict(selftest, "views", check_views(lab));
}
