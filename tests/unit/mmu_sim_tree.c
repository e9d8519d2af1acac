/*
 * A back end that asks: four levels of tables, every page of which the caller donates.
 *
 * Teaches: the other half of the MMU contract. A tree never forgets a translation, but it can only grow by NO_TABLE, donate,
 * try again; so every path above it has to live with a map that cannot be done yet. Running out of pages in that loop is what
 * the tests are after.
 * Who calls: mm/ through mmu.h; mmu_sim.c looks entries up as the hardware would. The invariant: every donated page is either
 * in the tree, once, or in the list of spare ones; close gives back both. Locks: space->lock is held by the caller, but for close.
 *
 *     46      39 38      30 29      21 20      12 11       0
 *    +----------+----------+----------+----------+----------+     an entry:  page | PRESENT | R C | enum mmu_flags
 *    | level 4  | level 3  | level 2  | level 1  |  offset  |
 *    +----------+----------+----------+----------+----------+
 */
#include "sim_machine.h"
#include "core/lock.h"

#include <assert.h>
#include <string.h>
#include <trace_emit.h>

#define LEVELS 4
#define ENTRIES 512
#define FEW_PAGES 8
#define MANY_PAGES 4096
#define PRESENT 32u
#define REFERENCED 64u
#define CHANGED 128u
#define FLAGS 31u
#define ADDRESS (~(PAGE_BYTES - 1))

/* space->words */
enum { ROOT, SPARE };

static uint64_t *table_at(uint64_t address)
{
	return arch_phys_to_virt(paddr(address & ADDRESS));
}

static unsigned level_shift(unsigned level)
{
	return PAGE_SHIFT + 9 * (level - 1);
}

static unsigned level_index(struct vaddr va, unsigned level)
{
	return va.v >> level_shift(level) & (ENTRIES - 1);
}

/* Takes a zeroed page from the spare ones; 0 if there is none. A spare page holds the address of the next in its first word. */
static uint64_t take_spare(struct mmu_space *space, unsigned level)
{
	uint64_t page = space->words[SPARE];
	if (!page)
		return 0;
	space->words[SPARE] = table_at(page)[0];
	memset(table_at(page), 0, PAGE_BYTES);
	trace_mmu_table(space->id, page, level);
	return page;
}

/* The lowest-level entry for an address; NULL if a table on the way is missing and `grow` is false or no page is spare. */
static uint64_t *find(struct mmu_space *space, struct vaddr va, bool grow)
{
	uint64_t table = space->words[ROOT];
	for (unsigned level = LEVELS; level > 1; level--) {
		uint64_t *entry = &table_at(table)[level_index(va, level)];
		if (!(*entry & PRESENT) && grow) {
			uint64_t page = take_spare(space, level - 1);
			*entry = page ? page | PRESENT : 0;
		}
		if (!(*entry & PRESENT))
			return NULL;
		table = *entry;
	}
	return &table_at(table)[level_index(va, 1)];
}

enum sim_answer sim_tree_lookup(struct mmu_space *space, struct vaddr va, enum access access, struct sim_translation *found)
{
	uint64_t *entry = find(space, va, false);
	if (!entry || !(*entry & PRESENT))
		return SIM_ACCESS_MISSING;
	if (!sim_allows(*entry & FLAGS, access))
		return SIM_ACCESS_FORBIDDEN;
	*entry |= REFERENCED | (access == ACCESS_STORE ? CHANGED : 0);
	*found = (struct sim_translation){paddr(*entry & ADDRESS), *entry & FLAGS, (*entry & CHANGED) != 0};
	return SIM_ACCESS_OK;
}

/* ---- the operations ---- */

static enum status tree_open(struct mmu_space *space)
{
	space->words[ROOT] = take_spare(space, LEVELS);
	return space->words[ROOT] ? STATUS_OK : STATUS_NO_TABLE;
}

static void release_table(uint64_t table, unsigned level, void (*release)(void *context, struct paddr page), void *context)
{
	for (unsigned i = 0; level > 1 && i < ENTRIES; i++) {
		uint64_t entry = table_at(table)[i];
		if (entry & PRESENT)
			release_table(entry & ADDRESS, level - 1, release, context);
	}
	release(context, paddr(table));
}

