/*
 * From the loader's 32-bit mode to C at -2 GiB; the same few instructions serve the first CPU, every other one, and the switch
 * to five-level paging.
 *
 * Teaches: that no page needs to be writable and executable, not even at boot: the very first table knows text from data. And
 * that the number of paging levels can change only while paging is off (Intel SDM 3A 4.5), so "turn it on" is one routine,
 * boot_paging_on, with three callers:
 *     boot_start_32         the loader jumps here on the first CPU: EAX = magic, EBX = Multiboot information
 *     boot_cpu_start_32     the trampoline jumps here on every other CPU
 *     boot_paging_restart   C calls this to have paging switched off and on again with other tables
 * Each names in EDI, by its physical address, where to go on at -2 GiB.
 * The invariant: this file's 32-bit code runs at its physical address and touches only the image.
 * QEMU: `-kernel` takes an ELF64 with a Multiboot 1 header only with the a.out kludge (flag 16); it does not clear .bss then.
 */
#include "core/cpu_offsets.h"
#include "frame_offsets.h"

#define PHYSICAL(symbol) ((symbol) - KERNEL_BASE)

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x00010003 /* a.out kludge; memory map wanted; modules on page boundaries */

#define ENTRY_PRESENT 1
#define ENTRY_WRITE 2
#define ENTRY_NX_HIGH 0x80000000 /* bit 63, in the entry's high word */
#define IMAGE_TABLES (IMAGE_BYTES_MAX / 0x200000)

	.section .multiboot, "ax"
	.balign 4
multiboot_header:
	.long	MULTIBOOT_MAGIC
	.long	MULTIBOOT_FLAGS
	.long	-(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)
	.long	PHYSICAL(multiboot_header)
	.long	PHYSICAL(image_start)
	.long	PHYSICAL(data_end)
	.long	PHYSICAL(image_end)
	.long	PHYSICAL(boot_start_32)

	.section .boot.text, "ax"
	.code32
	.globl	boot_start_32
boot_start_32:
	cli
	cld
	movl	%eax, %ebp
	movl	$PHYSICAL(bss_start), %edi
	movl	$PHYSICAL(image_end), %ecx
	subl	%edi, %ecx
	shrl	$2, %ecx
	xorl	%eax, %eax
	rep stosl

	/* One entry a page of the image: text is read-only, read-only data not executable either, the rest writable. */
	movl	$PHYSICAL(image_start), %eax
	movl	$PHYSICAL(boot_image_tables), %edi
1:	movl	%eax, %edx
	shrl	$12, %edx
	movl	%eax, %ecx
	orl	$ENTRY_PRESENT, %ecx
	cmpl	$PHYSICAL(text_end), %eax
	jb	3f
	movl	$ENTRY_NX_HIGH, 4(%edi, %edx, 8)
	cmpl	$PHYSICAL(rodata_end), %eax
	jb	3f
	orl	$ENTRY_WRITE, %ecx
3:	movl	%ecx, (%edi, %edx, 8)
	addl	$4096, %eax
	cmpl	$PHYSICAL(image_end), %eax
	jb	1b

	/*
	 * The levels above: the image at its physical address (start only) and at -2 GiB; RAM at DIRECT_BASE, filled in by C.
	 */
	movl	$PHYSICAL(boot_image_tables) + ENTRY_PRESENT + ENTRY_WRITE, %eax
	movl	$PHYSICAL(boot_image_directory), %edi
	movl	$IMAGE_TABLES, %ecx
4:	movl	%eax, (%edi)
	addl	$4096, %eax
	addl	$8, %edi
	loop	4b

	.macro	enter_table table, index, lower
	movl	$PHYSICAL(\lower) + ENTRY_PRESENT + ENTRY_WRITE, PHYSICAL(\table) + 8 * \index
	.endm
	enter_table boot_identity_pointers, 0, boot_image_directory
	enter_table kernel_image_pointers, 510, boot_image_directory
	enter_table kernel_image_pointers, 511, kernel_device_directory
	enter_table boot_root4, 0, boot_identity_pointers
	enter_table boot_root4, 256, kernel_direct_pointers
	enter_table boot_root4, 511, kernel_image_pointers
	enter_table kernel_root4, 256, kernel_direct_pointers
	enter_table kernel_root4, 511, kernel_image_pointers
	enter_table boot_root5, 0, boot_root4
	enter_table boot_root5, 511, kernel_root4
	enter_table kernel_root5, 511, kernel_root4

	movl	$PHYSICAL(boot_start_64), %edi
	jmp	boot_paging_on

/* Every other CPU, in protected mode without paging, from the trampoline. */
	.globl	boot_cpu_start_32
boot_cpu_start_32:
	movl	$SELECTOR_KERNEL_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$PHYSICAL(boot_cpu_start_64), %edi
	/* falls through */

