/*
 * Messages under every circumstance that the lab is about; program.part says which.
 *
 *     0   nothing: all there is to see is the boot, in which the servers find one another by messages
 *     1   clients that call, and two servers that take several calls before they answer the last of them first
 *     2   a queue that gets full, and handles that go along, or find no room
 *     3   callers that lose patience, before and after their call is taken; and the kernel, which asks the same server for pages
 *
 * It says what it is about with marks, and what it has seen with their values; the lab's tests compare that with what the
 * kernel says. A wrong answer is no reason to stop.
 */
#include <vitrine.h>

#define CLIENTS_MAX 16
#define TAKEN_MAX 3 /* calls that a server takes before it answers */
#define TRIES_MAX 1100
#define TOUCHED_PAGES 6

enum request { MULTIPLY = 1, SLOW, QUIT };

static uint64_t endpoint, calls;

/* ---- part 1: calls and answers ---- */

static void answer(struct message *message)
{
	*message = (struct message){.token = message->token,
				    .type = REPLY_OK,
				    .word = {message->word[0] * 1000 + message->word[1], message->word[0], message->word[1]}};
	check(ipc_reply(endpoint, message).status == STATUS_OK);
}

/* Takes what is there, up to TAKEN_MAX calls, and answers the last of them first. */
static int serves(void *argument)
{
	struct message taken[TAKEN_MAX] = {0};
	bool goes_on = true;
	(void)argument;
	while (goes_on) {
		unsigned count = 0;
		struct result result = ipc_receive(endpoint, &taken[0]);
		while (result.status == STATUS_OK) {
			goes_on = taken[count].type != QUIT;
			count += goes_on;
			if (!goes_on || count == TAKEN_MAX)
				break;
			thread_yield(); /* somebody else may call meanwhile */
			result = ipc_receive_until(endpoint, &taken[count], 0);
		}
		while (count > 0)
			answer(&taken[--count]);
	}
	return 0;
}

static int asks(void *argument)
{
	uint64_t own = (uintptr_t)argument;
	for (uint64_t i = 0; i < calls; i++) {
		struct message message = {.type = MULTIPLY, .word = {own, i}};
		struct result result = ipc_call(endpoint, &message);
		bool right = result.status == STATUS_OK && message.word[0] == own * 1000 + i && message.word[1] == own &&
			     message.word[2] == i;
		mark_instant("answer", right);
		if (i % 3 == own % 3)
			thread_yield();
	}
	return 0;
}

static void pairs(uint64_t clients)
{
	uint64_t server[2], client[CLIENTS_MAX];
	for (unsigned i = 0; i < ARRAY_LENGTH(server); i++)
		server[i] = must(thread_create("server", serves, NULL));
	for (uint64_t i = 0; i < clients; i++)
		client[i] = must(thread_create("client", asks, (void *)(uintptr_t)(i + 1)));
	for (uint64_t i = 0; i < clients; i++)
		must(thread_join(client[i]));
	for (unsigned i = 0; i < ARRAY_LENGTH(server); i++)
		must(ipc_send(endpoint, &(struct message){.type = QUIT}));
	for (unsigned i = 0; i < ARRAY_LENGTH(server); i++)
		must(thread_join(server[i]));
}

/* ---- part 2: a full queue, and handles ---- */

static uint64_t send_until_refused(uint64_t to)
{
	uint64_t sent = 0;
	while (sent < TRIES_MAX && ipc_send(to, &(struct message){.type = 1, .word = {sent}}).status == STATUS_OK)
		sent++;
	return sent;
}

/* Fills the queue, takes `taken` messages out of it, and fills it again. */
static void full_queue(uint64_t taken)
{
	uint64_t own = must(sys_endpoint_create());
	struct message message = {0};
	mark_begin("fill");
	mark_instant("room", (int64_t)send_until_refused(own));
	mark_end("fill");
	mark_instant("call", (int64_t)ipc_call(own, &(struct message){.type = 1}).status);
	for (uint64_t i = 0; i < taken; i++)
		must(ipc_receive_until(own, &message, 0));
	mark_begin("fill again");
	mark_instant("room", (int64_t)send_until_refused(own));
	mark_end("fill again");
	must(sys_handle_close(own));
}

static int postman(void *argument)
{
	struct message message = {0};
	(void)argument;
	struct result result = ipc_receive(endpoint, &message);
	while (result.status == STATUS_OK && message.type != QUIT) {
		uint64_t came = message.handle;
		message = (struct message){.token = message.token, .word = {sys_object_size(came).value}, .handle = came};
		check(ipc_reply(endpoint, &message).status == STATUS_OK); /* with the handle that came */
		if (!(came & MESSAGE_HANDLE_LOST))
			DISCARD(sys_handle_close(came).status, "none may have come");
		result = ipc_receive(endpoint, &message);
	}
	return 0;
}

