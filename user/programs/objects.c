/*
 * Objects, handles, messages, processes and servers, asked for badly: the exact answer to each.
 *
 * The counterpart of syscalls.c for what has a handle. Nothing here may do more than say no; at the end the program has as many free pages as
 * at the beginning, so a refusal has left nothing behind.
 */
#include <servers.h>

#define RW (RIGHTS_READ | RIGHTS_WRITE)
#define GIB (UINT64_C(1) << 30)
#define AT (700 * GIB)

static unsigned calls;
static int wrong;

#define answers(call, wanted) answers_at((call).status, STATUS_##wanted, #call, __LINE__)

static void answers_at(uint64_t status, uint64_t wanted, const char *call, int line)
{
	calls++;
	if (status == wanted)
		return;
	wrong++;
	printf("line %d: %s: %s instead of %s\n", line, call, status_name(status), status_name(wanted));
}

static uint64_t object, endpoint;

static void make_badly(void)
{
	answers(sys_object_create(0), INVALID);
	answers(sys_object_create(1), INVALID);
	answers(sys_object_create(PAGE_BYTES + 8), INVALID);
	answers(sys_object_create(GIB + PAGE_BYTES), LIMIT);
	answers(sys_object_create(-PAGE_BYTES), LIMIT);
	answers(sys_object_provide(endpoint, 0, 0, 0), INVALID);
	answers(sys_object_provide(endpoint, PAGE_BYTES, 0, 2), INVALID);
	answers(sys_object_provide(object, PAGE_BYTES, 0, 0), INVALID);
	answers(sys_object_provide(99, PAGE_BYTES, 0, 0), NOT_FOUND);
	answers(sys_object_copy(object, 0, 0), INVALID);
	answers(sys_object_copy(object, 0, 5), INVALID);
	answers(sys_object_copy(object, 4, 1), INVALID);
	answers(sys_object_copy(object, UINT64_MAX, 2), INVALID);
	answers(sys_object_copy(endpoint, 0, 1), INVALID);
	answers(sys_object_copy(0, 0, 1), NOT_FOUND);
	answers(sys_object_size(endpoint), INVALID);
	answers(sys_object_size(UINT64_MAX), NOT_FOUND);
}

static void map_badly(void)
{
	answers(sys_object_map(object, 0, 0, 0, RW), INVALID);
	answers(sys_object_map(object, 0, 0, PAGE_BYTES + 1, RW), INVALID);
	answers(sys_object_map(object, AT + 1, 0, PAGE_BYTES, RW), INVALID);
	answers(sys_object_map(object, 0, 0, 5 * PAGE_BYTES, RW), INVALID);
	answers(sys_object_map(object, 0, 4, PAGE_BYTES, RW), INVALID);
	answers(sys_object_map(object, 0, UINT64_MAX, PAGE_BYTES, RW), INVALID);
	answers(sys_object_map(object, -PAGE_BYTES, 0, PAGE_BYTES, RW), INVALID);
	answers(sys_object_map(object, UINT64_C(1) << 40, 0, PAGE_BYTES, RW), INVALID); /* stacks */
	answers(sys_object_map(object, UINT64_C(2) << 40, 0, PAGE_BYTES, RW), INVALID); /* devices */
	answers(sys_object_map(object, 0, 0, PAGE_BYTES, RW | RIGHTS_EXEC), DENIED);
	answers(sys_object_map(object, 0, 0, PAGE_BYTES, RIGHTS_WRITE), INVALID);
	answers(sys_object_map(object, 0, 0, PAGE_BYTES, RW | 0x10), INVALID);
	answers(sys_object_map(object, 0, 0, PAGE_BYTES, RW | MAP_WINDOW), INVALID); /* it has no provider */
	answers(sys_object_map(object, 0, 0, PAGE_BYTES, RW | UINT64_C(77) << 32), NOT_FOUND);
	answers(sys_object_map(object, 0, 0, PAGE_BYTES, RW | object << 32), INVALID);
	answers(sys_object_map(endpoint, 0, 0, PAGE_BYTES, RW), INVALID);
	answers(sys_object_map(object, AT, 0, 4 * PAGE_BYTES, RW), OK);
	answers(sys_object_map(object, AT + 3 * PAGE_BYTES, 0, PAGE_BYTES, RW), EXISTS);
	answers(sys_object_map(object, AT - PAGE_BYTES, 0, 2 * PAGE_BYTES, RW), EXISTS);
	answers(sys_vm_unmap(AT, 4 * PAGE_BYTES), OK);
}

