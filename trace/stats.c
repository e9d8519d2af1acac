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

static void row_begin(const char *label)
{
	printf("%-*s", LABEL_COLUMNS, label);
}

static void row_cell(const char *cell)
{
	printf("%*s", CELL_COLUMNS, cell);
}

void stats_row(const char *label, const struct run_counts *runs, int count, void (*fill)(char *cell, const struct run_counts *))
{
	row_begin(label);
	for (int i = 0; i < count; i++) {
		char cell[CELL_BYTES];
		fill(cell, &runs[i]);
		row_cell(cell);
	}
	putchar('\n');
}

/* A row for an event, or for one value that it carries: which of a run's counters is found by its place in the struct. */
static void row_count(const char *label, const struct run_counts *runs, int count, const char *event, size_t counter)
{
	row_begin(label);
	for (int i = 0; i < count; i++) {
		char cell[CELL_BYTES];
		uint64_t number;
		memcpy(&number, (const char *)&runs[i] + counter, sizeof(number));
		cell_count(cell, &runs[i], event, number);
		row_cell(cell);
	}
	putchar('\n');
}

void stats_row_event(const char *label, const struct run_counts *runs, int count, const char *event)
{
	unsigned id = schema_event_named(event)->id;
	row_count(label, runs, count, event, offsetof(struct run_counts, events) + id * sizeof(uint64_t));
}

void stats_row_value(const char *label, const struct run_counts *runs, int count, const char *event, size_t array, unsigned value)
{
	char indented[80];
	snprintf(indented, sizeof(indented), "  %.*s", (int)strcspn(label, ":"), label);
	row_count(indented, runs, count, event, array + value * sizeof(uint64_t));
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
	stats_row_value(text, runs, count, "fault_begin", offsetof(struct run_counts, fault_kind), value);
/* A fault that waits has not ended; its end comes later, with another result. */
#define FAULT_RESULT_ROW(name, value, text)                                                                                      \
	if ((value) != FAULT_WAITS)                                                                                              \
		stats_row_value(text, runs, count, "fault_end", offsetof(struct run_counts, fault_result), value);

static void print_faults(const struct run_counts *runs, int count)
{
	stats_row_event("faults", runs, count, "fault_begin");
	FAULT_KINDS(FAULT_KIND_ROW)
	stats_row_event("answered", runs, count, "fault_end");
	FAULT_RESULTS(FAULT_RESULT_ROW)
}

static void print_interrupts(const struct run_counts *runs, int count)
{
	static const char *const kinds[IRQ_KINDS] = {"spurious", "timer", "from another CPU", "device"};
	stats_row_event("interrupts", runs, count, "irq_enter");
	for (unsigned i = 0; i < IRQ_KINDS; i++)
		stats_row_value(kinds[i], runs, count, "irq_enter", offsetof(struct run_counts, irq_kind), i);
	stats_row_event("interrupts sent to other CPUs", runs, count, "ipi_send");
}

static void print_table(const struct run_counts *runs, int count)
{
	stats_row("run", runs, count, fill_run);
	stats_row("machine", runs, count, fill_machine);
	stats_row("MMU", runs, count, fill_mmu);
	stats_row("CPUs", runs, count, fill_cpus);
	stats_row("program", runs, count, fill_program);
	stats_row("mode, seed", runs, count, fill_mode);
	stats_row("ended", runs, count, fill_ending);
	print_faults(runs, count);
	stats_row_event("page requests to providers", runs, count, "page_request");
	stats_row_event("threads that waited for them", runs, count, "fault_wait");
	stats_row_event("pages dropped", runs, count, "page_evict");
	stats_row_event("messages received", runs, count, "ipc_receive");
	stats_row_event("translations entered", runs, count, "mmu_map");
	stats_row_event("translations evicted", runs, count, "mmu_evict");
	stats_row_event("segments loaded", runs, count, "mmu_segment");
	stats_row_event("context switches", runs, count, "thread_switch");
	stats_row_event("system calls", runs, count, "syscall_enter");
	print_interrupts(runs, count);
	stats_print_rcu(runs, count);
	stats_row("last event at", runs, count, fill_time);
	stats_row("instructions while a CPU was busy", runs, count, fill_instructions);
	stats_row("kernel entry -> first user code", runs, count, fill_boot);
	stats_row("events recorded", runs, count, fill_events);
	stats_row("events lost", runs, count, fill_lost);
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
		print_table(runs, count);
	free(runs);
	return good ? 0 : 1;
}
