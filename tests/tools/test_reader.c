/*
 * The .vtrace reader: good files are read whole and in order, bad ones end in a sentence.
 *
 * Teaches: a fuzz test that repeats. Every truncation, every flipped bit of a small file and thousands of random mutations are
 * tried, always the same ones, under ASan and UBSan and with a bound on what may be allocated. A mutation is tried with the
 * checksums left wrong, when it must be found, and with the checksums made right, because a checksum only keeps accidents out.
 */
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
#include "../../trace/format.h"
#include "../../trace/reader.h"
#include "../../trace/writer.h"

/* A damaged count must never become a large allocation: ASan ends the test if it does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "max_allocation_size_mb=16:allocator_may_return_null=0";
}

#define CPUS 3
#define EVENTS_OF_CPU 8
#define LOST 5

static uint8_t file_bytes[1 << 16] __attribute__((aligned(8)));
static size_t file_size;
static int file = -1;
static char path[64];

/* ---- a small run ---- */

static uint64_t guest(uint64_t word, bool swapped)
{
	return swapped ? bswap_64(word) : word;
}

static void add_event(struct writer *writer, unsigned cpu, uint64_t ticks, const char *name, uint64_t first, bool swapped)
{
	const struct event_schema *event = schema_event_named(name);
	uint64_t slot[TRACE_SLOT_WORDS] = {guest(ticks, swapped)};
	uint32_t sequence = (uint32_t)writer_next_sequence(writer, cpu);
	slot[1] = guest(trace_header(sequence, cpu, event->id, event->fields + 2), swapped);
	for (unsigned i = 0; i < event->fields; i++)
		slot[2 + i] = guest(first + i, swapped);
	writer_add_slots(writer, cpu, slot, 1);
}

