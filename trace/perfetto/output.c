/*
 * The file a converter writes: see output.h.
 *
 * Teaches: how a program never leaves half a file: write under another name, look at every error, rename last. A rename
 * replaces a file in one step, so a reader sees the old one or the new one. And that a row of packets can be compressed and
 * is a packet again, so whoever reads packets need not know where a file begins or ends (perfetto.proto, compressed_packets).
 * That takes as long as making them, so a second thread does it: two buffers go to and fro between the two.
 * Who calls: trace/perfetto/perfetto.c opens and closes, trace/perfetto/packet.c fills the buffer.
 */
#include "perfetto/output.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "perfetto.pb-c.h"

#define BUFFER_BYTES (512 * 1024)

/* libdeflate's fastest, which makes a seventh of a run's packets; its slower ones make little less. */
#define COMPRESSION_LEVEL 1

/* Around compressed packets: two tags and two lengths. */
#define FRAME_BYTES 32

/* Notes the first thing that went wrong. Returns false. */
static bool output_fail(struct output *output, const char *what, const char *why)
{
	if (!output->failed)
		snprintf(output->error, sizeof(output->error), "cannot %s %.300s: %s", what, output->path, why);
	output->failed = true;
	return false;
}

/* Something that is there and is no plain file (a pipe, /dev/null) must not be replaced by a file. */
static bool is_special(const char *path)
{
	struct stat status;
	return !stat(path, &status) && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

static void write_all(struct output *output, const uint8_t *data, size_t bytes)
{
	while (bytes) {
		ssize_t written = write(output->file, data, bytes);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0) {
			output_fail(output, "write", strerror(errno));
			return;
		}
		data += written;
		bytes -= (size_t)written;
	}
}

/* Makes the packets in `full` one, in `framed`. Returns its length. */
static size_t frame(struct output *output, size_t bytes)
{
	TracePacket packet = TRACE_PACKET__INIT;
	packet.has_compressed_packets = true;
	packet.compressed_packets.data = output->packed;
	packet.compressed_packets.len =
		libdeflate_zlib_compress(output->compressor, output->full, bytes, output->packed, output->packed_bytes);
	Trace trace = TRACE__INIT;
	trace.n_packet = 1;
	trace.packet = (TracePacket *[]){&packet};
	return trace__pack(&trace, output->framed);
}

/* The packer: one full buffer after the other. */
static void *pack(void *context)
{
	struct output *output = context;
	pthread_mutex_lock(&output->lock);
	while (output->full_bytes || !output->ends) {
		size_t bytes = output->full_bytes;
		if (!bytes) {
			pthread_cond_wait(&output->change, &output->lock);
			continue;
		}
		pthread_mutex_unlock(&output->lock);
		if (!output->failed)
			write_all(output, output->framed, frame(output, bytes));
		pthread_mutex_lock(&output->lock);
		output->full_bytes = 0;
		pthread_cond_signal(&output->change);
	}
	pthread_mutex_unlock(&output->lock);
	return NULL;
}

static void start_buffer(struct output *output)
{
	output->at = output->buffer;
	output->limit = output->buffer + BUFFER_BYTES - OUTPUT_ROOM_BYTES;
}

void output_flush(struct output *output)
{
	uint8_t *filled = output->buffer;
	pthread_mutex_lock(&output->lock);
	while (output->full_bytes)
		pthread_cond_wait(&output->change, &output->lock);
	output->buffer = output->full;
	output->full = filled;
	output->full_bytes = (size_t)(output->at - filled);
	pthread_cond_signal(&output->change);
	pthread_mutex_unlock(&output->lock);
	start_buffer(output);
}

/* Lets the packer do what it has, and waits for it. */
static void end_packer(struct output *output)
{
	pthread_mutex_lock(&output->lock);
	output->ends = true;
	pthread_cond_signal(&output->change);
	pthread_mutex_unlock(&output->lock);
	pthread_join(output->packer, NULL);
	pthread_mutex_destroy(&output->lock);
	pthread_cond_destroy(&output->change);
	output->has_packer = false;
}

bool output_open(struct output *output, const char *path)
{
	*output = (struct output){.file = -1};
	if (snprintf(output->path, sizeof(output->path), "%s", path) >= (int)sizeof(output->path))
		return output_fail(output, "write", "the name is too long");
	struct stat status;
	if (!stat(path, &status) && S_ISDIR(status.st_mode))
		return output_fail(output, "write", "it is a directory; name a file in it");
	output->direct = is_special(path);
	snprintf(output->part_path, sizeof(output->part_path), "%s%s", path, output->direct ? "" : ".part");
	output->file = open(output->part_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (output->file < 0)
		return output_fail(output, "write", strerror(errno));
	output->compressor = libdeflate_alloc_compressor(COMPRESSION_LEVEL);
	output->packed_bytes = libdeflate_zlib_compress_bound(output->compressor, BUFFER_BYTES);
	output->buffer = malloc(BUFFER_BYTES);
	output->full = malloc(BUFFER_BYTES);
	output->packed = malloc(output->packed_bytes);
	output->framed = malloc(output->packed_bytes + FRAME_BYTES);
	if (!output->compressor || !output->buffer || !output->full || !output->packed || !output->framed)
		return output_fail(output, "write", "out of memory");
	start_buffer(output);
	pthread_mutex_init(&output->lock, NULL);
	pthread_cond_init(&output->change, NULL);
	output->has_packer = pthread_create(&output->packer, NULL, pack, output) == 0;
	return output->has_packer || output_fail(output, "write", "there can be no thread for it");
}

bool output_close(struct output *output, bool keep)
{
	if (output->has_packer && keep)
		output_flush(output);
	if (output->has_packer)
		end_packer(output);
	bool opened = output->file >= 0;
	if (opened && close(output->file))
		output_fail(output, "write", strerror(errno));
	output->file = -1;
	free(output->buffer);
	free(output->full);
	free(output->packed);
	free(output->framed);
	libdeflate_free_compressor(output->compressor);
	output->buffer = output->full = output->packed = output->framed = NULL;
	output->compressor = NULL;
	if (!opened || output->direct)
		return !output->failed;
	if (keep && !output->failed && rename(output->part_path, output->path))
		output_fail(output, "write", strerror(errno));
	if (!keep || output->failed)
		unlink(output->part_path);
	return !output->failed;
}
