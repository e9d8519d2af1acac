/*
 * The tables: a row of the schema becomes CREATE TABLE, a field becomes a column.
 *
 * Every table begins with the same four columns: `id` numbers the events of the whole run in the order of time, so it orders and
 * joins rows of different tables; `ts` is nanoseconds since kernel entry; `cpu` emitted the event, as its `seq`-th. Who calls:
 * build.c, and views.c for columns. See sql.h.
 */
#include <string.h>

#include "sql/sql.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * What a column cannot be called, since SQL or every table has the word for something else: it is called field_cpu, field_from.
 */
static const char *const taken[] = {"id", "ts", "cpu", "seq", "from", "to", "group", "index"};

static enum sql_kind kind_of(enum field_type type)
{
	if (schema_type_is_enum(type) && type != FIELD_HANDLE) /* of which only 0 has a name */
		return SQL_WORD;
	switch (type) {
	case FIELD_CHARS:
		return SQL_TEXT;
	case FIELD_TICKS:
		return SQL_NS;
	case FIELD_FLOW:
	case FIELD_ADDRESS:
	case FIELD_PADDR:
	case FIELD_HEX:
		return SQL_HEX;
	default:
		return SQL_NUMBER;
	}
}

static void name_column(struct sql_column *column, const char *name)
{
	bool is_taken = false;
	for (size_t i = 0; i < COUNT(taken); i++)
		is_taken |= !strcmp(name, taken[i]);
	snprintf(column->name, sizeof(column->name), "%s%s%s", is_taken ? "field_" : "", name,
		 column->kind == SQL_NS ? "_ns" : "");
	if (column->fields == 2)
		*strrchr(column->name, '_') = '\0'; /* name_0 and name_1 are the column `name` */
}

unsigned sql_columns(const struct event_schema *event, struct sql_column columns[EVENT_FIELDS_MAX])
{
	unsigned count = 0;
	for (unsigned i = 0; i < event->fields; i += columns[count++].fields) {
		const struct field_schema *field = &event->field[i];
		bool is_long = field->type == FIELD_CHARS && i + 1 < event->fields && field[1].type == FIELD_CHARS;
		columns[count] = (struct sql_column){
			.kind = kind_of(field->type), .type = field->type, .field = i, .fields = is_long ? 2 : 1};
		name_column(&columns[count], field->name);
	}
	return count;
}

bool sql_has_column(const struct event_schema *event, const char *name)
{
	struct sql_column columns[EVENT_FIELDS_MAX];
	unsigned count = sql_columns(event, columns);
	for (unsigned i = 0; i < count; i++)
		if (!strcmp(columns[i].name, name))
			return true;
	return false;
}

static void print_table(FILE *to, const struct event_schema *event)
{
	struct sql_column columns[EVENT_FIELDS_MAX];
	unsigned count = sql_columns(event, columns);
	fprintf(to, "CREATE TABLE %s(id INTEGER PRIMARY KEY, ts INTEGER, cpu INTEGER, seq INTEGER", event->name);
	for (unsigned i = 0; i < count; i++) {
		const char *type = columns[i].kind == SQL_TEXT ? " TEXT" : columns[i].kind == SQL_WORD ? "" : " INTEGER";
		fprintf(to, ", %s%s", columns[i].name,
			type); /* a word's column has none: a value without a name stays a number */
	}
	fputs(");\n", to);
}

void sql_print_tables(FILE *to)
{
	fputs("CREATE TABLE run(machine TEXT, mmu TEXT, program TEXT, build TEXT, seed INTEGER, cpus INTEGER, cpus_online "
	      "INTEGER, "
	      "icount INTEGER, clock_hz INTEGER, first_user_ns INTEGER, end_ns INTEGER, ending TEXT, verdict TEXT, status "
	      "INTEGER, "
	      "events INTEGER, lost INTEGER);\n"
	      "CREATE TABLE gap(id INTEGER PRIMARY KEY, ts INTEGER, cpu INTEGER, seq INTEGER, lost INTEGER);\n",
	      to);
	for (unsigned id = 0; id < EVENT_IDS; id++)
		if (schema_event(id))
			print_table(to, schema_event(id));
}
