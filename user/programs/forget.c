/*
 * A page table is a cache: the MMU may forget everything at any time, and nothing is lost.
 *
 * The program fills many pages, makes the MMU forget all of them, and reads them back; several times. Each page it reads then
 * costs a soft miss: the kernel finds the page in its own records and enters the translation again. The trace shows one
 * zero-fill fault for each page, and after that only soft misses; the data are as they were.
 */
#include <vitrine.h>

#define PAGES 512
#define ROUNDS 4
#define WORDS (PAGE_BYTES / sizeof(uint64_t))

/* Every 64th word of a page, so that all parts of it are looked at without spending long on it. */
#define STEP 64

static uint64_t expected(uint64_t page, uint64_t word, uint64_t round)
{
	return (page << 40 | word << 20 | round) * UINT64_C(0x9e3779b97f4a7c15);
}

static void fill(uint64_t *memory, uint64_t round)
{
	for (uint64_t page = 0; page < PAGES; page++)
		for (uint64_t word = 0; word < WORDS; word += STEP)
			memory[page * WORDS + word] = expected(page, word, round);
}

static uint64_t count_wrong(const uint64_t *memory, uint64_t round)
{
	uint64_t wrong = 0;
	for (uint64_t page = 0; page < PAGES; page++)
		for (uint64_t word = 0; word < WORDS; word += STEP)
			wrong += memory[page * WORDS + word] != expected(page, word, round);
	return wrong;
}

int main(void)
{
	struct file file;
	struct file_statistics before, after;
	uint64_t *memory = memory_new(PAGES * PAGE_BYTES);
	must(file_open("README", &file));
	const volatile char *text = object_map(file.object, file.room, RIGHTS_READ);
	check(text[0] == 'T');
	must(file_statistics(&before));
	for (uint64_t round = 0; round < ROUNDS; round++) {
		mark_begin("fill");
		fill(memory, round);
		mark_end("fill");
		memory_forget();
		mark_begin("read again");
		check(count_wrong(memory, round) == 0 && text[0] == 'T');
		mark_end("read again");
		memory_forget();
	}
	must(file_statistics(&after)); /* the file's page was forgotten by the MMU only: nobody had to read it again */
	check(after.pages_read == before.pages_read);
	printf("forget: %d pages forgotten %d times, %d times something was lost\n", PAGES, 2 * ROUNDS, checks_failed());
	return checks_failed();
}
