/*
 * `vitrine sql`, on made-up runs of both byte orders: what is in the tables is what `vitrine events` prints, and what it cannot
 * do it says.
 *
 * Teaches: a view is checked like a function, with rows small enough to reckon by hand. What views say of real runs is held
 * against Perfetto's answers to the same questions (tests/tools/sql-questions.mjs). Argument: the build directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "made_runs.h"
#include "schema.h"
#include "sql/pages.h"
#include "sql/sql.h"

/* The answer to a query about a run, as CSV, is this text. */
static int answers(const char *run, const char *query, const char *wanted)
{
	if (shell("%s sql %s/%s.vtrace \"%s\" --csv 2> /dev/null", vitrine, work, run, query) != 0 ||
	    strcmp(shell_output, wanted) != 0)
		return fprintf(stderr, "%s\nis answered: %s", query, shell_output), 0;
	return 1;
}

/* ---- tables ---- */

/* CPU, number and name of each event, and the gaps, in the order that `vitrine events` has. */
static void has_every_event(void **state)
{
	const char *const runs[] = {"little", "big", "rcu"};
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(shell("%s events %s/%s.vtrace | awk '{ print $2 \" \" $3 \" \" ($4 == \"GAP:\" ? \"gap\" : $4) "
				       "}' > %s/lines",
				       vitrine, work, runs[i], work),
				 0);
		assert_int_equal(
			shell("%s sql %s/%s.vtrace \"SELECT printf('cpu%%d %%d %%s', cpu, seq, name) FROM event ORDER BY id\" "
			      "--csv | tail -n +2 | cmp - %s/lines",
			      vitrine, work, runs[i], work),
			0);
	}
}

/* A column is called what can be written in a query as it is. */
static void has_a_column_for_every_field(void **state)
{
	static char query[1 << 16];
	(void)state;
	size_t used = 0;
	for (unsigned id = 0; id < EVENT_IDS; id++) {
		struct sql_column columns[EVENT_FIELDS_MAX];
		const struct event_schema *event = schema_event(id);
		unsigned count = event ? sql_columns(event, columns) : 0, fields = 0;
		for (unsigned i = 0; i < count; i++) {
			fields += columns[i].fields;
			used += (size_t)snprintf(query + used, sizeof(query) - used, "SELECT t.%s AS %s FROM %s t WHERE %s = 0;",
						 columns[i].name, columns[i].name, event->name, columns[i].name);
		}
		assert_true(!event || fields == event->fields);
	}
	char path[128];
	snprintf(path, sizeof(path), "%s/query", work);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(query, file);
	fclose(file);
	assert_int_equal(shell("%s sql %s/little.vtrace \"$(cat %s)\" > %s/answer", vitrine, work, path, work), 0);
}

static void turns_values_into_words(void **state)
{
	(void)state;
	assert_true(
		answers("rcu", "SELECT field_cpu, cause FROM rcu_quiescent WHERE period = 5", /* text of abi/trace_enums.h */
			"field_cpu,cause\n0,on its way out of the kernel\n1,on its way out of the kernel\n2,nothing to run\n"));
	assert_true(answers("little", "SELECT machine, cpus, lost, events = (SELECT count(*) FROM event) AS whole FROM run",
			    "machine,cpus,lost,whole\nx86_64,2,0,1\n"));
	assert_true(
		answers("big", "SELECT machine, lost = (SELECT sum(lost) FROM gap) AS told FROM run", "machine,told\nppc64,1\n"));
}

/* What can be compared as a number is one. */
static void keeps_numbers(void **state)
{
	(void)state;
	assert_true(
		answers("little", "SELECT type FROM pragma_table_info('handle_pass') WHERE name = 'handle'", "type\nINTEGER\n"));
	assert_true(answers("little",
			    "INSERT INTO irq_enter(id, irq) VALUES (99999, 77); "
			    "SELECT typeof(irq) FROM irq_enter WHERE irq > 76 AND id = 99999",
			    "typeof(irq)\ninteger\n"));
}

/* ---- pages ---- */

#define ROWS 150000

/* A number of each size that a row may have, at the bounds of the sizes; a few more than there are bits. */
static int64_t number_of(unsigned row)
{
	uint64_t value = (UINT64_C(1) << row % 64) - row / 64 % 2;
	return (int64_t)(row / 128 % 2 ? -value : value);
}

/*
 * So many rows need three levels of pages. What SQLite reads of them is what was put in, and it finds nothing wrong with the
 * pages.
 */
