/*
 * Tracks and open slices: see track.h.
 *
 * Who calls: event.c, thread.c, count.c, rcu.c. Whom it calls: packet.c.
 */
#include "perfetto/track.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perfetto/names.h"
#include "perfetto/packet.h"

/* Counters that programs name; one too many is left out and counted. */
#define COUNTERS_MAX 512

/* Counters stand above CPUs in the machine's group; CPUs follow one another. Between them is what concerns RCU. */
#define RANK_COUNTER 0
#define RANK_RCU 999
#define RANK_CPU 1000

/* ---- describing ---- */

static void send_descriptor(struct perfetto *perfetto, uint64_t ns, TrackDescriptor *descriptor)
{
	descriptor->has_uuid = true;
	descriptor->uuid = ++perfetto->next_uuid;
	TracePacket packet = TRACE_PACKET__INIT;
	packet.track_descriptor = descriptor;
	packet_send(perfetto, packet_directory(perfetto), ns, &packet);
}

/* A track in a group of the machine. */
static void send_group_member(struct perfetto *perfetto, uint64_t ns, TrackDescriptor *descriptor, int rank, uint64_t group)
{
	descriptor->has_parent_uuid = true;
	descriptor->parent_uuid = group;
	descriptor->has_sibling_order_rank = true;
	descriptor->sibling_order_rank = rank;
	descriptor->has_sibling_merge_behavior = true;
	descriptor->sibling_merge_behavior = TRACK_DESCRIPTOR__SIBLING_MERGE_BEHAVIOR__SIBLING_MERGE_BEHAVIOR_NONE;
	send_descriptor(perfetto, ns, descriptor);
}

void track_start_machine(struct perfetto *perfetto)
{
	char name[80];
	snprintf(name, sizeof(name), "Machine %s (%s)", perfetto->info->machine, perfetto->info->mmu);
	TrackDescriptor descriptor = TRACK_DESCRIPTOR__INIT;
	descriptor.name = name;
	descriptor.has_child_ordering = true;
	descriptor.child_ordering = TRACK_DESCRIPTOR__CHILD_TRACKS_ORDERING__EXPLICIT;
	send_descriptor(perfetto, 0, &descriptor);
	perfetto->group_uuid = perfetto->next_uuid;
}

/* The group that tracks of a category stand in: RCU has one of its own in the machine's. */
static uint64_t group_of(struct perfetto *perfetto, uint64_t ns, enum trace_category category)
{
	if (category != TRACE_RCU)
		return perfetto->group_uuid;
	if (!perfetto->rcu_group_uuid) {
		TrackDescriptor descriptor = TRACK_DESCRIPTOR__INIT;
		descriptor.name = "RCU";
		descriptor.description =
			"grace periods, which CPU holds one up and until when, and what waits for them to be freed";
		descriptor.has_child_ordering = true;
		descriptor.child_ordering = TRACK_DESCRIPTOR__CHILD_TRACKS_ORDERING__EXPLICIT;
		send_group_member(perfetto, ns, &descriptor, RANK_RCU, perfetto->group_uuid);
		perfetto->rcu_group_uuid = perfetto->next_uuid;
	}
	return perfetto->rcu_group_uuid;
}

/* "Irq CPU 0": what a CPU does in one category. */
static void name_of_cpu_track(unsigned category_bit, unsigned cpu, char name[64])
{
	enum trace_category category = (enum trace_category)(1u << category_bit);
	const char *text = schema_category_name(category);
	if (category == TRACE_CPU)
		text = "idle";
	snprintf(name, 64, "%s CPU %u", text ? text : "other", cpu);
	if (category == TRACE_MMU)
		memcpy(name, "MMU", 3);
	else if (category == TRACE_RCU)
		memcpy(name, "RCU", 3);
	else
		name[0] = (char)(name[0] - 'a' + 'A');
}

struct track *track_of_cpu(struct perfetto *perfetto, unsigned cpu, uint64_t ns, unsigned category_bit)
{
	struct track *track = &perfetto->cpu[cpu].track[category_bit];
	if (track->uuid)
		return track;
	char name[64];
	name_of_cpu_track(category_bit, cpu, name);
	TrackDescriptor descriptor = TRACK_DESCRIPTOR__INIT;
	descriptor.name = name;
	uint64_t group = group_of(perfetto, ns, (enum trace_category)(1u << category_bit));
	send_group_member(perfetto, ns, &descriptor, (int)(RANK_CPU + 32 * cpu + category_bit), group);
	track->uuid = perfetto->next_uuid;
	return track;
}

uint64_t track_start_counter(struct perfetto *perfetto, uint64_t ns, const struct counter_text *text, int rank,
			     enum trace_category category)
{
	CounterDescriptor counter = COUNTER_DESCRIPTOR__INIT;
	counter.unit_name = (char *)text->unit;
	TrackDescriptor descriptor = TRACK_DESCRIPTOR__INIT;
	descriptor.name = (char *)text->name;
	descriptor.description = (char *)text->meaning;
	descriptor.counter = &counter;
	send_group_member(perfetto, ns, &descriptor, RANK_COUNTER + rank, group_of(perfetto, ns, category));
	return perfetto->next_uuid;
}

void track_send_count(struct perfetto *perfetto, unsigned cpu, uint64_t ns, uint64_t uuid, uint64_t value)
{
	uint8_t payload[PACKET_PAYLOAD_ROOM];
	uint8_t *end = wire_part(payload, &packet_tags.counter);
	end = wire_field(end, &packet_tags.track, uuid);
	end = wire_field(end, &packet_tags.count, value);
	packet_put(perfetto, cpu, ns, &packet_tags.track_event, payload, (size_t)(end - payload));
}

