/*
 * From a trap to kernel_trap() and back: where registers go, and which of them.
 *
 * Teaches: a trap is a call that nobody made. From user mode the registers go straight into the thread (cpu->user_frame) and
 * the kernel starts on the CPU's stack, which is empty; from kernel mode they go on that stack, under what was interrupted. A
 * system call is the cheap case: the caller knows that some registers are lost, and those that C functions keep are still
 * there on the way back.
 * Who calls: the vectors in start.S; the scheduler through arch_user_enter(). Whom it calls: kernel_trap(),
 * trap_from_kernel().
 * Invariant: r13 is the CPU's struct cpu from the first instruction of a trap; EE is off from the trap until rfid.
 * Every return is by rfid: QEMU 7.2 under icount refuses hrfid when it changes translation, and SRR0/1 are free by then.
 * Simplified: a machine check in these lines is fatal. VRSAVE and PPR, which users can write and nothing here needs, are not
 * kept but reset on the way back with all registers: a thread may lose its own, and never sees another's.
 * Power ISA 3.0B Book III, "Interrupt Processing"; OpenPOWER ELFv2 ABI, "Register Roles", for which registers a function
 * keeps.
 */
#include "core/cpu_offsets.h"
#include "entry.h"
#include "frame_offsets.h"
#include "ppc64_registers.h"

#define SCRATCH(n) CPU_SCRATCH + 8 * (n)

/* Words of the syscall's base frame on the kernel stack that C leaves alone: ELFv2 uses the first four. */
#define BASE_STACK_FRAME 40

.macro SAVE_RANGE frame, first, last
	.set	register_number, \first
	.rept	\last - \first + 1
	std	register_number, FRAME_GPR(register_number)(\frame)
	.set	register_number, register_number + 1
	.endr
.endm

.macro LOAD_RANGE frame, first, last
	.set	register_number, \first
	.rept	\last - \first + 1
	ld	register_number, FRAME_GPR(register_number)(\frame)
	.set	register_number, register_number + 1
	.endr
.endm

/* What a debugger needs to know: nobody called the code between these two, its LR leads nowhere. */
.macro FROM_USER
	.cfi_startproc
	.cfi_undefined lr
.endm

	.cfi_sections .debug_frame
	.text

/* ---- system calls ---- */

/* r5-r12, r0 (after its use as the number), CTR, XER, CR0-1 and CR5-7 are lost: abi/syscall.h. */
	.globl	trap_syscall
trap_syscall:
	FROM_USER
	mtspr	SPR_HSPRG1, %r13
	mfspr	%r13, SPR_HSPRG0
	ld	%r12, CPU_USER_FRAME(%r13)
	mfspr	%r8, SPR_SRR0
	mfspr	%r9, SPR_SRR1
	mflr	%r10
	mfcr	%r11
	SAVE_RANGE %r12, 0, 7
	mfspr	%r0, SPR_HSPRG1
	std	%r8, FRAME_PC(%r12)
	std	%r9, FRAME_MSR(%r12)
	std	%r10, FRAME_LR(%r12)
	std	%r11, FRAME_CR(%r12)
	std	%r0, FRAME_GPR(13)(%r12)
	SAVE_RANGE %r12, 14, 31 /* C keeps them, but another CPU may be the one to resume the thread */
	std	%r13, FRAME_SYSCALL_CPU(%r12)
	ld	%r1, CPU_STACK_TOP(%r13)
	li	%r0, 0
	stdu	%r0, -BASE_STACK_BYTES(%r1)
	std	%r12, BASE_STACK_FRAME(%r1)
	LOAD_TOC
	mr	%r3, %r12
	bl	kernel_trap
	nop

	/*
	 * The short way back is right if r14-r31 are the thread's: it is the frame we came with, and its last trap was a system
	 * call on this CPU, hence this one. (The thread may have run elsewhere while this CPU idled in here.)
	 */
	ld	%r12, BASE_STACK_FRAME(%r1)
	ld	%r11, FRAME_SYSCALL_CPU(%r3)
	cmpd	%r3, %r12
	bne	trap_resume
	cmpd	%r11, %r13
	bne	trap_resume
	ld	%r8, FRAME_PC(%r3)
	ld	%r9, FRAME_MSR(%r3)
	ld	%r10, FRAME_LR(%r3)
	ld	%r11, FRAME_CR(%r3)
	mtspr	SPR_SRR0, %r8
	mtspr	SPR_SRR1, %r9
	mtlr	%r10
	mtcr	%r11
	.irp	number, 0, 5, 6, 7, 8, 9, 10, 11, 12
	li	%r\number, 0 /* what the call loses does not tell the kernel's addresses */
	.endr
	mtctr	%r0
	mtxer	%r0
	LOAD_RANGE %r3, 1, 2
	ld	%r13, FRAME_GPR(13)(%r3)
	ld	%r4, FRAME_GPR(4)(%r3)
	ld	%r3, FRAME_GPR(3)(%r3)
	rfid
	.cfi_endproc

/* ---- all other traps ---- */

/* r12 = vector; r12 and r13 saved by the vector. */
	.globl	trap_srr
trap_srr:
	std	%r11, SCRATCH(1)(%r13)
	std	%r10, SCRATCH(2)(%r13)
	mfspr	%r10, SPR_SRR0
	mfspr	%r11, SPR_SRR1
	b	trap_save

	.globl	trap_hsrr
trap_hsrr:
	std	%r11, SCRATCH(1)(%r13)
	std	%r10, SCRATCH(2)(%r13)
	mfspr	%r10, SPR_HSRR0
	mfspr	%r11, SPR_HSRR1

