/*
 * Tracks, the lines of the picture, and the slices that are open on them.
 *
 * Invariant: an end is sent only for a slice that is open, innermost first, and by the end of the run every slice has had its
 * end. A trace with holes is drawn with slices cut short, never with ends that hang in the air: Perfetto would not complain, it
 * would draw nonsense.
 * Who calls: event.c, thread.c, count.c, rcu.c. Whom it calls: packet.h.
 */
#pragma once

#include "perfetto/packet.h"
#include "perfetto/plan.h"

/* Slices that may be open on one track; Perfetto itself stops at 512. */
#define TRACK_DEPTH_MAX 64

/* Describes the machine's group of tracks, under which those of its CPUs and its counters hang. */
void track_start_machine(struct perfetto *perfetto);

/* The track of a CPU for events of a category. */
struct track *track_of_cpu(struct perfetto *perfetto, unsigned cpu, uint64_t ns, unsigned category_bit);

/* The track of a counter; NULL if there are too many. */
struct track *track_of_counter(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const struct event_plan *plan,
			       const uint64_t *field);

/* A counter in words; `unit` is NULL for a plain number. */
struct counter_text {
	const char *name, *meaning, *unit;
};

/* Describes a counter, in the group of its category, and returns its track. `rank` is its place among the counters there. */
uint64_t track_start_counter(struct perfetto *perfetto, uint64_t ns, const struct counter_text *text, int rank,
			     enum trace_category category);

/* Sends a counter's value. */
void track_send_count(struct perfetto *perfetto, unsigned cpu, uint64_t ns, uint64_t uuid, uint64_t value);

/* Describes a track for slices in the group of a category, and returns it. `rank` is its place there, counters included. */
uint64_t track_start_slices(struct perfetto *perfetto, uint64_t ns, const char *name, const char *meaning, int rank,
			    enum trace_category category);

/* Describes a thread's own track, and the one of its marks. */
void track_start_thread(struct perfetto *perfetto, uint64_t ns, struct thread *thread);
void track_start_marks(struct perfetto *perfetto, uint64_t ns, struct thread *thread);

/*
 * The sequence that the next packet of the track goes to: its own, whose packets do not name the track, or the CPU's.
 */
static inline unsigned track_sequence(struct perfetto *perfetto, unsigned cpu, struct track *track)
{
	if (!track->sequence && ++track->packets > TRACK_BUSY_PACKETS && perfetto->sequences < SEQUENCES_MAX)
		packet_start_track(perfetto, track);
	return track->sequence ? track->sequence : cpu;
}

/* Puts the track behind `at`, in a packet for track_sequence(). */
static inline uint8_t *track_put(const struct track *track, uint8_t *at)
{
	return track->sequence ? at : wire_field(at, &packet_tags.track, track->uuid);
}

/* Notes that a slice begins. Returns false if too many are open: then it is not to be drawn. */
bool track_begin(struct perfetto *perfetto, struct track *track, struct open_slice slice);

/*
 * Finds the innermost open slice that an end belongs to and ends those inside it. Returns false if there is none: then the end
 * is not to be drawn. After true the slice counts as ended, and the caller sends its end.
 */
bool track_end(struct perfetto *perfetto, unsigned cpu, uint64_t ns, struct track *track, struct open_slice slice);

/* Whether such a slice is open, and whether it is the innermost. */
bool track_is_open(const struct track *track, struct open_slice slice);
bool track_is_innermost(const struct track *track, struct open_slice slice);

/* Ends slices, innermost first, until only `depth` are open. */
void track_close(struct perfetto *perfetto, unsigned cpu, uint64_t ns, struct track *track, unsigned depth);
