/*
 * `vitrine sql`: a run as an SQLite database, or the answer to a question about it.
 *
 * Who calls: main.c. Whom: build.c makes the database, SQLite answers. More: docs/sql.md.
 * Invariant: a database is under its name only when it is whole, as with every file the tools write.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "sql/sql.h"

const char sql_help[] =
	"usage: vitrine sql RUN [-o FILE]\n"
	"       vitrine sql RUN \"QUERY\" [--csv]\n"
	"\n"
	"Makes an SQLite database of a run (a .vtrace file, or the directory that holds run.vtrace): a table for each kind of\n"
	"event, named like the event, and views: event, slice, flow, thread, process, thread_state, grace_period, and fault,\n"
	"syscall, irq, idle, mark, cast_out, which join the event that begins with the one that ends. With a QUERY, answers it.\n"
	"\n"
	"    -o, --output FILE   where the database goes (default: run.sqlite beside the run); sqlite3 FILE opens it\n"
	"    --csv               the answer as comma-separated values instead of columns\n"
	"\n"
	"    vitrine sql out/run \"SELECT result, count(*), avg(dur) FROM fault GROUP BY result\"\n"
	"    vitrine sql out/run \"SELECT name FROM sqlite_schema\"          what there is; docs/sql.md explains it\n";

#define COLUMNS_MAX 64
#define ROWS_LOOKED_AT 1000 /* of an answer, before the width of its columns is settled */

/* ---- an answer ---- */

struct answer {
	sqlite3_stmt *statement;
	int columns, rows;
	int width[COLUMNS_MAX];
	bool right[COLUMNS_MAX]; /* a column of numbers, which end under each other */
	char **kept;             /* ROWS_LOOKED_AT rows of `columns` texts */
};

static const char *text_of(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);
	return text ? text : "";
}

static void print_cell(const struct answer *answer, int column, const char *text)
{
	if (column == answer->columns - 1 && !answer->right[column])
		printf("%s", text);
	else
		printf("%*s%s", answer->right[column] ? answer->width[column] : -answer->width[column], text,
		       column == answer->columns - 1 ? "" : "  ");
	if (column == answer->columns - 1)
		putchar('\n');
}

static void print_csv_cell(const struct answer *answer, int column, const char *text)
{
	if (strpbrk(text, ",\"\n")) {
		putchar('"');
		for (const char *at = text; *at; at++)
			printf(*at == '"' ? "\"\"" : "%c", *at);
		putchar('"');
	} else {
		fputs(text, stdout);
	}
	putchar(column == answer->columns - 1 ? '\n' : ',');
}

/* Keeps the row that the statement stands at. False if there is no memory. */
static bool keep_row(struct answer *answer)
{
	for (int i = 0; i < answer->columns; i++) {
		char *text = strdup(text_of(answer->statement, i));
		if (!text)
			return false;
		int type = sqlite3_column_type(answer->statement, i), length = (int)strlen(text);
		answer->kept[answer->rows * answer->columns + i] = text;
		answer->right[i] &= type == SQLITE_INTEGER || type == SQLITE_FLOAT || type == SQLITE_NULL;
		if (length > answer->width[i])
			answer->width[i] = length;
	}
	answer->rows++;
	return true;
}

static void print_kept(struct answer *answer)
{
	for (int i = 0; i < answer->columns; i++)
		print_cell(answer, i, sqlite3_column_name(answer->statement, i));
	for (int i = 0; i < answer->rows * answer->columns; i++) {
		print_cell(answer, i % answer->columns, answer->kept[i]);
		free(answer->kept[i]);
	}
	free(answer->kept);
	answer->kept = NULL;
}

/* In columns as wide as the first rows need. Returns what the last step said. */
static int print_columns(struct answer *answer)
{
	int step = SQLITE_DONE;
	answer->kept = calloc((size_t)(ROWS_LOOKED_AT * answer->columns), sizeof(*answer->kept));
	for (int i = 0; i < answer->columns; i++) {
		answer->width[i] = (int)strlen(sqlite3_column_name(answer->statement, i));
		answer->right[i] = true;
	}
	while (answer->kept && answer->rows < ROWS_LOOKED_AT && (step = sqlite3_step(answer->statement)) == SQLITE_ROW)
		if (!keep_row(answer)) {
			step = SQLITE_NOMEM;
			break;
		}
	if (!answer->kept)
		return SQLITE_NOMEM;
	print_kept(answer);
	while (step == SQLITE_ROW && (step = sqlite3_step(answer->statement)) == SQLITE_ROW)
		for (int i = 0; i < answer->columns; i++)
			print_cell(answer, i, text_of(answer->statement, i));
	return step;
}

