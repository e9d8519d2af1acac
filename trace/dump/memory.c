/*
 * Sections `processes`, `mappings`, `objects`: what the kernel believes of memory, whatever the MMU has of it.
 *
 * Teaches: the truth about an address is portable: segment, mapping, object, slot. The page tables (radix.c, hash.c) are only
 * a cache of it, so the two can be held against each other. Who calls: dump.c.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernel/abi/trace_enums.h"
#include "dump/dump.h"
#include "schema.h"

#define SLOT_STATES_MAX 8

void section_processes(struct dump *dump)
{
	struct record process;
	dump_collect(dump);
	fprintf(dump->out, "  %4s  %-16s  %7s  %5s  %5s  %-9s  %s\n", "id", "name", "threads", "space", "CPUs", "state",
		"result");
	for (size_t i = 0; i < dump->processes.count; i++) {
		char name[DUMP_NAME_CHARS];
		if (!record_load(dump, &process, "aspace", dump->processes.address[i])) {
			dump_corrupt(dump, "a process at 0x%" PRIx64, dump->processes.address[i]);
			continue;
		}
		record_text(&process, "name", name);
		const char *state = record_get(&process, "ended")     ? "ended"
				    : record_get(&process, "dying")   ? "ending"
				    : record_get(&process, "started") ? "runs"
								      : "not begun";
		const char *cause = schema_value_name(FIELD_CRASH_CAUSE, record_get(&process, "crash_cause"));
		fprintf(dump->out, "  %4" PRIu64 "  %-16s  %7" PRIu64 "  %5" PRIu64 "  0x%03" PRIx64 "  %-9s",
			record_get(&process, "id"), name, record_get(&process, "threads"), record_get(&process, "space.id"),
			record_get(&process, "space.active"), state);
		if (record_get(&process, "crashed"))
			fprintf(dump->out, "  crashed: %s\n", cause ? cause : "?");
		else
			fprintf(dump->out, "  %" PRId64 "\n", (int64_t)record_get(&process, "exit_status"));
	}
}

/* ---- mappings ---- */

static void print_mapping(struct dump *dump, const struct record *mapping, const char *segment)
{
	uint64_t object = record_get(mapping, "object"), kind = 0, start = record_get(mapping, "start");
	(void)field_read(dump, "vm_object", object, "kind", &kind);
	const char *text = schema_value_name(FIELD_OBJECT_KIND, kind);
	fprintf(dump->out, "  %-7s  0x%012" PRIx64 "  0x%012" PRIx64 "  %6" PRIu64 "  %s  %s  %6" PRIu64 "  %6" PRIu64 "  %s%s\n",
		segment, start, start + record_get(mapping, "bytes"), record_get(mapping, "bytes") / DUMP_PAGE,
		rights_text(record_get(mapping, "rights")), rights_text(record_get(mapping, "rights_max")),
		kobj_id(dump, "vm_object", object), record_get(mapping, "first_page"), text ? text : "?",
		record_get(mapping, "window") ? " (window)" : "");
}

/* One segment of a process: its mappings in order, none over another, each within. */
static void print_segment(struct dump *dump, uint64_t address)
{
	struct record segment, mapping;
	uint64_t at, last = 0;
	if (!record_load(dump, &segment, "segment", address)) {
		dump_corrupt(dump, "a segment at 0x%" PRIx64, address);
		return;
	}
	const char *kind = schema_value_name(FIELD_SEGMENT_KIND, record_get(&segment, "kind"));
	uint64_t base = record_get(&segment, "base"), bytes = record_get(&segment, "bytes");
	struct list_walk walk = list_begin(dump, "mappings", record_address(&segment, "mappings"), "mapping", "node");
	while (list_next(&walk, &at)) {
		if (!record_load(dump, &mapping, "mapping", at)) {
			dump_corrupt(dump, "a mapping at 0x%" PRIx64, at);
			break;
		}
		uint64_t start = record_get(&mapping, "start"), length = record_get(&mapping, "bytes");
		print_mapping(dump, &mapping, kind ? kind : "?");
		if (start < last || start < base || length > bytes || start - base > bytes - length)
			dump_corrupt(dump, "that mapping is out of order, or of its segment");
		last = start + length;
	}
}

