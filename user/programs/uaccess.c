/*
 * The kernel touches user memory, and every kind of address it can be given.
 *
 * A system call that is handed a buffer may find it good, bad, or not there yet. Bad is an answer, FAULT, with the number of bytes that were
 * done before the bad page. Not there yet means that somebody has to bring the page: the call is undone and made again when it has
 * come, and the program never notices. Here the somebody is a thread of the program itself.
 */
#include <vitrine.h>

#define PAGES 16
#define WORDS_A_PAGE (PAGE_BYTES / sizeof(uint64_t))

static uint64_t endpoint, object;
static uint64_t (*window)[WORDS_A_PAGE], (*view)[WORDS_A_PAGE];
static unsigned reads;

static int provider(void *argument)
{
	(void)argument;
	struct message message = {0};
	struct result result = ipc_receive(endpoint, &message);
	while (result.status == STATUS_OK) {
		uint64_t page = message.word[PAGE_MESSAGE_PAGE];
		if (message.type == MESSAGE_PAGE_READ) {
			__atomic_add_fetch(&reads, 1, __ATOMIC_RELAXED);
			for (uint64_t i = 0; i < WORDS_A_PAGE; i++)
				window[page][i] = page << 32 | i;
		}
		message.type = REPLY_OK;
		result = ipc_reply_receive(endpoint, &message);
	}
	return 1;
}

/* A page of memory with nothing mapped behind it. */
static uint8_t *last_page(unsigned rights)
{
	uint8_t *pages = memory_new(2 * PAGE_BYTES);
	memset(pages, 'x', PAGE_BYTES);
	must(memory_unmap(pages + PAGE_BYTES, PAGE_BYTES));
	must(memory_protect(pages, PAGE_BYTES, rights));
	return pages;
}

static void good_then_bad(void)
{
	uint8_t *page = last_page(RIGHTS_READ | RIGHTS_WRITE);
	uint64_t memory = object_new(PAGE_BYTES);
	for (uint64_t before = 0; before < 24; before++) {
		uint64_t address = (uintptr_t)page + PAGE_BYTES - before;
		struct result got = sys_object_read(memory, 0, address, 24);
		check(got.status == STATUS_FAULT && got.value == before);
		got = sys_object_write(memory, 0, address, 24);
		check(got.status == STATUS_FAULT && got.value == before);
	}
	/* What is printed stops at the border as well. */
	page[PAGE_BYTES - 1] = '\n';
	struct result got = sys_debug_write((uintptr_t)page + PAGE_BYTES - 1, 20);
	check(got.status == STATUS_FAULT && got.value == 1);
	check(sys_vm_query((uintptr_t)page, (uintptr_t)page + PAGE_BYTES - 8).status == STATUS_FAULT);
	must(sys_handle_close(memory));
}

static void bad_addresses(void)
{
	static const uint64_t addresses[] = {0,
					     8,
					     UINT64_C(0x7ffffffffff8),
					     UINT64_C(0x800000000000),
					     UINT64_C(0xffff800000000000),
					     UINT64_C(0xffffffff80100000),
					     UINT64_C(0xc000000000000000),
					     UINT64_MAX,
					     UINT64_MAX - 7,
					     UINT64_C(0x400000000000) - 4,
					     UINT64_C(0x10000000000)};
	uint64_t memory = object_new(PAGE_BYTES);
	for (unsigned i = 0; i < ARRAY_LENGTH(addresses); i++) {
		check(sys_object_read(memory, 0, addresses[i], 8).status == STATUS_FAULT);
		check(sys_object_write(memory, 0, addresses[i], 8).status == STATUS_FAULT);
		check(sys_debug_write(addresses[i], 8).status == STATUS_FAULT);
		check(sys_vm_query(0, addresses[i]).status == STATUS_FAULT);
	}
	must(sys_handle_close(memory));
}

