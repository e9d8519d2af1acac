/*
 * What a program on POWER cannot say in C: where it starts, where a thread starts, and how it calls the kernel.
 *
 * Teaches: a system call is one instruction with an agreement about registers. abi/syscall.h takes the arguments in r3-r7,
 * where the ELFv2 ABI (2.2.3) passes them to a function, and returns status and value in r3 and r4, where it returns a struct
 * of two words. So a stub is: number into r0, `sc`, return (Power ISA 3.0B, book III 4.3.1).
 * Code compiled for ELFv2 finds its data through r2, the TOC pointer. Every function keeps it, so it is set once for each
 * thread.
 * Who calls: the kernel enters at _start and thread_entry; the library and programs call sys_*().
 * Assumes: the kernel starts threads with a stack frame above r1 whose back chain is zero and where a callee may save LR.
 */
#include "abi/syscall.h"

	.machine power8
	.abiversion 2
	.text

	.globl	_start
	.type	_start, @function
_start:
	lis	%r2, .TOC.@ha
	addi	%r2, %r2, .TOC.@l
	bl	program_start
	nop
	trap
	.size	_start, . - _start

/* (struct thread_start *r3): see library.h. Takes the record before it touches the stack: the first touch is a page fault. */
	.globl	thread_entry
	.type	thread_entry, @function
thread_entry:
	lis	%r2, .TOC.@ha
	addi	%r2, %r2, .TOC.@l
	ld	%r12, 0(%r3)
	ld	%r4, 8(%r3)
	lwsync				/* both words are read before others see the record free */
	li	%r0, 0
	std	%r0, 0(%r3)
	mr	%r3, %r4
	mtctr	%r12			/* a function called by its address expects that in r12 */
	bctrl
	extsw	%r3, %r3
	bl	sys_thread_exit
	trap
	.size	thread_entry, . - thread_entry

/* struct result sys_<name>(...): one for each line of SYSCALLS. */
#define STUB(name, number, text) \
	.globl	sys_##name; \
	.type	sys_##name, @function; \
	sys_##name: li %r0, number; sc; blr; \
	.size	sys_##name, . - sys_##name;
SYSCALLS(STUB)

/* struct result sys_call(a, b, c, d, e, number): the number is the sixth argument, in r8. */
	.globl	sys_call
	.type	sys_call, @function
sys_call:
	mr	%r0, %r8
	sc
	blr
	.size	sys_call, . - sys_call

/*
 * struct result ipc_<name>(endpoint, struct message *): the calls that carry a message, in registers that a function keeps for
 * its caller (abi/message.h). So they are saved around the call, in a stack frame of 112 bytes, with the message's address.
 * The third argument is where the kernel wants it: a deadline in ipc_<name>_until(), an endpoint in ipc_call_noblk().
 */
	.macro	message_stub name, number
	.globl	\name
	.type	\name, @function
\name:
	li	%r5, -1			/* no deadline */
	message_stub_until \name\()_until, \number
	.size	\name, . - \name
	.endm

	.macro	message_stub_until name, number
	.globl	\name
	.type	\name, @function
\name:
	stdu	%r1, -112(%r1)
	std	%r14, 32(%r1)
	std	%r15, 40(%r1)
	std	%r16, 48(%r1)
	std	%r17, 56(%r1)
	std	%r18, 64(%r1)
	std	%r19, 72(%r1)
	std	%r4, 80(%r1)
	ld	%r14, 8(%r4)
	ld	%r15, 16(%r4)
	ld	%r16, 24(%r4)
	ld	%r17, 32(%r4)
	ld	%r18, 40(%r4)
	ld	%r19, 48(%r4)
	ld	%r4, 0(%r4)
	li	%r0, \number
	sc
	ld	%r5, 80(%r1)
	std	%r4, 0(%r5)
	std	%r14, 8(%r5)
	std	%r15, 16(%r5)
	std	%r16, 24(%r5)
	std	%r17, 32(%r5)
	std	%r18, 40(%r5)
	std	%r19, 48(%r5)
	ld	%r14, 32(%r1)
	ld	%r15, 40(%r1)
	ld	%r16, 48(%r1)
	ld	%r17, 56(%r1)
	ld	%r18, 64(%r1)
	ld	%r19, 72(%r1)
	addi	%r1, %r1, 112
	blr
	.size	\name, . - \name
	.endm

	message_stub ipc_call, 29
	message_stub ipc_receive, 30
	message_stub_until ipc_reply, 31
	message_stub ipc_reply_receive, 32
	message_stub_until ipc_send, 50
	message_stub_until ipc_call_noblk, 51

/* uint64_t clock_ticks(void) (Power ISA 3.0B, book II 6.1: the time base). */
	.globl	clock_ticks
	.type	clock_ticks, @function
clock_ticks:
	mftb	%r3
	blr
	.size	clock_ticks, . - clock_ticks

	.section .note.GNU-stack, "", @progbits