static int print_csv(struct answer *answer)
{
	int step;
	for (int i = 0; i < answer->columns; i++)
		print_csv_cell(answer, i, sqlite3_column_name(answer->statement, i));
	while ((step = sqlite3_step(answer->statement)) == SQLITE_ROW)
		for (int i = 0; i < answer->columns; i++)
			print_csv_cell(answer, i, text_of(answer->statement, i));
	return step;
}

/* Shows where SQLite stopped to understand, of one query and what follows it. */
static int say_mistake(sqlite3 *database, const char *query)
{
	int at = sqlite3_error_offset(database);
	say("%s", sqlite3_errmsg(database));
	if (at >= 0 && !strchr(query, '\n'))
		fprintf(stderr, "    %s\n    %*s^\n", query, at, "");
	return 1;
}

/* Answers all questions of the text, one after the other. */
static int answer_all(sqlite3 *database, const char *query, bool csv)
{
	for (const char *rest = query; *rest;) {
		struct answer answer = {0};
		const char *start = rest;
		if (sqlite3_prepare_v2(database, start, -1, &answer.statement, &rest) != SQLITE_OK)
			return say_mistake(database, start);
		answer.columns = sqlite3_column_count(answer.statement);
		if (answer.columns > COLUMNS_MAX) {
			sqlite3_finalize(answer.statement);
			return say("the answer has %d columns; at most %d are shown", answer.columns, COLUMNS_MAX);
		}
		int step = !answer.statement ? SQLITE_DONE : csv || !answer.columns ? print_csv(&answer) : print_columns(&answer);
		sqlite3_finalize(answer.statement);
		if (step != SQLITE_DONE)
			return say("%s", sqlite3_errmsg(database));
	}
	return 0;
}

static int answer_query(const char *run, const char *query, bool csv)
{
	sqlite3 *database = sql_ask(run, NULL, (const char *const[]){query, NULL});
	int code = database ? answer_all(database, query, csv) : 1;
	sqlite3_close(database);
	return code;
}

/* ---- a file ---- */

/*
 * `run.sqlite` in the directory of a run, or the name of the .vtrace file with the other ending. To be freed; NULL if there is
 * no memory.
 */
static char *default_output(const char *run)
{
	struct stat status;
	bool is_directory = stat(run, &status) == 0 && S_ISDIR(status.st_mode);
	const char *suffix = is_directory ? "" : ".vtrace";
	size_t length = strlen(run), cut = strlen(suffix);
	char *path = NULL;
	while (is_directory && length > 1 && run[length - 1] == '/')
		length--;
	if (length > cut && !strcmp(run + length - cut, suffix))
		length -= cut;
	return asprintf(&path, "%.*s%s.sqlite", (int)length, run, is_directory ? "/run" : "") < 0 ? NULL : path;
}

/* Makes the database under the name `fresh` and, when it is whole, gives it its name. */
static int write_as(const char *run, const char *path, const char *fresh)
{
	unlink(fresh);
	sqlite3 *database = sql_build(fresh, run, NULL, NULL);
	bool written = database && sqlite3_close(database) == SQLITE_OK;
	if (written && rename(fresh, path) == 0)
		return printf("%s: `sqlite3 %s` opens it, `%s sql %s \"QUERY\"` asks\n", path, path, program_path, run) < 0;
	if (written)
		say("%s: %s", path, strerror(errno));
	unlink(fresh);
	return 1;
}

static int write_database(const char *run, const char *output)
{
	char *path = output ? strdup(output) : default_output(run), *fresh = NULL;
	int code = path && asprintf(&fresh, "%s.new", path) > 0 ? write_as(run, path, fresh) : say("out of memory");
	free(fresh);
	free(path);
	return code;
}

int command_sql(int argc, char **argv)
{
	static const struct option options[] = {{"output", required_argument, NULL, 'o'}, {"csv", no_argument, NULL, 'c'}, {0}};
	const char *path = NULL;
	bool csv = false;
	opterr = 0;
	optind = 1;
	for (int option; (option = getopt_long(argc, argv, ":o:", options, NULL)) != -1;) {
		if (option == ':')
			return say_usage("sql", "-o wants the name of a file");
		if (option == '?')
			return say_usage("sql", "there is no option `%s`", argv[optind - 1]);
		if (option == 'o' && !*optarg)
			return say_usage("sql", "-o wants the name of a file");
		if (option == 'o')
			path = optarg;
		csv |= option == 'c';
	}
	if (argc - optind < 1 || argc - optind > 2)
		return say_usage("sql", "a run is wanted, and perhaps a query in quotes; there are %d words", argc - optind);
	if (argc - optind == 2)
		return path ? say_usage("sql", "a query writes no file: leave -o out, or the query")
			    : answer_query(argv[optind], argv[optind + 1], csv);
	if (csv)
		return say_usage("sql", "--csv is for the answer to a query");
	return write_database(argv[optind], path);
}
