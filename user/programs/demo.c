/*
 * The demo: a few threads with different habits, so that a timeline has something to show.
 *
 *     collatz    computes in registers: it only ever stops when its timeslice ends
 *     primes     sieves an array: its first pass over the array is a row of zero-fill faults
 *     painter    fills pages, yields, and checks them: all the pages have room in every MMU, so each faults once
 *     collider   uses 24 pages that lie 8 MiB apart. A radix tree has a place for each. A hash of 2048 groups puts all of
 *                them into one group and its secondary, 16 places in all, so there each visit to a page evicts another page:
 *                soft faults without end on POWER, none on x86-64. That difference is what the demo is about.
 *     reader     reads a file of the flash: each page is a fault, a message to the pnor server, and an answer. `make demo` has flipped
 *                some of its bits beforehand, and the reader sees none of that
 *     forker     writes to copies of memory that were free until then
 *     sharer     starts a second process and talks to it through a page that both have mapped
 *     squeezed   takes most of the memory there is (where there is little: --append memory=8) and works on a file that no longer fits:
 *                the kernel casts pages out, the pnor server saves them, and they come back
 *     sleeper    sleeps, and notes how much later than it asked it was woken
 *     ping pong  live on CPU 0 and pass a ball by yielding to each other
 *
 * Marks name each phase, so the picture explains itself. Every thread checks its own work; the exit status is how much was
 * wrong.
 */
#include <vitrine.h>

/* ---- computing ---- */

#define COLLATZ_END 10000

static struct {
	uint64_t start;
	unsigned steps;
} collatz_longest;

static unsigned collatz_steps(uint64_t n)
{
	unsigned steps = 0;
	for (; n != 1; steps++)
		n = n % 2 ? 3 * n + 1 : n / 2;
	return steps;
}

static int collatz(void *argument)
{
	(void)argument;
	mark_begin("collatz");
	for (uint64_t n = 1; n < COLLATZ_END; n++) {
		unsigned steps = collatz_steps(n);
		if (steps > collatz_longest.steps) {
			collatz_longest.start = n;
			collatz_longest.steps = steps;
		}
	}
	mark_end("collatz");
	/* Below 10000 the longest way to 1 starts at 6171. */
	check(collatz_longest.start == 6171 && collatz_longest.steps == 261);
	return 0;
}

/* ---- computing in memory ---- */

#define PRIMES_END 300000

static unsigned primes_found;

static int primes(void *argument)
{
	(void)argument;
	uint8_t *composite = memory_new(PRIMES_END / PAGE_BYTES * PAGE_BYTES + PAGE_BYTES);
	mark_begin("sieve");
	for (uint64_t n = 2; n * n < PRIMES_END; n++)
		for (uint64_t multiple = n * n; !composite[n] && multiple < PRIMES_END; multiple += n)
			composite[multiple] = 1;
	mark_end("sieve");
	mark_begin("count primes");
	for (uint64_t n = 2; n < PRIMES_END; n++) {
		primes_found += !composite[n];
		if (n % (PRIMES_END / 10) == 0)
			mark_counter("primes found", primes_found);
	}
	mark_end("count primes");
	check(primes_found == 25997);
	return 0;
}

/* ---- pages ---- */

/* What the n-th visit leaves in a page: its number and the visit's, at both ends, so that a lost or mixed-up page shows. */
static void page_write(uint8_t *page, uint64_t number, uint64_t visit)
{
	uint64_t *words = (uint64_t *)page;
	words[0] = words[PAGE_BYTES / 8 - 1] = number << 32 | visit;
}

static bool page_holds(const uint8_t *page, uint64_t number, uint64_t visit)
{
	const uint64_t *words = (const uint64_t *)page;
	uint64_t wanted = number << 32 | visit;
	return words[0] == wanted && words[PAGE_BYTES / 8 - 1] == wanted;
}

/* Visits `count` pages, `stride` bytes apart, `visits` times. Each visit checks what the one before left. */
static void visit_pages(const char *name, uint8_t *first, uint64_t count, uint64_t stride, uint64_t visits)
{
	for (uint64_t visit = 1; visit <= visits; visit++) {
		mark_begin(name);
		for (uint64_t number = 0; number < count; number++) {
			uint8_t *page = first + number * stride;
			if (visit > 1)
				check(page_holds(page, number, visit - 1));
			page_write(page, number, visit);
		}
		mark_end(name);
		thread_yield();
	}
}

