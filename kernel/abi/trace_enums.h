/*
 * The enumerations that events carry: the kernel's own constants and the names the tools print, from one list each.
 *
 * Numbers are append-only, like event ids. X(NAME, number, "what a tool prints").
 */
#pragma once

/* clang-format off */
#define BOOT_PHASES(X) \
	X(ENTRY, 0, "kernel entered") \
	X(MEMORY, 1, "page frames and heap") \
	X(MMU, 2, "address spaces") \
	X(CPUS, 3, "starting the other CPUs") \
	X(BARRIER, 4, "at the barrier") \
	X(PROGRAM, 5, "loading the user program") \
	X(SCHEDULER, 6, "first schedule") \
	X(LOCK, 7, "boot_lock taken") \
	X(DATA, 8, "per-CPU data there") \
	X(BOOTSTRAP, 9, "CPU ready for traps, says what it has") \
	X(STARTED, 10, "all other CPUs told to start") \
	X(UNLOCK, 11, "boot_lock released") \
	X(CLOCK, 12, "clock compared with CPU 0's") \
	X(INFORMATION, 13, "information page finished")

#define SEGMENT_KINDS(X) \
	X(NONE, 0, "none") \
	X(BASE, 1, "base") \
	X(STACK, 2, "stack") \
	X(DEVICE, 3, "device") \
	X(VIEW, 4, "view")

#define FAULT_KINDS(X) \
	X(MISSING, 0, "no translation") \
	X(PROTECTION, 1, "translation forbids the access") \
	X(SEGMENT, 2, "segment not loaded") \
	X(ASKED, 3, "the kernel asks for the page")

/* How a fault ended: the last arrow of the fault path. */
#define FAULT_RESULTS(X) \
	X(SEGMENT_LOADED, 0, "segment loaded") \
	X(MAPPED, 1, "soft miss: page was there, mapped again") \
	X(ZERO_FILLED, 2, "zero-filled a new page") \
	X(KILLED, 3, "nobody can answer it: thread killed") \
	X(NO_MEMORY, 4, "no memory for it: thread killed") \
	X(COPIED, 5, "copied a shared page") \
	X(PROVIDED, 6, "the provider brought the page") \
	X(DEVICE, 7, "mapped device registers") \
	X(WAITS, 8, "waits, and goes on later")

/* Why a thread was killed. */
#define CRASH_CAUSES(X) \
	X(NULL_PAGE, 0, "the first page is never mapped") \
	X(KERNEL_ADDRESS, 1, "the address is the kernel's") \
	X(NOT_MAPPED, 2, "nothing is mapped there") \
	X(GUARD, 3, "it lies in a guard of a stack: the stack overflowed") \
	X(NO_RIGHT, 4, "the mapping does not allow it") \
	X(ILLEGAL, 5, "the instruction does not exist") \
	X(PRIVILEGED, 6, "only the kernel may use that instruction") \
	X(DIVIDE, 7, "an integer division cannot be done") \
	X(ALIGNMENT, 8, "the address is misaligned") \
	X(BREAKPOINT, 9, "a breakpoint instruction, and nobody debugs") \
	X(MACHINE, 10, "the machine reported something else") \
	X(NO_MEMORY, 11, "no page was left for it") \
	X(KILLED, 12, "another thread of the program ended it") \
	X(PROVIDER_ERROR, 13, "the provider could not bring the page") \
	X(PROVIDER_GONE, 14, "the page's provider is gone") \
	X(PROVIDER_CYCLE, 15, "the page could only come from somebody who waits for this thread") \
	X(NO_PAGE, 16, "the object has no such page") \
	X(DOUBLE_FAULT, 17, "it faulted in its own handler of faults")

/* Why a thread stopped running. */
#define SWITCH_REASONS(X) \
	X(START, 0, "first thread") \
	X(YIELD, 1, "yielded") \
	X(SLICE, 2, "timeslice over") \
	X(SLEEP, 3, "sleeps") \
	X(JOIN, 4, "waits for a thread to end") \
	X(EXIT, 5, "exited") \
	X(CRASH, 6, "killed") \
	X(MOVED, 7, "moved to another CPU") \
	X(IDLE, 8, "CPU was idle") \
	X(PAGE, 9, "waits for a page") \
	X(RECEIVE, 10, "waits for a message") \
	X(CALL, 11, "waits for a reply") \
	X(PROCESS, 12, "waits for a process to end") \
	X(MEMORY, 13, "waits for free memory") \
	X(WRITTEN, 14, "waits until a page is written back") \
	X(WORD, 15, "waits for a word to change") \
	X(RCU, 16, "waits until its CPU has freed what piled up")

#define WAKE_REASONS(X) \
	X(CREATED, 0, "created") \
	X(TIMER, 1, "its time has come") \
	X(JOINED, 2, "the thread it waited for ended") \
	X(KILLED, 3, "it is to die") \
	X(PAGE, 4, "its page is there, or will never be") \
	X(MESSAGE, 5, "a message came") \
	X(REPLY, 6, "the reply came") \
	X(PROCESS, 7, "the process it waited for ended") \
	X(MEMORY, 8, "memory became free") \
	X(WORD, 9, "its word was woken") \
	X(INTERRUPT, 10, "its device interrupted") \
	X(RCU, 11, "what piled up is freed")

#define MISSING_REASONS(X) \
	X(NOT_FOUND, 0, "the machine has no such CPU") \
	X(SILENT, 1, "it never reported") \
	X(TOO_MANY, 2, "the kernel holds no more") \
	X(REFUSED, 3, "the command line leaves it out") \
	X(CLOCK, 4, "its clock is not in step with CPU 0's")

