/*
 * The runs as data for the script of the report: one JSON value (RFC 8259).
 *
 *     {"steps", "span_ns",                       the slider
 *      "schema": {id: [name, category, [[field, type], ...]]},   "words": {type: {value: text}},
 *      "rates": [label, ...],
 *      "runs": [{"path", "machine", ..., "cpus", "rates",         timeline.h
 *                "aspaces", "threads", "objects", "mappings", "changes",   memory.h
 *                "events": [[ns, cpu, sequence, id, field...], ...], "left_out"}]}
 *
 * Who calls: report.c. Whom: reader.h, timeline.h, memory.h. Each run is read once. A number that a script could not hold exactly (2^53
 * and more) is a string.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "json.h"
#include "memory.h"
#include "progress.h"
#include "reader.h"
#include "report.h"
#include "timeline.h"

#define VALUES_LOOKED_AT 1024 /* of an enumeration */
#define SCRIPT_NUMBER_MAX (UINT64_C(1) << 53)

/* ---- JSON ---- */

static void write_member(FILE *to, const char *name, const char *value)
{
	fprintf(to, "\"%s\":", name);
	json_string(to, value);
	fputc(',', to);
}

static void write_number(FILE *to, enum field_type type, uint64_t value)
{
	if (type == FIELD_SIGNED)
		fprintf(to, "%" PRId64, (int64_t)value);
	else
		fprintf(to, value < SCRIPT_NUMBER_MAX ? "%" PRIu64 : "\"0x%" PRIx64 "\"", value);
}

/* ---- what all runs share ---- */

static void write_schema(FILE *to)
{
	const char *comma = "";
	fputs("\"schema\":{", to);
	for (unsigned id = 0; id < EVENT_IDS; id++) {
		const struct event_schema *event = schema_event(id);
		if (!event)
			continue;
		fprintf(to, "%s\"%u\":[\"%s\",\"%s\",[", comma, id, event->name, schema_category_name(event->category));
		for (unsigned i = 0; i < event->fields; i++)
			fprintf(to, "%s[\"%s\",\"%s\"]", i ? "," : "", event->field[i].name,
				schema_type_name(event->field[i].type));
		fputs("]]", to);
		comma = ",";
	}
	fputs("},", to);
}

static void write_words_of(FILE *to, enum field_type type)
{
	const char *comma = "";
	for (uint64_t value = 0; value < VALUES_LOOKED_AT; value++) {
		const char *word = schema_value_name(type, value);
		if (!word)
			continue;
		fprintf(to, "%s\"%" PRIu64 "\":", comma, value);
		json_string(to, word);
		comma = ",";
	}
}

static void write_words(FILE *to)
{
	const char *comma = "";
	fputs("\"words\":{", to);
	for (int type = 0; type < FIELD_TYPE_COUNT; type++) {
		if (!schema_type_is_enum((enum field_type)type))
			continue;
		fprintf(to, "%s\"%s\":{", comma, schema_type_name((enum field_type)type));
		write_words_of(to, (enum field_type)type);
		fputc('}', to);
		comma = ",";
	}
	fputs("},\"rates\":[", to);
	for (unsigned i = 0; i < TIMELINE_RATES; i++) {
		fputs(i ? "," : "", to);
		json_string(to, timeline_rates[i].label);
	}
	fputs("],", to);
}

/* ---- one run ---- */

struct run_data {
	FILE *to;
	struct trace_reader *reader;
	struct memory memory;
	struct timeline timeline;
	uint64_t events_max, events; /* shown, of how many there were */
};

static void write_fields(FILE *to, const struct trace_reader *reader, const struct trace_event *event)
{
	for (unsigned i = 0; i < event->fields; i++) {
		enum field_type type = event->schema->field[i].type;
		fputc(',', to);
		if (type == FIELD_CHARS) {
			char text[17];
			bool two = i + 1 < event->fields && event->schema->field[i + 1].type == FIELD_CHARS;
			trace_chars(event->field[i], two ? event->field[i + 1] : 0, text);
			json_string(to, text);
			i += two;
			fputs(two ? ",0" : "", to);
		} else if (type == FIELD_TICKS && trace_info(reader)->clock_hz) {
			fprintf(to, "%.0f", (double)event->field[i] * 1e9 / (double)trace_info(reader)->clock_hz);
		} else {
			write_number(to, type, event->field[i]);
		}
	}
}

static void write_event(struct run_data *run, const struct trace_event *event, uint64_t ns)
{
	if (run->events++ >= run->events_max)
		return;
	fprintf(run->to, "%s[%" PRIu64 ",%u,%" PRIu64 ",%u", run->events > 1 ? "," : "", ns, event->cpu, event->index, event->id);
	if (event->id == TRACE_EVENT_GAP)
		fprintf(run->to, ",%" PRIu64, event->field[0]);
	else
		write_fields(run->to, run->reader, event);
	fputc(']', run->to);
}

/* The steps that they are there: a thread's end is not told, it keeps its name. */
static void write_names(FILE *to, const struct memory *memory)
{
	const struct actors *actors = &memory->actors;
	fputs("\"aspaces\":[", to);
	for (size_t i = 0; i < actors->process_count; i++) {
		const struct actor_process *process = &actors->processes[i];
		fprintf(to, "%s[%" PRIu64 ",%" PRIu64 ",", i ? "," : "", process->id, process->id);
		json_string(to, process->name);
		fprintf(to, ",%u,%d]", memory_step_of(memory, process->begin_ns),
			process->ended ? (int)memory_step_of(memory, process->end_ns) : -1);
	}
	fputs("],\"threads\":[", to);
	for (size_t i = 0; i < actors->thread_count; i++) {
		const struct actor_thread *thread = &actors->threads[i];
		fprintf(to, "%s[%" PRIu64 ",%" PRIu64 ",", i ? "," : "", thread->id, thread->process);
		json_string(to, thread->name);
		fprintf(to, ",%u,-1]", memory_step_of(memory, thread->begin_ns));
	}
	fputs("],", to);
}

