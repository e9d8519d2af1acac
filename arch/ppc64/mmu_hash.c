/*
 * The hashed page table: one table for all address spaces, in which every page has sixteen places it may sit.
 *
 * Teaches: a page table of fixed size is a cache that the hardware reads. Adding a translation may push another one out, and
 * nothing is lost, because the truth is above (mmu.h rule 1). mmu_hash.h draws addresses and entries.
 *
 *     map(page)   primary group       secondary group
 *                 [e][e][e][ ][e].. -> a free place in the primary, else in the secondary, else the primary's oldest unwired
 *                                      entry makes room, else the secondary's; all sixteen wired: FULL
 *
 * Who calls: mm/ through the table `mmu`. Whom it calls: mmu_hash_table.c for places, mmu_slb.c for activate().
 * Invariant: an operation returns only when no CPU can use what it removed, so sync() has nothing left to do.
 * Locks: table_lock (LOCK_MMU_TABLE) over every change; walk() takes none and reads an entry until it holds still.
 * Simplified: 4 KiB pages only; one lock for the whole table.
 */
#include <trace_emit.h>

#include "arch.h"
#include "core/cpu.h"
#include "core/end.h"
#include "core/lock.h"
#include "core/panic.h"
#include "mmu_hash.h"
#include "ppc64.h"

/* Beyond this many pages one look at every entry is cheaper than two groups a page. */
#define UNMAP_SCAN_PAGES 1024

/* What one call of unmap does: look up so many pages, or look through so many groups. */
#define UNMAP_PAGES 32
#define UNMAP_GROUPS 32

static struct spinlock table_lock = SPINLOCK(LOCK_MMU_TABLE);

/* ---- the nine operations ---- */

static uint64_t flags_to_r(unsigned flags)
{
	uint64_t r = flags & MMU_WRITE ? PP_WRITE : flags & (MMU_READ | MMU_EXEC) ? PP_READ : PP_NONE;
	if (!(flags & MMU_EXEC))
		r |= ENTRY_NO_EXECUTE;
	return r | (flags & MMU_DEVICE ? ENTRY_UNCACHED | ENTRY_GUARDED : ENTRY_MEMORY);
}

static unsigned entry_flags(uint64_t v, uint64_t r)
{
	unsigned flags = (r & ENTRY_PP) == PP_WRITE ? MMU_READ | MMU_WRITE : (r & ENTRY_PP) == PP_READ ? MMU_READ : 0;
	if (!(r & ENTRY_NO_EXECUTE))
		flags |= MMU_EXEC;
	if (r & ENTRY_UNCACHED)
		flags |= MMU_DEVICE;
	if (v & ENTRY_WIRED)
		flags |= MMU_WIRED;
	return flags;
}

static enum status hash_open(struct mmu_space *space)
{
	if (space->id >= SPACE_IDS)
		return STATUS_LIMIT;
	space->active = 0;
	for (unsigned i = 0; i < MMU_SPACE_WORDS; i++)
		space->words[i] = 0;
	return STATUS_OK;
}

/* Removes what the space has with an address in [start, end), by looking at every entry of some groups. */
static void groups_scan(struct mmu_space *space, uint64_t start, uint64_t end, uint64_t group, uint64_t last, struct gone *gone)
{
	for (; group < last && space->words[SPACE_WORD_ENTRIES]; group++) {
		for (unsigned i = 0; i < HASH_SLOTS; i++) {
			uint64_t v = hash_table[group].entry[i].v;
			if (!(v & ENTRY_VALID) || entry_vsid(v) / SEGMENTS_A_SPACE != space->id)
				continue;
			uint64_t va = entry_address(v, group).v;
			if (va < start || va >= end)
				continue;
			gone_add(gone, v, group);
			entry_word_store(&hash_table[group].entry[i].v, 0);
			space->words[SPACE_WORD_ENTRIES]--;
			hash_count(v, -1);
		}
	}
}

static struct hash_entry *page_find(const struct mmu_space *space, struct vaddr va)
{
	uint64_t vsid = segment_vsid(space, segment_of(va));
	return entry_find(hash_primary(vsid, va), entry_v(vsid, va));
}

/* The same for a few pages, each looked up by its hash. */
static void pages_remove(struct mmu_space *space, struct vaddr va, uint64_t pages, struct gone *gone)
{
	for (; pages && va.v < USER_END && space->words[SPACE_WORD_ENTRIES]; pages--, va.v += PAGE_BYTES) {
		struct hash_entry *entry = page_find(space, va);
		if (!entry)
			continue;
		uint64_t v = entry->v;
		gone_add(gone, v, entry_group(entry));
		entry_word_store(&entry->v, 0);
		space->words[SPACE_WORD_ENTRIES]--;
		hash_count(v, -1);
	}
}

