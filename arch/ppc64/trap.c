/*
 * What a trap was about, in the portable kernel's words; and the traps the kernel itself takes.
 *
 * Teaches: the machine says why it trapped in four places (the vector, DSISR, DAR, and bits of SRR1 that no machine state
 * needs), and all the portable kernel wants to know fits in struct trap.
 * Who calls: kernel/core/trap.c, and trap_entry.S for traps from kernel mode. Whom it calls: kernel_trap().
 * Invariant: none of this changes the machine, but for DSISR, whose reason is used once, and the decrementer of a CPU that is
 * still held.
 * Power ISA 3.0B Book III, "Interrupt Definitions".
 * Simplified: a hypervisor instruction in user mode is reported as illegal (0xe40), as the machine does.
 */
#include "arch.h"
#include "core/cpu.h"
#include "ppc64.h"

/* DSISR of a data storage interrupt; SRR1 of an instruction storage interrupt has the first two in the same places. */
#define DSISR_NO_TRANSLATION 0x40000000
#define DSISR_PROTECTION 0x08000000
#define DSISR_STORE 0x02000000
#define SRR1_NO_EXECUTE 0x10000000 /* N or G of the entry forbids execution */

/* SRR1 of a program interrupt. */
#define SRR1_PRIVILEGED 0x40000
#define SRR1_TRAP 0x20000

/* Whether an instruction stores to memory. The fixed-point ones: users have no others. */
static bool is_store(uint32_t instruction)
{
	switch (instruction >> 26) {
	case 36: /* stw stwu stb stbu sth sthu stmw */
	case 37:
	case 38:
	case 39:
	case 44:
	case 45:
	case 47:
	case 62: /* std stdu stq */
		return true;
	case 31: /* indexed, by the extended opcode */
		break;
	default:
		return false;
	}
	static const uint16_t stores[] = {149, 150, 151, 181, 183, 214, 215, 247, 407,
					  439, 660, 661, 662, 694, 725, 726, 918, 1014};
	for (unsigned i = 0; i < ARRAY_LENGTH(stores); i++)
		if ((instruction >> 1 & 0x3ff) == stores[i])
			return true;
	return false;
}

/*
 * A data segment interrupt does not say how the address was used (DSISR says nothing), so the instruction is looked at. A
 * user's is read where it was just fetched from; if another CPU took the page away meanwhile, it counts as a load.
 */
static enum access access_of_instruction(const struct trap_frame *frame)
{
	uint32_t instruction = 0;
	if (!(frame->msr & MSR_PR))
		instruction = *(const uint32_t *)(uintptr_t)frame->pc;
	else if (arch_copy_from_user(&instruction, vaddr(frame->pc), sizeof(instruction)) > 0)
		return ACCESS_LOAD;
	return is_store(instruction) ? ACCESS_STORE : ACCESS_LOAD;
}

/*
 * A data storage interrupt that is no page's fault: an atomic memory operation (ldat, stdat) with a function that does not
 * exist. QEMU 7.2 raises it without a word in DSISR and DAR, so an old reason must not be found there: it is cleared when read.
 */
static bool is_access_impossible(const struct trap_frame *frame, unsigned vector)
{
	if (vector != VECTOR_DATA_STORAGE)
		return false;
	WRITE_SPR(SPR_DSISR, 0);
	return !(frame->dsisr & (DSISR_NO_TRANSLATION | DSISR_PROTECTION));
}

static void decode_fault(const struct trap_frame *frame, struct trap *trap)
{
	if (is_access_impossible(frame, trap->vector)) {
		trap->kind = TRAP_ILLEGAL;
		return;
	}
	bool fetch = trap->vector == VECTOR_INSTRUCTION_STORAGE || trap->vector == VECTOR_INSTRUCTION_SEGMENT;
	trap->kind = TRAP_FAULT;
	trap->va = vaddr(fetch ? frame->pc : frame->dar);
	trap->raw = fetch ? frame->msr : frame->dsisr;
	trap->access = fetch ? ACCESS_EXEC : ACCESS_LOAD;
	trap->segment = trap->vector == VECTOR_DATA_SEGMENT || trap->vector == VECTOR_INSTRUCTION_SEGMENT;
	if (trap->segment) {
		trap->raw = fetch ? frame->msr : 0;
		trap->access = fetch ? ACCESS_EXEC : access_of_instruction(frame);
		return;
	}
	if (!fetch && (frame->dsisr & DSISR_STORE))
		trap->access = ACCESS_STORE;
	trap->protection = (trap->raw & (DSISR_PROTECTION | (fetch ? SRR1_NO_EXECUTE : 0))) != 0;
}

