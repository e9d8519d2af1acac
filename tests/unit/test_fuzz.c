/*
 * Random operations on memory against a model, on the two simulated MMUs: the same sequence as user/programs/fuzz.c in the guest.
 *
 * Both have to do the same, and to log the same hard faults: what filled a page, copied one, killed a thread, and where.
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

#include "../../user/programs/fuzz_model.h"
#include "abi/trace_enums.h"
#include "core/end.h"

#define RAM (64 * MIB)
#define OPERATIONS 100000
#define ANYWHERE UINT64_MAX
#define EVENT_FAULT_BEGIN 48
#define EVENT_FAULT_END 53

/* FNV-1a over the hard faults, in memory that the two runs share with the test. */
struct log {
	uint64_t digest;
	uint64_t faults;
};
static struct log *logs;
static struct log *run_log;

static void log_word(uint64_t word)
{
	for (unsigned i = 0; i < 8; i++)
		run_log->digest = (run_log->digest ^ (word >> 8 * i & 0xff)) * UINT64_C(0x100000001b3);
}

/* After each step: takes what is new in the ring of the one CPU. */
static void take_faults(void)
{
	static uint64_t next, address;
	for (; next < cpus[0].trace.head; next++) {
		const uint64_t *event = sim_event(0, next);
		assert_non_null(event);
		if (TRACE_ID(event[1]) == EVENT_FAULT_BEGIN)
			address = event[4];
		if (TRACE_ID(event[1]) != EVENT_FAULT_END || event[4] == FAULT_MAPPED || event[4] == FAULT_SEGMENT_LOADED)
			continue;
		log_word(address);
		log_word(event[4]);
		run_log->faults++;
	}
}

/* ---- the operations, as system calls of the one thread ---- */

enum status fuzz_map(uint64_t address, uint64_t bytes, unsigned rights)
{
	return user_call(SYSCALL_vm_map, address, bytes, rights, NULL);
}

enum status fuzz_unmap(uint64_t address, uint64_t bytes)
{
	return user_call(SYSCALL_vm_unmap, address, bytes, 0, NULL);
}

enum status fuzz_protect(uint64_t address, uint64_t bytes, unsigned rights)
{
	return user_call(SYSCALL_vm_protect, address, bytes, rights, NULL);
}

uint64_t fuzz_load(uint64_t address)
{
	return user_load(address);
}

void fuzz_store(uint64_t address, uint64_t value)
{
	user_store(address, value);
}

static void load_it(uint64_t address)
{
	user_load(address);
}

static void store_it(uint64_t address)
{
	user_store(address, 1);
}

bool fuzz_access_kills(uint64_t address, bool store)
{
	return user_join(user_thread(store ? store_it : load_it, address, ANYWHERE), NULL) == STATUS_CRASHED;
}

uint64_t fuzz_object(uint64_t bytes)
{
	uint64_t handle = 0;
	assert_int_equal(user_call(SYSCALL_object_create, bytes, 0, 0, &handle), STATUS_OK);
	return handle;
}

uint64_t fuzz_copy(uint64_t object, uint64_t pages)
{
	uint64_t handle = 0;
	assert_int_equal(user_call(SYSCALL_object_copy, object, 0, pages, &handle), STATUS_OK);
	return handle;
}

enum status fuzz_map_object(uint64_t object, uint64_t address, uint64_t bytes)
{
	return user_call5(SYSCALL_object_map, (uint64_t[5]){object, address, 0, bytes, RIGHTS_READ | RIGHTS_WRITE}, NULL);
}

void fuzz_close(uint64_t object)
{
	assert_int_equal(user_call(SYSCALL_handle_close, object, 0, 0, NULL), STATUS_OK);
}

void fuzz_forget(void)
{
	assert_int_equal(user_call(SYSCALL_vm_forget, 0, 0, 0, NULL), STATUS_OK);
}

void fuzz_must(bool condition, const char *text)
{
	if (!condition)
		fail_msg("%s is not as it should be", text);
}

/* ---- the runs ---- */

static void program(uint64_t argument)
{
	(void)argument;
	fuzz_run(1, OPERATIONS);
	user_exit(0);
}

static void run_in_child(const struct mmu_ops *ops, struct log *into)
{
	int status;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0) {
		run_log = into;
		run_log->digest = UINT64_C(0xcbf29ce484222325);
		user_after_step = take_faults;
		sim_start(1, RAM);
		sim_mmu_choose(ops, ops == &sim_hash_ops);
		user_run(program, "ring=64", 1); /* what one step emits has to fit */
		_exit(descriptor.verdict != VERDICT_FINISHED);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_same_hard_faults(void)
{
	logs = mmap(NULL, 2 * sizeof(*logs), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	run_in_child(&sim_hash_ops, &logs[0]);
	run_in_child(&sim_tree_ops, &logs[1]);
	assert_true(logs[0].faults > OPERATIONS / 10);
	assert_int_equal(logs[0].faults, logs[1].faults);
	assert_int_equal(logs[0].digest, logs[1].digest);
}

static const struct sim_test tests[] = {
	{"same_hard_faults", test_same_hard_faults},
};

int main(void)
{
	return sim_test_main("fuzz", tests, ARRAY_LENGTH(tests));
}
