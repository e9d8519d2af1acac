/*
 * What ends takes others with it, and nobody waits for an answer in vain.
 *
 * Chains of processes, each kept alive only by the one before: in its table of handles, or in a message that nobody received. They
 * end one after the other, however many they are; the kernel's stack is small. Then processes that keep each other alive. Then
 * threads that took a call and went on to receive elsewhere, and ended there; and queues that nobody empties, which are full at
 * some time, of every kind.
 */
#include <vitrine.h>

#define CHAIN 300
#define QUEUE_MAX 1024 /* ENDPOINT_QUEUE_MAX */
#define CACHES 4       /* of the kernel's, that may each keep a page in reserve or not */

/* ---- chains ---- */

static void chain_of_handles(void)
{
	uint64_t inner = must(sys_process_create(0, 0));
	for (unsigned i = 0; i < CHAIN; i++) {
		uint64_t outer = must(sys_process_create(0, 0));
		must(sys_process_give(outer, inner, HANDLE_ALL));
		must(sys_handle_close(inner));
		inner = outer;
	}
	must(sys_handle_close(inner));
}

static void chain_of_messages(void)
{
	uint64_t inner = must(sys_process_create(0, 0));
	for (unsigned i = 0; i < CHAIN; i++) {
		uint64_t outer = must(sys_process_create(0, 0)), endpoint = must(sys_endpoint_create());
		must(ipc_send(endpoint, &(struct message){.type = 1, .handle = inner}));
		must(sys_process_give(outer, endpoint, HANDLE_ALL));
		must(sys_handle_close(endpoint));
		must(sys_handle_close(inner));
		inner = outer;
	}
	must(sys_handle_close(inner));
}

/* One that was never started and has a handle of itself, and two that have one of each other: they are there until somebody ends them. */
static void circles(void)
{
	for (unsigned i = 0; i < CHAIN; i++) {
		uint64_t one = must(sys_process_create(0, 0)), other = must(sys_process_create(0, 0));
		must(sys_process_give(one, i % 2 ? one : other, HANDLE_ALL));
		must(sys_process_give(other, one, HANDLE_ALL));
		must(sys_process_kill(one));
		check(sys_process_start(one, PAGE_BYTES, 0).status == STATUS_GONE);
		check(sys_process_give(one, other, HANDLE_ALL).status == STATUS_GONE);
		struct result end = sys_process_wait(one);
		check(end.status == STATUS_OK && (int64_t)end.value == -(int64_t)STATUS_GONE);
		must(sys_handle_close(one));
		must(sys_handle_close(other));
	}
}

/* ---- what a server owes ---- */

static uint64_t first, second; /* endpoints */
static uint32_t has_taken;

static void wait_until_taken(void)
{
	while (!__atomic_load_n(&has_taken, __ATOMIC_ACQUIRE))
		thread_yield();
	__atomic_store_n(&has_taken, 0, __ATOMIC_RELAXED);
}

/* Takes a call at the first, receives at the second, and answers the call if it is told to. */
static int takes_and_leaves(void *argument)
{
	struct message call = {0}, order = {0};
	(void)argument;
	must(ipc_receive(first, &call));
	__atomic_store_n(&has_taken, 1, __ATOMIC_RELEASE);
	must(ipc_receive(second, &order));
	if (order.word[0])
		must(ipc_reply(first, &call));
	return 0;
}

static int receives_once(void *argument)
{
	(void)argument;
	struct message message = {0};
	must(ipc_receive(first, &message));
	return 0;
}

static int calls_first(void *argument)
{
	(void)argument;
	struct message message = {.type = 1};
	return (int)ipc_call(first, &message).status;
}

static void owed_elsewhere(bool answers)
{
	first = must(sys_endpoint_create());
	second = must(sys_endpoint_create());
	uint64_t server = must(thread_create("server", takes_and_leaves, NULL));
	uint64_t caller = must(thread_create("caller", calls_first, NULL));
	wait_until_taken();
	uint64_t other = must(thread_create("server", receives_once, NULL));
	must(ipc_send(first, &(struct message){.type = 1}));
	must(thread_join(other)); /* the last that served the first; what another took there is not its business */
	must(ipc_send(second, &(struct message){.type = 1, .word = {answers}}));
	must(thread_join(server));
	check((int)must(thread_join(caller)) == (answers ? STATUS_OK : STATUS_GONE));
	must(sys_handle_close(first));
	must(sys_handle_close(second));
}

/* ---- full queues ---- */

static void too_many_ends(void)
{
	uint64_t endpoint = must(sys_endpoint_create()), process = must(sys_process_create(0, 0));
	unsigned watches = 0;
	while (sys_process_watch(process, endpoint, watches).status == STATUS_OK)
		watches++;
	check(watches == QUEUE_MAX && sys_process_watch(process, endpoint, 0).status == STATUS_LIMIT);
	must(sys_process_unwatch(process, endpoint));
	must(sys_process_watch(process, endpoint, 0));
	must(sys_handle_close(endpoint));
	must(sys_handle_close(process));
}

static void too_many_answers(bool answered)
{
	uint64_t asked = must(sys_endpoint_create()), own = must(sys_endpoint_create());
	struct message message = {0};
	unsigned calls = 0;
	for (; ipc_call_noblk(asked, &(struct message){.type = 1}, own).status == STATUS_OK; calls++) {
		must(ipc_receive(asked, &message));
		if (answered)
			must(ipc_reply(asked, &message));
	}
	check(calls == QUEUE_MAX && ipc_call_noblk(asked, &(struct message){.type = 1}, own).status == STATUS_LIMIT);
	if (answered)
		must(ipc_receive(own, &message));
	else
		must(ipc_reply(asked, &message));
	/* An answer that waits to be received counts as well. */
	check(ipc_call_noblk(asked, &(struct message){.type = 1}, own).status == (answered ? STATUS_OK : STATUS_LIMIT));
	must(sys_handle_close(asked));
	must(sys_handle_close(own));
}

int main(void)
{
	uint64_t before = 0, after = 0;
	for (unsigned round = 0; round < 2; round++) {
		before = memory_settled();
		chain_of_handles();
		chain_of_messages();
		circles();
		owed_elsewhere(false);
		owed_elsewhere(true);
		too_many_ends();
		too_many_answers(true);
		too_many_answers(false);
		after = memory_settled();
	}
	check(after + CACHES >= before);
	printf("endings: %u in a chain, %lu pages free before, %lu after; %d things wrong\n", CHAIN, before, after,
	       checks_failed());
	return checks_failed();
}