/* Progress: how many pages are done or, of a range so large that it is quicker to look through the table, groups. */
static bool hash_unmap(struct mmu_space *space, struct vaddr va, uint64_t pages, uint64_t *progress)
{
	struct gone gone;
	bool scans = pages > UNMAP_SCAN_PAGES;
	uint64_t from = *progress, all = scans ? HASH_GROUPS : pages;
	uint64_t to = min_u64(from + (scans ? UNMAP_GROUPS : UNMAP_PAGES), all);
	gone_begin(&gone);
	spin_lock(&table_lock);
	if (scans) {
		uint64_t room = va.v < USER_END ? (USER_END - va.v) / PAGE_BYTES : 0;
		groups_scan(space, va.v, va.v + min_u64(pages, room) * PAGE_BYTES, from, to, &gone);
	} else {
		pages_remove(space, vaddr(va.v + from * PAGE_BYTES), to - from, &gone);
	}
	gone_flush(&gone);
	if (!space->words[SPACE_WORD_ENTRIES])
		to = all;
	if (!scans)
		trace_mmu_unmap(space->id, va.v + from * PAGE_BYTES, to - from);
	else if (from == 0) /* what others enter behind the first piece stays, or is entered again */
		trace_mmu_unmap(space->id, va.v, pages);
	spin_unlock(&table_lock);
	*progress = to;
	return to == all;
}

/* What the space may still have is looked for in the whole table, in pieces. The table's pages stay. */
static void hash_close(struct mmu_space *space, void (*release)(void *context, struct paddr page), void *context)
{
	(void)release, (void)context;
	ASSERT(space->active == 0);
	for (uint64_t from = 0; from < HASH_GROUPS && space->words[SPACE_WORD_ENTRIES]; from += UNMAP_GROUPS) {
		struct gone gone;
		gone_begin(&gone);
		spin_lock(&table_lock);
		groups_scan(space, 0, USER_END, from, min_u64(from + UNMAP_GROUPS, HASH_GROUPS), &gone);
		gone_flush(&gone);
		spin_unlock(&table_lock);
	}
}

static void hash_donate(struct mmu_space *space, struct paddr page)
{
	panic("space %u gave the page %#llx to a back end that never asks for one", space->id, (unsigned long long)page.p);
}

/* Replaces a page's translation in its place. What R and C said about the same frame stays said. */
static void entry_replace(struct hash_entry *entry, uint64_t v, uint64_t r)
{
	if (((entry->r ^ r) & ~(ENTRY_REFERENCED | ENTRY_CHANGED)) == 0 && ((entry->v ^ v) & ENTRY_WIRED) == 0)
		return;
	uint64_t old_v = entry->v;
	uint64_t old_r = entry_withdraw(entry);
	if (((old_r ^ r) & ENTRY_FRAME) == 0) {
		r |= old_r & (ENTRY_REFERENCED | ENTRY_CHANGED);
		v |= old_v & ENTRY_WAS_REFERENCED;
	}
	entry_enter(entry, v | (old_v & ENTRY_SECONDARY), r);
}

static enum status hash_map(struct mmu_space *space, struct vaddr va, struct paddr page, unsigned flags)
{
	ASSERT(va.v % PAGE_BYTES == 0 && va.v < USER_END && page.p % PAGE_BYTES == 0);
	ASSERT((flags & (MMU_WRITE | MMU_EXEC)) != (MMU_WRITE | MMU_EXEC));
	uint64_t vsid = segment_vsid(space, segment_of(va));
	uint64_t primary = hash_primary(vsid, va);
	uint64_t v = entry_v(vsid, va) | (flags & MMU_WIRED ? ENTRY_WIRED : 0);
	uint64_t r = ENTRY_SEGMENT_1T | page.p | flags_to_r(flags);

	spin_lock_inner(&table_lock);
	struct hash_entry *entry = entry_find(primary, entry_v(vsid, va));
	if (entry) {
		entry_replace(entry, v, r);
	} else {
		entry = place_find(primary);
		if (entry) {
			v |= entry_group(entry) == primary ? 0 : ENTRY_SECONDARY;
			entry_enter(entry, v, r);
			space->words[SPACE_WORD_ENTRIES]++;
			hash_count(v, 1);
		}
	}
	if (entry) {
		uint64_t secondary_bit = entry->v & ENTRY_SECONDARY ? UINT64_C(1) << 31 : 0;
		trace_mmu_map(space->id, va.v, page.p, flags, entry_group(entry) << 8 | entry_slot(entry) | secondary_bit);
	}
	spin_unlock(&table_lock);
	return entry ? STATUS_OK : STATUS_FULL;
}

/* Both doublewords of an entry as they were at one moment. */
static struct hash_entry entry_read(const struct hash_entry *entry)
{
	struct hash_entry copy;
	do {
		copy.v = __atomic_load_n(&entry->v, __ATOMIC_ACQUIRE);
		copy.r = __atomic_load_n(&entry->r, __ATOMIC_ACQUIRE);
	} while (entry_word_load(&entry->v) != copy.v);
	return copy;
}

