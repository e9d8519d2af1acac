/*
 * Packets into bytes: see packet.h.
 *
 * Teaches: streams that share nothing. Each sequence has its own clock and its own numbers for names, and is started by a packet
 * that says so; a reader that lost a piece of one sequence still understands the others.
 * Who calls: trace/perfetto/. Whom it calls: protobuf-c.
 * More: perfetto.dev, "Synthetic TrackEvent protos" and "Clock synchronization".
 */
#include "perfetto/packet.h"

#include <assert.h>
#include <stdio.h>

/* A clock of the sequence's own (64 to 127) that counts from the packet before. */
#define CLOCK_SINCE_LAST_PACKET 64

#define PAGE_BYTES 4096

struct packet_tags packet_tags;

struct wire_bytes wire_tag_of(const ProtobufCMessageDescriptor *message, const char *field)
{
	const ProtobufCFieldDescriptor *found = protobuf_c_message_descriptor_get_field_by_name(message, field);
	unsigned wire_type = 0;
	if (found->type == PROTOBUF_C_TYPE_FIXED64)
		wire_type = 1;
	else if (found->type == PROTOBUF_C_TYPE_MESSAGE || found->type == PROTOBUF_C_TYPE_STRING)
		wire_type = 2;
	struct wire_bytes tag = {0};
	tag.count = (uint8_t)(wire_number(tag.byte, (uint64_t)found->id << 3 | wire_type) - tag.byte);
	return tag;
}

struct wire_bytes wire_pack(const ProtobufCMessage *message)
{
	struct wire_bytes packed = {0};
	assert(protobuf_c_message_get_packed_size(message) <= 16);
	packed.count = (uint8_t)protobuf_c_message_pack(message, packed.byte);
	return packed;
}

static struct wire_bytes packed_type(TrackEvent__Type type)
{
	TrackEvent event = TRACK_EVENT__INIT;
	event.has_type = true;
	event.type = type;
	return wire_pack(&event.base);
}

void packet_tags_prepare(void)
{
	const ProtobufCMessageDescriptor *event = &track_event__descriptor;
	const ProtobufCMessageDescriptor *state = &generic_kernel_task_state_event__descriptor;
	const ProtobufCMessageDescriptor *blocked = &sched_blocked_reason_ftrace_event__descriptor;
	packet_tags = (struct packet_tags){
		.packet = wire_tag_of(&trace__descriptor, "packet"),
		.timestamp = wire_tag_of(&trace_packet__descriptor, "timestamp"),
		.track_event = wire_tag_of(&trace_packet__descriptor, "track_event"),
		.task_state = wire_tag_of(&trace_packet__descriptor, "generic_kernel_task_state_event"),
		.ftrace = wire_tag_of(&trace_packet__descriptor, "ftrace_events"),
		.track = wire_tag_of(event, "track_uuid"),
		.annotation = wire_tag_of(event, "debug_annotations"),
		.flow = wire_tag_of(event, "flow_ids"),
		.count = wire_tag_of(event, "counter_value"),
		.name = wire_tag_of(event, "name"),
		.slice_end = packed_type(TRACK_EVENT__TYPE__TYPE_SLICE_END),
		.counter = packed_type(TRACK_EVENT__TYPE__TYPE_COUNTER),
		.state_cpu = wire_tag_of(state, "cpu"),
		.state_thread = wire_tag_of(state, "tid"),
		.state = wire_tag_of(state, "state"),
		.ftrace_cpu = wire_tag_of(&ftrace_event_bundle__descriptor, "cpu"),
		.ftrace_event = wire_tag_of(&ftrace_event_bundle__descriptor, "event"),
		.event_time = wire_tag_of(&ftrace_event__descriptor, "timestamp"),
		.event_thread = wire_tag_of(&ftrace_event__descriptor, "pid"),
		.event_blocked = wire_tag_of(&ftrace_event__descriptor, "sched_blocked_reason"),
		.blocked_thread = wire_tag_of(blocked, "pid"),
		.blocked_reason = wire_tag_of(blocked, "caller"),
	};
}

/* Puts a packet into the file as it is. */
static void packet_put_whole(struct perfetto *perfetto, const TracePacket *packet)
{
	size_t bytes = trace_packet__get_packed_size(packet);
	uint8_t *at = wire_field(output_room(perfetto->output), &packet_tags.packet, bytes);
	trace_packet__pack(packet, at);
	perfetto->output->at = at + bytes;
}

/* A packet of a sequence without a time, or with the one it has. */
static void packet_send_timeless(struct perfetto *perfetto, unsigned sequence, TracePacket *packet)
{
	packet->has_trusted_packet_sequence_id = true;
	packet->trusted_packet_sequence_id = perfetto->next_sequence + sequence;
	packet->has_machine_id = perfetto->machine != 0;
	packet->machine_id = perfetto->machine;
	packet_put_whole(perfetto, packet);
}

void packet_send(struct perfetto *perfetto, unsigned sequence, uint64_t ns, TracePacket *packet)
{
	packet->has_timestamp = true;
	packet->timestamp = packet_advance(&perfetto->sequence[sequence], ns);
	packet_send_timeless(perfetto, sequence, packet);
}

