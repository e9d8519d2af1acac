/*
 * vm_object: pages, and where they come from.
 *
 * Teaches: the portable truth about memory. Each page of an object has a *slot*, the shadow PTE: what the kernel knows of the
 * page whatever the MMU has forgotten.
 *
 *      63                                12 11      8 7    6      5   3 2     0
 *     +------------------------------------+---------+----+------+-----+-------+
 *     |            page frame              |  pins   |keep|shared| age | state |
 *     +------------------------------------+---------+----+------+-----+-------+
 *
 * The states of a page that a provider brings (enum slot_state):
 *
 *                       +---------------- dropped while clean ----------------+
 *                       v                                                     |
 *     ABSENT --fault--> READING --reply--> PRESENT --store--> DIRTY --write back--> WRITING --fault--> WANTED
 *       ^                  |                 ^  ^                                      |                  |
 *       +---- error -------+                 |  +------------ reply, if it is kept ----+---- reply -------+
 *       +------------------------------------+--------------- reply, if it is not -----+
 *
 * Pages of other objects are ABSENT or PRESENT only. A frame is `shared` when another object may have it too: before a store it
 * is copied. `age` counts how often the page was looked at and had not been used; `pins` keep it where it is for the
 * time of a system call; `keep` makes it stay when what is being written is written.
 */
#pragma once

#include "abi/status.h"
#include "abi/trace_enums.h"
#include "core/list.h"
#include "core/lock_type.h"
#include "obj/kobj.h"
#include "types.h"

struct endpoint;
struct mapping;

#define SLOT_STATE_MASK UINT64_C(7)
#define SLOT_AGE_SHIFT 3
#define SLOT_AGE_MAX 7
#define SLOT_SHARED (UINT64_C(1) << 6)
#define SLOT_KEEP (UINT64_C(1) << 7)
#define SLOT_PIN_SHIFT 8
#define SLOT_PINS_MAX 15

/* Slots in a chunk, which is a page of them. */
#define CHUNK_SLOTS (PAGE_BYTES / sizeof(uint64_t))

/* An object with slots has at most 1 GiB, the size of a view's slot; a device's registers at most a window of the device segment. */
#define OBJECT_PAGES_MAX (GIB / PAGE_BYTES)
#define DEVICE_PAGES_MAX (32 * GIB / PAGE_BYTES)

struct vm_object {
	struct kobj kobj;
	struct spinlock lock; /* everything below that changes */
	enum object_kind kind;
	bool anonymous;       /* made by vm_map: no handle, so what no mapping shows is gone */
	bool write_back;      /* PROVIDER: changed pages go back to it */
	uint64_t pages;       /* how large it is */
	uint64_t present;     /* pages with a frame in their slot */
	uint64_t **chunks;    /* one page of pointers to pages of 512 slots; NULL where all are absent */
	struct paddr base;    /* PHYSICAL, DEVICE: where it lies; these have no slots */
	struct list mappings; /* that show it, linked by object_node */

	/* COPY: pages that are absent here are the source's, from source_page; NULL: zeros. */
	struct vm_object *source;
	uint64_t source_page;

	/* PROVIDER */
	struct endpoint *endpoint;
	uint64_t key;              /* the provider's name for it */
	struct list requests;      /* not answered yet */
	struct list cast_out_node; /* among all objects of providers */
	uint64_t cast_out_hand;    /* the page at which the last look for pages to cast out ended */
};

static inline struct vm_object *object_of(struct kobj *kobj)
{
	return container_of(kobj, struct vm_object, kobj);
}

static inline enum slot_state slot_state(uint64_t slot)
{
	return (enum slot_state)(slot & SLOT_STATE_MASK);
}

static inline struct paddr slot_frame(uint64_t slot)
{
	return paddr(slot & ~(PAGE_BYTES - 1));
}

