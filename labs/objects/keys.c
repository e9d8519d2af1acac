/*
 * Handles as keys: what they open, what they do not, who else has one, and what is left when the last is gone;
 * program.part says which.
 *
 *     1   handles of the wrong type, and numbers that no handle has
 *     2   every right missed once and had once; and a deputy, another process, that is asked to do what its client may not
 *     3   a tree of handles: taken back, closed in the middle, on their way; and things with several
 *         users, which live as long as the last of them
 *     4   two threads, one of which uses what the other gives up
 *
 * It says what it is about with marks, and what it has seen with their values. A wrong answer is no reason to stop.
 */
#include <vitrine.h>

#define CHILDREN_MAX 40
#define DEPUTY 9 /* the argument of the process that is one */

enum request { WRITE_THERE = 1, KEEP, TRY_KEPT, QUIT };

static uint64_t byte = 0x5a;

static uint64_t duplicate(uint64_t handle, uint64_t rights)
{
	return must(sys_handle_duplicate(handle, rights));
}

static bool works(uint64_t handle)
{
	return sys_object_size(handle).status == STATUS_OK;
}

/* Tries something that needs `rights`: says with which handle, and then what the kernel said. */
#define TRY_IT(name, handle, rights, call)                                                                                       \
	do {                                                                                                                     \
		mark_instant(name, (int64_t)((uint64_t)(handle) << 8 | (rights)));                                               \
		mark_instant("told", (int64_t)(call).status);                                                                    \
	} while (0)

/* ---- part 1 ---- */

static void types(void)
{
	uint64_t object = must(sys_object_create(PAGE_BYTES)), endpoint = must(sys_endpoint_create());
	struct name_words name = name_to_words("nobody");
	uint64_t process = must(sys_process_create(name.word[0], name.word[1])), rounds = program_option("rounds", 5);
	struct message message = {.type = 1};
	for (uint64_t i = 0; i < rounds; i++) {
		TRY_IT("nothing", 200 + i, 0, sys_object_size(200 + i));
		TRY_IT("nothing", 255, HANDLE_CALL, ipc_send(255, &message));
		TRY_IT("nothing", 256 + i, HANDLE_CALL, ipc_send(256 + i, &message));
	}
	TRY_IT("nothing", 0, 0, sys_object_size(0));
	TRY_IT("wrong type", endpoint, 0, sys_object_size(endpoint));
	TRY_IT("wrong type", process, 0, sys_object_size(process));
	TRY_IT("wrong type", object, 0, sys_process_unwatch(object, endpoint));
	TRY_IT("wrong type", endpoint, 0, sys_process_unwatch(endpoint, endpoint));
	TRY_IT("wrong type", object, HANDLE_RECEIVE, sys_process_unwatch(process, object));
	TRY_IT("wrong type", process, HANDLE_CALL, ipc_send(process, &message));
	TRY_IT("wrong type", object, HANDLE_RECEIVE, ipc_receive_until(object, &message, 0));
}

/* ---- another process ---- */

static int be_deputy(void)
{
	struct message message = {0};
	uint64_t kept = 0;
	must(ipc_receive(HANDLE_GIVEN, &message));
	while (message.type != QUIT) {
		struct message answer = {.token = message.token};
		if (message.type == WRITE_THERE) {
			TRY_IT("deputy", message.handle, HANDLE_WRITE, sys_object_write(message.handle, 0, (uintptr_t)&byte, 1));
			must(sys_handle_close(message.handle));
		} else if (message.type == KEEP) {
			kept = message.handle;
		} else {
			answer.word[0] = works(kept);
		}
		message = answer;
		must(ipc_reply_receive(HANDLE_GIVEN, &message));
	}
	return 0;
}

static uint64_t start_deputy(uint64_t endpoint)
{
	struct file self;
	must(file_open("keys", &self));
	uint64_t process = must(process_start_with("deputy", self.object, DEPUTY, endpoint));
	must(sys_handle_close(self.object));
	return process;
}

static void end_deputy(uint64_t process, uint64_t endpoint)
{
	must(ipc_send(endpoint, &(struct message){.type = QUIT}));
	check(process_wait(process).value == 0);
	must(sys_handle_close(process));
	must(sys_handle_close(endpoint));
}

static uint64_t ask(uint64_t endpoint, unsigned type, uint64_t handle)
{
	struct message message = {.type = type, .handle = handle};
	must(ipc_call(endpoint, &message));
	return message.word[0];
}

/* ---- part 2 ---- */

