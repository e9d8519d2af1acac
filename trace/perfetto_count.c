/*
 * Counters that follow from events: page requests that are not answered, and pages by state.
 *
 * Teaches: what is traced need not be counted in the kernel as well. Every change of a page's state is an event, so whoever reads
 * them all knows how many pages are in each state, and the kernel saves the counting.
 * Who calls: perfetto_event.c. Whom it calls: perfetto_track.h, perfetto_packet.h. Simplified: after a gap in the trace the
 * values may be wrong by what was lost; they never go below 0.
 */
#include "perfetto_count.h"

#include "perfetto_packet.h"
#include "perfetto_track.h"

#include "../kernel/abi/trace_enums.h"

/* Pages come and go by the thousand: of the counter of all that are there, every eighth value is drawn. */
#define PRESENT_STEP 8

/* Where they stand among the counters, which are ordered by the id of their event. */
#define RANK_COUNTS 86

static const struct {
	const char *name, *meaning;
	bool pages;
} texts[COUNTS] = {
	[COUNT_REQUESTS] = {"page requests", "page requests that are not answered yet", false},
	[COUNT_READING] = {"pages being read", "pages that a provider is asked to bring", true},
	[COUNT_PRESENT] = {"pages present", "pages that are there and need not be saved", true},
	[COUNT_DIRTY] = {"pages to be saved", "pages that a provider has to save before they can go", true},
	[COUNT_WRITING] = {"pages being saved", "pages that a provider is asked to save", true},
};

void count_prepare(struct perfetto *perfetto)
{
	perfetto->counts = (struct counts){
		.request_id = schema_event_named("page_request")->id,
		.request_done_id = schema_event_named("page_request_done")->id,
		.slot_change_id = schema_event_named("slot_change")->id,
	};
}

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
		*uuid = track_start_counter(perfetto, ns, texts[which].name, texts[which].meaning,
					    texts[which].pages ? "pages" : NULL, RANK_COUNTS + which);
	uint8_t payload[PACKET_PAYLOAD_ROOM];
	uint8_t *end = wire_part(payload, &packet_tags.counter);
	end = wire_field(end, &packet_tags.track, *uuid);
	end = wire_field(end, &packet_tags.count, *value);
	packet_put(perfetto, cpu, ns, &packet_tags.track_event, payload, (size_t)(end - payload));
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

/* The fields of slot_change. */
enum { SLOT_CHANGE_FROM = 2, SLOT_CHANGE_TO = 3 };

void count_event(struct perfetto *perfetto, const struct trace_event *event, uint64_t ns)
{
	if (event->id == perfetto->counts.request_id) {
		change(perfetto, event->cpu, ns, COUNT_REQUESTS, 1);
	} else if (event->id == perfetto->counts.request_done_id) {
		change(perfetto, event->cpu, ns, COUNT_REQUESTS, -1);
	} else if (event->id == perfetto->counts.slot_change_id) {
		int from = count_of_state(event->field[SLOT_CHANGE_FROM]);
		int to = count_of_state(event->field[SLOT_CHANGE_TO]);
		if (from == to)
			return;
		change(perfetto, event->cpu, ns, from, -1);
		change(perfetto, event->cpu, ns, to, 1);
	}
}