static void fills_pages_as_sqlite_does(void **state)
{
	char path[128], text[128] = "";
	struct pages pages;
	struct pages_table table = {0};
	sqlite3 *database;
	sqlite3_stmt *statement;
	(void)state;
	snprintf(path, sizeof(path), "%s/pages.sqlite", work);
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_exec(database, "PRAGMA page_size = 4096; CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER, s)",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database, "SELECT rootpage FROM sqlite_schema", -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	table.root = (uint32_t)sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	assert_int_equal(sqlite3_close(database), SQLITE_OK);

	assert_true(pages_open(&pages, path));
	for (unsigned row = 0; row < ROWS; row++) {
		struct pages_row values = {.types = 0};
		snprintf(text, sizeof(text), "%.*s", (int)(row % 100),
			 "a text as long as the row's number says, which may be as much "
			 "as ninety-nine bytes, and then ends somewhere");
		pages_put_integer(&values, number_of(row));
		pages_put_text(&values, text);
		pages_add(&pages, &table, 3 * (uint64_t)row + 1, &values);
	}
	assert_non_null(table.level[2]);
	pages_finish(&pages, &table);
	assert_true(pages_close(&pages));

	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database, "SELECT id, n, length(s) FROM t ORDER BY id", -1, &statement, NULL),
			 SQLITE_OK);
	for (unsigned row = 0; row < ROWS; row++) {
		assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
		assert_int_equal(sqlite3_column_int64(statement, 0), 3 * (int64_t)row + 1);
		assert_int_equal(sqlite3_column_int64(statement, 1), number_of(row));
		assert_int_equal(sqlite3_column_int(statement, 2), row % 100);
	}
	assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
	sqlite3_finalize(statement);
	assert_int_equal(sqlite3_prepare_v2(database, "PRAGMA integrity_check", -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(statement, 0), "ok");
	sqlite3_finalize(statement);
	sqlite3_close(database);
}

