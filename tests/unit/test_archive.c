/*
 * The boot archive and the ELF loader against hostile input: cut short, overlapping, huge, for another machine, and plain
 * noise.
 *
 * Teaches: whoever can put a file in front of the kernel must not be able to do more than be refused. Every buffer here ends
 * exactly where its content ends, so a sanitizer sees a read one byte too far.
 */
#include "sim.h"
#include "sim_image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot/archive.h"
#include "boot/elf.h"
#include "boot/symbols.h"
#include "mm/fault.h"
#include "mm/page.h"

#define RAM (32 * MIB)
#define TEXT (2 * MIB)

/* ---- the archive ---- */

static struct image three_files(void)
{
	struct image archive = {0};
	archive_add(&archive, "first", "one", 3);
	archive_add(&archive, "empty", "", 0);
	archive_add(&archive, "third", "0123456789", 10);
	archive_end(&archive);
	return archive;
}

static enum status find(const struct image *archive, const char *name, struct archive_file *file)
{
	archive_init(archive->data, archive->bytes);
	return archive_find(name, file);
}

static void test_archive(void)
{
	struct archive_file file;
	struct image archive = three_files();
	assert_int_equal(find(&archive, "first", &file), STATUS_OK);
	assert_true(file.bytes == 3 && !memcmp(file.data, "one", 3));
	assert_int_equal(find(&archive, "empty", &file), STATUS_OK);
	assert_int_equal(file.bytes, 0);
	assert_int_equal(find(&archive, "third", &file), STATUS_OK);
	assert_true(file.bytes == 10 && !memcmp(file.data, "0123456789", 10));
	assert_int_equal(find(&archive, "fourth", &file), STATUS_NOT_FOUND);
	assert_int_equal(find(&archive, "firs", &file), STATUS_NOT_FOUND);
	assert_int_equal(find(&archive, "first1", &file), STATUS_NOT_FOUND);
	assert_int_equal(find(&archive, "", &file), STATUS_NOT_FOUND);
	char long_name[300];
	memset(long_name, 'x', 299);
	long_name[299] = 0;
	assert_int_equal(find(&archive, long_name, &file), STATUS_NOT_FOUND);
	archive_init(NULL, 0);
	assert_int_equal(archive_find("first", &file), STATUS_NOT_FOUND);
	image_free(&archive);
}

/* Cut at every length: the file that is whole is found, the one that is cut is not, and nothing is read behind the end. */
static void test_archive_cut(void)
{
	struct image archive = three_files();
	for (size_t bytes = 0; bytes <= archive.bytes; bytes++) {
		struct image cut = {0};
		struct archive_file file;
		image_append(&cut, archive.data, bytes);
		bool first = find(&cut, "first", &file) == STATUS_OK;
		assert_int_equal(first, bytes >= 512 + 3);
		bool third = find(&cut, "third", &file) == STATUS_OK;
		assert_int_equal(third, bytes >= 3 * 512 + 512 + 10);
		assert_true(!third || (file.bytes == 10 && (const uint8_t *)file.data + 10 <= cut.data + cut.bytes));
		image_free(&cut);
	}
	image_free(&archive);
}

static void test_archive_damaged(void)
{
	static const struct {
		size_t at;
		const char *bytes;
		size_t count;
	} damages[] = {
		{257, "xstar", 5},        /* no ustar */
		{124, "77777777777", 11}, /* 8 GiB */
		{124, "0000000000z", 11}, /* no octal digit */
		{124, "-0000000001", 11},
		{124, "           ", 11},
		{124, "\200\0\0\0\0\0\0\0\0\0\1", 11}, /* base 256, as GNU tar has it */
		{124, "00000100000", 11},              /* larger than the rest */
	};
	for (size_t i = 0; i < ARRAY_LENGTH(damages); i++) {
		struct archive_file file;
		struct image archive = three_files();
		memcpy(archive.data + damages[i].at, damages[i].bytes, damages[i].count);
		assert_int_equal(find(&archive, "third", &file), STATUS_INVALID);
		image_free(&archive);
	}
	/* A directory of the same name is no file. */
	struct archive_file file;
	struct image archive = three_files();
	archive.data[156] = '5';
	assert_int_equal(find(&archive, "first", &file), STATUS_NOT_FOUND);
	image_free(&archive);
}

static void test_archive_noise(void)
{
	srand(5);
	for (unsigned round = 0; round < 3000; round++) {
		struct archive_file file;
		struct image archive = three_files();
		for (unsigned i = 0; i < 1 + round % 8; i++)
			archive.data[(size_t)rand() % archive.bytes] = (uint8_t)rand();
		if (find(&archive, "third", &file) == STATUS_OK)
			assert_true((const uint8_t *)file.data >= archive.data &&
				    (const uint8_t *)file.data + file.bytes <= archive.data + archive.bytes);
		image_free(&archive);
	}
}

