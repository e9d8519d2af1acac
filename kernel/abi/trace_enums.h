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
	X(BARRIER, 4, "all CPUs at the barrier") \
	X(PROGRAM, 5, "loading the user program") \
	X(SCHEDULER, 6, "first schedule")

#define SEGMENT_KINDS(X) \
	X(NONE, 0, "none") \
	X(BASE, 1, "base") \
	X(STACK, 2, "stack") \
	X(DEVICE, 3, "device") \
	X(VIEW, 4, "view")

#define FAULT_KINDS(X) \
	X(MISSING, 0, "no translation") \
	X(PROTECTION, 1, "translation forbids the access") \
	X(SEGMENT, 2, "segment not loaded")

/* How a fault ended: the last arrow of the fault path. */
#define FAULT_RESULTS(X) \
	X(SEGMENT_LOADED, 0, "segment loaded") \
	X(MAPPED, 1, "soft miss: page was there, mapped again") \
	X(ZERO_FILLED, 2, "zero-filled a new page") \
	X(KILLED, 3, "nobody can answer it: thread killed") \
	X(NO_MEMORY, 4, "no memory for it: thread killed")

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
	X(KILLED, 12, "another thread of the program ended it")

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
	X(IDLE, 8, "CPU was idle")

#define WAKE_REASONS(X) \
	X(CREATED, 0, "created") \
	X(TIMER, 1, "its time has come") \
	X(JOINED, 2, "the thread it waited for ended") \
	X(KILLED, 3, "it is to die")

#define MISSING_REASONS(X) \
	X(NOT_FOUND, 0, "the machine has no such CPU") \
	X(SILENT, 1, "it never reported") \
	X(TOO_MANY, 2, "the kernel holds no more") \
	X(REFUSED, 3, "the command line leaves it out")
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

enum boot_phase { BOOT_PHASES(BOOT_PHASE_) };
enum segment_kind { SEGMENT_KINDS(SEGMENT_KIND_) };
enum fault_kind { FAULT_KINDS(FAULT_KIND_) };
enum fault_result { FAULT_RESULTS(FAULT_RESULT_) };
enum crash_cause { CRASH_CAUSES(CRASH_CAUSE_) };
enum switch_reason { SWITCH_REASONS(SWITCH_REASON_) };
enum wake_reason { WAKE_REASONS(WAKE_REASON_) };
enum missing_reason { MISSING_REASONS(MISSING_REASON_) };

#undef TRACE_ENUM_MEMBER_
#undef BOOT_PHASE_
#undef SEGMENT_KIND_
#undef FAULT_KIND_
#undef FAULT_RESULT_
#undef CRASH_CAUSE_
#undef SWITCH_REASON_
#undef WAKE_REASON_
#undef MISSING_REASON_
