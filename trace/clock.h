/*
 * The host's clock, for how long something takes. Who calls: the commands that wait for others, and those that measure.
 */
#pragma once

#include <time.h>

/* Seconds since some moment that is fixed as long as the host runs. */
static inline double seconds_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
