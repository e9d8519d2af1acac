/*
 * A working set of twice the memory there is.
 *
 * The pages are an object's whose provider is a thread of this program. It keeps eight bytes of each page, from which the whole page can be
 * made again: so it needs little memory itself. The kernel drops clean pages and has changed ones saved, the longest unused first, as
 * memory runs short; whoever finds no page free waits until one is. A few hot pages are touched all the time, and are hardly ever cast out.
 * At the end every page has to hold what was last stored there. Run it with little memory: --append memory=6.
 */
#include <vitrine.h>

#define WORDS_A_PAGE (PAGE_BYTES / sizeof(uint64_t))
#define PAGES_MAX 65536
#define HOT_PAGES 8
#define VISITS 2

static uint64_t endpoint, object, pages;
static uint64_t (*window)[WORDS_A_PAGE], (*view)[WORDS_A_PAGE];
static uint64_t seeds[PAGES_MAX];
static unsigned reads, writes, hot_reads;
static uint64_t least_free = UINT64_MAX;

/* What a page holds, from the seed that stands in its first word. */
static uint64_t word_of(uint64_t seed, uint64_t i)
{
	return (seed + i) * UINT64_C(0x9e3779b97f4a7c15);
}

static void fill(uint64_t *page, uint64_t seed)
{
	page[0] = seed;
	for (uint64_t i = 1; i < WORDS_A_PAGE; i++)
		page[i] = word_of(seed, i);
}

static bool is_filled(const uint64_t *page, uint64_t seed)
{
	bool good = page[0] == seed;
	for (uint64_t i = 1; i < WORDS_A_PAGE; i += 73)
		good &= page[i] == word_of(seed, i);
	return good;
}

static void serve(const struct message *message)
{
	uint64_t page = message->word[PAGE_MESSAGE_PAGE];
	uint64_t free = must(sys_memory_info(MEMORY_FREE));
	least_free = free < least_free ? free : least_free;
	if (message->type == MESSAGE_PAGE_READ) {
		reads++;
		hot_reads += page < HOT_PAGES;
		fill(window[page], seeds[page]);
	} else {
		writes++;
		check(is_filled(window[page], window[page][0]));
		seeds[page] = window[page][0];
	}
}

static int provider(void *argument)
{
	(void)argument;
	struct message message = {0};
	struct result result = ipc_receive(endpoint, &message);
	while (result.status == STATUS_OK) {
		serve(&message);
		message.type = REPLY_OK;
		result = ipc_reply_receive(endpoint, &message);
	}
	return 1;
}

/* Visits every page, each with its own next seed, and the hot ones in between. */
static void visit(uint64_t round)
{
	for (uint64_t page = 0; page < pages; page++) {
		uint64_t hot = page % HOT_PAGES;
		check(is_filled(view[page], round ? round << 32 | page : 0));
		fill(view[page], (round + 1) << 32 | page);
		check(*(volatile uint64_t *)&view[hot][0] != 0);
	}
}

/* The same without a provider: there is nowhere for the pages to go, so the thread that asks for too much is killed, and only it. */
static int greedy(void *argument)
{
	(void)argument;
	uint64_t bytes = 2 * must(sys_memory_info(MEMORY_TOTAL)) * PAGE_BYTES;
	uint8_t *memory = memory_new(bytes);
	for (uint64_t i = 0; i < bytes; i += PAGE_BYTES)
		memory[i] = 1;
	return 0;
}

int main(void)
{
	pages = 2 * must(sys_memory_info(MEMORY_TOTAL));
	if (pages > PAGES_MAX) {
		printf("pressure: there is too much memory here for a working set of twice that: --append memory=6\n");
		return 0;
	}
	endpoint = must(sys_endpoint_create());
	object = must(sys_object_provide(endpoint, pages * PAGE_BYTES, 0, 1));
	window = (void *)must(sys_object_map(object, 0, 0, pages * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE | MAP_WINDOW));
	view = object_map(object, pages * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	must(thread_create("provider", provider, NULL));
	for (uint64_t round = 0; round < VISITS; round++) {
		mark_begin("visit all");
		visit(round);
		mark_end("visit all");
	}
	for (uint64_t page = 0; page < pages; page++)
		check(is_filled(view[page], (uint64_t)VISITS << 32 | page));
	unsigned cold_reads = (unsigned)((reads - hot_reads) / (pages - HOT_PAGES));
	check(reads > pages && writes > pages && hot_reads / HOT_PAGES <= cold_reads);
	check(least_free > 0);
	printf("pressure: %lu pages in %lu, %u read, %u saved; a hot page came %u times, a cold one %u; at least %lu pages "
	       "free\n",
	       pages, must(sys_memory_info(MEMORY_TOTAL)), reads, writes, hot_reads / HOT_PAGES, cold_reads, least_free);
	must(sys_object_remove(object, 0, pages, REMOVE_RELEASE));
	check(thread_join(must(thread_create("greedy", greedy, NULL))).status == STATUS_CRASHED);
	printf("pressure: %d things wrong\n", checks_failed());
	return checks_failed();
}
