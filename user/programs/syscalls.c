/*
 * Every system call with every kind of bad argument, and the exact answer to each.
 *
 * A kernel may believe nothing that a program says. The right answer to nonsense is a status, never a crash of the kernel, and
 * never OK. The exit status is the number of wrong answers.
 */
#include <vitrine.h>

#define RW (RIGHTS_READ | RIGHTS_WRITE)
#define TIB (UINT64_C(1) << 40)

/* Segments of the address space, kernel addresses, and one that is no address at all on x86-64. */
#define STACKS TIB
#define DEVICES (2 * TIB)
#define USER_END (64 * TIB)
#define NON_CANONICAL UINT64_C(0x0000800000000000)
#define KERNEL_HIGH UINT64_C(0xffffffff80000000)
#define KERNEL_MIDDLE UINT64_C(0xc000000000000000)

static const uint64_t bad_addresses[] = {USER_END, NON_CANONICAL, KERNEL_MIDDLE, KERNEL_HIGH, -PAGE_BYTES};

static unsigned calls;
static int wrong;

#define answers(call, wanted) answers_at((call).status, STATUS_##wanted, #call, __LINE__)

static void answers_at(uint64_t status, uint64_t wanted, const char *call, int line)
{
	calls++;
	if (status == wanted)
		return;
	wrong++;
	printf("line %d: %s: %s instead of %s\n", line, call, status_name(status), status_name(wanted));
}

static void unknown_numbers(void)
{
	answers(sys_call(0, 0, 0, 0, 0, SYSCALL_null), OK);
	answers(sys_call(0, 0, 0, 0, 0, SYSCALL_COUNT), INVALID);
	answers(sys_call(0, 0, 0, 0, 0, 1000), INVALID);
	answers(sys_call(0, 0, 0, 0, 0, UINT64_C(1) << 32), INVALID);
	answers(sys_call(0, 0, 0, 0, 0, UINT64_C(1) << 63), INVALID);
	answers(sys_call(0, 0, 0, 0, 0, UINT64_MAX), INVALID);
}

static void map_with_bad_sizes(void)
{
	answers(sys_vm_map(0, 0, RW), INVALID);
	answers(sys_vm_map(0, 1, RW), INVALID);
	answers(sys_vm_map(0, PAGE_BYTES + 1, RW), INVALID);
	answers(sys_vm_map(0, GIB + PAGE_BYTES, RW), LIMIT);
	answers(sys_vm_map(0, -PAGE_BYTES, RW), LIMIT);
	answers(sys_vm_map(0, UINT64_MAX, RW), INVALID);
}

static void map_with_bad_rights(void)
{
	answers(sys_vm_map(0, PAGE_BYTES, RIGHTS_WRITE | RIGHTS_EXEC), DENIED);
	answers(sys_vm_map(0, PAGE_BYTES, RW | RIGHTS_EXEC), DENIED);
	answers(sys_vm_map(0, PAGE_BYTES, RIGHTS_WRITE), INVALID);
	answers(sys_vm_map(0, PAGE_BYTES, RIGHTS_EXEC), INVALID);
	answers(sys_vm_map(0, PAGE_BYTES, 8), INVALID);
	answers(sys_vm_map(0, PAGE_BYTES, RW | UINT64_C(1) << 32), INVALID);
	answers(sys_vm_map(0, PAGE_BYTES, UINT64_MAX), INVALID);
}

static void map_at_bad_addresses(void)
{
	answers(sys_vm_map(1, PAGE_BYTES, RW), INVALID);
	answers(sys_vm_map(STACKS, PAGE_BYTES, RW), INVALID);
	answers(sys_vm_map(STACKS - PAGE_BYTES, 2 * PAGE_BYTES, RW), INVALID);
	answers(sys_vm_map(DEVICES, PAGE_BYTES, RW), INVALID);
	answers(sys_vm_map(USER_END - PAGE_BYTES, 2 * PAGE_BYTES, RW), INVALID);
	for (unsigned i = 0; i < ARRAY_LENGTH(bad_addresses); i++)
		answers(sys_vm_map(bad_addresses[i], PAGE_BYTES, RW), INVALID);
	uint64_t text = (uintptr_t)map_at_bad_addresses & -PAGE_BYTES;
	answers(sys_vm_map(text, PAGE_BYTES, RW), EXISTS);
	answers(sys_vm_map(text - PAGE_BYTES, 2 * PAGE_BYTES, RW), EXISTS);
	/* The first page of the base segment is never mapped; asked for page 1 it gives it. */
	answers(sys_vm_map(PAGE_BYTES, PAGE_BYTES, RW), OK);
	answers(sys_vm_unmap(PAGE_BYTES, PAGE_BYTES), OK);
}

