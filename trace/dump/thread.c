/*
 * Sections `run`, `cpus`, `threads`, `queues`: who runs, who could, and what the others wait for.
 *
 * Teaches: a thread that does not run is only a record. What it waits for stands in it; in which queue it is, the links tell; and the two
 * have to agree. Who calls: dump.c.
 */
#include <inttypes.h>
#include <string.h>

#include "../../kernel/abi/trace_enums.h"
#include "dump/dump.h"
#include "schema.h"

#define CPUS_MAX 64

void section_run(struct dump *dump)
{
	const struct descriptor *d = &dump->image.descriptor;
	const char *verdict = schema_value_name(FIELD_VERDICT, d->verdict);
	fprintf(dump->out, "  machine   %s, %s, %u of %u CPUs, %" PRIu64 " MiB of RAM, %s-endian\n", d->machine, d->mmu,
		d->cpus_online, d->cpus_present, dump->image.bytes >> 20, !strcmp(d->machine, "ppc64") ? "big" : "little");
	fprintf(dump->out, "  kernel    build %s, at 0x%" PRIx64 " + physical; all RAM at 0x%" PRIx64 " + physical\n",
		d->build_id, d->image_offset, d->direct_offset);
	fprintf(dump->out, "  program   %s, seed %" PRIu64 "\n", d->program, d->seed);
	fprintf(dump->out, "  verdict   %s", verdict ? verdict : "(corrupt: no such verdict)");
	if (d->verdict == VERDICT_RUNNING)
		fputs("; if it still runs, what follows may change while it is read", dump->out);
	else
		fprintf(dump->out, "; status %" PRId64, (int64_t)d->exit_status);
	fprintf(dump->out, "\n  clock     %" PRIu64 " Hz, %" PRIu64 " at kernel entry\n", d->clock_hz, d->boot_ticks);
}

/* ---- threads ---- */

/* The number of a thread, or 0. */
static uint64_t thread_id(struct dump *dump, uint64_t thread)
{
	uint64_t id = 0;
	if (thread)
		(void)field_read(dump, "thread", thread, "id", &id);
	return id;
}

void section_cpus(struct dump *dump)
{
	const struct descriptor_entry *cpus = image_root(&dump->image, "cpus");
	struct record cpu;
	fputs("  cpu  hw id  state    thread   next  lock  hazards  callbacks\n", dump->out);
	for (uint64_t i = 0; cpus && i < cpus->count && i < CPUS_MAX; i++) {
		if (!record_load(dump, &cpu, "cpu", cpus->paddr + i * cpus->stride + dump->image.descriptor.image_offset)) {
			dump_corrupt(dump, "CPU %" PRIu64 " lies outside of the image", i);
			break;
		}
		const char *state = !record_get(&cpu, "online")   ? "offline"
				    : record_get(&cpu, "idle")    ? "idle"
				    : record_get(&cpu, "current") ? "runs"
								  : "kernel";
		fprintf(dump->out,
			"  %3" PRIu64 "  %5" PRIu64 "  %-7s  %6" PRIu64 "  %5" PRIu64 "  %4" PRIu64 "  0x%05" PRIx64 "  %" PRIu64
			"\n",
			record_get(&cpu, "index"), record_get(&cpu, "hw_id"), state, thread_id(dump, record_get(&cpu, "current")),
			thread_id(dump, record_get(&cpu, "next")), record_get(&cpu, "lock_level"), record_get(&cpu, "hazards"),
			record_get(&cpu, "rcu.waiting"));
	}
}

/* The record whose wait queue `field` the thread is on: the address of one is known by the address of the other. */
static uint64_t waits_in(struct dump *dump, const struct record *thread, const char *structure, const char *field)
{
	const struct layout_row *row = layout_find(dump, structure, field);
	uint64_t queue = record_get(thread, "waits_on");
	return row && queue > row->offset ? queue - row->offset : 0;
}

