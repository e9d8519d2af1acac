/*
 * A hundred thousand random operations on memory, each with a known outcome: see fuzz_model.h.
 *
 * What differs between MMUs is when the hardware has forgotten a translation. What a program sees may not differ, nor may which accesses
 * filled a page, copied one or killed a thread: tests/e2e/memory.sh compares those in the traces of all back ends.
 */
#include <vitrine.h>

#include "fuzz_model.h"

#define OPERATIONS 100000

enum status fuzz_map(uint64_t address, uint64_t bytes, unsigned rights)
{
	return (enum status)sys_vm_map(address, bytes, rights).status;
}

enum status fuzz_unmap(uint64_t address, uint64_t bytes)
{
	return (enum status)sys_vm_unmap(address, bytes).status;
}

enum status fuzz_protect(uint64_t address, uint64_t bytes, unsigned rights)
{
	return (enum status)sys_vm_protect(address, bytes, rights).status;
}

uint64_t fuzz_load(uint64_t address)
{
	return *(volatile uint64_t *)address;
}

void fuzz_store(uint64_t address, uint64_t value)
{
	*(volatile uint64_t *)address = value;
}

static int load_it(void *address)
{
	return (int)*(volatile uint64_t *)address;
}

static int store_it(void *address)
{
	*(volatile uint64_t *)address = 1;
	return 0;
}

bool fuzz_access_kills(uint64_t address, bool store)
{
	return thread_join(must(thread_create("victim", store ? store_it : load_it, (void *)address))).status == STATUS_CRASHED;
}

uint64_t fuzz_object(uint64_t bytes)
{
	return object_new(bytes);
}

uint64_t fuzz_copy(uint64_t object, uint64_t pages)
{
	return must(sys_object_copy(object, 0, pages));
}

enum status fuzz_map_object(uint64_t object, uint64_t address, uint64_t bytes)
{
	return (enum status)sys_object_map(object, address, 0, bytes, RIGHTS_READ | RIGHTS_WRITE).status;
}

void fuzz_close(uint64_t object)
{
	must(sys_handle_close(object));
}

void fuzz_forget(void)
{
	memory_forget();
}

void fuzz_must(bool condition, const char *text)
{
	if (condition)
		return;
	printf("fuzz: %s is not as it should be\n", text);
	program_exit(1);
}

int main(void)
{
	fuzz_run(1, OPERATIONS);
	printf("fuzz: %d operations, all as expected\n", OPERATIONS);
	return 0;
}
