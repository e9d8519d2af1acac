/*
 * The table behind schema.h, made from trace/events.h by the preprocessor.
 * Who calls: trace/gen.c at build time; the decoder and every writer at run time.
 */
#include "schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../kernel/abi/descriptor.h"
#include "../kernel/abi/message.h"
#include "../kernel/abi/status.h"
#include "../kernel/abi/syscall.h"
#include "../kernel/abi/trace_enums.h"

#define F(name_, type_, meaning_) {#name_, FIELD_##type_, meaning_},
#define EVENT(id_, name_, category_, phase_, meaning_, ...)                                                                      \
	{id_, #name_, TRACE_##category_, PHASE_##phase_, meaning_, 0, {__VA_ARGS__}},
static struct event_schema events[] = {
#include "events.h"
};
#undef EVENT
#undef F

static struct event_schema *by_id[EVENT_IDS];

#define EVENTS (sizeof(events) / sizeof(events[0]))

/* Fills the index and counts fields, once. */
static void schema_index(void)
{
	if (by_id[events[0].id])
		return;
	for (size_t i = 0; i < EVENTS; i++) {
		while (events[i].fields < EVENT_FIELDS_MAX && events[i].field[events[i].fields].name)
			events[i].fields++;
		by_id[events[i].id] = &events[i];
	}
}

const struct event_schema *schema_event(unsigned id)
{
	schema_index();
	return id < EVENT_IDS ? by_id[id] : NULL;
}

const struct event_schema *schema_event_named(const char *name)
{
	schema_index();
	for (size_t i = 0; i < EVENTS; i++)
		if (!strcmp(events[i].name, name))
			return &events[i];
	return NULL;
}

struct named_value {
	uint64_t value;
	const char *name;
};

#define NAMED(name_, value_, text_) {value_, text_},
#define NAMED_SELF(name_, value_, text_) {value_, #name_},
static const struct named_value boot_phases[] = {BOOT_PHASES(NAMED){0}};
static const struct named_value segment_kinds[] = {SEGMENT_KINDS(NAMED){0}};
static const struct named_value fault_kinds[] = {FAULT_KINDS(NAMED){0}};
static const struct named_value fault_results[] = {FAULT_RESULTS(NAMED){0}};
static const struct named_value crash_causes[] = {CRASH_CAUSES(NAMED){0}};
static const struct named_value switch_reasons[] = {SWITCH_REASONS(NAMED){0}};
static const struct named_value wake_reasons[] = {WAKE_REASONS(NAMED){0}};
static const struct named_value missing_reasons[] = {MISSING_REASONS(NAMED){0}};
static const struct named_value object_kinds[] = {OBJECT_KINDS(NAMED){0}};
static const struct named_value slot_states[] = {SLOT_STATES(NAMED){0}};
static const struct named_value request_kinds[] = {REQUEST_KINDS(NAMED){0}};
static const struct named_value remove_kinds[] = {REMOVE_KINDS(NAMED){0}};
static const struct named_value pressures[] = {PRESSURES(NAMED){0}};
static const struct named_value rcu_kinds[] = {RCU_KINDS(NAMED){0}};
static const struct named_value quiescent_causes[] = {QUIESCENT_CAUSES(NAMED){0}};
static const struct named_value messages[] = {MESSAGE_TYPES(NAMED_SELF){0}};
static const struct named_value verdicts[] = {VERDICTS(NAMED_SELF){0}};
static const struct named_value syscalls[] = {SYSCALLS(NAMED_SELF){0}};
static const struct named_value statuses[] = {STATUS_CODES(NAMED_SELF){0}};
static const struct named_value accesses[] = {{0, "load"}, {1, "store"}, {2, "execute"}, {0}};
static const struct named_value rights[] = {{0, "none"}, {1, "r"}, {2, "w"}, {3, "rw"}, {4, "x"}, {5, "rx"}, {0}};
static const struct named_value irqs[] = {{0, "spurious"}, {1, "timer"}, {2, "ipi"}, {0}};
static const struct named_value handles[] = {{0, "none"}, {0}};

static const struct named_value *const values_of_type[FIELD_TYPE_COUNT] = {
	[FIELD_BOOT_PHASE] = boot_phases,
	[FIELD_SEGMENT_KIND] = segment_kinds,
	[FIELD_FAULT_KIND] = fault_kinds,
	[FIELD_FAULT_RESULT] = fault_results,
	[FIELD_CRASH_CAUSE] = crash_causes,
	[FIELD_SWITCH_REASON] = switch_reasons,
	[FIELD_WAKE_REASON] = wake_reasons,
	[FIELD_MISSING_REASON] = missing_reasons,
	[FIELD_VERDICT] = verdicts,
	[FIELD_SYSCALL] = syscalls,
	[FIELD_STATUS] = statuses,
	[FIELD_ACCESS] = accesses,
	[FIELD_RIGHTS] = rights,
	[FIELD_IRQ] = irqs,
	[FIELD_OBJECT_KIND] = object_kinds,
	[FIELD_SLOT_STATE] = slot_states,
	[FIELD_REQUEST_KIND] = request_kinds,
	[FIELD_REMOVE_KIND] = remove_kinds,
	[FIELD_PRESSURE] = pressures,
	[FIELD_RCU_KIND] = rcu_kinds,
	[FIELD_QUIESCENT_CAUSE] = quiescent_causes,
	[FIELD_MESSAGE] = messages,
	[FIELD_HANDLE] = handles,
};

int schema_type_is_enum(enum field_type type)
{
	return values_of_type[type] != NULL;
}

const char *schema_value_name(enum field_type type, uint64_t value)
{
	for (const struct named_value *v = values_of_type[type]; v && v->name; v++)
		if (v->value == value)
			return v->name;
	return NULL;
}

const char *schema_type_name(enum field_type type)
{
#define TYPE_NAME(name) #name,
	static const char *const names[] = {FIELD_TYPES(TYPE_NAME)};
	return names[type];
}

#define CATEGORY_ROW(name_, bit_, text_, meaning_) {TRACE_##name_, text_},
static const struct {
	enum trace_category category;
	const char *name;
} categories[] = {TRACE_CATEGORIES(CATEGORY_ROW)};

const char *schema_category_name(enum trace_category category)
{
	for (size_t i = 0; i < sizeof(categories) / sizeof(categories[0]); i++)
		if (categories[i].category == category)
			return categories[i].name;
	return NULL;
}

static unsigned category_named(const char *name, size_t length)
{
	if (length == 3 && !strncmp(name, "all", 3))
		return TRACE_ALL;
	for (size_t i = 0; i < sizeof(categories) / sizeof(categories[0]); i++)
		if (strlen(categories[i].name) == length && !strncmp(categories[i].name, name, length))
			return categories[i].category;
	return 0;
}

unsigned schema_category_mask(const char *names, const char **unknown)
{
	unsigned mask = 0;
	while (*names) {
		size_t length = strcspn(names, ",");
		unsigned bit = category_named(names, length);
		if (!bit) {
			*unknown = names;
			return 0;
		}
		mask |= bit;
		names += length + (names[length] == ',');
	}
	return mask;
}

static uint64_t fnv1a(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	while (*text++);
	return hash;
}

/* The names and numbers that values of enumerated fields have: a renumbered one would be shown by a wrong word. */
static uint64_t hash_values(uint64_t hash)
{
	for (unsigned type = 0; type < FIELD_TYPE_COUNT; type++) {
		for (const struct named_value *value = values_of_type[type]; value && value->name; value++) {
			char number[24];
			snprintf(number, sizeof(number), "%" PRIu64, value->value);
			hash = fnv1a(fnv1a(hash, number), value->name);
		}
	}
	return hash;
}

uint64_t schema_hash(void)
{
	uint64_t hash = hash_values(UINT64_C(0xcbf29ce484222325));
	schema_index();
	for (size_t i = 0; i < EVENTS; i++) {
		char numbers[64];
		snprintf(numbers, sizeof(numbers), "%u %u %d", events[i].id, (unsigned)events[i].category, (int)events[i].phase);
		hash = fnv1a(fnv1a(hash, numbers), events[i].name);
		for (unsigned f = 0; f < events[i].fields; f++)
			hash = fnv1a(fnv1a(hash, events[i].field[f].name), schema_type_name(events[i].field[f].type));
	}
	return hash;
}
