/*
 * `vitrine dump` with images that are made up here: what it says of a sound one, in either byte order, and that nothing in a damaged
 * one makes it fail, hang or read where it may not (the sanitizers watch).
 *
 * Teaches: a program that reads what may be broken is tried with what is broken. Arguments: the build directory; or that and RAM images
 * of real runs, which are damaged then.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../kernel/abi/trace_enums.h"
#include "made_image.h"
#include "shell.h"

#define VARIANTS 400
#define VARIANTS_OF_REAL 30
#define ALL UINT64_MAX

/* ---- what is said of it ---- */

/* The dump goes to shell_output; what is said on stderr goes away. */
static int dump(const char *path)
{
	FILE *out = fmemopen(shell_output, sizeof(shell_output), "w");
	assert_non_null(out);
	int code = dump_print(out, path, ALL, 10);
	fclose(out);
	shell_output[sizeof(shell_output) - 1] = '\0';
	return code;
}

static void sound(bool swapped, bool hash)
{
	struct made *made = made_image(swapped, hash);
	int code = dump(made->path);
	if (code)
		fprintf(stderr, "%s", shell_output);
	assert_int_equal(code, 0);
	assert_true(shell_said(
		"     7  waiter            made up (3)             0  blocked  waits for a thread to end: thread 9\n"));
	assert_true(shell_said(
		"  base     0x000010000000  0x000010002000       2  r-x  rwx      21       0  zeros, until somebody writes\n"));
	assert_true(shell_said("      21       2        1     1         0  zeros, until somebody writes; 1 present, changed\n"));
	assert_true(shell_said("       2  object       21  rw----g     1     -\n"));
	assert_true(shell_said("      next     an endpoint, id 77\n"));
	assert_true(shell_said("  cpu 0  ready     nobody\n"));
	assert_true(shell_said("xround\n"));
	if (hash)
		assert_true(shell_said("made up (3)           0x000010001000  0x000006000  r-x  R-    0\n  1 of 64 entries"));
	else
		assert_true(shell_said("    0x000010001000  0x000010002000       1  r-x                   1      0  0x6000\n"));
	made_done(made);
}

static void test_little_endian(void **state)
{
	(void)state;
	sound(false, false);
}

static void test_big_endian(void **state)
{
	(void)state;
	sound(true, true);
}

/* Changes a word of a sound image: the dump says so where it stands, and all that is elsewhere. */
static void test_damage_is_told_and_the_rest_stays(void **state)
{
	(void)state;
	static const char rest[] = "waits for a thread to end: thread 9";
	struct made *made = made_image(false, false);
	uint64_t node = made_at(made, "mapping", made_place(AT_MAPPING), "node"), chunk = made_place(AT_CHUNKS),
		 loop = made_place(AT_RCU);
	const struct {
		uint64_t paddr, value;
		const char *said;
	} damages[] = {
		{node + 8, DIRECT + 8, "(corrupt: mappings: the next element does not point back"},
		{node, 0x123456789abcdef0, "(corrupt: mappings: a link leads out of the image"},
		{chunk, 0x10, "(corrupt: 1 chunks of its slots cannot be read)"},
		{made_place(AT_HANDLES) + 24, DIRECT + BYTES, "(corrupt: handle 3 is not at 0xffff800000040000)"},
		{made_place(AT_TABLES) + 8, made_place(AT_TABLES) + 7, "is reached twice)"},
		{loop + made_row(made, "rcu_head", "next")->offset, DIRECT + loop, "(corrupt: next: the list does not end)"},
	};
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		uint64_t before;
		memcpy(&before, made->ram + damages[i].paddr, 8);
		assert_int_equal(pwrite(made->file, &damages[i].value, 8, (off_t)damages[i].paddr), 8);
		assert_int_equal(dump(made->path), 1);
		assert_true(shell_said(damages[i].said));
		assert_true(shell_said(rest));
		assert_int_equal(pwrite(made->file, &before, 8, (off_t)damages[i].paddr), 8);
	}
	assert_int_equal(dump(made->path), 0);
	made_done(made);
}

