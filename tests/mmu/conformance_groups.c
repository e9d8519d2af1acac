/*
 * Translations that compete for places, and wired ones that must not lose theirs.
 *
 * Teaches: in a hashed table nine pages can want the eight slots of one group. The ninth goes to the secondary group; if that
 * is full too, one that is not wired is forgotten and comes back by a fault. In a tree the same addresses never meet. The
 * addresses are found by walk alone: of an unmapped address it reports the primary and the secondary group.
 * Who calls: mmu_conformance(). Locks: in conformance.c.
 */
#include "mmu/conformance.h"

#include "core/string.h"

#define RW (MMU_READ | MMU_WRITE)
#define SLOTS_MAX 8
#define COLLIDING (SLOTS_MAX + 2)
#define SEARCH_PAGES (2 * COLLIDING * 4096)

static struct mmu_space space;
static struct paddr frame;

/* Addresses whose primary group is G, and addresses whose primary group is G's secondary one. */
static struct vaddr first[COLLIDING], second[COLLIDING];
static unsigned primary, secondary;

static bool present(struct vaddr va)
{
	return mmu_case_walk(&space, va).present;
}

static bool touch(struct vaddr va)
{
	uint64_t value;
	return mmu_test_load(va, &value) && value == *mmu_case_word(frame, 0);
}

static unsigned count_present(const struct vaddr *addresses, unsigned count)
{
	unsigned found = 0;
	for (unsigned i = 0; i < count; i++)
		found += present(addresses[i]);
	return found;
}

/* The groups in which an unmapped address would be looked for. */
static bool groups_of(struct vaddr va, unsigned groups[2])
{
	struct mmu_walk walk = mmu_case_walk(&space, va);
	unsigned found = 0;
	for (unsigned i = 0; i < walk.steps && found < 2; i++)
		if (walk.step[i].kind == MMU_STEP_HASH)
			groups[found++] = walk.step[i].index;
	return found == 2;
}

/* The group in which an address is now. */
static unsigned group_now(struct vaddr va)
{
	struct mmu_walk walk = mmu_case_walk(&space, va);
	return walk.step[walk.steps - 1].index;
}

static const char *find_colliding(void)
{
	unsigned groups[2], firsts = 0, seconds = 0;
	struct vaddr va = {32 * MIB};
	CHECK(mmu->group_slots <= SLOTS_MAX);
	CHECK(groups_of(va, groups));
	primary = groups[0], secondary = groups[1];
	CHECK(primary != secondary);
	for (unsigned i = 0; i < SEARCH_PAGES && (firsts < COLLIDING || seconds < COLLIDING); i++, va.v += PAGE_BYTES) {
		CHECK(groups_of(va, groups));
		if (groups[0] == primary && firsts < COLLIDING)
			first[firsts++] = va;
		else if (groups[0] == secondary && seconds < COLLIDING)
			second[seconds++] = va;
	}
	CHECK(firsts == COLLIDING && seconds == COLLIDING);
	return NULL;
}

/* Without groups: addresses far enough apart to be in one group of any hashed table. */
static void spread_addresses(void)
{
	for (unsigned i = 0; i < COLLIDING; i++) {
		first[i] = vaddr(32 * MIB + i * 4096 * PAGE_BYTES);
		second[i] = vaddr(first[i].v + 2047 * PAGE_BYTES);
	}
}

static const char *begin(void)
{
	mmu_case_frames(&frame, 1);
	mmu_case_open(&space);
	mmu_test_activate(&space);
	if (mmu->group_slots)
		return find_colliding();
	spread_addresses();
	return NULL;
}

static const char *end(void)
{
	CHECK(mmu_case_close(&space));
	mmu_case_frames_free(&frame, 1);
	return NULL;
}

static unsigned group_slots(void)
{
	return mmu->group_slots ? mmu->group_slots : SLOTS_MAX;
}

/* The secondary group is full of wired entries: the ninth page costs exactly one of the first eight its place. */
static const char *case_ninth_evicts_one(void)
{
	const char *why = begin();
	if (why)
		return why;
	unsigned slots = group_slots();
	for (unsigned i = 0; i < slots; i++)
		CHECK(mmu_case_map(&space, second[i], frame, RW | MMU_WIRED) == STATUS_OK);
	for (unsigned i = 0; i < slots; i++)
		CHECK(mmu_case_map(&space, first[i], frame, RW) == STATUS_OK && touch(first[i]));
	CHECK(count_present(first, slots) == slots && count_present(second, slots) == slots);
	CHECK(mmu_case_map(&space, first[slots], frame, RW) == STATUS_OK);
	unsigned left = mmu->group_slots ? slots : slots + 1;
	CHECK(present(first[slots]) && touch(first[slots]));
	CHECK(count_present(first, slots + 1) == left && count_present(second, slots) == slots);
	unsigned faults = 0;
	for (unsigned i = 0; i < slots; i++)
		if (!present(first[i])) {
			CHECK(!touch(first[i])); /* it faults once ... */
			CHECK(mmu_case_map(&space, first[i], frame, RW) == STATUS_OK);
			CHECK(present(first[i]) && touch(first[i])); /* ... and is back */
			faults++;
			break;
		}
	CHECK(faults == (mmu->group_slots ? 1u : 0u));
	CHECK(count_present(first, slots + 1) == left && count_present(second, slots) == slots);
	return end();
}

