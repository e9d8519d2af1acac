/*
 * Instructions that a program may not use, one thread for each: it is killed, and the machine is none the worse.
 *
 * The processor refuses some because they would change the machine (privileged), some because the kernel left their unit
 * switched off (floating point, vectors), and some because the kernel set up nothing for them (other ways to call it). What
 * they have in common is that a program can execute them at any moment, so the kernel has to have an answer to each.
 * crash.c has the ways to crash that all machines share. Returns how many threads were not killed.
 */
#include <vitrine.h>

/* Each is a thread function made of one piece of assembly. */
#define FORBIDDEN(name, code)                                                                                                    \
	static int name(void *argument)                                                                                          \
	{                                                                                                                        \
		(void)argument;                                                                                                  \
		__asm__ volatile(code ::: "memory");                                                                             \
		return 0;                                                                                                        \
	}

#if defined(__x86_64__)

FORBIDDEN(switch_interrupts_off, "cli")
FORBIDDEN(read_port, "xorl %%edx, %%edx; inb %%dx, %%al")
FORBIDDEN(write_port, "movl $0xf4, %%edx; outb %%al, %%dx")
FORBIDDEN(read_control, "movq %%cr3, %%rax")
FORBIDDEN(write_control, "xorl %%eax, %%eax; movq %%rax, %%cr3")
FORBIDDEN(write_debug, "movq %%rax, %%dr7")
FORBIDDEN(read_msr, "movl $0xc0000080, %%ecx; rdmsr")
FORBIDDEN(write_msr, "movl $0xc0000080, %%ecx; wrmsr")
FORBIDDEN(load_descriptors, "leaq -16(%%rsp), %%rax; lgdt (%%rax)")
FORBIDDEN(store_gdt, "sgdt -16(%%rsp)")
FORBIDDEN(store_idt, "sidt -16(%%rsp)")
FORBIDDEN(flush_tlb, "invlpg (%%rsp)")
FORBIDDEN(flush_caches, "wbinvd")
FORBIDDEN(swap_gs, "swapgs")
FORBIDDEN(write_gs_base, "wrgsbase %%rax")
FORBIDDEN(return_to_user, "sysretq")
FORBIDDEN(kernel_selector, "movl $0x08, %%eax; movl %%eax, %%ss")
FORBIDDEN(wrong_selector, "movl $0x1234, %%eax; movl %%eax, %%ds")
FORBIDDEN(return_to_kernel, "pushq $0x10; pushq $0; pushq $2; pushq $8; pushq $0; iretq")
FORBIDDEN(timer_vector, "int $0x20")
FORBIDDEN(page_fault_vector, "int $14")
FORBIDDEN(old_call, "int $0x80")
FORBIDDEN(other_call, "sysenter")
FORBIDDEN(single_step, "pushfq; orq $0x100, (%%rsp); popfq; nop; nop; nop")
FORBIDDEN(step_into_call, "pushfq; orq $0x100, (%%rsp); popfq; xorl %%eax, %%eax; syscall; nop; nop")
FORBIDDEN(x87, "fld1")
FORBIDDEN(sse, ".byte 0x66, 0x0f, 0xef, 0xc0") /* pxor %xmm0, %xmm0 */

static const struct crime {
	const char *name;
	thread_function *commit;
} crimes[] = {
	{"cli", switch_interrupts_off},
	{"in", read_port},
	{"out", write_port},
	{"mov from cr3", read_control},
	{"mov to cr3", write_control},
	{"mov to dr7", write_debug},
	{"rdmsr", read_msr},
	{"wrmsr", write_msr},
	{"lgdt", load_descriptors},
	{"sgdt", store_gdt},
	{"sidt", store_idt},
	{"invlpg", flush_tlb},
	{"wbinvd", flush_caches},
	{"swapgs", swap_gs},
	{"wrgsbase", write_gs_base},
	{"sysret", return_to_user},
	{"kernel's ss", kernel_selector},
	{"no such ds", wrong_selector},
	{"iret to kernel", return_to_kernel},
	{"int 0x20", timer_vector},
	{"int 14", page_fault_vector},
	{"int 0x80", old_call},
	{"sysenter", other_call},
	{"single step", single_step},
	{"step a syscall", step_into_call},
	{"x87", x87},
	{"sse", sse},
};

