/*
 * Reading the tests and questions of a lab: a head of `-- key: value` lines, and one SELECT.
 *
 * Who calls: lab.c. Whom: text.h. A line `--   more` goes on with the value above it. What the query means is said in check.c.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "grader/lab.h"
#include "grader/text.h"

#define KEYS_MAX 16

/* The head of a file. */
struct head {
	const char *key[KEYS_MAX];
	char *value[KEYS_MAX];
	unsigned keys;
};

static const char *value_of(const struct head *head, const char *key)
{
	for (unsigned i = 0; i < head->keys; i++)
		if (!strcmp(head->key[i], key))
			return head->value[i];
	return NULL;
}

/* A line that goes on is joined in place: between it and the value there are only ended lines. */
static void go_on(char *value, const char *more)
{
	char *end = value + strlen(value);
	*end++ = ' ';
	memmove(end, more, strlen(more) + 1);
}

/* Reads the head and leaves the query. NULL after a sentence in `why`. */
static char *read_head(char *text, struct head *head, const char **why)
{
	char *rest = text;
	while (!strncmp(rest, "--", 2)) {
		char *line = text_line(&rest) + 2;
		line += strspn(line, " ");
		if (line[-1] == ' ' && line[-2] == ' ' && head->keys) {
			go_on(head->value[head->keys - 1], line);
			continue;
		}
		char *value = text_value(line);
		if (!value || head->keys == KEYS_MAX)
			return *why = "the head is lines of `-- key: value`", NULL;
		head->key[head->keys] = line;
		head->value[head->keys++] = value;
	}
	return rest;
}

static bool read_points(const char *text, int *points)
{
	uint64_t number;
	bool minus = text && *text == '-';
	if (!text || !text_number(text + minus, &number) || number > 1000)
		return false;
	*points = minus ? -(int)number : (int)number;
	return true;
}

/* Which machines it is asked on. NULL, or what is wrong. */
static const char *read_place(struct lab *lab, struct lab_query *query, const struct head *head)
{
	const char *run = value_of(head, "run"), *machines = value_of(head, query->kind == QUERY_TEST ? "machines" : "machine");
	query->run = run ? lab_run_named(lab, run) : NULL;
	if (!query->run)
		return "run: has to name a run of lab.txt";
	query->machines = machines ? lab_machines(machines) & query->run->machines : query->run->machines;
	if (!query->machines)
		return "it is asked on no machine: the run has others";
	if (query->kind != QUERY_TEST && query->machines == LAB_MACHINES)
		return "a question has one machine:";
	return NULL;
}

static const char *read_test(struct lab_query *query, const struct head *head)
{
	static const char *const levels[] = {"warm-up", "core", "stress", "challenge"};
	const char *least = value_of(head, "least"), *credit = value_of(head, "credit"), *handout = value_of(head, "handout");
	query->title = value_of(head, "title");
	query->level = value_of(head, "level");
	query->after = value_of(head, "after");
	query->least = 1;
	bool known = false;
	for (size_t i = 0; query->level && i < sizeof(levels) / sizeof(levels[0]); i++)
		known |= !strcmp(query->level, levels[i]);
	if (!query->title || !known)
		return "a test has a title: and a level:, which is warm-up, core, stress or challenge";
	if (least && (!text_number(least, &query->least) || !query->least))
		return "least: is a number from 1";
	if ((credit && strcmp(credit, "share") != 0) || (handout && strcmp(handout, "pass") != 0))
		return "credit: can only be share, handout: only pass";
	query->shares = credit;
	query->handout_passes = handout;
	return NULL;
}

static const char *read_question(struct lab_query *query, const struct head *head)
{
	const char *kind = value_of(head, "kind");
	query->title = value_of(head, "ask");
	if (value_of(head, "checked"))
		query->sql = NULL;
	if (kind && strcmp(kind, "prediction") != 0 && strcmp(kind, "answer") != 0)
		return "kind: is prediction or answer";
	query->kind = kind && !strcmp(kind, "prediction") ? QUERY_PREDICTION : QUERY_ANSWER;
	query->level = query->kind == QUERY_PREDICTION ? "prediction" : "question";
	return query->title ? NULL : "a question has to say ask:";
}

