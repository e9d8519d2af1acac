/*
 * Threads, marks, memory and time: the system calls in clothes.
 *
 * Teaches: what lies between a kernel's interface and a comfortable one is small. The kernel starts a thread at an address with
 * one word; C wants function(argument), which is two. The difference is a record that the creator fills and the new thread
 * frees; or, if that is killed before it has run, the next creator that needs one.
 * Who calls: programs. Whom: the sys_*() stubs.
 */
#include "library.h"

/* ---- names ---- */

struct name_words name_to_words(const char *name)
{
	struct name_words words = {{0, 0}};
	for (unsigned i = 0; i < NAME_CHARS && name[i]; i++)
		words.word[i / 8] |= (uint64_t)(uint8_t)name[i] << (56 - 8 * (i % 8));
	return words;
}

void name_from_words(const uint64_t word[2], char name[NAME_CHARS + 1])
{
	for (unsigned i = 0; i < NAME_CHARS; i++)
		name[i] = (char)(word[i / 8] >> (56 - 8 * (i % 8)));
	name[NAME_CHARS] = '\0';
}

/* ---- creating and ending ---- */

/*
 * Records of threads that were created and may not have run yet. A record belongs to whoever writes STARTING into `holder`; afterwards
 * that is the thread's id. If all are taken, the creator takes back those that nobody will read any more, or lets others run first.
 * A creator that is killed while it is STARTING keeps the record for ever.
 */
#define STARTS_MAX 64
#define STARTING UINT64_MAX
static struct thread_start starts[STARTS_MAX];

static bool thread_is_gone(uint64_t thread)
{
	struct thread_query query;
	if (sys_thread_query(thread, (uintptr_t)&query).status != STATUS_OK || query.thread != thread)
		return true;
	return query.state == THREAD_QUERY_ENDED;
}

/* Whether the record is the caller's now: its thread has read it, or, if `dead` is asked for, ended without. */
static bool start_claim(struct thread_start *start, bool dead)
{
	uint64_t holder = __atomic_load_n(&start->holder, __ATOMIC_RELAXED);
	if (holder == STARTING ||
	    !__atomic_compare_exchange_n(&start->holder, &holder, STARTING, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	if (!__atomic_load_n(&start->function, __ATOMIC_ACQUIRE) || (dead && thread_is_gone(holder)))
		return true;
	__atomic_store_n(&start->holder, holder, __ATOMIC_RELEASE);
	return false;
}

static struct thread_start *start_take(void)
{
	for (;;) {
		for (unsigned i = 0; i < 2 * STARTS_MAX; i++)
			if (start_claim(&starts[i % STARTS_MAX], i >= STARTS_MAX))
				return &starts[i % STARTS_MAX];
		thread_yield();
	}
}

struct result thread_create_on(uint64_t cpus, const char *name, thread_function *function, void *argument)
{
	struct name_words words = name_to_words(name);
	struct thread_start *start = start_take();
	start->function = function;
	start->argument = argument;
	struct result result = sys_thread_create((uintptr_t)thread_entry, (uintptr_t)start, cpus, words.word[0], words.word[1]);
	if (result.status != STATUS_OK)
		start->function = NULL;
	__atomic_store_n(&start->holder, result.status == STATUS_OK ? result.value : 0, __ATOMIC_RELEASE);
	return result;
}

struct result thread_create(const char *name, thread_function *function, void *argument)
{
	return thread_create_on(ANY_CPU, name, function, argument);
}

struct result thread_join(uint64_t thread)
{
	return sys_thread_join(thread);
}

struct result thread_join_any(void)
{
	return sys_thread_join_any();
}

struct result thread_detach(uint64_t thread)
{
	return sys_thread_detach(thread);
}

struct result thread_kill(uint64_t thread)
{
	return sys_thread_kill(thread);
}

/* ---- answering one's own faults ---- */

struct result fault_handler(fault_function *function, void *stack, size_t bytes)
{
	uint64_t top = ((uintptr_t)stack + bytes) & ~UINT64_C(15);
#ifdef __x86_64__
	top -= 8; /* as if somebody had called it: the return address lies there */
#endif
	return sys_fault_handler((uintptr_t)function, top);
}

_Noreturn void fault_return(uint64_t pc)
{
	for (;;)
		DISCARD(sys_fault_return(pc).status, "it does not return, but in a thread that did not fault");
}

/* ---- running and waiting ---- */

void thread_yield(void)
{
	DISCARD(sys_thread_yield().status, "it cannot fail");
}

void thread_sleep_ns(uint64_t ns)
{
	DISCARD(sys_thread_sleep(ns).status, "it cannot fail");
}

void thread_sleep_us(uint64_t us)
{
	thread_sleep_ns(us * 1000);
}

void thread_sleep_ms(uint64_t ms)
{
	thread_sleep_ns(ms * 1000000);
}

void thread_sleep_until_ns(uint64_t ns)
{
	DISCARD(sys_thread_sleep_until(ns).status, "it cannot fail");
}

uint64_t thread_id(void)
{
	return sys_thread_self().value & UINT32_MAX;
}

unsigned thread_cpu(void)
{
	return (unsigned)(sys_thread_self().value >> 32);
}

struct result thread_run_on(uint64_t cpus)
{
	return sys_thread_affinity(0, cpus);
}

unsigned thread_pin(void)
{
	return (unsigned)must(sys_thread_pin());
}

void thread_unpin(void)
{
	must(sys_thread_unpin());
}

/* ---- memory ---- */

struct result memory_map(void *address, uint64_t bytes, unsigned rights)
{
	return sys_vm_map((uintptr_t)address, bytes, rights);
}

struct result memory_unmap(void *address, uint64_t bytes)
{
	return sys_vm_unmap((uintptr_t)address, bytes);
}

struct result memory_protect(void *address, uint64_t bytes, unsigned rights)
{
	return sys_vm_protect((uintptr_t)address, bytes, rights);
}

void *memory_new(uint64_t bytes)
{
	return (void *)must(memory_map(NULL, bytes, RIGHTS_READ | RIGHTS_WRITE));
}

void memory_forget(void)
{
	DISCARD(sys_vm_forget().status, "it cannot fail");
}

/* ---- marks and time ---- */

static void mark(enum mark kind, const char *name, int64_t value)
{
	struct name_words words = name_to_words(name);
	DISCARD(sys_trace_mark(kind, words.word[0], words.word[1], (uint64_t)value, 0).status, "every kind used here exists");
}

void mark_begin(const char *name)
{
	mark(MARK_BEGIN, name, 0);
}

void mark_end(const char *name)
{
	mark(MARK_END, name, 0);
}

void mark_instant(const char *name, int64_t value)
{
	mark(MARK_INSTANT, name, value);
}

void mark_counter(const char *name, int64_t value)
{
	mark(MARK_COUNTER, name, value);
}

uint64_t clock_ns(void)
{
	return sys_clock_now().value;
}
