/*
 * Having a run again: the words it was called with, with another directory; and where its event will lie in the guest's memory.
 *
 * Teaches: which runs can be had again. Under icount the guest is a function of its image and its options, but for what comes
 * from outside: what is typed is nowhere noted. Who calls: event.c, at.c. Whom: run/again.c, which noted the words.
 */
#include "at/rerun.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

/* Options of our own, before the last words. */
#define MORE_ARGUMENTS 12

/* Puts our options behind the recorded ones, where they win, and before what is for QEMU. */
static bool make_arguments(struct rerun *rerun, const char *output)
{
	const struct run_again *again = &rerun->again;
	const char *own[] = {"--no-build", "--keep-ram", "--quiet", "--wall", "0", "--output", output, "--"};
	int from = 0;
	rerun->argument = calloc((size_t)again->arguments + MORE_ARGUMENTS, sizeof(*rerun->argument));
	if (!rerun->argument)
		return say("there is no memory"), false;
	while (from < again->arguments && strcmp(again->argument[from], "--"))
		rerun->argument[rerun->arguments++] = again->argument[from++];
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		rerun->argument[rerun->arguments++] = (char *)own[i];
	for (from++; from < again->arguments; from++)
		rerun->argument[rerun->arguments++] = again->argument[from];
	return true;
}

static bool can_be_had(const struct run_options *options, const char *run)
{
	if (!options->icount)
		return say("%s ran with --live, so it will not be the same again; only a run with --icount can be returned to",
			   run),
		       false;
	if (options->input && !strcmp(options->input, "-"))
		return say("%s read what was typed, which is not kept; a run with --input FILE can be returned to", run), false;
	return true;
}

bool rerun_place(struct at_place *place, const struct run_again *again, unsigned cpu, uint64_t sequence)
{
	const struct run_ring *ring = &again->ring[cpu];
	if (!ring->slots)
		return say("run.options does not say where CPU %u had its events, as after a run that was ended early: record it "
			   "again",
			   cpu),
		       false;
	uint64_t slot = ring->address + (sequence & (ring->slots - 1)) * TRACE_SLOT_BYTES;
	*place = (struct at_place){cpu, sequence, ring->slots, slot + sizeof(uint64_t)};
	return true;
}

bool rerun_prepare(struct rerun *rerun, const char *run, unsigned cpu, uint64_t sequence, const char *output)
{
	*rerun = (struct rerun){0};
	if (!run_again_read(&rerun->again, run))
		return false;
	bool good = rerun_place(&rerun->place, &rerun->again, cpu, sequence) && make_arguments(rerun, output);
	good = good && run_options_parse(&rerun->options, rerun->arguments, rerun->argument) == 0;
	if (good && chdir(rerun->again.directory) != 0)
		good = (say("%s was started in %s, which cannot be entered: %s", run, rerun->again.directory, strerror(errno)),
			false);
	if (good && can_be_had(&rerun->options, run))
		return true;
	rerun_free(rerun);
	return false;
}

void rerun_free(struct rerun *rerun)
{
	run_again_free(&rerun->again);
	free(rerun->argument);
	*rerun = (struct rerun){0};
}
