/*
 * Where entry code in assembly finds what it needs in `struct cpu`; cpu.h checks each against the struct.
 */
#pragma once

#define CPU_SELF 0
#define CPU_USER_FRAME 8
#define CPU_STACK_TOP 16
#define CPU_SCRATCH 24
#define CPU_SCRATCH_WORDS 8
#define KERNEL_STACK_BYTES 16384
