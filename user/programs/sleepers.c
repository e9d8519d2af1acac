/*
 * Sleeping: never too short, and not much too long, whatever else wants the CPU.
 *
 * On each CPU one thread computes without end, and many sleep, each for times of its own, again and again. None may wake before its time.
 * How late the latest was is printed; `--append program.late_ns=N` makes it wrong to be later. Two timeslices are 2.5 ms: who wakes
 * waits for the end of the slice at hand, and for others who woke before.
 */
#include <vitrine.h>

#define SLEEPERS 300
#define SLEEPS 10
#define CPUS_MAX 16

static bool over;
static uint64_t latest;

static int computes(void *argument)
{
	(void)argument;
	for (volatile uint64_t i = 0; !__atomic_load_n(&over, __ATOMIC_RELAXED);)
		i = i + 1;
	return 0;
}

static void note(uint64_t late)
{
	uint64_t most = __atomic_load_n(&latest, __ATOMIC_RELAXED);
	while (late > most && !__atomic_compare_exchange_n(&latest, &most, late, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

static int sleeps(void *argument)
{
	uint64_t number = (uintptr_t)argument;
	for (unsigned i = 0; i < SLEEPS; i++) {
		uint64_t ns = 20000000 + (number * 7919 + i * 104729) % 20000000;
		uint64_t when = clock_ns() + ns;
		if (number % 2)
			thread_sleep_until_ns(when);
		else
			thread_sleep_ns(ns);
		uint64_t now = clock_ns();
		if (check(now >= when))
			note(now - when);
	}
	return 0;
}

int main(void)
{
	static uint64_t sleepers[SLEEPERS];
	uint64_t busy[CPUS_MAX];
	unsigned cpus = 0;
	uint64_t limit = program_option("late_ns", UINT64_MAX);
	thread_sleep_until_ns(1); /* long ago */
	while (cpus < CPUS_MAX) {
		struct result thread = thread_create_on(ONLY_CPU(cpus), "busy", computes, NULL);
		if (thread.status != STATUS_OK)
			break;
		busy[cpus++] = thread.value;
	}
	for (unsigned i = 0; i < SLEEPERS; i++)
		sleepers[i] = must(thread_create("sleeper", sleeps, (void *)(uintptr_t)i));
	for (unsigned i = 0; i < SLEEPERS; i++)
		must(thread_join(sleepers[i]));
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < cpus; i++)
		must(thread_join(busy[i]));
	check(latest <= limit);
	printf("sleepers: %u slept %u times, the latest was %lu us late; %d things wrong\n", SLEEPERS, SLEEPS, latest / 1000,
	       checks_failed());
	return checks_failed();
}
