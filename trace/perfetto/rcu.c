/*
 * Grace periods as slices: see rcu.h.
 *
 *     grace periods     |------ grace period 17 -----------|        |- grace period 18 -|
 *     CPU 0 holds up    ' not waited for: it began the period
 *     CPU 1 holds up    |- holds up period 17 -|                    |- holds up period 18 -|
 *     CPU 2 holds up    |------ holds up period 17 ---------|       ' not waited for: asleep
 *
 * Teaches: what a picture adds to events. No event says that a CPU holds a period up; it follows from the period's begin and the
 * CPU's own rcu_quiescent. A CPU that is asleep is spoken for by the CPU that begins the period, and that one is quiescent itself.
 * Who calls: see rcu.h. Simplified: where events were lost, a period whose end is not there ends, at the latest, where the
 * next one begins, and a CPU whose quiescent state is not there gets no slice.
 */
#include "perfetto/rcu.h"

#include <stdio.h>

#include "perfetto/names.h"
#include "perfetto/packet.h"
#include "perfetto/track.h"

#include "../../kernel/abi/trace_enums.h"

/* Places in RCU's group. Each CPU's counter follows at 157, the id of its event, and the CPUs' events after them. */
#define RANK_PERIODS 0
#define RANK_HOLDS_UP 1 /* and the number of the CPU */
#define RANK_WAITING 156

/* What stands for a cause or an end that is not in the run. */
static const char run_ends[] = "none: the run ends first";

static const struct counter_text waiting_text = {"callbacks waiting", "how much all CPUs have to free", NULL};

/* ---- drawing ---- */

#define ARGUMENTS_MAX 5

/* A slice or an instant on its way. */
struct rcu_shape {
	uint64_t uuid; /* its track */
	char name[48];
	DebugAnnotation argument[ARGUMENTS_MAX];
	unsigned arguments;
};

static DebugAnnotation *add_argument(struct rcu_shape *shape, const char *name)
{
	DebugAnnotation *argument = &shape->argument[shape->arguments++];
	debug_annotation__init(argument);
	argument->name = (char *)name;
	return argument;
}

static void add_number(struct rcu_shape *shape, const char *name, uint64_t value)
{
	DebugAnnotation *argument = add_argument(shape, name);
	argument->has_uint_value = true;
	argument->uint_value = value;
}

static void add_text(struct rcu_shape *shape, const char *name, const char *value)
{
	if (value)
		add_argument(shape, name)->string_value = (char *)value;
}

/* Never part of its callers: packets are large, and so are shapes. */
__attribute__((noinline)) static void send_shape(struct perfetto *perfetto, unsigned cpu, uint64_t ns, TrackEvent__Type type,
						 struct rcu_shape *shape)
{
	unsigned bit = (unsigned)__builtin_ctz(TRACE_RCU);
	uint64_t category = bit + 1;
	DebugAnnotation *arguments[ARGUMENTS_MAX];
	for (unsigned i = 0; i < shape->arguments; i++)
		arguments[i] = &shape->argument[i];
	TrackEvent event = TRACK_EVENT__INIT;
	event.has_type = event.has_track_uuid = true;
	event.type = type;
	event.track_uuid = shape->uuid;
	if (type != TRACK_EVENT__TYPE__TYPE_SLICE_END) {
		names_need_category(perfetto, cpu, bit);
		event.n_category_iids = 1;
		event.category_iids = &category;
		event.name = shape->name;
	}
	event.n_debug_annotations = shape->arguments;
	event.debug_annotations = arguments;
	TracePacket packet = TRACE_PACKET__INIT;
	packet.track_event = &event;
	packet_send_at(perfetto, cpu, ns, &packet);
}

/* A slice from the begin of the period at hand to `ns`. */
static void send_slice(struct perfetto *perfetto, unsigned cpu, uint64_t ns, struct rcu_shape *shape)
{
	send_shape(perfetto, cpu, perfetto->rcu.begin_ns, TRACK_EVENT__TYPE__TYPE_SLICE_BEGIN, shape);
	shape->arguments = 0;
	send_shape(perfetto, cpu, ns, TRACK_EVENT__TYPE__TYPE_SLICE_END, shape);
}

/* ---- CPUs ---- */

/* The track that shows until when a CPU held periods up. */
static uint64_t track_of_holder(struct perfetto *perfetto, unsigned holder, uint64_t ns)
{
	uint64_t *uuid = &perfetto->rcu.cpu_uuid[holder];
	if (!*uuid) {
		char name[32];
		snprintf(name, sizeof(name), "CPU %u holds up", holder);
		*uuid = track_start_slices(perfetto, ns, name,
					   "from the begin of a grace period until this CPU does not hold it up any more",
					   RANK_HOLDS_UP + (int)holder, TRACE_RCU);
	}
	return *uuid;
}

/* The CPU has held the period at hand up until `ns`. */
static void draw_holder(struct perfetto *perfetto, unsigned cpu, uint64_t ns, unsigned holder, const char *cause)
{
	struct rcu_shape shape = {.uuid = track_of_holder(perfetto, holder, ns)};
	snprintf(shape.name, sizeof(shape.name), "holds up period %llu", (unsigned long long)perfetto->rcu.period);
	add_number(&shape, "period", perfetto->rcu.period);
	add_text(&shape, "cause", cause);
	send_slice(perfetto, cpu, ns, &shape);
}