#define PAINTER_PAGES 128
#define PAINTER_VISITS 4

static int painter(void *argument)
{
	(void)argument;
	visit_pages("paint", memory_new(PAINTER_PAGES * PAGE_BYTES), PAINTER_PAGES, PAGE_BYTES, PAINTER_VISITS);
	return 0;
}

/* The hash takes the page number modulo 2048: pages 2048 pages apart share a group. */
#define COLLIDER_PAGES 24
#define COLLIDER_STRIDE (2048 * PAGE_BYTES)
#define COLLIDER_VISITS 8

static int collider(void *argument)
{
	(void)argument;
	visit_pages("collide", memory_new(COLLIDER_PAGES * COLLIDER_STRIDE), COLLIDER_PAGES, COLLIDER_STRIDE, COLLIDER_VISITS);
	return 0;
}

/* ---- waiting ---- */

#define SLEEPS 8
#define SLEEP_US 300

static uint64_t latest_wake_ns;

static int sleeper(void *argument)
{
	(void)argument;
	for (unsigned i = 0; i < SLEEPS; i++) {
		uint64_t wanted = clock_ns() + SLEEP_US * 1000;
		thread_sleep_us(SLEEP_US);
		uint64_t now = clock_ns();
		check(now >= wanted);
		mark_instant("awake, ns late", (int64_t)(now - wanted));
		if (now - wanted > latest_wake_ns)
			latest_wake_ns = now - wanted;
	}
	return 0;
}

#define BALLS 20

/* Who has the ball: even, ping; odd, pong. */
static uint64_t ball;

static int player(void *argument)
{
	uint64_t me = (uintptr_t)argument;
	uint64_t at;
	while ((at = __atomic_load_n(&ball, __ATOMIC_ACQUIRE)) < BALLS) {
		if (at % 2 == me) {
			mark_instant("ball", (int64_t)at);
			__atomic_store_n(&ball, at + 1, __ATOMIC_RELEASE);
		}
		thread_yield();
	}
	return 0;
}

/* ---- memory that comes from somewhere ---- */

static int reader(void *argument)
{
	struct file file;
	(void)argument;
	must(file_open("README", &file));
	mark_begin("read README");
	const char *text = object_map(file.object, file.room, RIGHTS_READ);
	uint64_t lines = 0;
	for (uint64_t i = 0; i < file.bytes; i++)
		lines += text[i] == '\n';
	mark_end("read README");
	check(!strncmp(text, "This is the partition README", 28) && lines == 5);
	return 0;
}

#define FORK_PAGES 8

