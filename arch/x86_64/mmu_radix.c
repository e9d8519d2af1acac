/*
 * The radix page table, four levels or five: this machine's answer to mmu.h.
 *
 *      63     57 56      48 47      39 38      30 29      21 20      12 11         0
 *     +---------+----------+----------+----------+----------+----------+------------+
 *     |  sign   | level 5  | level 4  | level 3  | level 2  | level 1  |   offset   |     levels 5 and 4 are the root's
 *     +---------+----------+----------+----------+----------+----------+------------+
 *
 * Teaches: an address is a path. Each nine bits choose an entry in a table of 512; the entry names the next table, or the page.
 * One cursor walks it for map, walk and harvest; five levels differ from four only in where the cursor starts.
 * Who calls: mm/ and the scheduler, through `mmu`. Calls cpu_flush_others() to reach other CPUs. Locks: as mmu.h says.
 * The invariant: the kernel's half is the same in every space; user tables are donated pages, and go back only in close.
 * What a table that other CPUs read needs: entries are stored whole (64 bits, atomic), and a CPU that may hold an old
 * translation is told before the change counts: INVLPG here, cpu_flush_others() in sync. Clearing A and D is one locked AND, so
 * an update that the processor makes at the same time is not lost (Intel SDM 3A 4.8, 4.10.4-5).
 * Simplified: unmap never gives an empty table back; only 4 KiB pages for users; readable is implied, execute-only is not
 * there.
 */
#include "mmu.h"

#include <trace_emit.h>

#include "core/cpu.h"
#include "core/panic.h"
#include "x86.h"

#define INDEX_BITS 9
#define CR3_SPACE 0 /* cpu->arch_words[]: the space whose tables CR3 holds */

/* mmu_space.words[] */
enum word { WORD_ROOT, WORD_DONATED };

const struct mmu_ops *mmu;
static unsigned levels;
static uint64_t kernel_root; /* physical: the kernel's half alone */

struct cursor {
	uint64_t va;
	uint64_t *entry;
	unsigned level; /* of the table that `entry` is in; 1 is the last */
};

/* The lowest bit of the index into a table of this level. */
static unsigned level_shift(unsigned level)
{
	return PAGE_SHIFT + INDEX_BITS * (level - 1);
}

/* How many bytes an entry of a table of this level covers. */
static uint64_t level_bytes(unsigned level)
{
	return UINT64_C(1) << level_shift(level);
}

static unsigned level_index(uint64_t va, unsigned level)
{
	/* LAB(pages) BEGIN: Which of the 512 entries of a table of this level is the address's? */
	return (unsigned)(va >> level_shift(level)) % TABLE_ENTRIES;
	/* LAB(pages) ELSE
	(void)va, (void)level;
	return 0;
	LAB(pages) END */
}

static uint64_t *table_at(uint64_t physical)
{
	return arch_phys_to_virt(paddr(physical));
}

static uint64_t entry_load(const uint64_t *entry)
{
	return __atomic_load_n(entry, __ATOMIC_RELAXED);
}

/* LAB(pages) BEGIN: The cursor, for map, walk and harvest: at the root (words[WORD_ROOT] is its address, `levels` its level);
 * one level down, through an entry that names a table (PTE_FRAME); and, for harvest, as far down as tables reach. */
static struct cursor cursor_start(const struct mmu_space *space, uint64_t va)
{
	uint64_t *root = table_at(space->words[WORD_ROOT]);
	return (struct cursor){.va = va, .entry = &root[level_index(va, levels)], .level = levels};
}

/* One level down, through an entry that names a table. */
static void cursor_descend(struct cursor *cursor)
{
	uint64_t *table = table_at(entry_load(cursor->entry) & PTE_FRAME);
	cursor->level--;
	cursor->entry = &table[level_index(cursor->va, cursor->level)];
}

/* As far down as tables reach: level 1, or the level where an entry is missing. For users' addresses. */
static struct cursor cursor_find(const struct mmu_space *space, uint64_t va)
{
	struct cursor cursor = cursor_start(space, va);
	while (cursor.level > 1 && entry_load(cursor.entry) & PTE_PRESENT)
		cursor_descend(&cursor);
	return cursor;
}
/* LAB(pages) ELSE
LAB(pages) END */

/* ---- pages for tables ---- */

static void radix_donate(struct mmu_space *space, struct paddr page)
{
	/* The pages in stock are a list: each one's first word is the next one's address. */
	*table_at(page.p) = space->words[WORD_DONATED];
	space->words[WORD_DONATED] = page.p;
}

