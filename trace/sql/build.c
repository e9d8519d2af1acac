/*
 * Makes the database of a run: SQLite makes the tables, empty, and the views; one pass over the run fills the tables' pages.
 *
 * Teaches: what a question is about can be known before the data is there. SQLite says, when it has understood a query, which
 * tables it will read, whatever views it names; the others stay empty. Who calls: sql.c, and labs/grader/check.c. Whom: reader.h
 * for the events, schema.c for columns, pages.h for rows. Memory does not grow with the run. Simplified: words of 64 bits are
 * signed in SQLite, so an address of the kernel is a negative number; printf('0x%x') and comparison for equality do not mind.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "format.h"
#include "progress.h"
#include "reader.h"
#include "sql/pages.h"
#include "sql/sql.h"

#define STRING_OF(number) #number
#define STRING(number) STRING_OF(number)

/* One thread uses a database, so SQLite takes no locks for others. */
#define SQL_OPEN (SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX)

/* How an event is stored: its columns, and its table. */
struct table_writer {
	bool wanted;
	unsigned columns;
	struct sql_column column[EVENT_FIELDS_MAX];
	struct pages_table table;
};

struct build {
	const char *run, *path;
	sqlite3 *database;
	struct trace_reader *reader;
	const struct trace_info *info;
	struct pages pages;
	struct table_writer writer[EVENT_IDS]; /* by event id; 0 is the table `gap` */
};

static bool failed(const struct build *build)
{
	say("SQLite: %s", build->database ? sqlite3_errmsg(build->database) : "out of memory");
	return false;
}

/* Runs what `print` writes. */
static bool execute(struct build *build, void print(FILE *))
{
	char *text = NULL;
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);
	if (!to)
		return say("out of memory"), false;
	print(to);
	bool done = fclose(to) == 0 && sqlite3_exec(build->database, text, NULL, NULL, NULL) == SQLITE_OK;
	free(text);
	return done ? true : failed(build);
}

static bool execute_text(struct build *build, const char *text)
{
	return sqlite3_exec(build->database, text, NULL, NULL, NULL) == SQLITE_OK ? true : failed(build);
}

/* Nothing is kept of a database that is not whole, so it needs no journal. */
static bool open_database(struct build *build)
{
	return sqlite3_open_v2(build->path, &build->database, SQL_OPEN, NULL) == SQLITE_OK
		       ? execute_text(build, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA page_size = " STRING(
						     PAGES_PAGE_BYTES) "; PRAGMA auto_vacuum = NONE")
		       : failed(build);
}

static bool close_database(struct build *build)
{
	bool closed = sqlite3_close(build->database) == SQLITE_OK;
	build->database = NULL;
	return closed;
}

/* ---- what is wanted ---- */

/* Which event a table is of: 0 for `gap`; -1 for another table. */
static int event_of_table(const char *table)
{
	const struct event_schema *event = schema_event_named(table);
	return event ? (int)event->id : !strcmp(table, "gap") ? 0 : -1;
}

static void want_all(struct build *build)
{
	for (unsigned id = 0; id < EVENT_IDS; id++)
		build->writer[id].wanted = true;
}

/* The tables that a query opens are in what SQLite compiled it to: `OpenRead`, with the page where the table begins. */
static bool want_opened(struct build *build, const char *query, size_t bytes)
{
	sqlite3_stmt *program = NULL;
	char *explain = sqlite3_mprintf("EXPLAIN %.*s", (int)bytes, query);
	bool good = explain && sqlite3_prepare_v2(build->database, explain, -1, &program, NULL) == SQLITE_OK;
	while (good && sqlite3_step(program) == SQLITE_ROW) {
		const char *operation = (const char *)sqlite3_column_text(program, 1);
		if (operation && !strcmp(operation, "OpenRead"))
			for (unsigned id = 0; id < EVENT_IDS; id++)
				build->writer[id].wanted |= build->writer[id].table.root == sqlite3_column_int64(program, 3);
	}
	sqlite3_free(explain);
	return sqlite3_finalize(program) == SQLITE_OK && good;
}