static void tree_close(struct mmu_space *space, void (*release)(void *context, struct paddr page), void *context)
{
	assert(!space->active);
	if (space->words[ROOT])
		release_table(space->words[ROOT], LEVELS, release, context);
	while (space->words[SPARE]) {
		uint64_t page = space->words[SPARE];
		space->words[SPARE] = table_at(page)[0];
		release(context, paddr(page));
	}
	space->words[ROOT] = 0;
}

static void tree_donate(struct mmu_space *space, struct paddr page)
{
	for (unsigned i = 0; i < ENTRIES; i++)
		assert(table_at(page.p)[i] == 0); /* the contract: a zeroed page */
	table_at(page.p)[0] = space->words[SPARE];
	space->words[SPARE] = page.p;
}

static enum status tree_map(struct mmu_space *space, struct vaddr va, struct paddr page, unsigned flags)
{
	assert(spin_held(&space->lock));
	assert(va.v % PAGE_BYTES == 0 && page.p % PAGE_BYTES == 0 && va.v < sim_tree_ops.user_end.v);
	assert((flags & (MMU_WRITE | MMU_EXEC)) != (MMU_WRITE | MMU_EXEC));
	uint64_t *entry = find(space, va, true);
	if (!entry)
		return STATUS_NO_TABLE;
	*entry = page.p | PRESENT | flags;
	trace_mmu_map(space->id, va.v, page.p, flags, LEVELS);
	return STATUS_OK;
}

/* Clears what of the pages [first, end) lies under a table; `base` is the first page it covers. Skips what has no table. */
static void clear_range(uint64_t table, unsigned level, uint64_t base, uint64_t first, uint64_t end)
{
	uint64_t span = UINT64_C(1) << (9 * (level - 1)); /* pages below one entry */
	for (unsigned i = 0; i < ENTRIES; i++, base += span) {
		uint64_t *entry = &table_at(table)[i];
		if (!(*entry & PRESENT) || base >= end || base + span <= first)
			continue;
		if (level > 1)
			clear_range(*entry, level - 1, base, first, end);
		else
			*entry = 0;
	}
}

/* A few pages at a time, if there are not too many: so what is done in pieces is tested in pieces. */
static bool tree_unmap(struct mmu_space *space, struct vaddr va, uint64_t pages, uint64_t *progress)
{
	assert(spin_held(&space->lock));
	uint64_t first = va.v / PAGE_BYTES + *progress, left = pages - *progress;
	uint64_t piece = left > MANY_PAGES ? left : min_u64(left, FEW_PAGES);
	clear_range(space->words[ROOT], LEVELS, 0, first, piece < UINT64_MAX - first ? first + piece : UINT64_MAX);
	trace_mmu_unmap(space->id, first * PAGE_BYTES, piece);
	*progress += piece;
	return *progress == pages;
}

static void tree_walk(struct mmu_space *space, struct vaddr va, struct mmu_walk *walk)
{
	*walk = (struct mmu_walk){0};
	uint64_t table = space->words[ROOT];
	for (unsigned level = LEVELS; level >= 1; level--) {
		unsigned index = level_index(va, level);
		uint64_t entry = table_at(table)[index];
		walk->step[walk->steps++] = (struct mmu_step){
			.kind = MMU_STEP_LEVEL,
			.level = (uint8_t)level,
			.index = index,
			.raw = {entry},
			.entry = paddr((table & ADDRESS) + index * sizeof(entry)),
		};
		if (!(entry & PRESENT))
			return;
		table = entry;
	}
	walk->present = true;
	walk->page = paddr(table & ADDRESS);
	walk->flags = table & FLAGS;
	walk->referenced = table & REFERENCED;
	walk->changed = table & CHANGED;
}

static struct mmu_usage tree_harvest(struct mmu_space *space, struct vaddr va)
{
	assert(spin_held(&space->lock));
	uint64_t *entry = find(space, va, false);
	if (!entry || !(*entry & PRESENT))
		return (struct mmu_usage){0};
	struct mmu_usage usage = {true, *entry & REFERENCED, *entry & CHANGED};
	*entry &= ~(uint64_t)(REFERENCED | CHANGED);
	return usage;
}

const struct mmu_ops sim_tree_ops = {
	.name = "sim-tree",
	.user_end = {UINT64_C(1) << 47},
	.open = tree_open,
	.close = tree_close,
	.donate = tree_donate,
	.map = tree_map,
	.unmap = tree_unmap,
	.walk = tree_walk,
	.harvest = tree_harvest,
	.sync = sim_mmu_sync,
	.activate = sim_mmu_activate,
};