static void move_bytes_badly(void)
{
	uint64_t word = 0;
	answers(sys_object_read(object, 4 * PAGE_BYTES, (uintptr_t)&word, 8), INVALID);
	answers(sys_object_read(object, UINT64_MAX, (uintptr_t)&word, 8), INVALID);
	answers(sys_object_read(endpoint, 0, (uintptr_t)&word, 8), INVALID);
	answers(sys_object_write(object, 4 * PAGE_BYTES, (uintptr_t)&word, 8), INVALID);
	answers(sys_object_remove(object, 0, 5, REMOVE_FLUSH), INVALID);
	answers(sys_object_remove(object, 5, UINT64_MAX, REMOVE_FLUSH), INVALID);
	answers(sys_object_remove(object, 0, 4, REMOVE_EVICT + 1), INVALID);
	answers(sys_vm_query(UINT64_MAX, (uintptr_t)&word), INVALID);
	answers(sys_memory_info(MEMORY_INFO_COUNT), INVALID);
	answers(sys_memory_cast_out(PRESSURE_CRITICAL + 1), INVALID);
}

/* Rights only shrink, and what is missing is refused. */
static void rights_badly(void)
{
	uint64_t weak = must(sys_handle_duplicate(object, HANDLE_READ));
	answers(sys_object_map(weak, 0, 0, PAGE_BYTES, RW), DENIED);
	answers(sys_object_remove(weak, 0, 1, REMOVE_FLUSH), DENIED);
	uint64_t weaker = must(sys_handle_duplicate(weak, HANDLE_ALL));
	answers(sys_object_map(weaker, 0, 0, PAGE_BYTES, RW), DENIED);
	uint64_t mapped = must(sys_object_map(weaker, 0, 0, PAGE_BYTES, RIGHTS_READ));
	answers(sys_vm_protect(mapped, PAGE_BYTES, RW), DENIED);
	answers(sys_vm_protect(mapped, PAGE_BYTES, RIGHTS_NONE), OK);
	answers(sys_vm_protect(mapped, PAGE_BYTES, RIGHTS_READ), OK);
	answers(sys_vm_unmap(mapped, PAGE_BYTES), OK);
	answers(sys_handle_close(weak), OK);
	answers(sys_handle_close(weak), NOT_FOUND);
	answers(sys_handle_close(weaker), OK);
	answers(sys_handle_close(0), NOT_FOUND);
	answers(sys_handle_close(UINT64_MAX), NOT_FOUND);
	answers(sys_handle_duplicate(0, HANDLE_ALL), NOT_FOUND);
	/* A full table is a status too. */
	static uint64_t handles[HANDLES_MAX];
	unsigned count = 0;
	struct result result;
	while (count < HANDLES_MAX && (result = sys_handle_duplicate(object, 0)).status == STATUS_OK)
		handles[count++] = result.value;
	answers(result, LIMIT);
	while (count)
		answers(sys_handle_close(handles[--count]), OK);
}

static void talk_badly(void)
{
	struct message message = {.type = MESSAGE_PAGE_READ};
	answers(ipc_call(endpoint, &message), DENIED); /* the kernel's own type */
	message = (struct message){.type = 1, .handle = 99};
	answers(ipc_call(endpoint, &message), NOT_FOUND);
	uint64_t kept = must(sys_handle_duplicate(object, HANDLE_READ));
	message = (struct message){.type = 1, .handle = kept};
	answers(ipc_call(endpoint, &message), DENIED); /* not to be passed on */
	answers(sys_handle_close(kept), OK);
	message = (struct message){.token = 12345};
	answers(ipc_reply(endpoint, &message), NOT_FOUND);
	answers(ipc_reply(object, &message), INVALID);
	uint64_t caller = must(sys_handle_duplicate(endpoint, HANDLE_CALL));
	answers(ipc_receive(caller, &message), DENIED);
	answers(ipc_reply(caller, &message), DENIED);
	answers(sys_object_provide(caller, PAGE_BYTES, 0, 0), DENIED);
	answers(sys_handle_close(caller), OK);
}