/* To another thread and back, each time under a new number, and still the same object. */
static void there_and_back(uint64_t parcels)
{
	uint64_t server = must(thread_create("postman", postman, NULL));
	for (uint64_t i = 1; i <= parcels; i++) {
		uint64_t object = must(sys_object_create(i * PAGE_BYTES));
		struct message message = {.type = 1, .handle = object};
		mark_instant("give", (int64_t)i);
		DISCARD(ipc_call(endpoint, &message).status, "what came back says it");
		bool right = message.word[0] == i * PAGE_BYTES && sys_object_size(message.handle).value == i * PAGE_BYTES;
		mark_instant("got", right);
		DISCARD(sys_handle_close(message.handle).status, "none may have come");
		must(sys_handle_close(object));
	}
	must(ipc_send(endpoint, &(struct message){.type = QUIT}));
	must(thread_join(server));
}

/* One whose receiver has no room for it, and one that is taken back on its way. */
static void lost(void)
{
	uint64_t own = must(sys_endpoint_create()), object = must(sys_object_create(PAGE_BYTES)), count = 0;
	static uint64_t fillers[HANDLES_MAX];
	struct message message = {0};
	while (count < HANDLES_MAX) {
		struct result filler = sys_handle_duplicate(own, 0);
		if (filler.status != STATUS_OK)
			break;
		fillers[count++] = filler.value;
	}
	mark_instant("no room", STATUS_LIMIT);
	must(ipc_send(own, &(struct message){.type = 1, .handle = object}));
	must(ipc_receive(own, &message));
	mark_instant("lost", (int64_t)message.handle);
	while (count > 0)
		must(sys_handle_close(fillers[--count]));
	mark_instant("taken back", STATUS_GONE);
	must(ipc_send(own, &(struct message){.type = 1, .handle = object}));
	DISCARD(sys_handle_revoke(object).status, "the message says it");
	must(ipc_receive(own, &message));
	mark_instant("lost", (int64_t)message.handle);
	must(sys_handle_close(object));
	must(sys_handle_close(own));
}

static void parcels(uint64_t count, uint64_t taken)
{
	mark_instant("start", 0);
	full_queue(taken);
	there_and_back(count);
	lost();
	(void)memory_settled();
	mark_instant("stop", 0);
}

/* ---- part 3: patience ---- */

static uint64_t patience_ns;
static const uint64_t *view;

/* Takes its time over each call. A page that it is to bring is good as it comes: zero. */
static int dawdles(void *argument)
{
	struct message message = {0};
	(void)argument;
	struct result result = ipc_receive(endpoint, &message);
	while (result.status == STATUS_OK && message.type != QUIT) {
		if (message.type == SLOW)
			thread_sleep_ns(3 * patience_ns);
		message.type = REPLY_OK;
		result = ipc_reply_receive(endpoint, &message);
	}
	return 0;
}

/* Needs a page of the server's now and then. */
static int touches(void *argument)
{
	uint64_t sum = 0;
	(void)argument;
	for (unsigned page = 0; page < TOUCHED_PAGES; page++) {
		thread_sleep_ns(patience_ns);
		sum += view[page * PAGE_BYTES / sizeof(*view)];
	}
	mark_instant("touched", (int64_t)sum);
	return 0;
}

/* Calls with a deadline before the server is done, and with none. */
static int has_patience(void *argument)
{
	uint64_t own = (uintptr_t)argument;
	for (uint64_t i = 0; i < calls; i++) {
		struct message message = {.type = own % 2 ? SLOW : MULTIPLY, .word = {own, i}};
		struct result result =
			own % 2 ? ipc_call_until(endpoint, &message, clock_ns() + patience_ns) : ipc_call(endpoint, &message);
		mark_instant(own % 2 ? "impatient" : "patient", (int64_t)result.status);
	}
	return 0;
}

static void patience(uint64_t clients)
{
	uint64_t server, toucher, client[CLIENTS_MAX];
	uint64_t object = must(sys_object_provide(endpoint, TOUCHED_PAGES * PAGE_BYTES, 0, 0));
	view = object_map(object, TOUCHED_PAGES * PAGE_BYTES, RIGHTS_READ);
	server = must(thread_create("dawdler", dawdles, NULL));
	toucher = must(thread_create("toucher", touches, NULL));
	for (uint64_t i = 0; i < clients; i++)
		client[i] = must(thread_create("client", has_patience, (void *)(uintptr_t)(i + 1)));
	for (uint64_t i = 0; i < clients; i++)
		must(thread_join(client[i]));
	must(thread_join(toucher));
	must(ipc_send(endpoint, &(struct message){.type = QUIT}));
	must(thread_join(server));
}

int main(void)
{
	uint64_t part = program_option("part", 0), clients = program_option("clients", 3);
	calls = program_option("calls", 5);
	patience_ns = program_option("patience", 200) * 1000;
	if (clients > CLIENTS_MAX)
		return 1;
	if (part == 0)
		return 0;
	endpoint = must(sys_endpoint_create());
	if (part == 1)
		pairs(clients);
	if (part == 2)
		parcels(calls, program_option("taken", 5));
	if (part == 3)
		patience(clients);
	return 0;
}
