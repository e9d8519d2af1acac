/*
 * The simulated MMU, the hardware's side: what a CPU does with an address before it looks into any table.
 *
 * Teaches: a translation that was removed from the table can live on in a TLB. Each simulated CPU has its own, and drops
 * entries only when the contract says so (sync, activate), so a kernel that forgets a sync reads the old page here, every time
 * and not once a year.
 * Who calls: arch_sim.c for the kernel's copies, tests for their accesses. Whom it calls: the two back ends mmu_sim_hash.c,
 * mmu_sim_tree.c.
 * What is simplified: the TLB is direct-mapped; segments are as on POWER, an SLB of two entries, when the test asks for them.
 */
#include "sim_machine.h"

#include <stdlib.h>
#include <string.h>
#include <trace_emit.h>

#define TLB_ENTRIES 64
#define SEGMENTS 2
#define SEGMENT_SHIFT 40

struct tlb_entry {
	const struct mmu_space *space; /* NULL: unused */
	uint64_t page_number;
	struct sim_translation translation;
};

struct cpu_mmu {
	struct mmu_space *space;
	struct tlb_entry tlb[TLB_ENTRIES];
	uint64_t segment[SEGMENTS]; /* ESID + 1; 0: unused */
	unsigned next_segment;
};

static struct cpu_mmu cpu_mmus[MAX_CPUS];
static bool with_segments;

const struct mmu_ops *mmu = &sim_hash_ops;

void sim_mmu_choose(const struct mmu_ops *ops, bool segments)
{
	mmu = ops;
	with_segments = segments;
}

void sim_mmu_reset(void)
{
	memset(cpu_mmus, 0, sizeof(cpu_mmus));
	sim_hash_reset();
}

bool sim_allows(unsigned flags, enum access access)
{
	static const unsigned needs[] = {[ACCESS_LOAD] = MMU_READ, [ACCESS_STORE] = MMU_WRITE, [ACCESS_EXEC] = MMU_EXEC};
	return flags & needs[access];
}

/* ---- what a CPU does with an address ---- */

static bool segment_is_loaded(const struct cpu_mmu *cpu, struct vaddr va)
{
	for (unsigned i = 0; i < SEGMENTS; i++)
		if (cpu->segment[i] == (va.v >> SEGMENT_SHIFT) + 1)
			return true;
	return !with_segments;
}

static enum sim_answer look_into_table(struct mmu_space *space, struct vaddr va, enum access access,
				       struct sim_translation *found)
{
	return mmu->group_slots ? sim_hash_lookup(space, va, access, found) : sim_tree_lookup(space, va, access, found);
}

enum sim_answer sim_mmu_translate(unsigned index, struct vaddr va, enum access access, struct paddr *address)
{
	struct cpu_mmu *cpu = &cpu_mmus[index];
	if (!cpu->space || va.v >= mmu->user_end.v)
		return SIM_ACCESS_MISSING;
	if (!segment_is_loaded(cpu, va))
		return SIM_ACCESS_SEGMENT;
	uint64_t page_number = va.v >> PAGE_SHIFT;
	struct tlb_entry *entry = &cpu->tlb[page_number % TLB_ENTRIES];
	bool hit = entry->space == cpu->space && entry->page_number == page_number;
	/* A TLB entry that forbids the access, or a first store through it, makes the CPU look into the table again. */
	if (!hit || !sim_allows(entry->translation.flags, access) || (access == ACCESS_STORE && !entry->translation.changed)) {
		struct sim_translation found;
		enum sim_answer answer = look_into_table(cpu->space, va, access, &found);
		if (answer != SIM_ACCESS_OK)
			return answer;
		*entry = (struct tlb_entry){cpu->space, page_number, found};
	}
	*address = paddr(entry->translation.page.p + va.v % PAGE_BYTES);
	return SIM_ACCESS_OK;
}

enum sim_answer sim_mmu_access(unsigned cpu, struct vaddr va, enum access access, uint64_t *value)
{
	struct paddr address;
	enum sim_answer answer = sim_mmu_translate(cpu, va, access, &address);
	if (answer != SIM_ACCESS_OK)
		return answer;
	if (access == ACCESS_STORE)
		memcpy(arch_phys_to_virt(address), value, sizeof(*value));
	else
		memcpy(value, arch_phys_to_virt(address), sizeof(*value));
	return SIM_ACCESS_OK;
}

/* ---- operations that are the same for every table ---- */

static void flush_own(void)
{
	memset(cpu_mmus[arch_cpu()->index].tlb, 0, sizeof(cpu_mmus[0].tlb));
}

void sim_mmu_sync(struct mmu_space *space)
{
	uint64_t active = space ? __atomic_load_n(&space->active, __ATOMIC_ACQUIRE) : UINT64_MAX;
	cpu_flush_others(active);
	flush_own();
	trace_mmu_sync(space ? space->id : 0, active);
}

/* With a hint, in the space that is active already, only the segment is new. */
void sim_mmu_activate(struct mmu_space *space, struct vaddr hint)
{
	unsigned index = arch_cpu()->index;
	struct cpu_mmu *cpu = &cpu_mmus[index];
	if (cpu->space != space) {
		if (cpu->space)
			__atomic_fetch_and(&cpu->space->active, ~(UINT64_C(1) << index), __ATOMIC_ACQ_REL);
		if (space)
			__atomic_fetch_or(&space->active, UINT64_C(1) << index, __ATOMIC_ACQ_REL);
		cpu->space = space;
		memset(cpu->segment, 0, sizeof(cpu->segment));
		flush_own();
		trace_mmu_activate(space ? space->id : 0);
	}
	if (hint.v != MMU_NO_HINT.v) {
		uint64_t esid = hint.v >> SEGMENT_SHIFT;
		unsigned slot = cpu->next_segment++ % SEGMENTS;
		cpu->segment[slot] = esid + 1;
		trace_mmu_segment(space ? space->id : 0, esid, esid, slot);
	} else {
		flush_own();
	}
}
