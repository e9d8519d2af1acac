/*
 * Fills the tables: one pass over the run, one INSERT an event, all in one transaction.
 *
 * Who calls: sql.c. Whom: reader.h for the events, schema.c for columns. Memory does not grow with the run: SQLite keeps its pages on
 * the disk. Simplified: words of 64 bits are signed in SQLite, so an address of the kernel is a negative number; printf('0x%x') and
 * comparison for equality do not mind.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "commands.h"
#include "format.h"
#include "progress.h"
#include "reader.h"
#include "sql/sql.h"

/* How an event is stored: its columns, and the statement, made when the first such event comes. */
struct table_writer {
	sqlite3_stmt *insert;
	unsigned columns;
	struct sql_column column[EVENT_FIELDS_MAX];
};

struct build {
	sqlite3 *database;
	struct trace_reader *reader;
	const struct trace_info *info;
	struct table_writer writer[EVENT_IDS];
};

static bool failed(const struct build *build)
{
	say("SQLite: %s", sqlite3_errmsg(build->database));
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

/* ---- one event ---- */

static bool prepare(struct build *build, struct table_writer *writer, const char *table)
{
	char text[256];
	int used = snprintf(text, sizeof(text), "INSERT INTO %s VALUES(?,?,?,?", table);
	for (unsigned i = 0; i < writer->columns; i++)
		used += snprintf(text + used, sizeof(text) - (size_t)used, ",?");
	snprintf(text + used, sizeof(text) - (size_t)used, ")");
	return sqlite3_prepare_v2(build->database, text, -1, &writer->insert, NULL) == SQLITE_OK ? true : failed(build);
}

static int bind_text(sqlite3_stmt *insert, int place, const struct sql_column *column, const uint64_t *field)
{
	char text[17];
	trace_chars(field[0], column->fields == 2 ? field[1] : 0, text);
	return sqlite3_bind_text(insert, place, text, -1, SQLITE_TRANSIENT);
}

static int bind_value(struct build *build, sqlite3_stmt *insert, int place, const struct sql_column *column,
		      const uint64_t *field)
{
	const char *word = column->kind == SQL_WORD ? schema_value_name(column->type, *field) : NULL;
	if (word)
		return sqlite3_bind_text(insert, place, word, -1, SQLITE_STATIC);
	if (column->kind == SQL_TEXT)
		return bind_text(insert, place, column, field);
	uint64_t value = column->kind == SQL_NS ? trace_ns(build->reader, build->info->boot_ticks + *field) : *field;
	return sqlite3_bind_int64(insert, place, (sqlite3_int64)value);
}

/* A gap is stored as an event with the one column `lost`. */
static bool insert(struct build *build, const struct trace_event *event, uint64_t id)
{
	struct table_writer *writer = &build->writer[event->id];
	if (!writer->insert) {
		if (event->schema)
			writer->columns = sql_columns(event->schema, writer->column);
		else
			*writer = (struct table_writer){.columns = 1, .column = {{.name = "lost", .kind = SQL_NUMBER}}};
		if (!prepare(build, writer, event->schema ? event->schema->name : "gap"))
			return false;
	}
	const uint64_t common[] = {id, trace_ns(build->reader, event->ticks), event->cpu, event->index};
	int bound = SQLITE_OK;
	for (int i = 0; i < 4; i++)
		bound |= sqlite3_bind_int64(writer->insert, i + 1, (sqlite3_int64)common[i]);
	for (unsigned i = 0; i < writer->columns; i++)
		bound |=
			bind_value(build, writer->insert, (int)i + 5, &writer->column[i], &event->field[writer->column[i].field]);
	bool done = bound == SQLITE_OK && sqlite3_step(writer->insert) == SQLITE_DONE;
	if (!done)
		failed(build);
	sqlite3_reset(writer->insert);
	return done;
}

static bool insert_all(struct build *build, const char *run)
{
	struct progress progress = {0};
	struct trace_event event;
	uint64_t id = 0;
	int got;
	progress_start(&progress, build->info->events);
	while ((got = trace_next(build->reader, &event)) > 0 && insert(build, &event, ++id))
		progress_step(&progress);
	progress_clear(&progress);
	if (got < 0)
		say("%s: %s", run, trace_error(build->reader));
	if (build->info->lost)
		say("%s: %" PRIu64 " events were lost while it was recorded; where, is in the table gap", run, build->info->lost);
	return got == 0;
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

static bool build_all(struct build *build, const char *run)
{
	return execute_text(build, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN") &&
	       execute(build, sql_print_tables) && insert_run(build) && insert_all(build, run) &&
	       execute(build, sql_print_views) && execute_text(build, "COMMIT");
}

bool sql_build(sqlite3 *database, const char *run)
{
	static struct build build;
	static char error[640];
	build = (struct build){.database = database, .reader = trace_open(run, error, sizeof(error))};
	if (!build.reader)
		return say("%s", error), false;
	build.info = trace_info(build.reader);
	bool built = build_all(&build, run);
	for (unsigned id = 0; id < EVENT_IDS; id++)
		sqlite3_finalize(build.writer[id].insert);
	trace_close(build.reader);
	return built;
}
