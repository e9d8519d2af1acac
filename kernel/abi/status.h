/*
 * Status codes: how every operation that can fail says so, in the kernel and to user space.
 *
 * A status must be looked at: it is [[nodiscard]]. TRY returns early, DISCARD is the one way to ignore one and asks for
 * the reason. There is no global error state and no -1. Codes are append-only: user programs and traces hold them.
 */
#pragma once

/* clang-format off */
#define STATUS_CODES(X) \
	X(OK, 0, "it worked") \
	X(INVALID, 1, "an argument has no meaning here: misaligned, out of range, unknown number") \
	X(DENIED, 2, "the right to do this is missing, or W and X were asked for together") \
	X(NO_MEMORY, 3, "no page or kernel object is left") \
	X(NOT_FOUND, 4, "nothing is there") \
	X(EXISTS, 5, "something else is there already") \
	X(FAULT, 6, "a user address could not be read or written") \
	X(RETRY, 7, "not done yet: the thread waits; whoever wakes it sets the results, or it makes the call again") \
	X(DEADLOCK, 8, "waiting would never end") \
	X(LIMIT, 9, "a fixed limit is reached") \
	X(NO_TABLE, 10, "the MMU back end needs a page for its tables: donate one, try again") \
	X(FULL, 11, "every place that could hold the translation is wired") \
	X(TIMED_OUT, 12, "the time given for it is over") \
	X(CRASHED, 13, "the thread was killed for an illegal act") \
	X(IO_ERROR, 14, "the provider could not bring or save the page") \
	X(GONE, 15, "whoever was to answer is gone") \
	X(CHANGED, 16, "the word has another value than the caller thought")
/* clang-format on */

#define STATUS_ENUM(name, number, text) STATUS_##name = number,
enum [[nodiscard]] status{STATUS_CODES(STATUS_ENUM) STATUS_CODES_END};
#undef STATUS_ENUM

/* Leaves the function with the status of `expression` unless that is STATUS_OK. */
#define TRY(expression)                                                                                                          \
	do {                                                                                                                     \
		enum status try_status = (expression);                                                                           \
		if (try_status != STATUS_OK)                                                                                     \
			return try_status;                                                                                       \
	} while (0)

/* Ignores a status on purpose; `why` is for the reader. */
#define DISCARD(expression, why)                                                                                                 \
	do {                                                                                                                     \
		enum status discarded_status = (expression);                                                                     \
		(void)discarded_status;                                                                                          \
	} while (0)
