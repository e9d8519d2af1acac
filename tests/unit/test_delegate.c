/*
 * Handles and mappings that go from one process to another, and what keeps them from arriving.
 *
 * Teaches: an error belongs to somebody. A handle that finds no room in the receiver's table, one that is revoked on its way, a mapping for a
 * process that has ended meanwhile: whoever has to know is told, and nothing is left of it.
 */
#include "sim_user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/handle.h"
#include "core/end.h"
#include "mm/page.h"

#define RAM (16 * MIB)
#define RW (RIGHTS_READ | RIGHTS_WRITE)
#define EVENT_HANDLE_REFUSED 158

static uint64_t call_value(uint64_t number, const uint64_t arguments[5])
{
	uint64_t value = 0;
	assert_int_equal(user_call5(number, arguments, &value), STATUS_OK);
	return value;
}
#define MUST(name, ...) call_value(SYSCALL_##name, (uint64_t[5]){__VA_ARGS__})

static void run_alone(user_code *code)
{
	sim_start(1, RAM);
	user_run(code, "", 1);
	assert_int_equal(descriptor.verdict, VERDICT_FINISHED);
	assert_int_equal(descriptor.exit_status, 0);
}

/* ---- handles ---- */

static uint64_t endpoint, object, last;

/* Fills the table of this process; `last` is the handle that filled it. */
static void fill_table(void)
{
	uint64_t handle = 0;
	while (user_call(SYSCALL_handle_duplicate, object, HANDLE_READ, 0, &handle) == STATUS_OK)
		last = handle;
	assert_int_equal(user_call(SYSCALL_handle_duplicate, object, HANDLE_READ, 0, &handle), STATUS_LIMIT);
}

static void send_object(uint64_t handle)
{
	assert_int_equal(user_ipc(SYSCALL_ipc_send, endpoint, &(struct message){.type = 5, .handle = handle}), STATUS_OK);
}

/* What stands where the handle of the next message would. */
static uint64_t received(void)
{
	struct message message = {0};
	assert_int_equal(user_ipc(SYSCALL_ipc_receive, endpoint, &message), STATUS_OK);
	assert_int_equal(message.type, 5);
	return message.handle;
}

static void make(void)
{
	endpoint = MUST(endpoint_create);
	object = MUST(object_create, PAGE_BYTES);
}

static void receives_with_full_table(uint64_t argument)
{
	(void)argument;
	make();
	send_object(object);
	send_object(0);
	fill_table();
	unsigned refused = sim_events_count(EVENT_HANDLE_REFUSED);
	uint64_t lost = received();
	assert_int_equal(lost, MESSAGE_HANDLE_LOST | STATUS_LIMIT);
	assert_int_equal(sim_events_count(EVENT_HANDLE_REFUSED), refused + 1);
	assert_int_equal(user_call(SYSCALL_handle_close, lost, 0, 0, NULL), STATUS_NOT_FOUND);
	assert_int_equal(received(), 0); /* with this one none was sent */
	MUST(handle_close, last);
	send_object(object);
	assert_int_equal(received(), last);
}

static void test_receiver_has_no_room(void)
{
	run_alone(receives_with_full_table);
}

static void answers_with_handle(uint64_t argument)
{
	struct message message = {0};
	(void)argument;
	assert_int_equal(user_ipc(SYSCALL_ipc_receive, endpoint, &message), STATUS_OK);
	message.handle = object;
	assert_int_equal(user_ipc(SYSCALL_ipc_reply, endpoint, &message), STATUS_OK);
}

static void calls_with_full_table(uint64_t argument)
{
	struct message message = {.type = 5};
	(void)argument;
	make();
	MUST(thread_create, user_entry(answers_with_handle), 0, UINT64_MAX);
	fill_table();
	assert_int_equal(user_ipc(SYSCALL_ipc_call, endpoint, &message), STATUS_OK);
	assert_int_equal(message.type, 5);
	assert_int_equal(message.handle, MESSAGE_HANDLE_LOST | STATUS_LIMIT);
}

static void test_caller_has_no_room(void)
{
	run_alone(calls_with_full_table);
}

static void revokes_what_is_on_its_way(uint64_t argument)
{
	(void)argument;
	make();
	uint64_t given = MUST(handle_duplicate, object, HANDLE_ALL);
	send_object(given);
	assert_int_equal(MUST(handle_revoke, given), 1);
	assert_int_equal(received(), MESSAGE_HANDLE_LOST | STATUS_GONE);
}

static void test_revoked_on_its_way(void)
{
	run_alone(revokes_what_is_on_its_way);
}

/* ---- answers of providers ---- */

/* Brings pages, and answers a page that is to be saved with the code that stands for "wait and ask again". */
static void never_saves(uint64_t argument)
{
	struct message message = {0};
	(void)argument;
	enum status status = user_ipc(SYSCALL_ipc_receive, endpoint, &message);
	while (status == STATUS_OK) {
		message.type = message.type == MESSAGE_PAGE_READ ? REPLY_OK : STATUS_RETRY;
		status = user_ipc(SYSCALL_ipc_reply_receive, endpoint, &message);
	}
}

