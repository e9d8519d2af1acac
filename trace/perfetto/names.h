/*
 * Texts: each is sent once a sequence, when it is first needed there, and is a number from then on.
 *
 * Who calls: event.c, rcu.c, thread.c and story.c, plan.c for the numbers of argument names. Whom it calls: packet.h.
 */
#pragma once

#include "perfetto/plan.h"

#define NAME_TEXT_BYTES 128

/* A name as an event has it, and the part of a TrackEvent that says so. */
struct event_name {
	struct wire_bytes head; /* type, category and name, packed */
	struct known_by known;
	uint64_t number; /* 0: a name too many; it travels as text */
	char text[NAME_TEXT_BYTES];
};

/* The number of an argument's name; it is given one if it has none yet. */
uint64_t names_argument(const char *name);

/* These make a text known to a sequence: an argument's name, the names of all arguments of an event, a category. */
void names_need_argument(struct perfetto *perfetto, unsigned sequence, uint64_t number);
void names_need_arguments(struct perfetto *perfetto, unsigned sequence, const struct event_plan *plan);
void names_need_category(struct perfetto *perfetto, unsigned sequence, unsigned bit);

/* The number of the name of an enumeration's value, known to the sequence; 0 if it has no name. */
uint64_t names_value(struct perfetto *perfetto, unsigned sequence, enum field_type type, uint64_t value);

/* The number of what a thread waits for, an enum switch_reason, as a symbol of the kernel. */
uint64_t names_reason(struct perfetto *perfetto, unsigned sequence, uint64_t reason);

/* The name of an event, known to the sequence. It is valid until the next call. */
const struct event_name *names_event(struct perfetto *perfetto, unsigned sequence, const struct event_plan *plan,
				     const uint64_t *field);

/* The name as text: the pattern with the fields' values in it. */
void names_text(const struct event_plan *plan, const uint64_t *field, char text[NAME_TEXT_BYTES]);
