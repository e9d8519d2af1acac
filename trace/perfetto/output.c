/*
 * The file a converter writes: see output.h.
 *
 * Teaches: how a program never leaves half a file: write under another name, look at every error, rename last. A rename
 * replaces a file in one step, so a reader sees the old one or the new one.
 * Who calls: trace/perfetto/perfetto.c opens and closes, trace/perfetto/packet.c fills the buffer.
 */
#include "perfetto/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define BUFFER_BYTES (1024 * 1024)

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

static bool ends_in_gz(const char *path)
{
	size_t length = strlen(path);
	return length > 3 && !strcmp(path + length - 3, ".gz");
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
	if (ends_in_gz(path)) {
		output->gzip = gzdopen(output->file, "wb3");
		if (!output->gzip)
			return output_fail(output, "compress", "out of memory");
		gzbuffer(output->gzip, 128 * 1024);
	}
	output->buffer = malloc(BUFFER_BYTES);
	if (!output->buffer)
		return output_fail(output, "write", "out of memory");
	output->at = output->buffer;
	output->limit = output->buffer + BUFFER_BYTES - OUTPUT_ROOM_BYTES;
	return true;
}

static void write_gzip(struct output *output, const uint8_t *data, size_t bytes)
{
	int code;
	if (gzwrite(output->gzip, data, (unsigned)bytes) == (int)bytes)
		return;
	const char *why = gzerror(output->gzip, &code);
	output_fail(output, "write", code == Z_ERRNO ? strerror(errno) : why);
}

static void write_plain(struct output *output, const uint8_t *data, size_t bytes)
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

void output_flush(struct output *output)
{
	size_t bytes = (size_t)(output->at - output->buffer);
	if (!output->failed && output->gzip)
		write_gzip(output, output->buffer, bytes);
	else if (!output->failed)
		write_plain(output, output->buffer, bytes);
	output->flushed_bytes += bytes;
	output->at = output->buffer;
}

static void close_file(struct output *output)
{
	int code = 0;
	if (output->gzip)
		code = gzclose(output->gzip) == Z_OK ? 0 : -1;
	else if (output->file >= 0)
		code = close(output->file);
	if (code)
		output_fail(output, "write", errno ? strerror(errno) : "the compressor failed");
	output->gzip = NULL;
}

bool output_close(struct output *output, bool keep)
{
	if (output->buffer && keep)
		output_flush(output);
	bool opened = output->file >= 0;
	errno = 0;
	close_file(output);
	output->file = -1;
	free(output->buffer);
	output->buffer = NULL;
	if (!opened || output->direct)
		return !output->failed;
	if (keep && !output->failed && rename(output->part_path, output->path))
		output_fail(output, "write", strerror(errno));
	if (!keep || output->failed)
		unlink(output->part_path);
	return !output->failed;
}