void section_mappings(struct dump *dump)
{
	struct record process;
	uint64_t segments = layout_number(dump, "limit", "segments", 0);
	const struct layout_row *row = layout_find(dump, "segment", "");
	dump_collect(dump);
	for (size_t i = 0; row && i < dump->processes.count; i++) {
		char name[DUMP_NAME_CHARS];
		if (!record_load(dump, &process, "aspace", dump->processes.address[i]))
			continue; /* the section `processes` says so */
		process_text(dump, dump->processes.address[i], name);
		fprintf(dump->out, "  process %s\n", name);
		fprintf(dump->out, "  %-7s  %-14s  %-14s  %6s  %-3s  %-3s  %6s  %6s  %s\n", "segment", "start", "end", "pages",
			"may", "max", "object", "from", "pages come from");
		uint64_t first = record_address(&process, "segments");
		for (uint64_t n = 0; n < segments && n < 16; n++)
			print_segment(dump, first + n * row->bytes);
	}
}

/* ---- objects ---- */

/* Counts the slots of one chunk by state. False if it cannot be read. */
static bool count_chunk(struct dump *dump, uint64_t chunk, uint64_t states[SLOT_STATES_MAX])
{
	uint64_t *words = words_load(dump, chunk, DUMP_PAGE / 8), mask = layout_number(dump, "slot", "state_mask", 0);
	if (!words)
		return false;
	for (size_t i = 0; i < DUMP_PAGE / 8; i++)
		states[(words[i] & mask) % SLOT_STATES_MAX]++;
	free(words);
	return true;
}

/* Counts all slots of an object. Returns how many of its chunks cannot be read. */
static unsigned count_slots(struct dump *dump, const struct record *object, uint64_t states[SLOT_STATES_MAX])
{
	uint64_t *chunks, table = record_get(object, "chunks"), pages = record_get(object, "pages");
	uint64_t in_chunk = layout_number(dump, "slot", "slots_in_chunk", DUMP_PAGE / 8);
	unsigned bad = 0;
	memset(states, 0, SLOT_STATES_MAX * sizeof(*states));
	if (!table)
		return 0;
	chunks = words_load(dump, table, DUMP_PAGE / 8);
	if (!chunks)
		return 1;
	for (uint64_t i = 0; i < DUMP_PAGE / 8 && i * in_chunk < pages; i++)
		if (chunks[i])
			bad += !count_chunk(dump, chunks[i], states);
	free(chunks);
	return bad;
}

static void print_object(struct dump *dump, const struct record *object)
{
	uint64_t states[SLOT_STATES_MAX], present = record_get(object, "present"), with_frame = 0;
	const char *kind = schema_value_name(FIELD_OBJECT_KIND, record_get(object, "kind"));
	unsigned bad = count_slots(dump, object, states);
	uint64_t references = 0, source = record_get(object, "source"), endpoint = record_get(object, "endpoint");
	(void)field_read(dump, "kobj", record_address(object, "kobj"), "references", &references);
	fprintf(dump->out, "  %6" PRIu64 "  %6" PRIu64 "  %7" PRIu64 "  %4" PRIu64 "  %8" PRIu64 "  %s",
		kobj_id(dump, "vm_object", object->address), record_get(object, "pages"), present, references,
		list_length(dump, record_address(object, "mappings")), kind ? kind : "?");
	if (source)
		fprintf(dump->out, "; of object %" PRIu64 " from page %" PRIu64, kobj_id(dump, "vm_object", source),
			record_get(object, "source_page"));
	if (endpoint)
		fprintf(dump->out, "; endpoint %" PRIu64 ", key %" PRIu64 ", %" PRIu64 " requests",
			kobj_id(dump, "endpoint", endpoint), record_get(object, "key"),
			list_length(dump, record_address(object, "requests")));
	for (unsigned i = 1; i < SLOT_STATES_MAX; i++) {
		const char *state = schema_value_name(FIELD_SLOT_STATE, i);
		with_frame += states[i];
		if (states[i] && i != SLOT_PRESENT)
			fprintf(dump->out, "; %" PRIu64 " %s", states[i], state ? state : "in no state there is");
	}
	fputc('\n', dump->out);
	if (bad)
		dump_corrupt(dump, "%u chunks of its slots cannot be read", bad);
	else if (record_get(object, "chunks") && with_frame != present)
		dump_corrupt(dump, "its slots have %" PRIu64 " pages with a frame", with_frame);
}

void section_objects(struct dump *dump)
{
	struct record object;
	dump_collect(dump);
	fprintf(dump->out, "  %6s  %6s  %7s  %4s  %8s  %s\n", "id", "pages", "present", "refs", "mappings", "pages come from");
	for (size_t i = 0; i < dump->objects.count; i++)
		if (record_load(dump, &object, "vm_object", dump->objects.address[i]))
			print_object(dump, &object);
		else
			dump_corrupt(dump, "an object at 0x%" PRIx64, dump->objects.address[i]);
}
