/*
 * The categories of events. Each is a bit of the mask that switches it on (`--trace fault,mmu`). Append-only.
 */
#pragma once

/* clang-format off */
#define TRACE_CATEGORIES(X) \
	X(BOOT, 0, "boot", "the machine and the kernel start and end") \
	X(CPU, 1, "cpu", "idle, interrupts between CPUs") \
	X(THREAD, 2, "thread", "threads, programs, scheduling") \
	X(SYSCALL, 3, "syscall", "system calls") \
	X(IRQ, 4, "irq", "interrupts") \
	X(FAULT, 5, "fault", "the fault path") \
	X(MMU, 6, "mmu", "what the MMU back end does") \
	X(VM, 7, "vm", "mappings and objects") \
	X(IPC, 8, "ipc", "messages") \
	X(RCU, 9, "rcu", "grace periods") \
	X(TIME, 10, "time", "timers") \
	X(MEM, 11, "mem", "page frames and kernel objects") \
	X(LOCK, 12, "lock", "contended locks") \
	X(USER, 13, "user", "marks that programs make") \
	X(SYNC, 14, "sync", "words that threads wait on")
/* clang-format on */

#define TRACE_CATEGORY_ENUM(name, bit, text, meaning) TRACE_##name = 1u << (bit),
enum trace_category { TRACE_CATEGORIES(TRACE_CATEGORY_ENUM) TRACE_ALL = 0x7fff };
#undef TRACE_CATEGORY_ENUM
