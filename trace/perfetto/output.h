/*
 * The file that a converter writes: packets by way of one large buffer, compressed, whole or not there at all.
 *
 * Who calls: trace/perfetto/. Whom it calls: the C library, libdeflate, protobuf-c.
 * Errors are kept: the first one is told by output_close(), and everything after it does nothing.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No packet may be longer: output_room() always has this much. */
#define OUTPUT_ROOM_BYTES (64 * 1024)

struct output {
	uint8_t *at;     /* the next byte goes here */
	uint8_t *limit;  /* beyond it there is less than OUTPUT_ROOM_BYTES left */
	uint8_t *buffer; /* whole packets */
	uint8_t *packed; /* the same compressed, */
	uint8_t *framed; /* and that as one packet */
	size_t packed_bytes;
	struct libdeflate_compressor *compressor;
	int file;
	bool failed;
	bool direct; /* a device or a pipe: written in place */
	char path[4096];
	char part_path[4096 + 8];
	char error[512];
};

/* Opens PATH for writing, by way of PATH.part. Returns false with a whole sentence in output->error. */
bool output_open(struct output *output, const char *path);

/* Compresses what is in the buffer, which must be whole packets, and gives it to the file. */
void output_flush(struct output *output);

/* Where to write: at least OUTPUT_ROOM_BYTES. Tell how much was used by moving output->at. */
static inline uint8_t *output_room(struct output *output)
{
	if (output->at > output->limit)
		output_flush(output);
	return output->at;
}

/*
 * Ends the file. With `keep` it gets its name, and what had that name before is replaced; without, nothing is left. Returns
 * false if anything since output_open went wrong (the sentence is in output->error), and then nothing is left either.
 */
bool output_close(struct output *output, bool keep);
