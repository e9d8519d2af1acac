/*
 * Texts as numbers: see names.h.
 *
 * Teaches: interning. A trace says "fault: store, no translation" a million times; it sends the text once and a number of one
 * byte after that. Programs choose the names of their marks, so the number of those that are kept has a bound: one too many is
 * sent as text.
 * Who calls: see names.h.
 */
#include "perfetto/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perfetto/packet.h"

#define NAMES_MAX 4096

/* Numbers start at 1: entry n has number n + 1. */
static struct {
	char *argument[NAMES_ARGUMENTS_MAX];
	unsigned arguments;
	uint16_t value[FIELD_TYPE_COUNT][NAMES_VALUES_MAX];
	uint16_t values;
} known;

uint64_t names_argument(const char *name)
{
	for (unsigned i = 0; i < known.arguments; i++)
		if (!strcmp(known.argument[i], name))
			return i + 1;
	if (known.arguments == NAMES_ARGUMENTS_MAX || !(known.argument[known.arguments] = strdup(name)))
		abort(); /* the schema has far fewer fields */
	return ++known.arguments;
}

/* ---- texts of the schema ---- */

static void send_interned(struct perfetto *perfetto, unsigned sequence, InternedData *data)
{
	TracePacket packet = TRACE_PACKET__INIT;
	packet.interned_data = data;
	packet_send(perfetto, sequence, perfetto->sequence[sequence].last_ns, &packet);
}

void names_need_category(struct perfetto *perfetto, unsigned sequence, unsigned bit)
{
	if (!sequence_learns(&perfetto->known.category[bit], sequence))
		return;
	InternedName entry = INTERNED_NAME__INIT;
	entry.has_iid = true;
	entry.iid = bit + 1;
	entry.name = (char *)schema_category_name((enum trace_category)(1u << bit));
	InternedData data = INTERNED_DATA__INIT;
	data.n_event_categories = 1;
	data.event_categories = (InternedName *[]){&entry};
	send_interned(perfetto, sequence, &data);
}

void names_need_argument(struct perfetto *perfetto, unsigned sequence, uint64_t number)
{
	if (!sequence_learns(&perfetto->known.argument[number - 1], sequence))
		return;
	InternedName entry = INTERNED_NAME__INIT;
	entry.has_iid = true;
	entry.iid = number;
	entry.name = known.argument[number - 1];
	InternedData data = INTERNED_DATA__INIT;
	data.n_debug_annotation_names = 1;
	data.debug_annotation_names = (InternedName *[]){&entry};
	send_interned(perfetto, sequence, &data);
}

void names_need_arguments(struct perfetto *perfetto, unsigned sequence, const struct event_plan *plan)
{
	if (sequence_learns(&perfetto->known.arguments_of[plan->schema->id], sequence))
		for (unsigned i = 0; i < plan->arguments; i++)
			names_need_argument(perfetto, sequence, plan->argument[i].name);
}

/* Sends a text that is a value, under its number. */
static void send_value(struct perfetto *perfetto, unsigned sequence, uint64_t number, const char *text)
{
	InternedBytes entry = INTERNED_BYTES__INIT;
	entry.has_iid = entry.has_str = true;
	entry.iid = number;
	entry.str = (ProtobufCBinaryData){.len = strlen(text), .data = (uint8_t *)text};
	InternedData data = INTERNED_DATA__INIT;
	data.n_debug_annotation_string_values = 1;
	data.debug_annotation_string_values = (InternedBytes *[]){&entry};
	send_interned(perfetto, sequence, &data);
}

uint64_t names_value(struct perfetto *perfetto, unsigned sequence, enum field_type type, uint64_t value)
{
	const char *text = NULL;
	if (value >= NAMES_VALUES_MAX || (!known.value[type][value] && !(text = schema_value_name(type, value))))
		return 0;
	if (text)
		known.value[type][value] = (uint16_t)++known.values;
	if (sequence_learns(&perfetto->known.value[type][value], sequence))
		send_value(perfetto, sequence, known.value[type][value], schema_value_name(type, value));
	return known.value[type][value];
}

/* Perfetto takes the reason why a thread is blocked for a function of the kernel. */
uint64_t names_reason(struct perfetto *perfetto, unsigned sequence, uint64_t reason)
{
	const char *name = reason < NAMES_VALUES_MAX ? schema_value_name(FIELD_SWITCH_REASON, reason) : NULL;
	if (!name)
		return 0;
	if (sequence_learns(&perfetto->known.reason[reason], sequence)) {
		InternedBytes entry = INTERNED_BYTES__INIT;
		entry.has_iid = entry.has_str = true;
		entry.iid = reason + 1;
		entry.str = (ProtobufCBinaryData){.len = strlen(name), .data = (uint8_t *)name};
		InternedData data = INTERNED_DATA__INIT;
		data.n_kernel_symbols = 1;
		data.kernel_symbols = (InternedBytes *[]){&entry};
		send_interned(perfetto, sequence, &data);
	}
	return reason + 1;
}

