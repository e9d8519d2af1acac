/*
 * What a call gives back, and what a program makes of it.
 *
 * Teaches: an error is a value. A status that nobody looks at is an error of the compiler; must() is for calls that have to work, check() for
 * what a program wants to know of itself. Who includes it: the other headers of the library.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/status.h"

#define PAGE_BYTES UINT64_C(4096)
#define KIB UINT64_C(1024)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* What a system call gives back: enum status, and with STATUS_OK a value. Looking at it is not optional. */
struct [[nodiscard]] result {
	uint64_t status;
	uint64_t value;
};

/* The name of a status: "OK", "INVALID", ... */
const char *status_name(uint64_t status);

/*
 * The value of a result that has to be OK; otherwise says what failed and where, and ends the program with status 1.
 *     uint64_t worker = must(thread_create("worker", work, NULL));
 */
#define must(call) must_at((call), #call, __FILE__, __LINE__)
uint64_t must_at(struct result result, const char *call, const char *file, int line);

/*
 * Checks that a program makes of itself. A false one is printed with its place and counted; the program goes on.
 * `return checks_failed();` at the end of main() makes the run fail if any check did. Any thread may call them.
 */
#define check(condition) check_at((condition), #condition, __FILE__, __LINE__)
bool check_at(bool condition, const char *text, const char *file, int line);
int checks_failed(void);

/*
 * Runs the program of that name, which is the caller's own, twice as a child, with these arguments, and checks that each ends with 0 and that
 * the second leaves as much memory as it found. Prints how much that is. What main() may return: checks_failed().
 */
int check_leaves_nothing(const char *name, uint64_t first, uint64_t second);

/* Free pages, once what the kernel is about to free is free; or after a tenth of a second, if there is always something. */
uint64_t memory_settled(void);
