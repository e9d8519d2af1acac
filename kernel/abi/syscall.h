/*
 * System calls: their numbers, arguments and names, as the kernel, user space and the host's tools share them.
 *
 * A call returns a status and, with STATUS_OK, a value. Calling convention:
 *     x86-64   number RAX, arguments RDI RSI RDX R10 R8, SYSCALL; status RAX, value RDX. RCX R11 RSI RDI R8-R10 are lost.
 *     POWER    number r0, arguments r3-r7, sc; status r3, value r4. r0 r5-r12, CTR, XER, CR0-1 and CR5-7 are lost.
 * Numbers are append-only.
 */
#pragma once

/* clang-format off */
#define SYSCALLS(X) \
	X(null, 0, "does nothing: the cost of entering and leaving the kernel") \
	X(thread_create, 1, "(entry, argument, affinity mask, name word 0, name word 1) -> thread id") \
	X(thread_exit, 2, "(status): ends this thread; the program ends with its last thread") \
	X(thread_yield, 3, "(): lets the next runnable thread of this CPU run") \
	X(thread_sleep, 4, "(ns): sleeps at least that long") \
	X(thread_affinity, 5, "(thread id, CPU mask): where the thread may run; 0 as id is the caller") \
	X(thread_join, 6, "(thread id) -> its exit status, once it has ended; CRASHED if it was killed") \
	X(thread_self, 7, "() -> own thread id, and the CPU in bits 32-63") \
	X(vm_map, 8, "(address or 0 for anywhere, bytes, rights) -> address of new zero-filled memory") \
	X(vm_unmap, 9, "(address, bytes)") \
	X(vm_protect, 10, "(address, bytes, rights)") \
	X(vm_forget, 11, "(): drops every hardware translation of this address space; nothing may be lost") \
	X(debug_write, 12, "(address, bytes): writes to the console") \
	X(trace_mark, 13, "(enum mark, name word 0, name word 1, value): an event of the program's own") \
	X(clock_now, 14, "() -> ns since boot") \
	X(process_exit, 15, "(status): ends every thread of the program")
/* clang-format on */

#ifndef __ASSEMBLER__ /* the stubs of user space are made from SYSCALLS too; the rest is C */
#define SYSCALL_ENUM(name, number, text) SYSCALL_##name = number,
enum syscall { SYSCALLS(SYSCALL_ENUM) SYSCALL_COUNT };
#undef SYSCALL_ENUM

/* What a program may do with a page. Write and execute together are refused with STATUS_DENIED. */
enum rights { RIGHTS_NONE = 0, RIGHTS_READ = 1, RIGHTS_WRITE = 2, RIGHTS_EXEC = 4 };

/* The kinds of mark a program can leave in the trace. */
enum mark { MARK_BEGIN, MARK_END, MARK_INSTANT, MARK_COUNTER };

/* A name travels as two words, up to 16 characters, the first character in the highest byte, on both machines. */
#define NAME_CHARS 16

#endif
