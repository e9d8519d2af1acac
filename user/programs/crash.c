/*
 * Every way to crash that a program has, one thread for each: the thread is killed, and nothing else is harmed.
 *
 * The kernel prints a line for each with what, where and why, and the thread's join says CRASHED. The main thread goes on to
 * the next, and returns how many did not end as they should: 0 if the glass holds.
 */
#include <vitrine.h>

/* The few things here that depend on the machine. */
#if defined(__x86_64__)
#define ILLEGAL_INSTRUCTION "ud2"
#define PRIVILEGED_INSTRUCTION "hlt"
#define BREAKPOINT_INSTRUCTION "int3"
#define STORE_WITHOUT_STACK "xorl %%esp, %%esp; pushq %%rax"
#define RETURN_BYTES                                                                                                             \
	{                                                                                                                        \
		0xc3                                                                                                             \
	}
#define DIVIDE_TRAPS true             /* #DE */
#define MISALIGNED_ATOMIC_TRAPS false /* slow, but allowed */
#elif defined(__powerpc64__)
#define ILLEGAL_INSTRUCTION ".long 0"
#define PRIVILEGED_INSTRUCTION "mfmsr 3"
#define BREAKPOINT_INSTRUCTION "trap"
#define STORE_WITHOUT_STACK "li 1, 0; stdu 0, -32(1)"
#define RETURN_BYTES                                                                                                             \
	{                                                                                                                        \
		0x4e, 0x80, 0x00, 0x20                                                                                           \
	}
#define DIVIDE_TRAPS false           /* the result is undefined, nothing else */
#define MISALIGNED_ATOMIC_TRAPS true /* alignment interrupt of ldarx */
#endif

/* Where kernels live, on one machine or the other. On x86-64 the second is not even an address (non-canonical). */
#define KERNEL_ADDRESS_HIGH UINT64_C(0xffffffff80000000)
#define KERNEL_ADDRESS_MIDDLE UINT64_C(0xc000000000000000)
#define BEHIND_USER_ADDRESSES (UINT64_C(64) << 40)
#define NOT_MAPPED (UINT64_C(300) << 30)

typedef void code(void);

static void load(uint64_t address)
{
	(void)*(volatile uint8_t *)address;
}

static void store(uint64_t address)
{
	*(volatile uint8_t *)address = 1;
}

/* Calls what lies at an address, past what the compiler knows about it. */
static void execute(uint64_t address)
{
	code *volatile function = (code *)address;
	function();
}

/* ---- one function a crime; those with an address take it as their argument ---- */

static int load_from(void *address)
{
	load((uintptr_t)address);
	return 0;
}

static int store_to(void *address)
{
	store((uintptr_t)address);
	return 0;
}

static int jump_to(void *address)
{
	execute((uintptr_t)address);
	return 0;
}

static int store_to_text(void *argument)
{
	(void)argument;
	store((uintptr_t)&store_to_text);
	return 0;
}

static const char constant[] = "constants are not writable";

static int store_to_constant(void *argument)
{
	(void)argument;
	store((uintptr_t)constant);
	return 0;
}

static uint8_t code_in_data[] = RETURN_BYTES;

static int execute_data(void *argument)
{
	(void)argument;
	execute((uintptr_t)code_in_data);
	return 0;
}

static int execute_stack(void *argument)
{
	(void)argument;
	volatile uint8_t code_on_stack[] = RETURN_BYTES;
	execute((uintptr_t)code_on_stack);
	return 0;
}

static int store_to_read_only(void *argument)
{
	(void)argument;
	uint64_t page = must(memory_map(NULL, PAGE_BYTES, RIGHTS_READ));
	load(page);
	store(page);
	return 0;
}

static int load_from_no_rights(void *argument)
{
	(void)argument;
	load(must(memory_map(NULL, PAGE_BYTES, RIGHTS_NONE)));
	return 0;
}

static int load_from_unmapped(void *argument)
{
	(void)argument;
	uint8_t *page = memory_new(PAGE_BYTES);
	store((uintptr_t)page);
	must(memory_unmap(page, PAGE_BYTES));
	load((uintptr_t)page);
	return 0;
}

