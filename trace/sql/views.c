/*
 * The views: what several events say together, as SQL.
 *
 * Teaches: a trace holds moments; durations and states are questions about which moment follows which. A window function answers
 * them: lead() is the next row of the same thread. So the end of a slice, the state of a thread and the hops of a message are
 * read off, and nothing is stored twice. Two views know no event by name: `event`, and the slices that a pair of events makes.
 * Who calls: build.c. See sql.h.
 */
#include <string.h>

#include "sql/sql.h"

/* ---- event: all of them ---- */

static void print_text(FILE *to, const struct event_schema *event)
{
	static const char *const formats[] = {
		[SQL_NUMBER] = "%d", [SQL_WORD] = "%s", [SQL_NS] = "%d", [SQL_TEXT] = "%s", [SQL_HEX] = "0x%x"};
	struct sql_column columns[EVENT_FIELDS_MAX];
	unsigned count = sql_columns(event, columns);
	fputs("printf('", to);
	for (unsigned i = 0; i < count; i++)
		fprintf(to, "%s%s=%s", i ? "  " : "", columns[i].name, formats[columns[i].kind]);
	fputc('\'', to);
	for (unsigned i = 0; i < count; i++)
		fprintf(to, ", %s", columns[i].name);
	fputc(')', to);
}

static void print_event_view(FILE *to)
{
	fputs("CREATE VIEW event AS SELECT id, ts, cpu, seq, 'gap' AS name, NULL AS category, NULL AS thread, printf('lost=%d', "
	      "lost) AS text"
	      " FROM gap\n",
	      to);
	for (unsigned id = 0; id < EVENT_IDS; id++) {
		const struct event_schema *event = schema_event(id);
		if (!event)
			continue;
		fprintf(to, "UNION ALL SELECT id, ts, cpu, seq, '%s', '%s', %s, ", event->name,
			schema_category_name(event->category), sql_has_column(event, "thread") ? "thread" : "NULL");
		print_text(to, event);
		fprintf(to, " FROM %s\n", event->name);
	}
	fputs(";\n", to);
}

/* ---- a pair of events, one that begins and one that ends: a slice ---- */

static size_t stem_bytes(const char *name)
{
	return (size_t)(strrchr(name, '_') - name);
}

/* The event that ends what this one begins, or NULL. */
static const struct event_schema *end_of(const struct event_schema *begin)
{
	if (begin->phase != PHASE_THREAD_BEGIN && begin->phase != PHASE_CPU_BEGIN)
		return NULL;
	for (unsigned id = 0; id < EVENT_IDS; id++) {
		const struct event_schema *end = schema_event(id);
		if (end && (end->phase == PHASE_THREAD_END || end->phase == PHASE_CPU_END) &&
		    stem_bytes(end->name) == stem_bytes(begin->name) && !memcmp(end->name, begin->name, stem_bytes(begin->name)))
			return end;
	}
	return NULL;
}

/* What the rows of a slice have in common: its thread or its CPU, and a mark's name. */
static const char *partition_of(const struct event_schema *begin)
{
	if (begin->phase == PHASE_CPU_BEGIN)
		return "cpu";
	return sql_has_column(begin, "name") ? "thread, name" : "thread";
}

/* The columns of the end; those that the begin has too get `end_` before them, but for what is the same in both. */
static void print_end_columns(FILE *to, const struct event_schema *begin, const struct event_schema *end)
{
	struct sql_column columns[EVENT_FIELDS_MAX];
	unsigned count = sql_columns(end, columns);
	for (unsigned i = 0; i < count; i++) {
		bool in_begin = sql_has_column(begin, columns[i].name);
		bool same = in_begin && (columns[i].kind == SQL_TEXT || columns[i].type == FIELD_THREAD ||
					 columns[i].type == FIELD_FLOW || columns[i].type == FIELD_SYSCALL);
		if (!same)
			fprintf(to, ", e.%s AS %s%s", columns[i].name, in_begin ? "end_" : "", columns[i].name);
	}
}

/*
 * `fault` of fault_begin and fault_end. One that has no end, because the run ended or the trace has a gap, has NULL for its
 * duration.
 */