static int64_t count_of(sqlite3 *database, const char *query)
{
	sqlite3_stmt *statement;
	assert_int_equal(sqlite3_prepare_v2(database, query, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t count = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return count;
}

/* A view is as good as the tables that it reads; what else there is stays empty. */
static void fills_what_is_asked_about(void **state)
{
	char run[128];
	(void)state;
	snprintf(run, sizeof(run), "%s/little.vtrace", work);
	sqlite3 *database =
		sql_ask(run, NULL, (const char *const[]){"SELECT dur FROM irq", "SELECT 1; SELECT count(*) FROM mark_end", NULL});
	assert_non_null(database);
	assert_true(count_of(database, "SELECT count(*) FROM irq_enter") > 0 &&
		    count_of(database, "SELECT count(*) FROM irq_exit") > 0);
	assert_true(count_of(database, "SELECT count(*) FROM mark_end") > 0);
	assert_int_equal(count_of(database, "SELECT count(*) FROM fault_begin"), 0);
	assert_int_equal(count_of(database, "SELECT count(*) FROM mark_begin"), 0);
	sqlite3_close(database);
	assert_true(answers("little",
			    "CREATE TEMP TABLE t AS SELECT id FROM irq_enter; SELECT (SELECT count(*) FROM t) > 0 AS has, "
			    "(SELECT count(*) FROM t) - (SELECT count(*) FROM event WHERE name = 'irq_enter') AS lacks",
			    "has,lacks\n1,0\n"));
	assert_true(answers("little",
			    "SELECT (SELECT count(*) FROM irq_enter LEFT JOIN irq_exit USING (cpu)) > 0 AS has, "
			    "(SELECT count(*) FROM irq_enter JOIN run) > 0 AS has_too",
			    "has,has_too\n1,1\n"));
	assert_true(answers("little", "PRAGMA integrity_check", "integrity_check\nok\n"));
	assert_true(answers("big", "PRAGMA integrity_check", "integrity_check\nok\n"));
}

/* ---- views ---- */

static void ends_slices_with_their_end(void **state)
{
	(void)state;
	assert_true(
		answers("little",
			"SELECT count(*) FROM slice WHERE dur IS NOT NULL AND (dur < 0 OR end_id <= id)"
			" UNION ALL SELECT count(*) FROM fault f JOIN fault_end e ON e.id = f.end_id WHERE e.thread <> f.thread"
			" UNION ALL SELECT (SELECT count(*) FROM fault WHERE dur IS NOT NULL) - (SELECT count(*) FROM fault_end)",
			"count(*)\n0\n0\n0\n"));
}

/* A thread is in one state at a time, runs on one CPU at a time, and a CPU runs one thread at a time. */
static void keeps_thread_states_apart(void **state)
{
	(void)state;
	assert_true(answers(
		"little",
		"SELECT count(*) FROM (SELECT ts + dur AS ends, lead(ts) OVER (PARTITION BY thread ORDER BY id) AS next FROM "
		"thread_state) WHERE ends <> next",
		"count(*)\n0\n"));
	assert_true(answers(
		"little",
		"SELECT count(*) FROM (SELECT ts + dur AS ends, lead(ts) OVER (PARTITION BY cpu ORDER BY id) AS next FROM "
		"thread_state WHERE state = 'running') WHERE ends > next",
		"count(*)\n0\n"));
	assert_true(answers("little",
			    "SELECT count(*) > 0 FROM thread_state WHERE state = 'blocked' AND reason IS NOT NULL UNION ALL "
			    "SELECT count(*) FROM thread_state WHERE state = 'blocked' AND reason IS NULL",
			    "count(*) > 0\n1\n0\n"));
}

static void tells_who_held_a_period_up(void **state)
{
	(void)state;
	assert_true(answers("rcu", "SELECT period, dur, last_cpu, last_cause FROM grace_period WHERE period BETWEEN 5 AND 6",
			    "period,dur,last_cpu,last_cause\n5,400,2,nothing to run\n6,400,,\n"));
	assert_true(answers("rcu", "SELECT count(*) FROM grace_period WHERE dur IS NULL", "count(*)\n2\n"));
}

/* ---- the command ---- */

static void prints_columns_and_csv(void **state)
{
	(void)state;
	assert_int_equal(shell("%s sql %s/little.vtrace \"SELECT 7 AS number, 'a' AS text UNION ALL SELECT 12345678, 'b'\"",
			       vitrine, work),
			 0);
	assert_string_equal(shell_output, "  number  text\n       7  a\n12345678  b\n");
	assert_true(answers("rcu", "SELECT 'a,b' AS x, 'say \\\"a\\\"' AS y; SELECT 2 AS z",
			    "x,y\n\"a,b\",\"say \"\"a\"\"\"\nz\n2\n"));
	assert_true(answers("rcu", "-- a comment is no option\nSELECT 3 AS z", "z\n3\n"));
	assert_int_equal(shell("%s sql %s/little.vtrace \"SELECT id FROM event ORDER BY id\" | tail -n 1", vitrine, work), 0);
	assert_string_equal(shell_output, "5000\n");
}

static void leaves_a_whole_database_or_none(void **state)
{
	(void)state;
	assert_int_equal(
		shell("mkdir %s/run && cp %s/little.vtrace %s/run/run.vtrace && %s sql %s/run/", work, work, work, vitrine, work),
		0);
	assert_true(shell_said("/run/run.sqlite: "));
	assert_int_equal(shell("test -s %s/run/run.sqlite && %s sql %s/little.vtrace && test -s %s/little.sqlite", work, vitrine,
			       work, work),
			 0);
	assert_int_equal(shell("echo old > %s/kept.sqlite && head -c 100000 %s/little.vtrace > %s/cut.vtrace", work, work, work),
			 0);
	assert_int_equal(shell("%s sql %s/cut.vtrace -o %s/kept.sqlite", vitrine, work, work), 1);
	assert_true(shell_said("cut.vtrace"));
	assert_int_equal(shell("%s sql %s/little.vtrace -o /dev/full/x", vitrine, work), 1);
	assert_int_equal(shell("%s sql %s/little.vtrace -o %s/none/x", vitrine, work, work), 1);
	assert_true(shell_said("unable to open"));
	assert_int_equal(shell("test \"$(cat %s/kept.sqlite)\" = old && ! ls %s/*.new 2> /dev/null", work, work), 0);
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	assert_int_equal(shell("%s sql %s/little.vtrace \"SELECT dur FROM fualt\"", vitrine, work), 1);
	assert_true(shell_said("no such table: fualt"));
	assert_int_equal(shell("%s sql %s/little.vtrace \"SELECT durr FROM fault\"", vitrine, work), 1);
	assert_true(shell_said("no such column: durr\n    SELECT durr FROM fault\n           ^\n"));
	assert_int_equal(shell("%s sql %s/little.vtrace \"SELECT 1 AS a;SELECT nope\"", vitrine, work), 1);
	assert_true(shell_said("no such column: nope\n    SELECT nope\n           ^\n"));
	assert_int_equal(shell("%s sql", vitrine), 2);
	assert_int_equal(shell("%s sql a b c", vitrine), 2);
	assert_int_equal(shell("%s sql %s/little.vtrace --csv", vitrine, work), 2);
	assert_int_equal(shell("%s sql %s/little.vtrace \"SELECT 1\" -o x", vitrine, work), 2);
	assert_int_equal(shell("%s sql %s/little.vtrace --bogus", vitrine, work), 2);
	assert_true(shell_said("there is no option `--bogus`"));
	assert_int_equal(shell("%s sql %s/nothing.vtrace", vitrine, work), 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_every_event),
		cmocka_unit_test(has_a_column_for_every_field),
		cmocka_unit_test(turns_values_into_words),
		cmocka_unit_test(keeps_numbers),
		cmocka_unit_test(fills_pages_as_sqlite_does),
		cmocka_unit_test(fills_what_is_asked_about),
		cmocka_unit_test(ends_slices_with_their_end),
		cmocka_unit_test(keeps_thread_states_apart),
		cmocka_unit_test(tells_who_held_a_period_up),
		cmocka_unit_test(prints_columns_and_csv),
		cmocka_unit_test(leaves_a_whole_database_or_none),
		cmocka_unit_test(says_what_is_wrong),
	};
	build = argc > 1 ? argv[1] : "build";
	return cmocka_run_group_tests(tests, made_runs_start, made_runs_stop);
}
