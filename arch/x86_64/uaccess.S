/*
 * Copies between the kernel and the current address space, which may fault anywhere.
 *
 * Teaches: the cheapest way to touch user memory is to touch it, and to have a plan for the fault. The three instructions that
 * may fault are listed with where to go on (uaccess_table); arch_uaccess_fixup() moves a faulting frame there. STAC lets the
 * kernel at user pages (SMAP) for just these instructions.
 * Who calls: mm/uaccess.c, irqs on or off, with the address checked to be a user's. Takes no locks.
 *
 *     size_t arch_copy_from_user(void *to, struct vaddr from, size_t bytes);
 *     size_t arch_copy_to_user(struct vaddr to, const void *from, size_t bytes);
 *
 * Both are one loop: RDI to, RSI from, RDX bytes; RAX: how many bytes at the end were not copied. The user's side is brought
 * to a word boundary first, so no word lies across two pages and the residue is exact.
 */
	.text
	.globl	arch_copy_from_user, arch_copy_to_user
arch_copy_from_user:
	movq	%rsi, %rax
	jmp	copy

arch_copy_to_user:
	movq	%rdi, %rax

/* RAX: the user's address. In each part RCX counts what is left of it, and RDX the bytes that come after it. */
copy:
	stac
	negq	%rax
	andl	$7, %eax		/* bytes up to the boundary */
	cmpq	%rdx, %rax
	cmovaq	%rdx, %rax
	movq	%rax, %rcx
	subq	%rcx, %rdx
copy_head:
	rep movsb
	movq	%rdx, %rcx
	andl	$7, %edx
	shrq	$3, %rcx
copy_words:
	rep movsq
	movq	%rdx, %rcx
	xorl	%edx, %edx
copy_tail:
	rep movsb
	clac
	xorl	%eax, %eax
	ret

/* LAB(uaccess) BEGIN: Where a copy goes on after a fault: user pages are closed again (CLAC), and RAX is what has not been
 * copied. When `rep movs` faults, RCX says how many of its pieces are left; how large a piece is depends on the instruction.
 * */
fixup_bytes:
	clac
	leaq	(%rdx, %rcx), %rax
	ret

fixup_words:
	clac
	leaq	(%rdx, %rcx, 8), %rax
	ret
/* LAB(uaccess) ELSE
LAB(uaccess) END */

/* The instruction that may fault, and where to go on. */
	.section .rodata
	.balign	8
	.globl	uaccess_table, uaccess_table_end
uaccess_table:
	/* LAB(uaccess) BEGIN: Two words a row. */
	.quad	copy_head, fixup_bytes
	.quad	copy_words, fixup_words
	.quad	copy_tail, fixup_bytes
	/* LAB(uaccess) ELSE
	LAB(uaccess) END */
uaccess_table_end:

	.section .note.GNU-stack, "", @progbits
