/*
 * The schema as data: what trace/events.h says, for programs on the host.
 *
 * Teaches: one list of events, many readers. The generator prints the kernel's emitters and the reference from this table; the
 * decoder, Perfetto and SQL writers look events up in it at run time.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../kernel/abi/trace_categories.h"

enum event_phase {
	PHASE_THREAD_BEGIN,
	PHASE_THREAD_END,
	PHASE_THREAD_INSTANT,
	PHASE_CPU_BEGIN,
	PHASE_CPU_END,
	PHASE_CPU_INSTANT,
	PHASE_COUNTER,
	PHASE_CPU_COUNTER,
	PHASE_SCHED,
};

/* Types of fields that are plain numbers, and those that are an enumeration with names. */
/* clang-format off */
#define FIELD_TYPES(X)                                                                                                           \
	X(THREAD)                                                                                                                \
	X(ASPACE) X(OBJECT) X(FLOW) X(CPU) X(ADDRESS) X(PADDR) X(HEX) X(COUNT) X(BYTES) X(PAGES) X(TICKS) X(NS) X(SIGNED)        \
		X(CHARS) X(BOOT_PHASE) X(SEGMENT_KIND) X(FAULT_KIND) X(FAULT_RESULT) X(CRASH_CAUSE) X(SWITCH_REASON)             \
			X(WAKE_REASON) X(MISSING_REASON) X(VERDICT) X(SYSCALL) X(STATUS) X(ACCESS) X(RIGHTS) X(IRQ)     \
				X(OBJECT_KIND) X(SLOT_STATE) X(REQUEST_KIND) X(REMOVE_KIND) X(PRESSURE) X(MESSAGE) X(RCU_KIND) X(QUIESCENT_CAUSE) X(HANDLE)
/* clang-format on */

#define FIELD_TYPE_ENUM(name) FIELD_##name,
enum field_type { FIELD_TYPES(FIELD_TYPE_ENUM) FIELD_TYPE_COUNT };
#undef FIELD_TYPE_ENUM

struct field_schema {
	const char *name;
	enum field_type type;
	const char *meaning;
};

#define EVENT_FIELDS_MAX 6
struct event_schema {
	unsigned id;
	const char *name;
	enum trace_category category;
	enum event_phase phase;
	const char *meaning;
	unsigned fields;
	struct field_schema field[EVENT_FIELDS_MAX];
};

/* One past the highest id there can be: the id has ten bits in a record. */
#define EVENT_IDS 1024

/* The event with this id, or NULL if the schema has none. */
const struct event_schema *schema_event(unsigned id);

/* The event with this name, or NULL. */
const struct event_schema *schema_event_named(const char *name);

/*
 * The name of a value of an enumerated field ("store", "zero-filled a new page"), or NULL if it is a plain number or unknown.
 */
const char *schema_value_name(enum field_type type, uint64_t value);

/* Whether values of this type have names. */
int schema_type_is_enum(enum field_type type);

/* The name of a type ("FLOW") and of a category ("fault"). */
const char *schema_type_name(enum field_type type);
const char *schema_category_name(enum trace_category category);

/* The mask for "fault,mmu" or "all"; 0 if a name is unknown, and *unknown then points at it. */
unsigned schema_category_mask(const char *names, const char **unknown);

/* FNV-1a over ids, names, phases, field names and types: a trace of another schema is refused by comparing it. */
uint64_t schema_hash(void);
