/*
 * A provider, and everything that can become of a page it is asked for.
 *
 * The program is its own provider: one thread serves an object, others use it. Eight threads that touch one page make one message, and
 * one answer lets all eight go on. An answer that is an error kills those who wait, and nobody else; so does a provider that dies
 * with the question in its hand. Pages that were changed come back to the provider when they are flushed, released or evicted, and
 * who touches one that is just being saved waits for that.
 */
#include <vitrine.h>

#define PAGES 64
#define CLIENTS 8
#define WORDS_A_PAGE (PAGE_BYTES / sizeof(uint64_t))

/* What the provider is to do with the next page it is asked for. */
enum behaviour { ANSWER, ANSWER_SLOWLY, REFUSE, DIE };

static uint64_t endpoint, object;
static uint64_t (*window)[WORDS_A_PAGE], (*view)[WORDS_A_PAGE];
static enum behaviour behaviour;
static unsigned reads, writes;
static bool saving;           /* a page is being saved, slowly */
static volatile int *nowhere; /* NULL, and nothing sets it */
static uint64_t store[PAGES]; /* what was saved of each page: its first word */

static uint64_t value_of(uint64_t page)
{
	return store[page] ? store[page] : 1000 + page;
}

static enum status serve(const struct message *message)
{
	uint64_t page = message->word[PAGE_MESSAGE_PAGE];
	__atomic_store_n(&saving, message->type == MESSAGE_PAGE_WRITE, __ATOMIC_RELEASE);
	if (behaviour == ANSWER_SLOWLY)
		thread_sleep_us(300);
	if (behaviour == DIE)
		*nowhere = 1;
	if (behaviour == REFUSE)
		return STATUS_IO_ERROR;
	if (message->type == MESSAGE_PAGE_READ) {
		__atomic_add_fetch(&reads, 1, __ATOMIC_RELAXED);
		window[page][0] = value_of(page);
		window[page][WORDS_A_PAGE - 1] = page;
	} else {
		__atomic_add_fetch(&writes, 1, __ATOMIC_RELAXED);
		check(window[page][WORDS_A_PAGE - 1] == page);
		store[page] = window[page][0];
	}
	return STATUS_OK;
}

static int provider(void *argument)
{
	(void)argument;
	struct message message = {0};
	struct result result = ipc_receive(endpoint, &message);
	while (result.status == STATUS_OK) {
		message.type = serve(&message);
		result = ipc_reply_receive(endpoint, &message);
	}
	return 1;
}

static int client(void *argument)
{
	uint64_t page = (uintptr_t)argument;
	uint64_t value = *(volatile uint64_t *)&view[page][0];
	check(value == value_of(page) && view[page][WORDS_A_PAGE - 1] == page);
	return 0;
}

/* Lets all clients touch one page, and counts those the kernel had to kill. */
static unsigned clients_killed(uint64_t page)
{
	uint64_t threads[CLIENTS];
	unsigned killed = 0;
	for (unsigned i = 0; i < CLIENTS; i++)
		threads[i] = must(thread_create("client", client, (void *)page));
	for (unsigned i = 0; i < CLIENTS; i++)
		killed += thread_join(threads[i]).status == STATUS_CRASHED;
	return killed;
}

static enum slot_state state_of(uint64_t page)
{
	struct vm_query query;
	must(sys_vm_query((uintptr_t)&view[page], (uintptr_t)&query));
	check(query.kind == OBJECT_PROVIDER && query.page == page && query.segment == SEGMENT_VIEW);
	return (enum slot_state)query.state;
}

static void many_wait_for_one(void)
{
	mark_begin("eight for one");
	behaviour = ANSWER_SLOWLY;
	check(clients_killed(5) == 0);
	check(reads == 1);
	behaviour = ANSWER;
	mark_end("eight for one");
}

/* What became of a page after each way to take it out of memory, if it was clean before, and if it was changed. */
static const struct {
	enum remove_kind kind;
	enum slot_state clean_after, changed_after;
} removals[] = {
	{REMOVE_FLUSH, SLOT_PRESENT, SLOT_PRESENT},
	{REMOVE_EVICT, SLOT_ABSENT, SLOT_ABSENT},
	{REMOVE_RELEASE, SLOT_ABSENT, SLOT_ABSENT},
};

