/*
 * `vitrine stats`: what one or more runs did, in numbers, side by side. The demo ends with it: the same program on two MMUs.
 *
 * Teaches: everything a table says is counted from events; a number whose category was switched off is shown as `-`, not as 0.
 * Who calls: main.c. Whom it calls: reader.h, stats_rcu.c. It reads each run once, in a stream.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kernel/abi/descriptor.h"
#include "../kernel/abi/trace_enums.h"
#include "commands.h"
#include "stats.h"
#include "stats_inside.h"

const char stats_help[] =
	"usage: vitrine stats [--by-event] RUN...\n"
	"\n"
	"Counts what runs did and prints it side by side, one column a run (a .vtrace file, or the directory that\n"
	"holds run.vtrace).\n"
	"\n"
	"    --by-event   one line for each kind of event instead: its name and how many there are\n"
	"\n"
	"`last event at` is guest time since kernel entry. `instructions while a CPU was busy` (--icount only) leaves out\n"
	"the time in which all CPUs were idle; the rest is what all CPUs executed together, since they take turns.\n"
	"\n"
	"example: vitrine stats out/demo/x86_64.vtrace out/demo/ppc64.vtrace\n";

#define RUNS_MAX 16

/* Which CPUs are idle, to find the time in which all are. */
struct idleness {
	uint64_t cpus; /* bit n: CPU n */
	uint64_t since_ns;
};

static uint64_t all_cpus(const struct trace_info *info)
{
	return info->cpus_online >= 64 ? UINT64_MAX : (UINT64_C(1) << info->cpus_online) - 1;
}

/* An idle CPU executes nothing, and a clock that counts instructions is moved on by whoever simulates it. */
static void count_idle(struct run_counts *counts, struct idleness *idle, const struct trace_event *event, uint64_t ns)
{
	bool was_idle = idle->cpus == all_cpus(&counts->info);
	if (!strcmp(event->schema->name, "idle_begin"))
		idle->cpus |= UINT64_C(1) << event->cpu;
	else if (!strcmp(event->schema->name, "idle_end"))
		idle->cpus &= ~(UINT64_C(1) << event->cpu);
	else
		return;
	bool is_idle = idle->cpus == all_cpus(&counts->info);
	if (!was_idle && is_idle)
		idle->since_ns = ns;
	if (was_idle && !is_idle)
		counts->idle_ns += ns - idle->since_ns;
}

static void count_value(uint64_t *counts, uint64_t value, uint64_t values)
{
	counts[value < values ? value : values - 1]++;
}

static void count_event(struct run_counts *counts, struct idleness *idle, const struct trace_event *event, uint64_t ns)
{
	counts->events[event->id]++;
	if (event->id == TRACE_EVENT_GAP)
		return;
	if (event->schema->category == TRACE_CPU)
		count_idle(counts, idle, event, ns);
	if (event->schema->category == TRACE_RCU)
		stats_count_rcu(&counts->rcu, event, ns);
	for (unsigned i = 0; i < event->fields; i++) {
		enum field_type type = event->schema->field[i].type;
		if (type == FIELD_FAULT_KIND)
			count_value(counts->fault_kind, event->field[i], VALUES_MAX);
		else if (type == FIELD_FAULT_RESULT)
			count_value(counts->fault_result, event->field[i], VALUES_MAX);
		else if (type == FIELD_IRQ && event->schema->phase == PHASE_CPU_BEGIN)
			count_value(counts->irq_kind, event->field[i], IRQ_KINDS);
	}
}

/* Reads one run. Returns false after having said why it cannot be read. */
static bool count_run(struct run_counts *counts, const char *path)
{
	char error[640];
	struct trace_event event;
	struct idleness idle = {0};
	struct trace_reader *reader = trace_open(path, error, sizeof(error));
	if (!reader)
		return say("%s", error), false;
	counts->path = path;
	counts->info = *trace_info(reader);
	int more;
	while ((more = trace_next(reader, &event)) == 1)
		count_event(counts, &idle, &event, trace_ns(reader, event.ticks));
	if (more < 0)
		say("%s: %s", path, trace_error(reader));
	counts->run_ns = trace_ns(reader, counts->info.end_ticks);
	counts->user_ns = trace_ns(reader, counts->info.user_ticks);
	if (idle.cpus == all_cpus(&counts->info))
		counts->idle_ns += counts->run_ns - idle.since_ns;
	trace_close(reader);
	return more == 0;
}

/* ---- the table ---- */

#define LABEL_COLUMNS 34
#define CELL_COLUMNS 22

/* 1234567 as "1,234,567". */
static void cell_number(char cell[CELL_BYTES], uint64_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number), at = 0;
	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			cell[at++] = ',';
		cell[at++] = digits[i];
	}
	cell[at] = '\0';
}

/* The count of an event, or `-` if its category was off. */
static void cell_count(char cell[CELL_BYTES], const struct run_counts *counts, const char *event, uint64_t count)
{
	const struct event_schema *schema = schema_event_named(event);
	if (counts->info.categories & schema->category)
		cell_number(cell, count);
	else
		strcpy(cell, "-");
}

