/*
 * Texts: each is sent once a sequence and is a number from then on.
 *
 * Who calls: event.c for the name of each event, plan.c for the numbers of argument names, packet.c
 * when a sequence starts. Whom it calls: packet.h.
 */
#pragma once

#include "perfetto/plan.h"

#define NAME_TEXT_BYTES 128

/* A name as an event has it, and the part of a TrackEvent that says so. */
struct event_name {
	struct wire_bytes head; /* type, category and name, packed */
	uint64_t sent;          /* bit n: sequence n knows its number */
	uint64_t number;        /* 0: a name too many; it travels as text */
	char text[NAME_TEXT_BYTES];
};

/* The number of an argument's name; it is given one if it has none yet. Only before the first sequence starts. */
uint64_t names_argument(const char *name);

/* The number of the name of an enumeration's value, or 0 if it has no name. */
uint64_t names_value(enum field_type type, uint64_t value);

/* How many names of values have numbers: 1 and up, without a hole. */
uint64_t names_values(void);

/* Sends categories, names of arguments and names of values: all that is known before the first event. */
void names_start_sequence(struct perfetto *perfetto, unsigned cpu);

/* The name of an event, known to the CPU's sequence. It is valid until the next call. */
const struct event_name *names_event(struct perfetto *perfetto, unsigned cpu, const struct event_plan *plan,
				     const uint64_t *field);

/* The name as text: the pattern with the fields' values in it. */
void names_text(const struct event_plan *plan, const uint64_t *field, char text[NAME_TEXT_BYTES]);