/* The secondary group has room: the ninth page goes there and nothing is lost. */
static const char *case_ninth_goes_to_secondary(void)
{
	const char *why = begin();
	if (why)
		return why;
	unsigned slots = group_slots();
	for (unsigned i = 0; i <= slots; i++)
		CHECK(mmu_case_map(&space, first[i], frame, RW) == STATUS_OK);
	for (unsigned i = 0; i <= slots; i++) {
		CHECK(present(first[i]) && touch(first[i]));
		if (mmu->group_slots)
			CHECK(group_now(first[i]) == (i < slots ? primary : secondary));
	}
	/* It is found, replaced and removed there like anywhere else. */
	CHECK(mmu_case_map(&space, first[slots], frame, MMU_READ) == STATUS_OK);
	mmu->sync(&space);
	CHECK(touch(first[slots]) && !mmu_test_store(first[slots], 0));
	CHECK(count_present(first, slots + 1) == slots + 1);
	mmu_case_unmap(&space, first[slots], 1);
	mmu->sync(&space);
	CHECK(!present(first[slots]) && !touch(first[slots]) && count_present(first, slots) == slots);
	return end();
}

/* Sixteen wired entries fill both groups: FULL, and nothing has changed. */
static const char *case_all_wired_is_full(void)
{
	const char *why = begin();
	if (why)
		return why;
	unsigned slots = group_slots();
	enum status when_full = mmu->group_slots ? STATUS_FULL : STATUS_OK;
	for (unsigned i = 0; i < slots; i++) {
		CHECK(mmu_case_map(&space, first[i], frame, RW | MMU_WIRED) == STATUS_OK);
		CHECK(mmu_case_map(&space, second[i], frame, RW | MMU_WIRED) == STATUS_OK);
	}
	CHECK(mmu_case_map(&space, first[slots], frame, RW) == when_full);
	CHECK(mmu_case_map(&space, second[slots], frame, RW | MMU_WIRED) == when_full);
	CHECK(count_present(first, slots) == slots && count_present(second, slots) == slots);
	/* A wired page can still be replaced in its place; and a place that becomes free can be had. */
	CHECK(mmu_case_map(&space, first[0], frame, MMU_READ | MMU_WIRED) == STATUS_OK);
	mmu_case_unmap(&space, second[0], 1);
	mmu->sync(&space);
	CHECK(touch(first[0]) && !mmu_test_store(first[0], 0) && !touch(second[0]));
	CHECK(mmu_case_map(&space, first[slots], frame, RW) == STATUS_OK && touch(first[slots]));
	CHECK(count_present(first, slots + 1) == slots + 1);
	return end();
}

/* Twice as many pages as the table has entries: wired ones stay, the last one is there, and none was ever refused. */
static const char *case_wired_survive(void)
{
	struct vaddr wired[16];
	const char *why = begin();
	if (why)
		return why;
	uint64_t pages = mmu->entries_max ? 2 * mmu->entries_max : 4096;
	for (unsigned i = 0; i < ARRAY_LENGTH(wired); i++) {
		wired[i] = vaddr(GIB + i * (MIB + PAGE_BYTES));
		CHECK(mmu_case_map(&space, wired[i], frame, RW | MMU_WIRED) == STATUS_OK);
	}
	for (uint64_t i = 0; i < pages; i++) {
		struct vaddr va = vaddr(16 * TIB + i * PAGE_BYTES);
		CHECK(mmu_case_map(&space, va, frame, RW) == STATUS_OK && present(va));
	}
	CHECK(count_present(wired, ARRAY_LENGTH(wired)) == ARRAY_LENGTH(wired));
	for (unsigned i = 0; i < ARRAY_LENGTH(wired); i++)
		CHECK(touch(wired[i]));
	CHECK(!mmu->entries_max || mmu_entries_in_use() <= mmu->entries_max);
	mmu_case_unmap(&space, vaddr(0), 64 * TIB / PAGE_BYTES);
	mmu->sync(&space);
	CHECK(!touch(wired[0]) && mmu_entries_in_use() == 0);
	return end();
}

/* Everything is wiped in the middle of use, again and again: every page comes back with one map. */
static const char *case_wipe_loses_nothing(void)
{
	const char *why = begin();
	if (why)
		return why;
	for (unsigned round = 0; round < 8; round++) {
		for (unsigned i = 0; i < COLLIDING; i++) {
			if (!touch(first[i]))
				CHECK(mmu_case_map(&space, first[i], frame, RW) == STATUS_OK && touch(first[i]));
			CHECK(mmu_test_store(vaddr(first[i].v + 8 * (i + 1)), round * 100 + i));
		}
		mmu_case_unmap(&space, vaddr(0), 64 * TIB / PAGE_BYTES);
		mmu->sync(&space);
		for (unsigned i = 0; i < COLLIDING; i++)
			CHECK(!touch(first[i]) && *mmu_case_word(frame, 8 * (i + 1)) == round * 100 + i);
	}
	return end();
}

const struct mmu_case mmu_group_cases[] = {
	{"ninth_evicts_one", case_ninth_evicts_one},     {"ninth_goes_to_secondary", case_ninth_goes_to_secondary},
	{"all_wired_is_full", case_all_wired_is_full},   {"wired_survive", case_wired_survive},
	{"wipe_loses_nothing", case_wipe_loses_nothing}, {NULL, NULL},
};
