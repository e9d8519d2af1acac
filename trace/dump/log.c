/*
 * Sections `rcu`, `log`, `events`: what waits to be freed, what the kernel printed, and the last it did on each CPU.
 *
 * Teaches: a ring of events in RAM is a flight recorder: it needs nobody who reads it, and after a crash the last thing that each CPU
 * did is there. Who calls: dump.c. Whom: print_event.h for an event as text.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "../../kernel/abi/trace_ring.h"
#include "dump/dump.h"
#include "print_event.h"
#include "schema.h"

#define CPUS_MAX 64
#define CALLBACKS_SHOWN 20
#define CALLBACKS_MAX 100000
#define LOG_BYTES_MAX (UINT64_C(1) << 20)

/* ---- rcu ---- */

/* One word in the image that a root names; 0 if there is none. */
static uint64_t word_at(struct dump *dump, const char *label)
{
	const struct descriptor_entry *entry = image_root(&dump->image, label);
	uint64_t word = 0;
	if (entry)
		(void)image_read_words(&dump->image, entry->paddr, &word, 1);
	return word;
}

/* What waits in one of a CPU's lists, the first of them by name. Returns how many. */
static uint64_t print_callbacks(struct dump *dump, const char *list, uint64_t head)
{
	struct record record;
	uint64_t count = 0, kind;
	for (; head && count < CALLBACKS_MAX; count++) {
		if (!record_load(dump, &record, "rcu_head", head)) {
			dump_corrupt(dump, "%s: a callback at 0x%" PRIx64, list, head);
			return count;
		}
		head = record_get(&record, "next");
		if (count == CALLBACKS_SHOWN)
			fputs("      and more", dump->out);
		if (count >= CALLBACKS_SHOWN)
			continue;
		bool known = field_read(dump, "rcu_class", record_get(&record, "class"), "kind", &kind);
		const char *text = known ? schema_value_name(FIELD_RCU_KIND, kind) : NULL;
		fprintf(dump->out, "      %-7s  %s, id %" PRIu64 "\n", list, text ? text : "?", record_get(&record, "id"));
	}
	if (count > CALLBACKS_SHOWN)
		fprintf(dump->out, ": %" PRIu64 " in all\n", count);
	if (head)
		dump_corrupt(dump, "%s: the list does not end", list);
	return count;
}

static void print_rcu_cpu(struct dump *dump, const struct record *cpu, bool holds)
{
	uint64_t count = 0, waiting = record_get(cpu, "rcu.waiting");
	fprintf(dump->out, "    cpu %" PRIu64 "%s: %" PRIu64 " callbacks", record_get(cpu, "index"),
		holds ? " holds the period up" : "", waiting);
	if (record_get(cpu, "rcu.period"))
		fprintf(dump->out, ", the current ones wait for period %" PRIu64, record_get(cpu, "rcu.period"));
	if (record_get(cpu, "rcu.freeing"))
		fprintf(dump->out, ", is freeing what waited for period %" PRIu64, record_get(cpu, "rcu.freeing"));
	fputc('\n', dump->out);
	count += print_callbacks(dump, "next", record_get(cpu, "rcu.next.first"));
	count += print_callbacks(dump, "current", record_get(cpu, "rcu.current.first"));
	count += print_callbacks(dump, "done", record_get(cpu, "rcu.done.first"));
	if (count != waiting)
		dump_corrupt(dump, "the lists hold %" PRIu64, count);
}

void section_rcu(struct dump *dump)
{
	const struct descriptor_entry *cpus = image_root(&dump->image, "cpus");
	uint64_t started = word_at(dump, "rcu-started"), completed = word_at(dump, "rcu-completed"),
		 holding = word_at(dump, "rcu-holding");
	struct record cpu;
	fprintf(dump->out, "  last period begun %" PRIu64 ", over %" PRIu64 ", wanted %" PRIu64 "%s\n", started, completed,
		word_at(dump, "rcu-wanted"), started == completed ? "; none is at hand" : "");
	for (uint64_t i = 0; cpus && i < cpus->count && i < CPUS_MAX; i++)
		if (record_load(dump, &cpu, "cpu", cpus->paddr + i * cpus->stride + dump->image.descriptor.image_offset))
			print_rcu_cpu(dump, &cpu, holding >> i & 1);
}