static enum trap_kind program_kind(uint64_t srr1)
{
	if (srr1 & SRR1_PRIVILEGED)
		return TRAP_PRIVILEGED;
	return srr1 & SRR1_TRAP ? TRAP_BREAKPOINT : TRAP_ILLEGAL;
}

void arch_trap_decode(const struct trap_frame *frame, struct trap *trap)
{
	/* Field by field: an initialiser would clear all of it first, and most traps are faults that set every field. */
	trap->kind = TRAP_MACHINE;
	trap->from_user = (frame->msr & MSR_PR) != 0;
	trap->vector = arch_trap_is_syscall(frame) ? VECTOR_SYSTEM_CALL : (unsigned)frame->vector;
	trap->pc = vaddr(frame->pc);
	trap->va = vaddr(0);
	trap->access = ACCESS_LOAD;
	trap->segment = false;
	trap->protection = false;
	trap->raw = frame->msr;
	if (__builtin_expect(trap->vector == VECTOR_DATA_STORAGE, 1)) {
		decode_fault(frame, trap);
		return;
	}
	switch (trap->vector) {
	case VECTOR_SYSTEM_CALL:
		trap->kind = TRAP_SYSCALL;
		break;
	case VECTOR_DATA_SEGMENT:
	case VECTOR_INSTRUCTION_STORAGE:
	case VECTOR_INSTRUCTION_SEGMENT:
		decode_fault(frame, trap);
		break;
	case VECTOR_ALIGNMENT:
		trap->kind = TRAP_ALIGNMENT;
		trap->va = vaddr(frame->dar);
		break;
	case VECTOR_PROGRAM:
		trap->kind = program_kind(frame->msr);
		break;
	case VECTOR_TRACE:
		trap->kind = TRAP_BREAKPOINT;
		break;
	case VECTOR_FLOATING_POINT_OFF:
	case VECTOR_HYPERVISOR_EMULATION:
	case VECTOR_VECTOR_OFF:
	case VECTOR_VSX_OFF:
	case VECTOR_FACILITY_OFF:
	case VECTOR_HYPERVISOR_FACILITY_OFF:
		trap->kind = TRAP_ILLEGAL;
		break;
	case VECTOR_EXTERNAL:
	case VECTOR_DECREMENTER:
	case VECTOR_HYPERVISOR_DECREMENTER:
	case VECTOR_DIRECTED_DOORBELL:
	case VECTOR_HYPERVISOR_DOORBELL:
	case VECTOR_HYPERVISOR_VIRTUALIZATION:
	case VECTOR_PERFORMANCE_MONITOR:
		trap->kind = TRAP_IRQ;
		break;
	default: /* machine check, system reset and what this machine never raises */
		break;
	}
}

struct trap_frame *trap_from_kernel(struct trap_frame *frame)
{
	frame = kernel_trap(frame);
	/* An interrupt has been taken, so arch_cpu_idle() need not wait for one. */
	if (frame->pc == (uint64_t)(uintptr_t)idle_window)
		frame->pc = (uint64_t)(uintptr_t)idle_window_end;
	return frame;
}

void arch_frame_init(struct trap_frame *frame, struct vaddr entry, struct vaddr stack_top, uint64_t argument)
{
	/* ELFv2 ABI, "The Stack Frame": r1 points at a frame whose back chain is 0; r12 tells a function where it is. */
	*frame = (struct trap_frame){.pc = entry.v, .msr = MSR_USER};
	frame->gpr[1] = round_down(stack_top.v, 16) - 32;
	frame->gpr[3] = argument;
	frame->gpr[12] = entry.v;
}

/* Bytes of [address, address + bytes) that lie in its first page. */
static size_t bytes_in_page(uint64_t address, size_t bytes)
{
	return min_u64(bytes, PAGE_BYTES - address % PAGE_BYTES);
}

size_t arch_copy_from_user(void *to, struct vaddr from, size_t bytes)
{
	while (bytes) {
		size_t part = bytes_in_page(from.v, bytes);
		size_t left = uaccess_copy_in(to, from.v, part);
		bytes -= part - left;
		if (left)
			break;
		to = (char *)to + part;
		from.v += part;
	}
	return bytes;
}

size_t arch_copy_to_user(struct vaddr to, const void *from, size_t bytes)
{
	while (bytes) {
		size_t part = bytes_in_page(to.v, bytes);
		size_t left = uaccess_copy_out(to.v, from, part);
		bytes -= part - left;
		if (left)
			break;
		from = (const char *)from + part;
		to.v += part;
	}
	return bytes;
}

bool arch_uaccess_fixup(struct trap_frame *frame)
{
	if (frame->pc < (uint64_t)(uintptr_t)uaccess_begin || frame->pc >= (uint64_t)(uintptr_t)uaccess_end)
		return false;
	frame->pc = (uint64_t)(uintptr_t)uaccess_fixup;
	return true;
}
