/*
 * Threads: how a program starts them, waits for them, and says where they run.
 *
 * Teaches: the kernel knows no function and no argument; it starts a thread at an address with one word. The rest is thread.c. Who includes it:
 * vitrine.h.
 */
#pragma once

#include "result.h"

/* What a thread runs. Its result becomes the thread's exit status, as thread_exit() would make it. */
typedef int thread_function(void *argument);

#define ANY_CPU UINT64_MAX
#define ONLY_CPU(index) (UINT64_C(1) << (index))

/* The stack of a thread: this many bytes that can be used, with unmapped guards on both sides. */
#define STACK_BYTES (256 * KIB)

/*
 * Starts a thread that calls function(argument); the value is its id. `name` is what pictures and messages call it; its first
 * 16 characters count. thread_create_on() takes the CPUs it may run on as well: bit n is CPU n, at least one of them has to
 * exist.
 */
struct result thread_create(const char *name, thread_function *function, void *argument);
struct result thread_create_on(uint64_t cpus, const char *name, thread_function *function, void *argument);

/* Waits until a thread has ended; the value is its exit status. The status is CRASHED if the kernel had to kill it. */
struct result thread_join(uint64_t thread);

/* Ends the calling thread, or the whole program with all its threads. */
_Noreturn void thread_exit(int status);
_Noreturn void program_exit(int status);

/* Lets the next thread that waits for this CPU run. */
void thread_yield(void);

/* Sleeps at least that long. */
void thread_sleep_ns(uint64_t ns);
void thread_sleep_us(uint64_t us);
void thread_sleep_ms(uint64_t ms);

/* Sleeps until clock_ns() says so; not at all if it is past that. */
void thread_sleep_until_ns(uint64_t ns);

/* The caller's id, never 0; and the CPU it runs on, which may be another by the time one looks. */
uint64_t thread_id(void);
unsigned thread_cpu(void);

/* Says where the calling thread may run from now on; it is on such a CPU when the call returns. INVALID if none exists. */
struct result thread_run_on(uint64_t cpus);

/*
 * Waits for any other thread of the program to end: the value is its id in bits 32-63 and its exit status in the lower 32, so take it
 * apart with joined_id() and joined_status(). DEADLOCK if there is no other.
 */
struct result thread_join_any(void);
static inline uint64_t joined_id(uint64_t value)
{
	return value >> 32;
}
static inline int joined_status(uint64_t value)
{
	return (int)(uint32_t)value;
}

/* Nobody will join the thread: at its end nothing is left of it. Or: it ends now, whatever it does. */
struct result thread_detach(uint64_t thread);
struct result thread_kill(uint64_t thread);

/* The calling thread stays on the CPU it is on, which is returned, until it has called thread_unpin() as often. */
unsigned thread_pin(void);
void thread_unpin(void);

/*
 * Faults that the calling thread answers itself. Instead of being killed it calls the function, on this stack, with the cause (enum
 * crash_cause), the address it used and the instruction that did; which ends with fault_return(0) to try that instruction again,
 * or with the address of another. A fault in the function itself kills. NULL: no function any more.
 */
typedef void fault_function(uint64_t cause, uint64_t address, uint64_t pc);
struct result fault_handler(fault_function *function, void *stack, size_t bytes);
_Noreturn void fault_return(uint64_t pc);
