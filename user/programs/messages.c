/*
 * Messages in every way they can be sent, and everything that can become of one.
 *
 * With and without an answer, with an answer that comes later as a message of its own, with a deadline; in order, the kernel's own
 * first; to a queue that is full, an endpoint that nobody serves, a server that ends; answered twice, answered to nobody. A handle
 * goes along, and loses rights on the way and never gains any. All of it happens twice, each time in a process of its own: the first leaves in
 * memory what stays there for good, the second must leave nothing.
 */
#include <vitrine.h>

#define SOON_NS 2000000
#define QUEUE_MAX 1024 /* ENDPOINT_QUEUE_MAX */

enum request { ADD = 1, QUIT, KEEP_SILENT, END_YOURSELF, COUNT_CALLS, TAKE_HANDLE };

static uint64_t soon(void)
{
	return clock_ns() + SOON_NS;
}

/* ---- a server ---- */

static unsigned silent_calls; /* that the server has taken */

static unsigned count_silent_calls(void)
{
	return __atomic_load_n(&silent_calls, __ATOMIC_ACQUIRE);
}

static int serves(void *argument)
{
	uint64_t endpoint = (uintptr_t)argument, silent = 0;
	struct message message = {0};
	for (struct result result = ipc_receive(endpoint, &message);; result = ipc_reply_receive(endpoint, &message)) {
		if (!check(result.status == STATUS_OK))
			return 1;
		switch (message.type) {
		case ADD:
			message = (struct message){
				.token = message.token, .type = REPLY_OK, .word = {message.word[0] + message.word[1]}};
			break;
		case KEEP_SILENT:
			silent = message.token;
			__atomic_add_fetch(&silent_calls, 1, __ATOMIC_RELEASE);
			message.token = 0; /* nothing is answered now */
			break;
		case COUNT_CALLS: /* and answers the silent one at last: its caller may be gone */
			message.word[0] = silent ? ipc_reply(endpoint, &(struct message){.token = silent}).status : STATUS_OK;
			message.word[1] = silent ? ipc_reply(endpoint, &(struct message){.token = silent}).status : STATUS_OK;
			message.type = REPLY_OK;
			break;
		case TAKE_HANDLE:
			message.word[0] = message.handle;
			message.word[1] = sys_handle_duplicate(message.handle, HANDLE_ALL).value;
			message.word[2] = ipc_receive_until(message.handle, &(struct message){0}, 0).status;
			message.handle = 0;
			break;
		case END_YOURSELF:
			return 0;
		default: /* QUIT */
			check(ipc_reply(endpoint, &message).status == STATUS_OK);
			return 0;
		}
	}
}

static uint64_t start_server(uint64_t endpoint)
{
	return must(thread_create("server", serves, (void *)(uintptr_t)endpoint));
}

static struct result ask(uint64_t endpoint, struct message *message, enum request type)
{
	message->type = type;
	return ipc_call(endpoint, message);
}

/* ---- waiting for an answer ---- */

static void calls(uint64_t endpoint)
{
	struct message message = {.word = {2, 40}};
	check(ask(endpoint, &message, ADD).status == STATUS_OK && message.type == REPLY_OK && message.word[0] == 42);
	message = (struct message){.type = MESSAGE_PAGE_READ};
	check(ipc_call(endpoint, &message).status == STATUS_DENIED && ipc_send(endpoint, &message).status == STATUS_DENIED);
	check(ipc_call_noblk(endpoint, &message, endpoint).status == STATUS_DENIED);
	message.type = ADD;
	check(ipc_call(9999, &message).status == STATUS_NOT_FOUND);
	check(ipc_reply(endpoint, &(struct message){.token = 12345}).status == STATUS_NOT_FOUND);
	check(ipc_reply(endpoint, &(struct message){.token = 0}).status == STATUS_NOT_FOUND);
	check(ipc_reply(endpoint, &(struct message){.token = 1, .type = MESSAGE_FAILED}).status == STATUS_DENIED);
}

