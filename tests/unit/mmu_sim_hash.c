/*
 * A back end that forgets: a hashed table so small that it evicts in the first seconds of a test.
 *
 * Teaches: the shape of a hashed page table without the hardware's bits. A page hashes to a group of four slots, primary or
 * secondary; when both are full, the entry that has not been used for longest is forgotten, unless it is wired.
 * Who calls: mm/ through mmu.h; mmu_sim.c looks entries up as the hardware would. The invariant: a page is in at most one slot.
 * Locks: space->lock is held by the caller; all simulated CPUs are one host thread, so the table needs no lock of its own.
 */
#include "sim_machine.h"
#include "core/lock.h"

#include <assert.h>
#include <string.h>
#include <trace_emit.h>

#define GROUPS 32
#define SLOTS 4
#define AGE_MAX 7

struct entry {
	const struct mmu_space *space; /* NULL: free */
	uint64_t page_number;
	struct paddr page;
	uint8_t flags; /* enum mmu_flags */
	bool referenced;
	bool changed;
	uint8_t age; /* evictions in this group since it was last used */
};

static struct entry table[GROUPS][SLOTS];
static uint64_t entries_in_use;

void sim_hash_reset(void)
{
	memset(table, 0, sizeof(table));
	entries_in_use = 0;
}

uint64_t mmu_entries_in_use(void)
{
	return entries_in_use;
}

static unsigned primary_group(const struct mmu_space *space, uint64_t page_number)
{
	return (page_number ^ space->id * 13) % GROUPS;
}

static unsigned secondary_group(unsigned primary)
{
	return ~primary % GROUPS;
}

static struct entry *find_in(unsigned group, const struct mmu_space *space, uint64_t page_number)
{
	for (unsigned slot = 0; slot < SLOTS; slot++) {
		struct entry *entry = &table[group][slot];
		if (entry->space == space && entry->page_number == page_number)
			return entry;
	}
	return NULL;
}

static struct entry *find(const struct mmu_space *space, uint64_t page_number)
{
	unsigned primary = primary_group(space, page_number);
	struct entry *entry = find_in(primary, space, page_number);
	return entry ? entry : find_in(secondary_group(primary), space, page_number);
}

enum sim_answer sim_hash_lookup(struct mmu_space *space, struct vaddr va, enum access access, struct sim_translation *found)
{
	struct entry *entry = find(space, va.v >> PAGE_SHIFT);
	if (!entry)
		return SIM_ACCESS_MISSING;
	if (!sim_allows(entry->flags, access))
		return SIM_ACCESS_FORBIDDEN;
	entry->referenced = true;
	entry->changed |= access == ACCESS_STORE;
	*found = (struct sim_translation){entry->page, entry->flags, entry->changed};
	return SIM_ACCESS_OK;
}

static void drop(struct entry *entry)
{
	*entry = (struct entry){0};
	entries_in_use--;
}

void sim_mmu_forget_all(void)
{
	for (unsigned i = 0; i < GROUPS * SLOTS; i++) {
		struct entry *entry = &table[i / SLOTS][i % SLOTS];
		if (entry->space && !(entry->flags & MMU_WIRED))
			drop(entry);
	}
}

/* ---- the operations ---- */

static enum status hash_open(struct mmu_space *space)
{
	memset(space->words, 0, sizeof(space->words));
	return STATUS_OK;
}

static void hash_close(struct mmu_space *space, void (*release)(void *context, struct paddr page), void *context)
{
	(void)release, (void)context; /* no page was ever donated */
	assert(!space->active);
	for (unsigned i = 0; i < GROUPS * SLOTS; i++)
		if (table[i / SLOTS][i % SLOTS].space == space)
			drop(&table[i / SLOTS][i % SLOTS]);
}

static void hash_donate(struct mmu_space *space, struct paddr page)
{
	(void)space, (void)page;
	assert(!"the hash asks for no page");
}

/* The entry of two groups that is to make room: not wired, unused for longest. Everything else in them grows older. */
static struct entry *choose_victim(unsigned primary, unsigned secondary)
{
	struct entry *victim = NULL;
	for (unsigned i = 0; i < 2 * SLOTS; i++) {
		struct entry *entry = &table[i < SLOTS ? primary : secondary][i % SLOTS];
		if (entry->flags & MMU_WIRED)
			continue;
		entry->age = entry->referenced ? 0 : entry->age + (entry->age < AGE_MAX);
		entry->referenced = false;
		if (!victim || entry->age > victim->age)
			victim = entry;
	}
	return victim;
}