static void unmap_badly(void)
{
	uint64_t page = must(sys_vm_map(0, PAGE_BYTES, RW));
	answers(sys_vm_unmap(page, 0), INVALID);
	answers(sys_vm_unmap(page, 1), INVALID);
	answers(sys_vm_unmap(page + 1, PAGE_BYTES), INVALID);
	answers(sys_vm_unmap(page, -PAGE_BYTES), INVALID);
	answers(sys_vm_unmap(page, UINT64_MAX), INVALID);
	answers(sys_vm_unmap(0, PAGE_BYTES), NOT_FOUND);
	answers(sys_vm_unmap(300 * GIB, PAGE_BYTES), NOT_FOUND);
	for (unsigned i = 0; i < ARRAY_LENGTH(bad_addresses); i++)
		answers(sys_vm_unmap(bad_addresses[i], PAGE_BYTES), INVALID);
	answers(sys_vm_unmap(page, PAGE_BYTES), OK);
	answers(sys_vm_unmap(page, PAGE_BYTES), NOT_FOUND);
}

static void protect_badly(void)
{
	uint64_t page = must(sys_vm_map(0, 3 * PAGE_BYTES, RW));
	answers(sys_vm_protect(page, 0, RW), INVALID);
	answers(sys_vm_protect(page, 1, RW), INVALID);
	answers(sys_vm_protect(page + 1, PAGE_BYTES, RW), INVALID);
	answers(sys_vm_protect(page, -PAGE_BYTES, RW), INVALID);
	answers(sys_vm_protect(page, PAGE_BYTES, RIGHTS_WRITE | RIGHTS_EXEC), DENIED);
	answers(sys_vm_protect(page, PAGE_BYTES, RW | RIGHTS_EXEC), DENIED);
	answers(sys_vm_protect(page, PAGE_BYTES, RIGHTS_WRITE), INVALID);
	answers(sys_vm_protect(page, PAGE_BYTES, 8), INVALID);
	answers(sys_vm_protect(page, PAGE_BYTES, RW | UINT64_C(1) << 40), INVALID);
	answers(sys_vm_protect(page, 4 * PAGE_BYTES, RW), NOT_FOUND);
	answers(sys_vm_protect(300 * GIB, PAGE_BYTES, RW), NOT_FOUND);
	for (unsigned i = 0; i < ARRAY_LENGTH(bad_addresses); i++)
		answers(sys_vm_protect(bad_addresses[i], PAGE_BYTES, RW), INVALID);
	/* A hole in the middle: nothing of the range changes. */
	answers(sys_vm_unmap(page + PAGE_BYTES, PAGE_BYTES), OK);
	answers(sys_vm_protect(page, 3 * PAGE_BYTES, RIGHTS_READ), NOT_FOUND);
	*(volatile uint8_t *)page = 1;
	answers(sys_vm_protect(page, PAGE_BYTES, RW), OK);
	answers(sys_vm_unmap(page, 3 * PAGE_BYTES), OK);
}

static void write_from_bad_addresses(void)
{
	uint64_t page = must(sys_vm_map(0, 2 * PAGE_BYTES, RW));
	uint64_t text = page + PAGE_BYTES - 8;
	memcpy((void *)text, "  (ok)\n", 8);
	answers(sys_debug_write(text, 7), OK);
	answers(sys_debug_write(text, 0), OK);
	answers(sys_debug_write(0, 1), FAULT);
	answers(sys_debug_write(300 * GIB, 1), FAULT);
	answers(sys_debug_write(UINT64_MAX, 1), FAULT);
	answers(sys_debug_write(UINT64_MAX, 2), FAULT);
	answers(sys_debug_write(text, UINT64_MAX), LIMIT);
	for (unsigned i = 0; i < ARRAY_LENGTH(bad_addresses); i++)
		answers(sys_debug_write(bad_addresses[i], 1), FAULT);
	answers(sys_debug_write(USER_END - 1, 2), FAULT);
	/* From a page that is there to one that is not, or may not be read. */
	answers(sys_vm_protect(page + PAGE_BYTES, PAGE_BYTES, RIGHTS_NONE), OK);
	answers(sys_debug_write(text, 16), FAULT);
	answers(sys_vm_unmap(page + PAGE_BYTES, PAGE_BYTES), OK);
	answers(sys_debug_write(text, 16), FAULT);
	answers(sys_debug_write(text, 7), OK);
	answers(sys_vm_unmap(page, PAGE_BYTES), OK);
	answers(sys_debug_write(text, 7), FAULT);
}

static int end_at_once(void *argument)
{
	return (int)(uintptr_t)argument;
}

static bool may_end;

static int wait_for_permission(void *argument)
{
	while (!__atomic_load_n(&may_end, __ATOMIC_ACQUIRE))
		thread_yield();
	return end_at_once(argument);
}

static bool refused;

static int join_thread(void *argument)
{
	uint64_t status = thread_join((uintptr_t)argument).status;
	if (status == STATUS_EXISTS)
		__atomic_store_n(&refused, true, __ATOMIC_RELEASE);
	return (int)status;
}

