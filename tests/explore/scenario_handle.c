/*
 * Handles, explored: closed or revoked by one CPU while another sends, duplicates or receives them. Nobody may free one twice, and who has got
 * the right to receive may use it.
 *
 * Who calls: the search.
 */
#include "scenarios.h"
#include "abi/handle.h"

static uint64_t endpoint; /* its first handle */
static uint64_t given;    /* one made from it */
static uint64_t other;    /* another endpoint */

static void prepare(void)
{
	explore_stay(0);
	EXPLORE_EXPECT(user_call(SYSCALL_endpoint_create, 0, 0, 0, &endpoint) == STATUS_OK);
	EXPLORE_EXPECT(user_call(SYSCALL_handle_duplicate, endpoint, HANDLE_ALL, 0, &given) == STATUS_OK);
}

/* What is tried with a handle that may be gone works, or says so. */
static void expect_ok_or_gone(enum status status)
{
	EXPLORE_EXPECT(status == STATUS_OK || status == STATUS_NOT_FOUND || status == STATUS_GONE);
}

static void sends_given(uint64_t argument)
{
	struct message message = {.type = 1, .handle = given};
	(void)argument;
	explore_begin();
	expect_ok_or_gone(user_ipc(SYSCALL_ipc_send, endpoint, &message));
	explore_done();
}

/* It is closed while it is sent. */
void handle_given_code(uint64_t argument)
{
	(void)argument;
	prepare();
	user_thread(sends_given, 0, 1 << 1);
	explore_begin();
	EXPLORE_EXPECT(user_call(SYSCALL_handle_close, given, 0, 0, NULL) == STATUS_OK);
	explore_done();
}

static void duplicates_given(uint64_t argument)
{
	uint64_t value;
	(void)argument;
	explore_begin();
	expect_ok_or_gone(user_call(SYSCALL_handle_duplicate, given, HANDLE_ALL, 0, &value));
	expect_ok_or_gone(user_call(SYSCALL_handle_close, given, 0, 0, NULL));
	explore_done();
}

/* It is revoked while one CPU sends it and a third duplicates and closes it. */
void handle_revoke_code(uint64_t argument)
{
	uint64_t count;
	(void)argument;
	prepare();
	user_thread(sends_given, 0, 1 << 1);
	user_thread(duplicates_given, 0, 1 << 2);
	explore_begin();
	EXPLORE_EXPECT(user_call(SYSCALL_handle_revoke, endpoint, 0, 0, &count) == STATUS_OK);
	explore_done();
}

/* Gets a handle to receive by out of a message, and waits with it. */
static void receives_by_it(uint64_t argument)
{
	struct message message = {0};
	(void)argument;
	explore_begin();
	EXPLORE_EXPECT(user_ipc(SYSCALL_ipc_receive, other, &message) == STATUS_OK);
	EXPLORE_EXPECT(message.handle && message.handle < HANDLES_MAX);
	enum status status = user_ipc(SYSCALL_ipc_receive, message.handle, &message);
	explore_fail("who has a handle to receive by is told %u", status);
}

/* The last handle to receive by that is in a table is closed while another arrives in a message, and is used. */
void handle_last_code(uint64_t argument)
{
	struct message message = {.type = 1};
	(void)argument;
	prepare();
	EXPLORE_EXPECT(user_call(SYSCALL_endpoint_create, 0, 0, 0, &other) == STATUS_OK);
	message.handle = endpoint;
	EXPLORE_EXPECT(user_ipc(SYSCALL_ipc_send, other, &message) == STATUS_OK);
	EXPLORE_EXPECT(user_call(SYSCALL_handle_close, given, 0, 0, NULL) == STATUS_OK);
	user_thread(receives_by_it, 0, 1 << 1);
	explore_begin();
	EXPLORE_EXPECT(user_call(SYSCALL_handle_close, endpoint, 0, 0, NULL) == STATUS_OK);
	explore_done();
}

/* Whoever closed it was through with that; the other waits for a message, and that is right. */
void handle_last_ended(void)
{
	EXPLORE_EXPECT(explore_done_count() == 1);
}

/* Everybody was through with what is explored. */
void handle_ended(void)
{
	if (explore_done_count() < explorer->scenario->threads)
		explore_fail("somebody waits for a handle");
}
