/*
 * How far a command is that reads a whole run: told on a terminal, after the first second, and wiped away at the end.
 *
 * Who calls: the converters (perfetto.c, sql/build.c), for each event.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct progress {
	bool shown;
	time_t started;
	uint64_t events, all;
};

/* Starts at the first of `all` events, of one run of perhaps several. */
void progress_start(struct progress *progress, uint64_t all);

/* One more event is done. */
void progress_step(struct progress *progress);

void progress_clear(const struct progress *progress);