/*
 * One that does more than read may do it to any table. A query that cannot be understood may need what one before it makes; the
 * first can only be wrong, which is told when it is asked.
 */
static void want_of(struct build *build, const char *query)
{
	for (const char *rest = query; *rest;) {
		sqlite3_stmt *statement = NULL;
		const char *start = rest;
		bool understood = sqlite3_prepare_v2(build->database, start, -1, &statement, &rest) == SQLITE_OK;
		bool reads = understood && (!statement || sqlite3_stmt_readonly(statement)), empty = understood && !statement;
		sqlite3_finalize(statement);
		if (!understood && start == query)
			return;
		if (!reads || (!empty && !want_opened(build, start, (size_t)(rest - start))))
			return want_all(build);
	}
}

static void find_wanted(struct build *build, const char *views, const char *const *queries)
{
	if (!queries)
		return want_all(build);
	if (views)
		(void)sqlite3_exec(build->database, views, NULL, NULL,
				   NULL); /* what is wrong with them is said when they are used */
	for (; *queries; queries++)
		want_of(build, *queries);
}

/* ---- one event ---- */

static void put_value(const struct build *build, struct pages_row *row, const struct sql_column *column, const uint64_t *field)
{
	char text[17];
	const char *word = column->kind == SQL_WORD ? schema_value_name(column->type, *field) : NULL;
	if (column->kind == SQL_TEXT) {
		trace_chars(field[0], column->fields == 2 ? field[1] : 0, text);
		word = text;
	}
	if (word)
		pages_put_text(row, word);
	else if (column->kind == SQL_NS)
		pages_put_integer(row, (int64_t)trace_ns(build->reader, build->info->boot_ticks + *field));
	else
		pages_put_integer(row, (int64_t)*field);
}

/* A gap is stored as an event with the one column `lost`. */
static void insert(struct build *build, const struct trace_event *event, uint64_t number)
{
	struct table_writer *writer = &build->writer[event->id];
	struct pages_row row;
	row.types = row.values = 0;
	pages_put_integer(&row, (int64_t)trace_ns(build->reader, event->ticks));
	pages_put_integer(&row, event->cpu);
	pages_put_integer(&row, (int64_t)event->index);
	for (unsigned i = 0; i < writer->columns; i++)
		put_value(build, &row, &writer->column[i], &event->field[writer->column[i].field]);
	pages_add(&build->pages, &writer->table, number, &row);
}

static bool insert_all(struct build *build)
{
	struct progress progress = {0};
	struct trace_event event;
	uint64_t number = 0;
	int got;
	progress_start(&progress, build->info->events);
	while ((got = trace_next(build->reader, &event)) > 0 && !build->pages.failed) {
		number++;
		if (build->writer[event.id].wanted)
			insert(build, &event, number);
		progress_step(&progress);
	}
	progress_clear(&progress);
	if (got < 0)
		say("%s: %s", build->run, trace_error(build->reader));
	if (build->info->lost)
		say("%s: %" PRIu64 " events were lost while it was recorded; where, is in the table gap", build->run,
		    build->info->lost);
	return got == 0;
}

/* Finds the tables' pages. */
static bool find_tables(struct build *build)
{
	sqlite3_stmt *statement;
	if (sqlite3_prepare_v2(build->database, "SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'", -1, &statement,
			       NULL) != SQLITE_OK)
		return failed(build);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		int id = event_of_table((const char *)sqlite3_column_text(statement, 0));
		if (id < 0)
			continue;
		struct table_writer *writer = &build->writer[id];
		writer->table.root = (uint32_t)sqlite3_column_int64(statement, 1);
		writer->columns = 1;
		writer->column[0] = (struct sql_column){.kind = SQL_NUMBER};
		if (id)
			writer->columns = sql_columns(schema_event((unsigned)id), writer->column);
	}
	return sqlite3_finalize(statement) == SQLITE_OK ? true : failed(build);
}