static void rights_hold(void)
{
	uint8_t *read_only = last_page(RIGHTS_READ);
	uint8_t *nothing = last_page(RIGHTS_NONE);
	uint64_t memory = object_new(PAGE_BYTES);
	check(sys_object_write(memory, 0, (uintptr_t)read_only, 8).status == STATUS_OK);
	check(sys_object_read(memory, 0, (uintptr_t)read_only, 8).status == STATUS_FAULT);
	check(sys_object_write(memory, 0, (uintptr_t)nothing, 8).status == STATUS_FAULT);
	check(sys_vm_query((uintptr_t)read_only, (uintptr_t)read_only).status == STATUS_FAULT);
	check(read_only[0] == 'x');
	/* A handle without the right is refused before any byte is looked at. */
	uint64_t weak = must(sys_handle_duplicate(memory, HANDLE_READ));
	check(sys_object_write(weak, 0, 0, 8).status == STATUS_DENIED);
	check(sys_object_read(weak, 0, (uintptr_t)&memory, 0).status == STATUS_OK);
	must(sys_handle_close(weak));
}

/* Buffers whose pages are not there, or not there for writing: the call goes through, and each page came once. */
static void absent_buffers(void)
{
	uint64_t memory = object_new(PAGE_BYTES);
	unsigned before = reads;
	check(must(sys_object_write(memory, 0, (uintptr_t)&view[1][7], 8)) == 8);
	uint64_t word = 0;
	check(must(sys_object_read(memory, 0, (uintptr_t)&word, 8)) == 8 && word == (UINT64_C(1) << 32 | 7));
	check(must(sys_object_read(memory, 0, (uintptr_t)&view[2][0], 8)) == 8);
	check(view[2][0] == word && view[2][1] == (UINT64_C(2) << 32 | 1));
	check(must(sys_object_write(memory, 0, (uintptr_t)&view[3][WORDS_A_PAGE - 1], 16)) == 16); /* across two of them */
	check(reads == before + 4);
	/* Object and buffer both absent. */
	check(must(sys_object_read(object, 5 * PAGE_BYTES, (uintptr_t)&view[6][0], 8)) == 8 && view[6][0] == UINT64_C(5) << 32);
	struct vm_query *query = (struct vm_query *)((uint8_t *)&view[8][0] - 16); /* pages 7 and 8 */
	must(sys_vm_query((uintptr_t)view, (uintptr_t)query));
	check(query->start == (uintptr_t)view && query->bytes == PAGES * PAGE_BYTES && view[7][0] == UINT64_C(7) << 32);
}

/* A page that is shared until written, and the kernel is the one who writes. */
static void copy_on_write(void)
{
	uint64_t first = object_new(PAGE_BYTES);
	uint64_t *old = object_map(first, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	old[0] = 1;
	uint64_t second = must(sys_object_copy(first, 0, 1));
	uint64_t *new = object_map(second, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	uint64_t source = object_new(PAGE_BYTES), value = 2;
	must(sys_object_write(source, 0, (uintptr_t)&value, 8));
	must(sys_object_read(source, 0, (uintptr_t) & new[0], 8)); /* into the copy's page */
	check(old[0] == 1 && new[0] == 2);
	value = 3;
	must(sys_object_write(first, 0, (uintptr_t)&value, 8));
	check(old[0] == 3 && new[0] == 2);
}

int main(void)
{
	endpoint = must(sys_endpoint_create());
	object = must(sys_object_provide(endpoint, PAGES * PAGE_BYTES, 0, 1));
	window = (void *)must(sys_object_map(object, 0, 0, PAGES * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE | MAP_WINDOW));
	view = object_map(object, PAGES * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	must(thread_create("provider", provider, NULL));
	good_then_bad();
	bad_addresses();
	rights_hold();
	absent_buffers();
	copy_on_write();
	printf("uaccess: %d things wrong\n", checks_failed());
	return checks_failed();
}
