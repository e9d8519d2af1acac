/*
 * How each event of the schema is drawn, worked out once: the table between trace/events.h and Perfetto.
 *
 * Teaches: a table-driven back end. What an event of a new id looks like follows from its phase, its category and the types of
 * its fields; only what an event means for others (who runs, what is counted, which grace period ends), and names that should read
 * better than the event's own, are written down here.
 * Who calls: event.c for each event, names.c for texts.
 */
#pragma once

#include "perfetto/perfetto.h"

/* How the value of an argument is packed. */
enum argument_kind {
	ARGUMENT_NUMBER,
	ARGUMENT_SIGNED,
	ARGUMENT_ADDRESS, /* shown in hexadecimal */
	ARGUMENT_TICKS,   /* becomes nanoseconds */
	ARGUMENT_NAMED,   /* an enumeration: its name, or the number if it has none */
	ARGUMENT_CHARS,   /* this field and the next are a text */
};

struct argument_plan {
	enum argument_kind kind;
	enum field_type type;
	unsigned field;
	uint64_t name;                /* its number */
	bool says_none;               /* 0 stands for "none": then it is left out */
	struct wire_bytes head;       /* the annotation's name, and the tag of a number */
	struct wire_bytes named_head; /* the annotation's name, and the tag of a text sent before */
};

/* What an event does besides being drawn, or instead; `argument` are the fields its rule names, in the rule's order. */
typedef void event_rule(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument);

struct event_plan {
	const struct event_schema *schema;
	enum event_phase phase;
	bool is_mark;               /* drawn on the thread's second track */
	unsigned begin_id;          /* of an end: what it ends; 0 if nothing */
	unsigned step_of;           /* of a step on the way of a slice: what begins that; the step is a slice in it */
	bool ends_wait;             /* what the thread waited for is there: the step that waited is over */
	bool without_arrows;        /* the slice around it has the same flow */
	bool tells_story;           /* of an end: says what the slice was in words (story.h) */
	int thread, flow[2], value; /* fields, or -1; a fault that waits for a page request is in two flows */
	int status;                 /* of an end: the field that says RETRY, or -1 */
	int waker;                  /* of an event about a thread that can run again: the field that says by whom, or -1 */
	unsigned category_bit;
	const char *pattern; /* its name: "%field" stands for the field's value */
	unsigned name_fields;
	unsigned name_field[2];
	unsigned arguments; /* what is neither in the name nor said by the track */
	struct argument_plan argument[EVENT_FIELDS_MAX];
	event_rule *rule;
	bool rule_instead; /* nothing is drawn but what the rule draws */
	unsigned rule_fields[EVENT_FIELDS_MAX];
};

/* The plans by event id, EVENT_IDS of them; `schema` is NULL where there is no event. */
const struct event_plan *plan_all(void);
