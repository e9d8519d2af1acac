/*
 * Messages: what a thread says to an endpoint, and what comes back.
 *
 * A message travels in registers: nothing has to be copied, so sending one cannot fail half-way. It is a type, four words, and
 * at most one handle, which the kernel turns into a handle of the receiver, or says that it could not. The token names the message until
 * it is answered.
 *
 *              endpoint  token  type   words            handle    |  results: status  token  type   words     handle
 *     x86-64   RDI       RSI    RBX    R12 R13 R14 R15  RBP       |           RAX     RDX    RBX    R12-R15   RBP
 *     POWER    r3        r4     r14    r15 r16 r17 r18  r19       |           r3      r4     r14    r15-r18   r19
 *
 * The number of the call is where abi/syscall.h puts it. Each call takes what it needs of these and ignores the rest. The third argument
 * register, RDX or r5, is the deadline of a call or a receive, in ns since boot, -1 for none; and for ipc_call_noblk the
 * endpoint where the answer is to come.
 */
#pragma once

#define MESSAGE_WORDS 4

/*
 * In the place of a handle: one came with the message, and could not be put into the receiver's table. The bits below say why, as a status code:
 * LIMIT, the table is full; GONE, it was revoked on its way. It is no handle's number: whoever uses it as one gets NOT_FOUND. The
 * receiver learns it and not the sender, who may be gone or busy long before; the receiver can answer so, or make room and ask again.
 */
#define MESSAGE_HANDLE_LOST (1 << 16)

/* Types from here on are the kernel's: it sends them, a program that tries gets DENIED. */
#define MESSAGE_KERNEL (1 << 30)

/* clang-format off */
#define MESSAGE_TYPES(X) \
	X(PAGE_READ, MESSAGE_KERNEL + 1, "bring a page") \
	X(PAGE_WRITE, MESSAGE_KERNEL + 2, "save a page") \
	X(FAILED, MESSAGE_KERNEL + 3, "nobody answers the call that has this token: word 0 is the status") \
	X(PROCESS_ENDED, MESSAGE_KERNEL + 4, "a process that is watched has ended") \
	X(INTERRUPT, MESSAGE_KERNEL + 5, "a device has interrupted; its line is held back until this is answered")
/* clang-format on */

/*
 * PAGE_READ and PAGE_WRITE go to the endpoint of a provider's object. The provider fills the page, or saves what is in it,
 * through its window (MAP_WINDOW), and replies with the type REPLY_OK, or with the status code of what went wrong as the type:
 * then the threads that wait for the page are killed.
 */
enum page_message_word {
	PAGE_MESSAGE_KEY,    /* the provider's own name for the object, as it gave it to object_provide */
	PAGE_MESSAGE_PAGE,   /* number of the page in the object */
	PAGE_MESSAGE_OBJECT, /* the object's id in the trace */
	PAGE_MESSAGE_FLOW,   /* the flow of the fault that started it: for trace_mark(MARK_STEP) */
};

/* INTERRUPT goes to an endpoint that is registered for a device's line (interrupt_register). Any answer will do. */
enum interrupt_message_word {
	INTERRUPT_MESSAGE_KEY,   /* the driver's own name for it */
	INTERRUPT_MESSAGE_LINE,  /* the machine's number for the line */
	INTERRUPT_MESSAGE_COUNT, /* how many interrupts of it there have been: one more than the last time */
};

/* PROCESS_ENDED goes to an endpoint that watches a process (process_watch). Nobody waits for an answer: the token is 0. */
enum process_message_word {
	PROCESS_MESSAGE_KEY,    /* the watcher's own name for it */
	PROCESS_MESSAGE_STATUS, /* its exit status */
	PROCESS_MESSAGE_HOW,    /* STATUS_OK, or STATUS_CRASHED if its last thread was killed */
	PROCESS_MESSAGE_CAUSE,  /* then enum crash_cause */
};

#ifndef __ASSEMBLER__
#include <stdint.h>

#define MESSAGE_TYPE_ENUM(name, number, text) MESSAGE_##name = (number),
enum message_type { MESSAGE_TYPES(MESSAGE_TYPE_ENUM) };
#undef MESSAGE_TYPE_ENUM

#define REPLY_OK 0

/* The offsets are known to the assembly of the user library. */
struct message {
	uint64_t token;
	uint64_t type;
	uint64_t word[MESSAGE_WORDS];
	uint64_t handle; /* 0: none; MESSAGE_HANDLE_LOST and why: there was one */
};
#endif
