/*
 * Where entry code in assembly finds the words of `struct trap_frame`; arch_inline.h checks each against the struct.
 */
#pragma once

#define FRAME_GPR(n) (8 * (n))
#define FRAME_LR 256
#define FRAME_CTR 264
#define FRAME_XER 272
#define FRAME_CR 280
#define FRAME_PC 288
#define FRAME_MSR 296
#define FRAME_VECTOR 304
#define FRAME_DAR 312
#define FRAME_DSISR 320
#define FRAME_SYSCALL_CPU 328
#define FRAME_BYTES 336
