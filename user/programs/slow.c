/*
 * A provider that takes ten seconds, and everybody else who does not care.
 *
 * One thread waits for a page all that time. Another works; the CPUs idle when there is nothing to do, and none of them spins in the
 * kernel: tests/e2e/memory.sh looks for that in the trace. Under icount ten seconds of waiting are over at once.
 */
#include <vitrine.h>

#define SECONDS 10
#define BEATS 100

static uint64_t endpoint;
static uint64_t *window, *view;
static unsigned beats;

static int provider(void *argument)
{
	struct message message = {0};
	(void)argument;
	must(ipc_receive(endpoint, &message));
	thread_sleep_ms(SECONDS * 1000);
	window[0] = 4711;
	message.type = REPLY_OK;
	must(ipc_reply(endpoint, &message));
	return 0;
}

static int waiter(void *argument)
{
	(void)argument;
	return *(volatile uint64_t *)view == 4711 ? 0 : 1;
}

static int heart(void *argument)
{
	(void)argument;
	for (; beats < BEATS; beats++)
		thread_sleep_ms(SECONDS * 1000 / BEATS / 2);
	return 0;
}

int main(void)
{
	endpoint = must(sys_endpoint_create());
	uint64_t object = must(sys_object_provide(endpoint, PAGE_BYTES, 0, 0));
	window = (void *)must(sys_object_map(object, 0, 0, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE | MAP_WINDOW));
	view = object_map(object, PAGE_BYTES, RIGHTS_READ);
	uint64_t start = clock_ns();
	uint64_t threads[] = {must(thread_create("provider", provider, NULL)), must(thread_create("waiter", waiter, NULL)),
			      must(thread_create("heart", heart, NULL))};
	for (unsigned i = 0; i < ARRAY_LENGTH(threads); i++)
		check(must(thread_join(threads[i])) == 0);
	check(beats == BEATS && clock_ns() - start >= UINT64_C(1000000000) * SECONDS);
	printf("slow: the page took %lu s, %d things wrong\n", (clock_ns() - start) / 1000000000, checks_failed());
	return checks_failed();
}
