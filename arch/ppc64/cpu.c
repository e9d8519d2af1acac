/*
 * One CPU: its registers made ready, started, halted.
 *
 * Teaches: a CPU comes out of reset with whatever its designers chose; an operating system writes down every register it
 * relies on.
 * Who calls: the kernel's start-up on each CPU. Whom it calls: mmu_hash.c for the translation registers.
 * Invariant: a register that user mode can write is saved for its thread, or reset before another thread runs (VRSAVE, PPR:
 * trap_entry.S). The performance monitor's are closed to writes from user mode since reset (MMCR0[PMCC] = 0).
 * Power ISA 3.0B Book III, "Logical Partitioning Control Register", "Virtual Page Class Key Protection", "Facility Status and
 * Control Register".
 */
#include "arch.h"
#include "core/cpu.h"
#include "ppc64.h"

void arch_cpu_init(struct cpu *cpu)
{
	(void)cpu;
	/* Translation by hash, segments by slbmte. */
	WRITE_SPR(SPR_LPCR, READ_SPR(SPR_LPCR) & ~(uint64_t)(LPCR_HR | LPCR_UPRT));
	WRITE_SPR(SPR_LPID, 0);
	WRITE_SPR(SPR_PID, 0);
	WRITE_SPR(SPR_UAMOR, 0); /* users cannot change storage keys, */
	WRITE_SPR(SPR_AMR, 0);   /* and no key forbids anything */
	WRITE_SPR(SPR_IAMR, 0);
	WRITE_SPR(SPR_FSCR, 0); /* no facility with state of its own in user mode */
	WRITE_SPR(SPR_HFSCR, 0);
	isync();
	mmu_hash_cpu_init();
	arch_timer_set(UINT64_MAX);
}

void arch_cpu_halt(void)
{
	for (;;) {
		msr_write_ee(0);
		WRITE_SPR(SPR_DEC, DEC_FAR);
		__asm__ volatile(".long %0" : : "i"(OPCODE_WAIT) : "memory");
	}
}

/* The kernel runs untranslated, and real mode knows no rights: what is sealed here is only watched (information_damage()). */
void arch_page_seal(void *page)
{
	(void)page;
}

/* Nothing was borrowed: a CPU that was not told to start has stopped. */
void arch_cpu_start_end(void)
{
}

/* Power ISA 3.0B Book II, "Instruction Storage": data to memory, then away with the copies in the instruction cache. */
void arch_sync_code(void *code, size_t bytes)
{
	const uintptr_t line_bytes = 128; /* POWER9 */
	uintptr_t first = (uintptr_t)code & ~(line_bytes - 1);
	uintptr_t end = (uintptr_t)code + bytes;
	for (uintptr_t line = first; line < end; line += line_bytes)
		__asm__ volatile("dcbst 0, %0" : : "r"(line) : "memory");
	__asm__ volatile("sync" : : : "memory");
	for (uintptr_t line = first; line < end; line += line_bytes)
		__asm__ volatile("icbi 0, %0" : : "r"(line) : "memory");
	__asm__ volatile("sync\n\tisync" : : : "memory");
}
