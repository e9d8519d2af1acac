/*
 * What tests of the commands begin with: a directory `work`, in it made-up runs of both byte orders (little, big) and one of grace periods (rcu).
 */
#pragma once

#include "shell.h"

static const char *build; /* the build directory */
static char vitrine[512], work[64];

static int made_runs_start(void **state)
{
	(void)state;
	snprintf(vitrine, sizeof(vitrine), "%s/asan/vitrine", build);
	strcpy(work, "/tmp/made_runs.XXXXXX");
	return !mkdtemp(work) || shell("%s/tests/make_trace 5000 %s/little.vtrace", build, work) ||
	       shell("%s/tests/make_trace 5000 %s/big.vtrace --big-endian --cpus 3 --gap-every 500", build, work) ||
	       shell("%s/tests/make_trace 99 %s/rcu.vtrace --rcu", build, work);
}

static int made_runs_stop(void **state)
{
	(void)state;
	return shell("rm -r %s", work);
}
