/*
 * A Multiboot 2 loader's list, whole and wrong in every way: arch/x86_64/multiboot2.c and loader.c.
 *
 * Teaches: a list of tags is right only if every length in it is, so this lies about each of them. What comes of a list that is not
 * whole is nothing at all: no RAM, no archive, no command line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware_sim.h"
#include "sim.h"

#define LIST_AT 0x10000
#define LIST_BYTES_MAX 1024
#define IMAGE_AT 0x7e00000

static uint8_t list[LIST_BYTES_MAX];
static uint32_t list_bytes;
static struct boot_info boot;
static struct loader loader;

static void word_add(uint32_t word)
{
	memcpy(list + list_bytes, &word, 4);
	list_bytes += 4;
}

static uint32_t word_at(uint32_t offset)
{
	uint32_t word;
	memcpy(&word, list + offset, 4);
	return word;
}

static void word_set(uint32_t offset, uint32_t word)
{
	memcpy(list + offset, &word, 4);
}

/* Adds a tag, and what fills it up to a multiple of 8; returns its offset. */
static uint32_t tag_add(uint32_t type, const void *from, uint32_t bytes)
{
	uint32_t offset = list_bytes;
	word_add(type);
	word_add(8 + bytes);
	if (bytes)
		memcpy(list + list_bytes, from, bytes);
	list_bytes += bytes;
	while (list_bytes % 8)
		list[list_bytes++] = 0xa5;
	return offset;
}

static uint32_t command_line_tag, module_tag, memory_tag, acpi_tag, image_tag, end_tag;

static void list_make(void)
{
	static const struct {
		uint32_t entry_bytes, version;
		struct {
			uint64_t base, bytes;
			uint32_t type, zero;
		} entry[4];
	} memory = {24,
		    0,
		    {{0, 0x9fc00, 1, 0},
		     {0x9fc00, 0x400, 2, 0},
		     {0x100000, 0x7f00000, 1, 0},
		     {UINT64_MAX - 0xfff, 0x2000, 1, 0} /* beyond the end of everything */}};
	static const uint32_t module[] = {0x200000, 0x204321, 0}; /* and an empty name */
	static const uint32_t image = IMAGE_AT;
	uint8_t root[36];
	memset(root, 'r', sizeof(root));
	memset(list, 0, sizeof(list));
	list_bytes = 0;
	word_add(0);
	word_add(0);
	command_line_tag = tag_add(1, "program=demo seed=1", 20);
	tag_add(2, "GRUB", 5); /* one that nobody reads */
	module_tag = tag_add(3, module, 9);
	memory_tag = tag_add(6, &memory, sizeof(memory));
	tag_add(14, root, 20);
	acpi_tag = tag_add(15, root, 36);
	image_tag = tag_add(21, &image, 4);
	end_tag = tag_add(0, NULL, 0);
	word_set(0, list_bytes);
}

static void read_list(void)
{
	memset(&boot, 0, sizeof(boot));
	boot.command_line = "";
	loader = (struct loader){0};
	firmware_forget();
	firmware_put(LIST_AT, list, list_bytes);
	multiboot2_read(LIST_AT, &boot, &loader);
}

static void assert_nothing(void)
{
	assert_int_equal(boot.ram_ranges, 0);
	assert_int_equal(boot.reserved_ranges, 0);
	assert_int_equal(boot.archive.bytes, 0);
	assert_string_equal(boot.command_line, "");
	assert_int_equal(loader.image, 0);
	assert_int_equal(loader.rsdp, 0);
	assert_non_null(strstr(firmware_said(), "not whole"));
}

static void assert_range(const struct boot_range *range, uint64_t base, uint64_t bytes)
{
	assert_int_equal(range->base.p, base);
	assert_int_equal(range->bytes, bytes);
}

static void test_whole(void)
{
	list_make();
	read_list();
	assert_string_equal(boot.command_line, "program=demo seed=1");
	assert_int_equal(boot.ram_ranges, 2);
	assert_range(&boot.ram[0], 0, 0x9f000);
	assert_range(&boot.ram[1], 0x100000, 0x7f00000);
	assert_range(&boot.archive, 0x200000, 0x4321);
	/* The archive, and the list itself, since the root pointer is in it. */
	assert_int_equal(boot.reserved_ranges, 2);
	assert_range(&boot.reserved[0], LIST_AT, 0x1000);
	assert_range(&boot.reserved[1], 0x200000, 0x5000);
	assert_int_equal(loader.image, IMAGE_AT);
	assert_int_equal(loader.rsdp, LIST_AT + acpi_tag + 8);
	assert_int_equal(loader.rsdp_bytes, 36);
	assert_string_equal(firmware_said(), "");
}

/* The list says it is shorter than it is, or is shorter than it says. */
static void test_cut(void)
{
	list_make();
	uint32_t whole = list_bytes;
	for (uint32_t cut = 0; cut < whole; cut++) {
		list_make();
		word_set(0, cut);
		read_list();
		assert_nothing();
		list_make();
		list_bytes = cut;
		read_list();
		assert_nothing();
	}
	list_make();
	word_set(0, 0xffffffff);
	read_list();
	assert_nothing();
}

/* Each tag says it is as long as it cannot be. */
static void test_tag_sizes(void)
{
	list_make();
	for (uint32_t tag = 8; tag < list_bytes; tag += (word_at(tag + 4) + 7) / 8 * 8) {
		static const uint32_t sizes[] = {0, 1, 7, LIST_BYTES_MAX, 0x7ffffff8, 0x80000000, 0xfffffff8, 0xffffffff};
		uint32_t right = word_at(tag + 4);
		for (unsigned i = 0; i < ARRAY_LENGTH(sizes); i++) {
			word_set(tag + 4, sizes[i]);
			read_list();
			assert_nothing();
		}
		word_set(tag + 4, right);
	}
}

