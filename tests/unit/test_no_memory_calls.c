/*
 * Out of memory in each system call: every allocation that the call makes fails once.
 *
 * Teaches: what "gather, then commit" is good for. A call that finds no memory says NO_MEMORY and has changed nothing: made again, it
 * works, and when what it made is given back, as many pages are free as before. The program that makes the calls moves the injector
 * itself, so that it fails within the call and nowhere else.
 */
#include "sim_user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "abi/handle.h"
#include "abi/sync.h"
#include "abi/trace_enums.h"
#include "core/end.h"
#include "mm/inject.h"
#include "mm/page.h"

#define RAM (32 * MIB)
#define RW (RIGHTS_READ | RIGHTS_WRITE)
#define ALLOCATIONS_MAX 40
#define FOREVER UINT64_MAX

/* ---- what all calls use: made once, before the first ---- */

static uint64_t endpoint, served, replies, object, page, words;
/* And what one of them uses: made and given back each time. */
static uint64_t memory, process, first, second, token;

static uint64_t call_value(uint64_t number, const uint64_t arguments[5])
{
	uint64_t value = 0;
	assert_int_equal(user_call5(number, arguments, &value), STATUS_OK);
	return value;
}
#define MUST(name, ...) call_value(SYSCALL_##name, (uint64_t[5]){__VA_ARGS__})

static void close_handle(uint64_t handle)
{
	MUST(handle_close, handle);
}

static void nothing(void)
{
}

/* ---- memory ---- */

static void map_memory(void)
{
	memory = MUST(vm_map, 0, 128 * PAGE_BYTES, RW);
}

static void unmap_memory(void)
{
	MUST(vm_unmap, memory, 128 * PAGE_BYTES);
}

static enum status vm_map(void)
{
	return user_call(SYSCALL_vm_map, 0, 128 * PAGE_BYTES, RW, &memory);
}

static enum status vm_protect(void)
{
	return user_call(SYSCALL_vm_protect, memory + PAGE_BYTES, PAGE_BYTES, RIGHTS_READ, NULL);
}

static enum status vm_unmap(void)
{
	return user_call(SYSCALL_vm_unmap, memory + PAGE_BYTES, PAGE_BYTES, 0, NULL);
}

static enum status vm_unmap_many(void)
{
	return user_call(SYSCALL_vm_unmap, memory + PAGE_BYTES, 100 * PAGE_BYTES, 0, NULL);
}

/* Calls that touch a page of the program's which is not there yet. */
static enum status thread_query(void)
{
	return user_call(SYSCALL_thread_query, 0, memory, 0, NULL);
}

static enum status vm_query(void)
{
	return user_call(SYSCALL_vm_query, memory, memory, 0, NULL);
}

static enum status debug_write(void)
{
	return user_call(SYSCALL_debug_write, memory, 8, 0, NULL);
}

/* ---- objects ---- */

static enum status object_create(void)
{
	return user_call(SYSCALL_object_create, 4 * PAGE_BYTES, 0, 0, &first);
}

static enum status object_provide(void)
{
	return user_call5(SYSCALL_object_provide, (uint64_t[5]){endpoint, 4 * PAGE_BYTES, 0, 1}, &first);
}

static enum status object_device(void)
{
	return user_call(SYSCALL_object_device, HANDLE_MACHINE, GIB, PAGE_BYTES, &first);
}

static void close_first(void)
{
	close_handle(first);
}

/* An object with a page, and a copy that shares it. */
static void make_object(void)
{
	first = MUST(object_create, 4 * PAGE_BYTES);
	MUST(object_write, first, 0, page, 8);
}

static void make_copy(void)
{
	make_object();
	second = MUST(object_copy, first, 0, 4);
}

static enum status object_copy(void)
{
	return user_call(SYSCALL_object_copy, first, 0, 4, &second);
}

static void close_both(void)
{
	close_handle(first);
	close_handle(second);
}

static enum status object_read(void)
{
	return user_call5(SYSCALL_object_read, (uint64_t[5]){first, PAGE_BYTES, page, 8}, NULL);
}

static enum status object_write(void)
{
	return user_call5(SYSCALL_object_write, (uint64_t[5]){first, 0, page, 8}, NULL);
}

static enum status object_map(void)
{
	return user_call5(SYSCALL_object_map, (uint64_t[5]){object, 0, 0, PAGE_BYTES, RW}, &memory);
}

static void unmap_page(void)
{
	MUST(vm_unmap, memory, PAGE_BYTES);
}

/* ---- handles and messages ---- */

static enum status handle_duplicate(void)
{
	return user_call(SYSCALL_handle_duplicate, object, HANDLE_READ, 0, &first);
}

static enum status endpoint_create(void)
{
	return user_call(SYSCALL_endpoint_create, 0, 0, 0, &first);
}

