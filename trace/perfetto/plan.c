/*
 * How each event of the schema is drawn: see plan.h.
 *
 * Teaches: what a schema buys. A new event in trace/events.h is drawn without a line here.
 * Who calls: event.c, once.
 */
#include "perfetto/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perfetto/count.h"
#include "perfetto/names.h"
#include "perfetto/packet.h"
#include "perfetto/rcu.h"
#include "perfetto/story.h"
#include "perfetto/thread.h"

/* Names that read better than the event's own. What stands in the name is not repeated as an argument. */
static const struct {
	const char *event, *pattern;
} patterns[] = {
	{"boot_phase", "boot: %phase"},
	{"cpu_online", "CPU online"},
	{"cpu_missing", "CPU left out: %reason"},
	{"run_end", "run ends: %verdict"},
	{"kernel_stack", "deepest kernel stack"},
	{"idle_begin", "idle"},
	{"ipi_send", "interrupts another CPU"},
	{"thread_create", "created"},
	{"thread_block", "blocks: %reason"},
	{"thread_wake", "woken: %reason"},
	{"thread_move", "moved to another CPU"},
	{"thread_exit", "exits"},
	{"thread_crashed", "killed: %cause"},
	{"thread_kill", "ends another thread"},
	{"process_adopt", "process has another creator"},
	{"runnable", "runnable threads"},
	{"syscall_enter", "%number"},
	{"irq_enter", "irq: %irq"},
	{"irq_register", "a driver registers: %irq"},
	{"irq_deliver", "irq to its driver: %irq"},
	{"fault_begin", "fault: %access, %kind"},
	{"fault_segment", "segment: %segment"},
	{"fault_mapping", "mapping"},
	{"fault_slot", "page slot"},
	{"fault_zero_fill", "zero-fill"},
	{"fault_copy", "copies the page"},
	{"fault_wait", "waits for the page"},
	{"fault_memory", "waits for memory"},
	{"fault_resume", "goes on"},
	{"fault_upcall", "its handler answers: %cause"},
	{"fault_return", "handler done"},
	{"uaccess_fault", "kernel needs user memory: %access"},
	{"uaccess_retry", "call will be made again: %number"},
	{"object_create", "new object: %kind"},
	{"object_destroy", "object is gone"},
	{"slot_change", "page: %from -> %to"},
	{"page_request", "asks the provider to %kind"},
	{"page_request_done", "provider's answer to %kind: %status"},
	{"pages_remove", "remove pages: %kind"},
	{"page_evict", "page dropped"},
	{"zeroed_pages", "zeroed pages"},
	{"cast_out_begin", "cast out: %pressure"},
	{"hash_collisions", "HPT entries in their secondary group"},
	{"endpoint_create", "new endpoint"},
	{"endpoint_gone", "nobody answers any more"},
	{"ipc_send", "sends %type"},
	{"ipc_receive", "receives %type"},
	{"ipc_reply", "replies"},
	{"ipc_cancel", "drops a message: its caller waits no more"},
	{"endpoint_destroy", "endpoint is gone"},
	{"handle_pass", "gets a handle"},
	{"handle_refused", "handle refused: %status"},
	{"handle_revoke", "takes handles back"},
	{"sync_wait", "is about to wait on words"},
	{"sync_wake", "wakes who waits on a word"},
	{"sync_requeue", "moves who waits on a word"},
	{"sync_move", "waits on another word now"},
	{"rcu_call", "to be freed: %kind"},
	{"rcu_pre_free", "out of use: %kind"},
	{"rcu_request", "asks for a grace period"},
	{"rcu_free", "freed: %kind"},
	{"rcu_callbacks", "callbacks waiting"},
	{"hpt_entries", "HPT entries in use"},
	{"mark_begin", "%name_0"},
	{"mark_instant", "%name_0"},
	{"mark_counter", "%name_0"},
	{"mark_step", "%name_0"},
};