/* Not inlined and not turned into a loop: each call takes stack, until there is none. */
__attribute__((noinline)) static uint64_t recurse(volatile uint64_t *caller)
{
	volatile uint64_t frame[64] = {*caller};
	return frame[0] == 0 ? recurse(frame) + frame[0] : 1;
}

static int overflow_stack(void *argument)
{
	(void)argument;
	volatile uint64_t zero = 0;
	return (int)recurse(&zero);
}

static int store_below_stack(void *argument)
{
	(void)argument;
	uint8_t here;
	store((uintptr_t)&here - STACK_BYTES);
	return 0;
}

static int lose_stack(void *argument)
{
	(void)argument;
	__asm__ volatile(STORE_WITHOUT_STACK ::: "memory");
	return 0;
}

static int illegal(void *argument)
{
	(void)argument;
	__asm__ volatile(ILLEGAL_INSTRUCTION);
	return 0;
}

static int privileged(void *argument)
{
	(void)argument;
	__asm__ volatile(PRIVILEGED_INSTRUCTION ::: "memory");
	return 0;
}

static int breakpoint(void *argument)
{
	(void)argument;
	__asm__ volatile(BREAKPOINT_INSTRUCTION);
	return 0;
}

static int divide(void *argument)
{
	(void)argument;
	volatile int one = 1;
	volatile int zero = 0;
	one = one / zero;
	return 0;
}

static int misaligned_atomic(void *argument)
{
	(void)argument;
	static uint64_t words[2];
	volatile uintptr_t address = (uintptr_t)words + 1;
	__atomic_fetch_add((uint64_t *)address, 1, __ATOMIC_RELAXED);
	return 0;
}

/* ---- the list ---- */

static const struct crime {
	const char *name;
	thread_function *commit;
	uint64_t address;
	bool goes_unpunished; /* on this machine it is no crime */
} crimes[] = {
	{"null load", load_from, 0, false},
	{"null store", store_to, 8, false},
	{"null jump", jump_to, 0, false},
	{"kernel load", load_from, KERNEL_ADDRESS_HIGH, false},
	{"kernel store", store_to, KERNEL_ADDRESS_HIGH, false},
	{"kernel jump", jump_to, KERNEL_ADDRESS_HIGH, false},
	{"middle load", load_from, KERNEL_ADDRESS_MIDDLE, false},
	{"middle store", store_to, KERNEL_ADDRESS_MIDDLE, false},
	{"middle jump", jump_to, KERNEL_ADDRESS_MIDDLE, false},
	{"last byte", load_from, UINT64_MAX, false},
	{"behind the end", load_from, BEHIND_USER_ADDRESSES, false},
	{"unmapped load", load_from, NOT_MAPPED, false},
	{"unmapped store", store_to, NOT_MAPPED, false},
	{"unmapped jump", jump_to, NOT_MAPPED, false},
	{"after unmap", load_from_unmapped, 0, false},
	{"store to text", store_to_text, 0, false},
	{"store to const", store_to_constant, 0, false},
	{"store read-only", store_to_read_only, 0, false},
	{"load no rights", load_from_no_rights, 0, false},
	{"execute data", execute_data, 0, false},
	{"execute stack", execute_stack, 0, false},
	{"overflow", overflow_stack, 0, false},
	{"below stack", store_below_stack, 0, false},
	{"lost stack", lose_stack, 0, false},
	{"illegal", illegal, 0, false},
	{"privileged", privileged, 0, false},
	{"breakpoint", breakpoint, 0, false},
	{"divide by zero", divide, 0, !DIVIDE_TRAPS},
	{"misaligned", misaligned_atomic, 0, !MISALIGNED_ATOMIC_TRAPS},
};

static bool ends_as_it_should(const struct crime *crime)
{
	struct result end = thread_join(must(thread_create(crime->name, crime->commit, (void *)crime->address)));
	uint64_t wanted = crime->goes_unpunished ? STATUS_OK : STATUS_CRASHED;
	if (end.status != wanted)
		printf("%s: ended with %s\n", crime->name, status_name(end.status));
	return end.status == wanted;
}

int main(void)
{
	for (unsigned i = 0; i < ARRAY_LENGTH(crimes); i++)
		check(ends_as_it_should(&crimes[i]));
	printf("crash: %lu crimes, %d of them did not end as they should\n", ARRAY_LENGTH(crimes), checks_failed());
	return checks_failed();
}
