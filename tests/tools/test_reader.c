/*
 * The .vtrace reader with good files: they are read whole and in order, and say what they say.
 *
 * Teaches: one run in both byte orders has to read the same. Damaged files: test_damage.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <byteswap.h>
#include <cmocka.h>

#include "../../kernel/abi/descriptor.h"
#include "small_run.h"

static void check_run(bool swapped)
{
	char error[256];
	struct trace_event event;
	uint64_t ticks = 0, next[CPUS] = {0}, lost = 0, events = 0;
	unsigned cpu = 0;
	small_run_make(swapped);
	small_run_put(file_bytes, file_size);
	struct trace_reader *reader = trace_open(small_run_path, error, sizeof(error));
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
	small_run_make(true);
	small_run_put(file_bytes, file_size);
	struct trace_reader *reader = trace_open(small_run_path, error, sizeof(error));
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
		small_run_add(writer, 0, 200 + i, "free_pages", i, false);
	snprintf(stored, sizeof(stored), "/tmp/test_reader.%d", (int)getpid());
	small_run_take(writer, stored);
	small_run_put(file_bytes, file_size);
	struct trace_reader *reader = trace_open(small_run_path, sentence, sizeof(sentence));
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
	small_run_add(writer, 0, 200, "free_pages", 1, true);
	snprintf(stored, sizeof(stored), "/tmp/test_reader.%d", (int)getpid());
	small_run_take(writer, stored);
	small_run_put(file_bytes, file_size);
	assert_int_equal(small_run_read(), 2);
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

/* Records longer than the writer's and the reader's buffers have the same checksum on both sides. */
static void checks_long_runs(void **state)
{
	char stored[64];
	struct trace_event event;
	uint64_t events = 0;
	(void)state;
	struct format_header header = small_run_header;
	struct writer *writer = writer_open("/tmp", 2, true);
	for (unsigned i = 0; i < 100000; i++)
		small_run_add(writer, 0, 200 + i, "fault_begin", i, true);
	small_run_add(writer, 1, 300, "idle_begin", 0, true);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_in_the_order_of_time),
		cmocka_unit_test(reads_the_other_byte_order),
		cmocka_unit_test(says_what_the_header_says),
		cmocka_unit_test(counts_beyond_32_bits),
		cmocka_unit_test(joins_gaps),
		cmocka_unit_test(turns_words_into_names),
		cmocka_unit_test(checks_long_runs),
	};
	return cmocka_run_group_tests(tests, small_run_start, small_run_stop);
}
