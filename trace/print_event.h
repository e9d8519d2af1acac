/*
 * One event as one line of text, as `vitrine events` prints it.
 */
#pragma once

#include <stdio.h>

#include "reader.h"

/* Prints the event and a newline. */
void print_event(FILE *to, const struct trace_reader *reader, const struct trace_event *event);
