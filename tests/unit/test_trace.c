/*
 * The event ring: what the kernel writes and what a reader may believe.
 *
 * Teaches: claim, fill, commit. An interrupt that emits in the middle of an emission takes the next slot; a reader never sees
 * half an event; and an event that was overwritten is known to be lost, because its slot carries another number.
 */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <trace_emit.h>

#include "core/end.h"
#include "trace/ring.h"

#define SLOTS 256 /* of sim_start() */
enum { EVENT_FREE_PAGES = 96, EVENT_MARK_COUNTER = 123, EVENT_IDLE_BEGIN = 8, EVENT_IRQ_EXIT = 41 };

static struct trace_ring *ring;

static void start(void)
{
	sim_start(2, MIB);
	ring = &arch_cpu()->trace;
}

static void test_one_event(void)
{
	start();
	trace_mark_counter(1, 2, 3, 4);
	const uint64_t *event = sim_event(0, 0);
	assert_non_null(event);
	assert_int_equal(event[0], sim_clock());
	assert_int_equal(TRACE_ID(event[1]), EVENT_MARK_COUNTER);
	assert_int_equal(TRACE_WORDS(event[1]), 6);
	assert_int_equal(TRACE_CPU(event[1]), 0);
	assert_int_equal(TRACE_SEQUENCE(event[1]), 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(event[2 + i], i + 1);
	assert_int_equal(ring->head, 1);
	trace_idle_begin();
	assert_int_equal(TRACE_WORDS(sim_event(0, 1)[1]), 2);
}

static void test_per_cpu(void)
{
	start();
	trace_free_pages(10);
	sim_cpu_set(1);
	trace_free_pages(11);
	trace_free_pages(12);
	assert_int_equal(cpus[0].trace.head, 1);
	assert_int_equal(cpus[1].trace.head, 2);
	assert_int_equal(TRACE_CPU(sim_event(1, 1)[1]), 1);
	assert_int_equal(sim_event(1, 1)[2], 12);
}

static void test_categories(void)
{
	start();
	ring->categories = 0;
	trace_free_pages(1);
	assert_int_equal(ring->head, 0);
	for (unsigned bit = 0; bit < 32; bit++) {
		uint64_t before = ring->head;
		ring->categories = UINT64_C(1) << bit;
		trace_free_pages(1);
		trace_mark_counter(1, 2, 3, 4);
		trace_idle_begin();
		assert_true(ring->head - before <= 1);
	}
	assert_int_equal(ring->head, 3); /* each of the three has exactly one category */
}

static void test_wrap(void)
{
	start();
	for (uint64_t n = 0; n < 10 * SLOTS + 7; n++) {
		trace_mark_counter(n, ~n, 0, 0);
		assert_int_equal(ring->head, n + 1);
		assert_non_null(sim_event(0, n));
		if (n >= SLOTS) {
			assert_null(sim_event(0, n - SLOTS)); /* overwritten, and known to be */
			assert_int_equal(sim_event(0, n - SLOTS + 1)[2], n - SLOTS + 1);
		}
	}
	uint64_t ticks = 0;
	for (uint64_t n = ring->head - SLOTS; n < ring->head; n++) {
		const uint64_t *event = sim_event(0, n);
		assert_true(event && event[0] > ticks && event[2] == n && event[3] == ~n);
		ticks = event[0];
	}
}

/* ---- an emission in the middle of another ---- */

static unsigned depth;

static void interrupt(void)
{
	/* The outer event is begun: it counts, but nobody may take its slot for an event. */
	assert_null(sim_event(0, 0));
	trace_irq_exit(77);
	assert_int_equal(TRACE_ID(sim_event(0, 1)[1]), EVENT_IRQ_EXIT);
	assert_null(sim_event(0, 0));
}

static void test_nested(void)
{
	start();
	sim_trace_interrupt(interrupt);
	trace_mark_counter(1, 2, 3, 4);
	assert_int_equal(ring->head, 2);
	const uint64_t *outer = sim_event(0, 0), *inner = sim_event(0, 1);
	assert_true(outer && inner);
	assert_int_equal(TRACE_ID(outer[1]), EVENT_MARK_COUNTER);
	assert_int_equal(outer[5], 4);
	assert_true(outer[0] <= inner[0]); /* the one begun first has the earlier time */
}

static void interrupt_deeper(void)
{
	if (depth++ < 20)
		sim_trace_interrupt(interrupt_deeper);
	trace_free_pages(depth);
}

static void test_nested_deep(void)
{
	start();
	sim_trace_interrupt(interrupt_deeper);
	trace_mark_counter(1, 2, 3, 4);
	assert_int_equal(ring->head, 22);
	uint64_t ticks = 0;
	for (uint64_t n = 0; n < 22; n++) {
		const uint64_t *event = sim_event(0, n);
		assert_true(event && event[0] >= ticks);
		assert_int_equal(TRACE_ID(event[1]), n ? EVENT_FREE_PAGES : EVENT_MARK_COUNTER);
		ticks = event[0];
	}
}

/*
 * An interrupt that wraps the ring: the outer event is lost, and its slot must not be taken for it or for any other whole one.
 */
static void interrupt_wraps(void)
{
	for (unsigned i = 0; i < SLOTS; i++)
		trace_free_pages(i);
}

static void test_nested_wrap(void)
{
	start();
	sim_trace_interrupt(interrupt_wraps);
	trace_mark_counter(1, 2, 3, 4);
	assert_int_equal(ring->head, SLOTS + 1);
	for (uint64_t n = 1; n < SLOTS; n++)
		assert_int_equal(sim_event(0, n)[2], n - 1);
	/*
	 * Slot 0 holds either; a reader that wants event 256 and finds event 0 there counts it as lost, and the other way
	 * round.
	 */
	assert_true(!sim_event(0, 0) || !sim_event(0, SLOTS));
}

/* ---- making the rings ---- */

static void test_init(void)
{
	sim_start_with_pages(2, 32 * MIB);
	assert_int_equal(trace_init(0, UINT64_MAX), STATUS_INVALID);
	assert_int_equal(trace_init(3, UINT64_MAX), STATUS_INVALID);
	assert_int_equal(trace_init(12, UINT64_MAX), STATUS_INVALID);
	assert_int_equal(trace_init(UINT64_C(1) << 40, UINT64_MAX), STATUS_INVALID);
	assert_int_equal(trace_init(UINT64_MAX, UINT64_MAX), STATUS_INVALID);
	assert_int_equal(trace_init(16384, UINT64_MAX), STATUS_NO_MEMORY);
}

static void test_first_event_of_a_dirty_ring(void)
{
	sim_start_with_pages(2, 4 * MIB); /* all of it garbage */
	assert_int_equal(trace_init(16, UINT64_MAX), STATUS_OK);
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		assert_int_equal(cpus[cpu].trace.slot_mask, 16 * KIB / TRACE_SLOT_BYTES - 1);
		assert_int_equal((uintptr_t)arch_phys_to_virt(paddr(cpus[cpu].trace.slots_paddr)), cpus[cpu].trace.slots);
		for (uint64_t n = cpus[cpu].trace.head; n <= cpus[cpu].trace.slot_mask; n++)
			assert_null(sim_event(cpu, n));
	}
	const struct descriptor_entry *entry = &descriptor.entry[descriptor.entries - 1];
	assert_string_equal(entry->label, "trace-ring");
	assert_int_equal(entry->count, 2);
}

static const struct sim_test tests[] = {
	{"one_event", test_one_event},
	{"per_cpu", test_per_cpu},
	{"categories", test_categories},
	{"wrap", test_wrap},
	{"nested", test_nested},
	{"nested_deep", test_nested_deep},
	{"nested_wrap", test_nested_wrap},
	{"init", test_init},
	{"first_event_of_a_dirty_ring", test_first_event_of_a_dirty_ring},
};

int main(void)
{
	return sim_test_main("trace", tests, ARRAY_LENGTH(tests));
}