/* Where the pages of an object come from. */
#define OBJECT_KINDS(X) \
	X(ZERO, 0, "zeros, until somebody writes") \
	X(PHYSICAL, 1, "given memory, and no more than that") \
	X(DEVICE, 2, "registers of a device") \
	X(COPY, 3, "a copy, shared with its source until one of them writes") \
	X(PROVIDER, 4, "a provider in user space")

/* What the kernel knows of one page of an object: the state of its slot. */
#define SLOT_STATES(X) \
	X(ABSENT, 0, "absent") \
	X(READING, 1, "being read by the provider") \
	X(PRESENT, 2, "present, clean") \
	X(DIRTY, 3, "present, changed") \
	X(WRITING, 4, "being written by the provider") \
	X(WANTED, 5, "being written, and wanted again")

#define REQUEST_KINDS(X) \
	X(READ, 0, "read") \
	X(WRITE, 1, "write")

/* What object_remove does with a range of pages. */
#define REMOVE_KINDS(X) \
	X(RELEASE, 0, "write back what is changed and tracked, then drop every page") \
	X(FLUSH, 1, "write back what is changed and tracked; every page stays") \
	X(EVICT, 2, "write back and drop what can be brought again; other pages stay")

#define PRESSURES(X) \
	X(NONE, 0, "enough memory") \
	X(NORMAL, 1, "getting short") \
	X(CRITICAL, 2, "short")

/* What is freed after a grace period. */
#define RCU_KINDS(X) \
	X(OBJECT, 0, "an object") \
	X(ENDPOINT, 1, "an endpoint") \
	X(PROCESS, 2, "a process and its address space") \
	X(HANDLE, 3, "a handle") \
	X(THREAD, 4, "a thread") \
	X(TABLES, 5, "the pages of a page table")

/* How a CPU showed that it follows no pointer of the kernel's. */
#define QUIESCENT_CAUSES(X) \
	X(USER, 0, "on its way out of the kernel") \
	X(IDLE, 1, "nothing to run") \
	X(ASLEEP, 2, "idle all the time, and not woken")
/* clang-format on */

#define TRACE_ENUM_MEMBER_(prefix, name, number) prefix##_##name = (number),
#define BOOT_PHASE_(n, i, t) TRACE_ENUM_MEMBER_(BOOT_PHASE, n, i)
#define SEGMENT_KIND_(n, i, t) TRACE_ENUM_MEMBER_(SEGMENT, n, i)
#define FAULT_KIND_(n, i, t) TRACE_ENUM_MEMBER_(FAULT_KIND, n, i)
#define FAULT_RESULT_(n, i, t) TRACE_ENUM_MEMBER_(FAULT, n, i)
#define CRASH_CAUSE_(n, i, t) TRACE_ENUM_MEMBER_(CAUSE, n, i)
#define SWITCH_REASON_(n, i, t) TRACE_ENUM_MEMBER_(SWITCH, n, i)
#define WAKE_REASON_(n, i, t) TRACE_ENUM_MEMBER_(WAKE, n, i)
#define MISSING_REASON_(n, i, t) TRACE_ENUM_MEMBER_(MISSING, n, i)
#define OBJECT_KIND_(n, i, t) TRACE_ENUM_MEMBER_(OBJECT, n, i)
#define SLOT_STATE_(n, i, t) TRACE_ENUM_MEMBER_(SLOT, n, i)
#define REQUEST_KIND_(n, i, t) TRACE_ENUM_MEMBER_(REQUEST, n, i)
#define REMOVE_KIND_(n, i, t) TRACE_ENUM_MEMBER_(REMOVE, n, i)
#define PRESSURE_(n, i, t) TRACE_ENUM_MEMBER_(PRESSURE, n, i)
#define RCU_KIND_(n, i, t) TRACE_ENUM_MEMBER_(RCU, n, i)
#define QUIESCENT_CAUSE_(n, i, t) TRACE_ENUM_MEMBER_(QUIESCENT, n, i)

enum boot_phase { BOOT_PHASES(BOOT_PHASE_) };
enum segment_kind { SEGMENT_KINDS(SEGMENT_KIND_) };
enum fault_kind { FAULT_KINDS(FAULT_KIND_) };
enum fault_result { FAULT_RESULTS(FAULT_RESULT_) };
enum crash_cause { CRASH_CAUSES(CRASH_CAUSE_) };
enum switch_reason { SWITCH_REASONS(SWITCH_REASON_) };
enum wake_reason { WAKE_REASONS(WAKE_REASON_) };
enum missing_reason { MISSING_REASONS(MISSING_REASON_) };
enum object_kind { OBJECT_KINDS(OBJECT_KIND_) };
enum slot_state { SLOT_STATES(SLOT_STATE_) };
enum request_kind { REQUEST_KINDS(REQUEST_KIND_) };
enum remove_kind { REMOVE_KINDS(REMOVE_KIND_) };
enum pressure { PRESSURES(PRESSURE_) };
enum rcu_kind { RCU_KINDS(RCU_KIND_) RCU_KINDS_END };
enum quiescent_cause { QUIESCENT_CAUSES(QUIESCENT_CAUSE_) };

#undef TRACE_ENUM_MEMBER_
#undef BOOT_PHASE_
#undef SEGMENT_KIND_
#undef FAULT_KIND_
#undef FAULT_RESULT_
#undef CRASH_CAUSE_
#undef SWITCH_REASON_
#undef WAKE_REASON_
#undef MISSING_REASON_
#undef OBJECT_KIND_
#undef SLOT_STATE_
#undef REQUEST_KIND_
#undef REMOVE_KIND_
#undef PRESSURE_
#undef RCU_KIND_
#undef QUIESCENT_CAUSE_
