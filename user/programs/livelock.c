/*
 * Livelock: everybody runs and nothing happens.
 *
 * Two threads meet at a door, and each lets the other go first. Both stay runnable, so the kernel sees nothing wrong: the CPUs
 * are busy, system calls come and go. Only when its budget is used up does the run end, and `vitrine run` says
 * livelock, since at the end threads did nothing but take turns. Compare with deadlock.c, where nobody can run any more and the
 * kernel knows at once.
 */
#include <vitrine.h>

static uint32_t through[2];

static int polite(void *argument)
{
	unsigned me = (unsigned)(uintptr_t)argument;
	while (!__atomic_load_n(&through[1 - me], __ATOMIC_ACQUIRE))
		thread_yield();
	__atomic_store_n(&through[me], 1, __ATOMIC_RELEASE);
	return 0;
}

int main(void)
{
	printf("after you!\n");
	uint64_t first = must(thread_create("polite 0", polite, (void *)0));
	uint64_t second = must(thread_create("polite 1", polite, (void *)1));
	must(thread_join(first));
	must(thread_join(second));
	printf("somebody was not polite\n");
	return 1;
}
