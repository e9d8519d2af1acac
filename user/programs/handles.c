/*
 * Handles: rights that shrink, and what was given taken back.
 *
 * Duplicates of duplicates, handles given to another process and on to a third, and one that is on its way in a message that nobody has received:
 * a revoke of the first closes them all and leaves the first. Closing one in the middle takes nothing from those made of it, and they can still
 * be revoked. All of it happens twice, each time in a process of its own; the second must leave nothing.
 */
#include <vitrine.h>

#define MANY 200

enum request { TAKE = 1, USE, PASS_ON, QUIT };

static uint64_t duplicate(uint64_t handle, uint64_t rights)
{
	return must(sys_handle_duplicate(handle, rights));
}

static bool works(uint64_t handle)
{
	return sys_object_size(handle).status == STATUS_OK;
}

/* ---- within a process ---- */

static void revoke_takes_descendants(void)
{
	uint64_t first = must(sys_object_create(PAGE_BYTES));
	uint64_t other = must(sys_object_create(PAGE_BYTES));
	uint64_t child = duplicate(first, HANDLE_ALL), grandchild = duplicate(child, HANDLE_ALL);
	uint64_t sibling = duplicate(first, HANDLE_READ), aside = duplicate(other, HANDLE_ALL);
	check(sys_handle_revoke(child).value == 1);
	check(works(first) && works(child) && !works(grandchild) && works(sibling) && works(aside));
	grandchild = duplicate(child, HANDLE_ALL);
	check(sys_handle_revoke(first).value == 3);
	check(works(first) && !works(child) && !works(grandchild) && !works(sibling) && works(other) && works(aside));
	check(sys_handle_revoke(first).value == 0);
	check(sys_handle_revoke(child).status == STATUS_NOT_FOUND);
	must(sys_handle_close(first));
	check(sys_handle_revoke(other).value == 1);
	must(sys_handle_close(other));
}

/* The one in the middle is closed: who came of it came of its parent, and of no brother of it. */
static void close_in_the_middle(void)
{
	uint64_t first = must(sys_object_create(PAGE_BYTES));
	uint64_t brother = duplicate(first, HANDLE_ALL), middle = duplicate(first, HANDLE_ALL);
	uint64_t last = duplicate(duplicate(middle, HANDLE_READ | HANDLE_GIVE), HANDLE_ALL);
	must(sys_handle_close(middle));
	check(works(last) && sys_handle_revoke(brother).value == 0 && works(last));
	check(sys_handle_revoke(first).value == 3 && !works(last) && !works(brother));
	must(sys_handle_close(first));
}

static void chain_of_duplicates(void)
{
	uint64_t first = must(sys_object_create(PAGE_BYTES)), last = first;
	static uint64_t handles[MANY];
	for (unsigned i = 0; i < MANY; i++) {
		handles[i] = duplicate(first, HANDLE_ALL);
		uint64_t next = duplicate(last, HANDLE_ALL);
		if (last != first) /* the chain moves on, and is never longer than one */
			must(sys_handle_close(last));
		last = next;
	}
	for (unsigned i = 0; i < MANY; i++)
		check(works(handles[i]));
	check(sys_handle_revoke(first).value == MANY + 1);
	check(works(first) && !works(last));
	must(sys_handle_close(first));
}

/* Each right that can be missing, missed; the trace names it. */
static void rights_shrink(void)
{
	uint64_t object = must(sys_object_create(PAGE_BYTES));
	uint64_t nothing = duplicate(object, 0), reads = duplicate(object, HANDLE_READ), byte = 0;
	check(sys_object_write(reads, 0, (uintptr_t)&byte, 1).status == STATUS_DENIED);
	check(sys_object_read(nothing, 0, (uintptr_t)&byte, 1).status == STATUS_DENIED);
	check(sys_object_remove(reads, 0, 1, REMOVE_RELEASE).status == STATUS_DENIED);
	uint64_t again = duplicate(reads, HANDLE_ALL);
	check(sys_object_write(again, 0, (uintptr_t)&byte, 1).status == STATUS_DENIED);
	check(sys_object_read(again, 0, (uintptr_t)&byte, 1).status == STATUS_OK);
	uint64_t endpoint = must(sys_endpoint_create()), calls = duplicate(endpoint, HANDLE_CALL);
	check(ipc_receive_until(calls, &(struct message){0}, 0).status == STATUS_DENIED);
	check(ipc_send(calls, &(struct message){.type = 1, .handle = reads}).status == STATUS_DENIED);
	check(sys_object_size(endpoint).status == STATUS_INVALID);
	must(sys_handle_close(endpoint));
	must(sys_handle_close(calls));
	check(sys_handle_revoke(object).value == 3);
	must(sys_handle_close(object));
}

