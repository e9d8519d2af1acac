/*
 * The calls of kernel/arch.h that are on hot paths, for x86-64, and the trap frame.
 *
 * Teaches: what the machine itself can do in an instruction or two: find per-CPU data (GS), switch interrupts (RFLAGS.IF), read
 * the clock (TSC), claim a trace slot (CMPXCHG without LOCK is atomic against this CPU's own interrupts).
 * Who calls: all of kernel/, through arch.h, which declares each of these first.
 * Simplified: user threads have no segment bases of their own (CR4.FSGSBASE is off) and no floating-point state (CR0.EM is on).
 */
#pragma once

#include "abi/status.h"
#include "frame_offsets.h"
#include "types.h"

/*
 * What a trap saves. The processor pushes the last five words, and `error` for some exceptions, after it aligned the stack
 * to 16 bytes (Intel SDM 3A 6.14.2); entry code pushes the rest. TSS.RSP0 is the end of the current thread's frame, so a trap
 * from user mode lands in it without a copy.
 */
struct trap_frame {
	uint64_t r15, r14, r13, r12, rbp, rbx;
	uint64_t r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax;
	uint64_t vector; /* or VECTOR_SYSCALL */
	uint64_t error;
	uint64_t rip, cs, rflags, rsp, ss;
} __attribute__((aligned(16)));

static_assert(sizeof(struct trap_frame) == FRAME_BYTES, "entry code");
static_assert(FRAME_BYTES % 16 == 0, "the processor aligns the stack to 16 bytes before it pushes");
static_assert(offsetof(struct trap_frame, rbx) == FRAME_RBX, "entry code");
static_assert(offsetof(struct trap_frame, r8) == FRAME_R8, "entry code");
static_assert(offsetof(struct trap_frame, rax) == FRAME_RAX, "entry code");
static_assert(offsetof(struct trap_frame, vector) == FRAME_VECTOR, "entry code");
static_assert(offsetof(struct trap_frame, rip) == FRAME_RIP, "entry code");
static_assert(offsetof(struct trap_frame, ss) == FRAME_SS, "entry code");

#define RFLAGS_IF (UINT64_C(1) << 9)

