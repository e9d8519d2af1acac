/*
 * The numbers of POWER: special purpose registers, bits of the machine state, and the instructions C has no words for.
 *
 * Teaches: nothing by itself; it is the phrase book of this folder. Shared by C and assembly. Bits are given as values, since
 * the Power ISA counts them from the left.
 * Power ISA 3.0B Book III, "Special Purpose Registers", "Machine State Register".
 */
#pragma once

/* Machine state register. */
#define MSR_SF 0x8000000000000000 /* 64-bit mode */
#define MSR_HV 0x1000000000000000 /* hypervisor: with PR=0 the machine is ours */
#define MSR_EE 0x8000             /* external interrupts, decrementer and doorbells are let through */
#define MSR_PR 0x4000             /* problem state: user mode */
#define MSR_ME 0x1000             /* a machine check interrupts; without it the machine stops */
#define MSR_IR 0x20               /* instruction addresses are translated */
#define MSR_DR 0x10               /* data addresses are translated */
#define MSR_RI 0x2                /* SRR0 and SRR1 hold nothing that is still needed */
#define MSR_USER (MSR_SF | MSR_HV | MSR_EE | MSR_PR | MSR_ME | MSR_IR | MSR_DR | MSR_RI)

/* Special purpose registers. */
#define SPR_DSISR 18
#define SPR_DAR 19
#define SPR_DEC 22
#define SPR_SRR0 26
#define SPR_SRR1 27
#define SPR_AMR 29
#define SPR_PID 48
#define SPR_IAMR 61
#define SPR_FSCR 153
#define SPR_UAMOR 157
#define SPR_HFSCR 190
#define SPR_VRSAVE 256
#define SPR_TIMEBASE 268
#define SPR_PVR 287    /* which processor this is */
#define SPR_HSPRG0 304 /* the CPU's struct cpu, from the moment it has one */
#define SPR_HSPRG1 305 /* r13 of whoever was interrupted, for a few instructions */
#define SPR_HSRR0 314
#define SPR_HSRR1 315
#define SPR_LPCR 318
#define SPR_LPID 319
#define SPR_PTCR 464
#define SPR_PPR 896
#define SPR_PIR 1023

/* Program priority register: the value a program starts with. */
#define PPR_MEDIUM 4
#define PPR_SHIFT 50

/* Logical partitioning control register. */
#define LPCR_HVICE (1 << 1) /* the interrupt controller may interrupt the hypervisor, which this kernel is */
#define LPCR_HR (1 << 20)   /* the host translates by radix tree */
#define LPCR_UPRT (1 << 22) /* segments come from a table in memory */

/* The decrementer has 32 bits, one of them the sign: 4 seconds at 512 MHz. */
#define DEC_FAR 0x7fffffff

/* Interrupt vectors, Power ISA 3.0B Book III, "Interrupt Vectors". */
#define VECTOR_SYSTEM_RESET 0x100
#define VECTOR_MACHINE_CHECK 0x200
#define VECTOR_DATA_STORAGE 0x300
#define VECTOR_DATA_SEGMENT 0x380
#define VECTOR_INSTRUCTION_STORAGE 0x400
#define VECTOR_INSTRUCTION_SEGMENT 0x480
#define VECTOR_EXTERNAL 0x500
#define VECTOR_ALIGNMENT 0x600
#define VECTOR_PROGRAM 0x700
#define VECTOR_FLOATING_POINT_OFF 0x800
#define VECTOR_DECREMENTER 0x900
#define VECTOR_HYPERVISOR_DECREMENTER 0x980
#define VECTOR_DIRECTED_DOORBELL 0xa00
#define VECTOR_SYSTEM_CALL 0xc00
#define VECTOR_TRACE 0xd00
#define VECTOR_HYPERVISOR_DATA_STORAGE 0xe00
#define VECTOR_HYPERVISOR_INSTRUCTION_STORAGE 0xe20
#define VECTOR_HYPERVISOR_EMULATION 0xe40
#define VECTOR_HYPERVISOR_MAINTENANCE 0xe60
#define VECTOR_HYPERVISOR_DOORBELL 0xe80
#define VECTOR_HYPERVISOR_VIRTUALIZATION 0xea0
#define VECTOR_PERFORMANCE_MONITOR 0xf00
#define VECTOR_VECTOR_OFF 0xf20
#define VECTOR_VSX_OFF 0xf40
#define VECTOR_FACILITY_OFF 0xf60
#define VECTOR_HYPERVISOR_FACILITY_OFF 0xf80

/* Message type of a hypervisor doorbell; the receiver's PIR goes into the low bits. */
#define DOORBELL_HYPERVISOR (5 << 27)

/* Instructions that an assembler does not know, or not for the instruction set the kernel is compiled for (POWER8). */
#define OPCODE_WAIT 0x7c00003c
#define OPCODE_MSGSND 0x7c00019c /* its register in bits 11-15 */
#define OPCODE_MSGSYNC 0x7c0006ec
#define OPCODE_LDAT 0x7c0004cc /* its target register in bits 21-25, address register in 16-20, function in 11-15 */
#define LDAT_INCREMENT_BOUNDED 24

#ifndef __ASSEMBLER__

#include <stdint.h>

#define READ_SPR(number)                                                                                                         \
	({                                                                                                                       \
		uint64_t spr_value_;                                                                                             \
		__asm__ volatile("mfspr %0, %1" : "=r"(spr_value_) : "i"(number));                                               \
		spr_value_;                                                                                                      \
	})
#define WRITE_SPR(number, value) __asm__ volatile("mtspr %0, %1" : : "i"(number), "r"((uint64_t)(value)) : "memory")

static inline uint64_t msr_read(void)
{
	uint64_t msr;
	__asm__ volatile("mfmsr %0" : "=r"(msr) : : "memory");
	return msr;
}

/* Sets EE and RI to the bits given; the others stay. */
static inline void msr_write_ee(uint64_t bits)
{
	__asm__ volatile("mtmsrd %0, 1" : : "r"(bits) : "memory");
}

/* Order of stores as the hardware's table walker sees them, too. */
static inline void eieio(void)
{
	__asm__ volatile("eieio" : : : "memory");
}

/* Waits until all stores before it, and all invalidations that tlbsync covers, have been done for all CPUs. */
static inline void ptesync(void)
{
	__asm__ volatile("ptesync" : : : "memory");
}

/* Nothing after it is fetched or executed before all in front of it is complete. */
static inline void isync(void)
{
	__asm__ volatile("isync" : : : "memory");
}

#endif
