/*
 * The .vtrace reader's first half: is this a trace, whole, and one that this program understands?
 *
 * Teaches: checking in the order in which things may be believed. Nothing is used before what vouches for it was checked: first
 * the magic, then the byte order, the version, the size of the head, its checksum, the schema; only then the counts, and they
 * are held against the file's size and against each other before a byte is allocated for them.
 * Who calls: trace_open(), and through it every tool.
 */
#include "reader_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reads up to `bytes` bytes at the file's start; returns how many there were. */
static size_t read_start(int file, void *data, size_t bytes)
{
	size_t have = 0;
	while (have < bytes) {
		ssize_t got = pread(file, (char *)data + have, bytes - have, (off_t)have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		have += (size_t)got;
	}
	return have;
}

/* Magic, byte order, version: whether it is a file this reader can make sense of at all. */
static bool identity_is_good(struct trace_reader *reader, const struct format_head *head, size_t have)
{
	const struct format_header *header = &head->header;
	if (have < FORMAT_MAGIC_BYTES || memcmp(header->magic, FORMAT_MAGIC, FORMAT_MAGIC_BYTES) != 0)
		return reader_damaged(reader, "it is not a .vtrace file");
	if (have < sizeof(*header))
		return reader_damaged(reader, "it is cut short: it ends inside its header, after %zu bytes", have);
	if (header->byte_order != FORMAT_BYTE_ORDER && bswap_64(header->byte_order) != FORMAT_BYTE_ORDER)
		return reader_damaged(reader, "it is damaged: its byte order mark is 0x%016" PRIx64, header->byte_order);
	reader->swapped = header->byte_order != FORMAT_BYTE_ORDER;
	if (reader_host32(reader, header->version) != FORMAT_VERSION)
		return reader_damaged(reader, "it has version %" PRIu32 " of the format, and this program reads version %d",
				      reader_host32(reader, header->version), FORMAT_VERSION);
	return true;
}

/* Size and checksum of the head: whether its numbers are those that were written. */
static bool head_is_whole(struct trace_reader *reader, const struct format_head *head, size_t have)
{
	struct format_header bare = head->header;
	uint32_t cpus = reader_host32(reader, bare.cpus);
	uint32_t bytes = reader_host32(reader, bare.header_bytes);
	if (cpus == 0 || cpus > FORMAT_CPUS_MAX || bytes != sizeof(bare) + cpus * sizeof(struct format_cpu))
		return reader_damaged(reader, "it is damaged: a header of %" PRIu32 " bytes for %" PRIu32 " CPUs", bytes, cpus);
	if (have < bytes)
		return reader_damaged(reader, "it is cut short: it ends inside its table of CPUs, after %zu bytes", have);
	bare.checksum = 0;
	uint64_t checksum = format_checksum(FORMAT_CHECKSUM_START, &bare, sizeof(bare));
	checksum = format_checksum(checksum, head->cpu, cpus * sizeof(struct format_cpu));
	if (checksum != reader_host64(reader, head->header.checksum))
		return reader_damaged(reader, "it is damaged: the checksum of its header is wrong");
	uint64_t schema = reader_host64(reader, head->header.schema_hash);
	if (schema != schema_hash())
		return reader_damaged(reader,
				      "it was recorded with another trace/events.h: its schema is %016" PRIx64
				      ", this program knows %016" PRIx64 "; record it again, or use the vitrine of its time",
				      schema, schema_hash());
	return true;
}

/* Copies a string of the head, which has to end inside its `bytes` and be printable. */
static bool text_copy(struct trace_reader *reader, char *to, const char *from, size_t bytes)
{
	size_t length = strnlen(from, bytes);
	if (length == bytes)
		return reader_damaged(reader, "it is damaged: a name in its header does not end");
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)from[i] < ' ' || (unsigned char)from[i] > '~')
			return reader_damaged(reader, "it is damaged: a name in its header is not text");
	memcpy(to, from, length);
	to[length] = '\0';
	return true;
}

static bool info_fill(struct trace_reader *reader, const struct format_header *header)
{
	struct trace_info *info = &reader->info;
	info->icount = reader_host32(reader, header->flags) & FORMAT_FLAG_ICOUNT;
	info->clock_hz = reader_host64(reader, header->clock_hz);
	info->boot_ticks = reader_host64(reader, header->boot_ticks);
	info->user_ticks = reader_host64(reader, header->user_ticks);
	info->end_ticks = reader_host64(reader, header->end_ticks);
	info->seed = reader_host64(reader, header->seed);
	info->categories = reader_host64(reader, header->categories);
	info->cpus = reader_host32(reader, header->cpus);
	info->cpus_online = reader_host32(reader, header->cpus_online);
	info->verdict = reader_host32(reader, header->verdict);
	info->ending = reader_host32(reader, header->ending);
	info->exit_status = (int64_t)reader_host64(reader, header->exit_status);
	info->events = reader_host64(reader, header->events);
	info->lost = reader_host64(reader, header->lost);
	if (info->clock_hz > FORMAT_CLOCK_HZ_MAX)
		return reader_damaged(reader, "it is damaged: its clock has %" PRIu64 " ticks a second", info->clock_hz);
	if (info->ending >= ENDING_COUNT)
		return reader_damaged(reader, "it is damaged: there is no way number %u to end", info->ending);
	return text_copy(reader, info->machine, header->machine, sizeof(header->machine)) &&
	       text_copy(reader, info->mmu, header->mmu, sizeof(header->mmu)) &&
	       text_copy(reader, info->program, header->program, sizeof(header->program)) &&
	       text_copy(reader, info->build_id, header->build_id, sizeof(header->build_id));
}

