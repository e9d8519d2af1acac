/*
 * count_packets FILE: what is in a Perfetto trace, packet by packet: a line "name count" each.
 *
 * Teaches: how little it takes to read protobuf when the messages are declared: protobuf-c unpacks each packet, and this adds
 * up. It reads what the writer packed by hand, so a wrong byte anywhere in the file is a packet that does not unpack.
 * Who calls: perfetto-test.sh, where a trace is too large to load. Exits 1 with a sentence if the file is not whole.
 */
#include <libdeflate.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perfetto.pb-c.h"

#define PACKET_BYTES_MAX (1024 * 1024)
#define ARENA_BYTES (64 * 1024 * 1024)

/* Memory for one packet of the file at a time, with all that is compressed in it: freeing is starting over. */
static struct {
	char *bytes;
	size_t used;
} arena;

static void *arena_alloc(void *unused, size_t bytes)
{
	(void)unused;
	size_t at = (arena.used + 15) & ~(size_t)15;
	if (at + bytes > ARENA_BYTES)
		return NULL;
	arena.used = at + bytes;
	return arena.bytes + at;
}

static void arena_free(void *unused, void *memory)
{
	(void)unused;
	(void)memory;
}

static struct {
	uint64_t packets, begins, ends, instants, counters, runs, without_sequence, without_time;
} counts;

static void count_event(const TrackEvent *event)
{
	counts.begins += event->type == TRACK_EVENT__TYPE__TYPE_SLICE_BEGIN;
	counts.ends += event->type == TRACK_EVENT__TYPE__TYPE_SLICE_END;
	counts.instants += event->type == TRACK_EVENT__TYPE__TYPE_INSTANT;
	counts.counters += event->type == TRACK_EVENT__TYPE__TYPE_COUNTER;
}

static void count_packet(const TracePacket *packet)
{
	const GenericKernelTaskStateEvent *state = packet->generic_kernel_task_state_event;
	counts.packets++;
	counts.without_sequence += !packet->trusted_packet_sequence_id;
	counts.without_time += (packet->track_event || state) && !packet->has_timestamp;
	counts.runs += state && state->state == GENERIC_KERNEL_TASK_STATE_EVENT__TASK_STATE_ENUM__TASK_STATE_RUNNING;
	if (packet->track_event)
		count_event(packet->track_event);
}

/* Reads the length of a packet. Returns false if it is cut short or too long. */
static int read_length(FILE *file, size_t *length)
{
	*length = 0;
	for (unsigned shift = 0; shift < 28; shift += 7) {
		int byte = getc_unlocked(file);
		if (byte == EOF)
			return 0;
		*length |= (size_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return *length <= PACKET_BYTES_MAX;
	}
	return 0;
}

/* Counts the packets that are compressed in one. Returns NULL, or what is wrong. */
static const char *count_compressed(ProtobufCAllocator *allocator, const ProtobufCBinaryData *packed)
{
	static uint8_t bytes[PACKET_BYTES_MAX];
	static struct libdeflate_decompressor *decompressor;
	size_t length;
	if (!decompressor)
		decompressor = libdeflate_alloc_decompressor();
	if (libdeflate_zlib_decompress(decompressor, packed->data, packed->len, bytes, sizeof(bytes), &length))
		return "packets that cannot be decompressed";
	Trace *trace = trace__unpack(allocator, length, bytes);
	if (!trace)
		return "compressed packets that do not unpack";
	for (size_t i = 0; i < trace->n_packet; i++)
		count_packet(trace->packet[i]);
	return NULL;
}

/* Counts all packets. Returns NULL, or what is wrong. */
static const char *count_file(FILE *file)
{
	static uint8_t bytes[PACKET_BYTES_MAX];
	ProtobufCAllocator allocator = {.alloc = arena_alloc, .free = arena_free};
	for (int tag; (tag = getc_unlocked(file)) != EOF;) {
		size_t length;
		if (tag != (1 << 3 | 2))
			return "something that is no packet";
		if (!read_length(file, &length) || fread(bytes, 1, length, file) != length)
			return "a packet that is cut short";
		arena.used = 0;
		TracePacket *packet = trace_packet__unpack(&allocator, length, bytes);
		if (!packet)
			return "a packet that does not unpack";
		if (!packet->has_compressed_packets)
			return "a packet that is not compressed";
		const char *wrong = count_compressed(&allocator, &packet->compressed_packets);
		if (wrong)
			return wrong;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	arena.bytes = malloc(ARENA_BYTES);
	if (!file || !arena.bytes) {
		perror(argc == 2 ? argv[1] : "usage: count_packets FILE");
		return 1;
	}
	const char *wrong = count_file(file);
	if (wrong) {
		fprintf(stderr, "%s holds %s at byte %ld\n", argv[1], wrong, ftell(file));
		return 1;
	}
	printf("packets %llu\nbegins %llu\nends %llu\ninstants %llu\ncounters %llu\nruns %llu\nwithout_sequence "
	       "%llu\nwithout_time %llu\n",
	       (unsigned long long)counts.packets, (unsigned long long)counts.begins, (unsigned long long)counts.ends,
	       (unsigned long long)counts.instants, (unsigned long long)counts.counters, (unsigned long long)counts.runs,
	       (unsigned long long)counts.without_sequence, (unsigned long long)counts.without_time);
	return 0;
}
