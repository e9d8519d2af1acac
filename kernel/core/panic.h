/*
 * Panic: a bug in the kernel, never bad input and never out of memory.
 */
#pragma once

#include "types.h"

/* Prints the message and a backtrace with names, ends the run with VERDICT_PANIC. Does not return. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints the calls that lead here, innermost first. */
void backtrace_print(void);

/* A fact the code relies on: a kernel that checks itself would rather stop than go on wrongly. The condition has no effects. */
#ifdef VITRINE_CHECKS
#define ASSERT(condition)                                                                                                        \
	do {                                                                                                                     \
		if (__builtin_expect(!(condition), 0))                                                                           \
			panic("%s:%d: %s: assertion '%s' failed", __FILE__, __LINE__, __func__, #condition);                     \
	} while (0)
#else
#define ASSERT(condition) ((void)sizeof((condition) ? 1 : 0))
#endif