static void create_badly(void)
{
	uint64_t entry = (uintptr_t)end_at_once;
	answers(sys_thread_create(entry, 0, 0, 0, 0), INVALID);
	answers(sys_thread_create(entry, 0, ONLY_CPU(63), 0, 0), INVALID);
	for (unsigned i = 0; i < ARRAY_LENGTH(bad_addresses); i++)
		answers(sys_thread_create(bad_addresses[i], 0, ANY_CPU, 0, 0), INVALID);
	/* An entry where nothing is mapped could be mapped later: the thread starts, and dies. */
	answers(thread_join(must(sys_thread_create(300 * GIB, 0, ANY_CPU, 0, 0))), CRASHED);
	answers(thread_join(must(sys_thread_create(0, 0, ANY_CPU, 0, 0))), CRASHED);
}

static void join_badly(void)
{
	answers(thread_join(0), NOT_FOUND);
	answers(thread_join(UINT32_MAX), NOT_FOUND);
	answers(thread_join(thread_id() | UINT64_C(1) << 32), NOT_FOUND);
	answers(thread_join(UINT64_MAX), NOT_FOUND);
	answers(thread_join(thread_id()), DEADLOCK);
	uint64_t thread = must(thread_create("waits", wait_for_permission, (void *)7));
	uint64_t first = must(thread_create("joins", join_thread, (void *)thread));
	uint64_t second = must(thread_create("joins too", join_thread, (void *)thread));
	/* Only one thread can wait for another: whichever of the two comes later is refused, at once. */
	while (!__atomic_load_n(&refused, __ATOMIC_ACQUIRE))
		thread_yield();
	__atomic_store_n(&may_end, true, __ATOMIC_RELEASE);
	uint64_t statuses[2] = {must(thread_join(first)), must(thread_join(second))};
	check(statuses[0] == (statuses[1] == STATUS_OK ? STATUS_EXISTS : STATUS_OK));
	check(statuses[1] == STATUS_OK || statuses[1] == STATUS_EXISTS);
	answers(thread_join(thread), NOT_FOUND);
	thread = must(thread_create("ends", end_at_once, (void *)-5));
	struct result end = thread_join(thread);
	answers(end, OK);
	check((int64_t)end.value == -5);
}

static void set_affinity_badly(void)
{
	answers(sys_thread_affinity(0, 0), INVALID);
	answers(sys_thread_affinity(0, ONLY_CPU(63)), INVALID);
	answers(sys_thread_affinity(thread_id(), 0), INVALID);
	answers(sys_thread_affinity(UINT32_MAX, ANY_CPU), NOT_FOUND);
	answers(sys_thread_affinity(thread_id() | UINT64_C(1) << 32, ANY_CPU), NOT_FOUND);
	answers(sys_thread_affinity(UINT64_C(1) << 32, ANY_CPU), NOT_FOUND);
	answers(sys_thread_affinity(0, ANY_CPU), OK);
}

static bool woke_up;

static int sleep_for_ever(void *argument)
{
	(void)argument;
	thread_sleep_ns(UINT64_MAX);
	__atomic_store_n(&woke_up, true, __ATOMIC_RELEASE);
	return 0;
}

/* So long a sleep must not become a short one. It ends with the program. */
static void start_long_sleep(void)
{
	must(thread_create("sleeps", sleep_for_ever, NULL));
}

static void the_rest(void)
{
	answers(sys_null(), OK);
	answers(sys_thread_yield(), OK);
	answers(sys_thread_sleep(0), OK);
	answers(sys_thread_sleep(1), OK);
	answers(sys_thread_self(), OK);
	answers(sys_vm_forget(), OK);
	answers(sys_clock_now(), OK);
	answers(sys_trace_mark(MARK_INSTANT, 0, 0, 0, 0), OK);
	answers(sys_trace_mark(MARK_INSTANT, UINT64_MAX, UINT64_MAX, UINT64_MAX, 0), OK);
	answers(sys_trace_mark(MARK_MODULE_UNLOAD + 1, 0, 0, 0, 0), INVALID);
	answers(sys_trace_mark(UINT64_C(1) << 32, 0, 0, 0, 0), INVALID);
	answers(sys_trace_mark(UINT64_MAX, 0, 0, 0, 0), INVALID);
}

int main(void)
{
	start_long_sleep();
	unknown_numbers();
	map_with_bad_sizes();
	map_with_bad_rights();
	map_at_bad_addresses();
	unmap_badly();
	protect_badly();
	write_from_bad_addresses();
	create_badly();
	join_badly();
	set_affinity_badly();
	the_rest();
	check(!__atomic_load_n(&woke_up, __ATOMIC_ACQUIRE));
	wrong += checks_failed();
	printf("syscalls: %u calls, %d wrong answers\n", calls, wrong);
	return wrong;
}
