/*
 * One program, many schedules: who runs when is chance, and the seed of the run decides what chance does.
 *
 * Four threads compute and never wait. On each piece of work a thread puts its letter into a common list. On one CPU they take
 * turns of about a millisecond, a quarter more or less by chance; on several CPUs the letters mix. Under `--icount` the same
 * seed prints the same list every time, another seed another list. That is how a bug that depends on the schedule can be
 * found once, with many seeds, and then shown as often as one likes, with one.
 */
#include <vitrine.h>

#define THREADS 4
#define PIECES 40
#define PIECE_LOOPS 40000

static char order[THREADS * PIECES + 1];
static uint32_t order_length;

static int worker(void *argument)
{
	unsigned me = (unsigned)(uintptr_t)argument;
	for (unsigned piece = 0; piece < PIECES; piece++) {
		for (volatile unsigned loops = 0; loops < PIECE_LOOPS; loops++)
			;
		order[__atomic_fetch_add(&order_length, 1, __ATOMIC_RELAXED)] = (char)('a' + me);
	}
	return 0;
}

int main(void)
{
	uint64_t threads[THREADS];
	unsigned pieces[THREADS] = {0};
	for (unsigned i = 0; i < THREADS; i++) {
		char name[NAME_CHARS];
		snprintf(name, sizeof(name), "worker %c", 'a' + i);
		threads[i] = must(thread_create(name, worker, (void *)(uintptr_t)i));
	}
	for (unsigned i = 0; i < THREADS; i++)
		must(thread_join(threads[i]));
	for (unsigned i = 0; i < THREADS * PIECES; i++)
		if (check(order[i] >= 'a' && order[i] < 'a' + THREADS))
			pieces[order[i] - 'a']++;
	for (unsigned i = 0; i < THREADS; i++)
		check(pieces[i] == PIECES);
	printf("order: %s\n", order);
	return checks_failed();
}
