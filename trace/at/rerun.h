/*
 * What the two ways to go back to an event share: how the run is called again.
 */
#pragma once

#include "at/at.h"
#include "run/again.h"
#include "run/run.h"

/* A run that can be had again, and what to call it with. Free with rerun_free(). */
struct rerun {
	struct run_again again;
	struct run_options options; /* parsed from `argument`; build is false */
	char **argument;            /* `run`, options, `--`, what goes to QEMU, NULL */
	int arguments;
	struct at_place place; /* of the event */
};

/*
 * Prepares to run `run` again up to an event, leaving its files in the directory `output`, and goes to the directory in which it was called:
 * relative paths are wrong afterwards. False after having said why it cannot be had again: not under icount, typed input, ...
 */
bool rerun_prepare(struct rerun *rerun, const char *run, unsigned cpu, uint64_t sequence, const char *output);
void rerun_free(struct rerun *rerun);

/* Where an event of the run will lie in the guest's memory. False after having said that the run does not say. */
bool rerun_place(struct at_place *place, const struct run_again *again, unsigned cpu, uint64_t sequence);
