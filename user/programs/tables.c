/*
 * Page tables that come and go on four CPUs at once.
 *
 * On each CPU a thread starts one child of this program after the other. A child has a thread on each CPU; each maps pages far apart, so that
 * each needs tables of its own, writes them, looks whether all are as they were, unmaps half of them and finds the other half again; and they
 * take turns to replace a page that all of them use. Then the process ends in the middle of it, and its tables are freed and poisoned while
 * other CPUs were just using them. A CPU that went on with a freed table would find poison, or the pages of the next child.
 */
#include <vitrine.h>

#define CPUS 4
#define CHILDREN 12 /* on each CPU */
#define THREADS 4   /* of a child */
#define MAPPINGS 12 /* of a thread, each in a slot of its own of the view segment */
#define ROUNDS 6
#define SHARED UINT64_C(0x8000000000) /* where the threads of a child take turns */
#define TURNS 12
#define IS_CHILD (UINT64_C(1) << 32)
#define CACHES 4 /* of the kernel's, that may each keep a page in reserve or not */

static uint64_t file; /* the program's own */

/* On the CPU with this number, or wherever there is one. */
static uint64_t thread_on(unsigned cpu, const char *name, thread_function *function, void *argument)
{
	struct result thread = thread_create_on(UINT64_C(1) << cpu, name, function, argument);
	return thread.status == STATUS_OK ? thread.value : must(thread_create(name, function, argument));
}

/* ---- a child ---- */

static void map_and_write(volatile uint64_t *pages[MAPPINGS], uint64_t pattern)
{
	for (unsigned i = 0; i < MAPPINGS; i++) {
		pages[i] = (volatile uint64_t *)must(memory_map(NULL, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE));
		check(pages[i][1] == 0);
		pages[i][1] = pattern + i;
	}
}

static void look_and_unmap(volatile uint64_t *pages[MAPPINGS], uint64_t pattern, unsigned first)
{
	for (unsigned i = 0; i < MAPPINGS; i++)
		check(i % 2 < first || pages[i][1] == pattern + i);
	for (unsigned i = first; i < MAPPINGS; i += 2)
		must(sys_vm_unmap((uintptr_t)pages[i], PAGE_BYTES));
}

/* Each in turn puts a new page where all have just read the old one. */
static void replace_in_turn(uint64_t thread)
{
	static struct barrier barrier;
	volatile uint64_t *const page = (volatile uint64_t *)SHARED;
	for (uint64_t turn = 0; turn < TURNS; turn++) {
		if (turn % THREADS == thread) {
			if (turn > 0)
				must(sys_vm_unmap(SHARED, PAGE_BYTES));
			must(memory_map((void *)SHARED, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE));
			*page = turn;
		}
		barrier_wait(&barrier, THREADS);
		check(*page == turn);
		barrier_wait(&barrier, THREADS);
	}
}

static int churn(void *argument)
{
	volatile uint64_t *pages[MAPPINGS];
	uint64_t number = program_argument() << 16 | (uint64_t)(uintptr_t)argument << 8;
	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t pattern = (number | round) << 8;
		map_and_write(pages, pattern);
		look_and_unmap(pages, pattern, 0);
		look_and_unmap(pages, pattern, 1);
	}
	replace_in_turn((uint64_t)(uintptr_t)argument);
	map_and_write(pages, number);
	return 0;
}

/* The first thread waits for one of the others only: the rest may still be at it when the process ends. */
static int child(void)
{
	uint64_t threads[THREADS];
	for (uintptr_t i = 0; i < THREADS; i++)
		threads[i] = thread_on((unsigned)i, "churn", churn, (void *)i);
	must(thread_join((uint32_t)threads[0]));
	return checks_failed();
}

/* ---- who starts them ---- */

static int start_children(void *argument)
{
	uint64_t first = (uint64_t)(uintptr_t)argument * CHILDREN;
	for (uint64_t i = 0; i < CHILDREN; i++) {
		uint64_t process = must(process_start_with("tables", file, IS_CHILD | (first + i), 0));
		struct result end = process_wait(process);
		check(end.status == STATUS_OK && end.value == 0);
		must(sys_handle_close(process));
	}
	return 0;
}

static uint64_t start_on_all(void)
{
	uint64_t threads[CPUS];
	for (uintptr_t i = 0; i < CPUS; i++)
		threads[i] = thread_on((unsigned)i, "starter", start_children, (void *)i);
	for (unsigned i = 0; i < CPUS; i++)
		must(thread_join((uint32_t)threads[i]));
	return memory_settled();
}

int main(void)
{
	struct file self;
	if (program_argument() & IS_CHILD)
		return child();
	must(file_open("tables", &self));
	file = self.object;
	start_on_all(); /* fills what stays filled */
	uint64_t before = start_on_all(), after = start_on_all();
	check(after + CACHES >= before);
	printf("tables: %u processes, %u things wrong\n", 3 * CPUS * CHILDREN, checks_failed());
	return checks_failed();
}
