/*
 * A run as an SQLite database: one table an event kind, and views that put events together.
 *
 * Teaches: once the schema is data, tables follow from it: nothing here knows a single event, but for the views about threads
 * and grace periods. Who calls: sql.c, the command, and labs/grader/check.c; build.c fills what schema.c and views.c declare.
 * docs/sql.md tells of all tables.
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>

#include "schema.h"

/* How a value stands in its column. */
enum sql_kind {
	SQL_NUMBER,
	SQL_WORD, /* the name of an enumeration's value; its number if it has none */
	SQL_NS,   /* ticks of the machine's clock, in nanoseconds */
	SQL_TEXT, /* two fields of eight characters each, or one */
	SQL_HEX,  /* a number that reads better in hexadecimal */
};

struct sql_column {
	char name[32];
	enum sql_kind kind;
	enum field_type type;
	unsigned field, fields; /* the field of the event, and how many of them: 2 for a long name */
};

/* The columns that the fields of an event become. Returns how many. */
unsigned sql_columns(const struct event_schema *event, struct sql_column columns[EVENT_FIELDS_MAX]);

/* Whether the event has this column. */
bool sql_has_column(const struct event_schema *event, const char *name);

/* These print SQL: the tables, the views, and what the views look up by. */
void sql_print_tables(FILE *to);
void sql_print_views(FILE *to);
void sql_print_indexes(FILE *to);

/*
 * Makes the database of a run in a file that is empty or not there, and opens it. NULL after having said why not. With
 * `queries`, which end with NULL, only the tables that they read are filled; a query may be several, with `;` between them.
 * `views` are CREATE TEMP VIEW statements that the queries use, and that whoever asks them has to make again; NULL: none.
 */
sqlite3 *sql_build(const char *path, const char *run, const char *views, const char *const *queries);

/* The same in a file without a name, which ends with sqlite3_close(). */
sqlite3 *sql_ask(const char *run, const char *views, const char *const *queries);