/* Adds the step that looks into one group; true if the page is there. */
static bool walk_group(struct mmu_walk *walk, uint64_t group, uint64_t v)
{
	struct mmu_step *step = &walk->step[walk->steps++];
	*step = (struct mmu_step){.kind = MMU_STEP_HASH, .slot = MMU_NO_SLOT, .index = (uint32_t)group};
	const struct hash_entry *entry = group_find(group, v);
	struct hash_entry copy = entry ? entry_read(entry) : (struct hash_entry){0};
	if ((copy.v & ~ENTRY_SOFTWARE) != v)
		return false;
	step->slot = (uint8_t)entry_slot(entry);
	step->entry = arch_virt_to_phys(entry);
	step->raw[0] = copy.v;
	step->raw[1] = copy.r;
	walk->present = true;
	walk->page = paddr(copy.r & ENTRY_FRAME);
	walk->flags = entry_flags(copy.v, copy.r);
	walk->referenced = (copy.r & ENTRY_REFERENCED) || (copy.v & ENTRY_WAS_REFERENCED);
	walk->changed = (copy.r & ENTRY_CHANGED) != 0;
	return true;
}

static void hash_walk(struct mmu_space *space, struct vaddr va, struct mmu_walk *walk)
{
	*walk = (struct mmu_walk){0};
	if (va.v >= USER_END)
		return;
	unsigned esid = segment_of(va);
	uint64_t vsid = segment_vsid(space, esid);
	walk->step[walk->steps++] = (struct mmu_step){
		.kind = MMU_STEP_SEGMENT, .slot = MMU_NO_SLOT, .index = esid, .raw = {vsid, slb_vsid_word(vsid)}};
	uint64_t primary = hash_primary(vsid, va);
	if (!walk_group(walk, primary, entry_v(vsid, va)))
		walk_group(walk, hash_secondary(primary), entry_v(vsid, va) | ENTRY_SECONDARY);
}

/*
 * R alone is cleared in place. C shares its byte with rights that the hardware writes back with it, so to clear C the entry is
 * withdrawn first: then nobody updates it, what is read is final, and the entry is entered again. A CPU that needs it in
 * between faults softly.
 */
static struct mmu_usage hash_harvest(struct mmu_space *space, struct vaddr va)
{
	struct mmu_usage usage = {0};
	struct gone gone;
	gone_begin(&gone);
	spin_lock(&table_lock);
	struct hash_entry *entry = page_find(space, va);
	if (entry) {
		uint64_t v = entry->v;
		uint64_t r = entry_word_load(&entry->r);
		if (r & ENTRY_CHANGED) {
			r = entry_withdraw(entry);
			entry_enter(entry, v & ~ENTRY_WAS_REFERENCED, r & ~(ENTRY_REFERENCED | ENTRY_CHANGED));
		} else {
			if (r & ENTRY_REFERENCED)
				entry_clear_referenced(entry, r, &gone);
			entry_word_store(&entry->v, v & ~ENTRY_WAS_REFERENCED);
			gone_flush(&gone);
		}
		usage.present = true;
		usage.referenced = (r & ENTRY_REFERENCED) || (v & ENTRY_WAS_REFERENCED);
		usage.changed = (r & ENTRY_CHANGED) != 0;
	}
	spin_unlock(&table_lock);
	return usage;
}

/* Nothing is left to do: every operation above returns only after all CPUs have let go of what it removed. */
static void hash_sync(struct mmu_space *space)
{
	ptesync();
	trace_mmu_sync(space ? space->id : 0, (UINT64_C(1) << cpus_present) - 1);
}

static const struct mmu_ops hash_ops = {
	.name = "hash",
	.user_end = {USER_END},
	.group_slots = HASH_SLOTS,
	.entries_max = HASH_ENTRIES,
	.open = hash_open,
	.close = hash_close,
	.donate = hash_donate,
	.map = hash_map,
	.unmap = hash_unmap,
	.walk = hash_walk,
	.harvest = hash_harvest,
	.sync = hash_sync,
	.activate = slb_activate,
};

const struct mmu_ops *mmu;

uint64_t mmu_entries_in_use(void)
{
	return entry_word_load(&hash_entries_used);
}

/* ---- telling the machine where the table is ---- */

/* One entry a partition, two doublewords; only partition 0, the kernel's own, exists (Power ISA 3.0B Book III, "Partition
 * Table"). */
#define PARTITION_TABLE_BYTES (64 * KIB)
#define PARTITION_TABLE_SIZE_CODE 4 /* 2^(12 + 4) bytes */
static uint64_t partition_table[PARTITION_TABLE_BYTES / 8] __attribute__((aligned(PARTITION_TABLE_BYTES)));

void mmu_hash_init(void)
{
	partition_table[0] = arch_virt_to_phys(hash_table).p; /* HTABSIZE 0: 2^18 bytes */
	partition_table[1] = 0;
	ptesync();
	mmu = &hash_ops;
	descriptor_add("hash-table", hash_table, sizeof(hash_table[0]), HASH_GROUPS, sizeof(hash_table[0]));
}

void mmu_hash_cpu_init(void)
{
	WRITE_SPR(SPR_PTCR, arch_virt_to_phys(partition_table).p | PARTITION_TABLE_SIZE_CODE);
	isync();
	slb_cpu_init();
}
