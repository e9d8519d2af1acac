/*
 * What the witness is put together from: which instruction ends a block of code, and how, on both machines; and how two lists that differ
 * are laid side by side. What is made of it: test_witness.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "witness/align.h"
#include "witness/paths.h"

/* ---- what ends a block ---- */

static void reads_instructions(void **state)
{
	(void)state;
	static const struct {
		const char *machine;
		uint8_t bytes[4], count;
		enum block_end how;
	} examples[] = {
		{"x86_64", {0xe8, 0, 0, 0}, 4, BLOCK_CALL},
		{"x86_64", {0xff, 0xd0}, 2, BLOCK_CALL},
		{"x86_64", {0x41, 0xff, 0xd3}, 3, BLOCK_CALL},
		{"x86_64", {0xff, 0xe0}, 2, BLOCK_PLAIN},
		{"x86_64", {0xc3}, 1, BLOCK_RETURN},
		{"x86_64", {0xf3, 0xc3}, 2, BLOCK_RETURN},
		{"x86_64", {0x48, 0xcf}, 2, BLOCK_RESUME},
		{"x86_64", {0x48, 0x0f, 0x07}, 3, BLOCK_RESUME},
		{"x86_64", {0xf4}, 1, BLOCK_WAIT},
		{"x86_64", {0x0f, 0x05}, 2, BLOCK_PLAIN},
		{"x86_64", {0xeb, 0xfe}, 2, BLOCK_PLAIN},
		{"ppc64", {0x48, 0, 1, 1}, 4, BLOCK_CALL},
		{"ppc64", {0x48, 0, 1, 0}, 4, BLOCK_PLAIN},
		{"ppc64", {0x4e, 0x80, 0, 0x20}, 4, BLOCK_RETURN},
		{"ppc64", {0x4e, 0x80, 0x04, 0x21}, 4, BLOCK_CALL},
		{"ppc64", {0x4e, 0x80, 0x04, 0x20}, 4, BLOCK_PLAIN},
		{"ppc64", {0x4c, 0, 0, 0x24}, 4, BLOCK_RESUME},
		{"ppc64", {0x7c, 0, 0, 0x3c}, 4, BLOCK_WAIT},
		{"ppc64", {0x44, 0, 0, 0x02}, 4, BLOCK_PLAIN},
	};
	for (unsigned i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		assert_int_equal(block_machine_named(examples[i].machine)->how(examples[i].bytes, examples[i].count),
				 examples[i].how);
	assert_null(block_machine_named("riscv64"));
}

/* ---- pairing ---- */

static const int long_list[] = {1, 2, 3, 4, 5, 6, 7, 8}, short_list[] = {1, 2, 4, 5, 6, 8};

static float number_cost(const void *context, uint64_t seen, uint64_t traced)
{
	(void)context;
	return long_list[seen] == short_list[traced] ? 0 : ALIGN_NEVER;
}

static void pairs_what_is_alike(void **state)
{
	(void)state;
	static const uint64_t wanted[] = {0, 1, ALIGN_ALONE, 2, 3, 4, ALIGN_ALONE, 5};
	uint64_t partner[8];
	align_lists(8, 6, 4, number_cost, NULL, partner);
	assert_memory_equal(partner, wanted, sizeof(wanted));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_instructions),
		cmocka_unit_test(pairs_what_is_alike),
	};
	return cmocka_run_group_tests_name("block", tests, NULL, NULL);
}
