/*
 * Asks the runs what the tests and questions of a lab say.
 *
 * Teaches: a test is a query whose rows are the things that were checked, each with `ok`. Nothing passes by being absent, since
 * there have to be so many; what share of them is good is known; and the first that is not is where to look. Who calls: grade.c.
 * Whom: sql/sql.h, SQLite, reader.h.
 * The invariant: a run that did not end as it should, or that the witness contradicts, fails all its tests.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "commands.h"
#include "grader/grade.h"
#include "grader/text.h"
#include "print_event.h"
#include "reader.h"
#include "sql/sql.h"

/* A query that takes longer, in steps of SQLite's machine, is not the lab's. */
#define STEPS_MAX 4000

/* Called every 100,000 steps. */
static int count_steps(void *context)
{
	return --*(int *)context < 0;
}

sqlite3 *grade_ask(const struct grade *grade, struct grade_run *run, const char *const *queries)
{
	sqlite3 *database = sql_ask(run->directory, grade->lab->views, queries);
	if (database && grade->lab->views && sqlite3_exec(database, grade->lab->views, NULL, NULL, NULL) != SQLITE_OK) {
		run->why = text_format("views.sql: %s", sqlite3_errmsg(database));
		sqlite3_close(database);
		return NULL;
	}
	if (!database)
		run->why = text_format("its trace cannot be read");
	return database;
}

/* The run with what this lab asks about, made at the first question. NULL, and why, if it cannot be. */
static sqlite3 *database_of(const struct grade *grade, struct grade_run *run)
{
	const char *queries[LAB_QUERIES_MAX + 1];
	unsigned count = 0;
	if (run->database || run->why)
		return run->database;
	for (unsigned i = 0; i < grade->lab->queries; i++)
		if (grade->lab->query[i].sql && grade->lab->query[i].run == run->run)
			queries[count++] = grade->lab->query[i].sql;
	queries[count] = NULL;
	return run->database = grade_ask(grade, run, queries);
}

static int column_named(sqlite3_stmt *statement, const char *name)
{
	for (int i = 0; i < sqlite3_column_count(statement); i++)
		if (!strcasecmp(sqlite3_column_name(statement, i), name))
			return i;
	return -1;
}

/* "phase=boot_lock released  ago=0 ns"; to be freed. */
static char *words_of(const struct trace_event *event)
{
	char *text = NULL, *rest;
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);
	if (event->schema)
		print_event_fields(to, event, 0);
	fclose(to);
	rest = text;
	(void)text_line(&rest);
	return text;
}

/* Looks the event up that a row names: its number is its place in the run. */
static void take_event(const struct grade *grade, struct grade_run *run, struct grade_result *result, int64_t id)
{
	char error[512];
	struct trace_event event;
	struct trace_reader *reader = id > 0 ? trace_open(run->directory, error, sizeof(error)) : NULL;
	int64_t left = id;
	while (reader && left > 0 && trace_next(reader, &event) > 0)
		left--;
	if (reader && !left) {
		char *words = words_of(&event);
		result->has_event = true;
		result->event = (struct grade_event){.id = (uint64_t)id,
						     .cpu = event.cpu,
						     .seq = event.index,
						     .ns = trace_ns(reader, event.ticks),
						     .name = text_format("%s", event.schema ? event.schema->name : "gap")};
		result->event.source = source_of_event(grade, result->event.name, words);
		free(words);
	}
	if (reader)
		trace_close(reader);
}

/* The first thing that is wrong, which is what is told. */
static void fail(struct grade_result *result, const struct grade_run *run, char *why)
{
	if (result->why) {
		free(why);
		return;
	}
	result->outcome = OUTCOME_FAILED;
	result->run = run;
	result->why = why;
}

