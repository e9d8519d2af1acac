/*
 * Numbers that both the assembly and the C of this machine need; C checks each against what it describes.
 *
 * Teaches: entry code and C meet in a few constants, so they are written once. Included by .S files, arch_inline.h and x86.h.
 */
#pragma once

/* ---- struct trap_frame: byte offsets ---- */
#define FRAME_R15 0
#define FRAME_R14 8
#define FRAME_R13 16
#define FRAME_R12 24
#define FRAME_RBP 32
#define FRAME_RBX 40
#define FRAME_R11 48
#define FRAME_R10 56
#define FRAME_R9 64
#define FRAME_R8 72
#define FRAME_RDI 80
#define FRAME_RSI 88
#define FRAME_RDX 96
#define FRAME_RCX 104
#define FRAME_RAX 112
#define FRAME_VECTOR 120
#define FRAME_ERROR 128
#define FRAME_RIP 136
#define FRAME_CS 144
#define FRAME_RFLAGS 152
#define FRAME_RSP 160
#define FRAME_SS 168
#define FRAME_BYTES 176

/* ---- vectors: 0-31 are the processor's exceptions (Intel SDM 3A 6.3.1) ---- */
#define VECTOR_NMI 2
#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_MACHINE_CHECK 18
#define VECTOR_TIMER 0x20
#define VECTOR_IPI 0x21
#define VECTOR_DEVICE 0x30 /* I/O APIC line n: VECTOR_DEVICE + n */
#define VECTOR_DEVICES 32
#define VECTOR_STUBS 0x50 /* vectors 0 to 0x4f have an entry stub, and the spurious one */
#define VECTOR_SPURIOUS 0xff
#define VECTOR_SYSCALL 0x100 /* no vector: marks the frame of a system call */
#define VECTOR_RESTART 0x101 /* no vector: marks the frame of one that will be made again */

/* ---- where things lie ---- */
#define KERNEL_BASE 0xffffffff80000000 /* the image: the physical address it is linked for + this */
#define DIRECT_BASE 0xffff800000000000 /* all RAM: physical address + this */
#define DIRECT_BYTES_MAX 0x400000000   /* how much of that: 16 GiB */
#define DEVICE_BASE 0xffffffffc0000000 /* device registers, up to the end */
#define IMAGE_PADDR 0x200000           /* which is this */
#define IMAGE_BYTES_MAX 0x800000       /* what the boot tables can map */
#define IMAGE_PADDR_MAX 0x40000000     /* where the image may end: the boot tables reach no further */
#define BOOT_STACK_BYTES 8192
#define TRAMPOLINE_PADDR 0x8000 /* the page below 1 MiB where other CPUs start in real mode */

/* ---- segment selectors; SYSCALL and SYSRET fix their order (Intel SDM 2B, SYSRET) ---- */
#define SELECTOR_KERNEL_CODE 0x08
#define SELECTOR_KERNEL_DATA 0x10
#define SELECTOR_SYSRET_BASE 0x18 /* the unused 32-bit code segment: SS is this + 8, CS this + 16 */
#define SELECTOR_USER_DATA 0x23
#define SELECTOR_USER_CODE 0x2b
#define SELECTOR_TSS 0x30
#define SELECTOR_BOOT_CODE_32 0x18 /* in the boot GDT only */

/* ---- struct tss ---- */
#define TSS_RSP0 4

/* ---- cpu->scratch[]: words of the machine ---- */
#define SCRATCH_USER_RSP 0
#define SCRATCH_TSS 1

/* ---- control registers ---- */
#define CR0_BOOT 0x80010035 /* PG WP NE ET EM PE: paging, read-only binds the kernel too, no floating point */
#define CR0_PG 0x80000000
#define CR4_PAE 0x20
#define CR4_UMIP 0x800
#define CR4_LA57 0x1000
#define CR4_SMEP 0x100000
#define CR4_SMAP 0x200000
#define MSR_EFER 0xc0000080
#define EFER_BOOT 0x901 /* NXE LME SCE */
#define MSR_GS_BASE 0xc0000101
