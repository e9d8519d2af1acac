/*
 * What a trap was about, in the portable kernel's words.
 *
 * Teaches: the processor gives a number, an error code and CR2; the meaning has to be put together. Page faults are plain
 * (Intel SDM 3A 4.7). A general protection fault is not: it may be a privileged instruction, a bad selector, or an address that
 * is none (non-canonical), and only the instruction tells which.
 * Who calls: core/trap.c, irqs off, on the CPU that took the trap, before anything else can fault there. Locks: none.
 * Simplified: for a non-canonical address the processor does not say which it was. If the program counter or the stack pointer
 * is none, that is reported; otherwise a load from NOT_AN_ADDRESS. Instructions are recognised by their opcode, not decoded
 * whole.
 */
#include "x86.h"

#include "mmu.h"

enum vector {
	VECTOR_DIVIDE = 0,
	VECTOR_DEBUG = 1,
	VECTOR_INT3 = 3,
	VECTOR_INVALID_OPCODE = 6,
	VECTOR_NO_FLOATING_POINT = 7,
	VECTOR_STACK = 12,
	VECTOR_PROTECTION = 13,
	VECTOR_PAGE_FAULT = 14,
	VECTOR_ALIGNMENT = 17,
};
#define LAST_EXCEPTION 31

#define ERROR_PRESENT 0x1
#define ERROR_WRITE 0x2
#define ERROR_USER 0x4
#define ERROR_FETCH 0x10

/* No address on any x86-64: neither user's nor kernel's half, with four levels or five. */
#define NOT_AN_ADDRESS (UINT64_C(1) << 63)

#define INSTRUCTION_BYTES 15
#define RFLAGS_START 0x202 /* IF, and bit 1 which is always set */

extern const uint64_t uaccess_table[][2], uaccess_table_end[];

/* Reads the byte at a user address through the page table, without a fault; false if nothing is mapped there. */
static bool user_byte(uint64_t va, uint8_t *byte)
{
	struct mmu_walk walk;
	struct cpu *cpu = arch_cpu();
	if (!cpu->space || va >= mmu->user_end.v)
		return false;
	mmu->walk(cpu->space, vaddr(va), &walk);
	if (!walk.present)
		return false;
	*byte = *((const uint8_t *)arch_phys_to_virt(walk.page) + va % PAGE_BYTES);
	return true;
}

static bool is_prefix(uint8_t byte)
{
	/* Segment overrides, operand and address size, LOCK, REP, REX (Intel SDM 2A 2.1.1, 2.2.1). */
	return byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e || (byte >= 0x64 && byte <= 0x67) || byte == 0xf0 ||
	       byte == 0xf2 || byte == 0xf3 || (byte >= 0x40 && byte <= 0x4f);
}

/* The one-byte opcodes that a user may not execute: INS OUTS, INT n, IN OUT, HLT, CLI STI. */
static bool is_privileged(uint8_t opcode)
{
	return (opcode >= 0x6c && opcode <= 0x6f) || opcode == 0xcd || (opcode >= 0xe4 && opcode <= 0xe7) ||
	       (opcode >= 0xec && opcode <= 0xef) || opcode == 0xf4 || opcode == 0xfa || opcode == 0xfb;
}

/* The same behind 0F: LLDT LTR, LGDT and company, SYSRET CLTS INVD WBINVD, MOV CR/DR, WRMSR RDMSR RDPMC. */
static bool is_privileged_0f(uint8_t opcode)
{
	return opcode <= 0x01 || (opcode >= 0x06 && opcode <= 0x09) || (opcode >= 0x20 && opcode <= 0x23) || opcode == 0x30 ||
	       opcode == 0x32 || opcode == 0x33;
}

/* Whether the user's instruction at `pc` is one that only the kernel may use. */
static bool instruction_is_privileged(uint64_t pc)
{
	uint8_t byte = 0;
	for (unsigned i = 0; i < INSTRUCTION_BYTES; i++) {
		if (!user_byte(pc + i, &byte))
			return false;
		if (byte == 0x0f)
			return user_byte(pc + i + 1, &byte) && is_privileged_0f(byte);
		if (!is_prefix(byte))
			return is_privileged(byte);
	}
	return false;
}

/* Whether the address is one of the lower half, the users'; what lies between the halves is no address at all. */
static bool is_canonical_user(uint64_t va)
{
	/* LAB(pages) BEGIN: With four levels. (With five there is more between the halves that is one, and it faults like any
	 * other.) */
	return va >> LOWER_HALF_BITS == 0;
	/* LAB(pages) ELSE
	(void)va;
	return true;
	LAB(pages) END */
}

