/*
 * The command line and the formatter: small parsers, and what people really type.
 */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "boot/command_line.h"
#include "core/print.h"

static void assert_text(const char *line, const char *name, const char *expected)
{
	char value[COMMAND_WORD_CHARS];
	assert_int_equal(command_text(line, name, value), expected != NULL);
	assert_string_equal(value, expected ? expected : "");
}

static void test_text(void)
{
	assert_text("", "seed", NULL);
	assert_text("   ", "seed", NULL);
	assert_text("seed=1", "seed", "1");
	assert_text("  seed=1  ", "seed", "1");
	assert_text("program=demo seed=1 trace=0xff", "program", "demo");
	assert_text("program=demo seed=1 trace=0xff", "trace", "0xff");
	assert_text("seed=1 seed=2", "seed", "2");
	assert_text("aseed=1", "seed", NULL);
	assert_text("seeds=1", "seed", NULL);
	assert_text("seed", "seed", NULL);
	assert_text("seed=", "seed", "");
	assert_text("seed= 1", "seed", "");
	assert_text("a=b=c", "a", "b=c");
	assert_text("x=seed=9", "seed", NULL);
}

static void test_long_word(void)
{
	char line[300] = "name=", value[COMMAND_WORD_CHARS];
	memset(line + 5, 'x', 200);
	assert_true(command_text(line, "name", value));
	assert_int_equal(strlen(value), COMMAND_WORD_CHARS - 1);
}

static void test_number(void)
{
	static const struct {
		const char *line;
		uint64_t value;
	} rows[] = {
		{"n=0", 0},
		{"n=7", 7},
		{"n=0x7f", 127},
		{"n=0xABcd", 0xabcd},
		{"n=18446744073709551615", UINT64_MAX},
		{"n=0xffffffffffffffff", UINT64_MAX},
		/* not numbers: what stands for them instead is 42 */
		{"", 42},
		{"n=", 42},
		{"n=x", 42},
		{"n=-1", 42},
		{"n=1k", 42},
		{"n=0x", 42},
		{"n=0xg", 42},
		{"n= 1", 42},
		{"n=18446744073709551616", 42},
		{"n=99999999999999999999", 42},
		{"n=0x10000000000000000", 42},
		{"n=12ab", 42},
	};
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		assert_int_equal(command_number(rows[i].line, "n", 42), rows[i].value);
}

#define FORMATS(expected_, ...)                                                                                                  \
	do {                                                                                                                     \
		char text[128], other[128];                                                                                      \
		size_t length = kformat(text, sizeof(text), __VA_ARGS__);                                                        \
		assert_string_equal(text, expected_);                                                                            \
		assert_int_equal(length, strlen(expected_));                                                                     \
		snprintf(other, sizeof(other), __VA_ARGS__);                                                                     \
		assert_string_equal(text, other); /* the C library is of the same opinion */                                     \
	} while (0)

static void test_format(void)
{
	FORMATS("plain %", "plain %%");
	FORMATS("c s (abc)", "%c %s (%s)", 'c', "s", "abc");
	FORMATS("-5 5 0 -2147483648", "%d %d %d %d", -5, 5, 0, INT32_MIN);
	FORMATS("4294967295 ff", "%u %x", UINT32_MAX, 255u);
	FORMATS("-9223372036854775808", "%ld", INT64_MIN);
	FORMATS("18446744073709551615", "%lu", UINT64_MAX);
	FORMATS("ffffffffffffffff 0", "%lx %lx", UINT64_MAX, UINT64_C(0));
	FORMATS("18446744073709551615", "%llu", (unsigned long long)UINT64_MAX);
	FORMATS("12 34", "%zu %zx", (size_t)12, (size_t)0x34);
	FORMATS("[   42][42   ][00042][-0042]", "[%5d][%-5d][%05d][%05d]", 42, 42, 42, -42);
	FORMATS("[  abc][abc  ][ab]", "[%5s][%-5s][%.2s]", "abc", "abc", "abc");
	FORMATS("000000000000beef", "%016lx", UINT64_C(0xbeef));
	FORMATS("", "%s", "");
}

static void test_format_is_cut(void)
{
	char text[8];
	memset(text, 'z', sizeof(text));
	assert_int_equal(kformat(text, 5, "%s", "abcdefgh"), 4);
	assert_memory_equal(text, "abcd\0zzz", 8);
	assert_int_equal(kformat(text, 1, "abc"), 0);
	assert_string_equal(text, "");
	text[0] = 'q';
	assert_int_equal(kformat(text, 0, "abc"), 0);
	assert_int_equal(text[0], 'q');
}

static void test_console_and_log(void)
{
	sim_start(1, MIB);
	kprintf("hello %d\n", 1);
	console_write("raw\0x", 5);
	assert_memory_equal(sim_console(), "hello 1\nraw\0x", 13);
	assert_memory_equal(kernel_log, "hello 1\nraw\0x", 13);
	for (unsigned i = 0; i < KERNEL_LOG_BYTES; i++)
		kprintf("%c", 'a' + i % 26);
	assert_int_equal(kernel_log[13], 'a');
	assert_int_equal(kernel_log[12], 'a' + (KERNEL_LOG_BYTES - 1) % 26);
}

static const struct sim_test tests[] = {
	{"text", test_text},     {"long_word", test_long_word},         {"number", test_number},
	{"format", test_format}, {"format_is_cut", test_format_is_cut}, {"console_and_log", test_console_and_log},
};

int main(void)
{
	return sim_test_main("command_line", tests, ARRAY_LENGTH(tests));
}
