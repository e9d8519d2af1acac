/*
 * One thousand addresses for a witness outside: what walk says, so that QEMU's own translation can be compared with it.
 *
 * Teaches: a kernel's picture of its page tables is checked by somebody else's walk over the same tables. The lines are
 *     walk 0000123456789abc 0000000001234abc      an address, and where it leads
 *     walk 0000123456789abc none                  or nowhere
 * Who calls: kernel_selftest(). The tool that compares is tests/e2e/selftest.sh. The last line printed is `walk parked`: from then
 * on this CPU does nothing, with the space active, until the machine is stopped from outside.
 */
#include "arch.h"
#include "core/print.h"
#include "kernel/selftest.h"
#include "mmu/conformance.h"

#define ADDRESSES 1000
#define MAPPED 400
#define FRAMES 64

static struct mmu_space space;
static struct paddr frames[FRAMES];
static struct vaddr mapped[MAPPED];
static uint64_t random_state = 1;

static struct vaddr random_page(void)
{
	uint64_t spread = mmu_random(&random_state) % 4;
	uint64_t address = mmu_random(&random_state) % (spread == 0 ? 64 * TIB : spread == 1 ? TIB : spread == 2 ? GIB : 4 * MIB);
	return vaddr(round_down(address, PAGE_BYTES) + PAGE_BYTES);
}

static void print_walk(struct vaddr va)
{
	struct mmu_walk walk = mmu_case_walk(&space, va);
	if (walk.present)
		kprintf("walk %016lx %016lx\n", va.v, walk.page.p + va.v % PAGE_BYTES);
	else
		kprintf("walk %016lx none\n", va.v);
}

int selftest_walk(void)
{
	static const unsigned flags[] = {MMU_READ, MMU_READ | MMU_WRITE, MMU_READ | MMU_EXEC};
	mmu_case_frames(frames, FRAMES);
	mmu_case_open(&space);
	for (unsigned i = 0; i < MAPPED; i++) {
		mapped[i] = random_page();
		if (mmu_case_map(&space, mapped[i], frames[mmu_random(&random_state) % FRAMES], flags[i % ARRAY_LENGTH(flags)]))
			return 1;
		if (i % 7 == 0)
			mmu_case_unmap(&space, mapped[mmu_random(&random_state) % (i + 1)], 1 + mmu_random(&random_state) % 3);
	}
	mmu_test_activate(&space);
	mmu->sync(&space);
	for (unsigned i = 0; i < ADDRESSES; i++) {
		struct vaddr va = i % 3 ? mapped[mmu_random(&random_state) % MAPPED] : random_page();
		print_walk(vaddr(va.v + mmu_random(&random_state) % PAGE_BYTES));
	}
	kprintf("walk parked\n");
	for (;;)
		arch_cpu_relax();
}