static inline unsigned slot_age(uint64_t slot)
{
	return slot >> SLOT_AGE_SHIFT & SLOT_AGE_MAX;
}

static inline unsigned slot_pins(uint64_t slot)
{
	return slot >> SLOT_PIN_SHIFT & SLOT_PINS_MAX;
}

/* The slot in another state, with everything else as it was. */
static inline uint64_t slot_with_state(uint64_t slot, enum slot_state state)
{
	return (slot & ~SLOT_STATE_MASK) | state;
}

static inline uint64_t slot_with_age(uint64_t slot, unsigned age)
{
	return (slot & ~((uint64_t)SLOT_AGE_MAX << SLOT_AGE_SHIFT)) | (uint64_t)age << SLOT_AGE_SHIFT;
}

/* New objects, each with one reference. INVALID for no pages, LIMIT for too many, NO_MEMORY. */
enum status object_create(uint64_t pages, struct vm_object **object);

/* Given memory, or a device's registers: INVALID if the range is not page-aligned or, for a device, is RAM. */
enum status object_create_fixed(enum object_kind kind, struct paddr base, uint64_t pages, struct vm_object **object);

/* An object whose pages the server of `endpoint` brings; `key` goes with every request. */
enum status object_create_provided(struct endpoint *endpoint, uint64_t pages, uint64_t key, bool write_back,
				   struct vm_object **object);

/*
 * A copy of `pages` pages of `source` from `first`. Of memory it is a snapshot: pages are shared until one side writes. Pages
 * that a provider brings are taken when they are first touched, as they are then. A copy of a copy has the same source as that
 * one, so there is never a chain to walk.
 */
enum status object_copy(struct vm_object *source, uint64_t first, uint64_t pages, struct vm_object **object);

/*
 * Ends an object nobody has a reference to. Its frames go back at once, but those that a system call has pinned; the rest when no CPU can be
 * looking at its slots.
 */
void object_pre_free(struct kobj *kobj);
void object_free(struct kobj *kobj);

/* The slot of a page, as a value. Called with the object's lock held, as all below but object_sync(). */
static inline uint64_t object_slot(const struct vm_object *object, uint64_t page)
{
	if (!object->chunks)
		return (object->base.p + page * PAGE_BYTES) | SLOT_PRESENT;
	const uint64_t *chunk = object->chunks[page / CHUNK_SLOTS];
	return chunk ? chunk[page % CHUNK_SLOTS] : SLOT_ABSENT;
}

/* Makes room for the slot of a page, so that setting it cannot fail. NO_MEMORY. */
enum status object_slot_prepare(struct vm_object *object, uint64_t page);

/* Sets a slot that has room; tells the trace if its state changes. `flow` says on whose behalf, 0 if nobody's. */
void object_slot_set(struct vm_object *object, uint64_t page, uint64_t slot, uint64_t flow);

/*
 * Keeps a page that has a frame where it is; false if it is pinned as often as can be counted. The second takes the lock itself.
 * Fixed memory needs no pins.
 */
bool object_pin(struct vm_object *object, uint64_t page);
void object_unpin(struct vm_object *object, uint64_t page);

/* Gives an absent page a zeroed frame. NO_MEMORY. */
enum status object_fill(struct vm_object *object, uint64_t page, uint64_t flow, uint64_t *slot);

/*
 * Removes the translations of a range of pages from every space that shows them. Returns its users, the CPUs that may still have them, for
 * object_sync(), which has to come before the frames are used otherwise and takes no lock: it waits until no CPU does.
 */
uint64_t object_unmap(struct vm_object *object, uint64_t first, uint64_t pages);
void object_sync(uint64_t users);

/* Forgets pages: they are absent again, and their frames go back. After mmu->sync. Takes the lock. */
void object_discard(struct vm_object *object, uint64_t first, uint64_t pages);

/* Holds counts and states against the slots; panics on what is wrong. For tests. Takes the lock. */
void object_check(struct vm_object *object);
