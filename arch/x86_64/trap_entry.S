/*
 * How the CPU gets into the kernel and out again.
 *
 * Teaches: a trap told in order. From user mode the registers go straight into the current thread's frame (cpu->user_frame: the
 * processor starts there because TSS.RSP0 is the frame's end), then the code moves to this CPU's kernel stack. From kernel mode
 * the frame lies on the kernel stack, below what was interrupted. Two ways lead back to user mode:
 *     the fast one   the thread whose system call this was goes on: SYSRET, and only what abi/syscall.h promises is restored;
 *     the full one   any other frame: all registers, IRETQ.
 * Who calls: the processor, arch_user_enter(). Calls kernel_trap(frame), irqs off; it comes back with irqs off.
 *
 * GS: in user mode GS is the user's, in the kernel it points at struct cpu; SWAPGS at each crossing, and nothing between the
 * crossing and SWAPGS can fault: the frames and stacks are always mapped, selectors are constants, the program counter is
 * checked.
 * NMI, double fault and machine check can come in between; they have stacks of their own (IST) and look at GS before they trust
 * it.
 * Simplified: those three never return. Nothing here defends against speculation.
 * Intel SDM 3A 6.14 (64-bit interrupts), 5.8.8 (SYSCALL).
 */
#include "core/cpu_offsets.h"
#include "frame_offsets.h"

#define GS_SELF %gs:CPU_SELF
#define GS_USER_FRAME %gs:CPU_USER_FRAME
#define GS_STACK_TOP %gs:CPU_STACK_TOP
#define GS_SCRATCH(n) %gs:CPU_SCRATCH + 8 * n

/* Pushes what the processor did not; RSP is then the frame. FRAME_* in frame_offsets.h count from its end. */
	.macro	save_registers
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	.endm

/* The other way; RSP is then at what IRETQ wants. */
	.macro	restore_registers
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	.endm

	.text

/* ---- one stub a vector: makes all frames alike ---- */

	.macro	trap_stub vector
trap_stub_\vector:
	/* These push an error code themselves (Intel SDM 3A table 6-1). */
	.if !(\vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21)
	pushq	$0
	.endif
	pushq	$\vector
	.if \vector == VECTOR_NMI || \vector == VECTOR_DOUBLE_FAULT || \vector == VECTOR_MACHINE_CHECK
	jmp	trap_last
	.else
	jmp	trap_common
	.endif
	.endm

	.macro	trap_stub_address vector
	.quad	trap_stub_\vector
	.endm

	.altmacro
	.set	vector, 0
	.rept	VECTOR_STUBS
	trap_stub %vector
	.set	vector, vector + 1
	.endr
	trap_stub %VECTOR_SPURIOUS

	.section .rodata
	.balign	8
	.globl	trap_stubs, trap_stub_spurious
trap_stubs:
	.set	vector, 0
	.rept	VECTOR_STUBS
	trap_stub_address %vector
	.set	vector, vector + 1
	.endr
trap_stub_spurious:
	trap_stub_address %VECTOR_SPURIOUS
	.noaltmacro
	.text

/* ---- exceptions and interrupts ---- */

trap_common:
	testb	$3, FRAME_CS - FRAME_VECTOR(%rsp)
	jz	trap_from_kernel
	swapgs
	save_registers
	clac				/* the gate left the user's AC: SMAP must hold in the kernel */
	cld
	movq	%rsp, %rdi
	movq	GS_STACK_TOP, %rsp
	xorl	%ebp, %ebp		/* backtraces end here */
	call	kernel_trap
	/* falls through */

/* To user mode with the frame in RAX, all of it. RSP0 follows the thread. */
user_return:
	movq	GS_SCRATCH(SCRATCH_TSS), %rcx
	leaq	FRAME_BYTES(%rax), %rdx
	movq	%rdx, TSS_RSP0(%rcx)
	movq	%rax, %rsp
	restore_registers
	swapgs
	iretq

/* What was interrupted looks like a caller to backtraces: a return address and a frame pointer above it. */
trap_from_kernel:
	save_registers
	clac
	cld
	movq	%rsp, %rdi
	pushq	FRAME_RIP(%rdi)
	pushq	%rbp
	movq	%rsp, %rbp
	call	kernel_trap
	movq	%rax, %rsp
	restore_registers
	iretq

