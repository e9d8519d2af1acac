/*
 * init: the first process. It starts the servers, then the program that the run is about, and ends as that one ends.
 *
 *     kernel -> init -> pnor, attr      from the boot archive; intr, serial, modules when somebody asks for them
 *                   \-> the program     from the flash, through pnor; from the boot archive if there is no flash
 *
 * Teaches: a system comes up in user space. init has every handle there is, and gives each process what it needs: the servers a handle
 * of the machine or of each other, everybody the name service, by which they find the servers.
 * Who calls: the kernel starts it. A client that asks for a server that is still starting waits; the answer comes when it registers.
 * A server that ends is started again, so often and no oftener; whoever asks for it meanwhile waits too.
 * What is simplified: a client has to ask for a server again once a call to it says GONE; whoever asks for "machine" gets the right to
 * its devices, and "information" and "archive" are the page and the archive of the boot, to read.
 */
#include "init.h"

#include "../lib/library.h"

#define SERVERS_MAX 5
#define WAITING_MAX 16
#define RESTARTS_MAX 3      /* of one server */
#define NAME_FLASH_CHARS 15 /* of a partition */

struct server {
	uint64_t process;
	uint64_t endpoint; /* a handle with the right to call; 0 until it has registered */
	uint64_t key;      /* its argument, which it shows when it registers; each process gets another */
	unsigned restarts;
	bool ended; /* for good */
	char name[NAME_CHARS + 1];
};

/* The mutex is held by whoever looks at these or changes them: the thread "start", or the name service for as long as a request takes. */
static struct mutex servers_mutex;
static struct server servers[SERVERS_MAX];
static unsigned server_count;

static uint64_t names;        /* the name service's endpoint */
static uint64_t client_names; /* what the others get of it */
static const struct information *information;
static const uint8_t *archive;

/* ---- the boot archive: ustar, as the kernel reads it (kernel/boot/archive.c) ---- */

#define TAR_BLOCK 512u

static uint64_t octal(const uint8_t *digits)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < 11 && digits[i] >= '0' && digits[i] <= '7'; i++)
		value = value << 3 | (uint64_t)(digits[i] - '0');
	return value;
}