/* What is on its way when it is revoked does not arrive. */
static void revoke_on_its_way(void)
{
	uint64_t endpoint = must(sys_endpoint_create()), object = must(sys_object_create(PAGE_BYTES));
	struct message message = {.type = 1, .handle = object};
	must(ipc_send(endpoint, &message));
	must(ipc_send(endpoint, &message));
	must(ipc_receive(endpoint, &message));
	uint64_t arrived = message.handle;
	check(arrived && works(arrived));
	check(sys_handle_revoke(object).value == 2 && !works(arrived));
	must(ipc_receive(endpoint, &message));
	check(message.handle == (MESSAGE_HANDLE_LOST | STATUS_GONE));
	must(ipc_send(endpoint, &(struct message){.type = 1, .handle = object}));
	must(sys_handle_close(object)); /* the last in a table; the message keeps the object */
	must(ipc_receive(endpoint, &message));
	check(works(message.handle));
	must(sys_handle_close(message.handle));
	must(sys_handle_close(endpoint));
}

/* ---- in other processes ---- */

/* A child: takes handles, says whether they work, and passes them on to a child of its own. */
static int serves(uint64_t endpoint)
{
	struct message message = {0};
	uint64_t taken = 0;
	must(ipc_receive(endpoint, &message));
	while (message.type != QUIT) {
		if (message.type == TAKE)
			taken = message.handle;
		message = (struct message){.token = message.token, .type = REPLY_OK, .word = {works(taken)}, .handle = 0};
		must(ipc_reply_receive(endpoint, &message));
	}
	return 0;
}

/* A process with the same code, serving at an endpoint of ours. */
static uint64_t start_server(uint64_t endpoint)
{
	struct file self;
	must(file_open("handles", &self));
	uint64_t process = must(process_start_with("handles", self.object, 2, endpoint));
	must(sys_handle_close(self.object));
	return process;
}

static bool works_there(uint64_t server)
{
	struct message message = {.type = USE};
	must(ipc_call(server, &message));
	return message.word[0];
}

static void revoke_in_other_processes(void)
{
	uint64_t server[2], process[2], object = must(sys_object_create(PAGE_BYTES)), given = duplicate(object, HANDLE_ALL);
	for (unsigned i = 0; i < 2; i++) {
		server[i] = must(sys_endpoint_create());
		process[i] = start_server(server[i]);
		must(ipc_call(server[i], &(struct message){.type = TAKE, .handle = i ? object : given}));
		check(works_there(server[i]));
	}
	check(sys_handle_revoke(given).value == 1);
	check(works(given) && !works_there(server[0]) && works_there(server[1]));
	check(sys_handle_revoke(object).value == 2);
	check(works(object) && !works(given) && !works_there(server[1]));
	for (unsigned i = 0; i < 2; i++) {
		must(ipc_send(server[i], &(struct message){.type = QUIT}));
		check(process_wait(process[i]).value == 0);
		must(sys_handle_close(process[i]));
		must(sys_handle_close(server[i]));
	}
	must(sys_handle_close(object));
}

int main(void)
{
	if (program_argument() == 0)
		return check_leaves_nothing("handles", 1, 1);
	if (program_argument() == 2)
		return serves(HANDLE_GIVEN);
	revoke_takes_descendants();
	close_in_the_middle();
	chain_of_duplicates();
	rights_shrink();
	revoke_on_its_way();
	revoke_in_other_processes();
	return checks_failed();
}
