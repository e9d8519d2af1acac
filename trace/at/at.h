/*
 * Going back to one event of a run: finding it, and running the guest again up to it.
 *
 * `vitrine at` does that for people, with gdb at the end; other commands call at_event() for a RAM image of that moment, which the
 * readers of trace/dump/ understand. tests/e2e/at.sh proves that the second run is the first one up to there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "reader.h"
#include "run/run.h"

/*
 * Finds the event that `text` names in a run (its directory, or its .vtrace file); moment.h says how.
 * Prints it to stdout as `vitrine events` does if `show`. Returns 0, or the exit code after having said what is wrong.
 */
int at_find(const char *run, const char *text, bool show, struct trace_event *event);

/*
 * Runs the guest of a recorded run again, up to where event `sequence` of `cpu` has just been stored, compares all events of all CPUs up
 * to there with the recorded ones, and leaves the RAM of that moment in the file `ram`, as large as the guest's and with holes where
 * it was never written. Exact for that CPU; QEMU lets the others run on for a moment of the host's time, so with several CPUs their
 * newest events in the image may be later ones. The recorded run is not touched. Takes as long as the run did up to there.
 * Returns 0; 1 after having said why not: the run was not under icount, another kernel was built since, the re-run went another way, ...
 */
int at_event(const char *run, unsigned cpu, uint64_t sequence, const char *ram);

/*
 * Compares a RAM image of a stopped guest with the recorded run: every event in the rings up to event `sequence` of `cpu`, which
 * has to be that CPU's last. Of an interrupt that came while an event was being stored, events are there that have later numbers, or
 * the event is not there that it came into.
 * Returns 0, and *events are as many as were compared; or 1 after having said what differs.
 */
int at_compare(const char *run, unsigned cpu, uint64_t sequence, const char *ram, uint64_t *events);

/* An event, and where the guest keeps it. */
struct at_place {
	unsigned cpu;
	uint64_t sequence;
	uint64_t slots;     /* of the CPU's ring */
	uint64_t header_at; /* where the event's header will be stored, in the kernel's address space */
};

/* A file with the RAM of a machine as if we had started it. End with run_qemu_close(), also after false: why it cannot be read is said. */
bool at_map(struct run_qemu *image, const char *path);

/*
 * Lets a machine that has not started run to an event: right behind the store that makes it whole. `socket` is that of QEMU's gdb stub; the
 * machine stays stopped. False after having said why it did not come there.
 */
bool at_reach(struct run_qemu *qemu, const char *socket, const struct at_place *place);

/* The number of the event that is whole in the slot that an event with this number has or will have; -1: none, or there is no ring yet. */
int64_t at_stored(struct run_guest *guest, unsigned cpu, uint64_t sequence);