static const struct format_header header_of_run = {
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

/* Takes what the writer stored in the test's file into memory. */
static void take_file(struct writer *writer, const char *stored)
{
	struct format_header header = header_of_run;
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
static void make_run(bool swapped)
{
	static const char *const names[] = {"idle_begin", "free_pages", "irq_exit", "fault_end", "thread_exit", "fault_begin"};
	char stored[64];
	struct writer *writer = writer_open("/tmp", CPUS, swapped);
	for (unsigned i = 0; i < EVENTS_OF_CPU; i++) {
		add_event(writer, 0, 100 + 10 * i, names[i % 6], i, swapped);
		if (i == 4)
			writer_add_gap(writer, 1, LOST);
		add_event(writer, 1, i == 2 ? 120 : 103 + 10 * i, names[(i + 1) % 6], i, swapped);
	}
	snprintf(stored, sizeof(stored), "/tmp/test_reader.%d", (int)getpid());
	take_file(writer, stored);
}

/* ---- reading the bytes in memory as a file ---- */

static void put_file(const uint8_t *bytes, size_t size)
{
	assert_int_equal(ftruncate(file, 0), 0);
	assert_int_equal(pwrite(file, bytes, size, 0), size);
}

/* Reads everything. Returns how many events and gaps there were, -1 if it ended in an error; the sentence is kept. */
static char sentence[1024];

static int read_all(void)
{
	struct trace_event event;
	int count = 0, more;
	memset(sentence, 0, sizeof(sentence));
	struct trace_reader *reader = trace_open(path, sentence, sizeof(sentence));
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
static void assert_refused(const char *about)
{
	assert_int_equal(read_all(), -1);
	if (!strstr(sentence, about))
		fail_msg("expected `%s` in: %s", about, sentence);
}

static struct format_head *head(void)
{
	return (struct format_head *)file_bytes;
}

/* Makes the checksums of all records that lie where the table says right. */
static void correct_record_checksums(uint8_t *bytes, bool swapped)
{
	struct format_cpu *row = ((struct format_head *)bytes)->cpu;
	for (unsigned i = 0; i < CPUS; i++) {
		uint64_t offset = guest(row[i].offset, swapped), size = guest(row[i].bytes, swapped);
		if (offset <= file_size && size <= file_size - offset)
			row[i].checksum = guest(crc32_z(0, bytes + offset, size), swapped);
	}
}

static void correct_checksum(uint8_t *bytes, bool swapped)
{
	struct format_header *header = (struct format_header *)bytes;
	uint32_t size = swapped ? bswap_32(header->header_bytes) : header->header_bytes;
	header->checksum = 0;
	if (size <= file_size)
		header->checksum = guest(format_checksum(FORMAT_CHECKSUM_START, bytes, size), swapped);
}

static int start(void **state)
{
	(void)state;
	file = memfd_create("trace", 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	return file < 0;
}

static int stop(void **state)
{
	(void)state;
	close(file);
	return 0;
}

/* ---- good files ---- */

static void check_run(bool swapped)
{
	char error[256];
	struct trace_event event;
	uint64_t ticks = 0, next[CPUS] = {0}, lost = 0, events = 0;
	unsigned cpu = 0;
	make_run(swapped);
	put_file(file_bytes, file_size);
	struct trace_reader *reader = trace_open(path, error, sizeof(error));
	assert_non_null(reader);
	while (trace_next(reader, &event) == 1) {
		assert_true(event.ticks > ticks || (event.ticks == ticks && event.cpu >= cpu));
		assert_int_equal(event.index, next[event.cpu]);
		ticks = event.ticks;
		cpu = event.cpu;
		if (event.id == TRACE_EVENT_GAP) {
			assert_int_equal(event.field[0], LOST);
			lost += event.field[0];
			next[cpu] += event.field[0];
			continue;
		}
		uint64_t number = next[cpu]++ - (cpu == 1 ? lost : 0);
		for (unsigned i = 0; i < event.fields; i++)
			assert_int_equal(event.field[i], number + i);
		events++;
	}
	assert_int_equal(events, 2 * EVENTS_OF_CPU);
	assert_int_equal(lost, LOST);
	trace_close(reader);
}

static void reads_in_the_order_of_time(void **state)
{
	(void)state;
	check_run(false);
}

static void reads_the_other_byte_order(void **state)
{
	(void)state;
	check_run(true);
}

static void says_what_the_header_says(void **state)
{
	char error[256];
	(void)state;
	make_run(true);
	put_file(file_bytes, file_size);
	struct trace_reader *reader = trace_open(path, error, sizeof(error));
	const struct trace_info *info = trace_info(reader);
	assert_string_equal(info->machine, "x86_64");
	assert_string_equal(info->program, "small");
	assert_true(info->icount);
	assert_int_equal(info->clock_hz, 512000000);
	assert_int_equal(info->end_ticks, 173);
	assert_int_equal(info->seed, 7);
	assert_int_equal(info->exit_status, 3);
	assert_int_equal(info->events, 2 * EVENTS_OF_CPU);
	assert_int_equal(info->lost, LOST);
	assert_int_equal(info->cpus, CPUS);
	assert_string_equal(trace_ending_name(info->ending), "finished");
	assert_int_equal(trace_ns(reader, 100), 0);
	assert_int_equal(trace_ns(reader, 0), 0);
	assert_int_equal(trace_ns(reader, 100 + 512), 1000);
	assert_int_equal(trace_ns(reader, 100 + UINT64_C(512000000) * 86400), UINT64_C(86400000000000));
	trace_close(reader);
}

/* The sequence in a record has 32 bits; the index that tools see has 64. */
static void counts_beyond_32_bits(void **state)
{
	char stored[64];
	struct trace_event event;
	(void)state;
	struct writer *writer = writer_open("/tmp", 1, false);
	writer_add_gap(writer, 0, UINT64_C(0x1fffffffe));
	for (unsigned i = 0; i < 4; i++)
		add_event(writer, 0, 200 + i, "free_pages", i, false);
	snprintf(stored, sizeof(stored), "/tmp/test_reader.%d", (int)getpid());
	take_file(writer, stored);
	put_file(file_bytes, file_size);
	struct trace_reader *reader = trace_open(path, sentence, sizeof(sentence));
	for (uint64_t i = 0; trace_next(reader, &event) == 1; i++)
		assert_int_equal(event.index, i == 0 ? 0 : UINT64_C(0x1fffffffd) + i);
	assert_int_equal(event.index, UINT64_C(0x200000001));
	trace_close(reader);
}

/* Gaps that follow each other are one. */
static void joins_gaps(void **state)
{
	char stored[64];
	(void)state;
	struct writer *writer = writer_open("/tmp", 1, true);
	for (unsigned i = 0; i < 100; i++)
		writer_add_gap(writer, 0, 2);
	add_event(writer, 0, 200, "free_pages", 1, true);
	snprintf(stored, sizeof(stored), "/tmp/test_reader.%d", (int)getpid());
	take_file(writer, stored);
	put_file(file_bytes, file_size);
	assert_int_equal(read_all(), 2);
}

static void turns_words_into_names(void **state)
{
	char text[17];
	(void)state;
	trace_chars(UINT64_C(0x68656c6c6f000000), 0, text);
	assert_string_equal(text, "hello");
	trace_chars(UINT64_C(0x6162636465666768), UINT64_C(0x696a0a0000000000), text);
	assert_string_equal(text, "abcdefghij?");
	assert_string_equal(trace_ending_name(1000), "unknown");
}

/* ---- bad files ---- */

static void refuses_what_is_no_trace(void **state)
{
	(void)state;
	put_file((const uint8_t *)"", 0);
	assert_refused("not a .vtrace");
	put_file((const uint8_t *)"hello", 5);
	assert_refused("not a .vtrace");
	assert_null(trace_open("/dev/null", sentence, sizeof(sentence)));
	assert_non_null(strstr(sentence, "not a regular file"));
	assert_null(trace_open("/nowhere/run.vtrace", sentence, sizeof(sentence)));
	assert_non_null(strstr(sentence, "No such file"));
	assert_null(trace_open("/proc/self", sentence, sizeof(sentence)));
	assert_non_null(strstr(sentence, "/proc/self/run.vtrace"));
}

static void refuses_every_truncation(void **state)
{
	(void)state;
	for (unsigned swapped = 0; swapped < 2; swapped++) {
		make_run(swapped);
		for (size_t size = 0; size < file_size; size++) {
			put_file(file_bytes, size);
			assert_refused(size < FORMAT_MAGIC_BYTES ? "not a .vtrace" : "cut short");
		}
		file_bytes[file_size] = 0;
		put_file(file_bytes, file_size + 1);
		assert_refused("behind its last record");
	}
}

static void refuses_what_it_does_not_know(void **state)
{
	(void)state;
	make_run(false);
	head()->header.schema_hash ^= 1;
	correct_checksum(file_bytes, false);
	put_file(file_bytes, file_size);
	assert_refused("another trace/events.h");
	make_run(true);
	head()->header.version = bswap_32(FORMAT_VERSION - 1);
	put_file(file_bytes, file_size);
	assert_refused("it has version 1 of the format");
	make_run(false);
	head()->header.byte_order = UINT64_C(0x0304010207080506);
	put_file(file_bytes, file_size);
	assert_refused("byte order");
}

/* Each with a checksum that is right: what it says is simply impossible. */
static void refuses_insane_counts(void **state)
{
	static const uint64_t insane[] = {
		0, 1, 64, 65, 0x7fffffff, 0x80000000, 0xffffffff, UINT64_C(1) << 40, UINT64_MAX - 7, UINT64_MAX};
	(void)state;
	for (unsigned i = 0; i < sizeof(insane) / sizeof(insane[0]); i++) {
		uint64_t *const words[] = {&head()->cpu[0].offset, &head()->cpu[0].bytes, &head()->cpu[1].events,
					   &head()->cpu[1].lost,   &head()->cpu[1].bytes, &head()->header.events,
					   &head()->header.lost};
		for (unsigned j = 0; j < sizeof(words) / sizeof(words[0]); j++) {
			make_run(false);
			*words[j] = insane[i];
			correct_checksum(file_bytes, false);
			put_file(file_bytes, file_size);
			assert_refused("it is ");
		}
		make_run(false);
		head()->header.cpus = (uint32_t)insane[i];
		correct_checksum(file_bytes, false);
		put_file(file_bytes, file_size);
		assert_refused("it is ");
		head()->header.header_bytes =
			(uint32_t)(sizeof(struct format_header) + (uint32_t)insane[i] * sizeof(struct format_cpu));
		correct_checksum(file_bytes, false);
		put_file(file_bytes, file_size);
		assert_int_equal(read_all(), -1);
	}
}

/* Counts that agree with each other but not with the records. */
static void refuses_counts_the_records_do_not_keep(void **state)
{
	(void)state;
	make_run(false);
	head()->cpu[0].events--;
	head()->header.events--;
	correct_checksum(file_bytes, false);
	put_file(file_bytes, file_size);
	assert_refused("CPU 0");
	make_run(false);
	head()->cpu[1].lost++;
	head()->header.lost++;
	correct_checksum(file_bytes, false);
	put_file(file_bytes, file_size);
	assert_refused("the table says");
}

static void refuses_time_that_runs_backwards(void **state)
{
	(void)state;
	make_run(false);
	uint64_t *record = (uint64_t *)(file_bytes + head()->cpu[0].offset);
	record[2] = 50; /* CPU 0's second event: the first one has no fields */
	put_file(file_bytes, file_size);
	assert_refused("backwards");
}

static void refuses_a_changed_value(void **state)
{
	(void)state;
	for (unsigned swapped = 0; swapped < 2; swapped++) {
		make_run(swapped);
		uint64_t *last = (uint64_t *)(file_bytes + file_size);
		last[-1] = UINT64_C(0x1122334455667788);
		put_file(file_bytes, file_size);
		assert_refused("the checksum of the records of CPU 1 is wrong");
		correct_record_checksums(file_bytes, swapped);
		correct_checksum(file_bytes, swapped);
		put_file(file_bytes, file_size);
		assert_int_equal(read_all(), 2 * EVENTS_OF_CPU + 1);
	}
}

/* Records longer than the writer's and the reader's buffers have the same checksum on both sides. */
static void checks_long_runs(void **state)
{
	char stored[64];
	struct trace_event event;
	uint64_t events = 0;
	(void)state;
	struct format_header header = header_of_run;
	struct writer *writer = writer_open("/tmp", 2, true);
	for (unsigned i = 0; i < 100000; i++)
		add_event(writer, 0, 200 + i, "fault_begin", i, true);
	add_event(writer, 1, 300, "idle_begin", 0, true);
	snprintf(stored, sizeof(stored), "/tmp/test_reader.%d", (int)getpid());
	writer_store(writer, &header, stored);
	header.ending = ENDING_SLOW;
	writer_amend(writer, &header, stored);
	assert_null(writer_error(writer));
	writer_close(writer);
	struct trace_reader *reader = trace_open(stored, sentence, sizeof(sentence));
	assert_non_null(reader);
	while (trace_next(reader, &event) == 1)
		events++;
	assert_int_equal(trace_next(reader, &event), 0);
	assert_int_equal(events, 100001);
	assert_int_equal(trace_info(reader)->ending, ENDING_SLOW);
	trace_close(reader);
	remove(stored);
}

/* A flipped bit is always found. With the records' checksums made right it is found, or changes a value and nothing else. */
static void finds_every_flipped_bit(void **state)
{
	unsigned found = 0, value = 0;
	(void)state;
	for (unsigned swapped = 0; swapped < 2; swapped++) {
		make_run(swapped);
		size_t head_size = sizeof(struct format_header) + CPUS * sizeof(struct format_cpu);
		for (size_t bit = 0; bit < file_size * 8; bit++) {
			file_bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			put_file(file_bytes, file_size);
			assert_int_equal(read_all(), -1);
			assert_true(strlen(sentence) > 10);
			file_bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t bit = head_size * 8; bit < file_size * 8; bit++) {
			file_bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			correct_record_checksums(file_bytes, swapped);
			correct_checksum(file_bytes, swapped);
			put_file(file_bytes, file_size);
			int events = read_all();
			assert_true(events == -1 ? strlen(sentence) > 10 : events == 2 * EVENTS_OF_CPU + 1);
			found += events == -1;
			value += events != -1;
			file_bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
	assert_true(found > 0 && value > 0);
}

/* Many mutations at once, with the checksums made right half of the time. */
static void survives_random_mutations(void **state)
{
	static uint8_t mutant[sizeof(file_bytes)] __attribute__((aligned(8)));
	uint64_t random = 88172645463325252;
	unsigned read = 0, refused = 0;
	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		bool swapped = round >= 10000;
		if (round % 1000 == 0)
			make_run(swapped);
		memcpy(mutant, file_bytes, file_size);
		for (unsigned i = 0; i < 1 + round % 5; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			size_t head_size = sizeof(struct format_header) + CPUS * sizeof(struct format_cpu);
			size_t at = (random >> 8) % (round & 4 ? file_size : head_size);
			mutant[at] = (uint8_t)(random & 0x80 ? random : random & 1 ? 0xff : 0);
		}
		bool changed = memcmp(mutant, file_bytes, file_size) != 0;
		if (round & 2) {
			correct_record_checksums(mutant, swapped);
			correct_checksum(mutant, swapped);
		}
		put_file(mutant, file_size);
		bool good = read_all() >= 0;
		assert_true(!good || !changed || (round & 2));
		*(good ? &read : &refused) += 1;
	}
	assert_true(refused > 1000 && read > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_in_the_order_of_time),
		cmocka_unit_test(reads_the_other_byte_order),
		cmocka_unit_test(says_what_the_header_says),
		cmocka_unit_test(counts_beyond_32_bits),
		cmocka_unit_test(joins_gaps),
		cmocka_unit_test(turns_words_into_names),
		cmocka_unit_test(refuses_what_is_no_trace),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_what_it_does_not_know),
		cmocka_unit_test(refuses_insane_counts),
		cmocka_unit_test(refuses_counts_the_records_do_not_keep),
		cmocka_unit_test(refuses_time_that_runs_backwards),
		cmocka_unit_test(refuses_a_changed_value),
		cmocka_unit_test(checks_long_runs),
		cmocka_unit_test(finds_every_flipped_bit),
		cmocka_unit_test(survives_random_mutations),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
