/*
 * How long an interrupt has to wait: a thread makes long system calls, one after the other, and large processes end, while a hundred others
 * ask for the timer. The kernel is interruptible, so however long a call takes, an interrupt waits only as long as a lock is held.
 *
 *     build/vitrine run --program latency --icount && build/vitrine events out/run --event timer_expire
 *
 * `late` in these events is how long after its time the timer was heard; the tests look for the longest.
 */
#include <vitrine.h>

#define REGION (16 * MIB)
#define ROUNDS 6
#define NAPPERS 100
#define HAS_MUCH 1 /* the argument of a child */
#define WAITERS 300
#define WORDS 256

static bool over;
static uint64_t longest_call;

/* So many, each for a time of its own, that there is hardly a moment at which none of them is to be woken. */
static int naps(void *argument)
{
	uint64_t random = (uintptr_t)argument;
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		thread_sleep_ns(100000 + (random >> 40) % 2000000);
	}
	return 0;
}

static void note_call(uint64_t began)
{
	uint64_t ns = clock_ns() - began;
	longest_call = ns > longest_call ? ns : longest_call;
}

static struct sync_word words[SYNC_WORDS_MAX];
static uint32_t awaited, others[WORDS];

/* Waits for ever, on as many places as a thread may have. */
static int waits(void *argument)
{
	(void)argument;
	unsigned index;
	return sync_wait_any(words, SYNC_WORDS_MAX, WAIT_FOREVER, &index) ? 0 : 1;
}

/*
 * A process with much memory and many threads that wait, all on one word; it wakes nobody on many others, and leaves everything to the
 * kernel at its end.
 */
static int has_much(void)
{
	for (unsigned i = 0; i < SYNC_WORDS_MAX; i++)
		words[i] = (struct sync_word){(uintptr_t)&awaited, 0, sizeof(awaited)};
	for (unsigned i = 0; i < WAITERS; i++)
		must(thread_create("waits", waits, NULL));
	thread_sleep_ms(5);
	for (unsigned i = 0; i < WORDS; i++)
		check(sync_wake(&others[i], 1) == 0);
	uint8_t *memory = memory_new(REGION);
	for (uint64_t at = 0; at < REGION; at += PAGE_BYTES)
		memory[at] = 1;
	return 0;
}

int main(void)
{
	if (program_argument() == HAS_MUCH)
		return has_much();
	struct file self;
	must(file_open("latency", &self));
	static uint64_t nappers[NAPPERS];
	for (unsigned i = 0; i < NAPPERS; i++)
		nappers[i] = must(thread_create("naps", naps, (void *)(uintptr_t)i));
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint8_t *memory = memory_new(REGION);
		for (uint64_t at = 0; at < REGION; at += PAGE_BYTES)
			memory[at] = 1;
		uint64_t began = clock_ns();
		must(memory_protect(memory, REGION, RIGHTS_READ));
		note_call(began);
		began = clock_ns();
		memory_forget();
		note_call(began);
		began = clock_ns();
		must(memory_unmap(memory, REGION));
		note_call(began);
		uint64_t child = must(process_start_with("latency", self.object, HAS_MUCH, 0));
		check(must(process_wait(child)) == 0);
		must(sys_handle_close(child));
	}
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < NAPPERS; i++)
		must(thread_join(nappers[i]));
	printf("latency: the longest call took %lu ns\n", longest_call);
	return checks_failed();
}
