/*
 * The debug descriptor: the one page a tool has to find in a RAM image, and everything else follows from it.
 *
 * It is page-aligned and starts with an eyecatcher, so no symbols are needed. The kernel fills it in as it boots and writes
 * the verdict last; the host only reads. All words are in the guest's byte order, which `byte_order` tells.
 *
 *     descriptor --> entry "trace-ring", "kernel-log", "cpus", ...      what the host knows the form of, or the layout tells
 *                --> entry "threads", "processes", "run-queues", ...    the roots from which all other records are reached
 *                --> entry "layout"                                     where in a record each field lies (abi/layout.h)
 *
 * Records point at each other by kernel virtual addresses. The two offsets say where these lie in RAM.
 */
#pragma once

#include <stdint.h>

#define DESCRIPTOR_EYECATCHER "VITRINE-GLASS-2"
#define DESCRIPTOR_BYTE_ORDER UINT64_C(0x0102030405060708)
#define DESCRIPTOR_ENTRIES_MAX 32

/* How the run ended, as the guest saw it. A guest that stops with RUNNING never got to say: triple fault, checkstop, hang. */
/* clang-format off */
#define VERDICTS(X) \
	X(RUNNING, 0, "the guest has not said how it ended") \
	X(FINISHED, 1, "the program ended by itself; exit_status is its result") \
	X(CRASHED, 2, "the last thread of the program was killed") \
	X(DEADLOCK, 3, "every CPU idle, nothing pending, threads still waiting") \
	X(BUDGET, 4, "the budget of guest time was used up") \
	X(PANIC, 5, "the kernel found a bug in itself") \
	X(REFUSED, 6, "the kernel could not start the program")
/* clang-format on */

#define VERDICT_ENUM(name, number, text) VERDICT_##name = number,
enum verdict { VERDICTS(VERDICT_ENUM) };
#undef VERDICT_ENUM

/* `count` things of `bytes` bytes each, the first at physical address `paddr`, `stride` bytes from one to the next. */
struct descriptor_entry {
	char label[16]; /* "trace-ring", "kernel-log", "layout", ...: NUL-padded */
	uint64_t paddr;
	uint64_t bytes;
	uint64_t count;
	uint64_t stride;
};

struct descriptor {
	char eyecatcher[16];
	uint64_t byte_order;  /* DESCRIPTOR_BYTE_ORDER */
	uint64_t schema_hash; /* of trace/events.h, as the kernel was built */
	uint64_t verdict;     /* enum verdict */
	uint64_t exit_status; /* the program's, with VERDICT_FINISHED */
	uint64_t clock_hz;    /* ticks of event timestamps a second; 0 until known */
	uint64_t boot_ticks;  /* the clock at kernel entry */
	uint64_t user_ticks;  /* the clock at the first return to user mode; 0 until then */
	uint64_t seed;
	uint32_t cpus_present;
	uint32_t cpus_online;
	uint32_t stack_bytes;      /* size of a CPU's kernel stack */
	uint32_t stack_bytes_used; /* the deepest that any CPU got, recorded at the end */
	char machine[16];          /* "x86_64", "ppc64" */
	char mmu[16];              /* the back end chosen at boot: "radix4", "radix5", "hash" */
	char build_id[32];
	char program[32];
	/* Virtual minus physical address: of RAM as the kernel sees all of it, and of what is part of the kernel image. */
	uint64_t direct_offset;
	uint64_t image_offset;
	uint32_t entries;
	uint32_t zero;
	struct descriptor_entry entry[DESCRIPTOR_ENTRIES_MAX];
};

_Static_assert(sizeof(struct descriptor) <= 4096, "the descriptor is one page");