static void print_pair_view(FILE *to, const struct event_schema *begin, const struct event_schema *end)
{
	int bytes = (int)stem_bytes(begin->name);
	const char *partition = partition_of(begin);
	struct sql_column columns[EVENT_FIELDS_MAX];
	unsigned count = sql_columns(begin, columns);
	fprintf(to,
		"CREATE VIEW %.*s AS WITH step AS (SELECT id, ts, %s, 1 AS begins FROM %s UNION ALL SELECT id, ts, %s, 0 FROM "
		"%s),\n",
		bytes, begin->name, partition, begin->name, partition, end->name);
	fprintf(to,
		"  pair AS (SELECT id, begins, lead(id) OVER w AS end_id, lead(begins) OVER w AS next_begins, lead(ts) OVER w AS "
		"end_ts"
		" FROM step WINDOW w AS (PARTITION BY %s ORDER BY id))\n",
		partition);
	fprintf(to, "  SELECT b.id, b.ts, p.end_ts - b.ts AS dur, p.end_id, b.cpu, b.seq");
	for (unsigned i = 0; i < count; i++)
		fprintf(to, ", b.%s", columns[i].name);
	print_end_columns(to, begin, end);
	fprintf(to,
		"\n  FROM %s b LEFT JOIN pair p ON p.id = b.id AND p.begins AND p.next_begins = 0 LEFT JOIN %s e ON e.id = "
		"p.end_id;\n",
		begin->name, end->name);
}

static void print_pair_views(FILE *to)
{
	for (unsigned id = 0; id < EVENT_IDS; id++)
		if (schema_event(id) && end_of(schema_event(id)))
			print_pair_view(to, schema_event(id), end_of(schema_event(id)));
}

/* `slice`: all of those, with what they have in common. */
static void print_slice_view(FILE *to)
{
	const char *word = "CREATE VIEW slice AS ";
	for (unsigned id = 0; id < EVENT_IDS; id++) {
		const struct event_schema *begin = schema_event(id);
		if (!begin || !end_of(begin))
			continue;
		int bytes = (int)stem_bytes(begin->name);
		fprintf(to, "%sSELECT id, ts, dur, end_id, '%.*s' AS name, '%s' AS category, cpu, %s AS thread, ", word, bytes,
			begin->name, schema_category_name(begin->category), sql_has_column(begin, "thread") ? "thread" : "NULL");
		print_text(to, begin);
		fprintf(to, " AS text FROM %.*s\n", bytes, begin->name);
		word = "UNION ALL ";
	}
	fputs(";\n", to);
}

/* ---- flow: events that belong together, and from which to which it goes ---- */

static void print_flow_view(FILE *to)
{
	const char *word = "";
	fputs("CREATE VIEW flow AS WITH step AS (", to);
	for (unsigned id = 0; id < EVENT_IDS; id++) {
		const struct event_schema *event = schema_event(id);
		struct sql_column columns[EVENT_FIELDS_MAX];
		unsigned count = event ? sql_columns(event, columns) : 0;
		for (unsigned i = 0; i < count; i++) {
			if (columns[i].type != FIELD_FLOW)
				continue;
			fprintf(to, "%sSELECT %s AS flow, id, ts, '%s' AS name FROM %s WHERE %s <> 0\n", word, columns[i].name,
				event->name, event->name, columns[i].name);
			word = "  UNION "; /* which leaves out an event that names one flow twice */
		}
	}
	fputs("), hop AS (SELECT flow, id, ts, name, lead(id) OVER w AS to_id, lead(ts) OVER w AS to_ts, lead(name) OVER w AS "
	      "to_name"
	      " FROM step WINDOW w AS (PARTITION BY flow ORDER BY id))\n"
	      "  SELECT flow, id AS from_id, name AS from_name, to_id, to_name, ts, to_ts - ts AS dur FROM hop WHERE to_id IS "
	      "NOT NULL;\n",
	      to);
}

/* ---- views about threads, processes and grace periods ---- */

/*
 * What becomes of a thread that leaves its CPU was said just before: it blocks, or it exits; if it was woken since, or nothing
 * was said, it is runnable. A wake changes the state only of one that has left. A grace period does not wait for the CPU that
 * began it, nor for one that is asleep; of the others, the last to pass held it up longest.
 */
