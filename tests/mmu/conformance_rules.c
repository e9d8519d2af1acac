/*
 * The rules of kernel/mmu.h, a case or more for each.
 *
 * Teaches: each rule as something that can be seen: a load that succeeds or fails, a word read from one frame or another.
 * Nothing here asks which back end it is, except whether it has groups. Who calls: mmu_conformance(). Locks: in conformance.c.
 */
#include "mmu/conformance.h"

#define RW (MMU_READ | MMU_WRITE)
#define FRAMES 4

static struct mmu_space space, other_space;
static struct paddr frames[FRAMES];
static const struct vaddr here = {16 * MIB};

static void begin(void)
{
	mmu_case_frames(frames, FRAMES);
	mmu_case_open(&space);
	mmu_test_activate(&space);
}

static const char *end(void)
{
	CHECK(mmu_case_close(&space));
	mmu_case_frames_free(frames, FRAMES);
	return NULL;
}

/* Whether a load at `va` succeeds and reads what lies in `frame`. */
static bool reads(struct vaddr va, struct paddr frame)
{
	uint64_t value;
	return mmu_test_load(va, &value) && value == *mmu_case_word(frame, va.v % PAGE_BYTES);
}

static const char *case_map_makes_visible(void)
{
	uint64_t value;
	begin();
	CHECK(!mmu_test_load(here, &value) && !mmu_test_store(here, 1));
	CHECK(mmu_case_map(&space, here, frames[0], RW) == STATUS_OK);
	CHECK(reads(here, frames[0]) && reads(vaddr(here.v + PAGE_BYTES - 8), frames[0]));
	CHECK(mmu_test_store(vaddr(here.v + 64), 77) && *mmu_case_word(frames[0], 64) == 77);
	CHECK(!mmu_test_load(vaddr(here.v + PAGE_BYTES), &value) && !mmu_test_load(vaddr(here.v - 8), &value));
	return end();
}

static const char *case_map_replaces(void)
{
	begin();
	for (unsigned i = 0; i < 8 * FRAMES; i++) {
		CHECK(mmu_case_map(&space, here, frames[i % FRAMES], RW) == STATUS_OK);
		mmu->sync(&space);
		struct mmu_walk walk = mmu_case_walk(&space, here);
		CHECK(walk.present && walk.page.p == frames[i % FRAMES].p);
		CHECK(reads(here, frames[i % FRAMES]));
	}
	mmu_case_unmap(&space, here, 1);
	mmu->sync(&space);
	CHECK(!mmu_case_walk(&space, here).present); /* no older translation comes to light */
	return end();
}

static const char *case_protection_changes(void)
{
	uint64_t value;
	begin();
	for (unsigned round = 0; round < 4; round++) {
		CHECK(mmu_case_map(&space, here, frames[0], RW) == STATUS_OK);
		mmu->sync(&space);
		CHECK(mmu_test_store(here, round));
		CHECK(mmu_case_map(&space, here, frames[0], MMU_READ) == STATUS_OK);
		mmu->sync(&space);
		CHECK(!mmu_test_store(here, 1000 + round));
		CHECK(mmu_test_load(here, &value) && value == round);
		CHECK(mmu_test_exec(here) != EXEC_ALLOWED);
		CHECK(mmu_case_map(&space, here, frames[0], MMU_READ | MMU_EXEC) == STATUS_OK);
		mmu->sync(&space);
		CHECK(!mmu_test_store(here, 2000 + round));
		CHECK(mmu_test_load(here, &value) && value == round);
		CHECK(mmu_test_exec(here) != EXEC_REFUSED);
	}
	return end();
}

static const char *case_walk_reports_flags(void)
{
	static const unsigned flags[] = {
		MMU_READ, RW, MMU_READ | MMU_EXEC, RW | MMU_WIRED, RW | MMU_DEVICE, MMU_READ | MMU_WIRED};
	begin();
	for (unsigned i = 0; i < ARRAY_LENGTH(flags); i++) {
		struct vaddr va = vaddr(here.v + i * PAGE_BYTES);
		CHECK(mmu_case_map(&space, va, frames[i % FRAMES], flags[i]) == STATUS_OK);
		struct mmu_walk walk = mmu_case_walk(&space, va);
		CHECK(walk.present && walk.flags == flags[i] && walk.page.p == frames[i % FRAMES].p);
		CHECK(reads(va, frames[i % FRAMES]));
	}
	return end();
}