/* Takes a message and the handle that has to be in it. */
static uint64_t take(uint64_t from)
{
	struct message message = {0};
	assert_int_equal(user_ipc(SYSCALL_ipc_receive, from, &message), STATUS_OK);
	assert_true(message.handle > 0 && message.handle < HANDLES_MAX);
	close_handle(message.handle);
	return message.token;
}

static enum status ipc_send(void)
{
	return user_ipc(SYSCALL_ipc_send, endpoint, &(struct message){.handle = object});
}

static void take_sent(void)
{
	take(endpoint);
}

static enum status ipc_call_noblk(void)
{
	return user_ipc_with(SYSCALL_ipc_call_noblk, endpoint, &(struct message){.handle = object}, replies);
}

static void ask_myself(void)
{
	assert_int_equal(ipc_call_noblk(), STATUS_OK);
	token = take(endpoint);
}

static enum status ipc_reply(void)
{
	return user_ipc(SYSCALL_ipc_reply, endpoint, &(struct message){.token = token, .handle = object});
}

static void take_reply(void)
{
	assert_int_equal(take(replies), token);
}

static void answer_and_take_reply(void)
{
	token = take(endpoint);
	assert_int_equal(ipc_reply(), STATUS_OK);
	take_reply();
}

static enum status ipc_call(void)
{
	struct message message = {.handle = object};
	return user_ipc(SYSCALL_ipc_call, served, &message);
}

/* Answers calls, and closes what comes with them. */
static void server(uint64_t argument)
{
	struct message message = {0};
	(void)argument;
	enum status status = user_ipc(SYSCALL_ipc_receive, served, &message);
	while (status == STATUS_OK) {
		if (message.handle)
			close_handle(message.handle);
		message = (struct message){.token = message.token};
		status = user_ipc(SYSCALL_ipc_reply_receive, served, &message);
	}
}

/* ---- processes and threads ---- */

static void make_process(void)
{
	process = MUST(process_create, 0);
}

static void close_process(void)
{
	close_handle(process);
}

static enum status process_create(void)
{
	return user_call(SYSCALL_process_create, 0, 0, 0, &process);
}

static enum status process_give(void)
{
	return user_call(SYSCALL_process_give, process, object, HANDLE_READ, NULL);
}

static enum status object_map_there(void)
{
	return user_call5(SYSCALL_object_map, (uint64_t[5]){object, 0, 0, PAGE_BYTES, RW | process << 32}, NULL);
}

static void end_at_once(uint64_t argument)
{
	user_exit((int64_t)argument);
}

static enum status process_start(void)
{
	return user_call(SYSCALL_process_start, process, user_entry(end_at_once), 7, NULL);
}

static void wait_for_process(void)
{
	assert_int_equal(MUST(process_wait, process), 7);
	close_process();
}

static enum status process_watch(void)
{
	return user_call(SYSCALL_process_watch, process, endpoint, 1, NULL);
}

static void unwatch_process(void)
{
	MUST(process_unwatch, process, endpoint);
	close_process();
}

/* The simulated machine has no such line, which the kernel learns last. */
static enum status interrupt_register(void)
{
	enum status status = user_call5(SYSCALL_interrupt_register, (uint64_t[5]){HANDLE_MACHINE, 5, first, 0}, NULL);
	return status == STATUS_INVALID ? STATUS_OK : status;
}

static void make_endpoint(void)
{
	first = MUST(endpoint_create);
}

/* A new thread does something, and this one says how that went. */
static enum status in_thread(user_code *code)
{
	uint64_t id = 0;
	int64_t status = STATUS_NO_MEMORY;
	enum status created = user_call(SYSCALL_thread_create, user_entry(code), 0, UINT64_MAX, &id);
	if (created != STATUS_OK)
		return created;
	assert_int_equal(user_join((uint32_t)id, &status), STATUS_OK);
	return (enum status)status;
}

static enum status thread_create(void)
{
	return in_thread(end_at_once);
}

/* One of the words has another value, so it does not wait. */
static void waits_for_words(uint64_t argument)
{
	(void)argument;
	enum status status = user_call(SYSCALL_sync_wait_any, words, SYNC_WORDS_MAX, FOREVER, NULL);
	user_exit(status == STATUS_CHANGED ? STATUS_OK : status);
}

static enum status sync_wait_any(void)
{
	return in_thread(waits_for_words);
}

static void sets_handler(uint64_t argument)
{
	(void)argument;
	user_exit(user_call(SYSCALL_fault_handler, user_entry(end_at_once), 0, 0, NULL));
}

static enum status fault_handler(void)
{
	return in_thread(sets_handler);
}

/* ---- each of them, with each of its allocations ---- */

#define CALL(before, name, after)                                                                                                \
	{                                                                                                                        \
#name, before, name, after                                                                                       \
	}
