/*
 * A thread that answers its own faults: it maps what is missing, skips what it cannot do, and dies only of what happens in the answer.
 */
#include <vitrine.h>

#define REGION UINT64_C(0x600000000)
#define PAGES 16

#ifdef __x86_64__
#define ILLEGAL "ud2"
#define ILLEGAL_BYTES 2
#else
#define ILLEGAL ".long 0"
#define ILLEGAL_BYTES 4
#endif

static unsigned faults, last_cause;
static uint64_t last_address;

/* Memory on demand: whatever page is touched in the region comes to be. Other addresses lead to a place known to be good. */
static uint64_t spare;

static _Noreturn void answer(uint64_t cause, uint64_t address, uint64_t pc)
{
	faults++;
	last_cause = (unsigned)cause;
	last_address = address;
	if (cause == CAUSE_ILLEGAL)
		fault_return(pc + ILLEGAL_BYTES);
	if (address >= REGION && address < REGION + PAGES * PAGE_BYTES)
		must(memory_map((void *)(address & ~(PAGE_BYTES - 1)), PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE));
	else
		must(memory_protect(&spare, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE));
	fault_return(0);
}

static _Noreturn void answer_badly(uint64_t cause, uint64_t address, uint64_t pc)
{
	(void)cause, (void)pc;
	*(volatile uint64_t *)(address + 8) = 0;
	fault_return(0);
}

static int faults_twice(void *argument)
{
	static uint8_t stack[1024] __attribute__((aligned(16)));
	must(fault_handler(answer_badly, stack, sizeof(stack)));
	*(volatile uint64_t *)argument = 1;
	return 0;
}

static int faults_unhandled(void *argument)
{
	*(volatile uint64_t *)argument = 1;
	return 0;
}

static struct result run_one(thread_function *function)
{
	return thread_join(must(thread_create("faulter", function, (void *)(REGION + 100 * PAGE_BYTES))));
}

int main(void)
{
	uint64_t bytes = 4 * PAGE_BYTES;
	must(fault_handler(answer, memory_new(bytes), bytes));
	for (unsigned i = 0; i < PAGES; i++)
		*(volatile uint64_t *)(REGION + i * PAGE_BYTES + 8) = i;
	check(faults == PAGES && last_cause == CAUSE_NOT_MAPPED && last_address == REGION + (PAGES - 1) * PAGE_BYTES + 8);
	for (unsigned i = 0; i < PAGES; i++)
		check(*(volatile uint64_t *)(REGION + i * PAGE_BYTES + 8) == i);
	check(faults == PAGES);
	__asm__ volatile(ILLEGAL);
	check(faults == PAGES + 1 && last_cause == CAUSE_ILLEGAL);
	check(sys_fault_return(0).status == STATUS_INVALID);
	/* Another thread has no handler, and one whose handler faults is not asked again. */
	check(run_one(faults_unhandled).status == STATUS_CRASHED && run_one(faults_twice).status == STATUS_CRASHED);
	must(fault_handler(NULL, NULL, 0));
	printf("handler: %u faults answered by the thread itself, %d things wrong\n", faults, checks_failed());
	return checks_failed();
}
