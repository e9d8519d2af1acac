/*
 * System calls: their numbers, arguments and names, as the kernel, user space and the host's tools share them.
 *
 * A call returns a status and, with STATUS_OK, a value. Calling convention:
 *     x86-64   number RAX, arguments RDI RSI RDX R10 R8, SYSCALL; status RAX, value RDX. RCX R11 RSI RDI R8-R10 are lost.
 *     POWER    number r0, arguments r3-r7, sc; status r3, value r4. r0 r5-r12, CTR, XER, CR0-1 and CR5-7 are lost.
 * The calls that carry a message (ipc_*) have their own convention, in abi/message.h.
 * Numbers are append-only. A handle is a number that stands for a kernel object in this process's table; abi/handle.h.
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
	X(trace_mark, 13, "(enum mark, name word 0, name word 1, value, flow or bytes): an event of the program's own") \
	X(clock_now, 14, "() -> ns since boot") \
	X(process_exit, 15, "(status, 1 to end as one that crashed): ends every thread of the program") \
	X(handle_close, 16, "(handle)") \
	X(handle_duplicate, 17, "(handle, rights) -> another handle of the same thing, with those of its rights that are named") \
	X(object_create, 18, "(bytes) -> handle of new zero-filled memory") \
	X(object_provide, 19, "(endpoint, bytes, key, 1 if changed pages are to be written back) -> handle of an object whose pages " \
	  "the endpoint's server brings") \
	X(object_copy, 20, "(object, first page, pages) -> handle of a private copy; pages are shared until one side writes") \
	X(object_device, 21, "(machine, physical address, bytes) -> handle of a device's registers") \
	X(object_map, 22, "(object, address or 0 for anywhere, first page, bytes, rights | MAP_WINDOW | process << 32) -> address") \
	X(object_remove, 23, "(object, first page, pages, enum remove_kind): returns when what has to be written back is") \
	X(object_read, 24, "(object, offset, address, bytes) -> bytes that were copied") \
	X(object_write, 25, "(object, offset, address, bytes) -> bytes that were copied") \
	X(object_size, 26, "(object) -> bytes") \
	X(vm_query, 27, "(address, struct vm_query *): what is mapped there, and in which state the page is") \
	X(endpoint_create, 28, "() -> handle") \
	X(ipc_call, 29, "message: sends it and waits for the reply") \
	X(ipc_receive, 30, "message: waits for one") \
	X(ipc_reply, 31, "message: answers the one that has its token") \
	X(ipc_reply_receive, 32, "message: answers one and waits for the next") \
	X(process_create, 33, "(name word 0, name word 1) -> handle of a new, empty process; it ends with its creator at the latest") \
	X(process_give, 34, "(process, handle, rights) -> number of the handle in the process, before it is started") \
	X(process_start, 35, "(process, entry, argument) -> id of its first thread") \
	X(process_wait, 36, "(process) -> its exit status, once it has ended; CRASHED if its last thread was killed") \
	X(process_kill, 37, "(process): ends every thread of it") \
	X(memory_info, 38, "(enum memory_info) -> a number") \
	X(memory_cast_out, 39, "(enum pressure) -> pages dropped or being written: as if memory were short") \
	X(thread_sleep_until, 40, "(ns since boot): sleeps until then, or not at all if that is over") \
	X(thread_join_any, 41, "() -> a thread that has ended: its id in bits 32-63, and 32 bits of its exit status; CRASHED if it was " \
	  "killed; DEADLOCK if there is no other") \
	X(thread_detach, 42, "(thread id): nobody will join it") \
	X(thread_kill, 43, "(thread id): ends it, whatever it does, with the exit status -GONE; 0 is the caller") \
	X(thread_pin, 44, "() -> CPU: the caller stays on it until it has called thread_unpin as often") \
	X(thread_unpin, 45, "()") \
	X(sync_wait, 46, "(address, value, bytes, ns since boot or -1): if the word there, of 4 or 8 bytes, has the value, waits until it is " \
	  "woken; CHANGED if it has another, TIMED_OUT") \
	X(sync_wait_any, 47, "(struct sync_word *, how many, ns since boot or -1) -> index of the word that was woken, or has CHANGED") \
	X(sync_wake, 48, "(address, n) -> how many threads were woken, at most n of those that wait on the word") \
	X(sync_requeue, 49, "(address, n, to, m) -> how many were woken, at most n, and in bits 32-63 how many of the others, at most m, wait on " \
	  "the word at `to` from now on") \
	X(ipc_send, 50, "message: sends it; nobody waits for an answer, and its receiver gets the token 0") \
	X(ipc_call_noblk, 51, "message -> token: sends it; the answer comes as a message with that token to the endpoint that is named") \
	X(process_watch, 52, "(process, endpoint, key): when it ends, or if it has, the message PROCESS_ENDED comes to the endpoint") \
	X(interrupt_register, 53, "(machine, line, endpoint, key): interrupts of a device come to the endpoint as messages") \
	X(port_read, 54, "(machine, port) -> a byte from an I/O port; NOT_FOUND on a machine without") \
	X(port_write, 55, "(machine, port, byte)") \
	X(thread_query, 56, "(id, struct thread_query *): about the first thread with this id or a higher one; NOT_FOUND") \
	X(fault_handler, 57, "(entry, stack top): where the caller goes on, with (enum crash_cause, address, pc), instead of being killed; 0: nowhere") \
	X(fault_return, 58, "(pc): ends that; on with the instruction at pc, 0: with the one that faulted") \
	X(ipc_cancel, 59, "(endpoint, token, reply endpoint): the answer to an ipc_call_noblk is not wanted any more") \
	X(process_unwatch, 60, "(process, endpoint): no such message comes to the endpoint any more, unless it is there; NOT_FOUND") \
	X(handle_revoke, 61, "(handle) -> how many handles were made from it, and from those, in any process: all are closed; LIMIT: as many as one call does, call again") \
	X(memory_fail, 62, "(machine, n): allocation n of the kernel from now on fails; 0: none, and none is counted -> enum memory_fail, of the time " \
	  "since the call before")
/* clang-format on */

