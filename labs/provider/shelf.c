/*
 * A shelf of pages, and who wants them; program.part says how it goes.
 *
 *     1   readers want pages, several of them the same one; pages are stored to, and come back when they are flushed
 *     2   a provider that refuses, and one that dies with the question in its hand
 *
 * One thread is the provider of an object, others (program.readers of them) read it. There are program.pages pages on the shelf. What everybody finds is
 * marked: "right" and "wrong" with the page's number, "saved" and "lost" for what was stored, "killed" with how many the kernel had to kill.
 */
#include <vitrine.h>

#define PAGES_MAX 64
#define READERS_MAX 12
#define WORDS_A_PAGE (PAGE_BYTES / sizeof(uint64_t))

enum behaviour { ANSWER, REFUSE, DIE };

static uint64_t endpoint, object, pages, readers;
static uint64_t (*window)[WORDS_A_PAGE], (*view)[WORDS_A_PAGE];
static enum behaviour behaviour;
static volatile int *nowhere;     /* NULL, and nothing sets it */
static uint64_t saved[PAGES_MAX]; /* what came back of each page: its first word */

static uint64_t value_of(uint64_t page)
{
	return saved[page] ? saved[page] : 1000 + page;
}

static enum status serve(const struct message *message)
{
	uint64_t page = message->word[PAGE_MESSAGE_PAGE];
	thread_sleep_us(50); /* others come and want the same page */
	if (behaviour == DIE)
		*nowhere = 1;
	if (behaviour == REFUSE)
		return STATUS_IO_ERROR;
	if (message->type == MESSAGE_PAGE_READ)
		window[page][0] = value_of(page);
	else
		saved[page] = window[page][0];
	return STATUS_OK;
}

static int provides(void *argument)
{
	struct message message = {0};
	(void)argument;
	for (struct result result = ipc_receive(endpoint, &message); result.status == STATUS_OK;
	     result = ipc_reply_receive(endpoint, &message))
		message.type = serve(&message);
	return 1;
}

static void look_at(uint64_t page)
{
	uint64_t found = *(volatile uint64_t *)&view[page][0];
	mark_instant(found == value_of(page) ? "right" : "wrong", (int64_t)page);
}

/* Every reader wants every page; each begins at another one, but for the first two, which want the same at the same time. */
static int reads(void *argument)
{
	uint64_t me = (uintptr_t)argument;
	look_at(0);
	for (uint64_t i = 0; i < pages; i++)
		look_at((i + me / 2 * 3) % pages);
	return 0;
}

static int reads_one(void *argument)
{
	look_at((uintptr_t)argument);
	return 0;
}

static uint64_t killed_of(thread_function *function, uint64_t argument, bool same)
{
	uint64_t threads[READERS_MAX], killed = 0;
	for (uint64_t i = 0; i < readers; i++)
		threads[i] = must(thread_create("reader", function, (void *)(uintptr_t)(same ? argument : i)));
	for (uint64_t i = 0; i < readers; i++)
		killed += thread_join(threads[i]).status == STATUS_CRASHED;
	return killed;
}

/* Pages that were read before are stored to, and flushed: the provider has to get what was stored. */
static void store_and_flush(void)
{
	for (uint64_t page = 0; page < pages; page += 3) {
		look_at(page);
		view[page][0] = 5000 + page;
		must(sys_object_remove(object, page, 1, page % 2 ? REMOVE_FLUSH : REMOVE_RELEASE));
		mark_instant(saved[page] == 5000 + page ? "saved" : "lost", (int64_t)page);
		look_at(page);
	}
}

static void fail(enum behaviour how, uint64_t page)
{
	behaviour = how;
	mark_instant("killed", (int64_t)killed_of(reads_one, page, true));
}

int main(void)
{
	pages = program_option("pages", 12);
	readers = program_option("readers", 4);
	endpoint = must(sys_endpoint_create());
	object = must(sys_object_provide(endpoint, PAGES_MAX * PAGE_BYTES, 0, 1));
	window = (void *)must(sys_object_map(object, 0, 0, PAGES_MAX * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE | MAP_WINDOW));
	view = object_map(object, PAGES_MAX * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	uint64_t provider = must(thread_create("provider", provides, NULL));
	if (program_option("part", 1) == 1) {
		check(killed_of(reads, 0, false) == 0);
		store_and_flush();
		return checks_failed();
	}
	fail(ANSWER, 1);
	fail(REFUSE, 2);
	fail(ANSWER, 2);
	fail(DIE, 3);
	fail(ANSWER, 4); /* nobody serves any more */
	fail(ANSWER, 1); /* what has come before is still there */
	check(thread_join(provider).status == STATUS_CRASHED);
	return checks_failed();
}
