/*
 * Grace periods, brought about on purpose: what is given up while nobody, somebody or everybody may still be looking at it.
 *
 * Many things made and closed at once must leave memory as it was. Then, with a second CPU: one that is long in a system call on the very
 * object whose last handle is closed meanwhile; one that computes for ever and never calls the kernel; and one that is in the
 * kernel nearly all the time, while this one closes more than can be kept waiting; at last so much is given up in one call that its thread
 * has to wait. The marks tell the phases apart in a trace;
 * the group of tests `rcu` reads there what no program can see: when the kernel freed what.
 * program.rcu=NUMBER says how many things are made in the first phase.
 */
#include <vitrine.h>

#define MADE 4000
#define CLOSED 3000
#define READERS 8     /* one after the other */
#define READS 3       /* of each */
#define SLACK_PAGES 4 /* of slabs that are partly full */
#define BIG_BYTES (UINT64_C(1) << 30)
#define BIG_PAGES (BIG_BYTES / PAGE_BYTES)
#define HELD 172 /* with each of them six things are given up: together a little more than are kept waiting */

static int nothing(void *argument)
{
	(void)argument;
	return 0;
}

/* One thing of some kind, made and given up. */
static void make_and_close(unsigned number)
{
	if (number % 512 == 0)
		must(sys_handle_close(must(sys_process_create(0, 0))));
	else if (number % 64 == 0)
		must(thread_join(must(thread_create("short", nothing, NULL))));
	else if (number % 3 == 0)
		must(sys_handle_close(must(sys_object_create(PAGE_BYTES))));
	else
		must(sys_handle_close(must(sys_endpoint_create())));
}

static void make_many(unsigned count)
{
	uint64_t most = 0;
	mark_begin("make many");
	for (unsigned i = 1; i <= count; i++) {
		make_and_close(i);
		uint64_t leaving = must(sys_memory_info(MEMORY_LEAVING));
		most = leaving > most ? leaving : most;
	}
	mark_end("make many");
	mark_counter("leaving at most", (int64_t)most);
}

/* ---- with another CPU ---- */

static uint32_t stop, reading;

/* A call on an object that takes a long time and has nothing to do: not a page of it is there. False once its handle is closed. */
static bool read_all(uint64_t big)
{
	mark_begin("read");
	struct result result = sys_object_remove(big, 0, BIG_PAGES, REMOVE_EVICT);
	mark_end("read");
	return result.status == STATUS_OK;
}

static int reads(void *argument)
{
	__atomic_store_n(&reading, 1, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < READS && read_all((uintptr_t)argument); i++)
		;
	return 0;
}

static int reads_on(void *argument)
{
	__atomic_store_n(&reading, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE))
		check(read_all((uintptr_t)argument));
	return 0;
}

static int computes(void *argument)
{
	(void)argument;
	__atomic_store_n(&reading, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE))
		;
	return 0;
}

static uint64_t start_on_other_cpu(const char *name, thread_function *function, uint64_t argument)
{
	reading = 0;
	stop = 0;
	uint64_t thread = must(thread_create_on(ONLY_CPU(1), name, function, (void *)(uintptr_t)argument));
	while (!__atomic_load_n(&reading, __ATOMIC_ACQUIRE))
		thread_yield();
	return thread;
}

/* Somebody is in the kernel with the object when its last handle goes. */
static void close_under_a_reader(void)
{
	for (unsigned i = 0; i < READERS; i++) {
		uint64_t big = must(sys_object_create(BIG_BYTES));
		uint64_t thread = start_on_other_cpu("reader", reads, big);
		thread_yield();
		mark_instant("close", i);
		must(sys_handle_close(big));
		check(must(thread_join(thread)) == 0);
		memory_settled();
	}
}

static void close_many(const char *name, unsigned count)
{
	mark_begin(name);
	for (unsigned i = 0; i < count; i++)
		must(sys_handle_close(must(sys_endpoint_create())));
	mark_end(name);
}

static void close_beside(const char *name, thread_function *function, uint64_t argument)
{
	uint64_t thread = start_on_other_cpu("other", function, argument);
	close_many(name, CLOSED);
	memory_settled();
	if (function == computes) /* it has never left user mode by itself, and nothing waits for it */
		check(must(sys_memory_info(MEMORY_LEAVING)) == 0);
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	must(thread_join(thread));
}

/*
 * Ends a process that has endpoints, each with two messages that carry the last handle of an object: in one call, while another CPU computes. The
 * call's thread waits then.
 */
static void close_at_once(void)
{
	uint64_t process = must(sys_process_create(0, 0));
	for (unsigned i = 0; i < HELD; i++) {
		uint64_t endpoint = must(sys_endpoint_create());
		for (unsigned message = 0; message < 2; message++) {
			uint64_t object = must(sys_object_create(PAGE_BYTES));
			must(ipc_send(endpoint, &(struct message){.type = 1, .handle = object}));
			must(sys_handle_close(object));
		}
		must(sys_process_give(process, endpoint, HANDLE_ALL));
		must(sys_handle_close(endpoint));
	}
	uint64_t thread = start_on_other_cpu("other", computes, 0);
	memory_settled();
	mark_begin("heap");
	must(sys_process_kill(process));
	mark_end("heap");
	__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	must(thread_join(thread));
	must(sys_handle_close(process));
}

int main(void)
{
	unsigned count = (unsigned)program_option("rcu", MADE);
	make_many(512); /* once for what is kept for the next time: slabs, stacks */
	uint64_t before = memory_settled();
	make_many(count);
	uint64_t after = memory_settled();
	check(after + SLACK_PAGES >= before);
	if (thread_run_on(ONLY_CPU(1)).status == STATUS_OK) {
		must(thread_run_on(ONLY_CPU(0)));
		close_under_a_reader();
		close_beside("spin", computes, 0);
		close_beside("pile", reads_on, must(sys_object_create(BIG_BYTES)));
		close_at_once();
	}
	printf("rcu: %u made, %lu pages free before, %lu after, %d things wrong\n", count, before, after, checks_failed());
	return checks_failed();
}
