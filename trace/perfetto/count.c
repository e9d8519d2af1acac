/*
 * Counters that follow from events: page requests that are not answered, and pages by state.
 *
 * Teaches: what is traced need not be counted in the kernel as well. Every change of a page's state is an event, so whoever reads
 * them all knows how many pages are in each state, and the kernel saves the counting.
 * Who calls: event.c, by the rules in plan.c. Whom it calls: track.h. Simplified: after a gap in the trace the
 * values may be wrong by what was lost; they never go below 0.
 */
#include "perfetto/count.h"

#include "perfetto/track.h"

#include "../../kernel/abi/trace_enums.h"

/* Pages come and go by the thousand: of the counter of all that are there, every eighth value is drawn. */
#define PRESENT_STEP 8

/* Where they stand among the counters, which are ordered by the id of their event. */
#define RANK_COUNTS 86

static const struct counter_text texts[COUNTS] = {
	[COUNT_REQUESTS] = {"page requests", "page requests that are not answered yet", NULL},
	[COUNT_READING] = {"pages being read", "pages that a provider is asked to bring", "pages"},
	[COUNT_PRESENT] = {"pages present", "pages that are there and need not be saved", "pages"},
	[COUNT_DIRTY] = {"pages to be saved", "pages that a provider has to save before they can go", "pages"},
	[COUNT_WRITING] = {"pages being saved", "pages that a provider is asked to save", "pages"},
};

static void change(struct perfetto *perfetto, unsigned cpu, uint64_t ns, int which, int by)
{
	if (which < 0)
		return;
	uint64_t *value = &perfetto->counts.value[which];
	uint64_t *uuid = &perfetto->counts.uuid[which];
	if (by < 0 && *value == 0)
		return;
	*value += (uint64_t)(int64_t)by;
	if (which == COUNT_PRESENT && *value % PRESENT_STEP != 0)
		return;
	if (!*uuid)
		*uuid = track_start_counter(perfetto, ns, &texts[which], RANK_COUNTS + which, TRACE_VM);
	track_send_count(perfetto, cpu, ns, *uuid, *value);
}

/* The counter of pages in this state, or -1. */
static int count_of_state(uint64_t state)
{
	switch (state) {
	case SLOT_READING:
		return COUNT_READING;
	case SLOT_PRESENT:
		return COUNT_PRESENT;
	case SLOT_DIRTY:
		return COUNT_DIRTY;
	case SLOT_WRITING:
	case SLOT_WANTED:
		return COUNT_WRITING;
	default:
		return -1;
	}
}

void count_rule_request(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument)
{
	(void)argument;
	change(perfetto, cpu, ns, COUNT_REQUESTS, 1);
}

void count_rule_request_done(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument)
{
	(void)argument;
	change(perfetto, cpu, ns, COUNT_REQUESTS, -1);
}

void count_rule_slot(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument)
{
	int from = count_of_state(argument[0]);
	int to = count_of_state(argument[1]);
	if (from == to)
		return;
	change(perfetto, cpu, ns, from, -1);
	change(perfetto, cpu, ns, to, 1);
}
