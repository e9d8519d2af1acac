/*
 * Events into packets.
 *
 * Who calls: perfetto.c, for each event of a run. Whom it calls: the other perfetto_*.c.
 */
#pragma once

#include "perfetto/perfetto.h"

/* Draws one event, or notes that some are missing. */
void event_draw(struct perfetto *perfetto, const struct trace_event *event);
