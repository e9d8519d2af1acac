/*
 * Objects, processes and servers: the system calls of abi/syscall.h in clothes.
 *
 * Teaches: a program gets everything it has from somebody. Its first handle is the name service; behind that are the servers, and
 * from the pnor server come files, as objects whose pages are read when they are touched.
 * Who calls: programs. Whom: the sys_*() and ipc_*() stubs.
 */
#include "library.h"
#include "servers.h"

/* ---- objects ---- */

void *object_map(uint64_t object, uint64_t bytes, unsigned rights)
{
	return (void *)must(sys_object_map(object, 0, 0, bytes, rights));
}

uint64_t object_new(uint64_t bytes)
{
	return must(sys_object_create(bytes));
}

void mark_step(uint64_t flow, const char *name, int64_t value)
{
	struct name_words words = name_to_words(name);
	DISCARD(sys_trace_mark(MARK_STEP, words.word[0], words.word[1], (uint64_t)value, flow).status, "there is such a mark");
}

/* ---- servers ---- */

uint64_t names_handle = HANDLE_NAMES;

struct result service_register(const char *name, uint64_t endpoint)
{
	struct name_words words = name_to_words(name);
	struct result client = sys_handle_duplicate(endpoint, HANDLE_CALL | HANDLE_GIVE);
	if (client.status != STATUS_OK)
		return client;
	struct message message = {.type = NAMES_REGISTER, .word = {words.word[0], words.word[1]}, .handle = client.value};
	message.word[NAMES_REGISTER_KEY] = program_argument();
	struct result result = ipc_call(names_handle, &message);
	must(sys_handle_close(client.value)); /* init has its own by now */
	if (result.status == STATUS_OK)
		result.status = message.type;
	return result;
}

struct result service_answer(uint64_t endpoint, struct message *message)
{
	uint64_t token = message->token;
	struct result result = ipc_reply_receive(endpoint, message);
	if (result.status != STATUS_NO_MEMORY)
		return result;
	*message = (struct message){.token = token, .type = STATUS_NO_MEMORY};
	return ipc_reply_receive(endpoint, message);
}

struct result service_find(const char *name)
{
	struct name_words words = name_to_words(name);
	struct message message = {.type = NAMES_FIND, .word = {words.word[0], words.word[1]}};
	struct result result = ipc_call(names_handle, &message);
	if (result.status == STATUS_OK)
		result = answer_handle(&message);
	return result;
}

uint64_t program_option(const char *name, uint64_t otherwise)
{
	struct name_words words = name_to_words(name);
	struct message message = {.type = NAMES_OPTION, .word = {words.word[0], words.word[1]}};
	struct result result = ipc_call(names_handle, &message);
	return result.status == STATUS_OK && message.type == STATUS_OK ? message.word[0] : otherwise;
}

/* The endpoint of the pnor server, asked for once. */
static struct result pnor_endpoint(void)
{
	static uint64_t endpoint;
	if (endpoint)
		return (struct result){STATUS_OK, endpoint};
	struct result result = service_find("pnor");
	if (result.status == STATUS_OK)
		endpoint = result.value;
	return result;
}

struct result file_open(const char *name, struct file *file)
{
	struct name_words words = name_to_words(name);
	struct message message = {.type = PNOR_OPEN, .word = {words.word[0], words.word[1]}};
	struct result result = pnor_endpoint();
	*file = (struct file){0};
	if (result.status == STATUS_OK)
		result = ipc_call(result.value, &message);
	if (result.status == STATUS_OK)
		result = answer_handle(&message);
	if (result.status != STATUS_OK)
		return result;
	file->object = result.value;
	file->bytes = message.word[PNOR_OPEN_BYTES];
	file->room = message.word[PNOR_OPEN_ROOM];
	file->read_only = message.word[PNOR_OPEN_READ_ONLY];
	return (struct result){STATUS_OK, file->object};
}

struct result file_statistics(struct file_statistics *statistics)
{
	struct message message = {.type = PNOR_STATISTICS};
	struct result result = pnor_endpoint();
	if (result.status == STATUS_OK)
		result = ipc_call(result.value, &message);
	*statistics = (struct file_statistics){message.word[0], message.word[1], message.word[2], message.word[3]};
	return result;
}

