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

/* uint64_t clock_ticks(void) (Power ISA 3.0B, book II 6.1: the time base). */
	.globl	clock_ticks
	.type	clock_ticks, @function
clock_ticks:
	mftb	%r3
	blr
	.size	clock_ticks, . - clock_ticks

	.section .note.GNU-stack, "", @progbits
