/*
 * One event as one line of text, as `vitrine events` prints it.
 */
#pragma once

#include <stdio.h>

#include "reader.h"

/* Prints the name of an event, its fields and a newline; not a gap. Ticks of such a clock become nanoseconds; 0: they stay what they are. */
void print_event_fields(FILE *to, const struct trace_event *event, uint64_t clock_hz);

/* Prints the event, with its time, and a newline. */
void print_event(FILE *to, const struct trace_reader *reader, const struct trace_event *event);
