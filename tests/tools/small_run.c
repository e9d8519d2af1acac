/*
 * A small run, and its file in memory: see small_run.h.
 */
#include "small_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <byteswap.h>
#include <cmocka.h>
#include <zlib.h>

#include "../../kernel/abi/descriptor.h"
#include "../../kernel/abi/trace_ring.h"

uint8_t file_bytes[FILE_BYTES_MAX] __attribute__((aligned(8)));
size_t file_size;
char sentence[1024];
static int file = -1;
char small_run_path[64];

uint64_t small_run_word(uint64_t word, bool swapped)
{
	return swapped ? bswap_64(word) : word;
}

void small_run_add(struct writer *writer, unsigned cpu, uint64_t ticks, const char *name, uint64_t first, bool swapped)
{
	const struct event_schema *event = schema_event_named(name);
	uint64_t slot[TRACE_SLOT_WORDS] = {small_run_word(ticks, swapped)};
	uint32_t sequence = (uint32_t)writer_next_sequence(writer, cpu);
	slot[1] = small_run_word(trace_header(sequence, cpu, event->id, event->fields + 2), swapped);
	for (unsigned i = 0; i < event->fields; i++)
		slot[2 + i] = small_run_word(first + i, swapped);
	writer_add_slots(writer, cpu, slot, 1);
}

const struct format_header small_run_header = {
	.machine = "x86_64",
	.mmu = "radix4",
	.program = "small",
	.build_id = "build",
	.clock_hz = 512000000,
	.boot_ticks = 100,
	.user_ticks = 110,
	.seed = 7,
	.categories = TRACE_ALL,
	.exit_status = 3,
	.verdict = VERDICT_FINISHED,
	.ending = ENDING_FINISHED,
	.flags = FORMAT_FLAG_ICOUNT,
	.cpus_online = CPUS,
};

void small_run_take(struct writer *writer, const char *stored)
{
	struct format_header header = small_run_header;
	writer_store(writer, &header, stored);
	assert_null(writer_error(writer));
	writer_close(writer);
	FILE *from = fopen(stored, "rb");
	assert_non_null(from);
	file_size = fread(file_bytes, 1, sizeof(file_bytes) - 1, from);
	fclose(from);
	remove(stored);
}

/* Two CPUs that take turns in time, with a tie, an event of each size and a gap on CPU 1; CPU 2 has no event. */
void small_run_make(bool swapped)
{
	static const char *const names[] = {"idle_begin", "free_pages", "irq_exit", "fault_end", "thread_exit", "fault_begin"};
	char stored[64];
	struct writer *writer = writer_open("/tmp", CPUS, swapped);
	for (unsigned i = 0; i < EVENTS_OF_CPU; i++) {
		small_run_add(writer, 0, 100 + 10 * i, names[i % 6], i, swapped);
		if (i == 4)
			writer_add_gap(writer, 1, LOST);
		small_run_add(writer, 1, i == 2 ? 120 : 103 + 10 * i, names[(i + 1) % 6], i, swapped);
	}
	snprintf(stored, sizeof(stored), "/tmp/small_run.%d", (int)getpid());
	small_run_take(writer, stored);
}

/* ---- reading the bytes in memory as a file ---- */

void small_run_put(const uint8_t *bytes, size_t size)
{
	static size_t size_before;
	if (size != size_before)
		assert_int_equal(ftruncate(file, (off_t)size), 0);
	size_before = size;
	assert_int_equal(pwrite(file, bytes, size, 0), size);
}

/* Reads everything. Returns how many events and gaps there were, -1 if it ended in an error; the sentence is kept. */
int small_run_read(void)
{
	struct trace_event event;
	int count = 0, more;
	memset(sentence, 0, sizeof(sentence));
	struct trace_reader *reader = trace_open(small_run_path, sentence, sizeof(sentence));
	if (!reader)
		return -1;
	while ((more = trace_next(reader, &event)) == 1) {
		assert_true(event.fields <= EVENT_FIELDS_MAX);
		assert_true(event.cpu < trace_info(reader)->cpus);
		assert_true((event.schema == NULL) == (event.id == TRACE_EVENT_GAP));
		count++;
	}
	if (more < 0)
		snprintf(sentence, sizeof(sentence), "%s", trace_error(reader));
	assert_int_equal(trace_next(reader, &event), more);
	trace_close(reader);
	return more < 0 ? -1 : count;
}

/* The file ends in an error, and the error is a sentence that speaks of this. */
void small_run_refused(const char *about)
{
	assert_int_equal(small_run_read(), -1);
	if (!strstr(sentence, about))
		fail_msg("expected `%s` in: %s", about, sentence);
}

struct format_head *small_run_head(void)
{
	return (struct format_head *)file_bytes;
}

/* Makes the checksums of all records that lie where the table says right. */
void small_run_correct_records(uint8_t *bytes, bool swapped)
{
	struct format_cpu *row = ((struct format_head *)bytes)->cpu;
	for (unsigned i = 0; i < CPUS; i++) {
		uint64_t offset = small_run_word(row[i].offset, swapped), size = small_run_word(row[i].bytes, swapped);
		if (offset <= file_size && size <= file_size - offset)
			row[i].checksum = small_run_word(crc32_z(0, bytes + offset, size), swapped);
	}
}

void small_run_correct_head(uint8_t *bytes, bool swapped)
{
	struct format_header *header = (struct format_header *)bytes;
	uint32_t size = swapped ? bswap_32(header->header_bytes) : header->header_bytes;
	header->checksum = 0;
	if (size <= file_size)
		header->checksum = small_run_word(format_checksum(FORMAT_CHECKSUM_START, bytes, size), swapped);
}

int small_run_start(void **state)
{
	(void)state;
	file = memfd_create("trace", 0);
	snprintf(small_run_path, sizeof(small_run_path), "/proc/self/fd/%d", file);
	return file < 0;
}

int small_run_stop(void **state)
{
	(void)state;
	close(file);
	return 0;
}