/* The table of CPUs: sections without holes that fill the file, and counts that agree with the header's. */
static bool streams_fill(struct trace_reader *reader, const struct format_head *head, uint64_t file_bytes)
{
	uint64_t at = reader_host32(reader, head->header.header_bytes), events = 0, lost = 0;
	for (unsigned i = 0; i < reader->info.cpus; i++) {
		const struct format_cpu *row = &head->cpu[i];
		struct stream *stream = &reader->stream[i];
		uint64_t bytes = reader_host64(reader, row->bytes);
		if (reader_host64(reader, row->offset) != at || bytes % sizeof(uint64_t) || bytes > UINT64_MAX - at)
			return reader_damaged(reader, "it is damaged: the records of CPU %u are not where they should be", i);
		stream->cpu = i;
		stream->file_at = at;
		stream->file_left = bytes;
		stream->events_promised = reader_host64(reader, row->events);
		stream->lost_promised = reader_host64(reader, row->lost);
		stream->checksum_promised = reader_host64(reader, row->checksum);
		at += bytes;
		if (at > file_bytes)
			return reader_damaged(
				reader, "it is cut short: it has %" PRIu64 " bytes, and the records of CPU %u end at %" PRIu64,
				file_bytes, i, at);
		if (stream->events_promised > bytes / (2 * sizeof(uint64_t)))
			return reader_damaged(reader, "it is damaged: %" PRIu64 " events of CPU %u in %" PRIu64 " bytes",
					      stream->events_promised, i, bytes);
		events += stream->events_promised;
		lost += stream->lost_promised;
	}
	if (at != file_bytes)
		return reader_damaged(reader, "it is damaged: there are %" PRIu64 " bytes behind its last record",
				      file_bytes - at);
	if (events != reader->info.events || lost != reader->info.lost)
		return reader_damaged(reader, "it is damaged: its counts of events do not add up");
	return true;
}

/* Gives each CPU a buffer and looks at its first record. */
static bool streams_start(struct trace_reader *reader)
{
	for (unsigned i = 0; i < EVENT_IDS; i++)
		reader->schema[i] = schema_event(i);
	reader->streams = reader->info.cpus;
	for (unsigned i = 0; i < reader->streams; i++) {
		struct stream *stream = &reader->stream[i];
		uint64_t words = stream->file_left / sizeof(uint64_t); /* a small file takes small buffers */
		stream->words = malloc((words < READER_BUFFER_WORDS ? words + 1 : READER_BUFFER_WORDS) * sizeof(uint64_t));
		if (!stream->words)
			return reader_damaged(reader, "there is no memory to read it");
		stream->live = true;
		if (!reader_stream_check(reader, stream))
			return false;
	}
	reader_choose(reader);
	return true;
}

static bool file_open(struct trace_reader *reader, const char *path, uint64_t *bytes)
{
	struct stat status;
	reader->file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (reader->file < 0 || fstat(reader->file, &status) != 0)
		return reader_damaged(reader, "%s", strerror(errno));
	if (!S_ISREG(status.st_mode))
		return reader_damaged(reader, "it is not a regular file");
	*bytes = (uint64_t)status.st_size;
	return true;
}

static bool reader_start(struct trace_reader *reader, const char *path)
{
	const struct format_head *head = &reader->head;
	uint64_t file_bytes = 0;
	if (!file_open(reader, path, &file_bytes))
		return false;
	size_t have = read_start(reader->file, &reader->head, sizeof(reader->head));
	return identity_is_good(reader, head, have) && head_is_whole(reader, head, have) && info_fill(reader, &head->header) &&
	       streams_fill(reader, head, file_bytes) && streams_start(reader);
}

struct trace_reader *trace_open(const char *path, char *error, size_t error_bytes)
{
	char *file = NULL;
	struct stat status;
	bool directory = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
	struct trace_reader *reader = calloc(1, sizeof(*reader));
	if (!reader || asprintf(&file, "%s%s", path, directory ? "/run.vtrace" : "") < 0) {
		snprintf(error, error_bytes, "cannot read %s: there is no memory for it", path);
		free(reader);
		return NULL;
	}
	reader->file = -1;
	if (!reader_start(reader, file)) {
		snprintf(error, error_bytes, "cannot read %s: %s%s", file, reader->error,
			 access(file, F_OK) == 0
				 ? ""
				 : " (a run is a .vtrace file, or a directory that `vitrine run` left, such as out/run)");
		trace_close(reader);
		reader = NULL;
	}
	free(file);
	return reader;
}

void trace_close(struct trace_reader *reader)
{
	if (reader->file >= 0)
		close(reader->file);
	for (unsigned i = 0; i < FORMAT_CPUS_MAX; i++)
		free(reader->stream[i].words);
	free(reader);
}
