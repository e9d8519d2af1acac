/*
 * What the kernel costs, measured from outside: one line an operation,
 *
 *     bench NAME NANOSECONDS ns TICKS ticks
 *
 * both for one operation, with three decimals, as the least of several batches. Run it with `--icount`: then a nanosecond is a
 * guest instruction, and the figures are the same in every run. Batches are short so that most of them see no timer interrupt.
 *
 * The cost of a trace event needs two runs: null_syscall emits two events, so the difference between its cost with the category
 * `syscall` on and off, halved, is one event. `make bench` does that.
 * The partner of a switch, the server of a call and the provider of a page are another process: this program once more, with a
 * number that says which of them it is to be.
 */
#include <vitrine.h>

#define BATCHES 15

struct benchmark {
	const char *name;
	unsigned operations; /* in one batch */
	void (*prepare)(unsigned operations);
	void (*run)(unsigned operations);
	void (*clean_up)(unsigned operations);
};

/* ---- what is measured ---- */

static void run_null_syscall(unsigned operations)
{
	for (unsigned i = 0; i < operations; i++)
		DISCARD(sys_null().status, "it does nothing");
}

static void run_trace_mark(unsigned operations)
{
	struct result ignored;
	for (unsigned i = 0; i < operations; i++)
		ignored = sys_trace_mark(MARK_INSTANT, 0, 0, i, 0);
	(void)ignored;
}

static void run_clock(unsigned operations)
{
	for (unsigned i = 0; i < operations; i++)
		clock_ns();
}

/* ---- the other process ---- */

enum role { ROLE_MEASURE, ROLE_YIELD, ROLE_SERVE };

static uint64_t start_other(enum role role, uint64_t handle)
{
	struct file program;
	must(file_open("bench", &program));
	uint64_t process = must(process_start_with("other", program.object, role, handle));
	must(sys_handle_close(program.object));
	return process;
}

static void end_other(uint64_t process)
{
	must(sys_process_kill(process));
	(void)!process_wait(process).status;
	must(sys_handle_close(process));
}

/* Answers every message with "yes": for a call that is all there is to say, for a page that it is there, as zeros. */
static int serve(uint64_t endpoint)
{
	struct message message = {0};
	struct result result = ipc_receive(endpoint, &message);
	while (result.status == STATUS_OK) {
		message.type = REPLY_OK;
		result = ipc_reply_receive(endpoint, &message);
	}
	return 1;
}

static _Noreturn void yield_for_ever(void)
{
	for (;;)
		thread_yield();
}

/* ---- two threads of two processes ---- */

/* A partner on the same CPU that does nothing but yield: every yield of ours is one switch to it, and its yield one back. */
static uint64_t partner;

static void prepare_switch(unsigned operations)
{
	(void)operations;
	partner = start_other(ROLE_YIELD, 0);
	for (unsigned i = 0; i < 100; i++)
		thread_yield();
}

static void run_switch(unsigned operations)
{
	for (unsigned i = 0; i < operations / 2; i++)
		thread_yield();
}

static void clean_up_switch(unsigned operations)
{
	(void)operations;
	end_other(partner);
}

/* A server that answers at once, and its pages. */
static uint64_t server_endpoint;

static void start_server(void)
{
	if (server_endpoint)
		return;
	server_endpoint = must(sys_endpoint_create());
	start_other(ROLE_SERVE, server_endpoint);
	must(ipc_call(server_endpoint, &(struct message){0}));
}

static void prepare_call(unsigned operations)
{
	(void)operations;
	start_server();
}

static void run_call(unsigned operations)
{
	struct message message = {.word = {1, 2, 3, 4}};
	for (unsigned i = 0; i < operations; i++)
		must(ipc_call(server_endpoint, &message));
}

/* A message to oneself: sent, and received. */
static uint64_t own_endpoint;

static void prepare_send(unsigned operations)
{
	(void)operations;
	if (!own_endpoint)
		own_endpoint = must(sys_endpoint_create());
}

static void run_send(unsigned operations)
{
	struct message message = {.type = 1, .word = {1, 2, 3, 4}};
	for (unsigned i = 0; i < operations; i++) {
		must(ipc_send(own_endpoint, &message));
		must(ipc_receive(own_endpoint, &message));
	}
}

/* A thread that is told by one word, and tells by another. */
static uint32_t told, tells;
static uint64_t word_thread;

static int answer_by_word(void *argument)
{
	(void)argument;
	for (uint32_t turn = 0; turn < UINT32_MAX; turn++) { /* until it is killed */
		while (__atomic_load_n(&told, __ATOMIC_ACQUIRE) == turn)
			DISCARD(sync_wait(&told, turn, WAIT_FOREVER), "it looks again");
		__atomic_store_n(&tells, turn + 1, __ATOMIC_RELEASE);
		sync_wake(&tells, 1);
	}
	return 0;
}

static void prepare_words(unsigned operations)
{
	(void)operations;
	told = tells = 0;
	word_thread = must(thread_create_on(ONLY_CPU(0), "words", answer_by_word, NULL));
	thread_sleep_us(100);
}

