/*
 * Random operations: what a program can see is the same on every back end.
 *
 * Teaches: the contract's promise, tested as a whole. A script of random maps, unmaps, wipes, loads and stores runs against a
 * model of a few lines. A miss the model can answer is soft: map again and go on. A miss it cannot answer is hard and goes
 * into a log; how many soft misses there are is the back end's own business. What was read and the hard misses make a digest:
 * it is printed, and has to be the same number on every machine.
 * Who calls: mmu_conformance(). Locks: in conformance.c.
 */
#include "mmu/conformance.h"

#include "core/print.h"

#define RW (MMU_READ | MMU_WRITE)
#define PAGES 96
#define PAGES_A_RUN 12 /* neighbours; then the next run, somewhere else */
#define FRAMES 40
#define STEPS 20000
#define WIRED_MAX 3
#define WALKS 1000

/* What ought to be mapped: the truth the back end is a cache of. */
struct model_page {
	unsigned flags; /* 0: nothing */
	unsigned frame;
	bool wiped; /* the back end was told to forget it since it was last mapped */
};

static struct mmu_space space;
static struct paddr frames[FRAMES];
static struct model_page model[PAGES];
static uint64_t digest;
static uint64_t random_state;
static unsigned soft_misses, hard_misses;

static void digest_add(uint64_t word)
{
	for (unsigned byte = 0; byte < 8; byte++, word >>= 8)
		digest = (digest ^ (word & 0xff)) * UINT64_C(0x100000001b3);
}

static unsigned random_below(unsigned limit)
{
	return (unsigned)(mmu_random(&random_state) % limit);
}

static struct vaddr page_address(unsigned page)
{
	uint64_t run = page / PAGES_A_RUN;
	return vaddr(run * 7 * TIB + run * 511 * MIB + 64 * KIB + page % PAGES_A_RUN * PAGE_BYTES);
}

static unsigned wired_count(void)
{
	unsigned count = 0;
	for (unsigned i = 0; i < PAGES; i++)
		count += (model[i].flags & MMU_WIRED) != 0;
	return count;
}

static unsigned random_flags(void)
{
	static const unsigned choices[] = {RW, RW, RW, MMU_READ, MMU_READ | MMU_EXEC};
	unsigned flags = choices[random_below(ARRAY_LENGTH(choices))];
	return random_below(16) == 0 && wired_count() < WIRED_MAX ? flags | MMU_WIRED : flags;
}

static const char *step_map(void)
{
	unsigned page = random_below(PAGES);
	unsigned flags = random_flags();
	model[page] = (struct model_page){flags, random_below(FRAMES), false};
	CHECK(mmu_case_map(&space, page_address(page), frames[model[page].frame], model[page].flags) == STATUS_OK);
	mmu->sync(&space);
	return NULL;
}

static const char *step_unmap(void)
{
	unsigned page = random_below(PAGES);
	unsigned count = 1 + random_below(PAGES_A_RUN - page % PAGES_A_RUN);
	for (unsigned i = page; i < page + count; i++)
		model[i].flags = 0;
	mmu_case_unmap(&space, page_address(page), count);
	mmu->sync(&space);
	return NULL;
}

/* The back end forgets everything; the model does not. */
static const char *step_wipe(void)
{
	for (unsigned i = 0; i < PAGES; i++)
		model[i].wiped = true;
	mmu_case_unmap(&space, vaddr(0), 64 * TIB / PAGE_BYTES);
	mmu->sync(&space);
	return NULL;
}

static const char *step_harvest(void)
{
	unsigned page = random_below(PAGES);
	struct mmu_usage usage = mmu_case_harvest(&space, page_address(page));
	CHECK(model[page].flags || !usage.present);
	CHECK(usage.present || !(usage.referenced || usage.changed));
	mmu->sync(&space);
	return NULL;
}

/* An access as a fault handler sees it: tried, mapped again if the model says so, tried once more. */
static const char *step_access(void)
{
	unsigned page = random_below(PAGES);
	bool store = random_below(3) == 0;
	uint64_t value = mmu_random(&random_state);
	uint64_t offset = random_below(PAGE_BYTES / 8) * 8;
	struct vaddr va = vaddr(page_address(page).v + offset);
	bool allowed = model[page].flags & (store ? MMU_WRITE : MMU_READ);
	struct paddr frame = frames[model[page].frame];
	bool done = store ? mmu_test_store(va, value) : mmu_test_load(va, &value);
	CHECK(!done || allowed);
	if (!allowed) {
		hard_misses++;
		digest_add(page << 2 | store << 1 | 1);
		return NULL;
	}
	if (!done) {
		soft_misses++;
		CHECK(!mmu_case_walk(&space, va).present);
		CHECK(model[page].wiped || (mmu->group_slots && !(model[page].flags & MMU_WIRED)));
		CHECK(mmu_case_map(&space, page_address(page), frame, model[page].flags) == STATUS_OK);
		model[page].wiped = false;
		done = store ? mmu_test_store(va, value) : mmu_test_load(va, &value);
	}
	CHECK(done && *mmu_case_word(frame, offset) == value);
	digest_add(store ? page : value);
	return NULL;
}

