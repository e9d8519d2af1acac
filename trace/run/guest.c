/*
 * Finding one's way in a guest's RAM without symbols: the descriptor first, the rings from there.
 *
 * Teaches: a debug descriptor (abi/descriptor.h). It starts a page with an eyecatcher, so it is found by looking at the start
 * of every page, and its byte order mark says how to read the rest. Who calls: run.c, again and again until the rings exist.
 * Invariant: whatever the guest wrote, no pointer kept here leads out of its RAM.
 */
#include <byteswap.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "run/run.h"
#include "schema.h"

#define PAGE 4096

/* The RAM is searched anew at every look so often, in case the first page found was only a copy. */
#define LOOKS_BETWEEN_SEARCHES 32

uint64_t run_guest64(const struct run_guest *guest, uint64_t word)
{
	return guest->swapped ? bswap_64(word) : word;
}

uint32_t run_guest32(const struct run_guest *guest, uint32_t word)
{
	return guest->swapped ? bswap_32(word) : word;
}

/* Whether a descriptor whose byte order mark is written starts at this offset. */
static bool is_descriptor(const struct run_qemu *qemu, uint64_t offset)
{
	const volatile struct descriptor *descriptor = (const void *)(qemu->ram + offset);
	uint64_t order;
	char start[sizeof(descriptor->eyecatcher)];
	/* Read through the file: a look at a hole through the mapping would fill it with a page. */
	if (pread(qemu->ram_file, start, sizeof(start), (off_t)offset) != sizeof(start) ||
	    memcmp(start, DESCRIPTOR_EYECATCHER, sizeof(DESCRIPTOR_EYECATCHER)) != 0 ||
	    offset + sizeof(*descriptor) > qemu->ram_bytes)
		return false;
	order = descriptor->byte_order;
	return order == DESCRIPTOR_BYTE_ORDER || bswap_64(order) == DESCRIPTOR_BYTE_ORDER;
}

/* Which of two descriptors is the live one: that which knows more entries, or has a verdict. */
static bool knows_more(const struct run_guest *guest, const volatile struct descriptor *than)
{
	const volatile struct descriptor *descriptor = guest->descriptor;
	return !than || run_guest32(guest, descriptor->entries) > run_guest32(guest, than->entries) ||
	       (descriptor->verdict != 0 && than->verdict == 0);
}

/* Looks at the start of each page that was ever written. */
static void search(struct run_guest *guest)
{
	const struct run_qemu *qemu = guest->qemu;
	off_t end = 0, start;
	while ((start = lseek(qemu->ram_file, end, SEEK_DATA)) >= 0) {
		end = lseek(qemu->ram_file, start, SEEK_HOLE);
		if (end <= start)
			break;
		for (uint64_t page = (uint64_t)start / PAGE * PAGE; page + PAGE <= (uint64_t)end; page += PAGE) {
			const volatile struct descriptor *before = guest->descriptor;
			if (!is_descriptor(qemu, page))
				continue;
			guest->descriptor = (const void *)(qemu->ram + page);
			guest->swapped = guest->descriptor->byte_order != DESCRIPTOR_BYTE_ORDER;
			if (!knows_more(guest, before))
				guest->descriptor = before;
		}
	}
}

/* The entry with this label, or NULL. */
static const volatile struct descriptor_entry *find_entry(const struct run_guest *guest, const char *label)
{
	uint32_t entries = run_guest32(guest, guest->descriptor->entries);
	for (uint32_t i = 0; i < entries && i < DESCRIPTOR_ENTRIES_MAX; i++)
		if (!strncmp((const char *)guest->descriptor->entry[i].label, label, sizeof(guest->descriptor->entry[i].label)))
			return &guest->descriptor->entry[i];
	return NULL;
}

static bool lies_in_ram(const struct run_guest *guest, uint64_t address, uint64_t bytes)
{
	return address % sizeof(uint64_t) == 0 && bytes <= guest->qemu->ram_bytes && address <= guest->qemu->ram_bytes - bytes;
}

/* Notes where a CPU's ring is, if it exists already. False if it cannot be where the guest says. */
static bool take_ring(struct run_guest *guest, unsigned cpu, uint64_t address)
{
	if (!lies_in_ram(guest, address, sizeof(struct trace_ring)))
		return false;
	const volatile struct trace_ring *ring = (const void *)(guest->qemu->ram + address);
	uint64_t slots = run_guest64(guest, ring->slots_paddr);
	if (!slots)
		return true;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	uint64_t count = run_guest64(guest, ring->slot_mask) + 1;
	if (count < 2 * TRACE_MARGIN_SLOTS || count & (count - 1) || count > guest->qemu->ram_bytes / TRACE_SLOT_BYTES ||
	    !lies_in_ram(guest, slots, count * TRACE_SLOT_BYTES))
		return false;
	guest->ring[cpu] = ring;
	guest->slots[cpu] = (const void *)(guest->qemu->ram + slots);
	guest->slot_count[cpu] = count;
	guest->rings++;
	return true;
}