/* What more there is to say of what a blocked thread waits for. */
static void print_place(struct dump *dump, const struct record *thread, uint64_t reason)
{
	uint64_t endpoint = record_get(thread, "page_endpoint"), key = record_get(thread, "wait_key");
	char process[DUMP_NAME_CHARS];
	process_text(dump, waits_in(dump, thread, "aspace", "waiters"), process);
	if (reason == SWITCH_JOIN && key)
		fprintf(dump->out, ": thread %" PRIu64, key);
	else if (reason == SWITCH_JOIN)
		fputs(": any", dump->out);
	else if (reason == SWITCH_WORD && record_get(thread, "sync.armed") == 1)
		fprintf(dump->out, ": object %" PRIu64 " + 0x%" PRIx64, record_get(thread, "sync.one.object"),
			record_get(thread, "sync.one.offset"));
	else if (reason == SWITCH_WORD)
		fprintf(dump->out, ": %" PRIu64 " words", record_get(thread, "sync.armed"));
	else if (reason == SWITCH_RECEIVE)
		fprintf(dump->out, ": endpoint %" PRIu64,
			kobj_id(dump, "endpoint", waits_in(dump, thread, "endpoint", "receivers")));
	else if (reason == SWITCH_CALL &&
		 field_read(dump, "ipc_message", waits_in(dump, thread, "ipc_message", "caller"), "endpoint", &endpoint))
		fprintf(dump->out, ": endpoint %" PRIu64, kobj_id(dump, "endpoint", endpoint));
	else if (reason == SWITCH_PROCESS)
		fprintf(dump->out, ": %s", process);
	else if (reason == SWITCH_PAGE || reason == SWITCH_MEMORY || reason == SWITCH_WRITTEN)
		fprintf(dump->out, ": address 0x%" PRIx64 ", pc 0x%" PRIx64, record_get(thread, "fault.address"),
			record_get(thread, "fault.pc"));
	if (reason == SWITCH_PAGE && endpoint)
		fprintf(dump->out, ", from endpoint %" PRIu64, kobj_id(dump, "endpoint", endpoint));
	if (record_get(thread, "wake_at") != UINT64_MAX && record_get(thread, "sleeps_on"))
		fprintf(dump->out, "; until tick %" PRIu64, record_get(thread, "wake_at"));
}

static void print_thread(struct dump *dump, const struct record *thread)
{
	char name[DUMP_NAME_CHARS], process[DUMP_NAME_CHARS];
	uint64_t state = record_get(thread, "state"), reason = record_get(thread, "blocked_for");
	const char *text = schema_value_name(FIELD_SWITCH_REASON, reason),
		   *state_text = layout_number_name(dump, "thread_state", state);
	record_text(thread, "name", name);
	process_text(dump, record_get(thread, "aspace"), process);
	fprintf(dump->out, "  %4" PRIu64 "  %-16s  %-20s  %3" PRIu64 "  %-7s  ", record_get(thread, "id"), name, process,
		record_get(thread, "cpu"), state_text);
	if (state == layout_number(dump, "thread_state", "blocked", UINT64_MAX)) {
		fputs(text ? text : "?", dump->out);
		print_place(dump, thread, reason);
	} else if (record_get(thread, "crashed")) {
		const char *cause = schema_value_name(FIELD_CRASH_CAUSE, record_get(thread, "crash_cause"));
		fprintf(dump->out, "crashed: %s", cause ? cause : "?");
	} else if (state == layout_number(dump, "thread_state", "exited", UINT64_MAX)) {
		fprintf(dump->out, "status %" PRId64, (int64_t)record_get(thread, "exit_status"));
	}
	if (record_get(thread, "killed") || record_get(thread, "doomed"))
		fputs("; is to end", dump->out);
	fputc('\n', dump->out);
	if (state_text[0] == '?')
		dump_corrupt(dump, "thread state %" PRIu64, state);
}

void section_threads(struct dump *dump)
{
	struct record thread;
	dump_collect(dump);
	fprintf(dump->out, "  %4s  %-16s  %-20s  %3s  %-7s  %s\n", "id", "name", "process", "cpu", "state", "waits for");
	for (size_t i = 0; i < dump->threads.count; i++)
		if (record_load(dump, &thread, "thread", dump->threads.address[i]))
			print_thread(dump, &thread);
		else
			dump_corrupt(dump, "the table of threads leads to 0x%" PRIx64, dump->threads.address[i]);
}

/* ---- queues ---- */

/* One list of threads for each CPU. */
static void print_queues(struct dump *dump, const char *label, const char *what)
{
	const struct descriptor_entry *queues = image_root(&dump->image, label);
	for (uint64_t i = 0; queues && i < queues->count && i < CPUS_MAX; i++) {
		uint64_t thread, head = queues->paddr + i * queues->stride, first = 0;
		fprintf(dump->out, "  cpu %" PRIu64 "  %-8s", i, what);
		if (!image_read_words(&dump->image, head, &first, 1) || !first) { /* of a kernel that has not come so far */
			fputs("  not made yet\n", dump->out);
			continue;
		}
		struct list_walk walk =
			list_begin(dump, label, head + dump->image.descriptor.image_offset, "thread", "queue_node");
		uint64_t count = 0;
		for (; list_next(&walk, &thread); count++) {
			uint64_t id = 0, at = 0;
			(void)field_read(dump, "thread", thread, "id", &id);
			(void)field_read(dump, "thread", thread, "wake_at", &at);
			fprintf(dump->out, "  %" PRIu64, id);
			if (!strcmp(label, "sleepers"))
				fprintf(dump->out, " (until tick %" PRIu64 ")", at);
		}
		fputs(count ? "\n" : "  nobody\n", dump->out);
	}
}

void section_queues(struct dump *dump)
{
	print_queues(dump, "run-queues", "ready");
	print_queues(dump, "sleepers", "sleeping");
}
