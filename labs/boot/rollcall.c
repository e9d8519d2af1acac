/*
 * A roll call: one thread on each CPU that there is, each of which answers as often as program.calls says.
 *
 * Teaches: what a program sees of many CPUs. All answer at once and add to one sum; each says in a mark on which CPU it is. All of them call the
 * kernel meanwhile, so that every CPU's kernel stack is in use.
 * The invariant: the sum at the end is what was answered, and whoever was put on a CPU is there.
 */
#include <vitrine.h>

#define CPUS_MAX 16
#define CALLS 16

static uint64_t answers;
static uint64_t calls;

static int answer(void *argument)
{
	unsigned cpu = (unsigned)(uintptr_t)argument;
	for (uint64_t i = 0; i < calls; i++) {
		check(thread_cpu() == cpu);
		mark_instant("here", (int64_t)cpu);
		__atomic_fetch_add(&answers, 1, __ATOMIC_RELAXED);
		thread_yield();
	}
	return (int)cpu;
}

int main(void)
{
	uint64_t threads[CPUS_MAX];
	bool there[CPUS_MAX];
	unsigned cpus = 0;
	calls = program_option("calls", CALLS);
	for (unsigned i = 0; i < CPUS_MAX; i++) {
		struct result made = thread_create_on(ONLY_CPU(i), "answer", answer, (void *)(uintptr_t)i);
		there[i] = made.status == STATUS_OK;
		threads[i] = made.value;
		cpus += there[i];
	}
	for (unsigned i = 0; i < CPUS_MAX; i++)
		if (there[i])
			check(must(thread_join(threads[i])) == i);
	check(answers == cpus * calls);
	printf("rollcall: %u CPUs, %u answers, %d things wrong\n", cpus, (unsigned)answers, checks_failed());
	return checks_failed();
}