/* The steps of a fault lie in each other, as its path ran; those that hand on to somebody else have arrows of their own. */
static const struct {
	const char *event;
	bool has_arrows;
} steps[] = {
	{"fault_segment", false}, {"fault_mapping", false}, {"fault_slot", false},  {"fault_zero_fill", false},
	{"fault_copy", false},    {"fault_wait", true},     {"fault_memory", true},
};

/* What events do besides being drawn, or instead, and the fields their rules want. */
static const struct {
	const char *event;
	enum { BESIDES, INSTEAD } when;
	event_rule *rule;
	const char *field[4];
} rules[] = {
	{"aspace_create", BESIDES, thread_rule_aspace_create, {"aspace", "name_0", "name_1"}},
	{"aspace_destroy", BESIDES, thread_rule_aspace_destroy, {"aspace"}},
	{"thread_create", BESIDES, thread_rule_create, {"thread", "aspace", "name_0", "name_1"}},
	{"thread_switch", BESIDES, thread_rule_switch, {"previous", "next", "reason"}},
	{"thread_block", BESIDES, thread_rule_block, {"thread", "reason"}},
	{"thread_wake", BESIDES, thread_rule_wake, {"thread"}},
	{"thread_exit", BESIDES, thread_rule_exit, {"thread"}},
	{"fault_begin", BESIDES, story_rule_begin, {"thread", "access", "address"}},
	{"fault_segment", BESIDES, story_rule_segment, {"thread", "segment"}},
	{"page_request", BESIDES, count_rule_request, {0}},
	{"page_request_done", BESIDES, count_rule_request_done, {0}},
	{"slot_change", BESIDES, count_rule_slot, {"from", "to"}},
	{"rcu_request", BESIDES, rcu_rule_request, {"period"}},
	{"rcu_period_begin", INSTEAD, rcu_rule_begin, {"period", "callbacks"}},
	{"rcu_quiescent", INSTEAD, rcu_rule_quiescent, {"period", "cpu", "cause"}},
	{"rcu_period_end", INSTEAD, rcu_rule_end, {"period"}},
	{"rcu_callbacks", BESIDES, rcu_rule_callbacks, {"value"}},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct event_plan plans[EVENT_IDS];

/* The field with this name, or -1. */
static int field_named(const struct event_schema *schema, const char *name, size_t length)
{
	for (unsigned i = 0; i < schema->fields; i++)
		if (strlen(schema->field[i].name) == length && !memcmp(schema->field[i].name, name, length))
			return (int)i;
	return -1;
}

/* The first field of a type from `first` on, or -1. */
static int field_of_type(const struct event_schema *schema, unsigned first, enum field_type type)
{
	for (unsigned i = first; i < schema->fields; i++)
		if (schema->field[i].type == type)
			return (int)i;
	return -1;
}

/* A table above and the schema disagree: a bug in the program, found by every test that writes a trace. */
static void plan_mistake(const char *event, const char *field)
{
	fprintf(stderr, "vitrine: trace/perfetto/plan.c wants `%s` of `%s`, which trace/events.h does not have\n", field, event);
	abort();
}

/* ---- names ---- */

static void plan_name(struct event_plan *plan)
{
	plan->pattern = NULL;
	for (size_t i = 0; i < COUNT(patterns); i++)
		if (!strcmp(patterns[i].event, plan->schema->name))
			plan->pattern = patterns[i].pattern;
	for (const char *at = plan->pattern; at && (at = strchr(at, '%')); at++) {
		int field = field_named(plan->schema, at + 1, strcspn(at + 1, " ,:"));
		if (field < 0 || plan->name_fields == COUNT(plan->name_field))
			plan_mistake(plan->schema->name, at + 1);
		plan->name_field[plan->name_fields++] = (unsigned)field;
		if (plan->schema->field[field].type == FIELD_CHARS)
			plan->name_field[plan->name_fields++] = (unsigned)field + 1;
	}
}

static bool is_in_name(const struct event_plan *plan, unsigned field)
{
	for (unsigned i = 0; i < plan->name_fields; i++)
		if (plan->name_field[i] == field)
			return true;
	return false;
}

/* ---- begin and end ---- */

/* "fault" of "fault_begin": as many characters as the two names of a pair share. */
static size_t stem_bytes(const char *name)
{
	const char *underscore = strrchr(name, '_');
	return underscore ? (size_t)(underscore - name) : strlen(name);
}

static bool is_begin_of(const struct event_schema *begin, const struct event_schema *end)
{
	enum event_phase wanted = end->phase == PHASE_CPU_END ? PHASE_CPU_BEGIN : PHASE_THREAD_BEGIN;
	size_t bytes = stem_bytes(end->name);
	return begin->phase == wanted && stem_bytes(begin->name) == bytes && !memcmp(begin->name, end->name, bytes);
}

static void plan_end(struct event_plan *plan)
{
	if (plan->phase != PHASE_THREAD_END && plan->phase != PHASE_CPU_END)
		return;
	for (unsigned id = 0; id < EVENT_IDS; id++)
		if (plans[id].schema && is_begin_of(plans[id].schema, plan->schema))
			plan->begin_id = id;
	if (!plan->begin_id)
		plan_mistake(plan->schema->name, "a begin");
}

/* Whether the begin of a slice says this already, in its name or as an argument of the same name and a type that cannot change.
 */
static bool is_said_by_begin(const struct event_plan *plan, unsigned field)
{
	if (!plan->begin_id)
		return false;
	const struct event_plan *begin = &plans[plan->begin_id];
	const char *name = plan->schema->field[field].name;
	for (unsigned i = 0; i < begin->name_fields; i++)
		if (!strcmp(begin->schema->field[begin->name_field[i]].name, name))
			return true;
	return false;
}

/* ---- arguments ---- */

static enum argument_kind kind_of(enum field_type type)
{
	if (schema_type_is_enum(type))
		return ARGUMENT_NAMED;
	switch (type) {
	case FIELD_ADDRESS:
	case FIELD_PADDR:
	case FIELD_HEX:
	case FIELD_OBJECT:
		return ARGUMENT_ADDRESS;
	case FIELD_SIGNED:
		return ARGUMENT_SIGNED;
	case FIELD_TICKS:
		return ARGUMENT_TICKS;
	case FIELD_CHARS:
		return ARGUMENT_CHARS;
	default:
		return ARGUMENT_NUMBER;
	}
}

/* The name of an argument: the field's, with its unit, and "end_" before it if the begin has one of the same name. */
static void argument_name(const struct event_plan *plan, unsigned field, char name[64])
{
	const struct field_schema *schema = &plan->schema->field[field];
	const struct event_schema *begin = plan->begin_id ? plans[plan->begin_id].schema : NULL;
	bool again = begin && field_named(begin, schema->name, strlen(schema->name)) >= 0;
	bool in_ns = schema->type == FIELD_TICKS;
	int bytes = (int)(schema->type == FIELD_CHARS ? stem_bytes(schema->name) : strlen(schema->name));
	snprintf(name, 64, "%s%.*s%s", again ? "end_" : "", bytes, schema->name, in_ns ? "_ns" : "");
}

static void plan_argument(struct event_plan *plan, unsigned field)
{
	static const char *const value_field[] = {
		[ARGUMENT_NUMBER] = "uint_value", [ARGUMENT_SIGNED] = "int_value", [ARGUMENT_ADDRESS] = "pointer_value",
		[ARGUMENT_TICKS] = "uint_value",  [ARGUMENT_NAMED] = "uint_value", [ARGUMENT_CHARS] = "string_value",
	};
	struct argument_plan *argument = &plan->argument[plan->arguments++];
	argument->type = plan->schema->field[field].type;
	argument->kind = kind_of(argument->type);
	argument->field = field;
	argument->says_none = argument->type == FIELD_THREAD || plan->schema->category == TRACE_SYSCALL;
	if (argument->kind == ARGUMENT_NAMED)
		argument->says_none = false;
	char name[64];
	argument_name(plan, field, name);
	DebugAnnotation annotation = DEBUG_ANNOTATION__INIT;
	annotation.has_name_iid = true;
	annotation.name_iid = argument->name = names_argument(name);
	struct wire_bytes head = wire_pack(&annotation.base);
	argument->head = wire_joined(head, wire_tag_of(&debug_annotation__descriptor, value_field[argument->kind]));
	argument->named_head = wire_joined(head, wire_tag_of(&debug_annotation__descriptor, "string_value_iid"));
}

/* Arguments are what is left: not the thread whose track it is, not flows, not a counter's value, not what a name says. */
static void plan_arguments(struct event_plan *plan)
{
	for (unsigned i = 0; i < plan->schema->fields; i++) {
		bool drawn =
			(int)i == plan->thread || (int)i == plan->flow[0] || (int)i == plan->flow[1] || (int)i == plan->value;
		bool chars_tail =
			i && plan->schema->field[i].type == FIELD_CHARS && plan->schema->field[i - 1].type == FIELD_CHARS;
		if (!drawn && !chars_tail && !is_in_name(plan, i) && !is_said_by_begin(plan, i))
			plan_argument(plan, i);
	}
}

/* ---- the whole ---- */

static void plan_rule(struct event_plan *plan)
{
	for (size_t i = 0; i < COUNT(rules); i++) {
		if (strcmp(rules[i].event, plan->schema->name))
			continue;
		plan->rule = rules[i].rule;
		plan->rule_instead = rules[i].when == INSTEAD;
		for (unsigned k = 0; k < COUNT(rules[i].field) && rules[i].field[k]; k++) {
			int field = field_named(plan->schema, rules[i].field[k], strlen(rules[i].field[k]));
			if (field < 0)
				plan_mistake(plan->schema->name, rules[i].field[k]);
			plan->rule_fields[k] = (unsigned)field;
		}
	}
}

static void plan_steps(struct event_plan *plan)
{
	const char *name = plan->schema->name;
	for (size_t i = 0; i < COUNT(steps); i++)
		if (!strcmp(steps[i].event, name)) {
			plan->step_of = schema_event_named("fault_begin")->id;
			plan->without_arrows = !steps[i].has_arrows;
		}
	plan->ends_wait = !strcmp(name, "fault_resume");
	plan->tells_story = !strcmp(name, "fault_end");
	plan->without_arrows |= plan->tells_story;
}

static void plan_event(struct event_plan *plan)
{
	const struct event_schema *schema = plan->schema;
	bool counts = schema->phase == PHASE_COUNTER || schema->phase == PHASE_CPU_COUNTER;
	plan->is_mark = schema->category == TRACE_USER && !counts;
	plan->thread = field_named(schema, "thread", strlen("thread"));
	if (plan->phase == PHASE_CPU_INSTANT || plan->phase == PHASE_CPU_BEGIN || plan->phase == PHASE_CPU_END)
		plan->thread = -1;
	plan->flow[0] = field_of_type(schema, 0, FIELD_FLOW);
	plan->flow[1] = plan->flow[0] < 0 ? -1 : field_of_type(schema, (unsigned)plan->flow[0] + 1, FIELD_FLOW);
	plan->status = schema->phase == PHASE_THREAD_END ? field_of_type(schema, 0, FIELD_STATUS) : -1;
	plan->waker = field_named(schema, "waker", strlen("waker"));
	plan->value = counts ? field_named(schema, "value", strlen("value")) : -1;
	if (counts && plan->value < 0)
		plan_mistake(schema->name, "value");
	plan->category_bit = (unsigned)__builtin_ctz((unsigned)schema->category);
	plan_name(plan);
	plan_rule(plan);
	plan_steps(plan);
}

const struct event_plan *plan_all(void)
{
	static bool done;
	if (done)
		return plans;
	done = true;
	names_argument("what"); /* story.c's */
	for (unsigned id = 1; id < EVENT_IDS; id++) {
		plans[id].schema = schema_event(id);
		if (!plans[id].schema)
			continue;
		plans[id].phase = plans[id].schema->phase;
		plan_event(&plans[id]);
	}
	for (unsigned id = 1; id < EVENT_IDS; id++)
		if (plans[id].schema) {
			plan_end(&plans[id]);
			plan_arguments(&plans[id]);
		}
	return plans;
}
