/*
 * How far a command is: see progress.h.
 */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define EVENTS_PER_LOOK 65536

void progress_start(struct progress *progress, uint64_t all)
{
	if (!progress->started)
		progress->started = time(NULL);
	progress->events = 0;
	progress->all = all;
}

static void progress_look(struct progress *progress)
{
	if (!isatty(STDERR_FILENO) || time(NULL) <= progress->started + 1 || !progress->all)
		return;
	fprintf(stderr, "\rvitrine: %3" PRIu64 " %% of %" PRIu64 " events", 100 * progress->events / progress->all,
		progress->all);
	progress->shown = true;
}

void progress_step(struct progress *progress)
{
	if (++progress->events % EVENTS_PER_LOOK == 0)
		progress_look(progress);
}

void progress_clear(const struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
}