static void saves_a_page(uint64_t argument)
{
	(void)argument;
	endpoint = MUST(endpoint_create);
	object = MUST(object_provide, endpoint, PAGE_BYTES, 0, 1);
	uint64_t view = MUST(object_map, object, 0, 0, PAGE_BYTES, RW);
	MUST(thread_create, user_entry(never_saves), 0, UINT64_MAX);
	user_store(view, 1);
	assert_int_equal(user_call5(SYSCALL_object_remove, (uint64_t[5]){object, 0, 1, REMOVE_FLUSH}, NULL), STATUS_IO_ERROR);
	MUST(process_exit, 0);
}

/* It is an error like any other: whoever waits for the page is told, and does not wait for ever. */
static void test_provider_answers_retry(void)
{
	run_alone(saves_a_page);
}

/* ---- mappings for others ---- */

static void end_at_once(uint64_t argument)
{
	user_exit((int64_t)argument);
}

static enum status map_there(uint64_t process, uint64_t address, uint64_t bytes, unsigned rights)
{
	return user_call5(SYSCALL_object_map, (uint64_t[5]){object, address, 0, bytes, rights | process << 32}, NULL);
}

static void maps_for_others(uint64_t argument)
{
	(void)argument;
	object = MUST(object_create, 2 * PAGE_BYTES);
	uint64_t process = MUST(process_create, 0);
	uint64_t weak = MUST(handle_duplicate, process, HANDLE_GIVE);
	assert_int_equal(map_there(process, 8 * MIB, 2 * PAGE_BYTES, RW), STATUS_OK);
	assert_int_equal(map_there(process, 8 * MIB + PAGE_BYTES, PAGE_BYTES, RW), STATUS_EXISTS);
	assert_int_equal(map_there(process, 8 * MIB + 1, PAGE_BYTES, RW), STATUS_INVALID);
	assert_int_equal(map_there(process, 9 * MIB, 3 * PAGE_BYTES, RW), STATUS_INVALID);
	assert_int_equal(map_there(process, 9 * MIB, PAGE_BYTES, RIGHTS_ALL), STATUS_DENIED);
	assert_int_equal(map_there(weak, 9 * MIB, PAGE_BYTES, RW), STATUS_DENIED);
	assert_int_equal(map_there(object, 9 * MIB, PAGE_BYTES, RW), STATUS_INVALID);
	assert_int_equal(map_there(200, 9 * MIB, PAGE_BYTES, RW), STATUS_NOT_FOUND);
	MUST(process_start, process, user_entry(end_at_once), 3);
	assert_int_equal(MUST(process_wait, process), 3);
	assert_int_equal(map_there(process, 9 * MIB, PAGE_BYTES, RW), STATUS_GONE);
}

static void test_mapping_errors_are_told(void)
{
	run_alone(maps_for_others);
}

/* Maps for a process that is ending on another CPU: it works, or the process is gone. */
static void races_with_an_end(uint64_t argument)
{
	(void)argument;
	object = MUST(object_create, PAGE_BYTES);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t process = MUST(process_create, 0);
		enum status status = STATUS_OK;
		MUST(process_start, process, user_entry(end_at_once), 0);
		for (uint64_t n = 0; status == STATUS_OK; n++)
			status = map_there(process, 8 * MIB + n * PAGE_BYTES, PAGE_BYTES, RW);
		assert_int_equal(status, STATUS_GONE);
		MUST(handle_close, process);
	}
	MUST(handle_close, object);
	MUST(process_exit, 0);
}

static uint64_t *pages_at_end; /* in memory that the children share; 0: not known yet */

static void race(unsigned seed, const void *what)
{
	(void)what;
	sim_start(2, RAM);
	user_run(races_with_an_end, "", seed);
	assert_int_equal(descriptor.verdict, VERDICT_FINISHED);
	uint64_t free = sim_free_pages();
	if (*pages_at_end == 0)
		*pages_at_end = free;
	assert_int_equal(free, *pages_at_end);
	page_check();
}

/* What is mapped at the last moment is given back like the rest. */
static void test_mapping_races_with_end(void)
{
	pages_at_end = mmap(NULL, sizeof(*pages_at_end), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fflush(NULL);
	if (fork() == 0) { /* first without chance */
		race(0, NULL);
		_exit(0);
	}
	assert_true(wait(NULL) > 0 && *pages_at_end > 0);
	sim_every_seed(200, race, NULL);
}

static const struct sim_test tests[] = {
	{"receiver_has_no_room", test_receiver_has_no_room},       {"caller_has_no_room", test_caller_has_no_room},
	{"revoked_on_its_way", test_revoked_on_its_way},           {"provider_answers_retry", test_provider_answers_retry},
	{"mapping_errors_are_told", test_mapping_errors_are_told}, {"mapping_races_with_end", test_mapping_races_with_end},
};

int main(void)
{
	return sim_test_main("delegate", tests, ARRAY_LENGTH(tests));
}