/* ---- names of events ---- */

/* Appends one field's value as words. Returns the new length. */
static size_t append_value(const struct event_plan *plan, unsigned field, const uint64_t *value, char *text, size_t length)
{
	enum field_type type = plan->schema->field[field].type;
	const char *name = schema_value_name(type, value[field]);
	char chars[17];
	if (type == FIELD_CHARS) {
		trace_chars(value[field], value[field + 1], chars);
		name = *chars ? chars : "unnamed";
	}
	int added = name ? snprintf(text + length, NAME_TEXT_BYTES - length, "%s", name)
			 : snprintf(text + length, NAME_TEXT_BYTES - length, "%llu", (unsigned long long)value[field]);
	length += (size_t)added;
	return length < NAME_TEXT_BYTES ? length : NAME_TEXT_BYTES - 1;
}

void names_text(const struct event_plan *plan, const uint64_t *field, char text[NAME_TEXT_BYTES])
{
	const char *from = plan->pattern ? plan->pattern : plan->schema->name;
	size_t length = 0;
	for (unsigned next = 0; *from && length < NAME_TEXT_BYTES - 1;) {
		if (*from != '%') {
			text[length++] = *from == '_' ? ' ' : *from;
			from++;
			continue;
		}
		unsigned index = plan->name_field[next++];
		length = append_value(plan, index, field, text, length);
		from += 1 + strcspn(from + 1, " ,:");
	}
	text[length] = '\0';
}

static struct wire_bytes name_head(const struct event_plan *plan, uint64_t number)
{
	static const TrackEvent__Type type[] = {
		[PHASE_THREAD_BEGIN] = TRACK_EVENT__TYPE__TYPE_SLICE_BEGIN,
		[PHASE_CPU_BEGIN] = TRACK_EVENT__TYPE__TYPE_SLICE_BEGIN,
		[PHASE_THREAD_INSTANT] = TRACK_EVENT__TYPE__TYPE_INSTANT,
		[PHASE_CPU_INSTANT] = TRACK_EVENT__TYPE__TYPE_INSTANT,
		[PHASE_SCHED] = TRACK_EVENT__TYPE__TYPE_INSTANT,
	};
	uint64_t category = plan->category_bit + 1;
	TrackEvent event = TRACK_EVENT__INIT;
	event.has_type = true;
	event.type = plan->step_of ? TRACK_EVENT__TYPE__TYPE_SLICE_BEGIN : type[plan->phase];
	event.n_category_iids = 1;
	event.category_iids = &category;
	event.has_name_iid = number != 0;
	event.name_iid = number;
	return wire_pack(&event.base);
}

/* A name that is new. Without room or memory it is one for this event only. */
static struct event_name *add_name(struct perfetto *perfetto, const struct event_plan *plan, struct table_key key,
				   const uint64_t *field)
{
	static struct event_name too_many;
	struct event_name *name = perfetto->names.used < NAMES_MAX ? calloc(1, sizeof(*name)) : NULL;
	if (name && !table_add(&perfetto->names, key, name)) {
		free(name);
		name = NULL;
	}
	if (name)
		name->number = perfetto->names.used;
	else
		name = &too_many;
	name->head = name_head(plan, name->number);
	names_text(plan, field, name->text);
	return name;
}

static void send_name(struct perfetto *perfetto, unsigned sequence, struct event_name *name)
{
	InternedName entry = INTERNED_NAME__INIT;
	entry.has_iid = true;
	entry.iid = name->number;
	entry.name = name->text;
	InternedData data = INTERNED_DATA__INIT;
	data.n_event_names = 1;
	data.event_names = (InternedName *[]){&entry};
	send_interned(perfetto, sequence, &data);
}

const struct event_name *names_event(struct perfetto *perfetto, unsigned sequence, const struct event_plan *plan,
				     const uint64_t *field)
{
	struct table_key key = {.word = {plan->schema->id, 0, 0}};
	for (unsigned i = 0; i < plan->name_fields; i++)
		key.word[1 + i] = field[plan->name_field[i]];
	struct event_name *name = table_find(&perfetto->names, key);
	if (!name)
		name = add_name(perfetto, plan, key, field);
	if (!name->number || sequence_learns(&name->known, sequence)) {
		names_need_category(perfetto, sequence, plan->category_bit);
		if (name->number)
			send_name(perfetto, sequence, name);
	}
	return name;
}
