/*
 * The places of the hashed page table: how an entry is found, chosen, entered and withdrawn.
 *
 * Teaches: two things at once. A full group makes room by age, without the hardware counting for us; and an entry that other
 * CPUs may be using this very moment leaves in a fixed order: valid cleared, ptesync, tlbie, eieio, tlbsync, ptesync; only
 * then are its R and C final and its place free (Power ISA 3.0B Book III, "Page Table Updates").
 * Who calls: mmu_hash.c. Locks: all of it but group_find() with table_lock held.
 * Invariant: of all valid entries at most one translates a page.
 */
#include <trace_emit.h>

#include "arch.h"
#include "mmu_hash.h"
#include "ppc64.h"

struct hash_group hash_table[HASH_GROUPS] __attribute__((aligned(HASH_TABLE_BYTES)));
uint64_t hash_entries_used;
static uint64_t entries_secondary; /* and of these, those that found no room in their primary group */

/* Entries come and go by the hundred: the trace gets every eighth value. */
#define TRACED_STEP 8

void hash_count(uint64_t v, int change)
{
	hash_entries_used += (uint64_t)change;
	if (hash_entries_used % TRACED_STEP == 0)
		trace_hpt_entries(hash_entries_used);
	if (!(v & ENTRY_SECONDARY))
		return;
	entries_secondary += (uint64_t)change;
	trace_hash_collisions(entries_secondary);
}

static_assert(sizeof(hash_table) == 256 * KIB, "HTABSIZE 0 means 256 KiB");

/* ---- how a translation leaves the CPUs ---- */

/*
 * QEMU 7.2 lets ptesync return while another CPU may still be in the middle of a block of instructions that uses the old
 * translation: a store of its could come after what follows here. An atomic memory operation that QEMU cannot do with the
 * host's own atomics is run while all other CPUs stand between blocks, and they drop what they were told to before they go on.
 * The one here, fetch and increment bounded, changes nothing: the number is at its bound. (QEMU 9.1 waits in ptesync itself.)
 */
static void wait_for_other_cpus(void)
{
	static uint64_t number_and_bound[2] __attribute__((aligned(32)));
	uint64_t number;
	__asm__ volatile(".long %2 | %0 << 21 | %1 << 16 | %3 << 11"
			 : "=&r"(number)
			 : "b"(number_and_bound), "i"(OPCODE_LDAT), "i"(LDAT_INCREMENT_BOUNDED)
			 : "memory");
}

/*
 * tlbie is broadcast: every CPU drops the entry, without an interrupt, and tlbsync + ptesync wait until the last of them has.
 * isync keeps what follows, reading R and C above all, from starting before.
 */
void gone_flush(struct gone *gone)
{
	if (gone->count == 0)
		return;
	/* LAB(hash) BEGIN: Tell every CPU to drop what the operands name (tlbie, with 0 as its second register), and wait until
	 * the last one has. The head of this file names the instructions and their order; isync goes last. */
	ptesync();
	for (unsigned i = 0; i < gone->count; i++)
		__asm__ volatile("tlbie %0, %1" : : "r"(gone->operand[i]), "r"(UINT64_C(0)) : "memory");
	__asm__ volatile("eieio\n\ttlbsync\n\tptesync\n\tisync" : : : "memory");
	/* LAB(hash) ELSE
	LAB(hash) END */
	wait_for_other_cpus();
	gone->count = 0;
}

void gone_add(struct gone *gone, uint64_t v, uint64_t group)
{
	if (gone->count == GONE_MAX)
		gone_flush(gone);
	uint64_t offset = entry_address(v, group).v % SEGMENT_BYTES;
	gone->operand[gone->count++] = entry_vsid(v) << SEGMENT_SHIFT | offset | UINT64_C(1) << 8;
}

uint64_t entry_withdraw(struct hash_entry *entry)
{
	/* LAB(hash) BEGIN: Take a valid entry out: in the table first, then in every CPU (gone_begin, gone_add, gone_flush).
	 * Only after that is what the hardware noted in the second doubleword final. */
	struct gone gone;
	gone_begin(&gone);
	gone_add(&gone, entry->v, entry_group(entry));
	entry_word_store(&entry->v, entry->v & ~ENTRY_VALID);
	gone_flush(&gone);
	return entry_word_load(&entry->r);
	/* LAB(hash) ELSE
	return entry_word_load(&entry->r);
	LAB(hash) END */
}

void entry_enter(struct hash_entry *entry, uint64_t v, uint64_t r)
{
	/* LAB(hash) BEGIN: Make a place that is not valid translate. The hardware may look at any moment: what it must never
	 * see is a valid entry whose other half is an old one. */
	entry_word_store(&entry->r, r);
	eieio();
	entry_word_store(&entry->v, v);
	ptesync();
	/* LAB(hash) ELSE
	(void)entry, (void)v, (void)r;
	LAB(hash) END */
}

/*
 * R is the only bit of its byte that changes while the entry is valid, and C lies in the next byte, so a
 * store of one byte loses no C that the hardware sets meanwhile ("Page Table Updates", resetting R). The caller flushes, since
 * a CPU that still holds the translation would not set R again.
 */
