/*
 * Buffers that the kernel is to read or write, of every kind; program.part says which.
 *
 *     1   all there: some lie across two pages; and addresses that no program has
 *     2   not there yet: new pages, pages that a thread of this program brings, pages that are shared until written
 *     3   good up to a border, and bad beyond it
 *     4   there, but another CPU makes the MMU forget them all the time
 *
 * It says what it is about with marks, and what it has seen with their values. A wrong answer is no reason to stop.
 */
#include <vitrine.h>

#define PATTERN(i) ((uint8_t)((i)*37 + 11))

static uint64_t memory; /* an object with a pattern in it */

static void make_pattern(void)
{
	memory = object_new(PAGE_BYTES);
	uint8_t *bytes = object_map(memory, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	for (unsigned i = 0; i < PAGE_BYTES; i++)
		bytes[i] = PATTERN(i);
}

/* Whether `bytes` bytes are the pattern's from `offset` on. */
static bool is_pattern(const uint8_t *bytes, uint64_t offset, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		if (bytes[i] != PATTERN(offset + i))
			return false;
	return true;
}

/* Copies out of the object to `to`; the mark says whether all of it came, and nothing else. */
static void copy_out(const char *name, uint8_t *to, uint64_t offset, uint64_t bytes)
{
	struct result result = sys_object_read(memory, offset, (uintptr_t)to, bytes);
	mark_instant(name, result.status == STATUS_OK && result.value == bytes && is_pattern(to, offset, bytes));
}

/* Copies from `from`, which has the pattern, into another object, and looks there. */
static void copy_in(const char *name, const uint8_t *from, uint64_t offset, uint64_t bytes)
{
	uint64_t other = object_new(PAGE_BYTES);
	struct result result = sys_object_write(other, 8, (uintptr_t)from, bytes);
	const uint8_t *copied = object_map(other, PAGE_BYTES, RIGHTS_READ);
	mark_instant(name, result.status == STATUS_OK && result.value == bytes && is_pattern(copied + 8, offset, bytes) &&
				   copied[7] == 0 && copied[8 + bytes] == 0);
	must(memory_unmap((void *)(uintptr_t)copied, PAGE_BYTES));
	must(sys_handle_close(other));
}

/* ---- part 1 ---- */

static void whole(uint64_t lengths)
{
	uint8_t *pages = memory_new(2 * PAGE_BYTES), *border = pages + PAGE_BYTES;
	memset(pages, 0xee, 2 * PAGE_BYTES);
	for (uint64_t bytes = 1; bytes <= lengths; bytes++) {
		copy_out("whole", border - bytes / 2, bytes, bytes);
		copy_in("whole", border - bytes / 2, bytes, bytes);
	}
	for (unsigned before = 8; before < sizeof(struct vm_query); before += 8) {
		struct vm_query *query = (struct vm_query *)(void *)(border - before);
		memset(query, 0xee, sizeof(*query));
		DISCARD(sys_vm_query((uintptr_t)pages, (uintptr_t)query).status, "what is there says it");
		mark_instant("crossing", query->start == (uintptr_t)pages && query->bytes == 2 * PAGE_BYTES &&
						 query->rights == (RIGHTS_READ | RIGHTS_WRITE) && query->age <= 7);
	}
}

static void out_of_reach(void)
{
	static const uint64_t addresses[] = {
		UINT64_C(0x800000000000),
		UINT64_C(0xffff800000000000),
		UINT64_C(0xffffffff80100000),
		UINT64_C(0xc000000000000000),
		UINT64_MAX,
		UINT64_MAX - 7,
		UINT64_C(0x400000000000) - 4,
		UINT64_C(0x400000000000),
	};
	uint64_t other = object_new(PAGE_BYTES);
	for (unsigned i = 0; i < ARRAY_LENGTH(addresses); i++) {
		mark_instant("out of reach", (int64_t)sys_object_read(other, 0, addresses[i], 8).status);
		mark_instant("out of reach", (int64_t)sys_object_write(other, 0, addresses[i], 8).status);
		mark_instant("out of reach", (int64_t)sys_vm_query(0, addresses[i]).status);
	}
}

/* ---- part 2 ---- */

static uint64_t endpoint;
static uint8_t *window;

/* Brings pages that have the pattern. */
static int provides(void *argument)
{
	struct message message = {0};
	(void)argument;
	struct result result = ipc_receive(endpoint, &message);
	while (result.status == STATUS_OK) {
		for (uint64_t i = 0; message.type == MESSAGE_PAGE_READ && i < PAGE_BYTES; i++)
			window[message.word[PAGE_MESSAGE_PAGE] * PAGE_BYTES + i] = PATTERN(i);
		message.type = REPLY_OK;
		result = ipc_reply_receive(endpoint, &message);
	}
	return 0;
}

static void absent(uint64_t pages)
{
	uint64_t bytes = (2 * pages + 2) * PAGE_BYTES;
	endpoint = must(sys_endpoint_create());
	uint64_t object = must(sys_object_provide(endpoint, bytes, 0, 1));
	window = (void *)must(sys_object_map(object, 0, 0, bytes, RIGHTS_READ | RIGHTS_WRITE | MAP_WINDOW));
	uint8_t *view = object_map(object, bytes, RIGHTS_READ | RIGHTS_WRITE), *fresh = memory_new((pages + 1) * PAGE_BYTES);
	must(thread_create("provider", provides, NULL));
	for (uint64_t i = 0; i < pages; i++)
		copy_out("new page", fresh + i * PAGE_BYTES + 16, 16, 100);
	copy_out("new pages", fresh + pages * PAGE_BYTES - 3, 5, 40); /* across a border, one of them new */
	for (uint64_t i = 0; i < pages; i++)
		copy_in("brought", view + i * PAGE_BYTES + i, i, 50);
	for (uint64_t i = pages; i < 2 * pages; i++)
		copy_out("brought", view + i * PAGE_BYTES + 100, 100, 50 + i);
	copy_out("brought", view + 2 * pages * PAGE_BYTES + PAGE_BYTES - 9, 9, 21); /* two of them */
	uint64_t twin = must(sys_object_copy(memory, 0, 1));
	uint8_t *shared = object_map(twin, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	mark_instant("shared", shared[0] == PATTERN(0));
	copy_out("shared", shared, 1, 9);
	copy_out("shared", fresh, 0, PAGE_BYTES / 2); /* the first has kept what it had */
}

/* ---- part 3 ---- */

/* Exactly what lies before the border is done, whatever the alignment. */
static void edge(uint64_t lengths)
{
	uint8_t *pages = memory_new(2 * PAGE_BYTES), *border = pages + PAGE_BYTES;
	memset(pages, 0xee, PAGE_BYTES);
	must(memory_unmap(border, PAGE_BYTES));
	for (uint64_t before = 0; before < lengths; before++)
		for (uint64_t beyond = 1; beyond < 34; beyond += 8) {
			mark_begin("edge");
			struct result result = sys_object_read(memory, 0, (uintptr_t)(border - before), before + beyond);
			mark_instant("before", (int64_t)before);
			mark_instant("done", result.status == STATUS_FAULT ? (int64_t)result.value : -1);
			result = sys_object_write(memory, 0, (uintptr_t)(border - before), before + beyond);
			mark_instant("before", (int64_t)before);
			mark_instant("done", result.status == STATUS_FAULT ? (int64_t)result.value : -1);
			mark_instant("intact", is_pattern(border - before, 0, before));
			mark_end("edge");
		}
	must(memory_protect(pages, PAGE_BYTES, RIGHTS_READ));
	mark_instant("read-only", (int64_t)sys_object_read(memory, 0, (uintptr_t)pages, 8).status);
	mark_instant("read-only", (int64_t)sys_vm_query((uintptr_t)pages, (uintptr_t)pages).status);
}

/* ---- part 4 ---- */

static bool over;

static int forgets(void *argument)
{
	(void)argument;
	while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE))
		memory_forget();
	return 0;
}

static void forgotten(uint64_t turns)
{
	uint8_t *pages = memory_new(2 * PAGE_BYTES);
	memset(pages, 0, 2 * PAGE_BYTES);
	uint64_t forgetter = must(thread_create_on(ONLY_CPU(1), "forgetter", forgets, NULL));
	must(thread_run_on(ONLY_CPU(0)));
	for (uint64_t i = 0; i < turns; i++) {
		memory_forget();
		copy_out("forgotten", pages + PAGE_BYTES - i % 61, i % 7, 3000 + i);
	}
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	must(thread_join(forgetter));
}

int main(void)
{
	uint64_t part = program_option("part", 0), count = program_option("count", 10);
	make_pattern();
	if (part == 1) {
		whole(count);
		out_of_reach();
	}
	if (part == 2)
		absent(count);
	if (part == 3)
		edge(count);
	if (part == 4)
		forgotten(count);
	program_exit(0);
}
