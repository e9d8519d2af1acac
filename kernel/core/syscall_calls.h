/*
 * The functions behind the table of system calls: one for each line of abi/syscall.h.
 */
#pragma once

#include "sched/thread.h"

#define CALL_ARGUMENTS 5

#define CALL_DECLARATION(name, number, text)                                                                                     \
	enum status call_##name(struct thread *thread, const uint64_t arguments[CALL_ARGUMENTS], uint64_t *value);
SYSCALLS(CALL_DECLARATION)
#undef CALL_DECLARATION
