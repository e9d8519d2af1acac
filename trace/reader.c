/*
 * The .vtrace reader's second half: records, one CPU at a time, merged into one stream. reader_open.c checks the file's head.
 *
 * Teaches: a streaming k-way merge. Each CPU's records are in order already, so the next event of the run is the smallest of
 * the CPUs' next ones. Events come in bursts, so the CPU that won goes on without a look at the others until it passes the
 * runner-up. Invariant: the next record of each stream has been checked whole before its timestamp takes part in the merge.
 */
#include "reader_inside.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "../kernel/abi/trace_ring.h"

bool reader_damaged(struct trace_reader *reader, const char *format, ...)
{
	if (reader->failed)
		return false;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(reader->error, sizeof(reader->error), format, arguments);
	va_end(arguments);
	reader->failed = true;
	return false;
}

/* ---- the records of one CPU ---- */

/* Moves what is left of the buffer to its front and reads on. */
static bool stream_fill(struct trace_reader *reader, struct stream *stream)
{
	unsigned kept = stream->filled - stream->at;
	memmove(stream->words, stream->words + stream->at, kept * sizeof(uint64_t));
	stream->at = 0;
	stream->filled = kept;
	while (stream->filled < READER_BUFFER_WORDS && stream->file_left) {
		uint64_t room = (READER_BUFFER_WORDS - stream->filled) * sizeof(uint64_t);
		uint64_t wanted = room < stream->file_left ? room : stream->file_left;
		ssize_t got = pread(reader->file, stream->words + stream->filled, wanted, (off_t)stream->file_at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return reader_damaged(reader, "the trace cannot be read: %s", strerror(errno));
		got &= ~(ssize_t)7; /* whole words: the section's size is a multiple of 8, so this only asks again */
		if (got == 0)
			return reader_damaged(reader, "the trace became shorter while it was read");
		const Bytef *fresh = (const Bytef *)(stream->words + stream->filled);
		stream->checksum = crc32_z(stream->checksum, fresh, (size_t)got);
		stream->filled += (unsigned)((uint64_t)got / sizeof(uint64_t));
		stream->file_at += (uint64_t)got;
		stream->file_left -= (uint64_t)got;
	}
	return true;
}

/* There are no more records: what was read has to be what the table promised. */
static bool stream_finish(struct trace_reader *reader, struct stream *stream)
{
	stream->live = false;
	if (stream->events != stream->events_promised || stream->lost != stream->lost_promised)
		return reader_damaged(reader,
				      "the trace is damaged: CPU %u has %" PRIu64 " events and lost %" PRIu64
				      ", but the table says %" PRIu64 " and %" PRIu64,
				      stream->cpu, stream->events, stream->lost, stream->events_promised, stream->lost_promised);
	if (stream->checksum != stream->checksum_promised)
		return reader_damaged(reader, "the trace is damaged: the checksum of the records of CPU %u is wrong",
				      stream->cpu);
	return true;
}

/* Says what is wrong with the record at the front. */
static bool record_damaged(struct trace_reader *reader, const struct stream *stream, unsigned available)
{
	uint64_t header = available < 2 ? 0 : reader_host64(reader, stream->words[stream->at + 1]);
	unsigned words = TRACE_WORDS(header), id = TRACE_ID(header);
	const struct event_schema *schema = reader->schema[id];
	char what[160];
	if (available < 2 || words > available)
		snprintf(what, sizeof(what), "its records end in the middle of one");
	else if (TRACE_CPU(header) != stream->cpu)
		snprintf(what, sizeof(what), "the record says that it is of CPU %u", TRACE_CPU(header));
	else if (TRACE_SEQUENCE(header) != (uint32_t)stream->index)
		snprintf(what, sizeof(what), "the record has the sequence %" PRIu32, TRACE_SEQUENCE(header));
	else if (id == TRACE_EVENT_GAP)
		snprintf(what, sizeof(what), "a gap record of %u words with the count %" PRIu64, words,
			 reader_host64(reader, stream->words[stream->at]));
	else if (!schema)
		snprintf(what, sizeof(what), "there is no event with the id %u", id);
	else if (words != schema->fields + 2)
		snprintf(what, sizeof(what), "%s has %u words, not %u", schema->name, schema->fields + 2, words);
	else
		snprintf(what, sizeof(what), "time runs backwards, from %" PRIu64 " to %" PRIu64, stream->ticks,
			 reader_host64(reader, stream->words[stream->at]));
	return reader_damaged(reader, "the trace is damaged: CPU %u, event %" PRIu64 ": %s", stream->cpu, stream->index, what);
}

/* A gap stands for at least one event and for no more than the table says are lost. */
static bool gap_is_good(const struct stream *stream, unsigned words, uint64_t lost)
{
	return words == 2 && lost > 0 && lost <= stream->lost_promised - stream->lost;
}

bool reader_stream_check(struct trace_reader *reader, struct stream *stream)
{
	if (stream->filled - stream->at < TRACE_SLOT_WORDS && stream->file_left && !stream_fill(reader, stream))
		return false;
	unsigned available = stream->filled - stream->at;
	if (available == 0)
		return stream_finish(reader, stream);
	if (available < 2)
		return record_damaged(reader, stream, available);
	uint64_t first = reader_host64(reader, stream->words[stream->at]);
	uint64_t header = reader_host64(reader, stream->words[stream->at + 1]);
	unsigned words = TRACE_WORDS(header), id = TRACE_ID(header);
	if (words > available || TRACE_CPU(header) != stream->cpu || TRACE_SEQUENCE(header) != (uint32_t)stream->index)
		return record_damaged(reader, stream, available);
	stream->header = header;
	if (id == TRACE_EVENT_GAP) {
		stream->lost_here = first;
		return gap_is_good(stream, words, first) || record_damaged(reader, stream, available);
	}
	const struct event_schema *schema = reader->schema[id];
	if (!schema || words != schema->fields + 2 || first < stream->ticks || stream->events == stream->events_promised)
		return record_damaged(reader, stream, available);
	stream->ticks = first;
	return true;
}

/* ---- the merge ---- */

static bool before(const struct stream *a, const struct stream *b)
{
	return a->ticks < b->ticks || (a->ticks == b->ticks && a->cpu < b->cpu);
}

void reader_choose(struct trace_reader *reader)
{
	struct stream *first = NULL, *second = NULL;
	for (unsigned i = 0; i < reader->streams; i++) {
		struct stream *stream = &reader->stream[i];
		if (!stream->live)
			continue;
		if (!first || before(stream, first)) {
			second = first;
			first = stream;
		} else if (!second || before(stream, second)) {
			second = stream;
		}
	}
	reader->winner = first;
	reader->runner_up = second;
}

static void take_gap(const struct trace_reader *reader, struct stream *stream, struct trace_event *event)
{
	event->ticks = stream->ticks > reader->info.boot_ticks ? stream->ticks : reader->info.boot_ticks;
	event->schema = NULL;
	event->fields = 1;
	event->field[0] = stream->lost_here;
	stream->lost += stream->lost_here;
	stream->index += stream->lost_here;
}

static void take_event(const struct trace_reader *reader, struct stream *stream, struct trace_event *event)
{
	event->ticks = stream->ticks;
	event->schema = reader->schema[event->id];
	event->fields = event->schema->fields;
	for (unsigned i = 0; i < event->fields; i++)
		event->field[i] = reader_host64(reader, stream->words[stream->at + 2 + i]);
	stream->events++;
	stream->index++;
}

int trace_next(struct trace_reader *reader, struct trace_event *event)
{
	struct stream *stream = reader->winner;
	if (reader->failed)
		return -1;
	if (!stream)
		return 0;
	event->cpu = stream->cpu;
	event->id = TRACE_ID(stream->header);
	event->index = stream->index;
	if (event->id == TRACE_EVENT_GAP)
		take_gap(reader, stream, event);
	else
		take_event(reader, stream, event);
	stream->at += TRACE_WORDS(stream->header);
	/* If the record after this one is damaged, this one is good still: the next call says so. */
	if (reader_stream_check(reader, stream) && (!stream->live || (reader->runner_up && before(reader->runner_up, stream))))
		reader_choose(reader);
	return 1;
}

/* ---- small answers ---- */

const struct trace_info *trace_info(const struct trace_reader *reader)
{
	return &reader->info;
}

const char *trace_error(const struct trace_reader *reader)
{
	return reader->failed ? reader->error : "nothing is wrong with the trace";
}

#define NS_PER_SECOND UINT64_C(1000000000)

uint64_t trace_ns(const struct trace_reader *reader, uint64_t ticks)
{
	uint64_t hz = reader->info.clock_hz ? reader->info.clock_hz : NS_PER_SECOND;
	if (ticks <= reader->info.boot_ticks)
		return 0;
	ticks -= reader->info.boot_ticks;
	/* The remainder is less than FORMAT_CLOCK_HZ_MAX, so its product fits. */
	return ticks / hz * NS_PER_SECOND + ticks % hz * NS_PER_SECOND / hz;
}

void trace_chars(uint64_t first, uint64_t second, char text[17])
{
	for (unsigned i = 0; i < 8; i++) {
		text[i] = (char)(first >> (56 - 8 * i));
		text[i + 8] = (char)(second >> (56 - 8 * i));
	}
	text[16] = '\0';
	for (unsigned i = 0; i < 16 && text[i]; i++)
		if ((unsigned char)text[i] < ' ' || (unsigned char)text[i] > '~')
			text[i] = '?';
}

#define ENDING_NAME(name, number, exit_code, text, meaning) [number] = text,
#define ENDING_MEANING(name, number, exit_code, text, meaning) [number] = meaning,

const char *trace_ending_name(unsigned ending)
{
	static const char *const names[] = {ENDINGS(ENDING_NAME)};
	return ending < ENDING_COUNT ? names[ending] : "unknown";
}

const char *trace_ending_meaning(unsigned ending)
{
	static const char *const meanings[] = {ENDINGS(ENDING_MEANING)};
	return ending < ENDING_COUNT ? meanings[ending] : meanings[ENDING_UNKNOWN];
}