static void remove_pages(void)
{
	mark_begin("remove");
	for (unsigned i = 0; i < ARRAY_LENGTH(removals); i++) {
		uint64_t clean = 10 + 2 * i, changed = clean + 1;
		unsigned writes_before = writes;
		check(*(volatile uint64_t *)&view[clean][0] == value_of(clean));
		view[changed][0] = 7000 + i;
		check(state_of(clean) == SLOT_PRESENT && state_of(changed) == SLOT_DIRTY);
		must(sys_object_remove(object, clean, 2, removals[i].kind));
		check(state_of(clean) == removals[i].clean_after && state_of(changed) == removals[i].changed_after);
		check(writes == writes_before + 1 && store[changed] == 7000 + i && view[changed][0] == 7000 + i);
	}
	mark_end("remove");
}

/* A store while the page is being saved waits, and is not lost. (Should it come late, the page comes back for it.) */
static int late_store(void *argument)
{
	(void)argument;
	while (!__atomic_load_n(&saving, __ATOMIC_ACQUIRE))
		thread_yield();
	view[20][0] = 2;
	return 0;
}

static void touch_while_saved(void)
{
	mark_begin("saved and wanted");
	view[20][0] = 1;
	saving = false;
	behaviour = ANSWER_SLOWLY;
	uint64_t thread = must(thread_create("late", late_store, NULL));
	must(sys_object_remove(object, 20, 1, REMOVE_RELEASE));
	must(thread_join(thread));
	behaviour = ANSWER;
	check(view[20][0] == 2 && store[20] == 1); /* released as it was, and stored to since */
	must(sys_object_remove(object, 20, 1, REMOVE_FLUSH));
	check(store[20] == 2);
	mark_end("saved and wanted");
}

/* The kernel reads and writes through the object for us, and the pages come for it as they come for us. */
static void system_calls(void)
{
	uint64_t word = 0;
	check(must(sys_object_read(object, 30 * PAGE_BYTES, (uintptr_t)&word, 8)) == 8 && word == value_of(30));
	check(must(sys_object_read(object, 31 * PAGE_BYTES, (uintptr_t)&view[32][1], 8)) == 8 && view[32][1] == value_of(31));
	word = 99;
	check(must(sys_object_write(object, 33 * PAGE_BYTES, (uintptr_t)&word, 8)) == 8 && view[33][0] == 99);
	check(sys_object_read(object, PAGES * PAGE_BYTES, (uintptr_t)&word, 8).status == STATUS_INVALID);
	check(sys_debug_write((uintptr_t)&view[34][1], 0).status == STATUS_OK);
}

static void failures(void)
{
	mark_begin("failures");
	behaviour = REFUSE;
	check(clients_killed(40) == CLIENTS);
	check(state_of(40) == SLOT_ABSENT);
	uint64_t word;
	check(sys_object_read(object, 41 * PAGE_BYTES, (uintptr_t)&word, 8).status == STATUS_IO_ERROR);
	behaviour = DIE;
	check(clients_killed(42) == CLIENTS);
	behaviour = ANSWER;
	check(clients_killed(43) == CLIENTS); /* nobody serves any more: no need to wait for that */
	mark_end("failures");
}

int main(void)
{
	endpoint = must(sys_endpoint_create());
	object = must(sys_object_provide(endpoint, PAGES * PAGE_BYTES, 0, 1));
	window = (void *)must(sys_object_map(object, 0, 0, PAGES * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE | MAP_WINDOW));
	view = object_map(object, PAGES * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	uint64_t thread = must(thread_create("provider", provider, NULL));
	many_wait_for_one();
	remove_pages();
	touch_while_saved();
	system_calls();
	failures();
	check(thread_join(thread).status == STATUS_CRASHED);
	/* A new server, and the object works again. */
	must(thread_create("provider", provider, NULL));
	uint64_t word;
	while (sys_object_read(object, 45 * PAGE_BYTES, (uintptr_t)&word, 8).status == STATUS_GONE)
		thread_yield(); /* until it serves */
	check(clients_killed(44) == 0);
	printf("provider: %u pages read, %u saved, %d things wrong\n", reads, writes, checks_failed());
	return checks_failed();
}
