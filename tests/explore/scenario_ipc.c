/*
 * Endpoints, explored: every call is answered, once, or told that nobody can.
 *
 * Who calls: the search.
 */
#include "scenarios.h"
#include "abi/handle.h"

#define QUESTION 41

static uint64_t endpoint;
static uint64_t token;             /* of the message that two threads answer */
static unsigned answers, accepted; /* replies that were tried, and that were told OK */

static void prepare(void)
{
	explore_stay(0);
	EXPLORE_EXPECT(user_call(SYSCALL_endpoint_create, 0, 0, 0, &endpoint) == STATUS_OK);
}

/* ---- callers ---- */

/* A call is answered with what was asked plus one; or told that the endpoint, or its handle, is not there any more, if that may be. */
static void call(uint64_t question, bool may_be_gone)
{
	struct message message = {.type = 1, .word = {question}};
	enum status status = user_ipc(SYSCALL_ipc_call, endpoint, &message);
	if ((status == STATUS_GONE || status == STATUS_NOT_FOUND) && may_be_gone)
		return;
	if (status != STATUS_OK)
		explore_fail("the call of %lu is told %u", (unsigned long)question, status);
	else if (message.word[0] != question + 1)
		explore_fail("the call of %lu is answered with %lu", (unsigned long)question, (unsigned long)message.word[0]);
}

static void calls(uint64_t question)
{
	explore_begin();
	call(question, false);
	explore_done();
}

static void calls_who_may_be_gone(uint64_t question)
{
	explore_begin();
	call(question, true);
	explore_done();
}

/* ---- servers ---- */

static void serves(uint64_t argument)
{
	struct message message = {0};
	(void)argument;
	explore_begin();
	enum status status = user_ipc(SYSCALL_ipc_receive, endpoint, &message);
	while (status == STATUS_OK) {
		message.word[0]++;
		status = user_ipc(SYSCALL_ipc_reply_receive, endpoint, &message);
	}
	explore_done();
}

/* Answers the message that another thread has received; both do. */
static void answers_too(uint64_t argument)
{
	struct message message = {.type = 1, .word = {QUESTION + 1}};
	(void)argument;
	explore_begin();
	while (!token)
		user_compute(0);
	message.token = token;
	accepted += user_ipc(SYSCALL_ipc_reply, endpoint, &message) == STATUS_OK;
	answers++;
	explore_done();
}

static void receives_and_answers(uint64_t argument)
{
	struct message message = {0};
	(void)argument;
	explore_begin();
	EXPLORE_EXPECT(user_ipc(SYSCALL_ipc_receive, endpoint, &message) == STATUS_OK);
	token = message.token;
	message.word[0]++;
	accepted += user_ipc(SYSCALL_ipc_reply, endpoint, &message) == STATUS_OK;
	answers++;
	explore_done();
}

/* ---- the scenarios ---- */

void ipc_pair_code(uint64_t argument)
{
	prepare();
	user_thread(calls, QUESTION, 1 << 1);
	serves(argument);
}

/* The same, each on any CPU: threads move, and are handed over. */
void ipc_anywhere_code(uint64_t argument)
{
	EXPLORE_EXPECT(user_call(SYSCALL_endpoint_create, 0, 0, 0, &endpoint) == STATUS_OK);
	user_thread(calls, QUESTION, UINT64_MAX);
	serves(argument);
}

void ipc_two_code(uint64_t argument)
{
	prepare();
	user_thread(calls, QUESTION, 1 << 1);
	user_thread(calls, QUESTION + 10, 1 << 2);
	serves(argument);
}

void ipc_twice_code(uint64_t argument)
{
	prepare();
	user_thread(calls, QUESTION, 1 << 1);
	user_thread(answers_too, 0, 1 << 2);
	receives_and_answers(argument);
}

/* The only handle is closed while a call is on its way. */
void ipc_closed_code(uint64_t argument)
{
	(void)argument;
	prepare();
	user_thread(calls_who_may_be_gone, QUESTION, 1 << 1);
	user_thread(serves, 0, 1 << 2);
	explore_begin();
	EXPLORE_EXPECT(user_call(SYSCALL_handle_close, endpoint, 0, 0, NULL) == STATUS_OK);
	explore_done();
}

/* Those who called go on; the server waits for the next message. */
void ipc_ended(void)
{
	if (explore_done_count() + 1 < explorer->scenario->threads)
		explore_fail("a call is never answered");
}

void ipc_twice_ended(void)
{
	ipc_ended();
	if (answers == 2 && accepted != 1)
		explore_fail("of two answers to one call, %u were taken", accepted);
}

void ipc_closed_ended(void)
{
	if (explore_done_count() < explorer->scenario->threads)
		explore_fail("a call, or who receives, waits at an endpoint that is gone");
}
