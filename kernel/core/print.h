/*
 * The kernel's console and log.
 */
#pragma once

#include <stdarg.h>

#include "types.h"

#define KERNEL_LOG_BYTES 65536
extern char kernel_log[KERNEL_LOG_BYTES]; /* the last lines, a ring; the descriptor shows it to the host */
extern uint64_t kernel_log_end;           /* characters ever written; the next goes to this, modulo the size */

/*
 * Prints to the console and the log, a call at a time. Knows %c %s %d %u %x %p %%, l and ll, z, a width, 0 and - before it,
 * and .N for strings. May be called anywhere below LOCK_CONSOLE.
 */
void kprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void kvprintf(const char *format, va_list arguments);

/* Formats into a buffer, NUL-terminated and cut to `bytes`. Returns the characters stored. */
size_t kformat(char *buffer, size_t bytes, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Writes characters as they are. */
void console_write(const char *text, size_t bytes);

/* From now on the console takes no lock: for panic, which may interrupt a print. */
void console_unlock_for_panic(void);
