/*
 * Whether a stopped guest is where the recorded run was: its rings against the trace, event by event.
 *
 * Teaches: "the same again" can be checked. Each event carries the clock, which under icount counts instructions; if all of them agree, so
 * does everything that led to them. Who calls: event.c and at.c. Whom: run/guest.c to find the rings, reader.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "at/at.h"
#include "commands.h"
#include "run/run.h"

bool at_map(struct run_qemu *image, const char *path)
{
	struct stat status;
	*image = (struct run_qemu){.ram_file = -1, .process = -1};
	image->ram_file = open(path, O_RDONLY | O_CLOEXEC);
	if (image->ram_file < 0 || fstat(image->ram_file, &status) != 0)
		return say("%s cannot be read: %s", path, strerror(errno)), false;
	image->ram_bytes = (uint64_t)status.st_size;
	void *mapped = mmap(NULL, image->ram_bytes, PROT_READ, MAP_SHARED, image->ram_file, 0);
	if (mapped == MAP_FAILED)
		return say("%s cannot be mapped: %s", path, strerror(errno)), false;
	image->ram = mapped;
	return true;
}

/* The number of the event that is whole in a slot: its header is stored last, and is never 0. -1: none. A ring holds the low half only. */
static int64_t stored(const struct run_guest *guest, unsigned cpu, uint64_t sequence)
{
	const volatile uint64_t *slot = guest->slots[cpu] + (sequence & (guest->slot_count[cpu] - 1)) * TRACE_SLOT_WORDS;
	uint64_t header = run_guest64(guest, slot[1]);
	return header ? (int64_t)((sequence & ~(uint64_t)UINT32_MAX) | TRACE_SEQUENCE(header)) : -1;
}

static bool is_stored(const struct run_guest *guest, unsigned cpu, uint64_t sequence)
{
	return stored(guest, cpu, sequence) == (int64_t)sequence;
}

static uint64_t head_of(const struct run_guest *guest, unsigned cpu)
{
	return guest->ring[cpu] ? run_guest64(guest, guest->ring[cpu]->head) : 0;
}

/* Whether the slot of an event holds what was recorded. */
static bool slot_agrees(const struct run_guest *guest, const struct trace_event *event)
{
	const volatile uint64_t *slot =
		guest->slots[event->cpu] + (event->index & (guest->slot_count[event->cpu] - 1)) * TRACE_SLOT_WORDS;
	uint64_t header = trace_header((uint32_t)event->index, event->cpu, event->id, event->fields + 2);
	if (run_guest64(guest, slot[0]) != event->ticks || run_guest64(guest, slot[1]) != header)
		return false;
	for (unsigned i = 0; i < event->fields; i++)
		if (run_guest64(guest, slot[2 + i]) != event->field[i])
			return false;
	return true;
}

/* Whether the event is one that the guest has begun and that its ring still holds. */
static bool is_in_ring(const struct run_guest *guest, const struct trace_event *event)
{
	uint64_t head = head_of(guest, event->cpu);
	return event->id != TRACE_EVENT_GAP && event->index < head && head - event->index <= guest->slot_count[event->cpu];
}

int64_t at_stored(struct run_guest *guest, unsigned cpu, uint64_t sequence)
{
	return run_guest_look(guest) && cpu < guest->cpus && guest->ring[cpu] ? stored(guest, cpu, sequence) : -1;
}

/* Whether the next event of the CPU says that an interrupt came: while the one before was being stored. */
static bool was_interrupted(struct trace_reader *reader, unsigned cpu)
{
	struct trace_event event;
	while (trace_next(reader, &event) == 1)
		if (event.cpu == cpu)
			return event.schema && !strcmp(event.schema->name, "irq_enter");
	return false;
}

static int another_way(unsigned cpu, uint64_t sequence)
{
	return say("the re-run went another way: event %u:%" PRIu64 " is not the recorded one", cpu, sequence);
}

/*
 * Compares in the order of time, up to the event at which the machine stopped. QEMU stops the other CPUs a moment later, by the host's
 * clock: what they did in it is not compared. An event may be unfinished if it is the last of another CPU, or if an interrupt came into it:
 * then the next event of its CPU says so.
 */
static int compare_all(const struct run_guest *guest, struct trace_reader *reader, unsigned cpu, uint64_t sequence,
		       uint64_t *events)
{
	struct trace_event event;
	bool unfinished[RUN_CPUS_MAX] = {false};
	int more;
	while ((more = trace_next(reader, &event)) == 1) {
		if (event.cpu >= guest->cpus || !is_in_ring(guest, &event))
			continue;
		if (unfinished[event.cpu] && strcmp(event.schema->name, "irq_enter") != 0)
			return another_way(event.cpu, event.index - 1);
		bool is_stop = event.cpu == cpu && event.index == sequence;
		unfinished[event.cpu] = !is_stop && !is_stored(guest, event.cpu, event.index);
		if (!unfinished[event.cpu] && !slot_agrees(guest, &event))
			return another_way(event.cpu, event.index);
		*events += !unfinished[event.cpu];
		if (is_stop)
			return 0;
	}
	return say("%s", more < 0 ? trace_error(reader) : "the run has no such event");
}

static int compare_image(const struct run_qemu *image, struct trace_reader *reader, unsigned cpu, uint64_t sequence,
			 uint64_t *events)
{
	static struct run_guest guest; /* large for a stack */
	guest = (struct run_guest){.qemu = image};
	static struct format_header header;
	if (!run_guest_look(&guest))
		return 1;
	if (!guest.descriptor || cpu >= guest.cpus || !guest.ring[cpu])
		return say("the machine stopped before CPU %u had a ring", cpu);
	run_guest_describe(&guest, &header);
	if (strcmp(header.build_id, trace_info(reader)->build_id))
		return say("the run was recorded with another kernel (build %s) than there is now (%s): record it again",
			   trace_info(reader)->build_id, header.build_id);
	uint64_t head = head_of(&guest, cpu);
	int exit_code = head > sequence ? compare_all(&guest, reader, cpu, sequence, events) : 1;
	if (head <= sequence || (exit_code == 0 && head > sequence + 1 && !was_interrupted(reader, cpu)))
		return say("CPU %u stands after event %" PRIu64 ", not after %" PRIu64, cpu, head - 1, sequence);
	return exit_code;
}

int at_compare(const char *run, unsigned cpu, uint64_t sequence, const char *ram, uint64_t *events)
{
	char error[640];
	struct run_qemu image;
	*events = 0;
	struct trace_reader *reader = trace_open(run, error, sizeof(error));
	if (!reader)
		return say("%s", error);
	int exit_code = at_map(&image, ram) ? compare_image(&image, reader, cpu, sequence, events) : 1;
	run_qemu_close(&image);
	trace_close(reader);
	return exit_code;
}
