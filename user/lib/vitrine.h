/*
 * Vitrine for programs: the one header that a program includes. It brings the others, each about one subject.
 *
 * Teaches: what a kernel gives to a program, and how little that is: threads, memory, a clock, a console. Everything else here
 * is an ordinary function that the program could have written itself (print.c, thread.c, check.c).
 *
 *     #include <vitrine.h>
 *
 *     int main(void)
 *     {
 *             printf("hello\n");
 *             return 0;
 *     }
 *
 * docs/programs.md tells how to run it. The result of main() is the exit status of the run: 0 means that all went well.
 *
 * What is not here: files, a heap, errno, floating point. The kernel does not save floating-point and vector registers,
 * so programs compute with integers only, and the compiler is told to keep to them.
 */
#pragma once

#include "abi/handle.h"
#include "abi/information.h"
#include "abi/syscall.h"
#include "abi/trace_enums.h"
#include "calls.h"    /* the kernel's own interface */
#include "locks.h"    /* threads together: words, mutexes, conditions, barriers */
#include "result.h"   /* results, must(), check() */
#include "services.h" /* files, attributes, processes, modules, the console */
#include "threads.h"

/* ---- memory -----------------------------------------------------------------------------------------------------------------
 */

/*
 * New memory, readable and writable, all zero. A page of it takes a page of RAM only when it is first touched, by a page fault:
 * mapping much and using little is cheap. memory_new() ends the program if there is none.
 * Sizes and addresses are multiples of PAGE_BYTES.
 */
void *memory_new(uint64_t bytes);

/* The same with a choice of address (NULL: anywhere) and rights (enum rights); the value is the address. */
struct result memory_map(void *address, uint64_t bytes, unsigned rights);
struct result memory_unmap(void *address, uint64_t bytes);
struct result memory_protect(void *address, uint64_t bytes, unsigned rights);

/* Makes the MMU forget all it knows about this program. Nothing is lost; each page used again costs a soft page fault. */
void memory_forget(void);

/*
 * Objects: memory that has a handle, so it can be mapped more than once, copied, and shared between processes. object_map() maps the
 * first `bytes` bytes wherever there is room. Both end the program if there is no memory. More can be done with sys_object_*().
 */
uint64_t object_new(uint64_t bytes);
void *object_map(uint64_t object, uint64_t bytes, unsigned rights);

/* ---- bytes and text ------------------------------------------------------------------------------------------------------------
 */

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t chars);

/* ---- the program in the trace ------------------------------------------------------------------------------------------------
 */

/*
 * Marks appear on the thread's own track: what lies between mark_begin() and mark_end() is drawn as a bar with that name,
 * mark_instant() as a moment, mark_counter() as a curve. Bars of one thread must nest. The first 16 characters of a name count.
 */
void mark_begin(const char *name);
void mark_end(const char *name);
void mark_instant(const char *name, int64_t value);
void mark_counter(const char *name, int64_t value);

/* A moment in something bigger, such as a page request: `flow` says which (PAGE_MESSAGE_FLOW), and an arrow leads to it. */
void mark_step(uint64_t flow, const char *name, int64_t value);

/* ---- time -------------------------------------------------------------------------------------------------------------------
 */

/* Nanoseconds since boot, by the kernel's clock. Under `--icount` one instruction takes one nanosecond, on every machine. */
uint64_t clock_ns(void);

/*
 * The machine's own counter, read without the kernel's help in a handful of instructions (x86-64 RDTSC, POWER mftb). Under
 * `--icount` it counts instructions on x86-64; on POWER it runs at 512 MHz, so instructions = ticks / 0.512.
 */
uint64_t clock_ticks(void);

/* ---- printing ---------------------------------------------------------------------------------------------------------------
 */

/*
 * Prints to the console: %d %i %u %x %p %s %c %%, with l, ll or z, a width, and - or 0 before the width; .N cuts a string.
 * What one call prints stays together on the console, up to PRINT_BYTES; so print whole lines. Returns the characters printed.
 */
#define PRINT_BYTES 256
int printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same into a buffer of `bytes` bytes, cut to fit and always ended by NUL. Returns the characters there would have been. */
int snprintf(char *to, size_t bytes, const char *format, ...) __attribute__((format(printf, 3, 4)));