/*
 * Switches paging and 64-bit mode on with the tables that boot_root names, and goes on at -2 GiB at the place whose physical
 * address is in EDI. Keeps EBX and EBP. Uses no stack.
 */
boot_paging_on:
	lgdtl	PHYSICAL(boot_gdt_pointer)
	movl	PHYSICAL(boot_root), %eax
	movl	%eax, %cr3
	movl	PHYSICAL(boot_cr4), %eax
	movl	%eax, %cr4
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_BOOT, %eax
	wrmsr
	movl	$CR0_BOOT, %eax
	movl	%eax, %cr0
	ljmpl	$SELECTOR_KERNEL_CODE, $PHYSICAL(boot_long_mode)

/* Switches paging off, on the way of boot_paging_restart. Reached by a far return into a 32-bit segment. */
boot_paging_off_32:
	movl	$SELECTOR_KERNEL_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%cr0, %eax
	andl	$~CR0_PG, %eax
	movl	%eax, %cr0
	movl	$PHYSICAL(boot_paging_restarted), %edi
	jmp	boot_paging_on

	.code64
boot_long_mode:
	movl	%edi, %eax		/* the upper half of a register is undefined after a change of mode */
	addq	$KERNEL_BASE, %rax
	jmp	*%rax

boot_start_64:
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$SELECTOR_KERNEL_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	leaq	kernel_stacks + KERNEL_STACK_BYTES(%rip), %rsp
	movl	%ebp, %edi
	movl	%ebx, %esi
	xorl	%ebp, %ebp
	call	boot_main
	ud2

/* The APIC id of this CPU (CPUID leaf 1, EBX bits 31-24) says which struct cpu is its own, and that has its stack. */
boot_cpu_start_64:
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$1, %eax
	cpuid
	shrl	$24, %ebx
	leaq	boot_cpu_of_apic(%rip), %rax
	movq	(%rax, %rbx, 8), %rdi
	testq	%rdi, %rdi
	jz	1f
	movq	CPU_STACK_TOP(%rdi), %rsp
	xorl	%ebp, %ebp
	call	boot_cpu_main
1:	cli
	hlt
	jmp	1b

/* void boot_paging_restart(void): irqs off; the tables in use map the image at its physical address too. */
	.globl	boot_paging_restart
boot_paging_restart:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, boot_saved_rsp(%rip)
	pushq	$SELECTOR_BOOT_CODE_32
	pushq	$PHYSICAL(boot_paging_off_32)
	lretq

boot_paging_restarted:
	movq	boot_saved_rsp(%rip), %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret

/*
 * The page below 1 MiB where a CPU that is told to start begins: real mode, CS = page >> 4, IP = 0. It only has to reach
 * boot_cpu_start_32 in the image, so it is never mapped executable: paging is still off here.
 */
	.section .rodata
	.globl	boot_trampoline, boot_trampoline_bytes
	.code16
boot_trampoline:
	cli
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	boot_trampoline_gdt_pointer - boot_trampoline
	movl	%cr0, %eax
	orl	$1, %eax
	movl	%eax, %cr0
	ljmpl	$SELECTOR_BOOT_CODE_32, $PHYSICAL(boot_cpu_start_32)
boot_trampoline_gdt_pointer:
	.word	boot_gdt_end - boot_gdt - 1
	.long	PHYSICAL(boot_gdt)
boot_trampoline_end:
	.code64

	.balign	8
boot_trampoline_bytes:
	.long	boot_trampoline_end - boot_trampoline

	.balign	8
boot_gdt:
	.quad	0
	.quad	0x00af9b000000ffff /* SELECTOR_KERNEL_CODE: 64-bit */
	.quad	0x00cf93000000ffff /* SELECTOR_KERNEL_DATA */
	.quad	0x00cf9b000000ffff /* SELECTOR_BOOT_CODE_32 */
boot_gdt_end:
boot_gdt_pointer:
	.word	boot_gdt_end - boot_gdt - 1
	.long	PHYSICAL(boot_gdt)

	.data
	.balign	8
	.globl	boot_root, boot_cr4
boot_saved_rsp:
	.quad	0
boot_root:
	.long	PHYSICAL(boot_root4)
boot_cr4:
	.long	CR4_PAE

	.bss
	.balign	4096
	.globl	boot_root4, boot_root5, kernel_root4, kernel_root5, kernel_direct_pointers, kernel_device_directory
boot_root4:		.skip	4096
boot_root5:		.skip	4096
kernel_root4:		.skip	4096
kernel_root5:		.skip	4096
boot_identity_pointers:	.skip	4096
kernel_image_pointers:	.skip	4096
kernel_direct_pointers:	.skip	4096
kernel_device_directory: .skip	4096
boot_image_directory:	.skip	4096
boot_image_tables:	.skip	4096 * IMAGE_TABLES

	.section .note.GNU-stack, "", @progbits
