/*
 * Deadlock: two threads, each waiting for the other to end.
 *
 * Nobody can run and nothing is pending, neither a sleeper nor an interrupt, so nothing can ever happen again. The last CPU to
 * go idle sees that, and the run ends with the verdict `deadlock`. In the trace the last two things that threads do are two
 * calls of thread_join, each naming the other. Compare with livelock.c.
 */
#include <vitrine.h>

static int other(void *argument)
{
	uint64_t first = (uintptr_t)argument;
	printf("thread %lu waits for thread %lu\n", thread_id(), first);
	struct result end = thread_join(first);
	printf("that should never end, and did with %s\n", status_name(end.status));
	return 1;
}

int main(void)
{
	uint64_t second = must(thread_create("other", other, (void *)thread_id()));
	printf("thread %lu waits for thread %lu\n", thread_id(), second);
	struct result end = thread_join(second);
	printf("that should never end, and did with %s\n", status_name(end.status));
	return 1;
}