void packet_send_at(struct perfetto *perfetto, unsigned sequence, uint64_t ns, TracePacket *packet)
{
	packet->has_timestamp = packet->has_timestamp_clock_id = true;
	packet->timestamp = ns;
	packet->timestamp_clock_id = BUILTIN_CLOCK__BUILTIN_CLOCK_BOOTTIME;
	packet_send_timeless(perfetto, sequence, packet);
}

/*
 * The first packet of a sequence: nothing before it counts, and 0 of its clock is 0 of BOOTTIME, kernel entry. `uuid` is the
 * track of its events that name none; 0: they all name theirs. Returns its number.
 */
static unsigned start_sequence(struct perfetto *perfetto, uint64_t uuid)
{
	unsigned number = perfetto->sequences++;
	ClockSnapshot__Clock own = CLOCK_SNAPSHOT__CLOCK__INIT, boot = CLOCK_SNAPSHOT__CLOCK__INIT;
	own.has_clock_id = own.has_timestamp = own.has_is_incremental = true;
	own.clock_id = CLOCK_SINCE_LAST_PACKET;
	own.is_incremental = true;
	boot.has_clock_id = boot.has_timestamp = true;
	boot.clock_id = BUILTIN_CLOCK__BUILTIN_CLOCK_BOOTTIME;
	ClockSnapshot snapshot = CLOCK_SNAPSHOT__INIT;
	snapshot.n_clocks = 2;
	snapshot.clocks = (ClockSnapshot__Clock *[]){&own, &boot};
	TracePacketDefaults defaults = TRACE_PACKET_DEFAULTS__INIT;
	defaults.has_timestamp_clock_id = true;
	defaults.timestamp_clock_id = CLOCK_SINCE_LAST_PACKET;
	TrackEventDefaults event = TRACK_EVENT_DEFAULTS__INIT;
	event.has_track_uuid = true;
	event.track_uuid = uuid;
	if (uuid)
		defaults.track_event_defaults = &event;
	TracePacket packet = TRACE_PACKET__INIT;
	packet.has_first_packet_on_sequence = packet.first_packet_on_sequence = true;
	packet.has_sequence_flags = true;
	packet.sequence_flags = SEQUENCE_FLAGS__SEQ_INCREMENTAL_STATE_CLEARED;
	packet.clock_snapshot = &snapshot;
	packet.trace_packet_defaults = &defaults;
	packet_send_timeless(perfetto, number, &packet);

	TracePacket identity = TRACE_PACKET__INIT;
	identity.has_trusted_packet_sequence_id = true;
	identity.trusted_packet_sequence_id = perfetto->next_sequence + number;
	identity.has_machine_id = perfetto->machine != 0;
	identity.machine_id = perfetto->machine;
	perfetto->sequence[number].identity = wire_pack(&identity.base);
	return number;
}

void packet_start_track(struct perfetto *perfetto, struct track *track)
{
	track->sequence = start_sequence(perfetto, track->uuid);
}

/* What the run was, in words: Perfetto shows it as the version of the system. */
static void describe_run(const struct trace_info *info, char *text, size_t bytes)
{
	snprintf(text, bytes, "program %s, MMU %s, %u of %u CPUs, seed %llu%s", info->program, info->mmu, info->cpus_online,
		 info->cpus, (unsigned long long)info->seed, info->icount ? ", icount" : "");
}

static void send_system(struct perfetto *perfetto)
{
	const struct trace_info *info = perfetto->info;
	char version[160], name[64];
	describe_run(info, version, sizeof(version));
	snprintf(name, sizeof(name), "Vitrine on %s", info->machine);
	Utsname names = UTSNAME__INIT;
	names.sysname = "Vitrine";
	names.version = version;
	names.release = (char *)info->build_id;
	names.machine = (char *)info->machine;
	SystemInfo system = SYSTEM_INFO__INIT;
	system.utsname = &names;
	system.has_page_size = system.has_num_cpus = true;
	system.page_size = PAGE_BYTES;
	system.num_cpus = info->cpus;
	system.machine_name = name;
	TracePacket packet = TRACE_PACKET__INIT;
	packet.system_info = &system;
	packet_send_timeless(perfetto, 0, &packet);
}

static void send_cpus(struct perfetto *perfetto)
{
	CpuInfo__Cpu cpu = CPU_INFO__CPU__INIT, *cpus[FORMAT_CPUS_MAX];
	cpu.processor = (char *)perfetto->info->machine;
	CpuInfo all = CPU_INFO__INIT;
	all.n_cpus = perfetto->info->cpus;
	all.cpus = cpus;
	for (unsigned i = 0; i < perfetto->info->cpus; i++)
		cpus[i] = &cpu;
	TracePacket packet = TRACE_PACKET__INIT;
	packet.cpu_info = &all;
	packet_send_timeless(perfetto, 0, &packet);
}

void packet_start_machine(struct perfetto *perfetto)
{
	send_system(perfetto);
	send_cpus(perfetto);
	for (unsigned sequence = 0; sequence <= packet_directory(perfetto); sequence++)
		start_sequence(perfetto, 0);
}
