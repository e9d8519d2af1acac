/*
 * Out of memory at every place there is: the n-th allocation fails, for every n.
 *
 * Teaches: the only way to know that no allocation is forgotten is to fail each of them. A small program does a bit of
 * everything; it is run again and again, and each time another allocation fails, of a page or of a kernel object. Whatever
 * happens, it is a status or a killed thread, never a panic; and when the program is gone, every page is back.
 */
#include "sim_user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/end.h"
#include "mm/page.h"

#define RAM (16 * MIB)
#define RW (RIGHTS_READ | RIGHTS_WRITE)
#define FAILURES_MAX 2000

/* What the children found, in memory they share. */
struct findings {
	uint64_t pages_at_start; /* free before the program */
	unsigned refused, crashed, finished;
	unsigned statuses; /* system calls that answered NO_MEMORY */
	bool reached;      /* the injected failure happened */
};
static struct findings *findings;

/* A call may fail for want of memory, and for nothing else. */
static bool ok(enum status status)
{
	findings->statuses += status == STATUS_NO_MEMORY;
	assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
	return status == STATUS_OK;
}

static void other_thread(uint64_t memory)
{
	uint64_t own = 0;
	if (ok(user_call(SYSCALL_vm_map, 900 * GIB, 2 * PAGE_BYTES, RW, &own)))
		user_store(own + PAGE_BYTES, memory);
	if (memory)
		user_store(memory + 5 * PAGE_BYTES, 1);
	user_exit(3);
}

static void use_memory(uint64_t memory)
{
	for (uint64_t i = 0; i < 8; i += 3)
		user_store(memory + i * PAGE_BYTES, i);
	if (ok(user_call(SYSCALL_vm_protect, memory + 2 * PAGE_BYTES, 2 * PAGE_BYTES, RIGHTS_READ, NULL)))
		assert_int_equal(user_load(memory + 3 * PAGE_BYTES), 3);
	/* From a page that is not there yet: the kernel takes the fault. Without memory for it the answer is FAULT. */
	enum status status = user_call(SYSCALL_debug_write, memory + 7 * PAGE_BYTES, 16, 0, NULL);
	findings->statuses += status == STATUS_FAULT;
	assert_true(status == STATUS_OK || status == STATUS_FAULT);
}

static void program(uint64_t argument)
{
	uint64_t memory = 0, id = 0;
	(void)argument;
	if (ok(user_call(SYSCALL_vm_map, 0, 8 * PAGE_BYTES, RW, &memory)))
		use_memory(memory);
	enum status created = user_call5(SYSCALL_thread_create, (uint64_t[5]){user_entry(other_thread), memory, UINT64_MAX}, &id);
	if (ok(created)) {
		enum status joined = user_join((uint32_t)id, NULL);
		assert_true(joined == STATUS_OK || joined == STATUS_CRASHED);
	}
	assert_int_equal(user_call(SYSCALL_thread_sleep, 1000, 0, 0, NULL), STATUS_OK);
	if (memory)
		ok(user_call(SYSCALL_vm_unmap, memory + PAGE_BYTES, 4 * PAGE_BYTES, 0, NULL));
	user_exit(0);
}

/* Whether the failure injected at allocation n has not happened: then it is still to come, among the next n. */
static bool still_to_come(uint64_t n)
{
	struct paddr page;
	for (uint64_t i = 0; i < n; i++) {
		if (page_alloc(0, &page) != STATUS_OK)
			return true;
		page_free(page, 0);
	}
	return false;
}

static void run_with_failure(uint64_t n)
{
	page_fail_at(n);
	user_run(program, "", (unsigned)n);
	uint64_t free = page_free_count();
	if (strstr(sim_console(), "PANIC"))
		fail_msg("allocation %u failed:\n%s", (unsigned)n, sim_console());
	findings->refused += descriptor.verdict == VERDICT_REFUSED;
	findings->crashed += descriptor.verdict == VERDICT_CRASHED;
	findings->finished += descriptor.verdict == VERDICT_FINISHED;
	findings->reached = !still_to_come(n);
	page_fail_at(0);
	page_check();
	bool rings_made = !strcmp(descriptor.entry[descriptor.entries - 1].label, "trace-ring");
	/* A boot that ends before all its caches are ready has more. */
	if (rings_made &&
	    (free < findings->pages_at_start || (free > findings->pages_at_start && descriptor.verdict != VERDICT_REFUSED)))
		fail_msg("allocation %u failed: %u pages were free, %u are\n%s", (unsigned)n, (unsigned)findings->pages_at_start,
			 (unsigned)free, sim_console());
}

/* Two CPUs with the hash, which needs no pages for tables; one with the tree, which does. */
static void start(const struct mmu_ops *ops)
{
	sim_start(ops == &sim_hash_ops ? 2 : 1, RAM);
	sim_mmu_choose(ops, ops == &sim_hash_ops);
}

/* How many pages are free when nothing but the kernel itself is there. */
static void count_pages_at_start(const struct mmu_ops *ops)
{
	start(ops);
	user_boot(program, "program=none");
	assert_int_equal(descriptor.verdict, VERDICT_REFUSED);
	findings->pages_at_start = page_free_count();
}

static void in_child(void (*action)(const struct mmu_ops *ops, uint64_t n), const struct mmu_ops *ops, uint64_t n)
{
	int status;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		action(ops, n);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("with allocation %u failing", (unsigned)n);
}

static void child_counts(const struct mmu_ops *ops, uint64_t n)
{
	(void)n;
	count_pages_at_start(ops);
}

static void child_runs(const struct mmu_ops *ops, uint64_t n)
{
	start(ops);
	run_with_failure(n);
}

static void every_allocation_fails(const struct mmu_ops *ops)
{
	uint64_t n = 0;
	findings = mmap(NULL, sizeof(*findings), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	in_child(child_counts, ops, 0);
	do
		in_child(child_runs, ops, ++n);
	while (findings->reached && n < FAILURES_MAX);
	print_message("%s: %u allocations; %u refused, %u crashed, %u finished; %u statuses\n", ops->name, (unsigned)n - 1,
		      findings->refused, findings->crashed, findings->finished, findings->statuses);
	assert_true(n > 30 && n < FAILURES_MAX);
	assert_true(findings->refused > 5 && findings->crashed > 0 && findings->finished > 5 && findings->statuses > 5);
}

static void test_hash(void)
{
	every_allocation_fails(&sim_hash_ops);
}

static void test_tree(void)
{
	every_allocation_fails(&sim_tree_ops);
}

static const struct sim_test tests[] = {
	{"hash", test_hash},
	{"tree", test_tree},
};

int main(void)
{
	return sim_test_main("no_memory", tests, ARRAY_LENGTH(tests));
}