static const char *case_walk_reports_steps(void)
{
	begin();
	CHECK(mmu_case_map(&space, here, frames[0], RW) == STATUS_OK);
	struct mmu_walk walk = mmu_case_walk(&space, here);
	CHECK(walk.steps > 0 && walk.steps <= MMU_STEPS_MAX);
	for (unsigned i = 0; i < walk.steps; i++) {
		const struct mmu_step *step = &walk.step[i];
		CHECK((step->kind == MMU_STEP_LEVEL) == (mmu->group_slots == 0));
		CHECK(step->kind != MMU_STEP_LEVEL || step->level == walk.steps - i);
		CHECK(step->kind != MMU_STEP_HASH || step->slot == MMU_NO_SLOT || step->slot < mmu->group_slots);
		if (step->entry.p && (step->kind == MMU_STEP_LEVEL || step->slot != MMU_NO_SLOT))
			CHECK(*mmu_case_word(paddr(round_down(step->entry.p, PAGE_BYTES)), step->entry.p % PAGE_BYTES) ==
			      step->raw[0]);
	}
	CHECK(mmu->group_slots == 0 || walk.step[walk.steps - 1].slot != MMU_NO_SLOT);
	CHECK(!mmu_case_walk(&space, vaddr(mmu->user_end.v - PAGE_BYTES)).present);
	return end();
}

static const char *case_unmap_is_idempotent(void)
{
	uint64_t value;
	begin();
	mmu_case_unmap(&space, here, 1); /* of what never was */
	for (unsigned i = 0; i < FRAMES; i++)
		CHECK(mmu_case_map(&space, vaddr(here.v + i * PAGE_BYTES), frames[i], RW) == STATUS_OK);
	for (unsigned round = 0; round < 3; round++) {
		mmu_case_unmap(&space, vaddr(here.v + PAGE_BYTES), 2);
		mmu->sync(&space);
		CHECK(reads(here, frames[0]) && reads(vaddr(here.v + 3 * PAGE_BYTES), frames[3]));
		CHECK(!mmu_test_load(vaddr(here.v + PAGE_BYTES), &value) &&
		      !mmu_test_load(vaddr(here.v + 2 * PAGE_BYTES), &value));
	}
	return end();
}

static const char *case_unmap_of_everything(void)
{
	static const uint64_t places[] = {
		PAGE_BYTES, 511 * PAGE_BYTES,          512 * PAGE_BYTES,     GIB - PAGE_BYTES, GIB, TIB - PAGE_BYTES,
		TIB,        17 * TIB + 5 * PAGE_BYTES, 64 * TIB - PAGE_BYTES};
	begin();
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < ARRAY_LENGTH(places); i++)
			CHECK(mmu_case_map(&space, vaddr(places[i]), frames[i % FRAMES], RW | (i % 2 ? MMU_WIRED : 0)) ==
			      STATUS_OK);
		for (unsigned i = 0; i < ARRAY_LENGTH(places); i++)
			CHECK(reads(vaddr(places[i]), frames[i % FRAMES]));
		mmu_case_unmap(&space, vaddr(0), 64 * TIB / PAGE_BYTES);
		mmu->sync(&space);
		for (unsigned i = 0; i < ARRAY_LENGTH(places); i++) {
			uint64_t value;
			CHECK(!mmu_case_walk(&space, vaddr(places[i])).present && !mmu_test_load(vaddr(places[i]), &value));
		}
	}
	return end();
}

/* Tables are asked for one at a time; the hash asks for none; the tables that are there already serve neighbours. */
static const char *case_no_table_and_donate(void)
{
	begin();
	for (unsigned i = 0; i < 32; i++) {
		struct vaddr va = vaddr(i % 8 * 7 * TIB + i / 8 * 3 * GIB + PAGE_BYTES);
		CHECK(mmu_case_map(&space, va, frames[i % FRAMES], RW) == STATUS_OK);
		unsigned tables = mmu_case_donated();
		CHECK(mmu_case_map(&space, vaddr(va.v + PAGE_BYTES), frames[i % FRAMES], RW) == STATUS_OK);
		CHECK(mmu_case_donated() == tables);
		CHECK(reads(va, frames[i % FRAMES]));
	}
	CHECK(mmu->group_slots == 0 || mmu_case_donated() == 0);
	CHECK(mmu->group_slots != 0 || mmu_case_donated() > 8);
	return end();
}

/* A page donated but not needed yet comes back too; and so does a space that was never used. */
static const char *case_close_gives_back(void)
{
	for (unsigned round = 0; round < 20; round++) {
		begin();
		for (unsigned i = 0; i < round; i++)
			CHECK(mmu_case_map(&space, vaddr(i * 517 * GIB + i * MIB), frames[0], RW) == STATUS_OK);
		if (mmu->group_slots == 0)
			mmu_case_donate(&space);
		const char *why = end();
		if (why)
			return why;
	}
	return NULL;
}