/* ---- processes ---- */

struct result process_start(const char *name, uint64_t file)
{
	return process_start_with(name, file, 0, 0);
}

struct result process_start_with(const char *name, uint64_t file, uint64_t argument, uint64_t handle)
{
	struct name_words words = name_to_words(name);
	uint64_t entry = 0;
	struct result process = sys_process_create(words.word[0], words.word[1]);
	if (process.status != STATUS_OK)
		return process;
	struct result result = {program_load(file, process.value, &entry), 0};
	if (result.status == STATUS_OK)
		result = sys_process_give(process.value, names_handle, HANDLE_CALL | HANDLE_GIVE);
	if (result.status == STATUS_OK && handle)
		result = sys_process_give(process.value, handle, HANDLE_ALL);
	if (result.status == STATUS_OK)
		result = sys_process_start(process.value, entry, argument);
	if (result.status != STATUS_OK) {
		DISCARD(sys_handle_close(process.value).status, "it was never started");
		return result;
	}
	return process;
}

struct result process_wait(uint64_t process)
{
	return sys_process_wait(process);
}

struct result process_wait_any(const uint64_t *processes, unsigned count, unsigned *which)
{
	struct message message = {0};
	struct result result = {STATUS_INVALID, 0};
	if (count > 0)
		result = sys_endpoint_create();
	if (result.status != STATUS_OK)
		return result;
	uint64_t endpoint = result.value;
	for (unsigned i = 0; i < count && result.status == STATUS_OK; i++)
		result = sys_process_watch(processes[i], endpoint, i);
	if (result.status == STATUS_OK)
		result = ipc_receive(endpoint, &message);
	if (result.status == STATUS_OK) {
		*which = (unsigned)message.word[PROCESS_MESSAGE_KEY];
		result = (struct result){message.word[PROCESS_MESSAGE_HOW], message.word[PROCESS_MESSAGE_STATUS]};
	}
	for (unsigned i = 0; i < count; i++)
		DISCARD(sys_process_unwatch(processes[i], endpoint).status, "one has ended, and a failure left some unwatched");
	DISCARD(sys_handle_close(endpoint).status, "a message that came meanwhile goes with it");
	return result;
}

/* ---- the console's input ---- */

/*
 * The endpoint of the serial server, asked for once, and again after that one ended: for a moment init may not know yet that it has.
 */
#define SERIAL_TRIES 100
static struct result ask_serial(struct message *message)
{
	static uint64_t endpoint;
	struct result result = {STATUS_GONE, 0};
	const struct message question = *message;
	unsigned tries_max = message->type == SERIAL_CRASH ? 1 : SERIAL_TRIES;
	for (unsigned tries = 0; tries < tries_max && result.status == STATUS_GONE; tries++) {
		struct result found = endpoint ? (struct result){STATUS_OK, endpoint} : service_find("serial");
		if (found.status != STATUS_OK)
			return found;
		endpoint = found.value;
		*message = question;
		result = ipc_call(endpoint, message);
		if (result.status == STATUS_GONE) {
			DISCARD(sys_handle_close(endpoint).status, "it is known to be there");
			endpoint = 0;
			thread_sleep_ms(1);
		}
	}
	if (result.status == STATUS_OK)
		result.status = message->type;
	return result;
}

struct result console_read(char *to, unsigned room)
{
	static struct message last; /* what of it was not taken yet */
	static unsigned taken;
	unsigned count = 0;
	while (taken == last.word[0]) { /* again if there were none: another wanted to read, and was refused */
		last = (struct message){.type = SERIAL_READ};
		struct result result = ask_serial(&last);
		taken = 0;
		if (result.status != STATUS_OK) {
			last.word[0] = 0;
			return result;
		}
	}
	for (; count < room && taken < last.word[0]; count++, taken++)
		to[count] = (char)(last.word[1 + taken / 8] >> (8 * (taken % 8)));
	return (struct result){STATUS_OK, count};
}

struct result console_interrupts(void)
{
	struct message message = {.type = SERIAL_STATISTICS};
	struct result result = ask_serial(&message);
	return (struct result){result.status, message.word[0]};
}

struct result console_crash_driver(void)
{
	struct message message = {.type = SERIAL_CRASH};
	return ask_serial(&message);
}