static void test_a_field_that_is_missing_is_named(void **state)
{
	(void)state;
	struct made *made = made_image(false, false);
	const struct layout_row *row = made_row(made, "thread", "wait_key");
	off_t place_of_row = (off_t)(made_place(AT_LAYOUT) + (uint64_t)(row - made->row) * sizeof(*row));
	assert_int_equal(pwrite(made->file, "gone", 5, place_of_row), 5);
	assert_int_equal(dump(made->path), 1);
	assert_true(shell_said("(this kernel does not tell thread.wait_key: its layout table has no such row)"));
	assert_true(shell_said("waits for a thread to end: any\n"));
	made_done(made);
}

/* An image without processes says why it is so empty, where that matters, and in the words of the verdict. */
static void test_what_has_ended_is_said(void **state)
{
	(void)state;
	static const struct {
		enum verdict verdict;
		const char *said;
	} ends[] = {
		{VERDICT_FINISHED, "\n(all processes had ended when the run did"},
		{VERDICT_CRASHED, "\n(all processes had ended when the run did"},
		{VERDICT_REFUSED, "\n(there is no process, so there are no threads"},
	};
	struct made *made = made_image(false, false);
	uint64_t list = made_place(AT_HEADS) + 32;
	assert_int_equal(dump(made->path), 0);
	assert_null(strstr(shell_output, "(all processes"));
	memset(made->ram + made_place(AT_THREADS), 0, 16 * 8);
	made_put(made, list, 8, IMAGE + list);
	made_put(made, list + 8, 8, IMAGE + list);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		made_put(made, DUMP_PAGE + offsetof(struct descriptor, verdict), 8, ends[i].verdict);
		assert_int_equal(pwrite(made->file, made->ram, BYTES, 0), BYTES);
		assert_int_equal(dump(made->path), 0);
		assert_true(shell_said(ends[i].said));
	}
	made_done(made);
}

static char build[512];

/* What is no image at all: a sentence and an exit code. */
static void test_what_is_no_image(void **state)
{
	(void)state;
	char path[] = "/tmp/test_dump.XXXXXX";
	int file = mkstemp(path);
	assert_int_equal(shell("%s/asan/vitrine dump /nonexistent", build), 1);
	assert_true(shell_said("/nonexistent: there is no RAM image: No such file or directory"));
	assert_int_equal(shell("%s/asan/vitrine dump /tmp/", build), 1);
	assert_int_equal(shell("%s/asan/vitrine dump %s", build, path), 1);
	assert_true(shell_said("is no RAM image: not a file of at least a page"));
	assert_int_equal(ftruncate(file, BYTES), 0);
	assert_int_equal(shell("%s/asan/vitrine dump %s", build, path), 1);
	assert_true(shell_said("no page of it starts with the eyecatcher"));
	assert_int_equal(pwrite(file, "VITRINE-GLASS-9", 16, DUMP_PAGE), 16);
	assert_int_equal(shell("%s/asan/vitrine dump %s", build, path), 1);
	assert_true(shell_said("the descriptor is damaged, or of a kernel of another version"));
	struct made *made = made_image(false, false);
	assert_int_equal(pwrite(file, made->ram, BYTES, 0), BYTES);
	assert_int_equal(shell("%s/asan/vitrine dump %s", build, path), 0);
	assert_int_equal(shell("%s/asan/vitrine dump %s thread", build, path), 2);
	assert_true(shell_said("did you mean `threads`?"));
	assert_int_equal(shell("%s/asan/vitrine dump %s --events x", build, path), 2);
	assert_int_equal(pwrite(file, "another!", 8, DUMP_PAGE + offsetof(struct descriptor, schema_hash)), 8);
	assert_int_equal(shell("%s/asan/vitrine dump %s", build, path), 1);
	assert_true(shell_said("the kernel was built from another trace/events.h"));
	assert_int_equal(ftruncate(file, AT_THREADS * DUMP_PAGE), 0);
	assert_int_equal(shell("%s/asan/vitrine dump %s", build, path), 1);
	assert_true(shell_said("places are damaged"));
	assert_int_equal(ftruncate(file, 3 * DUMP_PAGE), 0);
	assert_int_equal(shell("%s/asan/vitrine dump %s", build, path), 1);
	assert_true(shell_said("the kernel's layout table does not lie in the image"));
	made_done(made);
	close(file);
	unlink(path);
}

