/*
 * What every emitter is made of: which ring, which slot, and the header that makes the event visible.
 *
 * Teaches: tracing without a lock. Only its own CPU writes a ring, so all there is to fear is an interrupt in the middle; and
 * the header is stored last, with release order, so the host never sees half an event. abi/trace_ring.h draws the slot.
 * Who calls: only the generated emitters, trace_<event>() in <trace_emit.h>.
 */
#pragma once

#include "abi/trace_ring.h"
#include "core/cpu.h"

/* This CPU's ring if the category is switched on, else NULL. */
static inline __attribute__((always_inline)) struct trace_ring *trace_ring_if(uint32_t category)
{
	struct trace_ring *ring = &arch_cpu()->trace;
	return __builtin_expect((ring->categories & category) != 0, 1) ? ring : NULL;
}

/* The slot of an event. */
static inline __attribute__((always_inline)) uint64_t *trace_slot_at(const struct trace_ring *ring, uint64_t sequence)
{
	static_assert(TRACE_SLOT_BYTES == 1 << 6);
	return (uint64_t *)(uintptr_t)(ring->slots + ((sequence & ring->slot_mask) << 6));
}

static inline __attribute__((always_inline)) void trace_commit(const struct trace_ring *ring, uint64_t *slot, uint64_t sequence,
							       unsigned id, unsigned words)
{
	uint64_t header = arch_trace_header(sequence, ring->header_base) | id << 6 | words;
	__atomic_store_n(&slot[1], header, __ATOMIC_RELEASE);
}
