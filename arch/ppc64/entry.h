/*
 * What the assembly files share: loading an address, and the stack frame a C function wants under it.
 */
#pragma once

/* clang-format off */

/* The kernel is linked below 2 GiB: two instructions reach everything. */
.macro LOAD_ADDRESS register, symbol
	lis	\register, (\symbol)@ha
	addi	\register, \register, (\symbol)@l
.endm

/* r2 is the table of contents, through which C code reaches its data (OpenPOWER ELFv2 ABI, "TOC Pointer Usage"). */
.macro LOAD_TOC
	LOAD_ADDRESS %r2, .TOC.
.endm

/* A frame of its own for what calls C from nowhere: back chain, CR, LR and TOC save words, and 32 bytes more. */
#define BASE_STACK_BYTES 64

/* What the other CPUs start on, one at a time. */
#define BOOT_STACK_BYTES 4096

/* A leaf function may write 288 bytes below r1 without saying so (ELFv2 ABI, "Protected Zone"): a trap stays clear of them. */
#define RED_ZONE_BYTES 512
