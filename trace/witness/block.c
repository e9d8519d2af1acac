/*
 * How a block of instructions ends, on each machine.
 *
 * Teaches: to follow calls one need not understand a processor's instructions, only those few that can leave a straight line on purpose.
 * Who calls: plugin.c, once for each block that QEMU translates. Whom: nobody.
 * Simplified: far calls and returns, which the kernel makes only on its way into 64-bit mode, count as jumps. An instruction of 16- or
 * 32-bit code may be taken for another; that is firmware, whose calls nobody asks for.
 * Intel SDM 2, the opcode map; Power ISA 3.0B, the instruction formats I, B, XL and SC.
 */
#include <string.h>

#include "witness/paths.h"

#define X86_KERNEL_BASE 0xffffffff80000000 /* arch/x86_64/kernel.ld: where it is linked, less where it lies */

static bool is_x86_prefix(uint8_t byte)
{
	return (byte >= 0x40 && byte <= 0x4f) || byte == 0x66 || byte == 0xf2 || byte == 0xf3 || byte == 0x2e || byte == 0x3e;
}

static enum block_end how_x86_64(const uint8_t *instruction, uint64_t bytes)
{
	while (bytes > 1 && is_x86_prefix(*instruction))
		instruction++, bytes--;
	uint8_t second = bytes > 1 ? instruction[1] : 0;
	switch (instruction[0]) {
	case 0xe8: /* CALL */
		return BLOCK_CALL;
	case 0xff: /* CALL through a register or memory is /2 */
		return (second >> 3 & 7) == 2 ? BLOCK_CALL : BLOCK_PLAIN;
	case 0xc2: /* RET */
	case 0xc3:
		return BLOCK_RETURN;
	case 0xcf: /* IRETQ */
		return BLOCK_RESUME;
	case 0xf4: /* HLT */
		return BLOCK_WAIT;
	case 0x0f: /* SYSRET */
		return second == 0x07 ? BLOCK_RESUME : BLOCK_PLAIN;
	default:
		return BLOCK_PLAIN;
	}
}

#define PPC_LINK 1u /* the bit LK: the address behind goes to LR */

/* Opcode 19, by its extended opcode: branches to a register, and returns from traps. */
static enum block_end how_ppc64_19(uint32_t word)
{
	switch (word >> 1 & 0x3ff) {
	case 16: /* bclr */
		return word & PPC_LINK ? BLOCK_CALL : BLOCK_RETURN;
	case 528: /* bcctr */
	case 560: /* bctar */
		return word & PPC_LINK ? BLOCK_CALL : BLOCK_PLAIN;
	case 18:  /* rfid */
	case 274: /* hrfid */
		return BLOCK_RESUME;
	default:
		return BLOCK_PLAIN;
	}
}

static enum block_end how_ppc64(const uint8_t *instruction, uint64_t bytes)
{
	if (bytes != 4)
		return BLOCK_PLAIN;
	uint32_t word =
		(uint32_t)instruction[0] << 24 | (uint32_t)instruction[1] << 16 | (uint32_t)instruction[2] << 8 | instruction[3];
	switch (word >> 26) {
	case 16: /* bc */
	case 18: /* b */
		return word & PPC_LINK ? BLOCK_CALL : BLOCK_PLAIN;
	case 19:
		return how_ppc64_19(word);
	case 31: /* wait, of any form */
		return (word >> 1 & 0x3ff) == 30 ? BLOCK_WAIT : BLOCK_PLAIN;
	default:
		return BLOCK_PLAIN;
	}
}

const struct block_machine *block_machine_named(const char *name)
{
	static const struct block_machine machines[] = {
		{"x86_64", how_x86_64, X86_KERNEL_BASE},
		{"ppc64", how_ppc64, 0},
	};
	for (unsigned i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (!strcmp(machines[i].name, name))
			return &machines[i];
	return NULL;
}