/* The address that was none, as far as the registers tell. */
static struct vaddr not_canonical(const struct trap_frame *frame)
{
	/* LAB(pages) BEGIN: The program counter, or else the stack pointer, if it is none; otherwise it is not known
	 * (NOT_AN_ADDRESS). */
	if (!is_canonical_user(frame->rip))
		return vaddr(frame->rip);
	return vaddr(is_canonical_user(frame->rsp) ? NOT_AN_ADDRESS : frame->rsp);
	/* LAB(pages) ELSE
	(void)frame;
	return vaddr(NOT_AN_ADDRESS);
	LAB(pages) END */
}

/* A general protection or stack fault. A selector in the error code means the instruction loaded one. */
static void decode_protection(const struct trap_frame *frame, struct trap *trap)
{
	if (!trap->from_user) {
		trap->kind = TRAP_MACHINE;
	} else if (frame->error || instruction_is_privileged(frame->rip)) {
		trap->kind = TRAP_PRIVILEGED;
	} else {
		trap->kind = TRAP_FAULT;
		trap->access = is_canonical_user(frame->rip) ? ACCESS_LOAD : ACCESS_EXEC;
		trap->va = not_canonical(frame);
	}
}

/*
 * A user instruction was forbidden an access that was not made with the user's rights: the processor touched memory for
 * itself. QEMU 7.2 reads the stack for IRETQ and far RET that way, and SMAP forbids it. Mapping the page again would not help.
 */
static bool is_processors_own(const struct trap_frame *frame, const struct trap *trap)
{
	return trap->from_user && (frame->error & ERROR_PRESENT) && !(frame->error & ERROR_USER);
}

static void decode_page_fault(const struct trap_frame *frame, struct trap *trap)
{
	trap->kind = is_processors_own(frame, trap) ? TRAP_MACHINE : TRAP_FAULT;
	trap->va = vaddr(cr2_read());
	trap->protection = frame->error & ERROR_PRESENT;
	trap->access = frame->error & ERROR_FETCH ? ACCESS_EXEC : frame->error & ERROR_WRITE ? ACCESS_STORE : ACCESS_LOAD;
}

static enum trap_kind exception_kind(uint64_t vector)
{
	switch (vector) {
	case VECTOR_DIVIDE:
		return TRAP_DIVIDE;
	case VECTOR_DEBUG:
	case VECTOR_INT3:
		return TRAP_BREAKPOINT;
	case VECTOR_INVALID_OPCODE:
	case VECTOR_NO_FLOATING_POINT:
		return TRAP_ILLEGAL;
	case VECTOR_ALIGNMENT:
		return TRAP_ALIGNMENT;
	default:
		return TRAP_MACHINE;
	}
}

/* The three traps with a stack of their own are always the kernel's to answer: they are about the machine, not the thread. */
static bool is_last(uint64_t vector)
{
	return vector == VECTOR_NMI || vector == VECTOR_DOUBLE_FAULT || vector == VECTOR_MACHINE_CHECK;
}

void arch_trap_decode(const struct trap_frame *frame, struct trap *trap)
{
	*trap = (struct trap){
		.from_user = (frame->cs & 3) && !is_last(frame->vector),
		.vector = (unsigned)frame->vector,
		.pc = vaddr(frame->rip),
		.raw = frame->error,
	};
	if (frame->vector == VECTOR_SYSCALL)
		trap->kind = TRAP_SYSCALL;
	else if (frame->vector > LAST_EXCEPTION)
		trap->kind = TRAP_IRQ;
	else if (frame->vector == VECTOR_PAGE_FAULT)
		decode_page_fault(frame, trap);
	else if (frame->vector == VECTOR_PROTECTION || frame->vector == VECTOR_STACK)
		decode_protection(frame, trap);
	else
		trap->kind = exception_kind(frame->vector);
}

/*
 * IRETQ to a non-canonical address would fault in the kernel. Such an entry is moved to the kernel's half instead: the thread's
 * first fetch faults there, in user mode, and the thread dies of its own mistake.
 */
void arch_frame_init(struct trap_frame *frame, struct vaddr entry, struct vaddr stack_top, uint64_t argument)
{
	*frame = (struct trap_frame){
		.rip = frame_user_pc(entry),
		.cs = SELECTOR_USER_CODE,
		.rflags = RFLAGS_START,
		.rsp = stack_top.v,
		.ss = SELECTOR_USER_DATA,
		.rdi = argument,
	};
}

bool arch_uaccess_fixup(struct trap_frame *frame)
{
	for (const uint64_t(*entry)[2] = uaccess_table; *entry < uaccess_table_end; entry++) {
		if (frame->rip == (*entry)[0]) {
			frame->rip = (*entry)[1];
			return true;
		}
	}
	return false;
}

/* x86 processors keep instruction fetch coherent with stores, of other CPUs too (Intel SDM 3A 11.6). */
void arch_sync_code(void *code, size_t bytes)
{
	(void)code;
	(void)bytes;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