/* One with the rights but one, and one with that one alone. */
static void object_rights(uint64_t object)
{
	uint64_t no_read = duplicate(object, HANDLE_ALL & ~HANDLE_READ), read = duplicate(object, HANDLE_READ);
	uint64_t no_write = duplicate(object, HANDLE_ALL & ~HANDLE_WRITE), write = duplicate(object, HANDLE_WRITE);
	uint64_t no_manage = duplicate(object, HANDLE_ALL & ~HANDLE_MANAGE), manage = duplicate(object, HANDLE_MANAGE);
	TRY_IT("may not", no_read, HANDLE_READ, sys_object_read(no_read, 0, (uintptr_t)&byte, 1));
	TRY_IT("may", read, HANDLE_READ, sys_object_read(read, 0, (uintptr_t)&byte, 1));
	TRY_IT("may not", no_write, HANDLE_WRITE, sys_object_write(no_write, 0, (uintptr_t)&byte, 1));
	TRY_IT("may", write, HANDLE_WRITE, sys_object_write(write, 0, (uintptr_t)&byte, 1));
	TRY_IT("may not", no_manage, HANDLE_MANAGE, sys_object_remove(no_manage, 0, 1, REMOVE_RELEASE));
	TRY_IT("may", manage, HANDLE_MANAGE, sys_object_remove(manage, 0, 1, REMOVE_RELEASE));
	uint64_t again = duplicate(no_write, HANDLE_ALL); /* what is lost does not come back */
	TRY_IT("shrunk", again, HANDLE_WRITE, sys_object_write(again, 0, (uintptr_t)&byte, 1));
	again = duplicate(read, HANDLE_READ | HANDLE_WRITE);
	TRY_IT("shrunk", again, HANDLE_WRITE, sys_object_write(again, 0, (uintptr_t)&byte, 1));
}

static void endpoint_rights(uint64_t endpoint, uint64_t object)
{
	struct message message = {.type = 1};
	uint64_t no_call = duplicate(endpoint, HANDLE_ALL & ~HANDLE_CALL), call = duplicate(endpoint, HANDLE_CALL);
	uint64_t no_receive = duplicate(endpoint, HANDLE_ALL & ~HANDLE_RECEIVE), receive = duplicate(endpoint, HANDLE_RECEIVE);
	uint64_t no_give = duplicate(object, HANDLE_ALL & ~HANDLE_GIVE);
	TRY_IT("may not", no_call, HANDLE_CALL, ipc_send(no_call, &message));
	TRY_IT("may", call, HANDLE_CALL, ipc_send(call, &message));
	TRY_IT("may not", no_receive, HANDLE_RECEIVE, ipc_receive_until(no_receive, &message, 0));
	TRY_IT("may", receive, HANDLE_RECEIVE, ipc_receive_until(receive, &message, 0));
	message = (struct message){.type = 1, .handle = no_give};
	TRY_IT("may not", no_give, HANDLE_GIVE, ipc_send(endpoint, &message));
	uint64_t again = duplicate(no_receive, HANDLE_ALL);
	TRY_IT("shrunk", again, HANDLE_RECEIVE, ipc_receive_until(again, &message, 0));
}

static void rights(void)
{
	uint64_t rounds = program_option("rounds", 5), endpoint = must(sys_endpoint_create());
	mark_instant("start", 0);
	uint64_t object = must(sys_object_create(PAGE_BYTES)), own = must(sys_endpoint_create());
	for (uint64_t i = 0; i < rounds; i++) {
		object_rights(object);
		endpoint_rights(own, object);
		must(sys_handle_revoke(object));
		must(sys_handle_revoke(own));
	}
	uint64_t deputy = start_deputy(endpoint), to_read = duplicate(object, HANDLE_READ | HANDLE_GIVE);
	mark_instant("client may not", 0);
	ask(endpoint, WRITE_THERE, to_read);
	mark_instant("client may", 0);
	ask(endpoint, WRITE_THERE, object);
	end_deputy(deputy, endpoint);
}

/* ---- part 3 ---- */

static void revoke(const char *why, uint64_t handle, uint64_t expected)
{
	mark_instant(why, (int64_t)expected);
	struct result result = sys_handle_revoke(handle);
	mark_instant("revoked", (int64_t)result.value);
}

/* `count` children of the first, each with a chain of two; one of the chains is closed in the middle. */
static void tree(uint64_t count)
{
	static uint64_t child[CHILDREN_MAX][3];
	uint64_t first = must(sys_object_create(PAGE_BYTES)), other = must(sys_object_create(PAGE_BYTES)), left = 0;
	uint64_t aside = duplicate(other, HANDLE_ALL);
	for (uint64_t i = 0; i < count; i++)
		for (unsigned depth = 0; depth < 3; depth++)
			child[i][depth] = duplicate(depth ? child[i][depth - 1] : first, HANDLE_ALL);
	revoke("expected", child[0][1], 1);
	mark_instant("left", works(child[0][1]) && !works(child[0][2]) && works(child[1][2]));
	must(sys_handle_close(child[1][1])); /* in the middle */
	mark_instant("closed", works(child[1][2]) && works(child[1][0]) && !works(child[1][1]));
	revoke("expected", child[2][2], 0);
	revoke("moved up", child[1][0], 1); /* the grandchild is its child now */
	revoke("expected", first, 3 * count - 3);
	for (uint64_t i = 0; i < count; i++)
		for (unsigned depth = 0; depth < 3; depth++)
			left += works(child[i][depth]);
	mark_instant("left", left == 0 && works(first) && works(other) && works(aside));
	must(sys_handle_close(first));
	revoke("expected", other, 1);
	must(sys_handle_close(other));
}

