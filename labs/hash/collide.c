/*
 * Pages that want the same sixteen places of the hashed page table.
 *
 * Pages whose numbers differ by a multiple of 2048, the number of groups, have the same primary group, and so the same
 * secondary one. The program uses as many of them as it is told (program.pages) in turn. Each use is marked before it happens
 * ("load", "store" or "gone", with the address) and after it ("right" or "wrong": was the word there the one expected?), so
 * that the trace says for each whether it faulted.
 *
 *     fill     a store to each, so that each has a frame
 *     hot      one page is loaded again and again between the others: it must not lose its place
 *     mixed    loads and stores by chance
 *     unmap    every third page goes; then each of them is "gone", and the others are as they were
 */
#include <vitrine.h>

#define GROUPS 2048
#define STRIDE (GROUPS * PAGE_BYTES)
#define PAGES_MAX 64
#define GONE UINT64_C(0xffffffffffffffff)

static uint64_t pages, first, random_state; /* `first`: which page of the mapping is page 0 */
static uint8_t *memory;
static uint64_t value[PAGES_MAX]; /* what lies in each page; GONE: it was unmapped */

static uint64_t random_number(uint64_t below)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (random_state >> 33) % below;
}

static volatile uint64_t *word_of(uint64_t page)
{
	return (volatile uint64_t *)(memory + page * STRIDE + first * PAGE_BYTES);
}

/* Whoever uses what is gone gets GONE: the instruction is skipped, and its register keeps what it had. */
static _Noreturn void skip(uint64_t cause, uint64_t address, uint64_t pc)
{
	(void)cause, (void)address;
	fault_return(pc + 4);
}

static uint64_t load(const volatile uint64_t *word)
{
	uint64_t loaded = GONE;
	__asm__ volatile("ld %0, 0(%1)" : "+r"(loaded) : "b"(word) : "memory");
	return loaded;
}

static void use(uint64_t page, bool stores)
{
	volatile uint64_t *word = word_of(page);
	bool is_gone = value[page] == GONE;
	mark_instant(is_gone ? "gone" : stores ? "store" : "load", (int64_t)(uintptr_t)word);
	if (stores)
		*word = value[page] = random_number(1 << 30);
	mark_instant(stores || load(word) == value[page] ? "right" : "wrong", (int64_t)page);
}

static void hot(uint64_t rounds)
{
	mark_instant("hot", (int64_t)(uintptr_t)word_of(0));
	for (uint64_t i = 0; i < rounds * (pages - 1); i++) {
		use(0, false);
		use(1 + i % (pages - 1), false);
	}
	mark_instant("hot over", 0);
}

static void mixed(uint64_t uses)
{
	for (uint64_t i = 0; i < uses; i++)
		use(random_number(pages), random_number(4) == 0);
}

static void unmap_some(void)
{
	for (uint64_t page = 0; page < pages; page += 3) {
		use(page, false);
		must(memory_unmap((void *)word_of(page), PAGE_BYTES));
		value[page] = GONE;
		use(page, false);
	}
	for (uint64_t page = 0; page < pages; page++)
		use(page, false);
}

int main(void)
{
	static uint8_t stack[4096] __attribute__((aligned(16)));
	pages = program_option("pages", 32);
	random_state = program_option("salt", 1);
	first = random_number(GROUPS);
	memory = memory_new(pages * STRIDE);
	must(fault_handler(skip, stack, sizeof(stack)));
	for (uint64_t page = 0; page < pages; page++)
		use(page, true);
	hot(3);
	mixed(program_option("uses", 300));
	unmap_some();
	return 0;
}
