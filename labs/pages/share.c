/*
 * Two CPUs that use the same pages, and take turns to replace one.
 *
 * In each turn one of two threads unmaps a page, maps a new one at the same address and stores the number of the turn there;
 * then both load from every page. What a CPU loads through a translation that it should have dropped is the page before
 * ("wrong"). Now and then a thread of another process runs on one of the CPUs, so that not both translate through this space
 * all the time.
 */
#include <vitrine.h>

#define PAGES 12
#define TURNS 24
#define THREADS 2
#define IS_OTHER 1

static uint8_t *memory;
static uint64_t expected[PAGES], salt;
static uint32_t arrived; /* at all barriers together */

static volatile uint64_t *word_of(uint64_t page)
{
	return (volatile uint64_t *)(memory + page * PAGE_BYTES);
}

static void replace(uint64_t page, uint64_t turn)
{
	must(memory_unmap((void *)word_of(page), PAGE_BYTES));
	must(memory_map((void *)word_of(page), PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE));
	if (*word_of(page) != 0)
		mark_instant("wrong", (int64_t)page);
	*word_of(page) = expected[page] = salt + turn;
}

/* Both go on when both are here. Who waits computes, and stays on its CPU, in this space. */
static void meet(uint32_t *meetings)
{
	++*meetings;
	__atomic_add_fetch(&arrived, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&arrived, __ATOMIC_ACQUIRE) < *meetings * THREADS)
		;
}

static int take_turns(void *argument)
{
	uint64_t thread = (uint64_t)(uintptr_t)argument;
	uint32_t meetings = 0;
	for (uint64_t turn = 0; turn < TURNS; turn++) {
		if (turn % THREADS == thread)
			replace((salt + turn * 5) % PAGES, turn);
		meet(&meetings);
		for (uint64_t page = 0; page < PAGES; page++)
			mark_instant(*word_of(page) == expected[page] ? "right" : "wrong", (int64_t)page);
		meet(&meetings);
	}
	return 0;
}

/* The other process: works a little, sleeps a little. */
static int other(void)
{
	must(thread_run_on(ONLY_CPU(1)));
	for (unsigned i = 0; i < 30; i++) {
		uint8_t *page = memory_new(PAGE_BYTES);
		page[0] = 1;
		must(memory_unmap(page, PAGE_BYTES));
		thread_sleep_us(100);
	}
	return 0;
}

int main(void)
{
	uint64_t threads[THREADS];
	if (program_argument() == IS_OTHER)
		return other();
	struct file self;
	must(file_open("share", &self));
	salt = program_option("salt", 1);
	memory = memory_new(PAGES * PAGE_BYTES);
	for (uint64_t page = 0; page < PAGES; page++)
		*word_of(page) = expected[page] = page;
	uint64_t process = must(process_start_with("share", self.object, IS_OTHER, 0));
	for (uintptr_t i = 0; i < THREADS; i++)
		threads[i] = must(thread_create_on(ONLY_CPU(i), "turns", take_turns, (void *)i));
	for (unsigned i = 0; i < THREADS; i++)
		must(thread_join(threads[i]));
	must(process_wait(process));
	return 0;
}