/* The caller loses patience, and whoever answers it afterwards is told. */
static void impatient(uint64_t endpoint)
{
	struct message message;
	uint64_t deadline;
	do { /* again if the server had no turn before the deadline, and so never took the call */
		message = (struct message){.type = KEEP_SILENT};
		deadline = soon();
		check(ipc_call_until(endpoint, &message, deadline).status == STATUS_TIMED_OUT && clock_ns() >= deadline);
	} while (count_silent_calls() == 0);
	message = (struct message){0};
	check(ask(endpoint, &message, COUNT_CALLS).status == STATUS_OK);
	check(message.word[0] == STATUS_GONE && message.word[1] == STATUS_NOT_FOUND);
	uint64_t nobody = must(sys_endpoint_create());
	message = (struct message){.type = ADD};
	check(ipc_call_until(nobody, &message, soon()).status == STATUS_TIMED_OUT);
	check(ipc_receive_until(nobody, &message, 0).status == STATUS_TIMED_OUT); /* the call is withdrawn, not received */
	deadline = soon();
	check(ipc_receive_until(nobody, &message, deadline).status == STATUS_TIMED_OUT && clock_ns() >= deadline);
	must(sys_handle_close(nobody));
}

/* ---- not waiting ---- */

static void sends(uint64_t endpoint)
{
	uint64_t own = must(sys_endpoint_create());
	struct message message = {0};
	for (unsigned i = 0; i < 5; i++)
		must(ipc_send(own, &(struct message){.type = 100 + i, .word = {i, 7}}));
	for (unsigned i = 0; i < 5; i++) {
		must(ipc_receive(own, &message));
		check(message.token == 0 && message.type == 100 + i && message.word[0] == i && message.word[1] == 7);
	}
	uint64_t tokens[3];
	for (unsigned i = 0; i < 3; i++)
		tokens[i] = must(ipc_call_noblk(endpoint, &(struct message){.type = ADD, .word = {i, 1000}}, own));
	for (unsigned i = 0; i < 3; i++) {
		must(ipc_receive(own, &message));
		unsigned which = (unsigned)(message.word[0] - 1000);
		check(message.type == REPLY_OK && which < 3 && message.token == tokens[which]);
		check(ipc_reply(own, &message).status == STATUS_NOT_FOUND); /* an answer needs no answer */
	}
	check(ipc_call_noblk(endpoint, &(struct message){.type = ADD}, 9999).status == STATUS_NOT_FOUND);
	must(sys_handle_close(own));
}

/* Cancelled while it waits to be received, and while it waits to be answered. */
static void cancelled(void)
{
	uint64_t asked = must(sys_endpoint_create()), own = must(sys_endpoint_create());
	struct message message = {.type = 1};
	uint64_t token = must(ipc_call_noblk(asked, &message, own));
	check(sys_ipc_cancel(asked, token, asked).status == STATUS_NOT_FOUND); /* the answer was not to come there */
	check(sys_ipc_cancel(asked, token + 1, own).status == STATUS_NOT_FOUND);
	must(sys_ipc_cancel(asked, token, own));
	check(ipc_receive_until(asked, &message, 0).status == STATUS_TIMED_OUT);
	token = must(ipc_call_noblk(asked, &message, own));
	must(ipc_receive(asked, &message));
	check(message.token == token);
	must(sys_ipc_cancel(asked, token, own));
	check(sys_ipc_cancel(asked, token, own).status == STATUS_NOT_FOUND && ipc_reply(asked, &message).status == STATUS_GONE);
	token = must(ipc_call_noblk(asked, &message, own));
	must(ipc_receive(asked, &message));
	must(ipc_reply(asked, &message));
	check(sys_ipc_cancel(asked, token, own).status == STATUS_NOT_FOUND); /* too late: it is there */
	must(ipc_receive_until(own, &message, 0));
	check(message.token == token && ipc_receive_until(own, &message, 0).status == STATUS_TIMED_OUT);
	must(sys_handle_close(asked));
	must(sys_handle_close(own));
}

static void full(void)
{
	uint64_t own = must(sys_endpoint_create());
	struct message message = {.type = 1};
	unsigned sent = 0;
	while (ipc_send(own, &message).status == STATUS_OK)
		sent++;
	check(sent == QUEUE_MAX && ipc_send(own, &message).status == STATUS_LIMIT &&
	      ipc_call(own, &message).status == STATUS_LIMIT);
	must(ipc_receive(own, &message));
	check(ipc_send(own, &message).status == STATUS_OK);
	must(sys_handle_close(own)); /* and with it a thousand messages */
}