static void run_words(unsigned operations)
{
	for (uint32_t turn = 0; turn < operations; turn++) {
		__atomic_store_n(&told, turn + 1, __ATOMIC_RELEASE);
		sync_wake(&told, 1);
		while (__atomic_load_n(&tells, __ATOMIC_ACQUIRE) == turn)
			DISCARD(sync_wait(&tells, turn, WAIT_FOREVER), "it looks again");
	}
}

static void clean_up_words(unsigned operations)
{
	(void)operations;
	must(thread_kill(word_thread));
	must(thread_join(word_thread));
}

/* ---- pages ---- */

/* First touches of pages. The load suffices: it needs a page, and the kernel fills it with zeros. */
static volatile uint8_t *fault_pages;

static void prepare_fault(unsigned operations)
{
	fault_pages = memory_new(operations * PAGE_BYTES);
}

static void run_fault(unsigned operations)
{
	for (unsigned i = 0; i < operations; i++)
		(void)fault_pages[i * PAGE_BYTES];
}

static void clean_up_fault(unsigned operations)
{
	must(memory_unmap((void *)fault_pages, operations * PAGE_BYTES));
}

/* Touches of pages that are there, and that the MMU was made to forget. */
static void prepare_soft_fault(unsigned operations)
{
	prepare_fault(operations);
	run_fault(operations);
	memory_forget();
}

/*
 * Pages that a provider has to bring: the fault, the message, the switch to the provider, its answer, the switch back. The provider has
 * nothing to do but answer: the frame comes zeroed, and that is what it says the page holds.
 */
static uint64_t provided_object;

static void prepare_provider(unsigned operations)
{
	start_server();
	provided_object = must(sys_object_provide(server_endpoint, operations * PAGE_BYTES, 0, 0));
	fault_pages = (void *)must(sys_object_map(provided_object, 0, 0, operations * PAGE_BYTES, RIGHTS_READ));
}

static void clean_up_provider(unsigned operations)
{
	clean_up_fault(operations);
	must(sys_handle_close(provided_object));
}

static int end_at_once(void *argument)
{
	(void)argument;
	return 0;
}

static void run_thread(unsigned operations)
{
	for (unsigned i = 0; i < operations; i++)
		must(thread_join(must(thread_create_on(ONLY_CPU(0), "short", end_at_once, NULL))));
}

/* ---- how it is measured ---- */

static void nothing(unsigned operations)
{
	(void)operations;
}

static const struct benchmark benchmarks[] = {
	{"null_syscall", 1000, nothing, run_null_syscall, nothing},
	{"trace_mark", 1000, nothing, run_trace_mark, nothing},
	{"clock_now", 1000, nothing, run_clock, nothing},
	{"switch", 500, prepare_switch, run_switch, clean_up_switch},
	{"ipc_round_trip", 200, prepare_call, run_call, nothing},
	{"send_receive", 200, prepare_send, run_send, nothing},
	{"word_round_trip", 200, prepare_words, run_words, clean_up_words},
	{"zero_fill_fault", 128, prepare_fault, run_fault, clean_up_fault},
	{"soft_fault", 128, prepare_soft_fault, run_fault, clean_up_fault},
	{"provider_fault", 64, prepare_provider, run_fault, clean_up_provider},
	{"thread_create_exit", 20, nothing, run_thread, nothing},
};

struct cost {
	uint64_t ns;
	uint64_t ticks;
};

static struct cost measure_batch(const struct benchmark *benchmark)
{
	benchmark->prepare(benchmark->operations);
	uint64_t start_ns = clock_ns();
	uint64_t start_ticks = clock_ticks();
	benchmark->run(benchmark->operations);
	uint64_t end_ticks = clock_ticks();
	uint64_t end_ns = clock_ns();
	benchmark->clean_up(benchmark->operations);
	return (struct cost){end_ns - start_ns, end_ticks - start_ticks};
}

static void measure(const struct benchmark *benchmark)
{
	struct cost least = {UINT64_MAX, UINT64_MAX};
	for (unsigned i = 0; i < BATCHES; i++) {
		struct cost cost = measure_batch(benchmark);
		least.ns = cost.ns < least.ns ? cost.ns : least.ns;
		least.ticks = cost.ticks < least.ticks ? cost.ticks : least.ticks;
	}
	uint64_t milli_ns = least.ns * 1000 / benchmark->operations;
	uint64_t milli_ticks = least.ticks * 1000 / benchmark->operations;
	printf("bench %s %lu.%03lu ns %lu.%03lu ticks\n", benchmark->name, milli_ns / 1000, milli_ns % 1000, milli_ticks / 1000,
	       milli_ticks % 1000);
}

int main(void)
{
	must(thread_run_on(ONLY_CPU(0)));
	if (program_argument() == ROLE_YIELD)
		yield_for_ever();
	if (program_argument() == ROLE_SERVE)
		return serve(HANDLE_GIVEN);
	for (unsigned i = 0; i < ARRAY_LENGTH(benchmarks); i++) {
		mark_begin(benchmarks[i].name);
		measure(&benchmarks[i]);
		mark_end(benchmarks[i].name);
	}
	return 0;
}