static int forker(void *argument)
{
	(void)argument;
	uint64_t parent = object_new(FORK_PAGES * PAGE_BYTES);
	uint8_t *old = object_map(parent, FORK_PAGES * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	visit_pages("before the fork", old, FORK_PAGES, PAGE_BYTES, 1);
	uint64_t child = must(sys_object_copy(parent, 0, FORK_PAGES));
	uint8_t *new = object_map(child, FORK_PAGES * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	mark_begin("write to a copy");
	for (uint64_t i = 0; i < FORK_PAGES / 2; i++)
		page_write(new + i *PAGE_BYTES, i, 9);
	mark_end("write to a copy");
	for (uint64_t i = 0; i < FORK_PAGES; i++)
		check(page_holds(old + i * PAGE_BYTES, i, 1) && page_holds(new + i *PAGE_BYTES, i, i < FORK_PAGES / 2 ? 9 : 1));
	return 0;
}

/* What the two processes share. */
struct letterbox {
	uint64_t question, answer; /* 0: none yet */
};

static int second_process(void)
{
	struct letterbox *box = object_map(HANDLE_GIVEN, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	while (!__atomic_load_n(&box->question, __ATOMIC_ACQUIRE))
		thread_sleep_us(20);
	__atomic_store_n(&box->answer, box->question * 2, __ATOMIC_RELEASE);
	return 0;
}

static int sharer(void *argument)
{
	struct file program;
	(void)argument;
	must(file_open("demo", &program));
	uint64_t object = object_new(PAGE_BYTES);
	struct letterbox *box = object_map(object, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	mark_begin("share a page");
	uint64_t process = must(process_start_with("second", program.object, 1, object));
	__atomic_store_n(&box->question, 21, __ATOMIC_RELEASE);
	check(must(process_wait(process)) == 0 && box->answer == 42);
	mark_end("share a page");
	return 0;
}

#define SQUEEZED_VISITS 2
#define SQUEEZED_PAGES 256
#define MUCH_MEMORY_PAGES (64 * MIB / PAGE_BYTES)

/* Takes memory until little is left. Where there is much, one page does. */
static uint8_t *take_memory(uint64_t *bytes)
{
	uint64_t total = must(sys_memory_info(MEMORY_TOTAL));
	*bytes = total < MUCH_MEMORY_PAGES ? total * PAGE_BYTES : PAGE_BYTES;
	uint8_t *memory = memory_new(*bytes);
	for (uint64_t at = 0; at < *bytes && must(sys_memory_info(MEMORY_FREE)) > total / 10; at += PAGE_BYTES)
		memory[at] = 1;
	return memory;
}

static int squeezed(void *argument)
{
	struct file file;
	uint64_t bytes;
	(void)argument;
	must(file_open("SCRATCH", &file));
	uint8_t *pages = object_map(file.object, SQUEEZED_PAGES * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	mark_begin("take memory");
	uint8_t *memory = take_memory(&bytes);
	mark_end("take memory");
	visit_pages("squeezed", pages, SQUEEZED_PAGES, PAGE_BYTES, SQUEEZED_VISITS);
	for (uint64_t i = 0; i < SQUEEZED_PAGES; i++)
		check(page_holds(pages + i * PAGE_BYTES, i, SQUEEZED_VISITS));
	must(memory_unmap(memory, bytes));
	return 0;
}

/* ---- all of them ---- */

static const struct {
	const char *name;
	thread_function *function;
	uint64_t argument;
	uint64_t cpus;
} workers[] = {
	{"collatz", collatz, 0, ANY_CPU},   {"primes", primes, 0, ANY_CPU},     {"painter", painter, 0, ANY_CPU},
	{"collider", collider, 0, ANY_CPU}, {"sleeper", sleeper, 0, ANY_CPU},   {"ping", player, 0, ONLY_CPU(0)},
	{"pong", player, 1, ONLY_CPU(0)},   {"reader", reader, 0, ANY_CPU},     {"forker", forker, 0, ANY_CPU},
	{"sharer", sharer, 0, ANY_CPU},     {"squeezed", squeezed, 0, ANY_CPU},
};

int main(void)
{
	struct file_statistics flash;
	uint64_t threads[ARRAY_LENGTH(workers)];
	if (program_argument() == 1)
		return second_process();
	uint64_t start_ns = clock_ns();
	mark_begin("create");
	for (unsigned i = 0; i < ARRAY_LENGTH(workers); i++)
		threads[i] = must(
			thread_create_on(workers[i].cpus, workers[i].name, workers[i].function, (void *)workers[i].argument));
	mark_end("create");
	mark_begin("join");
	for (unsigned i = 0; i < ARRAY_LENGTH(workers); i++)
		check(must(thread_join(threads[i])) == 0);
	mark_end("join");
	check(ball >= BALLS);
	printf("collatz: %u steps from %lu; primes below %u: %u\n", collatz_longest.steps, collatz_longest.start, PRIMES_END,
	       primes_found);
	printf("pages: %u side by side and %u in one place of the hash; sleeper: at most %lu ns late\n", PAINTER_PAGES,
	       COLLIDER_PAGES, latest_wake_ns);
	must(file_statistics(&flash));
	printf("flash: %lu pages read, %lu saved, %lu flipped bits corrected\n", flash.pages_read, flash.pages_written,
	       flash.bits_corrected);
	printf("demo: %lu threads, %lu us, %d things wrong\n", ARRAY_LENGTH(workers), (clock_ns() - start_ns) / 1000,
	       checks_failed());
	return checks_failed();
}
