/*
 * Packets into bytes: the rare ones by protobuf-c, the hot ones from parts made beforehand.
 *
 * Teaches: what makes a trace small. A packet carries no absolute time, no name and no track that it could share with the one
 * before it: the time is the distance to the last packet of its sequence, names are numbers, and the sequence says the rest; so a
 * track on which much happens has a sequence of its own.
 * Who calls: trace/perfetto/. Whom it calls: output.h, wire.h, protobuf-c.
 */
#pragma once

#include "perfetto/perfetto.h"

/* The tags that differ from event to event; their numbers come from perfetto.proto by packet_tags_prepare(). */
struct packet_tags {
	struct wire_bytes packet;                                     /* of Trace */
	struct wire_bytes timestamp, track_event, task_state, ftrace; /* of TracePacket */
	struct wire_bytes track, annotation, flow, count;             /* of TrackEvent */
	struct wire_bytes name;
	struct wire_bytes slice_end, counter;                      /* whole: the type of a TrackEvent */
	struct wire_bytes state_cpu, state_thread, state;          /* of GenericKernelTaskStateEvent */
	struct wire_bytes ftrace_cpu, ftrace_event;                /* of FtraceEventBundle */
	struct wire_bytes event_time, event_thread, event_blocked; /* of FtraceEvent */
	struct wire_bytes blocked_thread, blocked_reason;          /* of SchedBlockedReasonFtraceEvent */
};
extern struct packet_tags packet_tags;

/* Fills packet_tags; does nothing the second time. */
void packet_tags_prepare(void);

/* Starts the run's sequences, one a CPU and the directory, and says what machine it is. */
void packet_start_machine(struct perfetto *perfetto);

/* Starts a sequence of which every event is on this track. */
void packet_start_track(struct perfetto *perfetto, struct track *track);

/*
 * The sequence after those of the CPUs: tracks are described there. Perfetto takes a thread that is described on a sequence for
 * the thread that every event of the sequence is about, even of the events before; so threads are described on one without
 * events.
 */
static inline unsigned packet_directory(const struct perfetto *perfetto)
{
	return perfetto->info->cpus;
}

/* The distance from the sequence's last packet to `ns`, which it moves on. Time never goes back on a sequence. */
static inline uint64_t packet_advance(struct sequence *sequence, uint64_t ns)
{
	uint64_t distance = ns > sequence->last_ns ? ns - sequence->last_ns : 0;
	sequence->last_ns += distance;
	return distance;
}

/* Sends a packet on a sequence at `ns`; fills in its time and identity. For what is rare. */
void packet_send(struct perfetto *perfetto, unsigned sequence, uint64_t ns, TracePacket *packet);

/* The same at a time of its own, which may lie before that of packets sent already: it is told in full, and Perfetto sorts. */
void packet_send_at(struct perfetto *perfetto, unsigned sequence, uint64_t ns, TracePacket *packet);

/* The most bytes a hot payload may have, and the room it needs because parts are copied in whole words. */
#define PACKET_PAYLOAD_BYTES 480
#define PACKET_PAYLOAD_ROOM 512

/* Sends a payload that is packed already: `bytes` bytes of the message with tag `tag`. */
static inline void packet_put(struct perfetto *perfetto, unsigned number, uint64_t ns, const struct wire_bytes *tag,
			      const uint8_t *payload, size_t bytes)
{
	struct sequence *sequence = &perfetto->sequence[number];
	uint8_t head[64];
	uint8_t *end = wire_field(head, &packet_tags.timestamp, packet_advance(sequence, ns));
	end = wire_part(end, &sequence->identity);
	end = wire_field(end, tag, bytes);
	size_t head_bytes = (size_t)(end - head);
	uint8_t *at = wire_field(output_room(perfetto->output), &packet_tags.packet, head_bytes + bytes);
	memcpy(at, head, 40);
	memcpy(at + head_bytes, payload, bytes);
	perfetto->output->at = at + head_bytes + bytes;
}