/* ---- symbols ---- */

static void assert_symbol(const char *content, uint64_t address, const char *expected)
{
	char text[SYMBOL_TEXT];
	struct image archive = {0};
	archive_add(&archive, "kernel.sym", content, strlen(content));
	archive_init(archive.data, archive.bytes);
	symbol_text(KERNEL_SYMBOLS, address, text);
	if (expected)
		assert_string_equal(text, expected);
	assert_true(strlen(text) < SYMBOL_TEXT);
	image_free(&archive);
}

static void test_symbols(void)
{
	static const char good[] = "0000000000001000 T first\n0000000000002000 t second\n0000000000003000 D data\n";
	assert_symbol(good, 0x1000, "first+0x0");
	assert_symbol(good, 0x2fff, "second+0xfff");
	assert_symbol(good, 0xffff, "?"); /* nothing says where the last one ends */
	assert_symbol(good, 0xfff, "?");
	assert_symbol("", 0x1000, "?");
	assert_symbol("garbage\n\n\n0", 0x1000, NULL);
	assert_symbol("00000000000010", 0x1000, NULL);
	assert_symbol("0000000000001000", 0x1000, NULL);
	assert_symbol("0000000000001000 T", 0x1000, NULL);
	assert_symbol("0000000000001000 T ", 0x1000, NULL);
	assert_symbol("0000000000001000 T a", 0x1000, NULL);
	assert_symbol("0000000000001000 T a_name_that_is_much_longer_than_any_line_of_a_backtrace_can_hold_or_should\n",
		      UINT64_MAX, NULL);
}

/* ---- ELF ---- */

static struct aspace *aspace;
static uint64_t free_at_start;

static void start(void)
{
	sim_start_with_pages(1, RAM);
	sim_mmu_choose(&sim_tree_ops, false);
	free_at_start = sim_free_pages();
}

static enum status load(const struct image *program)
{
	struct archive_file file = {program->data, program->bytes};
	struct vaddr entry;
	assert_int_equal(aspace_create("test", &aspace), STATUS_OK);
	enum status status = elf_load(&file, SIM_ELF_MACHINE, aspace, &entry);
	aspace_check(aspace);
	return status;
}

static void unload(void)
{
	kobj_put(&aspace->kobj);
	assert_int_equal(sim_free_pages(), free_at_start);
	page_check();
}

static const struct elf_part good_parts[] = {
	{TEXT, 5000, 5000, 5, 0xaa},
	{TEXT + 4 * PAGE_BYTES + 100, 300, 3 * PAGE_BYTES, 6, 0xbb},
	{TEXT + 64 * PAGE_BYTES, 0, 100 * PAGE_BYTES, 6, 0},
};

static struct image good_program(void)
{
	return elf_make(TEXT + 16, good_parts, ARRAY_LENGTH(good_parts));
}

static uint8_t byte_at(uint64_t address)
{
	struct paddr frame;
	assert_int_equal(fault_populate(aspace, address, &frame), STATUS_OK);
	return *((uint8_t *)arch_phys_to_virt(frame) + address % PAGE_BYTES);
}

static void test_elf(void)
{
	struct image program = good_program();
	start();
	assert_int_equal(load(&program), STATUS_OK);
	assert_int_equal(byte_at(TEXT), 0xaa);
	assert_int_equal(byte_at(TEXT + 4999), 0xaa);
	assert_int_equal(byte_at(TEXT + 5000), 0);
	assert_int_equal(byte_at(good_parts[1].address - 1), 0);
	assert_int_equal(byte_at(good_parts[1].address), 0xbb);
	assert_int_equal(byte_at(good_parts[1].address + 299), 0xbb);
	assert_int_equal(byte_at(good_parts[1].address + 300), 0);
	assert_int_equal(byte_at(good_parts[2].address + 100 * PAGE_BYTES - 1), 0);
	assert_int_equal(segment_mapping(segment_find(aspace->segments, TEXT), TEXT)->rights, RIGHTS_READ | RIGHTS_EXEC);
	assert_int_equal(segment_mapping(segment_find(aspace->segments, TEXT), good_parts[1].address)->rights,
			 RIGHTS_READ | RIGHTS_WRITE);
	unload();
	image_free(&program);
}

static void test_elf_cut(void)
{
	struct image program = good_program();
	start();
	for (size_t bytes = 0; bytes < program.bytes; bytes += bytes < 300 ? 1 : 61) {
		struct image cut = {0};
		image_append(&cut, program.data, bytes);
		assert_int_equal(load(&cut), STATUS_INVALID);
		unload();
		image_free(&cut);
	}
	image_free(&program);
}

struct damage {
	size_t at;
	uint64_t value;
	size_t bytes;
	enum status status;
};

#define PART(n, field) (ELF_HEADER_BYTES + (n)*ELF_PART_BYTES + (field))

