/*
 * POWER's half of kernel/arch.h: the register frame and the calls that are too hot to be calls.
 *
 * Teaches: what a thread is to the machine (42 words), and how little the hot calls cost: the clock, the interrupt switch and
 * the per-CPU pointer are one or two instructions each. Included by kernel/arch.h only, after it has declared them.
 * Invariant: in the kernel r13 holds the CPU's struct cpu, always; the compiler is told to keep its hands off it.
 */
#pragma once

#include "frame_offsets.h"
#include "ppc64_registers.h"

struct trap_frame {
	uint64_t gpr[32];
	uint64_t lr;
	uint64_t ctr;
	uint64_t xer;
	uint64_t cr;
	uint64_t pc;  /* SRR0 or HSRR0 */
	uint64_t msr; /* SRR1 or HSRR1: the machine state, and between its bits the reason of some traps */
	uint64_t vector;
	uint64_t dar;         /* the address of a data fault */
	uint64_t dsisr;       /* its reason */
	uint64_t syscall_cpu; /* the struct cpu that took it as a system call; 0: `vector` says what it was */
};

static_assert(offsetof(struct trap_frame, lr) == FRAME_LR, "entry code");
static_assert(offsetof(struct trap_frame, ctr) == FRAME_CTR, "entry code");
static_assert(offsetof(struct trap_frame, xer) == FRAME_XER, "entry code");
static_assert(offsetof(struct trap_frame, cr) == FRAME_CR, "entry code");
static_assert(offsetof(struct trap_frame, pc) == FRAME_PC, "entry code");
static_assert(offsetof(struct trap_frame, msr) == FRAME_MSR, "entry code");
static_assert(offsetof(struct trap_frame, vector) == FRAME_VECTOR, "entry code");
static_assert(offsetof(struct trap_frame, dar) == FRAME_DAR, "entry code");
static_assert(offsetof(struct trap_frame, dsisr) == FRAME_DSISR, "entry code");
static_assert(offsetof(struct trap_frame, syscall_cpu) == FRAME_SYSCALL_CPU, "entry code");
static_assert(sizeof(struct trap_frame) == FRAME_BYTES, "entry code");

register struct cpu *arch_cpu_register __asm__("r13");

static inline struct cpu *arch_cpu(void)
{
	return arch_cpu_register;
}

/* `yield` (Power ISA 3.0B Book II, "or Instruction"): the other threads of the core go first. QEMU lets another CPU run. */
static inline void arch_cpu_relax(void)
{
	__asm__ volatile("or 27, 27, 27" : : : "memory");
}

static inline bool arch_irq_enabled(void)
{
	return (msr_read() & MSR_EE) != 0;
}

static inline bool arch_irq_save(void)
{
	bool were_on = arch_irq_enabled();
	msr_write_ee(0);
	return were_on;
}

static inline void arch_irq_restore(bool were_on)
{
	msr_write_ee(were_on ? MSR_EE | MSR_RI : 0);
}

static inline bool arch_trap_is_syscall(const struct trap_frame *frame)
{
	return frame->syscall_cpu != 0;
}

static inline uint64_t arch_syscall_args(const struct trap_frame *frame, uint64_t arguments[5])
{
	arguments[0] = frame->gpr[3];
	arguments[1] = frame->gpr[4];
	arguments[2] = frame->gpr[5];
	arguments[3] = frame->gpr[6];
	arguments[4] = frame->gpr[7];
	return frame->gpr[0];
}

static inline void arch_frame_arguments(struct trap_frame *frame, uint64_t first, uint64_t second, uint64_t third)
{
	frame->gpr[3] = first;
	frame->gpr[4] = second;
	frame->gpr[5] = third;
}

static inline void arch_frame_set_pc(struct trap_frame *frame, struct vaddr pc)
{
	frame->pc = pc.v;
}

static inline void arch_syscall_result(struct trap_frame *frame, enum status status, uint64_t value)
{
	frame->gpr[3] = (uint64_t)status;
	frame->gpr[4] = value;
}

/*
 * The short way back from a system call loses registers: r0 and r5-r12, and does not load r14-r31. A frame without a CPU that
 * took it as a call goes the long way, which restores all of it.
 */
static inline void arch_syscall_restart(struct trap_frame *frame)
{
	frame->pc -= 4;
	frame->syscall_cpu = 0;
}

