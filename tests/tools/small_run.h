/*
 * A small run for tests of the reader: made by the real writer, kept as bytes in memory that a test may change, and read as a file.
 *
 * Teaches: a test of a file format needs a file that it knows to the last bit. Who calls: test_reader.c, test_damage.c. Whom: the writer and
 * the reader.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../trace/format.h"
#include "../../trace/reader.h"
#include "../../trace/writer.h"

#define CPUS 3
#define EVENTS_OF_CPU 8
#define LOST 5
#define FILE_BYTES_MAX (1 << 16)

extern uint8_t file_bytes[FILE_BYTES_MAX];
extern size_t file_size;
extern char small_run_path[64]; /* the file that is read */
extern char sentence[1024];     /* what the reader said last */
extern const struct format_header small_run_header;

/* Before and after a group of tests. */
int small_run_start(void **state);
int small_run_stop(void **state);

/* A word as a guest of that byte order has it. */
uint64_t small_run_word(uint64_t word, bool swapped);

/* Adds an event whose fields are `first`, `first` + 1, ... */
void small_run_add(struct writer *writer, unsigned cpu, uint64_t ticks, const char *name, uint64_t first, bool swapped);

/* Has the writer store the run that was added to it, in a file of that name, and takes that into file_bytes; file and writer go. */
void small_run_take(struct writer *writer, const char *stored);

/*
 * Makes the run, of either byte order, in file_bytes. Two CPUs take turns in time, with a tie, an event of each size and a gap on CPU 1;
 * CPU 2 has no event.
 */
void small_run_make(bool swapped);
struct format_head *small_run_head(void);

/* These bytes are the file from now on. */
void small_run_put(const uint8_t *bytes, size_t size);

/* Reads all of the file. Returns how many events and gaps there were, -1 if it ended in an error, which is in `sentence`. */
int small_run_read(void);

/* Asserts that it ends in an error, and that the sentence speaks of this. */
void small_run_refused(const char *about);

/* Makes the checksums right: of the records that lie where the table says, and of the header and the table. */
void small_run_correct_records(uint8_t *bytes, bool swapped);
void small_run_correct_head(uint8_t *bytes, bool swapped);
