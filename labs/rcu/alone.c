/*
 * One CPU, and something is given up many times.
 *
 * With no other CPU there is nobody to wait for: a grace period begins on the way out of the kernel and is over at once. The marks say
 * which closes are meant; "settled" comes when nothing waits to be freed any more, or nothing will be.
 * program.made=NUMBER says how many endpoints are made and closed.
 */
#include <vitrine.h>

#define MADE 60

int main(void)
{
	unsigned made = (unsigned)program_option("made", MADE);
	mark_begin("close");
	for (unsigned i = 0; i < made; i++)
		must(sys_handle_close(must(sys_endpoint_create())));
	mark_end("close");
	uint64_t free_pages = memory_settled();
	mark_instant("settled", (int64_t)must(sys_memory_info(MEMORY_LEAVING)));
	printf("alone: %u closed, %lu pages free\n", made, free_pages);
	return checks_failed();
}
