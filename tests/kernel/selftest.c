/*
 * Tests that run inside the guest, in place of a user program: `selftest=NAME` on the command line of the test image.
 *
 * Teaches: the same conformance cases that pass on a simulated MMU, on the real tables of the machine, with loads and stores
 * that really go through them and with real CPUs that do not wait for each other.
 * Who calls: kernel/boot/main.c, on every CPU, after the barrier. CPU 0 runs the tests; the others serve them until it is done.
 * Locks: none here; what CPUs tell each other is in atomic words.
 */
#include "arch.h"
#include "core/cpu.h"
#include "core/lock.h"
#include "core/panic.h"
#include "core/print.h"
#include "core/string.h"
#include "kernel/selftest.h"
#include "mm/page.h"
#include "mmu/conformance.h"

#define SERVING_CPU 1 /* which of the others makes rounds for the tests */

static struct mmu_watch *watched; /* by the serving CPU; NULL: nothing */
static bool serving;              /* the serving CPU is inside `watched` */
static bool finished;             /* CPU 0 is done */

/* ---- what the conformance cases ask of a machine ---- */

void mmu_test_activate(struct mmu_space *space)
{
	bool irqs = arch_irq_save();
	arch_cpu()->space = space;
	mmu->activate(space, MMU_NO_HINT);
	arch_irq_restore(irqs);
}

/* After a copy that stopped: whether it was only the segment that was not loaded. Loads it. */
static bool segment_was_missing(void)
{
	bool irqs = arch_irq_save();
	struct cpu *cpu = arch_cpu();
	bool missing = cpu->uaccess_trap.segment && cpu->space;
	if (missing) {
		spin_lock(&cpu->space->lock);
		mmu->activate(cpu->space, cpu->uaccess_trap.va);
		spin_unlock(&cpu->space->lock);
	}
	arch_irq_restore(irqs);
	return missing;
}

bool mmu_test_load(struct vaddr va, uint64_t *value)
{
	while (arch_copy_from_user(value, va, sizeof(*value)))
		if (!segment_was_missing())
			return false;
	return true;
}

bool mmu_test_store(struct vaddr va, uint64_t value)
{
	while (arch_copy_to_user(va, &value, sizeof(value)))
		if (!segment_was_missing())
			return false;
	return true;
}

/* Only user mode fetches instructions through these translations. */
enum mmu_test_exec mmu_test_exec(struct vaddr va)
{
	(void)va;
	return EXEC_CANNOT_ASK;
}

struct paddr mmu_test_page_take(void)
{
	struct paddr page;
	if (page_alloc_zeroed(&page) != STATUS_OK)
		panic("no page for a test");
	return page;
}

void mmu_test_page_give(struct paddr page)
{
	page_free(page, 0);
}

bool mmu_test_other_exists(void)
{
	return cpus_present > SERVING_CPU && cpus[SERVING_CPU].online;
}

void mmu_test_other_start(struct mmu_watch *watch)
{
	__atomic_store_n(&watched, watch, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&serving, __ATOMIC_ACQUIRE))
		arch_cpu_relax();
}

void mmu_test_other_wait(struct mmu_watch *watch, uint64_t rounds)
{
	uint64_t until = rounds ? __atomic_load_n(&watch->rounds, __ATOMIC_ACQUIRE) + rounds : watch->rounds_asked;
	while (__atomic_load_n(&watch->rounds, __ATOMIC_ACQUIRE) < until)
		arch_cpu_relax();
}

void mmu_test_other_stop(struct mmu_watch *watch)
{
	(void)watch;
	__atomic_store_n(&watched, NULL, __ATOMIC_RELEASE);
	while (__atomic_load_n(&serving, __ATOMIC_ACQUIRE))
		arch_cpu_relax();
}

/* Makes rounds until CPU 0 takes the watch away. */
static void serve_watch(struct mmu_watch *watch)
{
	mmu_test_activate(watch->space);
	__atomic_store_n(&serving, true, __ATOMIC_RELEASE);
	while (__atomic_load_n(&watched, __ATOMIC_ACQUIRE) == watch) {
		if (watch->rounds < __atomic_load_n(&watch->rounds_asked, __ATOMIC_ACQUIRE))
			mmu_watch_step(watch);
		arch_cpu_relax(); /* under icount CPUs take turns, and this ends the turn */
	}
	mmu_test_activate(NULL);
	__atomic_store_n(&serving, false, __ATOMIC_RELEASE);
}

static void serve(void)
{
	while (!__atomic_load_n(&finished, __ATOMIC_ACQUIRE)) {
		struct mmu_watch *watch = __atomic_load_n(&watched, __ATOMIC_ACQUIRE);
		if (watch && arch_cpu()->index == SERVING_CPU)
			serve_watch(watch);
		else
			arch_cpu_relax();
	}
}

/* ---- the tests ---- */

static int test_mmu(void)
{
	return (int)mmu_conformance(1);
}

static const struct {
	const char *name;
	int (*run)(void);
} tests[] = {
	{"mmu", test_mmu},       {"trace", selftest_trace}, {"walk", selftest_walk}, {"information", selftest_information},
	{"seal", selftest_seal}, {"boot", selftest_boot},
};

static int run(const char *name)
{
	for (unsigned i = 0; i < ARRAY_LENGTH(tests); i++)
		if (!strcmp(tests[i].name, name)) {
			uint64_t free = page_free_count();
			int failures = tests[i].run();
			if (page_free_count() != free)
				kprintf("not ok %s pages: %lu were free, %lu are\n", name, free, page_free_count()), failures++;
			kprintf("selftest %s on %s: %d failed\n", name, mmu->name, failures);
			return failures;
		}
	kprintf("not ok %s: there is no such test\n", name);
	return 1;
}

int kernel_selftest(const char *name)
{
	int failures = 0;
	bool irqs = arch_irq_save();
	arch_irq_restore(true);
	if (arch_cpu()->index == 0) {
		failures = run(name);
		__atomic_store_n(&finished, true, __ATOMIC_RELEASE);
	} else {
		serve();
	}
	arch_irq_restore(irqs);
	return failures;
}
