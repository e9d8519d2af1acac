/*
 * Segments: which address space a CPU translates through.
 *
 * Teaches: on POWER a context switch does not load a page-table root. All spaces share one table, and what differs is the
 * segment lookaside buffer: 32 entries a CPU that say which virtual segment each terabyte of addresses stands for. It is
 * software's to fill; an address in no segment traps before any page is looked for, and the answer is to activate again with
 * that address.
 * Who calls: the scheduler and the fault path through mmu->activate().
 * Invariant: cpu->arch_words knows exactly which segments are in this CPU's SLB; a segment is never in twice (a machine
 * check).
 * Locks: as mmu.h says: with a hint the space's lock is held, since its words are written; without one they are only read,
 * and none is. space->active is atomic.
 * Simplified: a segment is replaced in turn, not by use; entry 0 is never used, since slbia keeps it.
 * Power ISA 3.0B Book III, "Segment Lookaside Buffer".
 */
#include <trace_emit.h>

#include "arch.h"
#include "core/cpu.h"
#include "mmu_hash.h"
#include "ppc64.h"

#define SLB_SLOTS 32u /* POWER9 */

static void slbmte(uint64_t vsid_word, uint64_t esid_word)
{
	__asm__ volatile("slbmte %0, %1" : : "r"(vsid_word), "r"(esid_word) : "memory");
}

/* Takes what lies in a slot out of the SLB, and what the CPU derived from it. */
static void slot_clear(struct cpu *cpu, uint64_t slot)
{
	uint64_t esid_word;
	__asm__ volatile("slbmfee %0, %1" : "=r"(esid_word) : "r"(slot));
	if (!(esid_word & SLB_VALID))
		return;
	uint64_t esid = esid_word >> SEGMENT_SHIFT;
	/* slbie wants the segment's size (B = 1, 1 TiB) beside its number. */
	__asm__ volatile("slbie %0" : : "r"(esid << SEGMENT_SHIFT | UINT64_C(1) << 25) : "memory");
	cpu->arch_words[CPU_WORD_SLB_SEGMENTS] &= ~(UINT64_C(1) << esid);
}

/* Returns the slot it went to. The segment is not in the SLB. */
static unsigned segment_load(struct cpu *cpu, const struct mmu_space *space, unsigned esid)
{
	uint64_t slot = cpu->arch_words[CPU_WORD_SLB_NEXT];
	cpu->arch_words[CPU_WORD_SLB_NEXT] = slot == SLB_SLOTS - 1 ? 1 : slot + 1;
	slot_clear(cpu, slot);
	slbmte(slb_vsid_word(segment_vsid(space, esid)), slb_esid_word(esid, (unsigned)slot));
	cpu->arch_words[CPU_WORD_SLB_SEGMENTS] |= UINT64_C(1) << esid;
	return (unsigned)slot;
}

/* Empties the SLB but for entry 0, which is not in use. */
static void slb_clear(struct cpu *cpu)
{
	__asm__ volatile("isync\n\tslbia" : : : "memory");
	cpu->arch_words[CPU_WORD_SLB_SEGMENTS] = 0;
	cpu->arch_words[CPU_WORD_SLB_NEXT] = 1;
}

void slb_cpu_init(void)
{
	slbmte(0, 0);
	slb_clear(arch_cpu());
	arch_cpu()->arch_words[CPU_WORD_SPACE] = 0;
	isync();
}

/* Loads every segment the space has used into an SLB that is empty but for entry 0; those beyond its size wait for a fault. */
static void segments_load(struct cpu *cpu, const struct mmu_space *space)
{
	uint64_t first = slb_vsid_word(segment_vsid(space, 0)); /* the space's other segments count up from it */
	uint64_t left = space->words[SPACE_WORD_SEGMENTS];
	unsigned slot = 1;
	for (; left && slot < SLB_SLOTS; left &= left - 1, slot++) {
		unsigned esid = (unsigned)__builtin_ctzll(left);
		slbmte(first + ((uint64_t)esid << SLB_VSID_SHIFT), slb_esid_word(esid, slot));
	}
	cpu->arch_words[CPU_WORD_SLB_SEGMENTS] = space->words[SPACE_WORD_SEGMENTS] & ~left;
	cpu->arch_words[CPU_WORD_SLB_NEXT] = slot == SLB_SLOTS ? 1 : slot;
}

/*
 * Changes the space: the segments it has used come with it, so a thread that comes back does not fault on each of them. The
 * event mmu_activate stands for these loads; mmu_segment is emitted for a segment that an address asked for.
 */
static void space_switch(struct cpu *cpu, struct mmu_space *before, struct mmu_space *space)
{
	uint64_t bit = UINT64_C(1) << cpu->index;
	slb_clear(cpu);
	if (space) {
		__atomic_fetch_or(&space->active, bit, __ATOMIC_RELAXED); /* tlbie reaches this CPU in any case */
		segments_load(cpu, space);
	}
	isync();
	cpu->arch_words[CPU_WORD_SPACE] = (uint64_t)(uintptr_t)space;
	if (before)
		__atomic_fetch_and(&before->active, ~bit, __ATOMIC_RELEASE);
	trace_mmu_activate(space ? space->id : 0);
}

void slb_activate(struct mmu_space *space, struct vaddr hint)
{
	struct cpu *cpu = arch_cpu();
	struct mmu_space *before = (struct mmu_space *)(uintptr_t)cpu->arch_words[CPU_WORD_SPACE];
	if (before != space)
		space_switch(cpu, before, space);
	/* The same space again, and no address: nothing to flush, since tlbie reaches every CPU by itself. */
	if (!space || hint.v >= USER_END)
		return;
	unsigned esid = segment_of(hint);
	space->words[SPACE_WORD_SEGMENTS] |= UINT64_C(1) << esid;
	if (cpu->arch_words[CPU_WORD_SLB_SEGMENTS] >> esid & 1)
		return;
	unsigned slot = segment_load(cpu, space, esid);
	isync();
	trace_mmu_segment(space->id, esid, segment_vsid(space, esid), slot);
}
