/*
 * What a program on x86-64 cannot say in C: where it starts, where a thread starts, and how it calls the kernel.
 *
 * Teaches: a system call is one instruction with an agreement about registers. abi/syscall.h takes arguments where the System V
 * ABI (AMD64 supplement 1.0, 3.2.3) passes them to a function, RDI RSI RDX RCX R8, but for the fourth: SYSCALL puts the return
 * address into RCX (Intel SDM vol. 2, SYSCALL), so it travels in R10. The results, status in RAX and value in RDX, are how a
 * function returns a struct of two words. So a stub is: number, fourth argument, SYSCALL, return.
 * Who calls: the kernel enters at _start and thread_entry; the library and programs call sys_*().
 * Assumes: the kernel starts threads with RSP a multiple of 16, so that a `call` leaves it as a C function expects it.
 */
#include "abi/syscall.h"

	.text

	.globl	_start
	.type	_start, @function
_start:
	xorl	%ebp, %ebp		/* a backtrace ends here */
	call	program_start
	ud2
	.size	_start, . - _start

/* (struct thread_start *rdi): see library.h. Takes the record before it touches the stack: the first touch is a page fault. */
	.globl	thread_entry
	.type	thread_entry, @function
thread_entry:
	movq	0(%rdi), %rax
	movq	8(%rdi), %rsi
	movq	$0, 0(%rdi)		/* stores are seen in order: the record is free once both words are read */
	movq	%rsi, %rdi
	xorl	%ebp, %ebp
	call	*%rax
	movslq	%eax, %rdi
	call	sys_thread_exit
	ud2
	.size	thread_entry, . - thread_entry

/* struct result sys_<name>(...): one for each line of SYSCALLS. */
#define STUB(name, number, text) \
	.globl	sys_##name; \
	.type	sys_##name, @function; \
	sys_##name: movl $number, %eax; movq %rcx, %r10; syscall; ret; \
	.size	sys_##name, . - sys_##name;
SYSCALLS(STUB)

/* struct result sys_call(a, b, c, d, e, number): the number is the sixth argument, in R9. */
	.globl	sys_call
	.type	sys_call, @function
sys_call:
	movq	%r9, %rax
	movq	%rcx, %r10
	syscall
	ret
	.size	sys_call, . - sys_call

/* uint64_t clock_ticks(void) (Intel SDM vol. 2, RDTSC: the counter comes in two halves). */
	.globl	clock_ticks
	.type	clock_ticks, @function
clock_ticks:
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
	ret
	.size	clock_ticks, . - clock_ticks

	.section .note.GNU-stack, "", @progbits
