/*
 * A module with a bit of everything: code, constants, variables with and without a first value, an address, an init and a fini.
 */
#include "counter.h"

int counter_value = 100;

static int calls;
static int *const pointer = &counter_value; /* an address: the loader writes it, and makes it read-only */

int counter_next(void)
{
	calls++;
	return ++*pointer;
}

int counter_calls(void)
{
	return calls;
}

const int *const *counter_pointer(void)
{
	return (const int *const *)&pointer;
}

enum status module_init(void)
{
	module_speaks("counter starts");
	counter_value += 10;
	return STATUS_OK;
}

void module_fini(void)
{
	module_speaks("counter ends");
}