static const char *case_harvest(void)
{
	uint64_t value;
	begin();
	CHECK(!mmu_case_harvest(&space, here).present);
	CHECK(mmu_case_map(&space, here, frames[0], RW) == STATUS_OK);
	for (unsigned round = 0; round < 4; round++) {
		struct mmu_usage usage = mmu_case_harvest(&space, here); /* whatever was before */
		mmu->sync(&space);
		usage = mmu_case_harvest(&space, here);
		CHECK(usage.present && !usage.referenced && !usage.changed);
		CHECK(mmu_test_load(here, &value));
		CHECK(mmu_case_walk(&space, here).referenced);
		usage = mmu_case_harvest(&space, here);
		mmu->sync(&space);
		CHECK(usage.present && usage.referenced && !usage.changed);
		CHECK(mmu_test_store(here, round));
		usage = mmu_case_harvest(&space, here);
		mmu->sync(&space);
		CHECK(usage.present && usage.referenced && usage.changed);
	}
	CHECK(reads(here, frames[0])); /* the translation is still there */
	return end();
}

/* Two spaces with other pages at the same address; and none at all. */
static const char *case_activate(void)
{
	uint64_t value;
	begin();
	mmu_case_open(&other_space);
	CHECK(mmu_case_map(&space, here, frames[0], RW) == STATUS_OK);
	CHECK(mmu_case_map(&other_space, here, frames[1], RW) == STATUS_OK);
	CHECK(mmu_case_map(&other_space, vaddr(here.v + PAGE_BYTES), frames[2], RW) == STATUS_OK);
	for (unsigned round = 0; round < 3; round++) {
		mmu_test_activate(&space);
		CHECK(reads(here, frames[0]) && !mmu_test_load(vaddr(here.v + PAGE_BYTES), &value));
		CHECK(space.active == 1 && other_space.active == 0);
		mmu_test_activate(&other_space);
		CHECK(reads(here, frames[1]) && reads(vaddr(here.v + PAGE_BYTES), frames[2]));
		CHECK(space.active == 0 && other_space.active == 1);
		mmu_test_activate(NULL);
		CHECK(!mmu_test_load(here, &value) && space.active == 0 && other_space.active == 0);
	}
	/* What changes while a space is active nowhere is true when it is activated again. */
	mmu_test_activate(&space);
	CHECK(reads(here, frames[0]));
	mmu_test_activate(&other_space);
	CHECK(mmu_case_map(&space, here, frames[3], RW) == STATUS_OK);
	mmu->sync(&space);
	mmu_test_activate(&space);
	CHECK(reads(here, frames[3]));
	mmu_case_unmap(&other_space, vaddr(0), 64 * TIB / PAGE_BYTES);
	CHECK(reads(here, frames[3]));
	unsigned tables = mmu_case_donated();
	mmu_case_close_one(&other_space);
	CHECK(mmu->group_slots || mmu_case_donated() < tables);
	mmu_test_activate(&space);
	CHECK(reads(here, frames[3]));
	return end();
}

/* The page of a terabyte; the pages of all of them spread over the groups of a hash. */
static struct vaddr page_in(uint64_t tib)
{
	return vaddr(tib * TIB + (8 * tib + 1) * PAGE_BYTES);
}

/* One page in each of more segments than a CPU can hold at once. A small hash may forget some; then they are mapped again. */
static const char *case_many_segments(void)
{
	begin();
	for (unsigned round = 0; round < 4; round++)
		for (uint64_t tib = 0; tib < 64; tib++) {
			struct paddr frame = frames[tib % FRAMES];
			if (!mmu_case_walk(&space, page_in(tib)).present)
				CHECK(mmu_case_map(&space, page_in(tib), frame, RW) == STATUS_OK);
			CHECK(reads(vaddr(page_in(tib).v + 8 * tib), frame));
			CHECK(!mmu_test_store(vaddr(page_in(tib).v - PAGE_BYTES), 0));
		}
	return end();
}

const struct mmu_case mmu_rule_cases[] = {
	{"map_makes_visible", case_map_makes_visible},
	{"map_replaces", case_map_replaces},
	{"protection_changes", case_protection_changes},
	{"walk_reports_flags", case_walk_reports_flags},
	{"walk_reports_steps", case_walk_reports_steps},
	{"unmap_is_idempotent", case_unmap_is_idempotent},
	{"unmap_of_everything", case_unmap_of_everything},
	{"no_table_and_donate", case_no_table_and_donate},
	{"close_gives_back", case_close_gives_back},
	{"harvest", case_harvest},
	{"activate", case_activate},
	{"many_segments", case_many_segments},
	{NULL, NULL},
};