static inline uint64_t arch_message_get(const struct trap_frame *frame, struct message *message)
{
	*message = (struct message){
		.token = frame->gpr[4],
		.type = frame->gpr[14],
		.word = {frame->gpr[15], frame->gpr[16], frame->gpr[17], frame->gpr[18]},
		.handle = frame->gpr[19],
	};
	return frame->gpr[3];
}

static inline void arch_message_set(struct trap_frame *frame, enum status status, const struct message *message)
{
	frame->gpr[3] = (uint64_t)status;
	frame->gpr[4] = message->token;
	frame->gpr[14] = message->type;
	for (unsigned i = 0; i < MESSAGE_WORDS; i++)
		frame->gpr[15 + i] = message->word[i];
	frame->gpr[19] = message->handle;
	frame->syscall_cpu = 0;
}

/* dcbz clears a block of the cache, 128 bytes on POWER9 (Power ISA 3.0B Book II, "Data Cache Block set to Zero"). */
static inline void arch_page_zero(void *page)
{
	/* Eight cache blocks of 128 bytes a round: else half of the cost is the loop. */
	for (uint8_t *at = page; at < (uint8_t *)page + PAGE_BYTES; at += 1024)
		__asm__ volatile(
			"dcbz 0, %0; dcbz %1, %0; dcbz %2, %0; dcbz %3, %0; dcbz %4, %0; dcbz %5, %0; dcbz %6, %0; dcbz %7, %0"
			:
			: "r"(at), "b"(UINT64_C(128)), "b"(UINT64_C(256)), "b"(UINT64_C(384)), "b"(UINT64_C(512)),
			  "b"(UINT64_C(640)), "b"(UINT64_C(768)), "b"(UINT64_C(896))
			: "memory");
}

static inline uint64_t arch_time_now(void)
{
	uint64_t ticks;
	__asm__ volatile("mfspr %0, %1" : "=r"(ticks) : "i"(SPR_TIMEBASE));
	return ticks;
}

/* The kernel runs untranslated: a pointer is a physical address. */
static inline void *arch_phys_to_virt(struct paddr address)
{
	return (void *)(uintptr_t)address.p;
}

static inline struct paddr arch_virt_to_phys(const void *address)
{
	return paddr((uint64_t)(uintptr_t)address);
}

/*
 * The back chain, OpenPOWER ELFv2 ABI, "The Stack Frame": r1 points at the word that points at the caller's frame, and a
 * function saves its return address two words into its caller's frame.
 */
static inline uint64_t arch_backtrace_next(uint64_t *frame_pointer)
{
	if (*frame_pointer == 0)
		__asm__ volatile("mr %0, 1" : "=r"(*frame_pointer));
	const uint64_t *frame = (const uint64_t *)(uintptr_t)*frame_pointer;
	const uint64_t *caller = (const uint64_t *)(uintptr_t)frame[0];
	if (caller <= frame || ((uintptr_t)caller & 15) != 0)
		return 0;
	*frame_pointer = (uint64_t)(uintptr_t)caller;
	return caller[2];
}

/*
 * The clock is read between the load that reserves `head` and the store that needs the reservation. An interrupt in between
 * that emits claims a slot itself, which ends the reservation (Power ISA 3.0B Book II, "Load and Reserve": any stdcx. does);
 * so does QEMU on rfid. The store then fails and the clock is read again.
 */
static inline __attribute__((always_inline)) uint64_t arch_trace_claim(uint64_t *head, uint64_t *now)
{
	uint64_t sequence;
	uint64_t ticks;
	uint64_t next;
	__asm__ volatile("1:	ldarx	%0, 0, %4\n\t"
			 "mfspr	%1, %5\n\t"
			 "addi	%2, %0, 1\n\t"
			 "stdcx.	%2, 0, %4\n\t"
			 "bne-	1b"
			 : "=&b"(sequence), "=&r"(ticks), "=&r"(next), "+m"(*head)
			 : "r"(head), "i"(SPR_TIMEBASE)
			 : "cr0");
	*now = ticks;
	return sequence;
}

static inline __attribute__((always_inline)) uint64_t arch_trace_header(uint64_t sequence, uint64_t base)
{
	return sequence << 32 | (uint32_t)base; /* rldimi */
}