/* Each tag that is read is one byte shorter than it has to be. */
static void test_tags_too_short(void)
{
	static const uint32_t least[][2] = {{1, 9}, {3, 17}, {6, 16}, {14, 28}, {15, 44}, {21, 12}};
	for (unsigned i = 0; i < ARRAY_LENGTH(least); i++)
		for (unsigned shorter = 0; shorter < 2; shorter++) {
			uint8_t zeros[64] = {[0] = least[i][0] == 6 ? 24 : 0};
			memset(list, 0, sizeof(list));
			list_bytes = 8;
			tag_add(least[i][0], zeros, least[i][1] - 8 - shorter);
			tag_add(21, &(uint32_t){IMAGE_AT}, 4);
			tag_add(0, NULL, 0);
			word_set(0, list_bytes);
			read_list();
			if (shorter)
				assert_nothing();
			else
				assert_int_equal(loader.image, IMAGE_AT);
		}
}

static void test_text_without_end(void)
{
	list_make();
	memset(list + command_line_tag + 8, 'x', 20);
	read_list();
	assert_nothing();
	list_make();
	list[module_tag + 16] = 'x';
	read_list();
	assert_nothing();
}

static void test_memory_entries(void)
{
	static const uint32_t wrong[] = {0, 1, 8, 16, 23, 25, 40, 0x80000000, 0xffffffff};
	for (unsigned i = 0; i < ARRAY_LENGTH(wrong); i++) {
		list_make();
		word_set(memory_tag + 8, wrong[i]);
		read_list();
		assert_nothing();
	}
	/* Longer entries, of a later version, are read as far as they are known. */
	list_make();
	word_set(memory_tag + 8, 48);
	read_list();
	assert_int_equal(boot.ram_ranges, 2);
}

static void test_no_end(void)
{
	list_make();
	word_set(0, end_tag);
	read_list();
	assert_nothing();
	list_make();
	word_set(end_tag, 2);
	read_list();
	assert_nothing();
}

static void test_modules(void)
{
	static const uint32_t ends[] = {0, 0x1fffff, 0x200000};
	for (unsigned i = 0; i < ARRAY_LENGTH(ends); i++) {
		list_make();
		word_set(module_tag + 12, ends[i]);
		read_list();
		assert_int_equal(boot.archive.bytes, 0);
		assert_non_null(strstr(firmware_said(), "left out"));
		assert_int_equal(boot.ram_ranges, 2);
	}
}

/* The kernel holds 1023 characters; a command line may be longer. */
static void test_long_command_line(void)
{
	for (unsigned length = 1022; length < 1025; length++) {
		char text[1100];
		memset(text, 'w', length);
		text[length] = 0;
		firmware_forget();
		loader_set_command_line(&boot, text, length + 1);
		assert_int_equal(strlen(boot.command_line), length < 1023 ? length : 1023);
		assert_int_equal(firmware_said()[0] != 0, length > 1023);
	}
}

static void test_ram(void)
{
	memset(&boot, 0, sizeof(boot));
	firmware_forget();
	loader_add_ram(&boot, 0x1001, 0x1ffe); /* no whole page */
	assert_int_equal(boot.ram_ranges, 0);
	loader_add_ram(&boot, 0x100000, 0x10000);
	loader_add_ram(&boot, 0x10f000, 0x10000); /* overlaps */
	loader_add_ram(&boot, 0x10000, 0x1000);
	assert_int_equal(boot.ram_ranges, 2);
	assert_range(&boot.ram[0], 0x10000, 0x1000);
	assert_range(&boot.ram[1], 0x100000, 0x10000);
	loader_add_ram(&boot, DIRECT_BYTES_MAX - 0x1000, UINT64_MAX - DIRECT_BYTES_MAX);
	assert_range(&boot.ram[2], DIRECT_BYTES_MAX - 0x1000, 0x1000);
	loader_add_ram(&boot, DIRECT_BYTES_MAX, 0x1000);
	loader_add_ram(&boot, UINT64_MAX - 0xfff, 0x2000);
	assert_int_equal(boot.ram_ranges, 3);
	for (unsigned i = 0; i < 2 * BOOT_RANGES_MAX; i++)
		loader_add_ram(&boot, MIB * (10 + i), 0x1000);
	assert_int_equal(boot.ram_ranges, BOOT_RANGES_MAX);
}

/* Random damage: nothing but what the sanitizers watch. */
static void test_random(void)
{
	uint64_t state = 1;
	for (unsigned round = 0; round < 50000; round++) {
		list_make();
		for (unsigned change = 0; change <= round % 4; change++) {
			state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
			list[(state >> 33) % list_bytes] = (uint8_t)(state >> 56);
		}
		read_list();
		assert_true(boot.ram_ranges <= BOOT_RANGES_MAX && loader.rsdp_bytes <= list_bytes);
	}
}

static const struct sim_test tests_of_multiboot2[] = {
	{"whole", test_whole},
	{"cut", test_cut},
	{"tag_sizes", test_tag_sizes},
	{"tags_too_short", test_tags_too_short},
	{"text_without_end", test_text_without_end},
	{"memory_entries", test_memory_entries},
	{"no_end", test_no_end},
	{"modules", test_modules},
	{"long_command_line", test_long_command_line},
	{"ram", test_ram},
	{"random", test_random},
};

int main(void)
{
	return sim_test_main("multiboot2", tests_of_multiboot2, ARRAY_LENGTH(tests_of_multiboot2));
}