static const struct {
	const char *name;
	void (*prepare)(void);
	enum status (*call)(void);
	void (*undo)(void);
} calls[] = {
	CALL(nothing, vm_map, unmap_memory),
	CALL(map_memory, vm_protect, unmap_memory),
	CALL(map_memory, vm_unmap, unmap_memory),
	CALL(map_memory, vm_unmap_many, unmap_memory),
	CALL(map_memory, thread_query, unmap_memory),
	CALL(map_memory, vm_query, unmap_memory),
	CALL(map_memory, debug_write, unmap_memory),
	CALL(nothing, object_create, close_first),
	CALL(nothing, object_provide, close_first),
	CALL(nothing, object_device, close_first),
	CALL(make_object, object_copy, close_both),
	CALL(make_object, object_read, close_first),
	CALL(make_copy, object_write, close_both),
	CALL(nothing, object_map, unmap_page),
	CALL(nothing, handle_duplicate, close_first),
	CALL(nothing, endpoint_create, close_first),
	CALL(nothing, ipc_send, take_sent),
	CALL(nothing, ipc_call_noblk, answer_and_take_reply),
	CALL(ask_myself, ipc_reply, take_reply),
	CALL(nothing, ipc_call, nothing),
	CALL(nothing, process_create, close_process),
	CALL(make_process, process_give, close_process),
	CALL(make_process, object_map_there, close_process),
	CALL(make_process, process_start, wait_for_process),
	CALL(make_process, process_watch, unwatch_process),
	CALL(make_endpoint, interrupt_register, close_first),
	CALL(nothing, thread_create, nothing),
	CALL(nothing, sync_wait_any, nothing),
	CALL(nothing, fault_handler, nothing),
};

/* The n-th allocation of the call fails; false if it has not so many. */
static bool fails_at(unsigned i, uint64_t n)
{
	calls[i].prepare();
	inject_from(n, 0);
	enum status status = calls[i].call();
	bool failed = inject_failures() > 0;
	inject_from(0, 0);
	if (status != (failed ? STATUS_NO_MEMORY : STATUS_OK))
		fail_msg("%s, allocation %u: status %u", calls[i].name, (unsigned)n, status);
	if (failed && (status = calls[i].call()) != STATUS_OK)
		fail_msg("%s, again after allocation %u failed: status %u", calls[i].name, (unsigned)n, status);
	calls[i].undo();
	return failed;
}

static unsigned allocations, calls_tried;

static void try_call(unsigned i)
{
	unsigned n = 1;
	fails_at(i, ALLOCATIONS_MAX); /* caches and tables have what they keep */
	uint64_t free = sim_free_pages();
	while (fails_at(i, n)) {
		if (sim_free_pages() != free)
			fail_msg("%s, allocation %u: %u pages were free, %u are", calls[i].name, n, (unsigned)free,
				 (unsigned)sim_free_pages());
		n++;
		assert_true(n < ALLOCATIONS_MAX);
	}
	if (n == 1)
		fail_msg("%s allocates nothing", calls[i].name);
	allocations += n - 1;
	calls_tried++;
}

static void program(uint64_t argument)
{
	(void)argument;
	endpoint = MUST(endpoint_create);
	served = MUST(endpoint_create);
	replies = MUST(endpoint_create);
	object = MUST(object_create, PAGE_BYTES);
	page = MUST(vm_map, 0, PAGE_BYTES, RW);
	words = MUST(vm_map, 0, PAGE_BYTES, RW);
	for (unsigned i = 0; i < SYNC_WORDS_MAX; i++) {
		user_store(words + i * sizeof(struct sync_word), page);
		user_store(words + i * sizeof(struct sync_word) + 8, 1);
		user_store(words + i * sizeof(struct sync_word) + 16, 8);
	}
	MUST(thread_create, user_entry(server), 0, UINT64_MAX);
	for (unsigned i = 0; i < ARRAY_LENGTH(calls); i++)
		try_call(i);
	MUST(process_exit, 0);
}

/* With the tree, which needs pages for its tables; and with the hash, which forgets. */
static void every_call(const struct mmu_ops *ops)
{
	sim_start(1, RAM);
	sim_mmu_choose(ops, ops == &sim_hash_ops);
	user_run(program, "", 1);
	assert_int_equal(descriptor.verdict, VERDICT_FINISHED);
	page_check();
	print_message("%s: %u calls, %u allocations\n", ops->name, calls_tried, allocations);
	assert_int_equal(calls_tried, ARRAY_LENGTH(calls));
}

static void test_tree(void)
{
	every_call(&sim_tree_ops);
}

static void test_hash(void)
{
	every_call(&sim_hash_ops);
}

static const struct sim_test tests[] = {
	{"tree", test_tree},
	{"hash", test_hash},
};

int main(void)
{
	return sim_test_main("no_memory_calls", tests, ARRAY_LENGTH(tests));
}