/* Text of our own and numbers: nothing in it means anything to HTML but `<`, `>` and `&`, of which `->` is the only one there is. */
static void put_html(FILE *to, const char *text)
{
	for (; *text; text++)
		if (*text == '<' || *text == '>' || *text == '&')
			fprintf(to, "&#%d;", *text);
		else
			fputc(*text, to);
}

/* A label that starts with spaces is part of the row above it. */
static void row_begin(const struct stats_table *table, const char *label)
{
	if (!table->html) {
		fprintf(table->to, "%-*s", LABEL_COLUMNS, label);
		return;
	}
	fprintf(table->to, "<tr><th scope=row%s>", *label == ' ' ? " class=part" : "");
	put_html(table->to, label);
	fputs("</th>", table->to);
}

static void row_cell(const struct stats_table *table, const char *cell)
{
	if (!table->html) {
		fprintf(table->to, "%*s", CELL_COLUMNS, cell);
		return;
	}
	fputs("<td>", table->to);
	put_html(table->to, cell);
	fputs("</td>", table->to);
}

static void row_end(const struct stats_table *table)
{
	fputs(table->html ? "</tr>\n" : "\n", table->to);
}

void stats_row(const struct stats_table *table, const char *label, void (*fill)(char *cell, const struct run_counts *))
{
	row_begin(table, label);
	for (int i = 0; i < table->count; i++) {
		char cell[CELL_BYTES];
		fill(cell, &table->runs[i]);
		row_cell(table, cell);
	}
	row_end(table);
}

/* A row for an event, or for one value that it carries: which of a run's counters is found by its place in the struct. */
static void row_count(const struct stats_table *table, const char *label, const char *event, size_t counter)
{
	row_begin(table, label);
	for (int i = 0; i < table->count; i++) {
		char cell[CELL_BYTES];
		uint64_t number;
		memcpy(&number, (const char *)&table->runs[i] + counter, sizeof(number));
		cell_count(cell, &table->runs[i], event, number);
		row_cell(table, cell);
	}
	row_end(table);
}

void stats_row_event(const struct stats_table *table, const char *label, const char *event)
{
	unsigned id = schema_event_named(event)->id;
	row_count(table, label, event, offsetof(struct run_counts, events) + id * sizeof(uint64_t));
}

void stats_row_value(const struct stats_table *table, const char *label, const char *event, size_t array, unsigned value)
{
	char indented[80];
	snprintf(indented, sizeof(indented), "  %.*s", (int)strcspn(label, ":"), label);
	row_count(table, indented, event, array + value * sizeof(uint64_t));
}

/* ---- the cells that are not counts ---- */

/* The last components of the path, as many as fit whole; the end of a name that alone is too long. */
static void fill_run(char *cell, const struct run_counts *counts)
{
	size_t length = strlen(counts->path), room = CELL_COLUMNS - 1;
	const char *end = counts->path + length;
	const char *from = length > room ? end - room : counts->path;
	while (from > counts->path && from < end && from[-1] != '/')
		from++;
	snprintf(cell, CELL_BYTES, "%s", from < end ? from : end - room);
}

static void fill_machine(char *cell, const struct run_counts *counts)
{
	snprintf(cell, CELL_BYTES, "%s", counts->info.machine);
}

static void fill_mmu(char *cell, const struct run_counts *counts)
{
	snprintf(cell, CELL_BYTES, "%s", counts->info.mmu);
}

static void fill_cpus(char *cell, const struct run_counts *counts)
{
	if (counts->info.cpus == counts->info.cpus_online)
		snprintf(cell, CELL_BYTES, "%u", counts->info.cpus);
	else
		snprintf(cell, CELL_BYTES, "%u of %u", counts->info.cpus_online, counts->info.cpus);
}

static void fill_program(char *cell, const struct run_counts *counts)
{
	snprintf(cell, CELL_BYTES, "%s", counts->info.program);
}

static void fill_mode(char *cell, const struct run_counts *counts)
{
	snprintf(cell, CELL_BYTES, "%s, %" PRIu64, counts->info.icount ? "icount" : "live", counts->info.seed);
}

static void fill_ending(char *cell, const struct run_counts *counts)
{
	if (counts->info.ending == ENDING_FINISHED)
		snprintf(cell, CELL_BYTES, "finished, status %" PRId64, counts->info.exit_status);
	else
		snprintf(cell, CELL_BYTES, "%s", trace_ending_name(counts->info.ending));
}

static void fill_time(char *cell, const struct run_counts *counts)
{
	snprintf(cell, CELL_BYTES, "%" PRIu64 ".%03u ms", counts->run_ns / 1000000, (unsigned)(counts->run_ns / 1000 % 1000));
}

/*
 * Under icount a nanosecond of guest time is an instruction, but for the time in which all CPUs waited. The CPUs take turns on
 * that one clock, so this is what all of them executed together; the sum of each CPU's busy time would count waiting for its
 * turn as well.
 */
