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
	.cfi_sections .debug_frame	/* for debuggers only */

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

/*
 * struct result ipc_<name>(endpoint, struct message *): the calls that carry a message, in registers that a function keeps for
 * its caller (abi/message.h). So they are saved around the call. The third argument is where the kernel wants it: a deadline in
 * ipc_<name>_until(), an endpoint in ipc_call_noblk().
 */
	.macro	message_stub name, number
	.globl	\name
	.type	\name, @function
\name:
	movq	$-1, %rdx		/* no deadline */
	message_stub_until \name\()_until, \number
	.size	\name, . - \name
	.endm

	.macro	message_stub_until name, number
	.globl	\name
	.type	\name, @function
\name:
	.cfi_startproc
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbx, 0
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r12, 0
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r13, 0
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r14, 0
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %r15, 0
	pushq	%rsi
	.cfi_adjust_cfa_offset 8
	movq	8(%rsi), %rbx
	movq	16(%rsi), %r12
	movq	24(%rsi), %r13
	movq	32(%rsi), %r14
	movq	40(%rsi), %r15
	movq	48(%rsi), %rbp
	movq	0(%rsi), %rsi
	movl	$\number, %eax
	syscall
	popq	%rsi
	.cfi_adjust_cfa_offset -8
	movq	%rdx, 0(%rsi)
	movq	%rbx, 8(%rsi)
	movq	%r12, 16(%rsi)
	movq	%r13, 24(%rsi)
	movq	%r14, 32(%rsi)
	movq	%r15, 40(%rsi)
	movq	%rbp, 48(%rsi)
	popq	%r15
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r15
	popq	%r14
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r14
	popq	%r13
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r13
	popq	%r12
	.cfi_adjust_cfa_offset -8
	.cfi_restore %r12
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbx
	ret
	.cfi_endproc
	.size	\name, . - \name
	.endm

	message_stub ipc_call, 29
	message_stub ipc_receive, 30
	message_stub_until ipc_reply, 31
	message_stub ipc_reply_receive, 32
	message_stub_until ipc_send, 50
	message_stub_until ipc_call_noblk, 51

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
