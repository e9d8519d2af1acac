/*
 * The event ring: how an event lies in guest RAM. The kernel writes it, the host reads it, and nobody else.
 *
 * Every CPU has a ring of 64-byte slots. A slot is eight 64-bit words in the guest's byte order:
 *
 *     word 0   timestamp, in ticks of the machine's clock
 *     word 1   63           32 31          16 15         6 5          0
 *             +---------------+--------------+------------+------------+
 *             |   sequence    |     CPU      |  event id  |   words    |
 *             +---------------+--------------+------------+------------+
 *     word 2.. the event's fields, `words` - 2 of them
 *
 * The n-th event of a CPU lies in slot n mod (slots) and carries the low 32 bits of n as its sequence. Word 1 is written last,
 * so a reader that finds the sequence it expects has a whole event, and one that finds another sequence knows that the event
 * is not there yet (an older number) or has been overwritten (a newer one). `head` counts the events that were begun.
 *
 * Fixed slots cost some RAM and buy what matters: an interrupt may emit in the middle of an emission, a reader never
 * takes old words for a header, and a reader that was too slow knows exactly how many events it lost.
 */
#pragma once

#include <stdint.h>

#define TRACE_SLOT_WORDS 8
#define TRACE_SLOT_BYTES (8 * TRACE_SLOT_WORDS)
#define TRACE_FIELDS_MAX (TRACE_SLOT_WORDS - 2)

#define TRACE_WORDS(header) ((unsigned)((header)&0x3f))
#define TRACE_ID(header) ((unsigned)((header) >> 6 & 0x3ff))
#define TRACE_CPU(header) ((unsigned)((header) >> 16 & 0xffff))
#define TRACE_SEQUENCE(header) ((uint32_t)((header) >> 32))

/* Makes word 1 of an event. */
static inline uint64_t trace_header(uint32_t sequence, unsigned cpu, unsigned id, unsigned words)
{
	return (uint64_t)sequence << 32 | (uint64_t)cpu << 16 | (uint64_t)id << 6 | words;
}

/* A reader may trust a slot only while `head` is at most this many slots short of coming round to it. */
#define TRACE_MARGIN_SLOTS 16

/* One CPU's ring, as the descriptor's "trace-ring" entries show it to the host. Six words. */
struct trace_ring {
	uint64_t head;        /* events begun on this CPU since boot */
	uint64_t slot_mask;   /* how many slots there are, a power of two, less one */
	uint64_t categories;  /* bit n: events of category n are emitted */
	uint64_t header_base; /* the CPU's number, in place for the header */
	uint64_t slots;       /* kernel virtual address of the first slot */
	uint64_t slots_paddr; /* the same as a physical address; 0 until the ring exists */
};