/* A file of the archive in an object of its own; 0 if there is none. */
static uint64_t archive_object(const char *name)
{
	for (uint64_t at = 0; at + TAR_BLOCK <= information->archive_bytes && archive[at];) {
		const uint8_t *header = archive + at;
		uint64_t bytes = octal(header + 124);
		at += TAR_BLOCK;
		if (bytes > information->archive_bytes - at)
			return 0;
		if (!strcmp((const char *)header, name) && bytes > 0) {
			uint64_t room = (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
			uint64_t object = object_new(room);
			void *copy = object_map(object, room, RIGHTS_READ | RIGHTS_WRITE);
			memcpy(copy, archive + at, bytes);
			must(sys_vm_unmap((uintptr_t)copy, room));
			return object;
		}
		at += (bytes + TAR_BLOCK - 1) & ~(uint64_t)(TAR_BLOCK - 1);
	}
	return 0;
}

/* ---- starting processes ---- */

struct result init_start(const char *name, uint64_t object, uint64_t key)
{
	struct name_words words = name_to_words(name);
	uint64_t entry = 0;
	struct result process = sys_process_create(words.word[0], words.word[1]);
	if (process.status != STATUS_OK)
		return process;
	struct result result = {program_load(object, process.value, &entry), 0};
	if (result.status == STATUS_OK)
		result = sys_process_give(process.value, client_names, HANDLE_CALL | HANDLE_GIVE);
	if (result.status == STATUS_OK && key)
		result = sys_process_give(process.value, HANDLE_MACHINE, HANDLE_MANAGE);
	if (result.status == STATUS_OK && key)
		result = sys_process_give(process.value, HANDLE_INFORMATION_PAGE, HANDLE_READ);
	if (result.status == STATUS_OK)
		result = sys_process_start(process.value, entry, key);
	if (result.status == STATUS_OK)
		return process;
	must(sys_handle_close(process.value));
	return result;
}

/* A number that is hard to guess: nobody else knows to the tick when a server was started. Never 0. */
static uint64_t key_new(void)
{
	static uint64_t state;
	state = (state ^ clock_ticks()) * UINT64_C(0x9e3779b97f4a7c15);
	state ^= state >> 29;
	return state | 1;
}

/* Starts the process of a server. The message about its end will have the server's number as its key. */
static bool start_process(struct server *server)
{
	uint64_t object = archive_object(server->name);
	struct result process = {STATUS_NOT_FOUND, 0};
	if (object) {
		server->key = key_new();
		process = init_start(server->name, object, server->key);
		must(sys_handle_close(object));
	}
	if (process.status != STATUS_OK) {
		printf("init: the server %s cannot be started: %s\n", server->name, status_name(process.status));
		return false;
	}
	server->process = process.value;
	must(sys_process_watch(process.value, names, (uint64_t)(server - servers)));
	return true;
}

/* Called with the mutex, as all that follows about servers: what a new one says is not heard before it is complete here. */
static struct server *start_server(const char *name)
{
	struct server *server = &servers[server_count++];
	snprintf(server->name, sizeof(server->name), "%s", name);
	server->ended = !start_process(server);
	return server;
}

/* ---- the program ---- */

/* The value of a word `name=...` of the kernel's command line; the last one counts. */
static void command_word(const char *name, char *value, size_t room)
{
	size_t length = strlen(name);
	const char *line = information->command_line;
	value[0] = '\0';
	for (const char *at = line; *at; at++) {
		if ((at > line && at[-1] != ' ') || strncmp(at, name, length) || at[length] != '=')
			continue;
		size_t i = 0;
		for (const char *c = at + length + 1; *c && *c != ' ' && i + 1 < room; c++)
			value[i++] = *c;
		value[i] = '\0';
	}
}

/* The number that such a word has, or what it is without one. */
static uint64_t command_number(const char *name, uint64_t otherwise)
{
	char text[24];
	uint64_t value = 0;
	command_word(name, text, sizeof(text));
	for (const char *c = text; *c >= '0' && *c <= '9'; c++)
		value = value * 10 + (uint64_t)(*c - '0');
	return text[0] ? value : otherwise;
}

struct result init_find(const char *program)
{
	char partition[NAME_FLASH_CHARS + 1];
	struct file file = {0};
	struct result result = {STATUS_NOT_FOUND, 0};
	snprintf(partition, sizeof(partition), "%s", program);
	if (information->flash_bytes)
		result = file_open(partition, &file);
	if (result.status == STATUS_NOT_FOUND)
		file.object = archive_object(program);
	return file.object ? (struct result){STATUS_OK, file.object} : result;
}

/* With init everything ends. */
static _Noreturn void end_run(uint64_t status, bool crashed)
{
	for (;;)
		DISCARD(sys_process_exit(status, crashed).status, "it does not return");
}

static int run(void *argument)
{
	char program[64];
	(void)argument;
	command_word("program", program, sizeof(program));
	if (information->flash_bytes) {
		mutex_lock(&servers_mutex);
		start_server("pnor");
		start_server("attr");
		mutex_unlock(&servers_mutex);
	}
	uint64_t first = command_number("fail_rounds", 0);
	if (first)
		end_run(rounds(program, first, command_number("fail_step", 1)), false);
	struct result process = init_find(program);
	if (process.status == STATUS_OK)
		process = init_start(program, process.value, 0);
	if (process.status != STATUS_OK) {
		printf("init: the program '%s' cannot be started: %s\n", program, status_name(process.status));
		end_run(process.status, false);
	}
	struct result end = process_wait(process.value);
	end_run(end.value, end.status == STATUS_CRASHED);
}

/* ---- the name service ---- */

/* Who asked for a server that has not registered yet. */
static struct waiting {
	uint64_t token; /* 0: free */
	unsigned server;
} waiting[WAITING_MAX];

static struct server *server_named(const uint64_t word[2])
{
	for (unsigned i = 0; i < server_count; i++) {
		struct name_words words = name_to_words(servers[i].name);
		if (words.word[0] == word[0] && words.word[1] == word[1])
			return &servers[i];
	}
	return NULL;
}

/* If the handle cannot go with it, because there is no memory or its server has taken it back, the answer says so instead. */
static void reply(uint64_t token, uint64_t status, uint64_t handle)
{
	struct message message = {.token = token, .type = status, .handle = handle};
	struct result result = ipc_reply(names, &message);
	if (!handle || result.status == STATUS_OK || result.status == STATUS_GONE)
		return;
	message = (struct message){.token = token, .type = result.status == STATUS_NO_MEMORY ? STATUS_NO_MEMORY : STATUS_GONE};
	DISCARD(ipc_reply(names, &message).status, "whoever asked may have ended");
}

/* Answers those who wait for a server, now that it is there or never will be. */
static void answer_waiting(const struct server *server)
{
	for (unsigned i = 0; i < WAITING_MAX; i++) {
		if (!waiting[i].token || waiting[i].server != (unsigned)(server - servers))
			continue;
		reply(waiting[i].token, server->ended ? STATUS_GONE : STATUS_OK, server->endpoint);
		waiting[i].token = 0;
	}
}

/* Servers that are started when somebody asks for them. */
static struct server *start_on_demand(const uint64_t word[2])
{
	static const char *const names_known[] = {"intr", "serial", "modules"};
	for (unsigned i = 0; i < ARRAY_LENGTH(names_known); i++) {
		struct name_words words = name_to_words(names_known[i]);
		if (words.word[0] != word[0] || words.word[1] != word[1])
			continue;
		return start_server(names_known[i]);
	}
	return NULL;
}

/* What init has of the kernel's and hands to whoever asks. */
static const struct {
	const char *name;
	uint64_t handle;
} own_handles[] = {
	{"machine", HANDLE_MACHINE},
	{"information", HANDLE_INFORMATION_PAGE},
	{"archive", HANDLE_BOOT_ARCHIVE},
};

static void find(const struct message *message)
{
	for (unsigned i = 0; i < ARRAY_LENGTH(own_handles); i++) {
		struct name_words own = name_to_words(own_handles[i].name);
		if (message->word[0] != own.word[0] || message->word[1] != own.word[1])
			continue;
		reply(message->token, STATUS_OK, own_handles[i].handle);
		return;
	}
	const struct server *server = server_named(message->word);
	if (!server)
		server = start_on_demand(message->word);
	if (!server || server->ended || server->endpoint) {
		uint64_t status = !server ? STATUS_NOT_FOUND : server->ended ? STATUS_GONE : STATUS_OK;
		reply(message->token, status, status == STATUS_OK ? server->endpoint : 0);
		return;
	}
	for (unsigned i = 0; i < WAITING_MAX; i++) {
		if (waiting[i].token)
			continue;
		waiting[i] = (struct waiting){message->token, (unsigned)(server - servers)};
		return;
	}
	reply(message->token, STATUS_LIMIT, 0);
}

/* A server is ready, and proves by its key that it is the one that was started. The handle is kept instead of the one before. */
static void register_server(struct message *message)
{
	struct server *server = server_named(message->word);
	uint64_t status = STATUS_OK;
	if (!server || !message->handle)
		status = STATUS_NOT_FOUND;
	else if (message->handle & MESSAGE_HANDLE_LOST)
		status = STATUS_LIMIT;
	else if (message->word[NAMES_REGISTER_KEY] != server->key)
		status = STATUS_DENIED;
	if (status == STATUS_OK) {
		if (server->endpoint)
			DISCARD(sys_handle_close(server->endpoint).status, "its server may have taken it back");
		server->endpoint = message->handle;
		message->handle = 0;
	}
	reply(message->token, status, 0);
	if (status == STATUS_OK)
		answer_waiting(server);
}

/* A server has ended: it is started again, unless it has been too often. */
static void server_ended(const struct message *message)
{
	struct server *server = &servers[message->word[PROCESS_MESSAGE_KEY]];
	bool again = server->restarts < RESTARTS_MAX;
	printf("init: the server %s ended: %s, status %ld; %s\n", server->name, status_name(message->word[PROCESS_MESSAGE_HOW]),
	       (int64_t)message->word[PROCESS_MESSAGE_STATUS], again ? "it is started again" : "that is enough");
	must(sys_handle_close(server->process));
	if (server->endpoint)
		DISCARD(sys_handle_close(server->endpoint).status, "its server may have taken it back");
	server->endpoint = 0;
	server->restarts++;
	server->ended = !again || !start_process(server);
	if (server->ended)
		answer_waiting(server);
}

static void tell_option(const struct message *message)
{
	static const char prefix[] = "program.";
	char name[sizeof(prefix) + NAME_CHARS] = {0}, text[24];
	memcpy(name, prefix, sizeof(prefix));
	name_from_words(message->word, name + sizeof(prefix) - 1);
	command_word(name, text, sizeof(text));
	struct message answer = {
		.token = message->token, .type = text[0] ? STATUS_OK : STATUS_NOT_FOUND, .word = {command_number(name, 0)}};
	DISCARD(ipc_reply(names, &answer).status, "whoever asked may have ended");
}

static void serve(struct message *message)
{
	switch (message->type) {
	case NAMES_FIND:
		find(message);
		break;
	case NAMES_REGISTER:
		register_server(message);
		break;
	case NAMES_OPTION:
		tell_option(message);
		break;
	case MESSAGE_PROCESS_ENDED:
		server_ended(message);
		break;
	default:
		reply(message->token, STATUS_INVALID, 0);
	}
}

static int serve_names(void *argument)
{
	(void)argument;
	for (struct message message = {0};;) {
		if (ipc_receive(names, &message).status != STATUS_OK)
			return 1;
		mutex_lock(&servers_mutex);
		serve(&message);
		mutex_unlock(&servers_mutex);
		request_close_handle(&message);
	}
}

/* Neither of the two ends by itself. Should one be killed, because no page was left for it, everybody would wait for it for ever. */
int main(void)
{
	information = object_map(HANDLE_INFORMATION_PAGE, PAGE_BYTES, RIGHTS_READ);
	archive = object_map(HANDLE_BOOT_ARCHIVE, must(sys_object_size(HANDLE_BOOT_ARCHIVE)), RIGHTS_READ);
	names = must(sys_endpoint_create());
	client_names = must(sys_handle_duplicate(names, HANDLE_CALL | HANDLE_GIVE));
	names_handle = client_names;
	must(thread_create("start", run, NULL));
	must(thread_create("names", serve_names, NULL));
	struct result end = thread_join_any();
	printf("init: one of its threads has ended (%s), and with it the run\n", status_name(end.status));
	end_run((uint64_t)-STATUS_CRASHED, true);
}