/* Reads the rows of a test in one run. */
static int read_rows(const struct grade *grade, struct grade_run *run, struct grade_result *result, sqlite3_stmt *statement,
		     uint64_t *rows)
{
	int ok = column_named(statement, "ok"), id = column_named(statement, "id"), what = column_named(statement, "what"), step;
	if (ok < 0)
		return fail(result, run, text_format("the query of this test has no column `ok`")), SQLITE_DONE;
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		++*rows;
		result->checked++;
		if (sqlite3_column_int(statement, ok)) {
			result->good++;
			continue;
		}
		if (result->why)
			continue;
		const char *text = what >= 0 ? (const char *)sqlite3_column_text(statement, what) : NULL;
		fail(result, run, text_format("%s", text ? text : "a row that is not ok"));
		if (id >= 0 && sqlite3_column_type(statement, id) == SQLITE_INTEGER)
			take_event(grade, run, result, sqlite3_column_int64(statement, id));
	}
	return step;
}

static void ask_run(const struct grade *grade, struct grade_run *run, struct grade_result *result)
{
	sqlite3 *database = database_of(grade, run);
	sqlite3_stmt *statement = NULL;
	uint64_t rows = 0;
	int steps = STEPS_MAX;
	if (run->why)
		return fail(result, run, text_format("%s", run->why));
	sqlite3_progress_handler(database, 100000, count_steps, &steps);
	int step = sqlite3_prepare_v2(database, result->query->sql, -1, &statement, NULL);
	if (step == SQLITE_OK)
		step = read_rows(grade, run, result, statement, &rows);
	if (step != SQLITE_DONE)
		fail(result, run, text_format("the query of this test: %s", sqlite3_errmsg(database)));
	else if (rows < result->query->least)
		fail(result, run,
		     text_format("only %" PRIu64 " of at least %" PRIu64 " things to check happened", rows,
				 result->query->least));
	sqlite3_finalize(statement);
	sqlite3_progress_handler(database, 0, NULL, NULL);
}

static const struct grade_result *result_named(const struct grade *grade, const char *id)
{
	for (unsigned i = 0; i < grade->results; i++)
		if (!strcmp(grade->result[i].query->id, id))
			return &grade->result[i];
	return NULL;
}

/* So many of those that there have to be. Nothing if a run went wrong: then nobody knows what was not checked. */
static int shared_points(const struct grade *grade, const struct lab_query *test, const struct grade_result *result)
{
	uint64_t least = 0;
	for (unsigned i = 0; i < grade->runs; i++) {
		const struct grade_run *run = &grade->run[i];
		if (run->run != test->run || !(run->machine & test->machines))
			continue;
		least += test->least;
		if (run->why)
			return 0;
	}
	uint64_t all = least > result->checked ? least : result->checked;
	return all ? (int)((uint64_t)test->points * 100 * result->good / all) : 0;
}

static void check_test(struct grade *grade, struct grade_result *result)
{
	const struct lab_query *test = result->query;
	const struct grade_result *before = test->after ? result_named(grade, test->after) : NULL;
	if (before && before->outcome != OUTCOME_PASSED) {
		result->outcome = OUTCOME_SKIPPED;
		result->why = text_format("comes after %s", test->after);
		return;
	}
	unsigned asked = 0;
	for (unsigned i = 0; i < grade->runs; i++)
		if (grade->run[i].run == test->run && grade->run[i].machine & test->machines) {
			ask_run(grade, &grade->run[i], result);
			asked++;
		}
	if (!asked)
		fail(result, NULL, text_format("there was no run to ask"));
	if (test->points < 0)
		result->hundredths = result->outcome == OUTCOME_FAILED ? test->points * 100 : 0;
	else if (result->outcome == OUTCOME_PASSED)
		result->hundredths = test->points * 100;
	else if (test->shares && result->checked)
		result->hundredths = shared_points(grade, test, result);
}

/* ---- questions ---- */

