/*
 * A fault in one sentence, on its slice: `what: store to 0x41008 in a stack of shell: zero-filled a new page`.
 *
 * Teaches: a picture is read by people. What the arguments say one by one, this says at once. There are few such sentences in a run but
 * for the address, so each is put into words once.
 * Who calls: event.c; plan.c names the rules. Whom it calls: names.h, thread.h, packet.h.
 */
#pragma once

#include "perfetto/plan.h"

/* Remember how a fault began, and in which segment it lies. */
event_rule story_rule_begin, story_rule_segment;

/* Puts the sentence as an argument behind `at`, for the fault that this event ends. Returns the new end; `at` if there is none. */
uint8_t *story_put(struct perfetto *perfetto, unsigned sequence, uint8_t *at, const struct trace_event *event);
