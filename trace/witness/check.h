/*
 * The two accounts of a run, side by side: the traps that the witness saw, and the events they should have left.
 *
 *     traced.c   the trace's account
 *     check.c    compares them, and names the first trap that has no event
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reader.h"
#include "witness/vectors.h"
#include "witness/witness.h"

/* Traps of one stream and one CPU come in the order of their events. */
enum stream {
	STREAM_SYSCALL,
	STREAM_FAULT,  /* from user mode: page faults, and what the machine refused */
	STREAM_KERNEL, /* from the kernel: it touched user memory */
	STREAM_IRQ,
	STREAMS,
};

/* A trap as the trace has it. */
struct traced {
	uint64_t ns;    /* when its event was made, since kernel entry */
	uint64_t index; /* of that event on its CPU */
	uint64_t pc;    /* of the instruction, where the event says so */
	uint32_t irq;   /* enum irq, in STREAM_IRQ */
	uint32_t id;    /* of the event */
};

struct traced_list {
	struct traced *rows;
	uint64_t count, room;
};

struct traced_run {
	const struct trace_info *info; /* valid while `reader` is open */
	struct trace_reader *reader;
	struct traced_list list[WITNESS_CPUS_MAX][STREAMS];
	uint64_t lost[WITNESS_CPUS_MAX];
	unsigned vcpu[WITNESS_CPUS_MAX]; /* QEMU's number for each CPU of the kernel */
};

/* Reads a run; false after having said why that is not possible. */
bool traced_open(struct traced_run *run, const char *path);
void traced_close(struct traced_run *run);

/* Whether the categories that a stream's events are in were switched on. */
bool traced_has(const struct traced_run *run, enum stream stream);

/* Prints the comparison. 0: they agree; 1: they do not, or cannot be compared. */
int witness_check(const struct witness *witness, const char *path);