static const struct damage damages[] = {
	{0, 0, 1, STATUS_INVALID},                     /* no ELF */
	{4, 1, 1, STATUS_INVALID},                     /* 32-bit */
	{5, 2, 1, STATUS_INVALID},                     /* the other byte order */
	{ELF_AT_TYPE, 3, 2, STATUS_INVALID},           /* a shared object */
	{ELF_AT_MACHINE, 62, 2, STATUS_INVALID},       /* another machine */
	{ELF_AT_PROGRAM_BYTES, 32, 2, STATUS_INVALID}, /* strange program headers */
	{ELF_AT_PROGRAM_BYTES, 0, 2, STATUS_INVALID},
	{ELF_AT_PROGRAM_COUNT, 0xffff, 2, STATUS_INVALID}, /* more of them than the file holds */
	{ELF_AT_PROGRAM_OFFSET, UINT64_MAX, 8, STATUS_INVALID},
	{ELF_AT_PROGRAM_OFFSET, UINT64_MAX - 100, 8, STATUS_INVALID}, /* the end overflows */
	{ELF_AT_PROGRAM_OFFSET, 1 << 20, 8, STATUS_INVALID},
	{PART(0, PART_AT_OFFSET), UINT64_MAX, 8, STATUS_INVALID},
	{PART(0, PART_AT_OFFSET), 1 << 20, 8, STATUS_INVALID},
	{PART(0, PART_AT_FILE_BYTES), UINT64_MAX, 8, STATUS_INVALID},
	{PART(0, PART_AT_FILE_BYTES), 1 << 20, 8, STATUS_INVALID}, /* more in the file than in memory */
	{PART(0, PART_AT_MEMORY_BYTES), 0, 8, STATUS_INVALID},
	{PART(0, PART_AT_MEMORY_BYTES), 4999, 8, STATUS_INVALID},
	{PART(0, PART_AT_MEMORY_BYTES), UINT64_MAX, 8, STATUS_INVALID},
	{PART(0, PART_AT_MEMORY_BYTES), 2 * TIB, 8, STATUS_INVALID},
	{PART(0, PART_AT_MEMORY_BYTES), 2 * GIB, 8, STATUS_LIMIT}, /* larger than an object */
	{PART(0, PART_AT_ADDRESS), 0, 8, STATUS_INVALID},          /* page 0 */
	{PART(0, PART_AT_ADDRESS), 100, 8, STATUS_INVALID},
	{PART(0, PART_AT_ADDRESS), TIB, 8, STATUS_INVALID},                          /* the stacks */
	{PART(0, PART_AT_ADDRESS), TIB - PAGE_BYTES, 8, STATUS_INVALID},             /* reaching into them */
	{PART(0, PART_AT_ADDRESS), UINT64_C(0xffffffff80000000), 8, STATUS_INVALID}, /* the kernel */
	{PART(0, PART_AT_ADDRESS), UINT64_MAX - 5, 8, STATUS_INVALID},
	{PART(1, PART_AT_ADDRESS), TEXT + PAGE_BYTES, 8, STATUS_EXISTS}, /* over the first */
	{PART(2, PART_AT_ADDRESS), TEXT - 50 * PAGE_BYTES, 8, STATUS_EXISTS},
	{PART(0, PART_AT_FLAGS), 7, 4, STATUS_DENIED}, /* W and X */
};

static void test_elf_damaged(void)
{
	start();
	for (size_t i = 0; i < ARRAY_LENGTH(damages); i++) {
		struct image program = good_program();
		memcpy(program.data + damages[i].at, &damages[i].value, damages[i].bytes);
		if (load(&program) != damages[i].status)
			fail_msg("row %zu", i);
		unload();
		image_free(&program);
	}
}

/* Random bytes in the headers: whatever the loader says, nothing is lost and nothing outside is touched. */
static void test_elf_noise(void)
{
	start();
	srand(6);
	unsigned loaded = 0;
	for (unsigned round = 0; round < 1500; round++) {
		struct image program = good_program();
		size_t headers = ELF_HEADER_BYTES + ARRAY_LENGTH(good_parts) * ELF_PART_BYTES;
		for (unsigned i = 0; i < 1 + round % 3; i++)
			program.data[(size_t)rand() % headers] = (uint8_t)rand();
		loaded += load(&program) == STATUS_OK;
		unload();
		image_free(&program);
	}
	assert_true(loaded > 50 && loaded < 1450);
}

static const struct sim_test tests[] = {
	{"archive", test_archive},
	{"archive_cut", test_archive_cut},
	{"archive_damaged", test_archive_damaged},
	{"archive_noise", test_archive_noise},
	{"symbols", test_symbols},
	{"elf", test_elf},
	{"elf_cut", test_elf_cut},
	{"elf_damaged", test_elf_damaged},
	{"elf_noise", test_elf_noise},
};

int main(void)
{
	return sim_test_main("archive", tests, ARRAY_LENGTH(tests));
}