trap_save: /* r10 = pc, r11 = msr, r12 = vector */
	FROM_USER
	std	%r9, SCRATCH(3)(%r13)
	std	%r8, SCRATCH(4)(%r13)
	mfcr	%r9
	andi.	%r8, %r11, MSR_PR
	ld	%r8, CPU_USER_FRAME(%r13)
	bne	1f
	addi	%r8, %r1, -(RED_ZONE_BYTES + FRAME_BYTES)
1:	SAVE_RANGE %r8, 0, 7
	SAVE_RANGE %r8, 14, 31
	ld	%r0, SCRATCH(4)(%r13)
	ld	%r3, SCRATCH(3)(%r13)
	ld	%r4, SCRATCH(2)(%r13)
	ld	%r5, SCRATCH(1)(%r13)
	ld	%r6, SCRATCH(0)(%r13)
	mfspr	%r7, SPR_HSPRG1
	std	%r0, FRAME_GPR(8)(%r8)
	std	%r3, FRAME_GPR(9)(%r8)
	std	%r4, FRAME_GPR(10)(%r8)
	std	%r5, FRAME_GPR(11)(%r8)
	std	%r6, FRAME_GPR(12)(%r8)
	std	%r7, FRAME_GPR(13)(%r8)
	mflr	%r3
	mfctr	%r4
	mfxer	%r5
	mfspr	%r6, SPR_DAR
	mfspr	%r7, SPR_DSISR
	li	%r0, 0
	std	%r3, FRAME_LR(%r8)
	std	%r4, FRAME_CTR(%r8)
	std	%r5, FRAME_XER(%r8)
	std	%r6, FRAME_DAR(%r8)
	std	%r7, FRAME_DSISR(%r8)
	std	%r9, FRAME_CR(%r8)
	std	%r10, FRAME_PC(%r8)
	std	%r11, FRAME_MSR(%r8)
	std	%r12, FRAME_VECTOR(%r8)
	std	%r0, FRAME_SYSCALL_CPU(%r8)
	LOAD_TOC
	andi.	%r4, %r11, MSR_PR
	beq	trap_kernel

	ld	%r1, CPU_STACK_TOP(%r13)
	stdu	%r0, -BASE_STACK_BYTES(%r1)
	mr	%r3, %r8
	bl	kernel_trap
	nop
	b	trap_resume
	.cfi_endproc

/*
 * Below the frame, two links make the back chain pass through the trap: one shows the interrupted instruction as a return
 * address, one the interrupted LR, which is the caller if the interrupted function is a leaf.
 *
 *     r8      struct trap_frame
 *     r8-32   link: back chain -> the interrupted function's caller's frame;  +16 LR
 *     r8-64   link: back chain -> r8-32;                                      +16 pc
 *     r8-128  the base frame of what is called now; back chain -> r8-64
 */
trap_kernel:
	/* For a debugger: the interrupted function is the caller; its registers lie in the frame, below its red zone. */
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa r1, BASE_STACK_BYTES + 64 + FRAME_BYTES + RED_ZONE_BYTES
	.cfi_offset lr, FRAME_PC - FRAME_BYTES - RED_ZONE_BYTES
	.irp	number, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	.cfi_offset \number, FRAME_GPR(\number) - FRAME_BYTES - RED_ZONE_BYTES
	.endr
	ld	%r4, 0(%r1)
	addi	%r5, %r8, -32
	addi	%r6, %r8, -64
	std	%r4, 0(%r5)
	std	%r3, 16(%r5)
	std	%r5, 0(%r6)
	std	%r10, 16(%r6)
	mr	%r1, %r6
	stdu	%r6, -BASE_STACK_BYTES(%r1)
	mr	%r3, %r8
	bl	trap_from_kernel
	nop
	.cfi_endproc

/* r3 = the frame: all registers. Also where the scheduler starts a CPU's first thread. */
	.globl	arch_user_enter
arch_user_enter:
trap_resume:
	ld	%r4, FRAME_PC(%r3)
	ld	%r5, FRAME_MSR(%r3)
	ld	%r6, FRAME_LR(%r3)
	ld	%r7, FRAME_CTR(%r3)
	ld	%r8, FRAME_XER(%r3)
	ld	%r9, FRAME_CR(%r3)
	mtspr	SPR_SRR0, %r4
	mtspr	SPR_SRR1, %r5
	mtlr	%r6
	mtctr	%r7
	mtxer	%r8
	mtcr	%r9
	li	%r4, 0
	li	%r5, PPR_MEDIUM
	sldi	%r5, %r5, PPR_SHIFT
	mtspr	SPR_VRSAVE, %r4
	mtspr	SPR_PPR, %r5
	LOAD_RANGE %r3, 0, 2
	LOAD_RANGE %r3, 4, 31
	ld	%r3, FRAME_GPR(3)(%r3)
	rfid

/* ---- idle ---- */

/*
 * Waits for an interrupt: EE on, wait, EE off. One that is taken between the first two would return to the wait and be slept
 * through; so trap_from_kernel() moves a pc that stands on the wait past it.
 */
	.globl	arch_cpu_idle, idle_window, idle_window_end
arch_cpu_idle:
	li	%r4, MSR_RI
	ori	%r5, %r4, MSR_EE
	mtmsrd	%r5, 1
idle_window:
	.long	OPCODE_WAIT
idle_window_end:
	li	%r4, 0
	mtmsrd	%r4, 1
	blr
	.section .note.GNU-stack, "", @progbits
