/*
 * What the parts of the Perfetto writer share.
 *
 *     perfetto.c  the command: runs in, one file out
 *     plan.c      once: how each event of the schema is drawn
 *     event.c     each event: slices, instants, counters
 *     count.c     counters that follow from events: page requests, pages by state
 *     rcu.c       grace periods, and which CPU holds one up
 *     thread.c    threads, and who runs where
 *     track.c     the tracks, and the slices that are open on them
 *     names.c     texts, each sent once and then a number
 *     packet.c    packets into bytes
 *     story.c     a fault in one sentence
 *     output.c    bytes into the file
 *
 * Invariant of the whole: nothing is kept of an event but what is open (slices, threads that live) and what can be drawn only a
 * bounded number of times (names), so memory does not grow with the trace.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "format.h"
#include "perfetto.pb-c.h"
#include "perfetto/output.h"
#include "perfetto/wire.h"
#include "reader.h"
#include "table.h"

/* Numbers for processes and threads that the trace has none for; what the kernel numbers stays far below. */
#define PROCESS_UNKNOWN 1000000
#define THREAD_IDLE_FIRST 1000000

/* Threads that have ended are remembered by one bit each, up to this number: a number that comes back needs a word to Perfetto.
 */
#define THREADS_REMEMBERED (UINT64_C(1) << 20)

/* The distance between the flow ids of two machines. */
#define FLOWS_OF_A_MACHINE (UINT64_C(1) << 56)

/* Flows that only the picture has, from a thread that wakes another: far from those that the kernel numbers. */
#define WAKES_FIRST (UINT64_C(1) << 55)

/*
 * Streams of packets of a machine: one a CPU, the directory, and those of busy tracks. Their numbers take one byte, as long as
 * there is one machine.
 */
#define SEQUENCES_MAX 127

/* A track that has sent so many packets gets a sequence of its own: what it saves is by then more than what it costs. */
#define TRACK_BUSY_PACKETS 256

/* Bit n: sequence n was told. */
struct known_by {
	uint64_t word[(SEQUENCES_MAX + 63) / 64];
};

/* A slice that has begun. A mark is known by its name as well. */
struct open_slice {
	unsigned begin_id;
	uint64_t name[2];
};

/* A line of the picture with slices on it, innermost last. */
struct track {
	uint64_t uuid;     /* 0 until it is described */
	unsigned packets;  /* sent without a sequence of its own */
	unsigned sequence; /* its own, whose events are all on this track and do not say so; 0: none */
	unsigned depth, room;
	struct open_slice *open;
	bool ends_with_inner; /* the slice around the innermost has ended, but for that one */
};

struct thread {
	uint64_t id;
	uint64_t process;
	char name[32];
	unsigned state;                       /* GENERIC_KERNEL_TASK_STATE_EVENT__TASK_STATE_ENUM__..., as told to Perfetto */
	unsigned state_after;                 /* what it becomes when it leaves its CPU; 0: the reason of the switch says */
	uint64_t state_ns;                    /* since when */
	uint64_t waits_for;                   /* enum switch_reason, of a thread that sleeps or will */
	int cpu;                              /* where it runs, or -1 */
	unsigned fault_access, fault_segment; /* of its last fault: enum access, enum segment_kind */
	uint64_t fault_address;               /* of the same */
	struct track track;                   /* its syscalls and faults */
	struct track marks;                   /* what its program marks */
};

/* One stream of packets. Times are the distance to the packet before. */
struct sequence {
	uint64_t last_ns;
	struct wire_bytes identity; /* sequence id and machine id, packed */
};

/* Texts of the schema, and which sequences know their numbers (names.h). */
#define NAMES_ARGUMENTS_MAX 256
#define NAMES_VALUES_MAX 64
struct names_known {
	struct known_by category[32], argument[NAMES_ARGUMENTS_MAX], reason[NAMES_VALUES_MAX];
	struct known_by value[FIELD_TYPE_COUNT][NAMES_VALUES_MAX];
	struct known_by arguments_of[EVENT_IDS]; /* all arguments of an event */
};

struct cpu_state {
	struct thread *running;
	struct thread idle;
	bool idle_known;
	bool has_events;
	struct track track[32]; /* by category */
};

/* Counters that follow from events (count.h). */
enum { COUNT_REQUESTS, COUNT_READING, COUNT_PRESENT, COUNT_DIRTY, COUNT_WRITING, COUNTS };

struct counts {
	uint64_t value[COUNTS];
	uint64_t uuid[COUNTS]; /* of its track; 0 until there is a value */
};

/* The grace period at hand, and its tracks (rcu.h). A uuid is 0 until its track is described. */
struct rcu_picture {
	uint64_t period; /* its number; 0: none runs */
	uint64_t begin_ns;
	uint64_t callbacks;
	uint64_t passed; /* bit n: CPU n does not hold it up, or no longer */
	unsigned begun_by;
	int asker, last;       /* CPUs, or -1: the one that asked for it, the last that stopped holding it up */
	uint64_t asked_period; /* the last one that was asked for, and which CPU did */
	unsigned asked_by;
	uint64_t waiting[FORMAT_CPUS_MAX], waiting_of_all; /* callbacks */
	uint64_t waiting_uuid, periods_uuid, cpu_uuid[FORMAT_CPUS_MAX];
};

struct perfetto;
struct event_plan;

/* Everything about the run that is being written. */
struct perfetto {
	struct output *output;
	struct trace_reader *reader;
	const struct trace_info *info;
	const struct event_plan *plans; /* by event id */
	unsigned machine;               /* from 1; 0 if there is only one */
	uint64_t next_uuid;             /* of tracks: small, because every event on the track repeats it */
	uint32_t next_sequence;
	uint64_t flow_base;                      /* makes flow ids of different machines differ */
	uint64_t group_uuid;                     /* the machine's own group of tracks */
	uint64_t rcu_group_uuid;                 /* in it, what concerns RCU; 0 until it is described */
	unsigned sequences;                      /* in use */
	struct sequence sequence[SEQUENCES_MAX]; /* one a CPU, then the directory, then those of tracks */
	struct names_known known;
	struct cpu_state cpu[FORMAT_CPUS_MAX];
	struct table threads;   /* id -> struct thread, those that live */
	struct table processes; /* id -> its name */
	struct table counters;  /* event, name -> struct track */
	struct table names;     /* event, name words -> struct event_name */
	struct table stories;   /* access, segment, result, process -> struct story */
	uint64_t wakes;         /* threads that another woke: each is a flow */
	uint8_t *ended;         /* bit n: thread n has ended */
	struct counts counts;
	struct rcu_picture rcu;
	uint64_t last_ns;
	uint64_t introduced_ns; /* the last time a thread was introduced: events come after it */
	uint64_t ends_alone;    /* ends without a begin: not drawn */
	uint64_t nested_too_deep;
	uint64_t counters_left_out;
	bool out_of_memory;
};

/* Notes that the sequence is told. Returns true if it was not before. */
static inline bool sequence_learns(struct known_by *known, unsigned sequence)
{
	uint64_t bit = UINT64_C(1) << sequence % 64, *word = &known->word[sequence / 64];
	bool is_new = !(*word & bit);
	*word |= bit;
	return is_new;
}
