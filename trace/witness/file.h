/*
 * The file `witness` of a run: what was seen of the machine from outside.
 *
 *     struct witness_header
 *     struct witness_function   [functions]   the kernel's functions, by address       \  written by `vitrine run`
 *     characters                [text_bytes]  their names and source files              /  before QEMU starts
 *     struct witness_cpu        [cpus]                                                  \
 *     struct witness_path       [paths]       who was called by whom, how often          | added by the plugin
 *     struct witness_exception  [exceptions]  every trap, in the order of their times   /  when QEMU ends
 *
 * Teaches: a file that carries its own names can be read when the kernel has long been built anew.
 * Who writes: functions.c, plugin.c. Who reads: plugin.c, reader.c. Words are in the host's byte order: the file stays where the run is.
 * Invariant: every offset and number is checked by the reader; `checksum` is over the whole file, with 0 in its
 * own place, once the run has ended.
 */
#pragma once

#include <assert.h>
#include <stdint.h>

#define WITNESS_MAGIC "VITRINE-WITNESS" /* 16 characters with the NUL */
#define WITNESS_VERSION 1
#define WITNESS_CPUS_MAX 16

struct witness_header {
	char magic[16];
	uint64_t version;
	uint64_t checksum; /* format_checksum(); 0 while the machine runs */
	char machine[16];
	uint64_t functions;
	uint64_t text_bytes; /* a multiple of 8 */
	uint64_t cpus;       /* 0 until QEMU has ended */
	uint64_t paths;
	uint64_t exceptions;
	uint64_t instructions; /* that all CPUs began */
	uint64_t strays;       /* returns to where nobody had called from */
	uint64_t too_deep;     /* calls that no room was left to note */
};

/* No vector leads here. */
#define WITNESS_NO_VECTOR UINT32_MAX

struct witness_function {
	uint64_t start; /* address as linked */
	uint64_t end;
	uint32_t name; /* offset in the text */
	uint32_t file; /* the same; "" if unknown */
	uint32_t line;
	uint32_t same_as; /* the function whose part this is: its own number, or that of the whole if this is the cold part */
	uint32_t vector;  /* of the trap that enters the kernel here */
	uint32_t zero;
};

struct witness_cpu {
	uint64_t instructions; /* that this CPU began */
	uint64_t last;         /* `when` of its last one */
};

/* Where a path starts: instead of a function. */
enum witness_root {
	WITNESS_OUTSIDE =
		0xfffffff0,  /* code that is not the kernel's: firmware, and the kernel before it runs where it was linked */
	WITNESS_USER,        /* user mode */
	WITNESS_INTERRUPTED, /* kernel code that a trap came upon */
};

/* One way into one function: the path of the caller, and the function. Callers have lower numbers. */
struct witness_path {
	uint64_t calls;
	uint64_t instructions; /* in the function itself, when it was reached this way */
	uint32_t parent;       /* its own number: a root */
	uint32_t function;     /* or enum witness_root */
	uint32_t cpu;
	uint32_t zero;
};

#define WITNESS_FROM_USER 1u
#define WITNESS_AFTER_IDLE 2u /* every CPU was waiting, so the clock may have leapt */

/* A trap: control arrived at a vector. */
struct witness_exception {
	uint64_t when; /* instructions that all CPUs had begun */
	uint64_t pc;   /* the last instruction this CPU had begun */
	uint32_t vector;
	uint16_t cpu;
	uint16_t flags;
};

static_assert(sizeof(struct witness_header) == 112, "no padding");
static_assert(sizeof(struct witness_function) == 40 && sizeof(struct witness_cpu) == 16, "no padding");
static_assert(sizeof(struct witness_path) == 32 && sizeof(struct witness_exception) == 24, "no padding");
