/*
 * Turmoil: threads that create, call, send, answer, wait, kill and destroy at random, and nothing of it is left afterwards.
 *
 * It happens in a process of its own, for 60 million nanoseconds, which under `--icount` are instructions. When that process has ended,
 * every page it had must be free again: a first round, a short one, leaves in memory what stays there for good, the second is measured.
 * `--append program.seed=N` is another turmoil; the tests try twenty.
 */
#include <vitrine.h>

#define WORKERS 12
#define SLOTS 8
#define WORDS 4
#define SHORT_NS 5000000
#define LONG_NS 60000000

static uint64_t slots[SLOTS]; /* handles of endpoints; 0: none */
static uint32_t words[WORDS];
static uint64_t workers[WORKERS];
static uint64_t end_ns, seed;
static uint64_t done[8]; /* how often what was tried worked */

static uint64_t draw(uint64_t *random, uint64_t limit)
{
	*random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (*random >> 33) % limit;
}

static uint64_t deadline(uint64_t *random)
{
	return clock_ns() + draw(random, 200000);
}

static void count(unsigned what, uint64_t status)
{
	if (status == STATUS_OK)
		__atomic_add_fetch(&done[what], 1, __ATOMIC_RELAXED);
}

/* Puts a new endpoint where there is none, or destroys the one that is there. */
static void make_or_destroy(uint64_t *random)
{
	uint64_t *slot = &slots[draw(random, SLOTS)];
	uint64_t handle = __atomic_exchange_n(slot, 0, __ATOMIC_ACQ_REL);
	if (handle && draw(random, 3) == 0) {
		count(0, sys_handle_close(handle).status);
		return;
	}
	if (!handle) {
		struct result result = sys_endpoint_create();
		handle = result.status == STATUS_OK ? result.value : 0;
	}
	uint64_t other = __atomic_exchange_n(slot, handle, __ATOMIC_ACQ_REL);
	if (other)
		count(0, sys_handle_close(other).status);
}

/* Says something to some endpoint, with a handle of some other now and then. */
static void talk(uint64_t *random)
{
	uint64_t endpoint = __atomic_load_n(&slots[draw(random, SLOTS)], __ATOMIC_ACQUIRE);
	uint64_t other = __atomic_load_n(&slots[draw(random, SLOTS)], __ATOMIC_ACQUIRE);
	struct message message = {.type = 1, .handle = draw(random, 8) ? 0 : other};
	struct result sent;
	switch (draw(random, 3)) {
	case 0:
		count(1, ipc_call_until(endpoint, &message, deadline(random)).status);
		break;
	case 1:
		count(2, ipc_send(endpoint, &message).status);
		break;
	default:
		sent = ipc_call_noblk(endpoint, &message, other);
		count(3, sent.status);
		if (sent.value % 3 == 0)
			(void)!sys_ipc_cancel(endpoint, sent.value, other).status;
	}
}

/* Takes what comes, and answers most of it. */
static void listen(uint64_t *random)
{
	uint64_t endpoint = __atomic_load_n(&slots[draw(random, SLOTS)], __ATOMIC_ACQUIRE);
	struct message message = {0};
	for (unsigned i = 0; i < 4; i++) {
		if (ipc_receive_until(endpoint, &message, deadline(random)).status != STATUS_OK)
			return;
		count(4, STATUS_OK);
		if (message.handle)
			DISCARD(sys_handle_close(message.handle).status, "another thread may have closed that number");
		message = (struct message){.token = message.token, .type = 2};
		if (message.token && draw(random, 4))
			count(5, ipc_reply(endpoint, &message).status);
	}
}

static void use_words(uint64_t *random)
{
	uint32_t *word = &words[draw(random, WORDS)], *other = &words[draw(random, WORDS)];
	switch (draw(random, 3)) {
	case 0:
		__atomic_add_fetch(word, 1, __ATOMIC_RELEASE);
		sync_wake(word, 1 + draw(random, 3));
		break;
	case 1:
		count(6, sys_sync_requeue((uintptr_t)word, 1, (uintptr_t)other, 2).status);
		break;
	default:
		count(6, sync_wait(word, __atomic_load_n(word, __ATOMIC_ACQUIRE), deadline(random)));
	}
}

static void use_memory(uint64_t *random)
{
	uint64_t pages = 1 + draw(random, 4);
	struct result object = sys_object_create(pages * PAGE_BYTES), process = sys_process_create(1, 0);
	if (object.status == STATUS_OK) {
		struct result at = sys_object_map(object.value, 0, 0, pages * PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
		DISCARD(sys_handle_close(object.value).status, "it may have been closed as somebody's endpoint");
		if (at.status == STATUS_OK) {
			*(volatile uint64_t *)at.value = pages;
			must(memory_unmap((void *)at.value, pages * PAGE_BYTES));
		}
	}
	if (process.status == STATUS_OK)
		DISCARD(sys_handle_close(process.value).status, "as above");
}

static int worker(void *argument)
{
	uint64_t random = seed * 1000003 + (uintptr_t)argument;
	while (clock_ns() < end_ns) {
		switch (draw(&random, 16)) {
		case 0:
		case 1:
			make_or_destroy(&random);
			break;
		case 2:
			use_memory(&random);
			break;
		case 3:
			if (draw(&random, 8) == 0)
				count(7, thread_kill(workers[draw(&random, WORKERS)]).status);
			break;
		case 4:
			if (draw(&random, 8) == 0)
				return 1;
			break;
		case 5:
		case 6:
			use_words(&random);
			break;
		case 7:
		case 8:
		case 9:
		case 10:
			listen(&random);
			break;
		default:
			talk(&random);
		}
	}
	return 0;
}

/* Keeps the workers at their number until the time is over, and sees every one of them end. */
static int turmoil(uint64_t ns)
{
	uint64_t born = 0, alive = 0;
	seed = program_option("seed", 1);
	end_ns = clock_ns() + ns;
	for (unsigned i = 0; i < WORKERS; i++, alive++)
		workers[i] = must(thread_create("worker", worker, (void *)born++));
	while (alive > 0) {
		uint64_t ended = joined_id(must(thread_join_any()));
		alive--;
		for (unsigned i = 0; i < WORKERS && clock_ns() < end_ns; i++) {
			if (workers[i] != ended)
				continue;
			workers[i] = must(thread_create("worker", worker, (void *)born++));
			alive++;
		}
	}
	check(thread_join_any().status == STATUS_DEADLOCK);
	printf("turmoil: %lu threads, %lu calls, %lu sent, %lu without waiting, %lu received, %lu answered, %lu words, %lu "
	       "killed\n",
	       born, done[1], done[2], done[3], done[4], done[5], done[6], done[7]);
	return checks_failed();
}

int main(void)
{
	if (program_argument())
		return turmoil(program_argument());
	return check_leaves_nothing("turmoil", SHORT_NS, LONG_NS);
}