/* A period does not wait for the CPU, or it is not known since when it did. */
static void draw_not_waited_for(struct perfetto *perfetto, unsigned cpu, uint64_t ns, unsigned passed, uint64_t period,
				const char *cause)
{
	struct rcu_shape shape = {.uuid = track_of_holder(perfetto, passed, ns)};
	bool known = perfetto->rcu.period == period;
	snprintf(shape.name, sizeof(shape.name), known ? "period %llu does not wait" : "quiescent in period %llu",
		 (unsigned long long)period);
	add_number(&shape, "period", period);
	add_text(&shape, "cause", cause);
	send_shape(perfetto, cpu, ns, TRACK_EVENT__TYPE__TYPE_INSTANT, &shape);
}

/* ---- the period ---- */

/* The period at hand is over; `end` says why it is thought to be, if no event does. */
static void draw_period(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const char *end)
{
	struct rcu_picture *rcu = &perfetto->rcu;
	if (!rcu->periods_uuid)
		rcu->periods_uuid = track_start_slices(perfetto, ns, "grace periods",
						       "what was unlinked before one began can be freed when it is over",
						       RANK_PERIODS, TRACE_RCU);
	struct rcu_shape shape = {.uuid = rcu->periods_uuid};
	snprintf(shape.name, sizeof(shape.name), "grace period %llu", (unsigned long long)rcu->period);
	add_number(&shape, "period", rcu->period);
	add_number(&shape, "callbacks", rcu->callbacks);
	if (rcu->asker >= 0)
		add_number(&shape, "asked_by_cpu", (uint64_t)rcu->asker);
	if (rcu->last >= 0)
		add_number(&shape, "held_longest_by_cpu", (uint64_t)rcu->last);
	add_text(&shape, "end", end);
	send_slice(perfetto, cpu, ns, &shape);
	rcu->period = 0;
}

/* The first CPU that needs a period says so, it may be while the one before still runs. */
void rcu_rule_request(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument)
{
	(void)ns;
	perfetto->rcu.asked_period = argument[0];
	perfetto->rcu.asked_by = cpu;
}

/* There is one period at a time: one that is still at hand has lost its end. */
void rcu_rule_begin(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument)
{
	struct rcu_picture *rcu = &perfetto->rcu;
	if (rcu->period)
		draw_period(perfetto, cpu, ns, "lost");
	rcu->period = argument[0];
	rcu->callbacks = argument[1];
	rcu->begin_ns = ns;
	rcu->begun_by = cpu;
	rcu->passed = 0;
	rcu->last = -1;
	rcu->asker = rcu->asked_period == rcu->period ? (int)rcu->asked_by : -1;
}

void rcu_rule_quiescent(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument)
{
	struct rcu_picture *rcu = &perfetto->rcu;
	unsigned passed = (unsigned)argument[1];
	const char *cause = schema_value_name(FIELD_QUIESCENT_CAUSE, argument[2]);
	if (passed >= FORMAT_CPUS_MAX)
		return;
	if (argument[0] != rcu->period || passed == rcu->begun_by || argument[2] == QUIESCENT_ASLEEP) {
		draw_not_waited_for(perfetto, cpu, ns, passed, argument[0], cause);
	} else {
		draw_holder(perfetto, cpu, ns, passed, cause);
		rcu->last = (int)passed;
	}
	if (argument[0] == rcu->period)
		rcu->passed |= UINT64_C(1) << passed;
}

void rcu_rule_end(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument)
{
	bool known = argument[0] == perfetto->rcu.period;
	if (!known)
		perfetto->ends_alone++;
	if (perfetto->rcu.period)
		draw_period(perfetto, cpu, ns, known ? NULL : "lost");
}

/* The machine's sum; each CPU's own is a counter by itself. */
void rcu_rule_callbacks(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument)
{
	struct rcu_picture *rcu = &perfetto->rcu;
	rcu->waiting_of_all += argument[0] - rcu->waiting[cpu];
	rcu->waiting[cpu] = argument[0];
	if (!rcu->waiting_uuid)
		rcu->waiting_uuid = track_start_counter(perfetto, ns, &waiting_text, RANK_WAITING, TRACE_RCU);
	track_send_count(perfetto, cpu, ns, rcu->waiting_uuid, rcu->waiting_of_all);
}

/* A CPU that has said nothing in the whole run is not there. */
void rcu_close(struct perfetto *perfetto, uint64_t ns)
{
	struct rcu_picture *rcu = &perfetto->rcu;
	if (!rcu->period)
		return;
	for (unsigned cpu = 0; cpu < perfetto->info->cpus; cpu++) {
		if (rcu->passed >> cpu & 1 || cpu == rcu->begun_by || !perfetto->cpu[cpu].has_events)
			continue;
		draw_holder(perfetto, cpu, ns, cpu, run_ends);
		rcu->last = (int)cpu;
	}
	draw_period(perfetto, 0, ns, run_ends);
}