/* A key that nobody reads is a mistake. */
static const char *unknown_key(const struct head *head, bool question)
{
	static const char *const of_tests[] = {"title", "points", "level",   "run",  "machines", "after",
					       "least", "credit", "handout", "hint", NULL};
	static const char *const of_questions[] = {"ask", "kind", "points", "run", "machine", "hint", "checked", NULL};
	for (unsigned i = 0; i < head->keys; i++) {
		bool known = false;
		for (const char *const *key = question ? of_questions : of_tests; *key; key++)
			known |= !strcmp(*key, head->key[i]);
		if (!known)
			return head->key[i];
	}
	return NULL;
}

/* The text of a file, with the student's numbers. */
static char *read_filled(const struct lab *lab, const char *path)
{
	char *text = text_read(path, false), *filled = text ? lab_fill(lab, text, true, path) : NULL;
	free(text);
	return filled;
}

bool lab_read_views(struct lab *lab)
{
	char *path = text_format("%s/views.sql", lab->folder);
	bool exists = access(path, F_OK) == 0;
	lab->views = exists ? read_filled(lab, path) : NULL;
	free(path);
	return !exists || lab->views;
}

static bool read_query(struct lab *lab, const char *path, const char *name, bool question)
{
	struct lab_query *query = &lab->query[lab->queries++];
	struct head head = {0};
	const char *why = NULL, *start = question && strchr(name, '-') ? strchr(name, '-') + 1 : name;
	*query = (struct lab_query){.kind = question ? QUERY_ANSWER : QUERY_TEST,
				    .id = text_format("%.*s", (int)(strlen(start) - strlen(".sql")), start),
				    .memory = read_filled(lab, path)};
	char *sql = query->memory ? read_head(query->memory, &head, &why) : NULL;
	if (!sql)
		return query->memory ? (say("%s: %s", path, why), false) : false;
	const char *strange = unknown_key(&head, question);
	if (strange)
		return say("%s: there is no key `%s`", path, strange), false;
	query->hint = value_of(&head, "hint");
	if (!read_points(value_of(&head, "points"), &query->points))
		why = "points: has to be a number";
	query->sql = sql;
	why = why ? why : question ? read_question(query, &head) : read_test(query, &head);
	why = why ? why : read_place(lab, query, &head);
	if (!why && !query->sql != !sql[strspn(sql, " \n")])
		why = query->sql ? "there is no query" : "checked: stands in place of a query";
	if (why)
		return say("%s: %s", path, why), false;
	return true;
}

static int is_sql(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);
	return *entry->d_name != '.' && length > 4 && !strcmp(entry->d_name + length - 4, ".sql");
}

/* `after` names a test that comes earlier. */
static bool check_order(const struct lab *lab)
{
	for (unsigned i = 0; i < lab->queries; i++) {
		bool found = !lab->query[i].after;
		for (unsigned j = 0; j < i; j++)
			found |= lab->query[i].after && !strcmp(lab->query[i].after, lab->query[j].id);
		if (!found)
			return say("%s: test %s comes after %s, and no earlier test is called so", lab->folder, lab->query[i].id,
				   lab->query[i].after),
			       false;
	}
	return true;
}

bool lab_read_queries(struct lab *lab, bool questions)
{
	char *folder = text_format("%s/%s", lab->folder, questions ? "questions" : "tests");
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, is_sql, alphasort);
	bool good = true;
	for (int i = 0; i < count; i++) {
		char *path = text_format("%s/%s", folder, entries[i]->d_name);
		if (good && lab->queries == LAB_QUERIES_MAX)
			good = (say("%s: there are too many tests and questions", folder), false);
		good = good && read_query(lab, path, entries[i]->d_name, questions);
		free(path);
		free(entries[i]);
	}
	free(entries);
	free(folder);
	return good && check_order(lab);
}
