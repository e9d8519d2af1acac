/*
 * MMU conformance: the runner, and what all cases share.
 *
 * Teaches: how to test a cache from above. A case opens a space, donates what it is asked for, and at its end every page must
 * be back.
 * Who calls: mmu_conformance() is called by the host's and the guest's test programs. Whom it calls: the back end under test,
 * through `mmu`.
 * The invariant: every page a case takes is back when it ends; the runner counts. Locks: a space's own, around each operation.
 */
#include "core/lock.h"
#include "mmu/conformance.h"

#include "arch.h"
#include "core/print.h"
#include "core/string.h"

#define DONATED_MAX 4096
#define TABLES_A_MAP_MAX 5 /* levels of the deepest tree */
#define FIRST_SPACE_ID 50000

uint64_t mmu_seed;
static unsigned next_space_id = FIRST_SPACE_ID;
static struct paddr donated[DONATED_MAX];
static unsigned donated_count;
static unsigned foreign_pages; /* given back though never donated */
static int64_t pages_out;
static char failure[160];
static struct mmu_space *open_spaces[2]; /* of the case that runs, so that one that fails leaves nothing behind */

uint64_t mmu_random(uint64_t *state)
{
	/* Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014: SplitMix64. */
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

const char *mmu_case_failed(const char *condition, int line)
{
	kformat(failure, sizeof(failure), "%s (line %d)", condition, line);
	return failure;
}

static struct paddr take_page(void)
{
	pages_out++;
	return mmu_test_page_take();
}

static void give_page(struct paddr page)
{
	pages_out--;
	mmu_test_page_give(page);
}

unsigned mmu_case_donated(void)
{
	return donated_count;
}

void mmu_case_donate(struct mmu_space *space)
{
	struct paddr page = take_page();
	donated[donated_count++ % DONATED_MAX] = page;
	mmu->donate(space, page);
}

static void release_donated(void *context, struct paddr page)
{
	(void)context;
	unsigned i = 0;
	while (i < donated_count && donated[i].p != page.p)
		i++;
	if (i == donated_count) {
		foreign_pages++;
		return;
	}
	donated[i] = donated[--donated_count];
	give_page(page);
}

void mmu_case_open(struct mmu_space *space)
{
	open_spaces[open_spaces[0] != NULL] = space;
	memset(space, 0, sizeof(*space));
	space->lock = SPINLOCK(LOCK_MMU_SPACE);
	space->id = next_space_id++;
	spin_lock(&space->lock);
	while (mmu->open(space) == STATUS_NO_TABLE)
		mmu_case_donate(space);
	spin_unlock(&space->lock);
}

void mmu_case_close_one(struct mmu_space *space)
{
	open_spaces[open_spaces[0] != space] = NULL;
	mmu_test_activate(NULL);
	mmu->sync(space);
	spin_lock(&space->lock);
	mmu->close(space, release_donated, NULL);
	spin_unlock(&space->lock);
}

bool mmu_case_close(struct mmu_space *space)
{
	mmu_case_close_one(space);
	return donated_count == 0 && foreign_pages == 0;
}

enum status mmu_case_map(struct mmu_space *space, struct vaddr va, struct paddr page, unsigned flags)
{
	unsigned donations = 0;
	spin_lock(&space->lock);
	enum status status = mmu->map(space, va, page, flags);
	while (status == STATUS_NO_TABLE && donations++ < TABLES_A_MAP_MAX && donated_count < DONATED_MAX) {
		mmu_case_donate(space);
		status = mmu->map(space, va, page, flags);
	}
	spin_unlock(&space->lock);
	return status;
}

void mmu_case_unmap(struct mmu_space *space, struct vaddr va, uint64_t pages)
{
	spin_lock(&space->lock);
	mmu_unmap(space, va, pages);
	spin_unlock(&space->lock);
}

struct mmu_usage mmu_case_harvest(struct mmu_space *space, struct vaddr va)
{
	spin_lock(&space->lock);
	struct mmu_usage usage = mmu->harvest(space, va);
	spin_unlock(&space->lock);
	return usage;
}

struct mmu_walk mmu_case_walk(struct mmu_space *space, struct vaddr va)
{
	struct mmu_walk walk;
	bool irqs = arch_irq_save();
	mmu->walk(space, va, &walk);
	arch_irq_restore(irqs);
	return walk;
}

uint64_t *mmu_case_word(struct paddr frame, uint64_t offset)
{
	return (uint64_t *)((uint8_t *)arch_phys_to_virt(frame) + offset);
}

void mmu_case_frames(struct paddr *frames, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		frames[i] = take_page();
		for (uint64_t offset = 0; offset < PAGE_BYTES; offset += sizeof(uint64_t))
			*mmu_case_word(frames[i], offset) = frames[i].p + offset;
	}
}

void mmu_case_frames_free(struct paddr *frames, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		give_page(frames[i]);
}

/* Runs one case; 1 if it failed. */
static unsigned run_case(const struct mmu_case *one)
{
	pages_out = 0;
	const char *why = one->run();
	if (!why && pages_out)
		why = "pages are lost";
	if (!why) {
		kprintf("ok mmu-%s %s\n", mmu->name, one->name);
		return 0;
	}
	kprintf("not ok mmu-%s %s: %s\n", mmu->name, one->name, why);
	mmu_case_stop_other();
	for (unsigned i = 0; i < ARRAY_LENGTH(open_spaces); i++)
		if (open_spaces[i])
			mmu_case_close_one(open_spaces[i]);
	donated_count = foreign_pages = 0;
	return 1;
}

unsigned mmu_conformance(uint64_t seed)
{
	static const struct mmu_case *const groups[] = {mmu_rule_cases, mmu_group_cases, mmu_script_cases, mmu_cpu_cases};
	unsigned failures = 0;
	mmu_seed = seed;
	for (unsigned group = 0; group < ARRAY_LENGTH(groups); group++) {
		if (groups[group] == mmu_cpu_cases && !mmu_test_other_exists())
			break;
		for (const struct mmu_case *one = groups[group]; one->name; one++)
			failures += run_case(one);
	}
	return failures;
}
