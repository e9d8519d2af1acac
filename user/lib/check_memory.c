/*
 * Whether a program leaves anything behind: it runs twice as a child of itself, and the second time has to give back all it took. The
 * first fills what stays filled, such as caches.
 *
 * Who calls: programs that test the kernel. A file of its own, so that no other program carries it.
 */
#include "library.h"

/* Of the kernel's, of messages and page requests, that may each keep one page in reserve or not. */
#define CACHES 2
#define TRIES 100

uint64_t memory_settled(void)
{
	for (unsigned tries = 0; tries < TRIES && must(sys_memory_info(MEMORY_LEAVING)) > 0; tries++)
		thread_sleep_ms(1);
	return must(sys_memory_info(MEMORY_FREE));
}

int check_leaves_nothing(const char *name, uint64_t first, uint64_t second)
{
	struct file self;
	uint64_t before = 0, after = 0;
	must(file_open(name, &self));
	const volatile uint8_t *file = object_map(self.object, self.room, RIGHTS_READ);
	for (uint64_t at = 0; at < self.room; at += PAGE_BYTES)
		(void)file[at]; /* all of it is in memory from here on */
	for (unsigned round = 0; round < 2; round++) {
		before = must(sys_memory_info(MEMORY_FREE));
		uint64_t process = must(process_start_with(name, self.object, round ? second : first, 0));
		struct result end = process_wait(process);
		check(end.status == STATUS_OK && end.value == 0);
		must(sys_handle_close(process));
		for (unsigned tries = 0; tries < TRIES && (after = memory_settled()) + CACHES < before; tries++)
			thread_sleep_ms(1); /* whoever told us of the end needs a moment to be through with it */
	}
	check(after + CACHES >= before && after <= before + CACHES);
	printf("%s: %lu pages free before, %lu after, %d things wrong\n", name, before, after, checks_failed());
	return checks_failed();
}