uint64_t track_start_slices(struct perfetto *perfetto, uint64_t ns, const char *name, const char *meaning, int rank,
			    enum trace_category category)
{
	TrackDescriptor descriptor = TRACK_DESCRIPTOR__INIT;
	descriptor.name = (char *)name;
	descriptor.description = (char *)meaning;
	send_group_member(perfetto, ns, &descriptor, rank, group_of(perfetto, ns, category));
	return perfetto->next_uuid;
}

/* Describes the counter of an event, when it is new; its key is in the table. */
static uint64_t start_counter(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const struct event_plan *plan,
			      const uint64_t *field)
{
	char text[NAME_TEXT_BYTES], name[NAME_TEXT_BYTES + 16];
	names_text(plan, field, text);
	snprintf(name, sizeof(name), plan->phase == PHASE_CPU_COUNTER ? "%s CPU %u" : "%s", text, cpu);
	enum field_type type = plan->schema->field[plan->value].type;
	struct counter_text counter = {
		.name = name,
		.meaning = plan->schema->meaning,
		.unit = type == FIELD_PAGES   ? "pages"
			: type == FIELD_BYTES ? "bytes"
					      : NULL,
	};
	return track_start_counter(perfetto, ns, &counter, (int)plan->schema->id, plan->schema->category);
}

struct track *track_of_counter(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const struct event_plan *plan,
			       const uint64_t *field)
{
	struct table_key key = {.word = {plan->schema->id | (plan->phase == PHASE_CPU_COUNTER ? (uint64_t)cpu + 1 : 0) << 32}};
	for (unsigned i = 0; i < plan->name_fields; i++)
		key.word[1 + i] = field[plan->name_field[i]];
	struct track *track = table_find(&perfetto->counters, key);
	if (track)
		return track;
	track = perfetto->counters.used < COUNTERS_MAX ? calloc(1, sizeof(*track)) : NULL;
	if (!track || !table_add(&perfetto->counters, key, track)) {
		free(track);
		perfetto->counters_left_out++;
		return NULL;
	}
	track->uuid = start_counter(perfetto, cpu, ns, plan, field);
	return track;
}

void track_start_thread(struct perfetto *perfetto, uint64_t ns, struct thread *thread)
{
	ThreadDescriptor which = THREAD_DESCRIPTOR__INIT;
	which.has_pid = which.has_tid = true;
	which.pid = (int32_t)thread->process;
	which.tid = (int64_t)thread->id;
	which.thread_name = thread->name;
	TrackDescriptor descriptor = TRACK_DESCRIPTOR__INIT;
	descriptor.thread = &which;
	send_descriptor(perfetto, ns, &descriptor);
	thread->track.uuid = perfetto->next_uuid;
}

void track_start_marks(struct perfetto *perfetto, uint64_t ns, struct thread *thread)
{
	char name[64];
	snprintf(name, sizeof(name), "%s: marks", thread->name);
	TrackDescriptor descriptor = TRACK_DESCRIPTOR__INIT;
	descriptor.name = name;
	descriptor.has_parent_uuid = true;
	descriptor.parent_uuid = thread->track.uuid;
	send_descriptor(perfetto, ns, &descriptor);
	thread->marks.uuid = perfetto->next_uuid;
}

/* ---- open slices ---- */

static bool same_slice(struct open_slice a, struct open_slice b)
{
	return a.begin_id == b.begin_id && a.name[0] == b.name[0] && a.name[1] == b.name[1];
}

bool track_begin(struct perfetto *perfetto, struct track *track, struct open_slice slice)
{
	if (track->depth == TRACK_DEPTH_MAX) {
		perfetto->nested_too_deep++;
		return false;
	}
	if (track->depth == track->room) {
		unsigned room = track->room ? 2 * track->room : 4;
		struct open_slice *bigger = realloc(track->open, room * sizeof(*bigger));
		if (!bigger) {
			perfetto->out_of_memory = true;
			return false;
		}
		track->open = bigger;
		track->room = room;
	}
	track->open[track->depth++] = slice;
	return true;
}

/* The place of the innermost such slice, or -1. */
static int innermost(const struct track *track, struct open_slice slice)
{
	int place = (int)track->depth - 1;
	while (place >= 0 && !same_slice(track->open[place], slice))
		place--;
	return place;
}

bool track_is_open(const struct track *track, struct open_slice slice)
{
	return innermost(track, slice) >= 0;
}

bool track_is_innermost(const struct track *track, struct open_slice slice)
{
	return track->depth > 0 && same_slice(track->open[track->depth - 1], slice);
}

void track_close(struct perfetto *perfetto, unsigned cpu, uint64_t ns, struct track *track, unsigned depth)
{
	uint8_t payload[PACKET_PAYLOAD_ROOM];
	if (track->depth <= depth)
		return;
	unsigned sequence = track_sequence(perfetto, cpu, track);
	uint8_t *end = track_put(track, wire_part(payload, &packet_tags.slice_end));
	for (; track->depth > depth; track->depth--)
		packet_put(perfetto, sequence, ns, &packet_tags.track_event, payload, (size_t)(end - payload));
}

bool track_end(struct perfetto *perfetto, unsigned cpu, uint64_t ns, struct track *track, struct open_slice slice)
{
	int place = innermost(track, slice);
	if (place < 0) {
		perfetto->ends_alone++;
		return false;
	}
	track_close(perfetto, cpu, ns, track, (unsigned)place + 1);
	track->depth--;
	return true;
}
