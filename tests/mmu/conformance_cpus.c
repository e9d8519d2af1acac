/*
 * More than one CPU: after sync, nobody can use the old translation.
 *
 * Teaches: why sync exists. A second CPU reads and writes through the MMU in a loop, as fast as it can, while the first one
 * takes its pages away. Before sync anything may happen; after it, one stale access is a failure.
 * Who calls: mmu_conformance(); the other CPU calls mmu_watch_step() from the machine's own loop. Locks: none between the two:
 * the words of struct mmu_watch are atomic.
 */
#include "mmu/conformance.h"

#define RW (MMU_READ | MMU_WRITE)
#define FRAMES 2
#define REPLACEMENTS 300
#define RESTRICTIONS 200
#define HARVESTS 300
#define ROUNDS_AFTER 20

static struct mmu_space space;
static struct paddr frames[FRAMES];
static struct mmu_watch watch;
static bool other_runs;
static const struct vaddr read_page = {24 * MIB}, write_page = {25 * MIB};

void mmu_watch_step(struct mmu_watch *w)
{
	uint64_t value;
	uint64_t floor = __atomic_load_n(&w->floor, __ATOMIC_ACQUIRE);
	if (mmu_test_load(w->read, &value) && value < floor)
		__atomic_fetch_add(&w->stale, 1, __ATOMIC_RELAXED);
	uint64_t rounds = w->rounds + 1;
	if (w->write.v)
		(void)!mmu_test_store(w->write, rounds);
	__atomic_store_n(&w->rounds, rounds, __ATOMIC_RELEASE);
}

static void begin(struct vaddr write)
{
	mmu_case_frames(frames, FRAMES);
	mmu_case_open(&space);
	watch = (struct mmu_watch){.space = &space, .read = read_page, .write = write, .rounds_asked = UINT64_MAX};
}

static void let_other_run(void)
{
	other_runs = true;
	mmu_test_other_start(&watch);
}

void mmu_case_stop_other(void)
{
	if (other_runs)
		mmu_test_other_stop(&watch);
	other_runs = false;
}

static const char *end(void)
{
	mmu_case_stop_other();
	CHECK(mmu_case_close(&space));
	mmu_case_frames_free(frames, FRAMES);
	return NULL;
}

/* The frame behind the page changes; each new one holds a higher number. */
static const char *case_replace_reaches_other_cpu(void)
{
	begin(vaddr(0));
	*mmu_case_word(frames[0], 0) = 1;
	CHECK(mmu_case_map(&space, read_page, frames[0], RW) == STATUS_OK);
	let_other_run();
	for (uint64_t number = 2; number < REPLACEMENTS; number++) {
		struct paddr frame = frames[number % FRAMES];
		*mmu_case_word(frame, 0) = number;
		mmu_test_other_wait(&watch, 1);
		if (number % 3 == 0)
			mmu_case_unmap(&space, read_page, 1);
		CHECK(mmu_case_map(&space, read_page, frame, number % 2 ? RW : MMU_READ) == STATUS_OK);
		mmu->sync(&space);
		__atomic_store_n(&watch.floor, number, __ATOMIC_RELEASE);
		mmu_test_other_wait(&watch, number % 8 ? 2 : ROUNDS_AFTER);
	}
	CHECK(__atomic_load_n(&watch.stale, __ATOMIC_ACQUIRE) == 0);
	return end();
}

/* The page the other CPU writes to becomes read-only, or goes away: the frame does not change any more. */
static const char *case_restriction_reaches_other_cpu(void)
{
	begin(write_page);
	let_other_run();
	volatile uint64_t *word = mmu_case_word(frames[0], 0);
	for (unsigned i = 0; i < RESTRICTIONS; i++) {
		CHECK(mmu_case_map(&space, write_page, frames[0], RW) == STATUS_OK);
		mmu->sync(&space);
		uint64_t before = *word;
		mmu_test_other_wait(&watch, 2);
		CHECK(*word != before); /* it does write */
		if (i % 2)
			mmu_case_unmap(&space, write_page, 1);
		else
			CHECK(mmu_case_map(&space, write_page, frames[0], MMU_READ) == STATUS_OK);
		mmu->sync(&space);
		uint64_t after = *word;
		mmu_test_other_wait(&watch, i % 8 ? 2 : ROUNDS_AFTER);
		CHECK(*word == after);
	}
	return end();
}

/* One store of another CPU for each harvest, at the same time: one of two harvests reports it. */
static const char *case_harvest_loses_no_store(void)
{
	begin(write_page);
	watch.rounds_asked = 0;
	CHECK(mmu_case_map(&space, write_page, frames[0], RW) == STATUS_OK);
	let_other_run();
	for (unsigned i = 0; i < HARVESTS; i++) {
		struct mmu_usage first = mmu_case_harvest(&space, write_page);
		mmu->sync(&space);
		__atomic_store_n(&watch.rounds_asked, i + 1, __ATOMIC_RELEASE);
		first = mmu_case_harvest(&space, write_page);
		mmu_test_other_wait(&watch, 0);
		struct mmu_usage second = mmu_case_harvest(&space, write_page);
		CHECK(first.present && second.present && (first.changed || second.changed));
	}
	return end();
}

const struct mmu_case mmu_cpu_cases[] = {
	{"replace_reaches_other_cpu", case_replace_reaches_other_cpu},
	{"restriction_reaches_other_cpu", case_restriction_reaches_other_cpu},
	{"harvest_loses_no_store", case_harvest_loses_no_store},
	{NULL, NULL},
};