static const char *run_step(void)
{
	unsigned choice = random_below(100);
	if (choice < 12)
		return step_map();
	if (choice < 16)
		return step_unmap();
	if (choice < 18)
		return step_harvest();
	if (choice == 18 && random_below(8) == 0)
		return step_wipe();
	return step_access();
}

/* Frames hold numbers that are the same on every machine, not their addresses. */
static void fill_frames(void)
{
	for (unsigned i = 0; i < FRAMES; i++)
		for (uint64_t offset = 0; offset < PAGE_BYTES; offset += 8)
			*mmu_case_word(frames[i], offset) = (uint64_t)i << 32 | offset;
}

static const char *case_random_script(void)
{
	digest = UINT64_C(0xcbf29ce484222325);
	random_state = mmu_seed;
	soft_misses = hard_misses = 0;
	for (unsigned i = 0; i < PAGES; i++)
		model[i].flags = 0;
	mmu_case_frames(frames, FRAMES);
	fill_frames();
	mmu_case_open(&space);
	mmu_test_activate(&space);
	for (unsigned step = 0; step < STEPS; step++) {
		const char *why = run_step();
		if (why)
			return why;
	}
	CHECK(hard_misses > 0);
	kprintf("digest mmu-script seed %lu: %016lx\n", (unsigned long)mmu_seed, (unsigned long)digest);
	kprintf("note mmu-%s: %u hard misses, %u soft misses\n", mmu->name, hard_misses, soft_misses);
	CHECK(mmu_case_close(&space));
	mmu_case_frames_free(frames, FRAMES);
	return NULL;
}

/* One random address: what walk says is what the machine does, and the frame it names is the one that is read and written. */
static const char *check_walk(unsigned page)
{
	uint64_t offset = random_below(PAGE_BYTES / 8) * 8;
	uint64_t value, stamp = mmu_random(&random_state);
	struct vaddr va = vaddr(page_address(page).v + offset);
	static struct mmu_walk walk, after;
	walk = mmu_case_walk(&space, va);
	CHECK(mmu_test_load(va, &value) == (walk.present && (walk.flags & MMU_READ)));
	CHECK(!walk.present || value == *mmu_case_word(walk.page, offset));
	CHECK(mmu_test_store(va, stamp) == (walk.present && (walk.flags & MMU_WRITE)));
	CHECK(!walk.present || (*mmu_case_word(walk.page, offset) == stamp) == ((walk.flags & MMU_WRITE) != 0));
	enum mmu_test_exec exec = mmu_test_exec(va);
	CHECK(exec == EXEC_CANNOT_ASK || (exec == EXEC_ALLOWED) == (walk.present && (walk.flags & MMU_EXEC)));
	after = mmu_case_walk(&space, va);
	CHECK(!walk.present || (after.present && after.page.p == walk.page.p && after.flags == walk.flags));
	CHECK(!walk.present || after.referenced);
	CHECK(!walk.present || !(walk.flags & MMU_WRITE) || after.changed);
	return NULL;
}

static const char *case_walk_agrees(void)
{
	random_state = mmu_seed + 1;
	mmu_case_frames(frames, FRAMES);
	mmu_case_open(&space);
	mmu_test_activate(&space);
	for (unsigned i = 0; i < WALKS; i++) {
		unsigned page = random_below(PAGES);
		if (random_below(3) == 0)
			CHECK(mmu_case_map(&space, page_address(page), frames[random_below(FRAMES)], random_flags()) ==
			      STATUS_OK);
		else if (random_below(4) == 0)
			mmu_case_unmap(&space, page_address(page), 1 + random_below(PAGES_A_RUN - page % PAGES_A_RUN));
		mmu->sync(&space);
		const char *why = check_walk(random_below(PAGES));
		if (why)
			return why;
	}
	CHECK(mmu_case_close(&space));
	mmu_case_frames_free(frames, FRAMES);
	return NULL;
}

const struct mmu_case mmu_script_cases[] = {
	{"random_script", case_random_script},
	{"walk_agrees", case_walk_agrees},
	{NULL, NULL},
};
