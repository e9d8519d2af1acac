/*
 * Everything at once: threads that map, protect, forget, move, sleep, crash and create threads, all in each other's way.
 *
 * A race shows when two things meet that rarely do. Here each thread picks what to do next at random, from the same few calls,
 * and keeps a ledger of what must be true of the memory it owns. At the end the main thread leaves while half of them still
 * run: the kernel has to end threads in any state. Run it with many seeds: the program's random numbers come from the clock.
 */
#include <vitrine.h>

#define WORKERS 8
#define STEPS 150
#define PAGES 8

/* What one worker owns: memory that only it writes, and what must be in it. */
struct worker {
	uint64_t random;
	uint8_t *memory;
	uint8_t holds[PAGES];
	unsigned steps;
};

static struct worker workers[WORKERS];
static uint64_t worker_threads[WORKERS];

static uint64_t next_random(struct worker *worker)
{
	worker->random ^= worker->random << 13;
	worker->random ^= worker->random >> 7;
	worker->random ^= worker->random << 17;
	return worker->random;
}

static uint8_t *page_of(struct worker *worker, unsigned page)
{
	return worker->memory + page * PAGE_BYTES;
}

static void check_page(struct worker *worker, unsigned page)
{
	const uint8_t *bytes = page_of(worker, page);
	check(bytes[0] == worker->holds[page] && bytes[PAGE_BYTES - 1] == worker->holds[page]);
}

/* ---- what a worker may do ---- */

static void write_page(struct worker *worker, unsigned page)
{
	worker->holds[page]++;
	page_of(worker, page)[0] = worker->holds[page];
	page_of(worker, page)[PAGE_BYTES - 1] = worker->holds[page];
}

static void renew_page(struct worker *worker, unsigned page)
{
	must(memory_unmap(page_of(worker, page), PAGE_BYTES));
	must(memory_map(page_of(worker, page), PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE));
	worker->holds[page] = 0;
}

static void protect_page(struct worker *worker, unsigned page)
{
	must(memory_protect(page_of(worker, page), PAGE_BYTES, RIGHTS_READ));
	check_page(worker, page);
	must(memory_protect(page_of(worker, page), PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE));
}

static int add_one(void *number)
{
	return (int)(uintptr_t)number + 1;
}

static int touch_nothing(void *argument)
{
	return *(volatile uint8_t *)argument;
}

static void run_thread(struct worker *worker, unsigned page)
{
	(void)worker;
	check(must(thread_join(must(thread_create("one", add_one, (void *)(uintptr_t)page)))) == page + 1);
}

static void crash_thread(struct worker *worker, unsigned page)
{
	(void)worker;
	check(thread_join(must(thread_create("crash", touch_nothing, (void *)(uintptr_t)page))).status == STATUS_CRASHED);
}

static void move_self(struct worker *worker, unsigned page)
{
	/* CPUs that do not exist are refused, and that is fine. */
	if (thread_run_on(ONLY_CPU(page % 4)).status != STATUS_OK)
		return;
	check_page(worker, page);
}

static void move_another(struct worker *worker, unsigned page)
{
	uint64_t cpus = next_random(worker) % 3 ? ANY_CPU : ONLY_CPU(page % 2);
	uint64_t status = sys_thread_affinity(worker_threads[page], cpus).status;
	check(status == STATUS_OK || status == STATUS_NOT_FOUND || status == STATUS_INVALID);
}

static void do_something(struct worker *worker)
{
	static void (*const acts[])(struct worker *, unsigned) = {write_page,   write_page,   check_page, check_page,
								  renew_page,   protect_page, run_thread, crash_thread,
								  move_another, move_self};
	unsigned page = (unsigned)(next_random(worker) % PAGES);
	switch (next_random(worker) % 16) {
	case 0:
		memory_forget();
		break;
	case 1:
		thread_sleep_us(next_random(worker) % 50);
		break;
	case 2:
		thread_yield();
		break;
	default:
		acts[next_random(worker) % ARRAY_LENGTH(acts)](worker, page);
	}
}

static int work(void *argument)
{
	struct worker *worker = argument;
	worker->memory = memory_new(PAGES * PAGE_BYTES);
	for (; worker->steps < STEPS; worker->steps++)
		do_something(worker);
	for (unsigned page = 0; page < PAGES; page++)
		check_page(worker, page);
	must(memory_unmap(worker->memory, PAGES * PAGE_BYTES));
	return 0;
}

/* ---- threads in every state when the program ends ---- */

static int spin(void *argument)
{
	for (volatile uint64_t *count = argument; *count < UINT64_MAX;)
		(*count)++;
	return 0;
}

static int yield_for_ever(void *argument)
{
	while (*(volatile uint64_t *)argument < UINT64_MAX)
		thread_yield();
	return 0;
}

static int sleep_for_ever(void *argument)
{
	(void)argument;
	thread_sleep_ns(UINT64_MAX);
	return 0;
}

static int wait_for(void *argument)
{
	return (int)thread_join((uintptr_t)argument).status;
}

static int fault_for_ever(void *argument)
{
	for (volatile uint8_t *memory = memory_new(64 * PAGE_BYTES);; memory_forget())
		for (unsigned page = 0; page < 64; page++)
			memory[page * PAGE_BYTES] += *(volatile uint8_t *)argument;
	return 0;
}

static void leave_threads_behind(void)
{
	static uint64_t count;
	must(thread_create("spins", spin, &count));
	must(thread_create("yields", yield_for_ever, &count));
	uint64_t sleeper = must(thread_create("sleeps", sleep_for_ever, NULL));
	must(thread_create("waits", wait_for, (void *)sleeper));
	must(thread_create("waits for main", wait_for, (void *)thread_id()));
	must(thread_create("faults", fault_for_ever, &count));
	thread_sleep_us(200);
}

int main(void)
{
	uint64_t start = clock_ticks();
	for (unsigned i = 0; i < WORKERS; i++) {
		workers[i].random = (start + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
		worker_threads[i] = must(thread_create("worker", work, &workers[i]));
	}
	for (unsigned i = 0; i < WORKERS; i++)
		check(must(thread_join(worker_threads[i])) == 0);
	for (unsigned i = 0; i < WORKERS; i++)
		check(workers[i].steps == STEPS);
	leave_threads_behind();
	printf("storm: %u threads, %u steps each, %d things wrong\n", WORKERS, STEPS, checks_failed());
	return checks_failed();
}
