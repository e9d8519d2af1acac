/*
 * The file that a converter writes: packets by way of one large buffer, compressed, whole or not there at all.
 *
 * Who calls: trace/perfetto/. Whom it calls: the C library, libdeflate, protobuf-c.
 * Errors are kept: the first one is told by output_close(), and everything after it does nothing.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No packet may be longer: output_room() always has this much. */
#define OUTPUT_ROOM_BYTES (64 * 1024)

struct output {
	uint8_t *at;     /* the next byte goes here */
	uint8_t *limit;  /* beyond it there is less than OUTPUT_ROOM_BYTES left */
	uint8_t *buffer; /* whole packets */
	int file;
	atomic_bool failed;
	/* A thread of its own compresses and writes, while the next buffer is filled. */
	pthread_t packer;
	bool has_packer;
	pthread_mutex_t lock; /* over the three below */
	pthread_cond_t change;
	uint8_t *full;
	size_t full_bytes; /* 0: the packer has nothing to do */
	bool ends;
	/* The packer's own. */
	struct libdeflate_compressor *compressor;
	uint8_t *packed; /* what was in `full`, compressed, */
	uint8_t *framed; /* and that as one packet */
	size_t packed_bytes;
	bool direct; /* a device or a pipe: written in place */
	char path[4096];
	char part_path[4096 + 8];
	char error[512];
};

/* Opens PATH for writing, by way of PATH.part. Returns false with a whole sentence in output->error. */
bool output_open(struct output *output, const char *path);

/* Hands over what is in the buffer, which must be whole packets. */
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
