/*
 * What mapping, unmapping and protecting do, seen from the program.
 *
 * New memory is zero, also where other data lay before. Data survive a change of rights. A hole in the middle of a mapping is a
 * hole, and its neighbours are as they were. What may not be done is tried by a thread that dies of it.
 */
#include <vitrine.h>

#define PAGES 16

static bool is_all(const uint8_t *memory, uint64_t bytes, uint8_t value)
{
	for (uint64_t i = 0; i < bytes; i++)
		if (memory[i] != value)
			return false;
	return true;
}

static int load_byte(void *address)
{
	return *(volatile uint8_t *)address;
}

static int store_byte(void *address)
{
	*(volatile uint8_t *)address = 99;
	return 0;
}

static int call_code(void *address)
{
	((void (*)(void))address)();
	return 0;
}

/* Does a thread that tries it die of it? */
static bool kills(thread_function *function, void *address)
{
	return thread_join(must(thread_create("dies", function, address))).status == STATUS_CRASHED;
}

static void new_memory_is_zero(void)
{
	for (unsigned round = 0; round < 3; round++) {
		uint8_t *memory = memory_new(PAGES * PAGE_BYTES);
		check(is_all(memory, PAGES * PAGE_BYTES, 0));
		memset(memory, 0xa5, PAGES * PAGE_BYTES);
		check(is_all(memory, PAGES * PAGE_BYTES, 0xa5));
		must(memory_unmap(memory, PAGES * PAGE_BYTES));
	}
	uint8_t *read_only = (uint8_t *)must(memory_map(NULL, PAGES * PAGE_BYTES, RIGHTS_READ));
	check(is_all(read_only, PAGES * PAGE_BYTES, 0));
	must(memory_unmap(read_only, PAGES * PAGE_BYTES));
}

static void an_address_can_be_chosen(void)
{
	uint8_t *wanted = (uint8_t *)(UINT64_C(200) << 30);
	check(must(memory_map(wanted, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE)) == (uintptr_t)wanted);
	check(memory_map(wanted, PAGE_BYTES, RIGHTS_READ).status == STATUS_EXISTS);
	check(memory_map(wanted - PAGE_BYTES, 3 * PAGE_BYTES, RIGHTS_READ).status == STATUS_EXISTS);
	*wanted = 1;
	must(memory_unmap(wanted, PAGE_BYTES));
	must(memory_map(wanted, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE));
	check(*wanted == 0);
	must(memory_unmap(wanted, PAGE_BYTES));
}

static void data_survive_protection(void)
{
	uint8_t *memory = memory_new(PAGES * PAGE_BYTES);
	memset(memory, 7, PAGES * PAGE_BYTES);
	must(memory_protect(memory, PAGES * PAGE_BYTES, RIGHTS_READ));
	check(is_all(memory, PAGES * PAGE_BYTES, 7));
	check(kills(store_byte, memory));
	must(memory_protect(memory, PAGES * PAGE_BYTES, RIGHTS_NONE));
	check(kills(load_byte, memory));
	must(memory_protect(memory, PAGES * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE));
	check(is_all(memory, PAGES * PAGE_BYTES, 7));
	memory[0] = 8;
	/* One page in the middle: the others keep their rights. */
	must(memory_protect(memory + 5 * PAGE_BYTES, PAGE_BYTES, RIGHTS_READ));
	memory[4 * PAGE_BYTES] = memory[6 * PAGE_BYTES] = 9;
	check(kills(store_byte, memory + 5 * PAGE_BYTES));
	check(memory[0] == 8 && memory[5 * PAGE_BYTES] == 7 && memory[4 * PAGE_BYTES] == 9 && memory[6 * PAGE_BYTES] == 9);
	must(memory_unmap(memory, PAGES * PAGE_BYTES));
}

static void a_hole_is_a_hole(void)
{
	uint8_t *memory = memory_new(PAGES * PAGE_BYTES);
	memset(memory, 3, PAGES * PAGE_BYTES);
	must(memory_unmap(memory + 4 * PAGE_BYTES, 2 * PAGE_BYTES));
	check(kills(load_byte, memory + 4 * PAGE_BYTES));
	check(kills(store_byte, memory + 6 * PAGE_BYTES - 1));
	check(is_all(memory, 4 * PAGE_BYTES, 3) && is_all(memory + 6 * PAGE_BYTES, (PAGES - 6) * PAGE_BYTES, 3));
	/* The hole can be filled, with new memory. */
	must(memory_map(memory + 4 * PAGE_BYTES, 2 * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE));
	check(is_all(memory + 4 * PAGE_BYTES, 2 * PAGE_BYTES, 0));
	/* One unmap takes the pieces on both sides and what is between. */
	must(memory_unmap(memory, PAGES * PAGE_BYTES));
	check(memory_unmap(memory, PAGES * PAGE_BYTES).status == STATUS_NOT_FOUND);
	check(kills(load_byte, memory));
}

/*
 * Copies a function into data: it cannot run there until the page is made executable, and not writable any more. (A POWER
 * processor would have to be told as well that instructions changed, with dcbst and icbi; QEMU sees it by itself.)
 */
static int answer(void *argument)
{
	(void)argument;
	return 42;
}

static void code_is_written_then_run(void)
{
	uint8_t *memory = memory_new(PAGE_BYTES);
	memcpy(memory, (const void *)answer, 64);
	check(kills(call_code, memory));
	check(memory_protect(memory, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE | RIGHTS_EXEC).status == STATUS_DENIED);
	must(memory_protect(memory, PAGE_BYTES, RIGHTS_READ | RIGHTS_EXEC));
	check(must(thread_join(must(thread_create("answer", (thread_function *)(uintptr_t)memory, NULL)))) == 42);
	check(kills(store_byte, memory));
	must(memory_unmap(memory, PAGE_BYTES));
}

/* A thread on another CPU that keeps using a page must notice that it is gone: no CPU may keep an old translation. */
static volatile uint8_t *shared_page;
static uint32_t looks;

static int look_again_and_again(void *argument)
{
	(void)argument;
	while (*shared_page == 0)
		__atomic_add_fetch(&looks, 1, __ATOMIC_RELAXED);
	return 0;
}

static void unmap_reaches_other_threads(void)
{
	shared_page = memory_new(PAGE_BYTES);
	uint64_t thread = must(thread_create("looks", look_again_and_again, NULL));
	while (__atomic_load_n(&looks, __ATOMIC_RELAXED) < 1000)
		thread_yield();
	must(memory_unmap((void *)shared_page, PAGE_BYTES));
	check(thread_join(thread).status == STATUS_CRASHED);
}

int main(void)
{
	new_memory_is_zero();
	an_address_can_be_chosen();
	data_survive_protection();
	a_hole_is_a_hole();
	code_is_written_then_run();
	unmap_reaches_other_threads();
	printf("memory: %d things wrong\n", checks_failed());
	return checks_failed();
}
