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

#include "abi/handle.h"
#include "abi/trace_enums.h"
#include "core/end.h"
#include "mm/inject.h"
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
	/* From a page that is not there yet: the kernel takes the fault. */
	(void)ok(user_call(SYSCALL_debug_write, memory + 7 * PAGE_BYTES, 16, 0, NULL));
}

/* ---- objects, a provider, messages, processes ---- */

static uint64_t endpoint, object, window;

/* A call that fails for want of memory succeeds when it is made again, since only one allocation fails. */
static void again(enum syscall number, const uint64_t arguments[5], uint64_t *value)
{
	enum status status = user_call5(number, arguments, value);
	if (!ok(status))
		status = user_call5(number, arguments, value);
	assert_int_equal(status, STATUS_OK);
}

static uint64_t map_object(uint64_t handle, uint64_t how)
{
	uint64_t address = 0;
	again(SYSCALL_object_map, (uint64_t[5]){handle, 0, 0, 4 * PAGE_BYTES, how}, &address);
	return address;
}

/* It may be killed when its window finds no memory; then those who wait for it are told. */
static void provider(uint64_t argument)
{
	struct message message = {0};
	(void)argument;
	enum status status = user_ipc(SYSCALL_ipc_receive, endpoint, &message);
	while (status == STATUS_OK) {
		if (message.type == MESSAGE_PAGE_READ)
			user_store(window + message.word[PAGE_MESSAGE_PAGE] * PAGE_BYTES, 1000 + message.word[PAGE_MESSAGE_PAGE]);
		message.type = REPLY_OK;
		message.handle = 0;
		status = user_ipc(SYSCALL_ipc_reply_receive, endpoint, &message);
	}
}

static void note(enum status status, enum status allowed)
{
	findings->statuses += status != STATUS_OK;
	assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY || status == allowed);
}

static void use_provided_pages(uint64_t view)
{
	uint64_t bytes = 0;
	assert_int_equal(user_load(view), 1000);
	user_store(view + PAGE_BYTES, 5);
	/* From a page that is not there to one that is not there either. */
	note(user_call5(SYSCALL_object_read, (uint64_t[5]){object, 2 * PAGE_BYTES, view + 3 * PAGE_BYTES, 8}, &bytes),
	     STATUS_FAULT);
	note(user_call5(SYSCALL_object_remove, (uint64_t[5]){object, 0, 4, REMOVE_RELEASE}, NULL), STATUS_GONE);
}

static void end_at_once(uint64_t argument)
{
	user_exit((int64_t)argument);
}

static void use_objects(void)
{
	uint64_t id = 0, plain = 0, copy = 0, process = 0, ignored = 0;
	again(SYSCALL_endpoint_create, (uint64_t[5]){0}, &endpoint);
	again(SYSCALL_object_provide, (uint64_t[5]){endpoint, 4 * PAGE_BYTES, 0, 1}, &object);
	window = map_object(object, RW | MAP_WINDOW);
	uint64_t view = map_object(object, RW);
	if (ok(user_call5(SYSCALL_thread_create, (uint64_t[5]){user_entry(provider), 0, UINT64_MAX}, &id)))
		use_provided_pages(view);
	again(SYSCALL_object_create, (uint64_t[5]){4 * PAGE_BYTES}, &plain);
	uint64_t memory = map_object(plain, RW);
	user_store(memory, 7);
	again(SYSCALL_object_copy, (uint64_t[5]){plain, 0, 4}, &copy);
	uint64_t copied = map_object(copy, RW);
	assert_int_equal(user_load(copied), 7);
	user_store(copied, 8);
	assert_int_equal(user_load(memory), 7);
	again(SYSCALL_handle_duplicate, (uint64_t[5]){copy, HANDLE_READ}, &ignored);
	again(SYSCALL_process_create, (uint64_t[5]){0}, &process);
	ok(user_call(SYSCALL_process_start, process, user_entry(end_at_once), 0, &ignored));
	assert_int_equal(user_call(SYSCALL_process_exit, 0, 0, 0, NULL), STATUS_OK);
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
	use_objects();
}

static bool descriptor_has(const char *label)
{
	for (unsigned i = 0; i < descriptor.entries; i++)
		if (!strcmp(descriptor.entry[i].label, label))
			return true;
	return false;
}

static void run_with_failure(uint64_t n)
{
	char fail[32];
	snprintf(fail, sizeof(fail), "fail=%u", (unsigned)n);
	user_run(program, fail, (unsigned)n);
	uint64_t free = sim_free_pages();
	if (strstr(sim_console(), "PANIC"))
		fail_msg("allocation %u failed:\n%s", (unsigned)n, sim_console());
	findings->refused += descriptor.verdict == VERDICT_REFUSED;
	/* When the main thread is killed, its provider waits for ever. */
	bool provider_waits = descriptor.verdict == VERDICT_DEADLOCK;
	findings->crashed += descriptor.verdict == VERDICT_CRASHED || provider_waits;
	findings->finished += descriptor.verdict == VERDICT_FINISHED;
	findings->reached = inject_failures() > 0;
	inject_from(0, 0);
	page_check();
	bool rings_made = !provider_waits && descriptor_has("trace-ring");
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
	findings->pages_at_start = sim_free_pages();
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