#ifndef __ASSEMBLER__ /* the stubs of user space are made from SYSCALLS too; the rest is C */
#include <stdint.h>

#define SYSCALL_ENUM(name, number, text) SYSCALL_##name = number,
enum syscall { SYSCALLS(SYSCALL_ENUM) SYSCALL_COUNT };
#undef SYSCALL_ENUM

/* What a program may do with a page. Write and execute together are refused with STATUS_DENIED. */
enum rights { RIGHTS_NONE = 0, RIGHTS_READ = 1, RIGHTS_WRITE = 2, RIGHTS_EXEC = 4, RIGHTS_ALL = 7 };

/*
 * With rights, to object_map: the mapping is its provider's window. A page of it can be written while it is being read in, and
 * read while it is being written back, and otherwise not touched.
 */
#define MAP_WINDOW 0x100

/*
 * The kinds of mark a program can leave in the trace. MARK_STEP is an instant that belongs to a flow, its fifth argument. With MARK_MODULE_*
 * value is the address where the module lies, and the fifth argument how many bytes.
 */
enum mark { MARK_BEGIN, MARK_END, MARK_INSTANT, MARK_COUNTER, MARK_STEP, MARK_MODULE_LOAD, MARK_MODULE_UNLOAD };

/* What vm_query answers. Numbers are as in the trace: enum segment_kind, object_kind, slot_state. */
struct vm_query {
	uint64_t start; /* of the mapping; all zero if nothing is mapped there */
	uint64_t bytes;
	uint32_t rights;
	uint32_t segment;
	uint32_t object;
	uint32_t kind;  /* of the object */
	uint64_t page;  /* of the object */
	uint32_t state; /* of the page's slot */
	uint32_t age;   /* looks at it since it was last used, 0-7 */
	uint64_t frame; /* physical address of the page; 0 if it has none. For debugging: it may change at any time */
};

/* What thread_query answers. */
struct thread_query {
	uint32_t thread;
	uint32_t process;
	uint32_t state;  /* enum thread_query_state */
	uint32_t reason; /* of a thread that waits: enum switch_reason */
	uint32_t cpu;    /* where it runs, or ran last */
	uint32_t zero;
	char name[16]; /* NUL-padded */
	char process_name[16];
};
enum thread_query_state { THREAD_QUERY_READY, THREAD_QUERY_RUNNING, THREAD_QUERY_WAITS, THREAD_QUERY_ENDED };

/* What memory_info tells, in pages. */
enum memory_info {
	MEMORY_FREE,        /* free frames, those of the pool of zeroed pages included */
	MEMORY_TOTAL,       /* frames the kernel manages */
	MEMORY_RESERVE,     /* free frames that no program gets */
	MEMORY_ZEROED,      /* free frames that are zeroed already */
	MEMORY_ZERO_HITS,   /* zeroed pages taken from the pool since boot */
	MEMORY_ZERO_MISSES, /* zeroed on the spot */
	MEMORY_LEAVING,     /* things, not pages: kernel objects that are freed after a grace period */
	MEMORY_INFO_COUNT
};

/* What memory_fail tells: how many allocations were counted, and whether one failed, and whether whoever made it learned of that. */
enum memory_fail {
	MEMORY_FAIL_COUNTED = 0xffffffff,
	MEMORY_FAIL_FAILED_SHIFT = 32, /* one bit */
	MEMORY_FAIL_TOLD_SHIFT = 33,   /* one bit: its call answered NO_MEMORY, or it was killed */
};

/* A name travels as two words, up to 16 characters, the first character in the highest byte, on both machines. */
#define NAME_CHARS 16

#endif
