/*
 * Events while interrupts rain: the ring stays whole.
 *
 * Teaches: what claim, fill, commit is for. A timer interrupt is set to come in the middle of a storm of emissions, and emits
 * events of its own there. Afterwards every slot holds the event its place in the ring says, and time has never run backwards.
 * Who calls: kernel_selftest(). Locks: none; a CPU writes only its own ring.
 */
#include <trace_emit.h>

#include "core/cpu.h"
#include "core/print.h"
#include "kernel/selftest.h"

#define INTERRUPTS 300
#define EMISSIONS_MAX 50000000
#define TIMER_EVERY 16
#define TIMER_SPREAD 37

/*
 * A storm of events, with a timer that fires somewhere in it, until that has happened often enough. Returns the storm's own
 * events.
 */
static uint64_t storm(const struct trace_ring *ring)
{
	uint64_t before = ring->head, i;
	for (i = 0; i < EMISSIONS_MAX && ring->head - before < i + INTERRUPTS; i++) {
		if (i % TIMER_EVERY == 0)
			arch_timer_set(arch_time_now() + i % TIMER_SPREAD);
		trace_mark_counter(i, ~i, i, UINT64_C(0x5a5a5a5a5a5a5a5a));
	}
	arch_timer_set(UINT64_MAX);
	return i;
}

/* Whether slot n holds event n of this CPU, whole; its time is not before *ticks. */
static bool slot_is_whole(const struct trace_ring *ring, uint64_t n, uint64_t *ticks)
{
	const uint64_t *slot = trace_slot_at(ring, n);
	bool in_order = slot[0] >= *ticks;
	*ticks = slot[0];
	if (TRACE_SEQUENCE(slot[1]) != (uint32_t)n || TRACE_CPU(slot[1]) != arch_cpu()->index ||
	    TRACE_WORDS(slot[1]) > TRACE_SLOT_WORDS)
		return false;
	/* A storm's own event was not disturbed by the one that came into it. */
	return in_order && (TRACE_WORDS(slot[1]) != 6 || slot[5] != UINT64_C(0x5a5a5a5a5a5a5a5a) || slot[3] == ~slot[2]);
}

int selftest_trace(void)
{
	struct trace_ring *ring = &arch_cpu()->trace;
	uint64_t categories = ring->categories, before = ring->head, ticks = 0;
	ring->categories = UINT64_MAX;
	uint64_t own = storm(ring);
	ring->categories = categories;
	uint64_t end = ring->head;
	uint64_t mask = ring->slot_mask, first = end > mask ? end - mask : 0;
	unsigned broken = 0;
	for (uint64_t n = first; n < end; n++)
		broken += !slot_is_whole(ring, n, &ticks);
	uint64_t by_interrupts = end - before - own;
	kprintf("%s trace storm: %lu events, %lu by interrupts, %u broken\n",
		broken || by_interrupts < INTERRUPTS ? "not ok" : "ok", (unsigned long)(end - before),
		(unsigned long)by_interrupts, broken);
	return broken || by_interrupts < INTERRUPTS;
}
