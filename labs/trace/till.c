/*
 * A till that loses coins.
 *
 * Two cashiers put coins into one till, one at a time: they read how many there are, and write one more. Nobody keeps the other from doing the same in
 * between. What each reads and writes is marked in the trace (program.coins coins each). The lab `trace` asks which coins were lost.
 */
#include <vitrine.h>

static volatile uint64_t till;
static uint64_t coins;

static void work(uint64_t loops)
{
	for (volatile uint64_t i = 0; i < loops; i++)
		;
}

static int counts(void *argument)
{
	(void)argument;
	for (uint64_t i = 0; i < coins; i++) {
		uint64_t seen = till;
		mark_instant("read", (int64_t)seen);
		work(300 + seen * 7 % 500);
		till = seen + 1;
		mark_instant("wrote", (int64_t)(seen + 1));
		work(2000 + i * 11 % 3000);
	}
	return 0;
}

int main(void)
{
	coins = program_option("coins", 40);
	uint64_t anna = must(thread_create_on(ONLY_CPU(0), "anna", counts, NULL));
	uint64_t bert = must(thread_create_on(ONLY_CPU(1), "bert", counts, NULL));
	check(must(thread_join(anna)) == 0);
	check(must(thread_join(bert)) == 0);
	mark_instant("total", (int64_t)till);
	return checks_failed();
}
