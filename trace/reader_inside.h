/*
 * What the two halves of the reader share: reader_open.c believes or refuses a file, reader.c streams its records.
 * Nobody else includes this: tools see reader.h.
 */
#pragma once

#include <byteswap.h>

#include "format.h"
#include "reader.h"

#define READER_BUFFER_WORDS (8 * 1024)

/* One CPU's records. The next one starts at words[at], checked whole; `ticks`, `header` and `lost_here` describe it. */
struct stream {
	uint64_t *words; /* READER_BUFFER_WORDS of them, or as many as its records have */
	unsigned at, filled;
	uint64_t file_at, file_left; /* bytes not yet in the buffer */
	unsigned cpu;
	bool live;      /* there is a next record */
	uint64_t ticks; /* its time; with a gap record, the time of the one before */
	uint64_t header;
	uint64_t lost_here;                      /* in a gap record */
	uint64_t index;                          /* of its (first) event */
	uint64_t events, lost;                   /* handed out so far */
	uint64_t events_promised, lost_promised; /* by the CPU table */
	uint64_t checksum, checksum_promised;    /* of what was read so far; of all of it, by the CPU table */
};

struct trace_reader {
	int file;
	bool swapped; /* the guest's byte order is not the host's */
	bool failed;
	struct trace_info info;
	unsigned streams;
	struct stream stream[FORMAT_CPUS_MAX];
	struct stream *winner;    /* has the next event; NULL at the end */
	struct stream *runner_up; /* would win without the winner; NULL if nobody else is left */
	const struct event_schema *schema[EVENT_IDS];
	struct format_head head; /* as it lies in the file */
	char error[512];
};

static inline uint64_t reader_host64(const struct trace_reader *reader, uint64_t word)
{
	return reader->swapped ? bswap_64(word) : word;
}

static inline uint32_t reader_host32(const struct trace_reader *reader, uint32_t word)
{
	return reader->swapped ? bswap_32(word) : word;
}

/* Notes the first reason why the file or the rest of it cannot be read. Returns false. */
bool reader_damaged(struct trace_reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Checks the record at the front of a stream, or that the stream ends well. False if the file is damaged. */
bool reader_stream_check(struct trace_reader *reader, struct stream *stream);

/* Finds the winner and the runner-up anew. */
void reader_choose(struct trace_reader *reader);
