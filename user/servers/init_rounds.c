/*
 * Rounds: init runs a program again and again, and each time another allocation of the kernel fails.
 *
 *     round N:   memory_fail(N)   start the program   wait for its end, or stop it   memory_fail(never)   compare the free pages
 *
 * Teaches: a kernel that survives a failure is one that is used again afterwards. All rounds are in one boot: what one of them loses, the
 * next ones miss, and that the next gets one allocation further shows that what failed works when it is tried again.
 * Who calls: init.c, if the command line has `fail_rounds=N`. Whom: system calls. Who reads what it prints: tests/e2e/rounds.c.
 * What is simplified: a program that waits for ever is known by the time it takes, four times that of a round without a failure and a bit; so
 * rounds want a clock that counts instructions. Processes that a program leaves when it crashes are init's from then on and stay: the
 * rounds end, the host compares the pages when all has ended, and goes on with the next number in another boot.
 */
#include "init.h"

#define NEVER UINT64_MAX
#define PATIENCE_NS UINT64_C(100000000)
#define WATCH_NS UINT64_C(1000000)
#define CACHES 2 /* of the kernel's, that may each keep a page in reserve or not */
#define TRIES 100

struct round {
	struct result end; /* of the process, or why there is none */
	bool started;
	bool stopped; /* it took too long */
	uint64_t took_ns;
	uint64_t counts; /* enum memory_fail */
	uint64_t pages;  /* free afterwards */
};

/* What the thread "watch" stops. The mutex is held by whoever looks at it or changes it. */
static struct mutex watched_mutex;
static uint64_t watched; /* a process; 0: none */
static uint64_t watched_until_ns;
static bool was_stopped;

static void watch_process(uint64_t process, uint64_t until_ns)
{
	mutex_lock(&watched_mutex);
	watched = process;
	watched_until_ns = until_ns;
	was_stopped = was_stopped && !process;
	mutex_unlock(&watched_mutex);
}

static int watch(void *argument)
{
	(void)argument;
	while (sys_thread_sleep(WATCH_NS).status == STATUS_OK) {
		mutex_lock(&watched_mutex);
		if (watched && must(sys_clock_now()) > watched_until_ns) {
			DISCARD(sys_process_kill(watched).status, "it may have ended at last");
			was_stopped = true;
			watched = 0;
		}
		mutex_unlock(&watched_mutex);
	}
	return 1;
}

/* A copy of a program's file, so that every round finds all of it, also when a server has ended. */
static uint64_t copy_of_file(const char *program)
{
	uint64_t file = must(init_find(program)), bytes = must(sys_object_size(file)), object = object_new(bytes);
	const void *from = object_map(file, bytes, RIGHTS_READ);
	void *to = object_map(object, bytes, RIGHTS_READ | RIGHTS_WRITE);
	memcpy(to, from, bytes);
	must(sys_vm_unmap((uintptr_t)from, bytes));
	must(sys_vm_unmap((uintptr_t)to, bytes));
	must(sys_handle_close(file));
	return object;
}

static uint64_t settled_pages(uint64_t wanted)
{
	uint64_t pages = 0;
	for (unsigned tries = 0; tries < TRIES && (pages = memory_settled()) < wanted; tries++)
		thread_sleep_ms(1);
	return pages;
}

/* At most `patience_ns` for the program; and a little for what is being freed if fewer than `wanted` pages are free. */
static struct round one_round(const char *program, uint64_t object, uint64_t n, uint64_t patience_ns, uint64_t wanted)
{
	struct round round = {0};
	uint64_t begin_ns = must(sys_clock_now());
	must(sys_memory_fail(HANDLE_MACHINE, n));
	struct result process = init_start(program, object, 0);
	round.started = process.status == STATUS_OK;
	round.end = process;
	if (round.started) {
		watch_process(process.value, patience_ns == NEVER ? NEVER : begin_ns + patience_ns);
		round.end = process_wait(process.value);
		watch_process(0, NEVER);
		round.stopped = was_stopped;
		must(sys_handle_close(process.value));
	}
	round.counts = must(sys_memory_fail(HANDLE_MACHINE, NEVER));
	round.took_ns = must(sys_clock_now()) - begin_ns;
	round.pages = settled_pages(wanted);
	return round;
}

static bool has_failed(const struct round *round)
{
	return round->counts >> MEMORY_FAIL_FAILED_SHIFT & 1;
}

static bool ended_well(const struct round *round)
{
	return round->started && !round->stopped && round->end.status == STATUS_OK && round->end.value == 0;
}

static void say(uint64_t n, const struct round *round)
{
	const char *how = round->end.status == STATUS_OK ? "ended" : "crashed";
	if (!round->started)
		how = "refused";
	else if (round->stopped)
		how = "stopped";
	printf("round %lu: %s %ld, %lu allocations, %lu failed, %lu told, %lu pages\n", n, how,
	       round->started ? (int64_t)round->end.value : -(int64_t)round->end.status, round->counts & MEMORY_FAIL_COUNTED,
	       round->counts >> MEMORY_FAIL_FAILED_SHIFT & 1, round->counts >> MEMORY_FAIL_TOLD_SHIFT & 1, round->pages);
}

enum rounds_end rounds(const char *program, uint64_t first, uint64_t step)
{
	must(thread_create("watch", watch, NULL));
	uint64_t object = copy_of_file(program);
	struct round round = one_round(program, object, NEVER, NEVER, 0); /* fills what stays filled */
	round = one_round(program, object, NEVER, NEVER, 0);
	uint64_t pages = round.pages, patience_ns = 4 * round.took_ns + PATIENCE_NS;
	printf("rounds of %s: %lu allocations, %lu pages\n", program, round.counts & MEMORY_FAIL_COUNTED, pages);
	if (!ended_well(&round))
		return ROUNDS_LAST_FAILED;
	for (uint64_t n = first;; n += step) {
		round = one_round(program, object, n, patience_ns, pages - CACHES);
		say(n, &round);
		if (round.pages + CACHES < pages)
			return ROUNDS_LEFT_SOMETHING;
		if (!has_failed(&round))
			return ended_well(&round) ? ROUNDS_THROUGH : ROUNDS_LAST_FAILED;
	}
}
