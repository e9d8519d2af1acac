/*
 * Copying between the kernel and a user's memory, through the MMU.
 *
 * Teaches: MSR[DR] alone decides whether a load is translated. The kernel runs untranslated, so a copy loads from one world
 * into registers, switches DR, and stores into the other: 32 bytes a turn, then 8, 4, 1; so an aligned word is read and written
 * in one piece. The instructions themselves come from untranslated memory all the time (IR = 0). A fault in here ends in uaccess_fixup.
 * Who calls: trap.c, for one page at most, so what a fault leaves uncopied is exactly what lies in the missing page.
 * Invariant: at every load and store that may fault r5 is the number of bytes not copied yet, and the frame on the stack is
 * the caller's.
 * Power ISA 3.0B Book III, "Real Addressing Mode", and "Synchronization Requirements for Context Alterations" for the isync.
 */
#include "ppc64_registers.h"

/* r3 to, r4 from, r5 bytes, r6 MSR with DR = 0, r7 MSR with DR = 1. */
.macro SETUP
	mfmsr	%r6
	ori	%r7, %r6, MSR_DR
.endm

.macro TRANSLATE msr
	mtmsrd	\msr
	isync
.endm

/* One piece of 8, 4 or 1 bytes. */
.macro MOVE from, to, bytes, load, store
	TRANSLATE \from
	\load	%r9, 0(%r4)
	TRANSLATE \to
	\store	%r9, 0(%r3)
	addi	%r4, %r4, \bytes
	addi	%r3, %r3, \bytes
	addi	%r5, %r5, -\bytes
.endm

/*
 * The two directions differ in which half of a turn is translated: `from` before the loads, `to` before the stores. The last
 * switch of a turn always leads back to where the next turn's begins, so a loop has two.
 */
.macro COPY from, to
	SETUP
1:	cmpldi	%r5, 32
	blt	2f
	TRANSLATE \from
	ld	%r9, 0(%r4)
	ld	%r10, 8(%r4)
	ld	%r11, 16(%r4)
	ld	%r12, 24(%r4)
	TRANSLATE \to
	std	%r9, 0(%r3)
	std	%r10, 8(%r3)
	std	%r11, 16(%r3)
	std	%r12, 24(%r3)
	addi	%r4, %r4, 32
	addi	%r3, %r3, 32
	addi	%r5, %r5, -32
	b	1b
2:	cmpldi	%r5, 8
	blt	3f
	MOVE	\from, \to, 8, ld, std
	b	2b
3:	cmpldi	%r5, 4
	blt	4f
	MOVE	\from, \to, 4, lwz, stw
4:	cmpldi	%r5, 0
	beq	uaccess_fixup
	MOVE	\from, \to, 1, lbz, stb
	b	4b
.endm

	.text
	.globl	uaccess_copy_in, uaccess_copy_out, uaccess_begin, uaccess_end, uaccess_fixup
/* LAB(uaccess) BEGIN: A fault between uaccess_begin and uaccess_end goes on at uaccess_fixup: in real mode again, with r3
 * saying how many bytes have not been copied. So does a copy that is done. */
uaccess_begin:
uaccess_copy_in: /* (to, user's from, bytes) -> bytes left */
	COPY	%r7, %r6
uaccess_copy_out: /* (user's to, from, bytes) -> bytes left */
	COPY	%r6, %r7
uaccess_end:
uaccess_fixup: /* also the ordinary way out */
	TRANSLATE %r6
	mr	%r3, %r5
	blr
/* LAB(uaccess) ELSE
uaccess_begin:
uaccess_end:
uaccess_copy_in:
	COPY	%r7, %r6
uaccess_copy_out:
	COPY	%r6, %r7
uaccess_fixup:
	TRANSLATE %r6
	li	%r3, 0
	blr
LAB(uaccess) END */
	.section .note.GNU-stack, "", @progbits
