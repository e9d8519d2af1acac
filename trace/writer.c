/*
 * The .vtrace writer: see writer.h for what it promises and format.h for what it writes.
 *
 * Simplified: the spools are copied once when the file is made. It costs a second for ten million events, and makes the file's
 * order independent of the order of draining. The checksums are taken then as well, so recording does not wait for them; the
 * head, which has them, is written last.
 */
#include "writer.h"

#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "../kernel/abi/trace_ring.h"
#include "schema.h"

#define SPOOL_WORDS (64 * 1024)

/* The records of one CPU: the oldest in the file (if there is one yet), the youngest in memory. */
struct spool {
	int file; /* -1: none */
	uint64_t file_bytes;
	uint64_t *words;
	unsigned used;
	unsigned gap_end; /* where the last gap record in memory ends; 0: none. If that is `used`, a gap that follows joins it */
	uint64_t events, lost;
	uint64_t last_ticks; /* host's byte order */
	uint64_t checksum;   /* of all records, once they are in the file */
};

struct writer {
	const char *directory;
	bool swapped;
	unsigned cpus;
	struct spool spools[FORMAT_CPUS_MAX];
	struct format_head head; /* as it goes into the file */
	bool failed;
	char error[512];
};

static void fail(struct writer *writer, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fail(struct writer *writer, const char *format, ...)
{
	if (writer->failed)
		return;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(writer->error, sizeof(writer->error), format, arguments);
	va_end(arguments);
	writer->failed = true;
}

struct writer *writer_open(const char *directory, unsigned cpus, bool swapped)
{
	struct writer *writer = calloc(1, sizeof(*writer));
	if (!writer || cpus > FORMAT_CPUS_MAX)
		abort();
	writer->directory = directory;
	writer->cpus = cpus;
	writer->swapped = swapped;
	for (unsigned i = 0; i < cpus; i++) {
		writer->spools[i].file = -1;
		writer->spools[i].words = malloc(SPOOL_WORDS * sizeof(uint64_t));
		if (!writer->spools[i].words)
			abort();
	}
	return writer;
}

static uint64_t guest64(const struct writer *writer, uint64_t word)
{
	return writer->swapped ? bswap_64(word) : word;
}

static uint32_t guest32(const struct writer *writer, uint32_t word)
{
	return writer->swapped ? bswap_32(word) : word;
}

/* A file that has no name, in the writer's directory. */
static int open_nameless(struct writer *writer)
{
	char *path = NULL;
	int file = asprintf(&path, "%s/.vitrine-spool-XXXXXX", writer->directory) < 0 ? -1 : mkostemp(path, O_CLOEXEC);
	if (file < 0)
		fail(writer, "cannot make a temporary file in %s: %s", writer->directory, strerror(errno));
	else
		unlink(path);
	free(path);
	return file;
}

static bool write_all(int file, const void *data, size_t bytes)
{
	const char *from = data;
	while (bytes) {
		ssize_t written = write(file, from, bytes);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		from += written;
		bytes -= (size_t)written;
	}
	return true;
}

static void spool_flush(struct writer *writer, struct spool *spool)
{
	if (spool->file < 0)
		spool->file = open_nameless(writer);
	if (!writer->failed && !write_all(spool->file, spool->words, spool->used * sizeof(uint64_t)))
		fail(writer, "cannot write to a temporary file in %s: %s", writer->directory, strerror(errno));
	spool->file_bytes += spool->used * sizeof(uint64_t);
	spool->used = spool->gap_end = 0;
}

void writer_add_slots(struct writer *writer, unsigned cpu, const uint64_t *slots, uint64_t count)
{
	struct spool *spool = &writer->spools[cpu];
	if (writer->failed || !count)
		return;
	for (uint64_t i = 0; i < count; i++, slots += TRACE_SLOT_WORDS) {
		unsigned words = TRACE_WORDS(guest64(writer, slots[1]));
		if (spool->used + TRACE_SLOT_WORDS > SPOOL_WORDS)
			spool_flush(writer, spool);
		/* A whole slot is copied, which is quicker than its used words; the next record lies over the rest. */
		memcpy(&spool->words[spool->used], slots, TRACE_SLOT_BYTES);
		spool->used += words;
	}
	spool->last_ticks = guest64(writer, slots[-TRACE_SLOT_WORDS]);
	spool->events += count;
}

void writer_add_gap(struct writer *writer, unsigned cpu, uint64_t lost)
{
	struct spool *spool = &writer->spools[cpu];
	if (writer->failed || !lost)
		return;
	if (spool->gap_end && spool->gap_end == spool->used) {
		uint64_t *count = &spool->words[spool->used - 2];
		*count = guest64(writer, guest64(writer, *count) + lost);
		spool->lost += lost;
		return;
	}
	if (spool->used + TRACE_SLOT_WORDS > SPOOL_WORDS)
		spool_flush(writer, spool);
	uint32_t sequence = (uint32_t)(spool->events + spool->lost);
	spool->words[spool->used++] = guest64(writer, lost);
	spool->words[spool->used++] = guest64(writer, trace_header(sequence, cpu, 0, 2));
	spool->gap_end = spool->used;
	spool->lost += lost;
}

uint64_t writer_next_sequence(const struct writer *writer, unsigned cpu)
{
	return writer->spools[cpu].events + writer->spools[cpu].lost;
}

uint64_t writer_events(const struct writer *writer)
{
	uint64_t events = 0;
	for (unsigned i = 0; i < writer->cpus; i++)
		events += writer->spools[i].events;
	return events;
}

uint64_t writer_lost(const struct writer *writer)
{
	uint64_t lost = 0;
	for (unsigned i = 0; i < writer->cpus; i++)
		lost += writer->spools[i].lost;
	return lost;
}

/* Fills in what the writer knows, in the host's byte order. */
static void header_complete(const struct writer *writer, struct format_header *header)
{
	memcpy(header->magic, FORMAT_MAGIC, FORMAT_MAGIC_BYTES);
	header->byte_order = FORMAT_BYTE_ORDER;
	header->version = FORMAT_VERSION;
	header->header_bytes = sizeof(struct format_header) + writer->cpus * sizeof(struct format_cpu);
	header->checksum = 0;
	header->schema_hash = schema_hash();
	header->cpus = writer->cpus;
	header->zero = 0;
	header->events = writer_events(writer);
	header->lost = writer_lost(writer);
	header->end_ticks = header->boot_ticks;
	for (unsigned i = 0; i < writer->cpus; i++)
		if (header->end_ticks < writer->spools[i].last_ticks)
			header->end_ticks = writer->spools[i].last_ticks;
}

/* The same header in the guest's byte order. */
static struct format_header header_for_guest(const struct writer *writer, const struct format_header *header)
{
	struct format_header out = *header;
	uint64_t *const words64[] = {&out.byte_order,  &out.schema_hash, &out.clock_hz, &out.boot_ticks,
				     &out.user_ticks,  &out.end_ticks,   &out.seed,     &out.categories,
				     &out.exit_status, &out.events,      &out.lost};
	uint32_t *const words32[] = {&out.version, &out.header_bytes, &out.verdict, &out.ending,
				     &out.flags,   &out.cpus_online,  &out.cpus};
	for (unsigned i = 0; i < sizeof(words64) / sizeof(words64[0]); i++)
		*words64[i] = guest64(writer, *words64[i]);
	for (unsigned i = 0; i < sizeof(words32) / sizeof(words32[0]); i++)
		*words32[i] = guest32(writer, *words32[i]);
	return out;
}

static uint64_t spool_bytes(const struct spool *spool)
{
	return spool->file_bytes + spool->used * sizeof(uint64_t);
}

static bool write_header(struct writer *writer, int file, const struct format_header *header)
{
	struct format_head *out = &writer->head;
	out->header = header_for_guest(writer, header);
	uint64_t offset = header->header_bytes;
	for (unsigned i = 0; i < writer->cpus; i++) {
		const struct spool *spool = &writer->spools[i];
		out->cpu[i].offset = guest64(writer, offset);
		out->cpu[i].bytes = guest64(writer, spool_bytes(spool));
		out->cpu[i].events = guest64(writer, spool->events);
		out->cpu[i].lost = guest64(writer, spool->lost);
		out->cpu[i].checksum = guest64(writer, spool->checksum);
		offset += spool_bytes(spool);
	}
	out->header.checksum = guest64(writer, format_checksum(FORMAT_CHECKSUM_START, out, header->header_bytes));
	return write_all(file, out, header->header_bytes);
}

/* Appends what is in a spool's buffer to the file. */
static bool write_records(struct spool *spool, int file, size_t bytes)
{
	spool->checksum = crc32_z(spool->checksum, (const Bytef *)spool->words, bytes);
	return write_all(file, spool->words, bytes);
}

/* Appends a spool to the file: from its own file, through the empty buffer, or from memory if it never needed one. */
static bool write_spool(struct writer *writer, struct spool *spool, int file)
{
	spool->checksum = crc32_z(0, NULL, 0);
	if (!spool->file_bytes)
		return write_records(spool, file, spool->used * sizeof(uint64_t));
	spool_flush(writer, spool);
	if (writer->failed || lseek(spool->file, 0, SEEK_SET) != 0)
		return false;
	for (uint64_t left = spool->file_bytes; left;) {
		ssize_t got = read(spool->file, spool->words, SPOOL_WORDS * sizeof(uint64_t));
		if (got <= 0 || !write_records(spool, file, (size_t)got))
			return false;
		left -= (uint64_t)got;
	}
	return true;
}

static bool write_file(struct writer *writer, const struct format_header *header, int file)
{
	bool written = lseek(file, header->header_bytes, SEEK_SET) >= 0;
	for (unsigned i = 0; i < writer->cpus && written; i++)
		written = write_spool(writer, &writer->spools[i], file);
	return written && lseek(file, 0, SEEK_SET) == 0 && write_header(writer, file, header);
}

void writer_store(struct writer *writer, struct format_header *header, const char *path)
{
	char *partial = NULL;
	if (writer->failed)
		return;
	header_complete(writer, header);
	int file =
		asprintf(&partial, "%s.partial", path) < 0 ? -1 : open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	bool written = file >= 0 && write_file(writer, header, file);
	int why = errno;
	if (file >= 0 && close(file) != 0 && written) {
		why = errno;
		written = false;
	}
	if (written && rename(partial, path) != 0) {
		why = errno;
		written = false;
	}
	if (!written) {
		fail(writer, "cannot write %s: %s", path, strerror(why));
		if (file >= 0)
			unlink(partial);
	}
	free(partial);
}

void writer_amend(struct writer *writer, struct format_header *header, const char *path)
{
	if (writer->failed)
		return;
	header_complete(writer, header);
	int file = open(path, O_WRONLY | O_CLOEXEC);
	bool written = file >= 0 && write_header(writer, file, header);
	if (!written)
		fail(writer, "cannot write %s: %s", path, strerror(errno));
	if (file >= 0)
		close(file);
}

const char *writer_error(const struct writer *writer)
{
	return writer->failed ? writer->error : NULL;
}

void writer_close(struct writer *writer)
{
	for (unsigned i = 0; i < writer->cpus; i++) {
		if (writer->spools[i].file >= 0)
			close(writer->spools[i].file);
		free(writer->spools[i].words);
	}
	free(writer);
}
