/*
 * What happens when memory runs out: the kernel says no, to the one who asked.
 *
 * Mapping memory promises pages; touching them takes them. A greedy thread touches page after page until there is none left.
 * The fault that finds none cannot be answered, so the thread that made it is killed. A modest thread, whose pages it already
 * has, never notices. When the greedy thread's memory is unmapped, all of it can be had again: a second greedy thread gets as
 * far.
 */
#include <vitrine.h>

/* Memory is mapped in pieces; a machine with more than PIECES of them would need a larger number here. */
#define PIECE_BYTES (256 * MIB)
#define PIECES 64

struct greed {
	uint8_t *piece[PIECES];
	unsigned pieces;
	uint64_t pages;
};

/* Touches pages until that kills it. Returns only if there is more memory than it can ask for. */
static int greedy(void *argument)
{
	struct greed *greed = argument;
	for (greed->pieces = 0; greed->pieces < PIECES;) {
		struct result piece = memory_map(NULL, PIECE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
		if (piece.status != STATUS_OK)
			return (int)piece.status;
		greed->piece[greed->pieces++] = (uint8_t *)piece.value;
		for (uint64_t offset = 0; offset < PIECE_BYTES; offset += PAGE_BYTES) {
			*(volatile uint8_t *)(piece.value + offset) = 1;
			greed->pages++;
		}
	}
	return 0;
}

#define MODEST_PAGES 16

static bool modest_may_go;
static uint8_t modest_memory[MODEST_PAGES * PAGE_BYTES];

static int modest(void *argument)
{
	(void)argument;
	memset(modest_memory, 0x5a, sizeof(modest_memory));
	while (!__atomic_load_n(&modest_may_go, __ATOMIC_ACQUIRE)) {
		for (uint64_t i = 0; i < sizeof(modest_memory); i += PAGE_BYTES / 2)
			check(modest_memory[i] == 0x5a);
		thread_yield();
	}
	return 0;
}

/* Lets a thread take all there is, and gives it back. Returns how many pages that was. */
static uint64_t take_everything(struct greed *greed)
{
	uint64_t thread = must(thread_create("greedy", greedy, greed));
	struct result end = thread_join(thread);
	for (unsigned i = 0; i < greed->pieces; i++)
		must(memory_unmap(greed->piece[i], PIECE_BYTES));
	/* Either the kernel refused to map more, or it could not answer a touch. */
	check(end.status == STATUS_CRASHED || (end.status == STATUS_OK && end.value == STATUS_NO_MEMORY));
	return greed->pages;
}

int main(void)
{
	static struct greed first, second;
	uint64_t thread = must(thread_create("modest", modest, NULL));
	/* Let it touch its pages before they are gone. */
	while (__atomic_load_n(&modest_memory[sizeof(modest_memory) - 1], __ATOMIC_ACQUIRE) == 0)
		thread_yield();
	uint64_t pages = take_everything(&first);
	uint64_t pages_again = take_everything(&second);
	__atomic_store_n(&modest_may_go, true, __ATOMIC_RELEASE);
	must(thread_join(thread));
	/* The kernel may keep some records that it needed in between, no more. */
	check(pages > 0 && pages_again + 64 >= pages);
	printf("exhaust: %lu pages taken, %lu the second time, %d things wrong\n", pages, pages_again, checks_failed());
	return checks_failed();
}