#elif defined(__powerpc64__)

/* As numbers where an assembler for POWER8 does not know the instruction. */
FORBIDDEN(read_state, "mfmsr 3")
FORBIDDEN(write_state, "mtmsrd 3")
FORBIDDEN(interrupt_return, "rfid")
FORBIDDEN(hypervisor_return, "hrfid")
FORBIDDEN(read_register, "mfspr 3, 318") /* LPCR */
FORBIDDEN(write_register, "mtspr 318, 3")
FORBIDDEN(write_decrementer, "mtspr 22, 3")
FORBIDDEN(flush_translation, ".long 0x7c000264") /* tlbie */
FORBIDDEN(wait_for_flush, ".long 0x7c00046c")    /* tlbsync */
FORBIDDEN(flush_segments, "slbia")
FORBIDDEN(write_segment, "slbmte 3, 4")
FORBIDDEN(send_message, ".long 0x7c00199c") /* msgsnd r3 */
FORBIDDEN(stop, ".long 0x4c0002e4")
FORBIDDEN(real_mode_load, ".long 0x7c601eaa") /* lbzcix r3, 0, r3 */
FORBIDDEN(attention, ".long 0x00000200")
FORBIDDEN(other_call, ".long 0x44000001")     /* scv 0 */
FORBIDDEN(floating_point, ".long 0xfc21082a") /* fadd 1, 1, 1 */
FORBIDDEN(altivec, ".long 0x102104c4")        /* vxor 1, 1, 0 */
FORBIDDEN(vsx, ".long 0xf02104d0")            /* xxlxor 1, 1, 0 */
FORBIDDEN(transaction, ".long 0x7c00051d")    /* tbegin. */
FORBIDDEN(no_such_atomic, ".long 0x7d41fccc") /* ldat 10, 1, 31 */
FORBIDDEN(misaligned_reservation, "addi 3, 1, 1; ldarx 4, 0, 3")
FORBIDDEN(all_ones, ".long 0xffffffff")

static const struct crime {
	const char *name;
	thread_function *commit;
} crimes[] = {
	{"mfmsr", read_state},
	{"mtmsrd", write_state},
	{"rfid", interrupt_return},
	{"hrfid", hypervisor_return},
	{"read LPCR", read_register},
	{"write LPCR", write_register},
	{"write DEC", write_decrementer},
	{"tlbie", flush_translation},
	{"tlbsync", wait_for_flush},
	{"slbia", flush_segments},
	{"slbmte", write_segment},
	{"msgsnd", send_message},
	{"stop", stop},
	{"lbzcix", real_mode_load},
	{"attn", attention},
	{"scv", other_call},
	{"fadd", floating_point},
	{"vxor", altivec},
	{"xxlxor", vsx},
	{"tbegin", transaction},
	{"ldat function 31", no_such_atomic},
	{"misaligned ldarx", misaligned_reservation},
	{"all ones", all_ones},
};

#endif

static bool is_killed(const struct crime *crime)
{
	struct result end = thread_join(must(thread_create(crime->name, crime->commit, NULL)));
	if (end.status != STATUS_CRASHED)
		printf("%s: ended with %s\n", crime->name, status_name(end.status));
	return end.status == STATUS_CRASHED;
}

int main(void)
{
	for (unsigned i = 0; i < ARRAY_LENGTH(crimes); i++)
		check(is_killed(&crimes[i]));
	printf("forbidden: %lu instructions, %d of them were not refused\n", ARRAY_LENGTH(crimes), checks_failed());
	return checks_failed();
}
