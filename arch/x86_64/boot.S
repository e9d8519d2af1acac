/*
 * From the loader's 32-bit mode to C at -2 GiB, wherever in physical memory the loader put the image.
 *
 * Teaches: that no page needs to be writable and executable, not even at boot: the very first table knows text from data. That code
 * which does not know where it lies can ask: a CALL leaves its address behind. And that the number of paging levels can
 * change only while paging is off (Intel SDM 3A 4.5), so "turn it on" is one routine, boot_paging_on, with two callers:
 *     boot_start_32         the loader jumps here on the first CPU: EAX = magic, EBX = Multiboot information
 *     boot_paging_restart   C calls this to have paging switched off and on again with other tables
 * The other CPUs come from the trampoline (trampoline.S) straight to boot_cpu_start_64. All meet there: who holds boot_lock has the
 * boot stack, until it has its own data and its own stack.
 * The invariant: 32-bit code has in EBP how far the image lies above where it is linked (a multiple of 2 MiB; 0 with Multiboot 1),
 * and touches only the image; while paging goes on or off it touches only .boot.text, which lies in the image's first 2 MiB.
 * QEMU: `-kernel` takes an ELF64 with a Multiboot 1 header only with the a.out kludge (flag 16); it does not clear .bss then.
 * Multiboot Specification 0.6.96; Multiboot2 Specification 2.0, sections 3.1 (header), 3.3 (machine state).
 */
#include "core/cpu_offsets.h"
#include "frame_offsets.h"

/* A symbol's physical address if the image lies where it is linked, and in 32-bit code the operand where it really lies. */
#define PHYSICAL(symbol) ((symbol) - KERNEL_BASE)
#define AT(symbol) PHYSICAL(symbol)(%ebp)

#define ENTRY_PRESENT 1
#define ENTRY_WRITE 2
#define ENTRY_LARGE 0x80
#define ENTRY_NX_HIGH 0x80000000 /* bit 63, in the entry's high word */
#define LARGE_BYTES 0x200000
#define IMAGE_TABLES (IMAGE_BYTES_MAX / LARGE_BYTES)
#define IMAGE_INDEX (IMAGE_PADDR / LARGE_BYTES) /* of the entry for the image's first 2 MiB, as linked */

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x00010003 /* a.out kludge; memory map wanted; modules on page boundaries */

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

/* Multiboot 2: tags of a type, flags (1: the loader may ignore it) and a size, each on 8 bytes. */
#define MULTIBOOT2_MAGIC 0xe85250d6
#define MULTIBOOT2_I386 0
#define HEADER_TAG_END 0
#define HEADER_TAG_INFORMATION 1
#define HEADER_TAG_PAGE_ALIGNED 6 /* modules on page boundaries */
#define HEADER_TAG_RELOCATABLE 10
#define PREFER_HIGHEST 2

	.balign 8
multiboot2_header:
	.long	MULTIBOOT2_MAGIC
	.long	MULTIBOOT2_I386
	.long	multiboot2_header_end - multiboot2_header
	.long	-(MULTIBOOT2_MAGIC + MULTIBOOT2_I386 + (multiboot2_header_end - multiboot2_header))
1:	.word	HEADER_TAG_INFORMATION, 0
	.long	2f - 1b
	.long	6, 21			/* the memory map, and where the image was put, are needed */
2:	.word	HEADER_TAG_PAGE_ALIGNED, 0
	.long	8
3:	.word	HEADER_TAG_RELOCATABLE, 0
	.long	4f - 3b
	.long	PHYSICAL(image_start), IMAGE_PADDR_MAX, LARGE_BYTES, PREFER_HIGHEST
4:	.word	HEADER_TAG_END, 0
	.long	8
multiboot2_header_end:

	.section .boot.text, "ax"
	.code32
	.globl	boot_start_32
boot_start_32:
	cli
	cld
	movl	%eax, %esi
	movl	(%ebx), %edx		/* a word of the loader's information is stack enough for one CALL */
	leal	4(%ebx), %esp
	call	1f
1:	popl	%ebp
	movl	%edx, (%ebx)
	subl	$PHYSICAL(1b), %ebp

	leal	AT(bss_start), %edi
	movl	$PHYSICAL(image_end), %ecx
	subl	$PHYSICAL(bss_start), %ecx
	shrl	$2, %ecx
	xorl	%eax, %eax
	rep stosl

	/* The three addresses that paging cannot be switched on without. */
	movl	%ebp, AT(boot_image_offset)
	addl	%ebp, AT(boot_root)
	addl	%ebp, AT(boot_gdt_pointer + 2)
	addl	%ebp, AT(boot_long_mode_pointer)

	/* One entry a page of the image: text is read-only, read-only data not executable either, the rest writable. */
	movl	$PHYSICAL(image_start), %eax
	leal	AT(boot_image_tables), %edi
1:	leal	ENTRY_PRESENT(%eax, %ebp), %ecx
	cmpl	$PHYSICAL(text_end), %eax
	jb	3f
	movl	$ENTRY_NX_HIGH, 4(%edi)
	cmpl	$PHYSICAL(rodata_end), %eax
	jb	3f
	orl	$ENTRY_WRITE, %ecx
3:	movl	%ecx, (%edi)
	addl	$8, %edi
	addl	$4096, %eax
	cmpl	$PHYSICAL(image_end), %eax
	jb	1b

	/* The image in its window at -2 GiB. */
	leal	AT(boot_image_tables + ENTRY_PRESENT + ENTRY_WRITE), %eax
	leal	AT(boot_image_directory + 8 * IMAGE_INDEX), %edi
	movl	$IMAGE_TABLES, %ecx