/* Takes the rings that exist. False after having said that they are nonsense. */
static bool take_rings(struct run_guest *guest)
{
	const volatile struct descriptor_entry *entry = find_entry(guest, "trace-ring");
	if (!entry)
		return true;
	uint64_t first = run_guest64(guest, entry->paddr), stride = run_guest64(guest, entry->stride);
	uint64_t count = run_guest64(guest, entry->count);
	if (count == 0 || count > RUN_CPUS_MAX)
		return say("the guest's descriptor speaks of %" PRIu64 " rings; at most %d can be read", count, RUN_CPUS_MAX),
		       false;
	for (unsigned i = 0; i < count; i++)
		if (!guest->ring[i] && !take_ring(guest, i, first + i * stride))
			return say("the event ring of CPU %u is not in the guest's RAM: the descriptor is damaged", i), false;
	guest->cpus = (unsigned)count;
	return true;
}

static bool schema_agrees(const struct run_guest *guest)
{
	uint64_t hash = run_guest64(guest, guest->descriptor->schema_hash);
	if (hash == schema_hash())
		return true;
	return say("the kernel was built from another trace/events.h (schema %016" PRIx64 ") than this program (%016" PRIx64
		   "): build both, `make all`",
		   hash, schema_hash()),
	       false;
}

/* How long a descriptor that disagrees is looked at again: a loader may be writing over a copy that it has used. */
#define DOUBTS 25
#define DOUBT_US 2000

/* Whether the descriptor is one that disagrees, and stays so. */
static bool disagrees_for_good(struct run_guest *guest)
{
	for (unsigned i = 0; i < DOUBTS; i++) {
		uint64_t offset = (uint64_t)((const volatile uint8_t *)guest->descriptor - guest->qemu->ram);
		if (run_guest64(guest, guest->descriptor->schema_hash) == schema_hash() || !is_descriptor(guest->qemu, offset))
			return false;
		usleep(DOUBT_US);
	}
	return true;
}

bool run_guest_look(struct run_guest *guest)
{
	if (guest->cpus && guest->rings == guest->cpus)
		return true;
	/* A loader reads the kernel piece by piece: what was found may have been a copy on its way, and be gone. */
	if (!guest->cpus && guest->descriptor &&
	    !is_descriptor(guest->qemu, (uint64_t)((const volatile uint8_t *)guest->descriptor - guest->qemu->ram)))
		guest->descriptor = NULL;
	if (!guest->cpus && (!guest->descriptor || guest->looks % LOOKS_BETWEEN_SEARCHES == 0))
		search(guest);
	guest->looks++;
	/* Until the kernel has made its first entry, it may still be such a copy. */
	if (!guest->descriptor || !run_guest32(guest, guest->descriptor->entries))
		return true;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (run_guest64(guest, guest->descriptor->schema_hash) == schema_hash())
		return take_rings(guest);
	return !disagrees_for_good(guest) || schema_agrees(guest);
}

/* Copies text that the guest wrote, making it text if it is not. */
static void take_text(char *to, const volatile char *from, size_t bytes)
{
	size_t length = 0;
	memset(to, 0, bytes);
	while (length < bytes - 1 && from[length] >= ' ' && from[length] <= '~') {
		to[length] = from[length];
		length++;
	}
}

void run_guest_describe(const struct run_guest *guest, struct format_header *header)
{
	const volatile struct descriptor *descriptor = guest->descriptor;
	take_text(header->machine, descriptor->machine, sizeof(header->machine));
	take_text(header->mmu, descriptor->mmu, sizeof(header->mmu));
	take_text(header->program, descriptor->program, sizeof(header->program));
	take_text(header->build_id, descriptor->build_id, sizeof(header->build_id));
	header->clock_hz = run_guest64(guest, descriptor->clock_hz);
	header->boot_ticks = run_guest64(guest, descriptor->boot_ticks);
	header->user_ticks = run_guest64(guest, descriptor->user_ticks);
	header->exit_status = run_guest64(guest, descriptor->exit_status);
	header->cpus_online = run_guest32(guest, descriptor->cpus_online);
	header->verdict = (uint32_t)run_guest64(guest, descriptor->verdict);
	if (header->clock_hz > FORMAT_CLOCK_HZ_MAX)
		header->clock_hz = 0;
}
