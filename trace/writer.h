/*
 * Writing a run: records are gathered CPU by CPU and become one .vtrace file at the end.
 *
 * Teaches: why the file does not depend on who was read when. Each CPU has a spool of its own, so how the recorder took turns
 * leaves no trace in the file.
 * Who calls: run.c with what it drained, tests/tools/make_trace.c with what it made up.
 * All errors are kept: the first one is told by writer_error(), and everything after it does nothing.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "format.h"

struct writer;

/*
 * Starts a trace of `cpus` CPUs (at most FORMAT_CPUS_MAX). Spools that outgrow memory go to files without a name in
 * `directory`, so nothing is left behind however the program ends. `swapped`: the guest's byte order is not the host's. Never
 * NULL.
 */
struct writer *writer_open(const char *directory, unsigned cpus, bool swapped);

/*
 * Adds the events of `slots` slots (TRACE_SLOT_WORDS words each, as they lie in a ring, in the guest's byte order) to a CPU.
 * The caller has checked the headers: their ids, their word counts, and that the sequence goes on.
 */
void writer_add_slots(struct writer *writer, unsigned cpu, const uint64_t *slots, uint64_t count);

/* Notes that the next `lost` events of a CPU are not there. */
void writer_add_gap(struct writer *writer, unsigned cpu, uint64_t lost);

/* How many events of a CPU there are so far, lost ones counted: the sequence of its next one. */
uint64_t writer_next_sequence(const struct writer *writer, unsigned cpu);

uint64_t writer_events(const struct writer *writer);
uint64_t writer_lost(const struct writer *writer);

/*
 * Writes the file. `header` is in the host's byte order; the caller fills in what it knows of the run, the writer the rest
 * (magic to schema hash, end_ticks, cpus, events, lost). The file appears under its name only when it is whole.
 */
void writer_store(struct writer *writer, struct format_header *header, const char *path);

/* Writes the head of a file that was just stored once more: for what could only be said after a look at it. */
void writer_amend(struct writer *writer, struct format_header *header, const char *path);

/* The sentence of the first thing that went wrong, or NULL. */
const char *writer_error(const struct writer *writer);

void writer_close(struct writer *writer);