/* The value behind `name:` in answers.txt; NULL if there is none. To be freed. */
static char *answer_to(const char *answers, const char *name)
{
	char *copy = text_format("%s", answers ? answers : ""), *rest = copy, *answer = NULL;
	for (char *line; (line = text_line(&rest));) {
		char *value = *line != '#' ? text_value(line) : NULL;
		if (value && *value && !strcmp(line, name) && !answer)
			answer = text_format("%.100s", value);
	}
	free(copy);
	return answer;
}

/* The value that the query has in the student's own run. To be freed; NULL: none. */
static char *truth_of(const struct grade *grade, struct grade_run *run, const char *sql)
{
	sqlite3 *database = database_of(grade, run);
	sqlite3_stmt *statement = NULL;
	char *truth = NULL;
	if (database && sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL)
		truth = text_format("%s", sqlite3_column_text(statement, 0));
	else if (database && sqlite3_errcode(database) != SQLITE_DONE && sqlite3_errcode(database) != SQLITE_ROW &&
		 sqlite3_errcode(database) != SQLITE_OK)
		run->why = text_format("the query of a question: %s", sqlite3_errmsg(database));
	sqlite3_finalize(statement);
	return truth;
}

static bool is_hex(const char *text)
{
	return !strncasecmp(text, "0x", 2);
}

/* Numbers as numbers (0x too), anything else as text, whatever the case of its letters. */
static bool is_same(const char *answer, const char *truth)
{
	char *end_of_answer, *end_of_truth;
	unsigned long long a = strtoull(answer, &end_of_answer, is_hex(answer) ? 16 : 10),
			   b = strtoull(truth, &end_of_truth, is_hex(truth) ? 16 : 10);
	if (*answer && *truth && !*end_of_answer && !*end_of_truth)
		return a == b && a != ULLONG_MAX;
	return !strcasecmp(answer, truth);
}

static void check_question(struct grade *grade, struct grade_result *result, const char *answers)
{
	const struct lab_query *question = result->query;
	struct grade_run *run = NULL;
	for (unsigned i = grade->runs; i-- > 0;)
		if (grade->run[i].run == question->run && grade->run[i].machine & question->machines)
			run = &grade->run[i];
	result->answer = answer_to(answers, question->id);
	if (!question->sql) {
		result->outcome = OUTCOME_SKIPPED;
		result->why = text_format(result->answer ? "answered; your instructor checks it" : "not answered");
		return;
	}
	result->run = run;
	result->truth = run ? truth_of(grade, run, question->sql) : NULL;
	result->checked = 1;
	bool predicts = question->kind == QUERY_PREDICTION;
	if (!result->answer)
		fail(result, run, text_format("not answered"));
	else if (predicts && !strpbrk(result->answer, "0123456789"))
		fail(result, run, text_format("a prediction is a number"));
	else if (!predicts && !result->truth)
		fail(result, run, text_format("%s", run && run->why ? run->why : "this run does not say"));
	else if (!predicts && !is_same(result->answer, result->truth))
		fail(result, run,
		     text_format("your own run has another answer than %s (a number or a name alone, without a unit)",
				 result->answer));
	result->good = result->outcome == OUTCOME_PASSED;
	result->hundredths = result->good ? question->points * 100 : 0;
}

void check_all(struct grade *grade, const char *answers)
{
	for (unsigned i = 0; i < grade->lab->queries; i++) {
		const struct lab_query *query = &grade->lab->query[i];
		if (!(query->machines & grade->machines))
			continue;
		struct grade_result *result = &grade->result[grade->results++];
		*result = (struct grade_result){.query = query};
		if (grade->refused)
			fail(result, NULL, text_format("%s", grade->refused));
		else if (query->kind == QUERY_TEST)
			check_test(grade, result);
		else
			check_question(grade, result, answers);
		grade->points += query->points > 0 && query->sql ? query->points : 0;
		grade->hundredths += result->hundredths;
	}
	if (grade->hundredths < 0)
		grade->hundredths = 0;
}