static void start_badly(void)
{
	uint64_t process = must(sys_process_create(0, 0));
	answers(sys_process_wait(process), INVALID); /* it was never started */
	answers(sys_process_give(process, 99, HANDLE_ALL), NOT_FOUND);
	answers(sys_process_give(99, object, HANDLE_ALL), NOT_FOUND);
	answers(sys_process_give(object, object, HANDLE_ALL), INVALID);
	answers(sys_process_start(process, UINT64_MAX, 0), INVALID);
	answers(sys_process_start(object, PAGE_BYTES, 0), INVALID);
	uint64_t weak = must(sys_handle_duplicate(process, 0));
	answers(sys_process_start(weak, PAGE_BYTES, 0), DENIED);
	answers(sys_process_kill(weak), DENIED);
	answers(sys_object_map(object, 0, 0, PAGE_BYTES, RW | weak << 32), DENIED);
	answers(sys_handle_close(weak), OK);
	/* Started with nothing in it, it is killed by its first instruction. */
	answers(sys_process_start(process, PAGE_BYTES, 0), OK);
	answers(sys_process_wait(process), CRASHED);
	answers(sys_process_wait(process), CRASHED);
	answers(sys_process_start(process, PAGE_BYTES, 0), EXISTS);
	answers(sys_process_kill(process), OK);
	answers(sys_process_give(process, object, HANDLE_ALL), EXISTS);
	answers(sys_handle_close(process), OK);
}

/* ---- servers ---- */

#define NO_REQUEST 99
#define SOON_NS 1000000

/* A handle that nobody wants, with a request that nobody knows, more often than a table has room. */
static void ask_badly(uint64_t server)
{
	struct message message;
	for (unsigned i = 0; i <= HANDLES_MAX; i++) {
		message = (struct message){.type = NO_REQUEST, .handle = endpoint};
		answers(ipc_call(server, &message), OK);
		check(message.type == STATUS_INVALID && message.handle == 0);
	}
}

/* Somebody who does not wait any more keeps nobody from reading; somebody who does is not driven away. */
static void read_badly(uint64_t serial)
{
	uint64_t own = must(sys_endpoint_create());
	struct message message;
	for (unsigned i = 0; i < 3; i++) {
		message = (struct message){.type = SERIAL_READ};
		answers(ipc_call_until(serial, &message, clock_ns() + SOON_NS), TIMED_OUT);
	}
	message = (struct message){.type = SERIAL_READ};
	uint64_t token = must(ipc_call_noblk(serial, &message, own));
	answers(ipc_call(serial, &message), OK);
	check(message.type == STATUS_EXISTS);
	answers(ipc_receive(own, &message), OK);
	check(message.token == token && message.type == STATUS_OK && message.word[0] == 0);
	answers(sys_handle_close(own), OK);
}

static void servers_badly(void)
{
	static const char *const servers[] = {"pnor", "attr", "intr", "serial", "modules"};
	ask_badly(HANDLE_NAMES);
	for (unsigned i = 0; i < ARRAY_LENGTH(servers); i++) {
		uint64_t server = must(service_find(servers[i]));
		answers(service_register(servers[i], endpoint), DENIED); /* we are not that one */
		ask_badly(server);
		if (!strcmp(servers[i], "serial"))
			read_badly(server);
		answers(sys_handle_close(server), OK);
	}
	answers(service_register("nobody", endpoint), NOT_FOUND);
}

static void everything(void)
{
	object = must(sys_object_create(4 * PAGE_BYTES));
	endpoint = must(sys_endpoint_create());
	make_badly();
	map_badly();
	move_bytes_badly();
	rights_badly();
	talk_badly();
	start_badly();
	servers_badly();
	answers(sys_handle_close(object), OK);
	answers(sys_handle_close(endpoint), OK);
}

int main(void)
{
	everything(); /* once for what is kept for the next time: tables, slabs */
	uint64_t free = memory_settled();
	everything();
	check(memory_settled() + 4 >= free);
	wrong += checks_failed();
	printf("objects: %u calls, %d wrong answers\n", calls, wrong);
	return wrong;
}