/* ---- damage at random ---- */

static uint64_t random_number(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Dumps variants of the image, each with some words overwritten, from page `first` on; it is whole again afterwards. Returns how many told damage. */
static unsigned fuzz(int file, uint64_t first, uint64_t bytes, unsigned variants)
{
	char path[40];
	unsigned told = 0;
	FILE *out = fopen("/dev/null", "w");
	assert_non_null(out);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	for (uint64_t variant = 1; variant <= variants; variant++) {
		uint64_t seed = variant * 0x9e3779b97f4a7c15, where[16], before[16];
		unsigned words = 1 + variant % 16;
		for (unsigned i = 0; i < words; i++) {
			/* A place, and nonsense of several kinds: small, a bit changed, an address that may be one, anything. */
			where[i] = first + random_number(&seed) % (bytes - first) / 8 * 8;
			assert_int_equal(pread(file, &before[i], 8, (off_t)where[i]), 8);
			uint64_t any = random_number(&seed);
			uint64_t value = i % 4 == 0   ? any % 64
					 : i % 4 == 1 ? before[i] ^ UINT64_C(1) << any % 64
					 : i % 4 == 2 ? DIRECT + any % bytes
						      : any;
			assert_int_equal(pwrite(file, &value, 8, (off_t)where[i]), 8);
		}
		told += dump_print(out, path, ALL, 10) != 0;
		for (unsigned i = words; i-- > 0;)
			assert_int_equal(pwrite(file, &before[i], 8, (off_t)where[i]), 8);
	}
	fclose(out);
	return told;
}

static void test_damage_anywhere(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct made *made = made_image(i, i);
		unsigned told = fuzz(made->file, DUMP_PAGE, made_place(AT_HASH) + DUMP_PAGE, VARIANTS);
		printf("%u of %u variants told damage\n", told, VARIANTS);
		assert_in_range(told, VARIANTS / 20, VARIANTS - 1);
		assert_int_equal(dump(made->path), 0);
		made_done(made);
	}
}

/* Damages the image of a real run, where its kernel is and keeps its records: in the first 16 MiB that are not empty. */
static int fuzz_real(const char *path)
{
	static uint8_t chunk[1 << 16];
	int from = open(path, O_RDONLY | O_CLOEXEC), file = memfd_create("ram", MFD_CLOEXEC);
	off_t size = from < 0 ? -1 : lseek(from, 0, SEEK_END), start, end = 0;
	if (size < BYTES || file < 0 || ftruncate(file, size) != 0)
		return fprintf(stderr, "%s: no image\n", path), 1;
	while ((start = lseek(from, end, SEEK_DATA)) >= 0) {
		end = lseek(from, start, SEEK_HOLE);
		for (off_t at_byte = start; at_byte < end;) {
			ssize_t got = pread(from, chunk, sizeof(chunk), at_byte);
			if (got <= 0 || pwrite(file, chunk, (size_t)got, at_byte) != got)
				return 1;
			at_byte += got;
		}
	}
	unsigned told = fuzz(file, 0, UINT64_C(6) << 20, VARIANTS_OF_REAL);
	printf("%s: %u of %u variants told damage\n", path, told, VARIANTS_OF_REAL);
	close(from);
	close(file);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_little_endian),
		cmocka_unit_test(test_big_endian),
		cmocka_unit_test(test_damage_is_told_and_the_rest_stays),
		cmocka_unit_test(test_a_field_that_is_missing_is_named),
		cmocka_unit_test(test_what_has_ended_is_said),
		cmocka_unit_test(test_what_is_no_image),
		cmocka_unit_test(test_damage_anywhere),
	};
	int bad = 0;
	if (argc < 2)
		return 2;
	for (int i = 2; i < argc; i++)
		bad |= fuzz_real(argv[i]);
	if (argc > 2)
		return bad;
	snprintf(build, sizeof(build), "%s", argv[1]);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	printf("tools dump         %zu tests, %d failed\n", sizeof(tests) / sizeof(tests[0]), failed);
	return failed != 0;
}