/* A zeroed page from the stock, to serve as a table of this level; 0 if the stock is empty. */
static uint64_t take_donated(struct mmu_space *space, unsigned level)
{
	uint64_t page = space->words[WORD_DONATED];
	if (!page)
		return 0;
	space->words[WORD_DONATED] = *table_at(page);
	*table_at(page) = 0;
	trace_mmu_table(space->id, page, level);
	return page;
}

/* The caller gives words[] as zero, but for pages donated before. */
static enum status radix_open(struct mmu_space *space)
{
	uint64_t root = take_donated(space, levels);
	if (!root)
		return STATUS_NO_TABLE;
	const uint64_t *kernel = table_at(kernel_root);
	for (unsigned i = TABLE_ENTRIES / 2; i < TABLE_ENTRIES; i++)
		table_at(root)[i] = kernel[i];
	space->words[WORD_ROOT] = root;
	return STATUS_OK;
}

/* Gives back every table below the first `entries` entries of a table of `level`. */
static void release_tables(uint64_t table, unsigned level, unsigned entries, void (*release)(void *context, struct paddr page),
			   void *context)
{
	for (unsigned i = 0; i < entries && level > 1; i++) {
		uint64_t entry = table_at(table)[i];
		if (!(entry & PTE_PRESENT))
			continue;
		release_tables(entry & PTE_FRAME, level - 1, TABLE_ENTRIES, release, context);
		release(context, paddr(entry & PTE_FRAME));
	}
}

static void radix_close(struct mmu_space *space, void (*release)(void *context, struct paddr page), void *context)
{
	uint64_t root = space->words[WORD_ROOT];
	if (root) {
		release_tables(root, levels, TABLE_ENTRIES / 2, release, context);
		release(context, paddr(root));
	}
	while (space->words[WORD_DONATED]) {
		uint64_t page = space->words[WORD_DONATED];
		space->words[WORD_DONATED] = *table_at(page);
		release(context, paddr(page));
	}
	space->words[WORD_ROOT] = 0;
}

/* ---- translations ---- */

static bool is_active_here(const struct mmu_space *space)
{
	return __atomic_load_n(&space->active, __ATOMIC_RELAXED) >> arch_cpu()->index & 1;
}

/* LAB(pages) BEGIN: Enter a translation; mmu.h, rule 2 and map, says what is asked for. What an entry of the last level says is
 * drawn in x86.h; here a page that may not be executed says so (PTE_NX), every entry on the way is a user's (PTE_USER) and as
 * permissive as can be (PTE_TABLE). A table that is missing comes from take_donated(), which also tells the trace. Other CPUs
 * walk the tables meanwhile: store entries whole. If there was a translation, and this CPU may hold it, it has to go (invlpg).
 * At the end, trace_mmu_map(). */
static uint64_t entry_make(struct paddr page, unsigned flags)
{
	uint64_t entry = page.p | PTE_PRESENT | PTE_USER;
	if (flags & MMU_WRITE)
		entry |= PTE_WRITE;
	if (!(flags & MMU_EXEC))
		entry |= PTE_NX;
	if (flags & MMU_DEVICE)
		entry |= PTE_DEVICE;
	if (flags & MMU_WIRED)
		entry |= PTE_WIRED;
	return entry;
}

static enum status radix_map(struct mmu_space *space, struct vaddr va, struct paddr page, unsigned flags)
{
	ASSERT(va.v % PAGE_BYTES == 0 && va.v < USER_END && page.p % PAGE_BYTES == 0);
	ASSERT((flags & (MMU_WRITE | MMU_EXEC)) != (MMU_WRITE | MMU_EXEC));
	struct cursor cursor = cursor_start(space, va.v);
	while (cursor.level > 1) {
		if (!(entry_load(cursor.entry) & PTE_PRESENT)) {
			uint64_t table = take_donated(space, cursor.level - 1);
			if (!table)
				return STATUS_NO_TABLE;
			__atomic_store_n(cursor.entry, table | PTE_TABLE | PTE_USER, __ATOMIC_RELEASE);
		}
		cursor_descend(&cursor);
	}
	uint64_t old = __atomic_exchange_n(cursor.entry, entry_make(page, flags), __ATOMIC_ACQ_REL);
	if (old & PTE_PRESENT && is_active_here(space))
		invlpg(va.v);
	trace_mmu_map(space->id, va.v, page.p, flags, levels);
	return STATUS_OK;
}
/* LAB(pages) ELSE
static enum status radix_map(struct mmu_space *space, struct vaddr va, struct paddr page, unsigned flags)
{
	(void)space, (void)va, (void)page, (void)flags;
	return STATUS_FULL;
}
LAB(pages) END */