static void fill_instructions(char *cell, const struct run_counts *counts)
{
	if (counts->info.icount && (counts->info.categories & TRACE_CPU))
		cell_number(cell, counts->run_ns - counts->idle_ns);
	else
		strcpy(cell, "-");
}

static void fill_boot(char *cell, const struct run_counts *counts)
{
	char number[CELL_BYTES];
	if (!counts->info.user_ticks) {
		strcpy(cell, "never");
		return;
	}
	cell_number(number, counts->info.icount ? counts->user_ns : counts->user_ns / 1000);
	snprintf(cell, CELL_BYTES, "%.28s %s", number, counts->info.icount ? "instr." : "us");
}

static void fill_events(char *cell, const struct run_counts *counts)
{
	cell_number(cell, counts->info.events);
}

static void fill_lost(char *cell, const struct run_counts *counts)
{
	cell_number(cell, counts->info.lost);
}

#define FAULT_KIND_ROW(name, value, text)                                                                                        \
	stats_row_value(table, text, "fault_begin", offsetof(struct run_counts, fault_kind), value);
/* A fault that waits has not ended; its end comes later, with another result. */
#define FAULT_RESULT_ROW(name, value, text)                                                                                      \
	if ((value) != FAULT_WAITS)                                                                                              \
		stats_row_value(table, text, "fault_end", offsetof(struct run_counts, fault_result), value);

static void print_faults(const struct stats_table *table)
{
	stats_row_event(table, "faults", "fault_begin");
	FAULT_KINDS(FAULT_KIND_ROW)
	stats_row_event(table, "answered", "fault_end");
	FAULT_RESULTS(FAULT_RESULT_ROW)
}

static void print_interrupts(const struct stats_table *table)
{
	static const char *const kinds[IRQ_KINDS] = {"spurious", "timer", "from another CPU", "device"};
	stats_row_event(table, "interrupts", "irq_enter");
	for (unsigned i = 0; i < IRQ_KINDS; i++)
		stats_row_value(table, kinds[i], "irq_enter", offsetof(struct run_counts, irq_kind), i);
	stats_row_event(table, "interrupts sent to other CPUs", "ipi_send");
}

static void print_table(const struct stats_table *table)
{
	stats_row(table, "run", fill_run);
	stats_row(table, "machine", fill_machine);
	stats_row(table, "MMU", fill_mmu);
	stats_row(table, "CPUs", fill_cpus);
	stats_row(table, "program", fill_program);
	stats_row(table, "mode, seed", fill_mode);
	stats_row(table, "ended", fill_ending);
	print_faults(table);
	stats_row_event(table, "page requests to providers", "page_request");
	stats_row_event(table, "threads that waited for them", "fault_wait");
	stats_row_event(table, "pages dropped", "page_evict");
	stats_row_event(table, "messages received", "ipc_receive");
	stats_row_event(table, "translations entered", "mmu_map");
	stats_row_event(table, "translations evicted", "mmu_evict");
	stats_row_event(table, "segments loaded", "mmu_segment");
	stats_row_event(table, "context switches", "thread_switch");
	stats_row_event(table, "system calls", "syscall_enter");
	print_interrupts(table);
	stats_print_rcu(table);
	stats_row(table, "last event at", fill_time);
	stats_row(table, "instructions while a CPU was busy", fill_instructions);
	stats_row(table, "kernel entry -> first user code", fill_boot);
	stats_row(table, "events recorded", fill_events);
	stats_row(table, "events lost", fill_lost);
}

static void print_by_event(const struct run_counts *runs, int count)
{
	for (unsigned id = 0; id < EVENT_IDS; id++) {
		const struct event_schema *event = schema_event(id);
		if (!event)
			continue;
		printf("%-20s", event->name);
		for (int i = 0; i < count; i++)
			printf(" %12" PRIu64, runs[i].events[id]);
		putchar('\n');
	}
}

bool stats_write_html(FILE *to, char **paths, int count)
{
	struct run_counts *runs = calloc((size_t)count, sizeof(*runs));
	bool good = runs != NULL;
	for (int i = 0; i < count && good; i++)
		good = count_run(&runs[i], paths[i]);
	if (good)
		print_table(&(struct stats_table){.to = to, .html = true, .runs = runs, .count = count});
	free(runs);
	return good;
}

int command_stats(int argc, char **argv)
{
	static const struct option options[] = {{"by-event", no_argument, NULL, 'e'}, {0}};
	bool by_event = false;
	opterr = 0;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (option != 'e')
			return say_usage("stats", "there is no option `%s`", argv[optind - 1]);
		by_event = true;
	}
	int count = argc - optind;
	if (count < 1 || count > RUNS_MAX)
		return say_usage("stats", "between 1 and %d runs are wanted, and there are %d", RUNS_MAX, count);
	struct run_counts *runs = calloc((size_t)count, sizeof(*runs));
	bool good = runs != NULL;
	for (int i = 0; i < count && good; i++)
		good = count_run(&runs[i], argv[optind + i]);
	if (good && by_event)
		print_by_event(runs, count);
	else if (good)
		print_table(&(struct stats_table){.to = stdout, .runs = runs, .count = count});
	free(runs);
	return good ? 0 : 1;
}