4:	movl	%eax, (%edi)
	addl	$4096, %eax
	addl	$8, %edi
	loop	4b

	/* 1:1, for as long as a CPU is on its way up: the low 2 MiB, where the trampoline is, and the image's first 2 MiB. */
	movl	$0 + ENTRY_PRESENT + ENTRY_LARGE, AT(boot_low_directory)
	leal	AT(image_start), %edi
	shrl	$21, %edi
	leal	AT(boot_image_tables + ENTRY_PRESENT + ENTRY_WRITE), %eax
	leal	AT(boot_low_directory), %ecx
	movl	%eax, (%ecx, %edi, 8)

	.macro	enter_table table, index, lower
	leal	AT(\lower + ENTRY_PRESENT + ENTRY_WRITE), %eax
	movl	%eax, AT(\table + 8 * \index)
	.endm
	enter_table boot_low_pointers, 0, boot_low_directory
	enter_table kernel_image_pointers, 510, boot_image_directory
	enter_table kernel_image_pointers, 511, kernel_device_directory
	enter_table boot_root4, 0, boot_low_pointers
	enter_table boot_root4, 256, kernel_direct_pointers
	enter_table boot_root4, 511, kernel_image_pointers
	enter_table kernel_root4, 256, kernel_direct_pointers
	enter_table kernel_root4, 511, kernel_image_pointers
	enter_table boot_root5, 0, boot_root4
	enter_table boot_root5, 511, kernel_root4
	enter_table kernel_root5, 511, kernel_root4

	movl	$PHYSICAL(boot_start_64), %edi
	/* falls through */

/*
 * Switches paging and 64-bit mode on with the tables that boot_root names, and goes on at -2 GiB at the place in the image that
 * EDI names. Keeps EBX and ESI. Uses no stack.
 */
boot_paging_on:
	lgdtl	AT(boot_gdt_pointer)
	movl	AT(boot_root), %eax
	movl	%eax, %cr3
	movl	AT(boot_cr4), %eax
	movl	%eax, %cr4
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_BOOT, %eax
	wrmsr
	movl	$CR0_BOOT, %eax
	movl	%eax, %cr0
	ljmpl	*AT(boot_long_mode_pointer)

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

/* In .boot.text, because they are read between the old and the new way to find memory. Written only before paging is on. */
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
	.balign	4
boot_long_mode_pointer:
	.long	PHYSICAL(boot_long_mode)
	.word	SELECTOR_KERNEL_CODE

	.macro	segments_load
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$SELECTOR_KERNEL_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	.endm

/* The first CPU holds boot_lock (kernel/boot/boot_lock.c) from the start, and goes on holding it. */
boot_start_64:
	segments_load
	leaq	boot_stack_end(%rip), %rsp
	movl	%esi, %edi
	movl	%ebx, %esi
	xorl	%ebp, %ebp
	call	boot_main
	jmp	3f

/*
 * Any other CPU: waits for its turn on the boot stack, and goes on to kernel_secondary() with boot_lock. One that C finds no struct cpu for
 * lets go of it, and stops without a stack.
 */
	.globl	boot_cpu_start_64
boot_cpu_start_64:
	segments_load
	rdtsc
	shlq	$32, %rdx
	leaq	(%rdx, %rax), %rdi
	movl	$1, %eax
	cpuid
	shrl	$24, %ebx		/* the APIC's number */
	cmpl	boot_deaf_apic(%rip), %ebx
	je	5f
1:	pause
	cmpl	$0, boot_lock(%rip)
	jne	1b
	movl	$1, %eax
	xchgl	%eax, boot_lock(%rip)
	testl	%eax, %eax
	jnz	1b
	leaq	boot_stack_end(%rip), %rsp
	xorl	%ebp, %ebp
	call	boot_cpu_main
	testq	%rax, %rax
	jz	4f
3:	movq	CPU_STACK_TOP(%rax), %rsp
	movq	%rax, %rdi
	xorl	%ebp, %ebp
	call	boot_leave
4:	movl	$0, boot_lock(%rip)
5:	cli
	hlt
	jmp	5b

/* void boot_paging_restart(void): irqs off; the tables in use are the boot tables. */
	.globl	boot_paging_restart
boot_paging_restart:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, boot_saved_rsp(%rip)
	movl	boot_image_offset(%rip), %ebp
	leaq	PHYSICAL(boot_paging_off_32)(%rbp), %rax
	pushq	$SELECTOR_BOOT_CODE_32
	pushq	%rax
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

	.data
	.balign	8
	.globl	boot_root, boot_cr4, boot_deaf_apic
boot_saved_rsp:
	.quad	0
boot_root:
	.long	PHYSICAL(boot_root4)
boot_cr4:
	.long	CR4_PAE
boot_deaf_apic:
	.long	-1

	.bss
	.balign	4096
	.globl	boot_root4, boot_root5, kernel_root4, kernel_root5, kernel_direct_pointers, kernel_device_directory
boot_root4:		.skip	4096
boot_root5:		.skip	4096
boot_low_pointers:	.skip	4096
boot_low_directory:	.skip	4096
kernel_root4:		.skip	4096
kernel_root5:		.skip	4096
kernel_image_pointers:	.skip	4096
kernel_direct_pointers:	.skip	4096
kernel_device_directory: .skip	4096
boot_image_directory:	.skip	4096
boot_image_tables:	.skip	4096 * IMAGE_TABLES
boot_stack:		.skip	BOOT_STACK_BYTES
boot_stack_end:
	.globl	boot_image_offset
boot_image_offset:	.skip	8

	.section .note.GNU-stack, "", @progbits