/* Removes what one last-level table maps from `at` up to `end`. */
static void unmap_run(uint64_t *entry, uint64_t at, uint64_t end, bool active)
{
	/* LAB(pages) BEGIN: `entry` is the one of the address `at`, and the others follow it. `active`: this CPU may hold
	 * translations of them. */
	for (; at < end; at += PAGE_BYTES, entry++) {
		if (!entry_load(entry))
			continue;
		__atomic_store_n(entry, 0, __ATOMIC_RELEASE);
		if (active)
			invlpg(at);
	}
	/* LAB(pages) ELSE
	(void)active;
	for (; at < end; at += PAGE_BYTES)
		__atomic_store_n(entry++, 0, __ATOMIC_RELEASE);
	LAB(pages) END */
}

/* How many entries one call of unmap looks at. */
#define UNMAP_ENTRIES 256

/* Removes what a table and those below it map from `at` up to `end`, as long as *entries last. Returns how far it has come. */
static uint64_t unmap_table(uint64_t *table, unsigned level, uint64_t at, uint64_t end, bool active, uint64_t *entries)
{
	uint64_t *entry = &table[level_index(at, level)];
	if (level == 1) {
		end = min_u64(end, at + *entries * PAGE_BYTES);
		*entries -= (end - at) / PAGE_BYTES;
		unmap_run(entry, at, end, active);
		return end;
	}
	while (*entries && at < end) {
		uint64_t old = entry_load(entry), next = min_u64(round_down(at, level_bytes(level)) + level_bytes(level), end);
		--*entries;
		if (old & PTE_PRESENT)
			next = unmap_table(table_at(old & PTE_FRAME), level - 1, at, next, active, entries);
		entry += next % level_bytes(level) == 0;
		at = next;
	}
	return at;
}

/* Progress: how many bytes of the range are done. */
static bool radix_unmap(struct mmu_space *space, struct vaddr va, uint64_t pages, uint64_t *progress)
{
	uint64_t entries = UNMAP_ENTRIES;
	uint64_t end = min_u64(va.v / PAGE_BYTES + pages, USER_END / PAGE_BYTES) * PAGE_BYTES, from = va.v + *progress;
	uint64_t to = from < end
			      ? unmap_table(table_at(space->words[WORD_ROOT]), levels, from, end, is_active_here(space), &entries)
			      : end;
	*progress = to - va.v;
	trace_mmu_unmap(space->id, from, to == end ? pages - (from - va.v) / PAGE_BYTES : (to - from) / PAGE_BYTES);
	return to == end;
}

/* Whether the address bits above the root's index repeat its top bit: anything else faults before the table is looked at. */
static bool is_canonical(uint64_t va)
{
	unsigned unused = 64 - PAGE_SHIFT - INDEX_BITS * levels;
	return (uint64_t)((int64_t)(va << unused) >> unused) == va;
}

/* Adds what an entry on the way says to what those before it said: writable if all say so, executable if none forbids it. */
static unsigned flags_allowed(uint64_t entry)
{
	unsigned flags = MMU_READ;
	if (entry & PTE_WRITE)
		flags |= MMU_WRITE;
	if (!(entry & PTE_NX))
		flags |= MMU_EXEC;
	return flags;
}

static void walk_finish(struct mmu_walk *walk, const struct cursor *cursor, uint64_t entry)
{
	uint64_t offset = cursor->va % level_bytes(cursor->level);
	walk->present = true;
	walk->page = paddr((entry & PTE_FRAME & ~(level_bytes(cursor->level) - 1)) + round_down(offset, PAGE_BYTES));
	walk->referenced = entry & PTE_ACCESSED;
	walk->changed = entry & PTE_DIRTY;
	if (entry & PTE_CACHE_DISABLE)
		walk->flags |= MMU_DEVICE;
	if (entry & PTE_WIRED)
		walk->flags |= MMU_WIRED;
}

