/*
 * The first instructions of every CPU, and the vectors where the machine delivers traps.
 *
 * Teaches: what a machine gives you before there is an operating system. Every CPU starts at 0x10 at the same moment,
 * untranslated, in hypervisor mode, r3 = device tree, with no stack. One of them wins an election and boots; the others wait
 * for boot_lock, which it holds until it has told them to start.
 * Who calls: the machine. Whom it calls: boot_start() on the boot CPU, boot_arrive() and kernel_secondary() on the others.
 * Invariant: nothing in .bss is touched before the boot CPU cleared it; what the others look at until they have boot_lock lies in
 * .data. The boot stack belongs to whoever has boot_lock.
 * Power ISA 3.0B Book III, "Interrupt Definitions", lists the vectors.
 */
#include "core/cpu_offsets.h"
#include "entry.h"
#include "frame_offsets.h"
#include "ppc64_registers.h"

/* A trap that leaves the interrupted place in SRR0/SRR1 (srr) or HSRR0/HSRR1 (hsrr). Some vectors have eight instructions. */
.macro VECTOR address, pair
	.org	\address
	mtspr	SPR_HSPRG1, %r13
	mfspr	%r13, SPR_HSPRG0
	std	%r12, CPU_SCRATCH + 0(%r13)
	li	%r12, \address
	b	trap_\pair
.endm

	.section .head, "ax"
	.org	0x10
	.globl	kernel_entry
kernel_entry:
	b	boot_entry

	VECTOR	VECTOR_SYSTEM_RESET, srr
	VECTOR	VECTOR_MACHINE_CHECK, srr
	VECTOR	VECTOR_DATA_STORAGE, srr
	VECTOR	VECTOR_DATA_SEGMENT, srr
	VECTOR	VECTOR_INSTRUCTION_STORAGE, srr
	VECTOR	VECTOR_INSTRUCTION_SEGMENT, srr
	VECTOR	VECTOR_EXTERNAL, srr
	VECTOR	VECTOR_ALIGNMENT, srr
	VECTOR	VECTOR_PROGRAM, srr
	VECTOR	VECTOR_FLOATING_POINT_OFF, srr
	VECTOR	VECTOR_DECREMENTER, srr
	VECTOR	VECTOR_HYPERVISOR_DECREMENTER, hsrr
	VECTOR	VECTOR_DIRECTED_DOORBELL, srr
	.org	VECTOR_SYSTEM_CALL
	b	trap_syscall
	VECTOR	VECTOR_TRACE, srr
	VECTOR	VECTOR_HYPERVISOR_DATA_STORAGE, hsrr
	VECTOR	VECTOR_HYPERVISOR_INSTRUCTION_STORAGE, hsrr
	VECTOR	VECTOR_HYPERVISOR_EMULATION, hsrr
	VECTOR	VECTOR_HYPERVISOR_MAINTENANCE, hsrr
	VECTOR	VECTOR_HYPERVISOR_DOORBELL, hsrr
	VECTOR	VECTOR_HYPERVISOR_VIRTUALIZATION, hsrr
	VECTOR	VECTOR_PERFORMANCE_MONITOR, srr
	VECTOR	VECTOR_VECTOR_OFF, srr
	VECTOR	VECTOR_VSX_OFF, srr
	VECTOR	VECTOR_FACILITY_OFF, srr
	VECTOR	VECTOR_HYPERVISOR_FACILITY_OFF, hsrr
	.org	0x1000

	.cfi_sections .debug_frame
	.text
boot_entry:
	/* Machine checks interrupt from here on. mtmsrd cannot set ME, only a return from an interrupt can. */
	mfmsr	%r4
	ori	%r4, %r4, MSR_ME
	LOAD_ADDRESS %r5, boot_elect
	mtspr	SPR_SRR0, %r5
	mtspr	SPR_SRR1, %r4
	rfid

boot_elect:
	.cfi_startproc
	.cfi_undefined lr /* a debugger's backtrace ends here */
	mfspr	%r31, SPR_PIR
	LOAD_TOC
	LOAD_ADDRESS %r4, boot_elected
1:	lwarx	%r5, 0, %r4
	cmpwi	%r5, 0
	bne	boot_secondary
	li	%r5, 1
	stwcx.	%r5, 0, %r4
	bne-	1b
	isync

	/* This one boots. dcbz clears a cache line of 128 bytes; POWER9 User's Manual 4.3. */
	LOAD_ADDRESS %r4, kernel_bss_start
	LOAD_ADDRESS %r5, kernel_end
2:	dcbz	0, %r4
	addi	%r4, %r4, 128
	cmpld	%r4, %r5
	blt	2b

	LOAD_ADDRESS %r13, cpus /* struct cpu of CPU 0 */
	mtspr	SPR_HSPRG0, %r13
	LOAD_ADDRESS %r1, kernel_stacks + KERNEL_STACK_BYTES
	li	%r0, 0
	stdu	%r0, -BASE_STACK_BYTES(%r1) /* back chain 0: a backtrace ends here */
	mr	%r4, %r31
	bl	boot_start /* (device tree, PIR) */
	nop
	trap

/*
 * r31 = PIR. The boot CPU has boot_lock until it has told whom it wants to start. Then one after the other gets it, and with it the boot
 * stack: enough to find its struct cpu, and with that its own stack.
 */
boot_secondary:
	mfspr	%r30, SPR_TIMEBASE
	LOAD_ADDRESS %r4, boot_lock
1:	or	27, 27, 27
	lwz	%r5, 0(%r4)
	cmpwi	%r5, 0
	bne	1b
	/* What was written before the lock was free is loaded after: branch and isync order two loads. Power ISA 3.0B Book II, 1.7.1, B.2.1.1. */
	isync
	LOAD_ADDRESS %r6, boot_deaf_pir
	ld	%r6, 0(%r6)
	cmpd	%r6, %r31
	beq	left_out
	lwarx	%r5, 0, %r4
	cmpwi	%r5, 0
	bne	1b
	li	%r5, 1
	stwcx.	%r5, 0, %r4
	bne-	1b
	isync

	LOAD_ADDRESS %r1, boot_stack + BOOT_STACK_BYTES
	li	%r0, 0
	stdu	%r0, -BASE_STACK_BYTES(%r1)
	mr	%r3, %r31
	mr	%r4, %r30
	bl	boot_arrive /* (PIR, when it began): struct cpu, or NULL */
	nop
	cmpdi	%r3, 0
	beq	2f
	mr	%r13, %r3
	mtspr	SPR_HSPRG0, %r13
	ld	%r1, CPU_STACK_TOP(%r13)
	li	%r0, 0
	stdu	%r0, -BASE_STACK_BYTES(%r1)
	bl	kernel_secondary /* (struct cpu), with boot_lock */
	nop
	trap

	/* Nobody has told it to start. From here on it has no stack. */
2:	LOAD_ADDRESS %r4, boot_lock
	li	%r5, 0
	lwsync
	stw	%r5, 0(%r4)
left_out:
	b	arch_cpu_halt
	.cfi_endproc

	.data
	.balign	8
	.globl	boot_deaf_pir
boot_deaf_pir:
	.quad	-1
boot_elected:
	.long	0

	.bss
	.balign	16
boot_stack:
	.skip	BOOT_STACK_BYTES

	.section .note.GNU-stack, "", @progbits