void entry_clear_referenced(struct hash_entry *entry, uint64_t r, struct gone *gone)
{
	/* LAB(hash) BEGIN: Clear R with one store that cannot lose a C which the hardware sets meanwhile, and note the entry in
	 * `gone`. Bytes are numbered as POWER does: the byte with bits 56-63 of the first doubleword is byte 0 of the entry. */
	const unsigned byte_of_r = 14;
	__atomic_store_n((uint8_t *)entry + byte_of_r, (uint8_t)((r & ~ENTRY_REFERENCED) >> 8), __ATOMIC_RELAXED);
	gone_add(gone, entry->v, entry_group(entry));
	/* LAB(hash) ELSE
	(void)entry, (void)r, (void)gone;
	LAB(hash) END */
}

/* ---- finding and choosing places ---- */

struct hash_entry *group_find(uint64_t group, uint64_t v)
{
	/* LAB(hash) BEGIN: Compare as the hardware does, which ignores the software bits. */
	for (unsigned i = 0; i < HASH_SLOTS; i++) {
		struct hash_entry *entry = &hash_table[group].entry[i];
		if ((entry_word_load(&entry->v) & ~ENTRY_SOFTWARE) == v)
			return entry;
	}
	return NULL;
	/* LAB(hash) ELSE
	(void)group, (void)v;
	return NULL;
	LAB(hash) END */
}

struct hash_entry *entry_find(uint64_t primary, uint64_t v)
{
	/* LAB(hash) BEGIN: The primary group, then the secondary one, where an entry says so itself (ENTRY_SECONDARY). While
	 * entries_secondary is 0 there is nothing to be found there, and this function is called for every page that is mapped
	 * or unmapped. */
	struct hash_entry *entry = group_find(primary, v);
	if (entry || !entries_secondary) /* hardly ever is an entry anywhere but in its primary group */
		return entry;
	return group_find(hash_secondary(primary), v | ENTRY_SECONDARY);
	/* LAB(hash) ELSE
	return group_find(primary, v);
	LAB(hash) END */
}

/* LAB(hash) BEGIN: Find a place for a page that has none: see mmu_hash.h for what place_find() promises. In this order: a free
 * place of the primary group, one of the secondary, the place of the primary group's oldest entry that is not wired, the same
 * of the secondary. Oldest: each time that a group has to make room, all its entries that are not wired age by a round: R is
 * set: age 0, R is cleared, and ENTRY_WAS_REFERENCED remembers it; R is not set: one round older, up to 3 (ENTRY_AGE). The
 * highest age goes, of equals the lowest place. Its entry is withdrawn; hash_count() and trace_mmu_evict() hear of it. `usage`
 * is bit 0: it was referenced, now or in any round before; bit 1: it was changed. */
static struct hash_entry *group_free(uint64_t group)
{
	for (unsigned i = 0; i < HASH_SLOTS; i++)
		if (!(hash_table[group].entry[i].v & ENTRY_VALID))
			return &hash_table[group].entry[i];
	return NULL;
}

/*
 * A round of ageing in a full group: used since the last round (R): age 0, and R starts again; not used: one round older, up
 * to 3. The software bits are ours alone while table_lock is held; the hardware does not compare them.
 */
static void group_age(uint64_t group)
{
	struct gone gone;
	gone_begin(&gone);
	for (unsigned i = 0; i < HASH_SLOTS; i++) {
		struct hash_entry *entry = &hash_table[group].entry[i];
		uint64_t r = entry_word_load(&entry->r);
		if (entry->v & ENTRY_WIRED)
			continue;
		if (r & ENTRY_REFERENCED) {
			entry_clear_referenced(entry, r, &gone);
			entry_word_store(&entry->v, (entry->v & ~ENTRY_AGE) | ENTRY_WAS_REFERENCED);
		} else if ((entry->v & ENTRY_AGE) != ENTRY_AGE) {
			entry_word_store(&entry->v, entry->v + ENTRY_AGE_ONE);
		}
	}
	gone_flush(&gone);
}

/* Makes room in a full group: the oldest entry goes, the lowest place among equals. NULL if all are wired. */
static struct hash_entry *group_evict(uint64_t group)
{
	struct hash_entry *victim = NULL;
	group_age(group);
	for (unsigned i = 0; i < HASH_SLOTS; i++) {
		struct hash_entry *entry = &hash_table[group].entry[i];
		if (!(entry->v & ENTRY_WIRED) && (!victim || (entry->v & ENTRY_AGE) > (victim->v & ENTRY_AGE)))
			victim = entry;
	}
	if (!victim)
		return NULL;
	uint64_t v = victim->v;
	uint64_t r = entry_withdraw(victim);
	bool referenced = (r & ENTRY_REFERENCED) || (v & ENTRY_WAS_REFERENCED);
	bool changed = (r & ENTRY_CHANGED) != 0;
	hash_count(v, -1);
	trace_mmu_evict(entry_vsid(v) / SEGMENTS_A_SPACE, entry_address(v, group).v, group, entry_slot(victim),
			(v & ENTRY_AGE) / ENTRY_AGE_ONE, referenced | changed << 1);
	return victim;
}

struct hash_entry *place_find(uint64_t primary)
{
	struct hash_entry *entry = group_free(primary);
	if (!entry)
		entry = group_free(hash_secondary(primary));
	if (!entry)
		entry = group_evict(primary);
	if (!entry)
		entry = group_evict(hash_secondary(primary));
	return entry;
}
/* LAB(hash) ELSE
struct hash_entry *place_find(uint64_t primary)
{
	(void)primary;
	return NULL;
}
LAB(hash) END */
