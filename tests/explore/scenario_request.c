/*
 * Page requests, explored: however many threads touch a page that is not there, its provider is asked once, and all of them go on.
 *
 *     CPU 0   receives PAGE_READ, fills the page through its window, answers       CPU 1, CPU 2   load from the page
 *
 * Who calls: the search.
 */
#include "scenarios.h"

#include "abi/handle.h"

#define RW (RIGHTS_READ | RIGHTS_WRITE)
#define CONTENT UINT64_C(1234)

static uint64_t endpoint, object, window, view;
static unsigned asked;

static uint64_t map(uint64_t how)
{
	uint64_t address = 0;
	EXPLORE_EXPECT(user_call5(SYSCALL_object_map, (uint64_t[5]){object, 0, 0, PAGE_BYTES, how}, &address) == STATUS_OK);
	return address;
}

static void prepare(void)
{
	explore_stay(0);
	EXPLORE_EXPECT(user_call(SYSCALL_endpoint_create, 0, 0, 0, &endpoint) == STATUS_OK);
	EXPLORE_EXPECT(user_call5(SYSCALL_object_provide, (uint64_t[5]){endpoint, PAGE_BYTES, 0, 1}, &object) == STATUS_OK);
	window = map(RW | MAP_WINDOW);
	view = map(RW);
}

static void provides(uint64_t argument)
{
	struct message message = {0};
	(void)argument;
	explore_begin();
	enum status status = user_ipc(SYSCALL_ipc_receive, endpoint, &message);
	while (status == STATUS_OK) {
		asked++;
		EXPLORE_EXPECT(message.type == MESSAGE_PAGE_READ);
		user_store(window, CONTENT);
		message.type = REPLY_OK;
		message.handle = 0;
		status = user_ipc(SYSCALL_ipc_reply_receive, endpoint, &message);
	}
	explore_done();
}

/* The page is asked for, and filled, before exploration begins; what is left is the answer. */
static void answers(void)
{
	struct message message = {0};
	EXPLORE_EXPECT(user_ipc(SYSCALL_ipc_receive, endpoint, &message) == STATUS_OK);
	asked++;
	user_store(window, CONTENT);
	message.type = REPLY_OK;
	message.handle = 0;
	explore_begin();
	EXPLORE_EXPECT(user_ipc(SYSCALL_ipc_reply_receive, endpoint, &message) != STATUS_OK);
}

static void touches_early(uint64_t argument)
{
	(void)argument;
	EXPLORE_EXPECT(user_load(view) == CONTENT);
	explore_done();
}

static void touches(uint64_t argument)
{
	(void)argument;
	explore_begin();
	EXPLORE_EXPECT(user_load(view) == CONTENT);
	explore_done();
}

void request_one_code(uint64_t argument)
{
	prepare();
	user_thread(touches, 0, 1 << 1);
	provides(argument);
}

void request_two_code(uint64_t argument)
{
	prepare();
	user_thread(touches, 0, 1 << 1);
	user_thread(touches, 0, 1 << 2);
	provides(argument);
}

void request_join_code(uint64_t argument)
{
	(void)argument;
	prepare();
	user_thread(touches_early, 0, 1 << 0);
	user_thread(touches, 0, 1 << 1);
	answers();
}

void request_join_ended(void)
{
	if (explore_done_count() < explorer->scenario->threads)
		explore_fail("a thread waits for a page that was brought");
	EXPLORE_EXPECT(asked == 1);
}

void request_ended(void)
{
	if (explore_done_count() + 1 < explorer->scenario->threads)
		explore_fail("a thread waits for a page that was brought");
	if (asked != 1)
		explore_fail("the provider was asked %u times", asked);
}
