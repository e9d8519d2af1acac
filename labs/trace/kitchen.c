/*
 * A kitchen that is slower than it has to be.
 *
 * Four cooks share one stove, a mutex. For each dish a cook asks the pantry, a server, for what it needs, takes the stove, cooks, and gives it back. One of
 * them does it in another order. Meanwhile a dishwasher stacks plates on memory that nobody has touched before.
 * The numbers come from the run: program.plates, program.dishes, program.slow. The lab `trace` asks what happened.
 */
#include <vitrine.h>

#define COOKS 4
#define COOKING_LOOPS 3000
#define SHELF_LOOPS 6000

static struct mutex stove;
static uint64_t pantry, dishes, slow, plates;

static void work(unsigned loops)
{
	for (volatile unsigned i = 0; i < loops; i++)
		;
}

static int keeps_pantry(void *argument)
{
	struct message message = {0};
	(void)argument;
	for (uint64_t left = COOKS * dishes; left > 0; left--) {
		must(ipc_receive(pantry, &message));
		work(SHELF_LOOPS);
		must(ipc_reply(pantry,
			       &(struct message){.token = message.token, .type = REPLY_OK, .word = {message.word[0] + 1}}));
	}
	return 0;
}

static void fetch(uint64_t what)
{
	struct message message = {.type = 1, .word = {what}};
	mark_begin("fetch");
	must(ipc_call(pantry, &message));
	check(message.word[0] == what + 1);
	mark_end("fetch");
}

static int cooks(void *argument)
{
	uint64_t me = (uintptr_t)argument;
	for (uint64_t dish = 0; dish < dishes; dish++) {
		mark_begin("dish");
		if (me != slow)
			fetch(dish);
		mutex_lock(&stove);
		mark_begin("stove");
		if (me == slow)
			fetch(dish);
		work(COOKING_LOOPS);
		mark_end("stove");
		mutex_unlock(&stove);
		mark_end("dish");
	}
	return 0;
}

static int washes(void *argument)
{
	uint8_t *rack = memory_new(plates * PAGE_BYTES);
	(void)argument;
	mark_begin("washing");
	for (uint64_t plate = 0; plate < plates; plate++)
		rack[plate * PAGE_BYTES] = 1;
	mark_end("washing");
	return 0;
}

int main(void)
{
	uint64_t threads[COOKS + 2];
	plates = program_option("plates", 32);
	dishes = program_option("dishes", 5);
	slow = program_option("slow", 2);
	pantry = must(sys_endpoint_create());
	threads[0] = must(thread_create("pantry", keeps_pantry, NULL));
	threads[1] = must(thread_create("dishwasher", washes, NULL));
	for (uint64_t i = 0; i < COOKS; i++) {
		char name[NAME_CHARS];
		snprintf(name, sizeof(name), "cook %u", (unsigned)i);
		threads[2 + i] = must(thread_create(name, cooks, (void *)(uintptr_t)i));
	}
	for (unsigned i = 0; i < COOKS + 2; i++)
		check(must(thread_join(threads[i])) == 0);
	return checks_failed();
}
