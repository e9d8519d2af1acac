/*
 * many_calls N: calls a function N times. Compiled with -pg, so that uftrace can record each call and each return.
 *
 * Who calls: bench_host.c, through `uftrace record`.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static __attribute__((noinline)) uint64_t step(uint64_t value)
{
	__asm__ volatile("" : "+r"(value));
	return value + 1;
}

int main(int argc, char **argv)
{
	uint64_t calls = argc == 2 ? strtoull(argv[1], NULL, 10) : 0, value = 0;
	if (!calls)
		return fprintf(stderr, "usage: many_calls N\n"), 2;
	while (value < calls)
		value = step(value);
	return 0;
}
