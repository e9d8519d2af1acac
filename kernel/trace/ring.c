/*
 * Makes the event rings. Writing them is inline, in emit.h; reading them is the host's.
 *
 * Teaches: a ring is just memory both sides agree on. The kernel shows the host where it lies through the debug descriptor.
 * Who calls: boot, once. Locks: none.
 */
#include "trace/ring.h"

#include "core/cpu.h"
#include "core/end.h"
#include "mm/page.h"

static enum status ring_make(struct cpu *cpu, unsigned order, uint64_t categories)
{
	struct paddr memory;
	TRY(page_alloc(order, &memory));
	struct trace_ring *ring = &cpu->trace;
	uint64_t *slots = arch_phys_to_virt(memory);
	/*
	 * No header yet; slot n > 0 cannot be taken for event n while it holds another's sequence. It is 0 as a rule, and is not
	 * stored then: a store would be what `vitrine at` waits for (trace/at/reach.c).
	 */
	if (slots[1])
		slots[1] = 0;
	ring->slot_mask = (PAGE_BYTES << order) / TRACE_SLOT_BYTES - 1;
	ring->header_base = (uint64_t)cpu->index << 16;
	ring->slots = (uint64_t)(uintptr_t)slots;
	ring->slots_paddr = memory.p;
	__atomic_store_n(&ring->categories, categories, __ATOMIC_RELEASE);
	return STATUS_OK;
}

enum status trace_init(uint64_t kib, uint64_t categories)
{
	uint64_t pages = kib * KIB / PAGE_BYTES;
	if (pages == 0 || (pages & (pages - 1)) || pages > UINT64_C(1) << PAGE_ORDER_MAX)
		return STATUS_INVALID;
	for (unsigned i = 0; i < cpus_present; i++)
		TRY(ring_make(&cpus[i], (unsigned)__builtin_ctzll(pages), categories));
	descriptor_add("trace-ring", &cpus[0].trace, sizeof(struct trace_ring), cpus_present, sizeof(struct cpu));
	return STATUS_OK;
}
