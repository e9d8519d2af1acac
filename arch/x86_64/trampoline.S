/*
 * Where a CPU that is told to start begins: real mode, CS = page >> 4, IP = 0, in a page below 1 MiB that smp.c lends for it.
 *
 * Teaches: code that runs where it was not linked. It finds its words through CS, which is where it lies; what it cannot know (its own
 * address, the root of the tables) smp.c writes into the copy. One step leads from 16-bit code to 64-bit code: paging,
 * protection and 64-bit mode go on with one write to CR0, and from then on the page is found through the boot table's 1:1 mapping of
 * the low 2 MiB, until the jump into the image.
 * Who calls: the processor, on STARTUP. Calls boot_cpu_start_64 in boot.S. It has no stack and writes nothing.
 * Intel SDM 3A 8.4.4.2 (start-up of other processors), 9.8.5 (to 64-bit mode).
 */
#include "frame_offsets.h"

#define HERE(symbol) ((symbol) - boot_trampoline)

	.section .rodata
	.globl	boot_trampoline, boot_trampoline_bytes, boot_trampoline_words
	.balign	16
	.code16
boot_trampoline:
	cli
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	HERE(trampoline_gdt_pointer)
	movl	HERE(trampoline_cr4), %eax
	movl	%eax, %cr4
	movl	HERE(trampoline_root), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_BOOT, %eax
	wrmsr
	movl	$CR0_BOOT, %eax
	movl	%eax, %cr0
	ljmpl	*HERE(trampoline_long_mode_pointer)

	.code64
trampoline_long_mode:
	movq	$boot_cpu_start_64, %rax
	jmp	*%rax

	.balign	8
trampoline_gdt:
	.quad	0
	.quad	0x00af9b000000ffff /* SELECTOR_KERNEL_CODE: 64-bit */
	.quad	0x00cf93000000ffff /* SELECTOR_KERNEL_DATA */
trampoline_gdt_end:

/* struct trampoline_words. Addresses count from the start of the page until smp.c adds where that is. */
	.balign	4
trampoline_words:
trampoline_root:
	.long	0
trampoline_cr4:
	.long	0
trampoline_long_mode_pointer:
	.long	HERE(trampoline_long_mode)
	.word	SELECTOR_KERNEL_CODE
trampoline_gdt_pointer:
	.word	trampoline_gdt_end - trampoline_gdt - 1
	.long	HERE(trampoline_gdt)
boot_trampoline_end:

	.balign	4
boot_trampoline_bytes:
	.long	HERE(boot_trampoline_end)
boot_trampoline_words:
	.long	HERE(trampoline_words)

	.section .note.GNU-stack, "", @progbits