/* SQLite has closed the database and does not look. */
static bool fill_tables(struct build *build)
{
	if (!pages_open(&build->pages, build->path))
		return say("%s: %s", build->path, strerror(errno)), false;
	bool filled = insert_all(build);
	for (unsigned id = 0; id < EVENT_IDS; id++)
		pages_finish(&build->pages, &build->writer[id].table);
	if (!pages_close(&build->pages))
		return say("%s: %s", build->path, strerror(errno)), false;
	return filled;
}

/* ---- the run ---- */

static bool insert_run(struct build *build)
{
	const struct trace_info *info = build->info;
	uint64_t user = info->user_ticks ? trace_ns(build->reader, info->user_ticks) : 0;
	const char *texts[] = {info->machine, info->mmu, info->program, info->build_id};
	const int64_t numbers[] = {(int64_t)info->seed,
				   (int64_t)info->cpus,
				   (int64_t)info->cpus_online,
				   info->icount,
				   (int64_t)info->clock_hz,
				   (int64_t)user,
				   (int64_t)trace_ns(build->reader, info->end_ticks)};
	sqlite3_stmt *statement;
	if (sqlite3_prepare_v2(build->database, "INSERT INTO run VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", -1, &statement,
			       NULL) != SQLITE_OK)
		return failed(build);
	for (int i = 0; i < 4; i++)
		sqlite3_bind_text(statement, 1 + i, texts[i], -1, SQLITE_STATIC);
	for (int i = 0; i < 7; i++)
		sqlite3_bind_int64(statement, 5 + i, numbers[i]);
	sqlite3_bind_text(statement, 12, trace_ending_name(info->ending), -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 13, schema_value_name(FIELD_VERDICT, info->verdict), -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 14, info->exit_status);
	sqlite3_bind_int64(statement, 15, (int64_t)info->events);
	sqlite3_bind_int64(statement, 16, (int64_t)info->lost);
	bool done = sqlite3_step(statement) == SQLITE_DONE;
	sqlite3_finalize(statement);
	return done ? true : failed(build);
}

/* Tables and views, empty but for `run`. */
static bool declare(struct build *build)
{
	return execute_text(build, "BEGIN") && execute(build, sql_print_tables) && insert_run(build) &&
	       execute(build, sql_print_views) && execute_text(build, "COMMIT");
}

static bool build_all(struct build *build, const char *views, const char *const *queries)
{
	if (!open_database(build) || !declare(build))
		return false;
	if (!find_tables(build))
		return false;
	find_wanted(build, views, queries);
	if (!close_database(build) || !fill_tables(build))
		return false;
	return open_database(build) && execute(build, sql_print_indexes);
}

sqlite3 *sql_build(const char *path, const char *run, const char *views, const char *const *queries)
{
	static struct build build;
	static char error[640];
	build = (struct build){.run = run, .path = path, .reader = trace_open(run, error, sizeof(error))};
	if (!build.reader)
		return say("%s", error), NULL;
	build.info = trace_info(build.reader);
	if (!build_all(&build, views, queries))
		close_database(&build);
	trace_close(build.reader);
	return build.database;
}

sqlite3 *sql_ask(const char *run, const char *views, const char *const *queries)
{
	const char *directory = getenv("TMPDIR");
	sqlite3 *database = NULL;
	char *path;
	if (asprintf(&path, "%s/vitrine-sql-XXXXXX", directory && *directory ? directory : "/tmp") < 0)
		return say("out of memory"), NULL;
	int file = mkstemp(path);
	if (file >= 0) {
		close(file);
		database = sql_build(path, run, views, queries);
		unlink(path);
	} else {
		say("%s: %s", path, strerror(errno));
	}
	free(path);
	return database;
}
