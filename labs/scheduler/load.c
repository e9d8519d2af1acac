/*
 * Work for a scheduler; program.part says which.
 *
 *     1   threads that take turns: each yields program.turns times
 *     2   threads that compute and never wait
 *     3   twice as many threads as CPUs and more, of which each computes longer than the one before
 *     4   threads that may run on one CPU only, and one that asks for each CPU in turn
 *     5   a crowd that computes, yields and sleeps by turns
 *     6   threads that compute for a while and sleep for a while, so that CPUs are idle in between
 *
 * There are program.threads of them. What the kernel does with them is in the trace; what only they can see they mark: on which CPU they are.
 */
#include <vitrine.h>

#define THREADS_MAX 16
#define CPUS 4
#define ROUNDS 8

static uint64_t turns, threads_wanted;

/* About a microsecond a piece. */
static void compute(uint64_t pieces)
{
	for (volatile uint64_t i = 0; i < pieces * 150; i++)
		;
}

static int takes_turns(void *argument)
{
	(void)argument;
	for (uint64_t i = 0; i < turns; i++)
		thread_yield();
	return 0;
}

static int computes(void *argument)
{
	compute((uintptr_t)argument);
	return 0;
}

/* value: the CPU that was asked for, times 16, plus the one that it is on. */
static int stays(void *argument)
{
	uint64_t wanted = (uintptr_t)argument;
	for (unsigned i = 0; i < ROUNDS; i++) {
		compute(100);
		mark_instant("stays", (int64_t)(wanted * 16 + thread_cpu()));
		thread_yield();
	}
	return 0;
}

static int travels(void *argument)
{
	(void)argument;
	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t wanted = (i * 3 + 1) % CPUS;
		must(thread_run_on(ONLY_CPU(wanted)));
		mark_instant("travels", (int64_t)(wanted * 16 + thread_cpu()));
		compute(50);
	}
	return 0;
}

static int is_one_of_many(void *argument)
{
	uint64_t me = (uintptr_t)argument;
	for (unsigned i = 0; i < ROUNDS; i++) {
		compute(100 + 200 * ((me + i) % 3));
		if ((me + i) % 4 == 0)
			thread_yield();
		else if ((me + i) % 4 == 1)
			thread_sleep_us(300 + 100 * me);
	}
	return 0;
}

static int naps(void *argument)
{
	uint64_t me = (uintptr_t)argument;
	for (unsigned i = 0; i < ROUNDS; i++) {
		compute(150 + 50 * me);
		thread_sleep_us(400 + 130 * me);
	}
	return 0;
}

static uint64_t start(uint64_t i, thread_function *function, uint64_t argument, uint64_t cpus)
{
	char name[NAME_CHARS];
	snprintf(name, sizeof(name), "thread %u", (unsigned)i);
	return must(thread_create_on(cpus, name, function, (void *)(uintptr_t)argument));
}

int main(void)
{
	uint64_t threads[THREADS_MAX + 1], part = program_option("part", 1), count = 0;
	turns = program_option("turns", 16);
	threads_wanted = program_option("threads", 5);
	check(threads_wanted <= THREADS_MAX);
	mark_begin("load");
	for (uint64_t i = 0; i < threads_wanted; i++) {
		thread_function *function = part == 1   ? takes_turns
					    : part == 4 ? stays
					    : part == 5 ? is_one_of_many
					    : part == 6 ? naps
							: computes;
		uint64_t argument = part == 2 ? 3000 : part == 3 ? 1000 * (1 + i) : part == 4 ? i % CPUS : i;
		threads[count++] = start(i, function, argument, part == 4 ? ONLY_CPU(i % CPUS) : ANY_CPU);
	}
	if (part == 4)
		threads[count++] = must(thread_create("traveller", travels, NULL));
	for (uint64_t i = 0; i < count; i++)
		check(must(thread_join(threads[i])) == 0);
	mark_end("load");
	return checks_failed();
}