/* What the kernel says comes first, whatever waits already. */
static void kernel_first(void)
{
	uint64_t own = must(sys_endpoint_create());
	uint64_t process = must(sys_process_create(0, 0));
	must(ipc_send(own, &(struct message){.type = 1}));
	must(sys_process_watch(process, own, 76));
	must(sys_process_watch(process, own, 77));
	must(sys_process_unwatch(process, own)); /* both */
	check(sys_process_unwatch(process, own).status == STATUS_NOT_FOUND);
	must(sys_process_watch(process, own, 78));
	struct file self;
	if (file_open("messages", &self).status == STATUS_OK) {
		uint64_t later = must(sys_endpoint_create()), gate = must(sys_endpoint_create());
		uint64_t child = must(process_start_with("messages", self.object, 1, gate));
		struct message message;
		must(sys_process_watch(child, own, 87));
		must(sys_process_unwatch(child, own));
		must(sys_process_watch(child, own, 88));
		must(sys_process_watch(child, later, 89));
		must(ipc_send(gate, &(struct message){.type = 1})); /* now it may end */
		struct result end = process_wait(child);
		check(end.status == STATUS_OK && end.value == 5);
		must(ipc_receive(later, &message)); /* who watched first is told first */
		must(sys_handle_close(later));
		must(sys_handle_close(gate));
		must(ipc_receive(own, &message));
		check(message.type == MESSAGE_PROCESS_ENDED && message.word[PROCESS_MESSAGE_KEY] == 88 && message.token == 0);
		check(message.word[PROCESS_MESSAGE_STATUS] == 5 && message.word[PROCESS_MESSAGE_HOW] == STATUS_OK);
		must(sys_process_watch(child, own, 99)); /* it has ended: at once */
		must(ipc_receive(own, &message));
		check(message.type == MESSAGE_PROCESS_ENDED && message.word[PROCESS_MESSAGE_KEY] == 99);
		must(ipc_receive(own, &message));
		check(message.type == 1);
		must(sys_handle_close(child));
		must(sys_handle_close(self.object));
	}
	must(sys_handle_close(process)); /* never started: nobody is told */
	must(sys_handle_close(own));
}

/* ---- ends ---- */

static void server_ends(void)
{
	uint64_t endpoint = must(sys_endpoint_create()), own = must(sys_endpoint_create());
	struct message message = {0};
	uint64_t server = start_server(endpoint);
	check(ask(endpoint, &message, END_YOURSELF).status == STATUS_GONE);
	must(thread_join(server));
	message = (struct message){0};
	check(ask(endpoint, &message, ADD).status == STATUS_GONE && ipc_send(endpoint, &message).status == STATUS_GONE);
	server = start_server(endpoint);
	while (ask(endpoint, &message, ADD).status == STATUS_GONE) /* until the new one serves */
		thread_yield();
	uint64_t token = must(ipc_call_noblk(endpoint, &(struct message){.type = END_YOURSELF}, own));
	must(ipc_receive(own, &message));
	check(message.type == MESSAGE_FAILED && message.token == token && message.word[0] == STATUS_GONE);
	must(thread_join(server));
	must(sys_handle_close(endpoint));
	must(sys_handle_close(own));
}

static int calls_for_ever(void *argument)
{
	struct message message;
	uint64_t status;
	do {
		message = (struct message){.type = KEEP_SILENT};
		status = ipc_call((uintptr_t)argument, &message).status;
	} while (status == STATUS_NO_MEMORY); /* the others wait for its call */
	return (int)status;
}

