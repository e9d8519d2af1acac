/*
 * Two CPUs that use the same colliding pages, and take turns to replace one.
 *
 * In each turn one of the two threads unmaps a page, maps a new one at the same address and stores the number of the turn
 * there; then both load from every page. What a CPU loads through a translation that should be gone is the page before
 * ("wrong"), or what somebody else has made of its frame. The pages are 2048 pages apart, so all of them want the same sixteen
 * places.
 */
#include <vitrine.h>

#define STRIDE (2048 * PAGE_BYTES)
#define PAGES 20
#define TURNS 24
#define THREADS 2

static uint8_t *memory;
static uint64_t expected[PAGES], salt;
static struct barrier barrier;

static volatile uint64_t *word_of(uint64_t page)
{
	return (volatile uint64_t *)(memory + page * STRIDE);
}

static void replace(uint64_t page, uint64_t turn)
{
	must(memory_unmap((void *)word_of(page), PAGE_BYTES));
	must(memory_map((void *)word_of(page), PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE));
	if (*word_of(page) != 0)
		mark_instant("wrong", (int64_t)page);
	*word_of(page) = expected[page] = salt + turn;
}

static int take_turns(void *argument)
{
	uint64_t thread = (uint64_t)(uintptr_t)argument;
	for (uint64_t turn = 0; turn < TURNS; turn++) {
		if (turn % THREADS == thread)
			replace((salt + turn * 7) % PAGES, turn);
		barrier_wait(&barrier, THREADS);
		for (uint64_t page = 0; page < PAGES; page++)
			mark_instant(*word_of(page) == expected[page] ? "right" : "wrong", (int64_t)page);
		barrier_wait(&barrier, THREADS);
	}
	return 0;
}

int main(void)
{
	uint64_t threads[THREADS];
	salt = program_option("salt", 1);
	memory = memory_new(PAGES * STRIDE);
	for (uint64_t page = 0; page < PAGES; page++)
		*word_of(page) = expected[page] = page;
	for (uintptr_t i = 0; i < THREADS; i++)
		threads[i] = must(thread_create_on(ONLY_CPU(i), "turns", take_turns, (void *)i));
	for (unsigned i = 0; i < THREADS; i++)
		must(thread_join(threads[i]));
	return 0;
}