/* GS points at struct cpu, whose first word is its own address. Kernel code never changes CPU, so the compiler may keep it. */
static inline struct cpu *arch_cpu(void)
{
	struct cpu *cpu;
	__asm__("movq %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

static inline void arch_cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

static inline bool arch_irq_enabled(void)
{
	uint64_t rflags;
	__asm__ volatile("pushfq; popq %0" : "=r"(rflags)::"memory");
	return rflags & RFLAGS_IF;
}

static inline bool arch_irq_save(void)
{
	bool were_on = arch_irq_enabled();
	__asm__ volatile("cli" ::: "memory");
	return were_on;
}

static inline void arch_irq_restore(bool were_on)
{
	if (were_on)
		__asm__ volatile("sti" ::: "memory");
	else
		__asm__ volatile("cli" ::: "memory");
}

static inline bool arch_trap_is_syscall(const struct trap_frame *frame)
{
	return frame->vector == VECTOR_SYSCALL;
}

static inline uint64_t arch_syscall_args(const struct trap_frame *frame, uint64_t arguments[5])
{
	arguments[0] = frame->rdi;
	arguments[1] = frame->rsi;
	arguments[2] = frame->rdx;
	arguments[3] = frame->r10;
	arguments[4] = frame->r8;
	return frame->rax;
}

static inline void arch_frame_arguments(struct trap_frame *frame, uint64_t first, uint64_t second, uint64_t third)
{
	frame->rdi = first;
	frame->rsi = second;
	frame->rdx = third;
}

#define LOWER_HALF_BITS 47 /* of an address of a user, with four levels */

/*
 * An address that is no user's faults at its first instruction, in user mode: it becomes one of the kernel's half. IRETQ to one that is
 * not canonical may fault in the kernel instead (Intel SDM 2A, IRET).
 */
static inline uint64_t frame_user_pc(struct vaddr pc)
{
	return pc.v >> LOWER_HALF_BITS ? pc.v | UINT64_MAX << LOWER_HALF_BITS : pc.v;
}

static inline void arch_frame_set_pc(struct trap_frame *frame, struct vaddr pc)
{
	frame->rip = frame_user_pc(pc);
}

static inline void arch_syscall_result(struct trap_frame *frame, enum status status, uint64_t value)
{
	frame->rax = status;
	frame->rdx = value;
}

/*
 * SYSCALL is two bytes long. The short way back loses registers that the call needs again, so the frame says that it is no
 * system call's: then all of it is restored.
 */
static inline void arch_syscall_restart(struct trap_frame *frame)
{
	frame->rip -= 2;
	frame->vector = VECTOR_RESTART;
}

static inline uint64_t arch_message_get(const struct trap_frame *frame, struct message *message)
{
	*message = (struct message){
		.token = frame->rsi,
		.type = frame->rbx,
		.word = {frame->r12, frame->r13, frame->r14, frame->r15},
		.handle = frame->rbp,
	};
	return frame->rdi;
}

static inline void arch_message_set(struct trap_frame *frame, enum status status, const struct message *message)
{
	frame->rax = status;
	frame->rdx = message->token;
	frame->rbx = message->type;
	frame->r12 = message->word[0];
	frame->r13 = message->word[1];
	frame->r14 = message->word[2];
	frame->r15 = message->word[3];
	frame->rbp = message->handle;
}

static inline void arch_page_zero(void *page)
{
	uint64_t words = PAGE_BYTES / 8;
	__asm__ volatile("rep stosq" : "+D"(page), "+c"(words) : "a"(UINT64_C(0)) : "memory");
}

/* The time-stamp counter (Intel SDM 3B 17.17). Under QEMU all CPUs read one clock. */
static inline uint64_t arch_time_now(void)
{
	uint32_t low, high;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

static inline void *arch_phys_to_virt(struct paddr address)
{
	return (void *)(uintptr_t)(address.p + DIRECT_BASE);
}

/* How far the loader put the image above where it is linked: a multiple of 2 MiB, found by boot.S. */
extern const uint64_t boot_image_offset;

static inline struct paddr arch_virt_to_phys(const void *address)
{
	uint64_t v = (uint64_t)(uintptr_t)address;
	return paddr(v >= KERNEL_BASE ? v - KERNEL_BASE + boot_image_offset : v - DIRECT_BASE);
}

/* After the outermost frame, so that 0 always means: start here. */
#define BACKTRACE_END 1

static inline uint64_t arch_backtrace_next(uint64_t *frame_pointer)
{
	uint64_t frame = *frame_pointer ? *frame_pointer : (uint64_t)(uintptr_t)__builtin_frame_address(0);
	/* frame[0] is the caller's frame pointer, frame[1] the return address; entry code ends the chain with a 0. */
	if (frame < DIRECT_BASE || frame % 8)
		return 0;
	const uint64_t *words = (const uint64_t *)(uintptr_t)frame;
	*frame_pointer = words[0] ? words[0] : BACKTRACE_END;
	return words[1];
}

static inline __attribute__((always_inline)) uint64_t arch_trace_claim(uint64_t *head, uint64_t *now)
{
	uint64_t sequence, next;
	bool claimed = false;
	do {
		sequence = __atomic_load_n(head, __ATOMIC_RELAXED);
		*now = arch_time_now();
		next = sequence + 1;
		__asm__ volatile("cmpxchgq %3, %1" : "=@ccz"(claimed), "+m"(*head), "+a"(sequence) : "r"(next) : "memory");
	} while (__builtin_expect(!claimed, 0));
	return sequence;
}

static inline __attribute__((always_inline)) uint64_t arch_trace_header(uint64_t sequence, uint64_t base)
{
	return sequence << 32 | base; /* OR with memory */
}