/* A caller that is killed is withdrawn from the queue, or its server is told. */
static void caller_ends(uint64_t endpoint)
{
	struct message message = {0};
	unsigned taken_before = count_silent_calls();
	uint64_t nobody = must(sys_endpoint_create());
	uint64_t queued = must(thread_create("caller", calls_for_ever, (void *)(uintptr_t)nobody));
	uint64_t taken = must(thread_create("caller", calls_for_ever, (void *)(uintptr_t)endpoint));
	while (count_silent_calls() == taken_before)
		thread_yield();
	must(thread_kill(queued));
	must(thread_kill(taken));
	int queued_end = (int)must(thread_join(queued)), taken_end = (int)must(thread_join(taken));
	if (!check(queued_end == -STATUS_GONE && taken_end == -STATUS_GONE))
		printf("messages: killed callers ended with %d and %d\n", queued_end, taken_end);
	check(ipc_receive_until(nobody, &message, 0).status == STATUS_TIMED_OUT);
	check(ask(endpoint, &message, COUNT_CALLS).status == STATUS_OK && message.word[0] == STATUS_GONE);
	uint64_t weak = must(sys_handle_duplicate(nobody, HANDLE_CALL));
	uint64_t waits = must(thread_create("caller", calls_for_ever, (void *)(uintptr_t)weak));
	must(sys_handle_close(nobody)); /* whether it waits already or is about to */
	check((int)must(thread_join(waits)) == STATUS_GONE);
	must(sys_handle_close(weak));
}

/* The first of several children to end, then the next: whichever it is. */
static void any_child(void)
{
	struct file self;
	uint64_t children[3];
	if (file_open("messages", &self).status != STATUS_OK)
		return;
	for (unsigned i = 0; i < ARRAY_LENGTH(children); i++)
		children[i] = must(process_start_with("child", self.object, 40 - 10 * i, 0));
	for (unsigned left = ARRAY_LENGTH(children); left > 0; left--) {
		unsigned which = left;
		struct result end = process_wait_any(children, left, &which);
		if (!check(end.status == STATUS_OK && which < left && end.value == must(process_wait(children[which]))))
			break;
		must(sys_handle_close(children[which]));
		children[which] = children[left - 1];
	}
	must(sys_handle_close(self.object));
}

/* ---- handles ---- */

static void handles(uint64_t endpoint)
{
	uint64_t own = must(sys_endpoint_create());
	uint64_t weak = must(sys_handle_duplicate(own, HANDLE_CALL | HANDLE_GIVE));
	uint64_t fixed = must(sys_handle_duplicate(own, HANDLE_CALL));
	struct message message = {.handle = weak};
	check(ask(endpoint, &message, TAKE_HANDLE).status == STATUS_OK);
	check(message.word[0] != 0 && message.word[1] != 0 && message.word[2] == STATUS_DENIED);
	must(sys_handle_close(message.word[0])); /* the server is this process */
	must(sys_handle_close(message.word[1]));
	message = (struct message){.handle = fixed};
	check(ask(endpoint, &message, TAKE_HANDLE).status == STATUS_DENIED);
	message = (struct message){.handle = 9999};
	check(ask(endpoint, &message, TAKE_HANDLE).status == STATUS_NOT_FOUND);
	must(sys_handle_close(weak));
	must(sys_handle_close(fixed));
	must(sys_handle_close(own));
}

static int everything(void)
{
	uint64_t endpoint = must(sys_endpoint_create());
	uint64_t server = start_server(endpoint);
	struct message message = {0};
	calls(endpoint);
	impatient(endpoint);
	sends(endpoint);
	cancelled();
	full();
	kernel_first();
	server_ends();
	caller_ends(endpoint);
	any_child();
	handles(endpoint);
	check(ask(endpoint, &message, QUIT).status == STATUS_OK);
	must(thread_join(server));
	must(sys_handle_close(endpoint));
	return checks_failed();
}

/* What a process of this program is for: its argument. Any other is how many milliseconds it is to sleep. */
enum { PARENT, WAITS_FOR_GATE, DOES_EVERYTHING };

int main(void)
{
	switch (program_argument()) {
	case PARENT:
		break;
	case WAITS_FOR_GATE:
		must(ipc_receive(HANDLE_GIVEN, &(struct message){0}));
		return 5;
	case DOES_EVERYTHING:
		return everything();
	default:
		thread_sleep_ms(program_argument());
		return (int)program_argument();
	}
	return check_leaves_nothing("messages", DOES_EVERYTHING, DOES_EVERYTHING);
}