static void radix_walk(struct mmu_space *space, struct vaddr va, struct mmu_walk *walk)
{
	*walk = (struct mmu_walk){0};
	if (!is_canonical(va.v))
		return;
	unsigned allowed = MMU_READ | MMU_WRITE | MMU_EXEC;
	/* LAB(pages) BEGIN: Go the processor's way. Each entry on it becomes a step; the way ends at an entry that is not
	 * present, at one of the last level, or at one that maps a large page itself (PTE_LARGE), and `walk` is complete: flags
	 * are what all entries allow together (flags_allowed), the rest is for walk_finish(). */
	struct cursor cursor = cursor_start(space, va.v);
	for (;;) {
		uint64_t entry = entry_load(cursor.entry);
		walk->step[walk->steps++] = (struct mmu_step){
			.kind = MMU_STEP_LEVEL,
			.level = (uint8_t)cursor.level,
			.index = level_index(va.v, cursor.level),
			.entry = arch_virt_to_phys(cursor.entry),
			.raw = {entry, 0},
		};
		if (!(entry & PTE_PRESENT))
			return;
		allowed &= flags_allowed(entry);
		if (cursor.level == 1 || entry & PTE_LARGE) {
			walk->flags = allowed;
			walk_finish(walk, &cursor, entry);
			return;
		}
		cursor_descend(&cursor);
	}
	/* LAB(pages) ELSE
	(void)space, (void)allowed, (void)flags_allowed, (void)walk_finish;
	LAB(pages) END */
}

static struct mmu_usage radix_harvest(struct mmu_space *space, struct vaddr va)
{
	/* LAB(pages) BEGIN: Return and clear PTE_ACCESSED and PTE_DIRTY of one page, losing nothing that the processor sets at
	 * the same time; and see to it that this CPU sets them again. */
	struct cursor cursor = cursor_find(space, va.v);
	if (cursor.level > 1 || !(entry_load(cursor.entry) & PTE_PRESENT))
		return (struct mmu_usage){0};
	uint64_t old = __atomic_fetch_and(cursor.entry, ~(PTE_ACCESSED | PTE_DIRTY), __ATOMIC_ACQ_REL);
	if (old & (PTE_ACCESSED | PTE_DIRTY) && is_active_here(space))
		invlpg(va.v);
	return (struct mmu_usage){.present = true, .referenced = old & PTE_ACCESSED, .changed = old & PTE_DIRTY};
	/* LAB(pages) ELSE
	(void)space, (void)va;
	return (struct mmu_usage){0};
	LAB(pages) END */
}

/* ---- who translates through what ---- */

/*
 * This CPU dropped its own translations when the table changed. One that activates the space later starts empty: its bit is set
 * before it loads CR3, so either it is seen here or it loads the changed table.
 */
static void radix_sync(struct mmu_space *space)
{
	/* LAB(pages) BEGIN: Make rule 4 of mmu.h true: cpu_flush_others() reaches other CPUs, of which there are cpus_present.
	 * space->active says who translates through a space; NULL stands for every space. Nobody is told who need not be. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	uint64_t active = space ? __atomic_load_n(&space->active, __ATOMIC_SEQ_CST) : UINT64_MAX;
	uint64_t others = active & ~(UINT64_C(1) << arch_cpu()->index) & ((UINT64_C(1) << cpus_present) - 1);
	if (others)
		cpu_flush_others(others);
	trace_mmu_sync(space ? space->id : 0, others);
	/* LAB(pages) ELSE
	trace_mmu_sync(space ? space->id : 0, 0);
	LAB(pages) END */
}

/* Loading CR3 drops every translation this CPU holds, so the same space again is a flush. */
static void radix_activate(struct mmu_space *space, struct vaddr hint)
{
	(void)hint;
	struct cpu *cpu = arch_cpu();
	struct mmu_space *old = (struct mmu_space *)(uintptr_t)cpu->arch_words[CR3_SPACE];
	uint64_t bit = UINT64_C(1) << cpu->index;
	if (space && space != old)
		__atomic_fetch_or(&space->active, bit, __ATOMIC_SEQ_CST);
	cr3_write(space ? space->words[WORD_ROOT] : kernel_root);
	if (space == old)
		return;
	if (old)
		__atomic_fetch_and(&old->active, ~bit, __ATOMIC_SEQ_CST);
	cpu->arch_words[CR3_SPACE] = (uint64_t)(uintptr_t)space;
	trace_mmu_activate(space ? space->id : 0);
}

#define RADIX_OPS(name_)                                                                                                         \
	{                                                                                                                        \
		.name = (name_), .user_end = {USER_END}, .open = radix_open, .close = radix_close, .donate = radix_donate,       \
		.map = radix_map, .unmap = radix_unmap, .walk = radix_walk, .harvest = radix_harvest, .sync = radix_sync,        \
		.activate = radix_activate,                                                                                      \
	}

static const struct mmu_ops radix4 = RADIX_OPS("radix4");
static const struct mmu_ops radix5 = RADIX_OPS("radix5");

void radix_init(unsigned levels_chosen)
{
	levels = levels_chosen;
	kernel_root = arch_virt_to_phys(levels == 5 ? kernel_root5 : kernel_root4).p;
	mmu = levels == 5 ? &radix5 : &radix4;
}

uint64_t mmu_entries_in_use(void)
{
	return 0;
}