static struct entry *take_slot(const struct mmu_space *space, uint64_t page_number)
{
	unsigned primary = primary_group(space, page_number);
	unsigned secondary = secondary_group(primary);
	struct entry *entry = find_in(primary, NULL, 0);
	if (!entry)
		entry = find_in(secondary, NULL, 0);
	if (entry)
		return entry;
	entry = choose_victim(primary, secondary);
	if (entry) {
		uint64_t place = (uint64_t)(entry - &table[0][0]);
		trace_mmu_evict(entry->space->id, entry->page_number << PAGE_SHIFT, place / SLOTS, place % SLOTS, entry->age,
				entry->changed << 1);
		drop(entry);
	}
	return entry;
}

static enum status hash_map(struct mmu_space *space, struct vaddr va, struct paddr page, unsigned flags)
{
	assert(spin_held(&space->lock));
	assert(va.v % PAGE_BYTES == 0 && page.p % PAGE_BYTES == 0 && va.v < sim_hash_ops.user_end.v);
	assert((flags & (MMU_WRITE | MMU_EXEC)) != (MMU_WRITE | MMU_EXEC));
	uint64_t page_number = va.v >> PAGE_SHIFT;
	struct entry *entry = find(space, page_number);
	if (entry)
		drop(entry);
	else
		entry = take_slot(space, page_number);
	if (!entry)
		return STATUS_FULL;
	*entry = (struct entry){.space = space, .page_number = page_number, .page = page, .flags = (uint8_t)flags};
	entries_in_use++;
	uint64_t place = (uint64_t)(entry - &table[0][0]);
	trace_mmu_map(space->id, va.v, page.p, flags, place / SLOTS << 8 | place % SLOTS);
	return STATUS_OK;
}

/* All at once. */
static bool hash_unmap(struct mmu_space *space, struct vaddr va, uint64_t pages, uint64_t *progress)
{
	assert(spin_held(&space->lock));
	uint64_t first = va.v >> PAGE_SHIFT;
	for (unsigned i = 0; i < GROUPS * SLOTS; i++) {
		struct entry *entry = &table[i / SLOTS][i % SLOTS];
		if (entry->space == space && entry->page_number >= first && entry->page_number - first < pages)
			drop(entry);
	}
	trace_mmu_unmap(space->id, va.v, pages);
	*progress = pages;
	return true;
}

static void hash_walk(struct mmu_space *space, struct vaddr va, struct mmu_walk *walk)
{
	uint64_t page_number = va.v >> PAGE_SHIFT;
	unsigned group = primary_group(space, page_number);
	*walk = (struct mmu_walk){0};
	walk->step[walk->steps++] =
		(struct mmu_step){.kind = MMU_STEP_SEGMENT, .index = (uint32_t)(va.v >> 40), .slot = MMU_NO_SLOT};
	for (unsigned try = 0; try < 2 && !walk->present; try++, group = secondary_group(group)) {
		struct mmu_step *step = &walk->step[walk->steps++];
		*step = (struct mmu_step){.kind = MMU_STEP_HASH, .index = group, .slot = MMU_NO_SLOT};
		const struct entry *entry = find_in(group, space, page_number);
		if (!entry)
			continue;
		step->slot = (uint8_t)(entry - table[group]);
		step->raw[0] = page_number;
		step->raw[1] = entry->page.p | entry->flags;
		walk->present = true;
		walk->page = entry->page;
		walk->flags = entry->flags;
		walk->referenced = entry->referenced;
		walk->changed = entry->changed;
	}
}

static struct mmu_usage hash_harvest(struct mmu_space *space, struct vaddr va)
{
	assert(spin_held(&space->lock));
	struct entry *entry = find(space, va.v >> PAGE_SHIFT);
	if (!entry)
		return (struct mmu_usage){0};
	struct mmu_usage usage = {true, entry->referenced, entry->changed};
	entry->referenced = entry->changed = false;
	return usage;
}

const struct mmu_ops sim_hash_ops = {
	.name = "sim",
	.user_end = {UINT64_C(1) << 47},
	.group_slots = SLOTS,
	.entries_max = GROUPS * SLOTS,
	.open = hash_open,
	.close = hash_close,
	.donate = hash_donate,
	.map = hash_map,
	.unmap = hash_unmap,
	.walk = hash_walk,
	.harvest = hash_harvest,
	.sync = sim_mmu_sync,
	.activate = sim_mmu_activate,
};
