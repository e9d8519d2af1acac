/*
 * Reading a run: one stream of events, merged over all CPUs in the order of time.
 *
 * Teaches: a decoder trusts nothing. A file that is cut short, of another byte order, of another schema or damaged ends in a
 * sentence that says so, never in a crash. Memory does not grow with the trace: a small buffer for each CPU.
 * Who calls: every tool that looks at a run. Whom it calls: schema.h for names.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema.h"

/* The id of what the reader itself reports: field[0] events of this CPU were overwritten before they were read. */
#define TRACE_EVENT_GAP 0

struct trace_event {
	uint64_t ticks; /* of the machine's clock */
	uint64_t index; /* the n-th event of its CPU, from 0, lost ones counted */
	unsigned cpu;
	unsigned id;                       /* TRACE_EVENT_GAP for a gap */
	const struct event_schema *schema; /* NULL for a gap */
	unsigned fields;
	uint64_t field[EVENT_FIELDS_MAX];
};

/* What a run says about itself. Strings are NUL-terminated. */
struct trace_info {
	char machine[16];
	char mmu[16];
	char program[32];
	char build_id[32];
	bool icount; /* ran under icount: a tick is a known number of instructions, and the run repeats */
	uint64_t clock_hz;
	uint64_t boot_ticks; /* kernel entry */
	uint64_t user_ticks; /* first return to user mode; 0 if there was none */
	uint64_t end_ticks;  /* the last event */
	uint64_t seed;
	uint64_t categories; /* what was switched on */
	unsigned cpus;       /* present */
	unsigned cpus_online;
	unsigned verdict; /* enum verdict of abi/descriptor.h: what the guest said */
	unsigned ending;  /* enum ending of format.h: what the host made of it */
	int64_t exit_status;
	uint64_t events; /* recorded, over all CPUs */
	uint64_t lost;   /* overwritten before they were read, over all CPUs */
};

struct trace_reader;

/* Opens a .vtrace file, or the run directory that holds run.vtrace. NULL on failure, with a whole sentence in `error`. */
struct trace_reader *trace_open(const char *path, char *error, size_t error_bytes);

/* What the file's header says; valid until trace_close. */
const struct trace_info *trace_info(const struct trace_reader *reader);

/*
 * The next event in time, ties by CPU number. Returns 1; 0 at the end; -1 if the rest cannot be read: trace_error says why.
 * Only at the end of a CPU's records is their checksum known, so a value changed on the disk is told after it was handed out.
 */
int trace_next(struct trace_reader *reader, struct trace_event *event);

/* The sentence for the last -1. */
const char *trace_error(const struct trace_reader *reader);

/* Nanoseconds since kernel entry for a tick of this run's clock. */
uint64_t trace_ns(const struct trace_reader *reader, uint64_t ticks);

void trace_close(struct trace_reader *reader);

/* "finished", "triple fault": the name of an enum ending, and a sentence about it. */
const char *trace_ending_name(unsigned ending);
const char *trace_ending_meaning(unsigned ending);

/* Two CHARS fields as text: up to 16 characters and the NUL. */
void trace_chars(uint64_t first, uint64_t second, char text[17]);