static const char fixed_views[] =
	"CREATE VIEW thread AS SELECT c.thread, c.name, c.aspace AS process, p.name AS process_name, c.creator, c.ts AS "
	"start_ts,\n"
	"    x.ts AS end_ts, x.status, d.cause AS crash\n"
	"  FROM thread_create c LEFT JOIN aspace_create p ON p.aspace = c.aspace LEFT JOIN thread_exit x ON x.thread = c.thread\n"
	"    LEFT JOIN thread_crashed d ON d.thread = c.thread;\n"
	"CREATE VIEW process AS SELECT c.aspace AS process, c.name, c.ts AS start_ts, d.ts AS end_ts\n"
	"  FROM aspace_create c LEFT JOIN aspace_destroy d ON d.aspace = c.aspace;\n"
	"CREATE VIEW thread_state AS WITH step(thread, id, ts, cpu, kind, reason) AS (\n"
	"    SELECT thread, id, ts, NULL, 'create', NULL FROM thread_create\n"
	"    UNION ALL SELECT next, id, ts, cpu, 'in', NULL FROM thread_switch WHERE next <> 0\n"
	"    UNION ALL SELECT previous, id, ts, NULL, 'out', NULL FROM thread_switch WHERE previous <> 0\n"
	"    UNION ALL SELECT thread, id, ts, NULL, 'block', reason FROM thread_block\n"
	"    UNION ALL SELECT thread, id, ts, NULL, 'wake', NULL FROM thread_wake\n"
	"    UNION ALL SELECT thread, id, ts, NULL, 'exit', NULL FROM thread_exit),\n"
	"  said AS (SELECT *, lag(kind) OVER w AS before, lag(reason) OVER w AS why FROM step\n"
	"    WINDOW w AS (PARTITION BY thread ORDER BY id)),\n"
	"  change AS (SELECT thread, id, ts, cpu, CASE kind WHEN 'create' THEN 'created' WHEN 'in' THEN 'running' WHEN 'wake' "
	"THEN 'runnable'\n"
	"      ELSE CASE before WHEN 'block' THEN 'blocked' WHEN 'exit' THEN 'exited' ELSE 'runnable' END END AS state,\n"
	"      CASE WHEN kind = 'out' AND before = 'block' THEN why END AS reason\n"
	"    FROM said WHERE kind IN ('create', 'in', 'out') OR kind = 'wake' AND before IN ('create', 'out'))\n"
	"  SELECT id, ts, lead(ts) OVER (PARTITION BY thread ORDER BY id) - ts AS dur, thread, state, reason, cpu FROM change;\n"
	"CREATE VIEW grace_period AS WITH held AS (\n"
	"    SELECT b.period, q.id, q.field_cpu, q.cause FROM rcu_period_begin b JOIN rcu_quiescent q ON q.period = b.period\n"
	"    WHERE q.id > b.id AND q.field_cpu <> b.cpu AND q.cause <> 'idle all the time, and not woken')\n"
	"  SELECT b.id, b.ts, e.ts - b.ts AS dur, b.period, b.callbacks,\n"
	"    (SELECT r.cpu FROM rcu_request r WHERE r.period = b.period ORDER BY r.id LIMIT 1) AS asked_by_cpu,\n"
	"    (SELECT h.field_cpu FROM held h WHERE h.period = b.period ORDER BY h.id DESC LIMIT 1) AS last_cpu,\n"
	"    (SELECT h.cause FROM held h WHERE h.period = b.period ORDER BY h.id DESC LIMIT 1) AS last_cause\n"
	"  FROM rcu_period_begin b LEFT JOIN rcu_period_end e ON e.period = b.period;\n";

static const char indexes[] = "CREATE INDEX rcu_quiescent_period ON rcu_quiescent(period);\n"
			      "CREATE INDEX rcu_period_begin_period ON rcu_period_begin(period);\n"
			      "CREATE INDEX rcu_period_end_period ON rcu_period_end(period);\n"
			      "CREATE INDEX rcu_request_period ON rcu_request(period);\n";

void sql_print_views(FILE *to)
{
	print_event_view(to);
	print_pair_views(to);
	print_slice_view(to);
	print_flow_view(to);
	fputs(fixed_views, to);
}

void sql_print_indexes(FILE *to)
{
	fputs(indexes, to);
}