/* NMI, double fault, machine check: GS may be anyone's, so ask the processor; kernel addresses have the top bit set. */
trap_last:
	save_registers
	clac
	cld
	movl	$MSR_GS_BASE, %ecx
	rdmsr
	testl	%edx, %edx
	js	1f
	swapgs
1:	movq	%rsp, %rdi
	xorl	%ebp, %ebp
	testb	$3, FRAME_CS(%rdi)
	jnz	2f
	movq	FRAME_RBP(%rdi), %rbp
2:	pushq	FRAME_RIP(%rdi)
	pushq	%rbp
	movq	%rsp, %rbp
	call	kernel_trap
3:	hlt				/* reached only if the kernel took it for something that can be survived */
	jmp	3b

/* _Noreturn void arch_user_enter(struct trap_frame *frame) */
	.globl	arch_user_enter
arch_user_enter:
	movq	%rdi, %rax
	jmp	user_return

/* ---- system calls ---- */

/*
 * SYSCALL put the return address in RCX and RFLAGS in R11, and cleared what MSR_SFMASK names (IF TF DF AC NT); RSP is still
 * the user's. CS and SS of the frame are constants from arch_frame_init(). R9, R11 and RCX are lost to the caller: the frame
 * keeps what an earlier trap of the same thread left there.
 */
	.globl	syscall_entry
syscall_entry:
	swapgs
	movq	%rsp, GS_SCRATCH(SCRATCH_USER_RSP)
	movq	GS_USER_FRAME, %rsp
	movq	%rcx, FRAME_RIP(%rsp)
	movq	%r11, FRAME_RFLAGS(%rsp)
	movq	GS_SCRATCH(SCRATCH_USER_RSP), %rcx
	movq	%rcx, FRAME_RSP(%rsp)
	movq	$VECTOR_SYSCALL, FRAME_VECTOR(%rsp)
	movq	%rax, FRAME_RAX(%rsp)
	movq	%rdx, FRAME_RDX(%rsp)
	movq	%rsi, FRAME_RSI(%rsp)
	movq	%rdi, FRAME_RDI(%rsp)
	movq	%r8, FRAME_R8(%rsp)
	movq	%r10, FRAME_R10(%rsp)
	movq	%rbx, FRAME_RBX(%rsp)
	movq	%rbp, FRAME_RBP(%rsp)
	movq	%r12, FRAME_R12(%rsp)
	movq	%r13, FRAME_R13(%rsp)
	movq	%r14, FRAME_R14(%rsp)
	movq	%r15, FRAME_R15(%rsp)
	movq	%rsp, %rbx
	movq	%rsp, %rdi
	movq	GS_STACK_TOP, %rsp
	xorl	%ebp, %ebp
	call	kernel_trap

	/*
	 * The same thread, and still its system call? Then what is lost need not be restored. R12-R15 must be, though
	 * kernel_trap() keeps them for its caller: the thread may have run on another CPU while this one idled in here. SYSRET
	 * to a non-canonical address would fault in kernel mode with the user's stack, so such a frame takes the other way.
	 */
	cmpq	%rax, %rbx
	jne	user_return
	cmpl	$VECTOR_SYSCALL, FRAME_VECTOR(%rbx)
	jne	user_return
	movq	FRAME_RIP(%rbx), %rcx
	movq	%rcx, %r8
	shrq	$47, %r8		/* 0 for every user address; and clears R8 */
	jnz	user_return
	movq	FRAME_RFLAGS(%rbx), %r11
	movq	FRAME_RAX(%rbx), %rax
	movq	FRAME_RDX(%rbx), %rdx
	xorl	%esi, %esi		/* the lost registers carry nothing out of the kernel */
	xorl	%edi, %edi
	xorl	%r9d, %r9d
	xorl	%r10d, %r10d
	movq	FRAME_R12(%rbx), %r12
	movq	FRAME_R13(%rbx), %r13
	movq	FRAME_R14(%rbx), %r14
	movq	FRAME_R15(%rbx), %r15
	movq	FRAME_RBP(%rbx), %rbp
	movq	FRAME_RSP(%rbx), %rsp
	movq	FRAME_RBX(%rbx), %rbx
	swapgs
	sysretq

	.section .note.GNU-stack, "", @progbits