/* ---- the kernel's log ---- */

void section_log(struct dump *dump)
{
	const struct descriptor_entry *log = image_root(&dump->image, "kernel-log");
	uint64_t end = word_at(dump, "kernel-log-end");
	char *text = log && log->bytes && log->bytes <= LOG_BYTES_MAX ? malloc(log->bytes) : NULL;
	if (!text || !image_read(&dump->image, log->paddr, text, log->bytes)) {
		dump_corrupt(dump, "the log does not lie in the image");
		free(text);
		return;
	}
	bool at_start = true;
	for (uint64_t at = end > log->bytes ? end - log->bytes : 0; at < end; at++) {
		char c = text[at % log->bytes];
		if (at_start)
			fputs("  | ", dump->out);
		at_start = c == '\n';
		if (c != '\r')
			fputc(c == '\n' || c == '\t' || (c >= ' ' && c <= '~') ? c : '?', dump->out);
	}
	if (!at_start)
		fputc('\n', dump->out);
	free(text);
}

/* ---- events ---- */

/* The ring of one CPU, in this host's byte order: the words of struct trace_ring. */
struct ring {
	uint64_t head, slot_mask, categories, header_base, slots, slots_paddr;
};

/* Prints event `number` of a CPU if its slot holds it whole. */
static void print_slot(struct dump *dump, const struct ring *ring, unsigned cpu, uint64_t number)
{
	uint64_t slot[TRACE_SLOT_WORDS];
	struct trace_event event = {.index = number, .cpu = cpu};
	if (!image_read_words(&dump->image, ring->slots_paddr + (number & ring->slot_mask) * TRACE_SLOT_BYTES, slot,
			      TRACE_SLOT_WORDS)) {
		dump_corrupt(dump, "event %" PRIu64 " lies outside of the image", number);
		return;
	}
	event.ticks = slot[0];
	event.id = TRACE_ID(slot[1]);
	event.schema = schema_event(event.id);
	event.fields = event.schema ? event.schema->fields : 0;
	if (TRACE_SEQUENCE(slot[1]) != (uint32_t)number || !event.schema || TRACE_WORDS(slot[1]) != event.fields + 2) {
		fprintf(dump->out, "    %7" PRIu64 "  not written whole\n", number);
		return;
	}
	for (unsigned i = 0; i < event.fields; i++)
		event.field[i] = slot[2 + i];
	const struct descriptor *d = &dump->image.descriptor;
	double us = d->clock_hz ? (double)(int64_t)(event.ticks - d->boot_ticks) / (double)d->clock_hz * 1e6 : 0;
	fprintf(dump->out, "    %7" PRIu64 "  %14.3f us  ", number, us);
	print_event_fields(dump->out, &event, d->clock_hz);
}

void section_events(struct dump *dump)
{
	const struct descriptor_entry *rings = image_root(&dump->image, "trace-ring");
	if (dump->image.descriptor.schema_hash != schema_hash()) {
		fprintf(dump->out,
			"  the kernel was built from another trace/events.h (%016" PRIx64 ") than this program (%016" PRIx64
			")\n",
			dump->image.descriptor.schema_hash, schema_hash());
		dump_corrupt(dump, "no event can be read");
		return;
	}
	if (!rings)
		fputs("  the kernel has not made its rings yet\n", dump->out);
	for (unsigned i = 0; rings && i < rings->count && i < CPUS_MAX; i++) {
		struct ring ring = {0};
		bool read = image_read_words(&dump->image, rings->paddr + i * rings->stride, &ring.head, sizeof(ring) / 8);
		uint64_t mask = ring.slot_mask;
		if (!read || (mask & (mask + 1)) != 0 || mask > dump->image.bytes / TRACE_SLOT_BYTES) {
			dump_corrupt(dump, "the ring of CPU %u", i);
			continue;
		}
		uint64_t shown = ring.head < dump->events ? ring.head : dump->events;
		fprintf(dump->out, "  cpu %u: %" PRIu64 " events, the last %" PRIu64 "\n", i, ring.head, shown);
		for (uint64_t number = ring.head - shown; number != ring.head; number++)
			print_slot(dump, &ring, i, number);
	}
}
