/*
 * The .vtrace reader with bad files: each ends in a sentence.
 *
 * Teaches: a fuzz test that repeats. Every truncation, every flipped bit of a small file and thousands of random mutations are
 * tried, always the same ones, under ASan and UBSan and with a bound on what may be allocated. A mutation is tried with the
 * checksums left wrong, when it must be found, and with the checksums made right, because a checksum only keeps accidents out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <byteswap.h>
#include <cmocka.h>

#include "small_run.h"

/* A damaged count must never become a large allocation: ASan ends the test if it does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "max_allocation_size_mb=16:allocator_may_return_null=0";
}

static void refuses_what_is_no_trace(void **state)
{
	(void)state;
	small_run_put((const uint8_t *)"", 0);
	small_run_refused("not a .vtrace");
	small_run_put((const uint8_t *)"hello", 5);
	small_run_refused("not a .vtrace");
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
		small_run_make(swapped);
		for (size_t size = 0; size < file_size; size++) {
			small_run_put(file_bytes, size);
			small_run_refused(size < FORMAT_MAGIC_BYTES ? "not a .vtrace" : "cut short");
		}
		file_bytes[file_size] = 0;
		small_run_put(file_bytes, file_size + 1);
		small_run_refused("behind its last record");
	}
}

static void refuses_what_it_does_not_know(void **state)
{
	(void)state;
	small_run_make(false);
	small_run_head()->header.schema_hash ^= 1;
	small_run_correct_head(file_bytes, false);
	small_run_put(file_bytes, file_size);
	small_run_refused("another trace/events.h");
	small_run_make(true);
	small_run_head()->header.version = bswap_32(FORMAT_VERSION - 1);
	small_run_put(file_bytes, file_size);
	small_run_refused("it has version 1 of the format");
	small_run_make(false);
	small_run_head()->header.byte_order = UINT64_C(0x0304010207080506);
	small_run_put(file_bytes, file_size);
	small_run_refused("byte order");
}

/* Each with a checksum that is right: what it says is simply impossible. */
static void refuses_insane_counts(void **state)
{
	static const uint64_t insane[] = {
		0, 1, 64, 65, 0x7fffffff, 0x80000000, 0xffffffff, UINT64_C(1) << 40, UINT64_MAX - 7, UINT64_MAX};
	(void)state;
	for (unsigned i = 0; i < sizeof(insane) / sizeof(insane[0]); i++) {
		uint64_t *const words[] = {&small_run_head()->cpu[0].offset, &small_run_head()->cpu[0].bytes,
					   &small_run_head()->cpu[1].events, &small_run_head()->cpu[1].lost,
					   &small_run_head()->cpu[1].bytes,  &small_run_head()->header.events,
					   &small_run_head()->header.lost};
		for (unsigned j = 0; j < sizeof(words) / sizeof(words[0]); j++) {
			small_run_make(false);
			*words[j] = insane[i];
			small_run_correct_head(file_bytes, false);
			small_run_put(file_bytes, file_size);
			small_run_refused("it is ");
		}
		small_run_make(false);
		small_run_head()->header.cpus = (uint32_t)insane[i];
		small_run_correct_head(file_bytes, false);
		small_run_put(file_bytes, file_size);
		small_run_refused("it is ");
		small_run_head()->header.header_bytes =
			(uint32_t)(sizeof(struct format_header) + (uint32_t)insane[i] * sizeof(struct format_cpu));
		small_run_correct_head(file_bytes, false);
		small_run_put(file_bytes, file_size);
		assert_int_equal(small_run_read(), -1);
	}
}

/* Counts that agree with each other but not with the records. */
static void refuses_counts_the_records_do_not_keep(void **state)
{
	(void)state;
	small_run_make(false);
	small_run_head()->cpu[0].events--;
	small_run_head()->header.events--;
	small_run_correct_head(file_bytes, false);
	small_run_put(file_bytes, file_size);
	small_run_refused("CPU 0");
	small_run_make(false);
	small_run_head()->cpu[1].lost++;
	small_run_head()->header.lost++;
	small_run_correct_head(file_bytes, false);
	small_run_put(file_bytes, file_size);
	small_run_refused("the table says");
}

static void refuses_time_that_runs_backwards(void **state)
{
	(void)state;
	small_run_make(false);
	uint64_t *record = (uint64_t *)(file_bytes + small_run_head()->cpu[0].offset);
	record[2] = 50; /* CPU 0's second event: the first one has no fields */
	small_run_put(file_bytes, file_size);
	small_run_refused("backwards");
}

static void refuses_a_changed_value(void **state)
{
	(void)state;
	for (unsigned swapped = 0; swapped < 2; swapped++) {
		small_run_make(swapped);
		uint64_t *last = (uint64_t *)(file_bytes + file_size);
		last[-1] = UINT64_C(0x1122334455667788);
		small_run_put(file_bytes, file_size);
		small_run_refused("the checksum of the records of CPU 1 is wrong");
		small_run_correct_records(file_bytes, swapped);
		small_run_correct_head(file_bytes, swapped);
		small_run_put(file_bytes, file_size);
		assert_int_equal(small_run_read(), 2 * EVENTS_OF_CPU + 1);
	}
}

/* A flipped bit is always found. With the records' checksums made right it is found, or changes a value and nothing else. */
static void finds_every_flipped_bit(void **state)
{
	unsigned found = 0, value = 0;
	(void)state;
	for (unsigned swapped = 0; swapped < 2; swapped++) {
		small_run_make(swapped);
		size_t head_size = sizeof(struct format_header) + CPUS * sizeof(struct format_cpu);
		for (size_t bit = 0; bit < file_size * 8; bit++) {
			file_bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			small_run_put(file_bytes, file_size);
			assert_int_equal(small_run_read(), -1);
			assert_true(strlen(sentence) > 10);
			file_bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		for (size_t bit = head_size * 8; bit < file_size * 8; bit++) {
			file_bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			small_run_correct_records(file_bytes, swapped);
			small_run_correct_head(file_bytes, swapped);
			small_run_put(file_bytes, file_size);
			int events = small_run_read();
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
	static uint8_t mutant[FILE_BYTES_MAX] __attribute__((aligned(8)));
	uint64_t random = 88172645463325252;
	unsigned read = 0, refused = 0;
	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		bool swapped = round >= 10000;
		if (round % 1000 == 0)
			small_run_make(swapped);
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
			small_run_correct_records(mutant, swapped);
			small_run_correct_head(mutant, swapped);
		}
		small_run_put(mutant, file_size);
		bool good = small_run_read() >= 0;
		assert_true(!good || !changed || (round & 2));
		*(good ? &read : &refused) += 1;
	}
	assert_true(refused > 1000 && read > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_trace),
		cmocka_unit_test(refuses_every_truncation),
		cmocka_unit_test(refuses_what_it_does_not_know),
		cmocka_unit_test(refuses_insane_counts),
		cmocka_unit_test(refuses_counts_the_records_do_not_keep),
		cmocka_unit_test(refuses_time_that_runs_backwards),
		cmocka_unit_test(refuses_a_changed_value),
		cmocka_unit_test(finds_every_flipped_bit),
		cmocka_unit_test(survives_random_mutations),
	};
	return cmocka_run_group_tests(tests, small_run_start, small_run_stop);
}