static void write_memory(FILE *to, const struct memory *memory)
{
	const struct memory_object *objects = memory->objects.items;
	const struct memory_mapping *mappings = memory->mappings.items;
	write_names(to, memory);
	fputs("\"objects\":[", to);
	for (size_t i = 0; i < memory->objects.count; i++)
		fprintf(to, "%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", i ? "," : "", objects[i].object,
			objects[i].kind, objects[i].pages, objects[i].origin);
	fputs("],\"mappings\":[", to);
	for (size_t i = 0; i < memory->mappings.count; i++)
		fprintf(to, "%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRId64 ",%u,%d]", i ? "," : "",
			mappings[i].aspace, mappings[i].start, mappings[i].pages, mappings[i].rights, mappings[i].object,
			mappings[i].first == MAPPING_UNTOUCHED ? -1 : (int64_t)mappings[i].first, mappings[i].from_step,
			mappings[i].to_step == UINT32_MAX ? -1 : (int)mappings[i].to_step);
	fputs("],", to);
}

static void write_info(const struct run_data *run, const char *path)
{
	const struct trace_info *info = trace_info(run->reader);
	fputc('{', run->to);
	write_member(run->to, "path", path);
	write_member(run->to, "machine", info->machine);
	write_member(run->to, "mmu", info->mmu);
	write_member(run->to, "program", info->program);
	write_member(run->to, "ending", trace_ending_name(info->ending));
	fprintf(run->to, "\"icount\":%s,\"seed\":%" PRIu64 ",\"end_ns\":%" PRIu64 ",\"lost\":%" PRIu64 ",",
		info->icount ? "true" : "false", info->seed, trace_ns(run->reader, info->end_ticks), info->lost);
}

/* Reads the run to its end; the events are written as they come, the changes of memory into a text of their own. */
static bool write_stream(struct run_data *run, const char *path, uint64_t span_ns)
{
	char *changes = NULL;
	size_t changes_bytes = 0;
	struct trace_event event;
	struct progress progress = {0};
	FILE *changes_file = open_memstream(&changes, &changes_bytes);
	if (!changes_file)
		return say("out of memory"), false;
	memory_start(&run->memory, trace_info(run->reader), changes_file, REPORT_STEPS, span_ns);
	timeline_start(&run->timeline, trace_info(run->reader)->cpus, span_ns);
	progress_start(&progress, trace_info(run->reader)->events);
	fputs("\"events\":[", run->to);
	int more;
	while ((more = trace_next(run->reader, &event)) == 1) {
		uint64_t ns = trace_ns(run->reader, event.ticks);
		write_event(run, &event, ns);
		memory_event(&run->memory, &event, ns);
		timeline_event(&run->timeline, &event, ns);
		progress_step(&progress);
	}
	progress_clear(&progress);
	memory_end(&run->memory);
	timeline_end(&run->timeline, trace_ns(run->reader, trace_info(run->reader)->end_ticks));
	bool good = fclose(changes_file) == 0 && !run->memory.out_of_memory;
	fprintf(run->to, "],\"left_out\":%" PRIu64 ",", run->events > run->events_max ? run->events - run->events_max : 0);
	if (good) {
		write_memory(run->to, &run->memory);
		timeline_write(&run->timeline, run->to);
		fprintf(run->to, ",\"changes\":[%s]}", changes);
	}
	free(changes);
	memory_free(&run->memory);
	if (more < 0)
		return say("%s: %s", path, trace_error(run->reader)), false;
	return good || (say("out of memory"), false);
}

static bool write_run(FILE *to, const char *path, uint64_t span_ns, uint64_t events_max)
{
	static char error[640]; /* large for a stack */
	struct run_data *run = calloc(1, sizeof(*run));
	if (!run)
		return say("out of memory"), false;
	run->to = to;
	run->events_max = events_max;
	run->reader = trace_open(path, error, sizeof(error));
	if (!run->reader)
		return say("%s", error), free(run), false;
	write_info(run, path);
	bool good = write_stream(run, path, span_ns);
	trace_close(run->reader);
	free(run);
	return good;
}

/* The longest of the runs: what the slider spans. 0 after having said why one cannot be read. */
static uint64_t longest_ns(char **paths, int count)
{
	uint64_t longest = 1;
	for (int i = 0; i < count; i++) {
		static char error[640]; /* large for a stack */
		struct trace_reader *reader = trace_open(paths[i], error, sizeof(error));
		if (!reader)
			return say("%s", error), 0;
		uint64_t ns = trace_ns(reader, trace_info(reader)->end_ticks);
		longest = ns > longest ? ns : longest;
		trace_close(reader);
	}
	return longest;
}

bool report_write_data(FILE *to, char **paths, int count, uint64_t events_max)
{
	uint64_t span_ns = longest_ns(paths, count);
	if (!span_ns)
		return false;
	fprintf(to, "{\"steps\":%d,\"span_ns\":%" PRIu64 ",\"columns\":%d,", REPORT_STEPS, span_ns, TIMELINE_COLUMNS);
	write_schema(to);
	write_words(to);
	fputs("\"runs\":[", to);
	for (int i = 0; i < count; i++) {
		fputs(i ? "," : "", to);
		if (!write_run(to, paths[i], span_ns, events_max))
			return false;
	}
	fputs("]}", to);
	return true;
}