/* In the table of another process, and on their way to nobody. */
static void far_away(void)
{
	uint64_t endpoint = must(sys_endpoint_create()), own = must(sys_endpoint_create());
	uint64_t deputy = start_deputy(endpoint), object = must(sys_object_create(PAGE_BYTES));
	struct message message = {.type = 1, .handle = object};
	ask(endpoint, KEEP, object);
	mark_instant("left", ask(endpoint, TRY_KEPT, 0) == 1);
	must(ipc_send(own, &message));
	must(ipc_send(own, &message));
	must(ipc_receive(own, &message));
	uint64_t arrived = message.handle;
	revoke("on its way", object, 3);
	mark_instant("left", ask(endpoint, TRY_KEPT, 0) == 0 && !works(arrived));
	must(ipc_receive(own, &message));
	mark_instant("arrived", (int64_t)message.handle);
	must(ipc_send(own, &(struct message){.type = 1, .handle = object}));
	must(sys_handle_close(own)); /* with a message in it, and a handle in that */
	must(sys_handle_close(object));
	end_deputy(deputy, endpoint);
}

/* Has a mapping, or a second handle, or lies in a message, when its first handle is closed. */
static void lives(uint64_t count)
{
	uint64_t own = must(sys_endpoint_create());
	struct message message;
	mark_instant("start", 0);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t mapped = must(sys_object_create(PAGE_BYTES));
		uint64_t *memory = object_map(mapped, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
		memory[0] = i;
		must(sys_handle_close(mapped));
		(void)memory_settled();
		mark_instant("used", memory[0] == i);
		must(memory_unmap(memory, PAGE_BYTES));
		uint64_t twice = must(sys_object_create(PAGE_BYTES)), second = duplicate(twice, HANDLE_READ);
		must(sys_handle_close(twice));
		(void)memory_settled();
		mark_instant("used", works(second));
		must(sys_handle_close(second));
		uint64_t sent = must(sys_object_create(PAGE_BYTES));
		must(ipc_send(own, &(struct message){.type = 1, .handle = sent}));
		must(sys_handle_close(sent));
		(void)memory_settled();
		must(ipc_receive(own, &message));
		mark_instant("used", works(message.handle));
		must(sys_handle_close(message.handle));
		must(sys_handle_close(must(sys_endpoint_create())));
	}
	(void)memory_settled();
	mark_instant("stop", 0);
	must(sys_handle_close(own));
}

/* ---- part 4 ---- */

static uint64_t offered; /* a handle that may be closed already; 0: it is over */

/* Tries to have one more. */
static int takes(void *argument)
{
	uint64_t got = 0, missed = 0, handle;
	(void)argument;
	while ((handle = __atomic_load_n(&offered, __ATOMIC_ACQUIRE))) {
		struct result copy = sys_handle_duplicate(handle, HANDLE_ALL);
		if (copy.status == STATUS_OK) {
			must(sys_handle_close(copy.value));
			got++;
		} else {
			missed++;
		}
	}
	mark_instant("taken", (int64_t)got);
	mark_instant("missed", (int64_t)missed);
	return 0;
}

static void race(uint64_t turns)
{
	uint64_t object = must(sys_object_create(PAGE_BYTES)), before = 0;
	offered = object;
	uint64_t taker = must(thread_create("taker", takes, NULL));
	mark_instant("start", 0);
	for (uint64_t i = 0; i < turns; i++) {
		uint64_t next = must(sys_object_create(PAGE_BYTES));
		__atomic_store_n(&offered, next, __ATOMIC_RELEASE);
		if (before)
			must(sys_handle_close(before));
		before = next;
	}
	__atomic_store_n(&offered, 0, __ATOMIC_RELEASE);
	must(thread_join(taker));
	must(sys_handle_close(before));
	(void)memory_settled();
	mark_instant("stop", 0);
	must(sys_handle_close(object));
}

int main(void)
{
	if (program_argument() == DEPUTY)
		return be_deputy();
	uint64_t part = program_option("part", 0);
	if (part == 1)
		types();
	if (part == 2)
		rights();
	for (unsigned i = 0; part == 3 && i < 2; i++) { /* the first time leaves in memory what stays there for good */
		mark_instant("pages", (int64_t)memory_settled());
		tree(program_option("children", 10));
		far_away();
		lives(program_option("things", 5));
		mark_instant("pages", (int64_t)memory_settled());
	}
	if (part == 4)
		race(program_option("turns", 3000));
	return checks_failed();
}
