/*
 * What is given up while nobody, somebody or everybody may still be looking at it: four CPUs, in phases that the marks name.
 *
 *     quiet     CPU 0 closes; the others are idle
 *     read      CPU 1 is long in a system call on the very object whose last handle CPU 0 closes, CPU 2 computes, CPU 3 is idle
 *     compute   CPUs 1 and 2 compute and never call the kernel, while CPU 0 closes
 *     together  all four CPUs close, each its own
 *
 * Between two phases memory settles: nothing waits to be freed any more, or nothing will be. program.made=NUMBER says how many endpoints a CPU
 * makes and closes in a phase (six times as many in the last two), program.reads=NUMBER how many objects are closed under a reader.
 */
#include <vitrine.h>

#define MADE 24
#define READS 6
#define CPUS 4
#define LONG 6 /* so many times as much is closed in the last two phases, to last for several periods */
#define BIG_BYTES (UINT64_C(64) << 20)
#define BIG_PAGES (BIG_BYTES / PAGE_BYTES)

static uint32_t stop, ready;

static void close_many(const char *name, unsigned count)
{
	mark_begin(name);
	for (unsigned i = 0; i < count; i++)
		must(sys_handle_close(must(sys_endpoint_create())));
	mark_end(name);
}

static void say_ready(void)
{
	__atomic_add_fetch(&ready, 1, __ATOMIC_RELEASE);
}

static void wait_for_ready(unsigned count)
{
	while (__atomic_load_n(&ready, __ATOMIC_ACQUIRE) < count)
		thread_yield();
}

/* A call on an object that takes a long time and has nothing to do, since not a page of it is there; until its handle is closed. */
static int reads(void *argument)
{
	say_ready();
	while (sys_object_remove((uintptr_t)argument, 0, BIG_PAGES, REMOVE_EVICT).status == STATUS_OK)
		;
	return 0;
}

static int computes(void *argument)
{
	(void)argument;
	say_ready();
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE))
		;
	return 0;
}

static int closes(void *argument)
{
	say_ready();
	wait_for_ready(CPUS);
	close_many("together", LONG * (unsigned)(uintptr_t)argument);
	return 0;
}

static uint64_t start(unsigned cpu, const char *name, thread_function *function, uint64_t argument)
{
	return must(thread_create_on(ONLY_CPU(cpu), name, function, (void *)(uintptr_t)argument));
}

static void close_under_a_reader(unsigned count)
{
	ready = stop = 0;
	uint64_t computer = start(2, "computer", computes, 0);
	wait_for_ready(1);
	for (unsigned i = 0; i < count; i++) {
		uint64_t big = must(sys_object_create(BIG_BYTES));
		ready = 0;
		uint64_t reader = start(1, "reader", reads, big);
		wait_for_ready(1);
		thread_yield();
		mark_instant("close", i);
		must(sys_handle_close(big));
		must(thread_join(reader));
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	must(thread_join(computer));
	memory_settled();
}

static void close_beside_computers(unsigned count)
{
	ready = stop = 0;
	uint64_t first = start(1, "computer", computes, 0), second = start(2, "computer", computes, 0);
	wait_for_ready(2);
	close_many("compute", LONG * count);
	memory_settled();
	mark_instant("computed", (int64_t)must(sys_memory_info(MEMORY_LEAVING)));
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	must(thread_join(first));
	must(thread_join(second));
	memory_settled();
}

static void close_together(unsigned count)
{
	uint64_t threads[CPUS];
	ready = 0;
	for (unsigned i = 0; i < CPUS; i++)
		threads[i] = start(i, "closer", closes, count);
	for (unsigned i = 0; i < CPUS; i++)
		must(thread_join(threads[i]));
	memory_settled();
}

int main(void)
{
	unsigned made = (unsigned)program_option("made", MADE);
	must(thread_run_on(ONLY_CPU(0)));
	memory_settled();
	thread_sleep_ms(1); /* the servers that started the program have nothing to do any more */
	close_many("quiet", made);
	memory_settled();
	close_under_a_reader((unsigned)program_option("reads", READS));
	close_beside_computers(made);
	close_together(made);
	mark_instant("settled", (int64_t)must(sys_memory_info(MEMORY_LEAVING)));
	printf("readers: %u closed in each phase\n", made);
	return checks_failed();
}
