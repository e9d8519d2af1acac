/*
 * Taking events out of the rings while the guest goes on writing them: the reader's half of the protocol in abi/trace_ring.h.
 *
 * Teaches: reading what another CPU writes, with no lock and no word written back.
 *     1. `head` says how far the guest has begun. What is more than a ring behind it is gone: a gap, with its exact size.
 *     2. A slot is there once its header carries the sequence we wait for. It is read with acquire order, so the fields are there
 * as well.
 *     3. After the copy `head` is read again: what the guest may have come round to meanwhile is thrown away, and is a gap too.
 * Who calls: run.c. Invariant: every sequence number goes to the writer exactly once, in an event or in a gap.
 */
#include <inttypes.h>
#include <string.h>

#include "run/run.h"
#include "schema.h"

#define CHUNK_SLOTS (sizeof(((struct run_drain *)0)->chunk) / TRACE_SLOT_BYTES)

void run_drain_start(struct run_drain *drain, const struct run_guest *guest, struct writer *writer)
{
	drain->guest = guest;
	drain->writer = writer;
	drain->damaged = 0;
	for (unsigned id = 0; id < EVENT_IDS; id++)
		drain->words_of[id] = schema_event(id) ? (uint8_t)(schema_event(id)->fields + 2) : 0;
}

static uint64_t ring_head(const struct run_drain *drain, unsigned cpu)
{
	return run_guest64(drain->guest, __atomic_load_n(&drain->guest->ring[cpu]->head, __ATOMIC_ACQUIRE));
}

enum slot_state { SLOT_READY, SLOT_NOT_YET, SLOT_OVERWRITTEN, SLOT_DAMAGED };

/* Looks at the slot of an event of a CPU. */
static enum slot_state slot_look(const struct run_drain *drain, unsigned cpu, uint64_t sequence)
{
	const struct run_guest *guest = drain->guest;
	const volatile uint64_t *slot = guest->slots[cpu] + (sequence & (guest->slot_count[cpu] - 1)) * TRACE_SLOT_WORDS;
	uint64_t header = run_guest64(guest, __atomic_load_n(&slot[1], __ATOMIC_ACQUIRE));
	int32_t newer = (int32_t)(TRACE_SEQUENCE(header) - (uint32_t)sequence);
	if (newer < 0 || TRACE_WORDS(header) == 0)
		return SLOT_NOT_YET;
	if (newer > 0)
		return SLOT_OVERWRITTEN;
	bool good = TRACE_CPU(header) == cpu && TRACE_WORDS(header) == drain->words_of[TRACE_ID(header)];
	return good ? SLOT_READY : SLOT_DAMAGED;
}

/* Whether a whole event lies anywhere between two sequence numbers. */
static bool any_ready(const struct run_drain *drain, unsigned cpu, uint64_t from, uint64_t to)
{
	for (; from < to; from++)
		if (slot_look(drain, cpu, from) == SLOT_READY)
			return true;
	return false;
}

/*
 * The slot of event `next` holds no event. Returns whether to go on behind it: not if the event may still come, and not if the
 * next look at `head` will find it gone. In a guest that has stopped, events that were begun last and never finished did not
 * happen.
 */
static bool skip_slot(struct run_drain *drain, unsigned cpu, uint64_t next, uint64_t head, enum slot_state state, bool final)
{
	if (state == SLOT_DAMAGED)
		drain->damaged++;
	else if (!final || !any_ready(drain, cpu, next + 1, head))
		return false;
	writer_add_gap(drain->writer, cpu, 1);
	return true;
}

/* How many of the events from `next` on are there without a hole, at most `count`; *state is what ended them. */
static uint64_t count_ready(const struct run_drain *drain, unsigned cpu, uint64_t next, uint64_t count, enum slot_state *state)
{
	uint64_t ready = 0;
	*state = SLOT_READY;
	while (ready < count && (*state = slot_look(drain, cpu, next + ready)) == SLOT_READY)
		ready++;
	return ready;
}

/* Copies `count` slots and hands on those that were certainly still whole when the copy was done. Returns how many. */
static uint64_t take_slots(struct run_drain *drain, unsigned cpu, uint64_t next, uint64_t count, uint64_t safe)
{
	const struct run_guest *guest = drain->guest;
	uint64_t first = next & (guest->slot_count[cpu] - 1);
	memcpy(drain->chunk, (const void *)(guest->slots[cpu] + first * TRACE_SLOT_WORDS), count * TRACE_SLOT_BYTES);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	uint64_t head = ring_head(drain, cpu);
	uint64_t overtaken = head - next > safe ? head - next - safe : 0;
	if (overtaken > count)
		overtaken = count;
	writer_add_gap(drain->writer, cpu, overtaken);
	writer_add_slots(drain->writer, cpu, drain->chunk + overtaken * TRACE_SLOT_WORDS, count - overtaken);
	return count - overtaken;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Takes what a ring holds now, up to the head it has at the start: a fast guest must not keep us from the other rings. */
static uint64_t drain_ring(struct run_drain *drain, unsigned cpu, bool final)
{
	uint64_t slots = drain->guest->slot_count[cpu], taken = 0;
	/* A guest that has stopped overtakes nobody. */
	uint64_t safe = final ? slots : slots - TRACE_MARGIN_SLOTS;
	uint64_t head = ring_head(drain, cpu);
	for (uint64_t next; (next = writer_next_sequence(drain->writer, cpu)) < head && !writer_error(drain->writer);) {
		uint64_t now = ring_head(drain, cpu);
		if (now - next > safe) {
			/* Far enough ahead that the guest is not at our heels again at once. */
			writer_add_gap(drain->writer, cpu, now - next - safe + (final ? 0 : slots / 8));
			continue;
		}
		enum slot_state state;
		uint64_t until_wrap = slots - (next & (slots - 1));
		uint64_t ready = count_ready(drain, cpu, next, least(least(head - next, until_wrap), CHUNK_SLOTS), &state);
		if (ready)
			taken += take_slots(drain, cpu, next, ready, safe);
		else if (!skip_slot(drain, cpu, next, head, state, final))
			break;
	}
	return taken;
}

uint64_t run_drain_all(struct run_drain *drain, bool final)
{
	uint64_t taken = 0;
	for (unsigned cpu = 0; cpu < drain->guest->cpus; cpu++)
		if (drain->guest->ring[cpu])
			taken += drain_ring(drain, cpu, final);
	return taken;
}

unsigned run_drain_backlog(const struct run_drain *drain)
{
	uint64_t fullest = 0;
	for (unsigned cpu = 0; cpu < drain->guest->cpus; cpu++) {
		if (!drain->guest->ring[cpu])
			continue;
		uint64_t head = ring_head(drain, cpu), next = writer_next_sequence(drain->writer, cpu);
		uint64_t waiting = head > next ? least(head - next, drain->guest->slot_count[cpu]) : 0;
		uint64_t part = waiting * 1000 / drain->guest->slot_count[cpu];
		if (part > fullest)
			fullest = part;
	}
	return (unsigned)fullest;
}
