/*
 * Segments and mappings: how an address finds the object behind it.
 *
 * Teaches: an address space as a short list of segments, each with its own rule (SEGMENT_LAYOUT, below), and in each a sorted list of
 * mappings.
 * Who calls: aspace.c and the fault path. Locks: the aspace's, for all of it.
 */
#pragma once

#include "abi/status.h"
#include "abi/syscall.h"
#include "abi/trace_enums.h"
#include "core/list.h"
#include "mmu.h"
#include "types.h"

struct aspace;
struct vm_object;

#define STACK_SLOT_BYTES (8 * MIB)
#define STACK_BYTES (256 * KIB)
#define VIEW_SLOT_BYTES GIB
#define DEVICE_WINDOW_BYTES (32 * GIB)

/* Changed only with both locks, its aspace's and its object's: so either is enough to read it. */
struct mapping {
	struct segment *segment;
	struct list node; /* in its segment, by address */
	uint64_t start;
	uint64_t bytes;
	unsigned rights;       /* enum rights */
	unsigned rights_max;   /* what they may be changed to: the rights of the handle it was mapped with */
	const void *hidden_by; /* the unmapping that made it unusable and is about to take it; NULL: none */
	bool window;           /* MAP_WINDOW: its object's provider looks through it */
	struct aspace *aspace;
	struct vm_object *object;
	struct list object_node; /* among the mappings of its object */
	uint64_t first_page;     /* of the object, at `start` */
};

struct segment {
	enum segment_kind kind;
	uint64_t base;
	uint64_t bytes;
	struct list mappings;
};

/* Where each starts and how long it is, on both machines, up to USER_END: X(name, base, bytes, "what it is for"). */
#define SEGMENT_LAYOUT(X)                                                                                                        \
	X(BASE, 0, TIB, "programs: text, data, and what they map at an address of their choice; page 0 is never mapped")         \
	X(STACK, TIB, TIB, "stacks, in slots of 8 MiB with a guard on both sides")                                               \
	X(DEVICE, 2 * TIB, 8 * TIB, "registers of devices, in windows of 32 GiB")                                                \
	X(VIEW, 16 * TIB, USER_END - 16 * TIB,                                                                                   \
	  "what is mapped anywhere, in slots of 1 GiB; the first page of each is never mapped")

enum { SEGMENT_BASE_INDEX, SEGMENT_STACK_INDEX, SEGMENT_DEVICE_INDEX, SEGMENT_VIEW_INDEX, SEGMENTS };

/* Lays out the segments of a new address space. */
void segments_init(struct segment segments[SEGMENTS]);

/* The segment an address lies in, or NULL. */
struct segment *segment_find(struct segment segments[SEGMENTS], uint64_t address);

/* The mapping an address lies in, or NULL. */
struct mapping *segment_mapping(const struct segment *segment, uint64_t address);

/* Whether any mapping overlaps [start, start + bytes). */
bool segment_overlaps(const struct segment *segment, uint64_t start, uint64_t bytes);

/* Puts a mapping in its place; it overlaps nothing. */
void segment_insert(struct segment *segment, struct mapping *mapping);

/*
 * An address for `bytes` in the view segment, behind the null page of the first free slots, or in the device segment, at the
 * start of the first free window. LIMIT if there is no room.
 */
enum status segment_place(const struct segment *segment, uint64_t bytes, uint64_t *address);

/* Where the stack of slot n starts: spread over the slot, so that the stacks of many threads use many groups of a hash. */
uint64_t stack_start(unsigned slot);

/* Order, overlap, containment; panics on what is wrong. For tests. */
void segment_check(const struct segment *segment);
