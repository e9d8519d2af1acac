/*
 * forget trace EVENT N[-M] IN OUT: the run IN as OUT/run.vtrace, but for the N-th EVENT (from 1), or the N-th to M-th, as if the kernel had
 * never emitted it.
 * forget witness N IN OUT: the witness of IN as OUT/witness, but for the N-th trap, as if it had never come.
 *
 * Teaches: to test that a lie is found, one has to lie well: what is left is whole and its checksums are right.
 * Who calls: tests/e2e/witness.sh. It prints the line of `vitrine events` for the first that it has left out, or the trap's instruction and CPU.
 */
#include <byteswap.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernel/abi/trace_ring.h"
#include "format.h"
#include "print_event.h"
#include "reader.h"
#include "witness/witness.h"
#include "writer.h"

static char error[640];

static int fail(const char *why)
{
	return fprintf(stderr, "forget: %s\n", why), 1;
}

static void describe(const struct trace_info *info, struct format_header *header)
{
	memcpy(header->machine, info->machine, sizeof(header->machine));
	memcpy(header->mmu, info->mmu, sizeof(header->mmu));
	memcpy(header->program, info->program, sizeof(header->program));
	memcpy(header->build_id, info->build_id, sizeof(header->build_id));
	header->clock_hz = info->clock_hz;
	header->boot_ticks = info->boot_ticks;
	header->user_ticks = info->user_ticks;
	header->seed = info->seed;
	header->categories = info->categories;
	header->exit_status = (uint64_t)info->exit_status;
	header->verdict = info->verdict;
	header->ending = info->ending;
	header->flags = info->icount ? FORMAT_FLAG_ICOUNT : 0;
	header->cpus_online = info->cpus_online;
}

static void add(struct writer *writer, const struct trace_event *event, bool swapped)
{
	uint64_t slot[TRACE_SLOT_WORDS] = {event->ticks};
	slot[1] = trace_header((uint32_t)writer_next_sequence(writer, event->cpu), event->cpu, event->id, event->fields + 2);
	memcpy(slot + 2, event->field, event->fields * sizeof(slot[0]));
	for (unsigned i = 0; swapped && i < TRACE_SLOT_WORDS; i++)
		slot[i] = bswap_64(slot[i]);
	writer_add_slots(writer, event->cpu, slot, 1);
}

static int forget_events(const char *name, uint64_t first, uint64_t last, const char *in, const char *out)
{
	struct format_header header = {0};
	struct trace_event event;
	char path[512];
	uint64_t number = 0;
	struct trace_reader *reader = trace_open(in, error, sizeof(error));
	if (!reader)
		return fail(error);
	const struct trace_info *info = trace_info(reader);
	bool swapped = !strcmp(info->machine, "ppc64");
	struct writer *writer = writer_open(out, info->cpus, swapped);
	describe(info, &header);
	while (trace_next(reader, &event) > 0) {
		if (event.id == TRACE_EVENT_GAP)
			return fail("the run has gaps");
		number += !strcmp(event.schema->name, name);
		if (strcmp(event.schema->name, name) != 0 || number < first || number > last)
			add(writer, &event, swapped);
		else if (number == first)
			print_event(stdout, reader, &event);
	}
	trace_close(reader);
	snprintf(path, sizeof(path), "%s/run.vtrace", out);
	writer_store(writer, &header, path);
	if (writer_error(writer) || number < last || first == 0)
		return fail(number < last || first == 0 ? "there are not so many of those" : writer_error(writer));
	writer_close(writer);
	return 0;
}

static int forget_trap(uint64_t number, const char *in, const char *out)
{
	char path[512];
	struct witness *witness = witness_open(in, error, sizeof(error));
	if (!witness || number == 0 || number > witness->header->exceptions)
		return fail(witness ? "there are not so many traps" : error);
	struct witness_header header = *witness->header;
	const struct witness_exception *gone = &witness->exceptions[number - 1];
	size_t before = (size_t)((const char *)gone - (const char *)(witness->header + 1));
	size_t behind = (size_t)(header.exceptions - number) * sizeof(*gone);
	header.exceptions--;
	header.checksum = 0;
	header.checksum = format_checksum(FORMAT_CHECKSUM_START, &header, sizeof(header));
	header.checksum = format_checksum(header.checksum, witness->header + 1, before);
	header.checksum = format_checksum(header.checksum, gone + 1, behind);
	snprintf(path, sizeof(path), "%s/witness", out);
	FILE *file = fopen(path, "wb");
	if (!file || fwrite(&header, sizeof(header), 1, file) != 1 || fwrite(witness->header + 1, 1, before, file) != before ||
	    fwrite(gone + 1, 1, behind, file) != behind || fclose(file) != 0)
		return fail("the file could not be written");
	printf("%" PRIu64 " %u\n", gone->when, gone->cpu);
	witness_close(witness);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 6 && !strcmp(argv[1], "trace")) {
		char *end;
		uint64_t first = strtoull(argv[3], &end, 10);
		return forget_events(argv[2], first, *end == '-' ? strtoull(end + 1, NULL, 10) : first, argv[4], argv[5]);
	}
	if (argc == 5 && !strcmp(argv[1], "witness"))
		return forget_trap(strtoull(argv[2], NULL, 10), argv[3], argv[4]);
	return fail("usage: forget trace EVENT N[-M] IN OUT | forget witness N IN OUT") + 1;
}
