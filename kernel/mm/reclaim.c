/*
 * When memory is short: see reclaim.h.
 *
 *     free frames   16 %  NORMAL: pages that have not been used for long go
 *                   11 %  CRITICAL: nearly everything that can go goes
 *                PAGE_RESERVE  programs get none; the kernel and the providers still do, to get pages out
 *
 * Teaches: least recently used, as far as one can know. The MMU keeps one bit a page, "used since you last looked"; each look
 * makes a page that was not used one older, and one that was used young again. A clean page of a provider can simply be
 * dropped; a changed one has to be written back first. A thread that finds no memory waits as long as something is being written.
 * Who calls: the page allocator (hazards), the scheduler (work), the fault path. Whom: evict.h, mmu->harvest. Locks: the list's
 * to choose an object, the object's to look at a stretch of it.
 */
#include "mm/reclaim.h"

#include <trace_emit.h>

#include "core/cpu.h"
#include "core/lock.h"
#include "mm/aspace.h"
#include "mm/evict.h"
#include "mm/fault_page.h"
#include "mm/page.h"
#include "mm/request.h"
#include "sched/sched.h"

#define CRITICAL_PERCENT 11

/* A short memory is looked at once in so many allocations; one look casts out at most so many pages, and takes the lock for so many. */
#define WATCH_INTERVAL 32
#define CAST_OUT_MAX 64
#define STRETCH_PAGES 64

/* How often a failed allocation looks again: each look makes pages older. */
#define LOOKS_MAX (SLOT_AGE_MAX + 1)

static struct spinlock objects_lock = SPINLOCK(LOCK_OBJECTS);
static struct list objects = {&objects, &objects}; /* of providers; the next to be looked at first */
static struct wait_queue waiters = {{&waiters.threads, &waiters.threads}};
static uint32_t since_watch;

/* The age at which a page goes. */
static const struct {
	unsigned clean, dirty;
} age_limit[] = {
	[PRESSURE_NONE] = {SLOT_AGE_MAX + 1, SLOT_AGE_MAX + 1},
	[PRESSURE_NORMAL] = {7, 6},
	[PRESSURE_CRITICAL] = {2, 3},
};

void reclaim_add(struct vm_object *object)
{
	spin_lock(&objects_lock);
	list_insert_before(&objects, &object->cast_out_node);
	spin_unlock(&objects_lock);
}

void reclaim_remove(struct vm_object *object)
{
	spin_lock(&objects_lock);
	list_remove(&object->cast_out_node);
	spin_unlock(&objects_lock);
}

/* ---- looking at pages ---- */

struct cast_out {
	enum pressure pressure;
	struct eviction eviction;
	uint64_t looked_at, dropped, writing;
};

/* Whether any space has used the page since the last look. Called with the object's lock. */
static bool was_used(struct vm_object *object, uint64_t page)
{
	bool used = false;
	LIST_FOR_EACH (node, &object->mappings) {
		struct mapping *mapping = container_of(node, struct mapping, object_node);
		if (page < mapping->first_page || page - mapping->first_page >= mapping->bytes / PAGE_BYTES)
			continue;
		struct mmu_space *space = &mapping->aspace->space;
		spin_lock(&space->lock);
		used |= mmu->harvest(space, vaddr(mapping->start + (page - mapping->first_page) * PAGE_BYTES)).referenced;
		spin_unlock(&space->lock);
	}
	return used;
}

/* One page grows older or young again, and goes if it is old enough. Called with the object's lock. */
static void look_at(struct cast_out *cast_out, uint64_t page)
{
	struct vm_object *object = cast_out->eviction.object;
	uint64_t slot = object_slot(object, page);
	enum slot_state state = slot_state(slot);
	if ((state != SLOT_PRESENT && state != SLOT_DIRTY) || slot_pins(slot))
		return;
	cast_out->looked_at++;
	unsigned age = was_used(object, page) ? 0 : (unsigned)min_u64(slot_age(slot) + 1, SLOT_AGE_MAX);
	object_slot_set(object, page, slot_with_age(slot, age), 0);
	if (state == SLOT_PRESENT && age >= age_limit[cast_out->pressure].clean) {
		evict_drop(&cast_out->eviction, page);
		cast_out->dropped++;
	} else if (state == SLOT_DIRTY && object->write_back && age >= age_limit[cast_out->pressure].dirty) {
		if (evict_write(&cast_out->eviction, page, false) == STATUS_OK)
			cast_out->writing++;
	}
}

/* Goes once round an object, from where the last look ended, until enough pages are on their way. */
static void look_at_object(struct cast_out *cast_out, struct vm_object *object)
{
	cast_out->eviction = (struct eviction){.object = object};
	for (uint64_t seen = 0; seen < object->pages && cast_out->dropped + cast_out->writing < CAST_OUT_MAX;) {
		spin_lock(&object->lock);
		for (unsigned i = 0; i < STRETCH_PAGES && seen < object->pages && !evict_is_full(&cast_out->eviction);
		     i++, seen++) {
			object->cast_out_hand = object->cast_out_hand + 1 < object->pages ? object->cast_out_hand + 1 : 0;
			look_at(cast_out, object->cast_out_hand);
		}
		spin_unlock(&object->lock);
		evict_finish(&cast_out->eviction);
	}
}

/* The next object, with a reference; it goes to the end of the list. NULL after `end`, or if there is none. */
static struct vm_object *next_object(void)
{
	struct vm_object *found = NULL;
	spin_lock(&objects_lock);
	LIST_FOR_EACH (node, &objects) {
		struct vm_object *object = container_of(node, struct vm_object, cast_out_node);
		if (!kobj_try_get(&object->kobj))
			continue;
		list_remove(node);
		list_insert_before(&objects, node);
		found = object;
		break;
	}
	spin_unlock(&objects_lock);
	return found;
}

static unsigned count_objects(void)
{
	unsigned count = 0;
	spin_lock(&objects_lock);
	LIST_FOR_EACH (node, &objects)
		count++;
	spin_unlock(&objects_lock);
	return count;
}

static struct cast_out cast_out_once(enum pressure pressure)
{
	struct cast_out cast_out = {.pressure = pressure};
	trace_cast_out_begin(pressure, page_free_count());
	for (unsigned left = count_objects(); left > 0 && cast_out.dropped + cast_out.writing < CAST_OUT_MAX; left--) {
		struct vm_object *object = next_object();
		if (!object)
			break;
		look_at_object(&cast_out, object);
		kobj_put(&object->kobj);
	}
	trace_cast_out_end(cast_out.looked_at, cast_out.dropped, cast_out.writing);
	return cast_out;
}

uint64_t reclaim_cast_out(enum pressure pressure)
{
	struct cast_out cast_out = cast_out_once(pressure);
	return cast_out.dropped + cast_out.writing;
}

/* ---- when ---- */

static bool is_below(uint64_t free, unsigned percent)
{
	return free * 100 < page_total_count() * percent;
}

static void raise_hazard(void)
{
	cpu_hazard_raise(arch_cpu(), HAZARD_MEMORY);
}

void reclaim_watch(void)
{
	if (list_is_empty(&objects))
		return;
	if (__atomic_add_fetch(&since_watch, 1, __ATOMIC_RELAXED) % WATCH_INTERVAL == 0)
		raise_hazard();
}

/* Without the lock: who begins to wait at this moment raises the hazard itself. */
static bool somebody_waits(void)
{
	return !list_is_empty(&waiters.threads);
}

void reclaim_freed(uint64_t free)
{
	if (somebody_waits() && free > PAGE_RESERVE)
		raise_hazard();
}

void reclaim_answered(void)
{
	if (somebody_waits())
		raise_hazard();
}

/* Each waiting thread tries again, or finds that there is nothing left to wait for. */
static void release_waiters(void)
{
	for (unsigned left = wait_count(&waiters); left > 0; left--) {
		if (page_free_count() <= PAGE_RESERVE && requests_writing() > 0)
			return;
		struct thread *thread = wait_take(&waiters);
		if (!thread)
			return;
		fault_continue(thread, 0, STATUS_OK);
	}
}

void reclaim_work(void)
{
	uint64_t free = page_free_count();
	if (is_below(free, CRITICAL_PERCENT))
		reclaim_cast_out(PRESSURE_CRITICAL);
	else if (is_below(free, RECLAIM_PERCENT))
		reclaim_cast_out(PRESSURE_NORMAL);
	release_waiters();
}

bool reclaim_now(void)
{
	for (unsigned looks = 0; looks < LOOKS_MAX && !list_is_empty(&objects); looks++) {
		struct cast_out cast_out = cast_out_once(PRESSURE_CRITICAL);
		if (cast_out.dropped > 0)
			return true;
		if (cast_out.writing > 0 || cast_out.looked_at == 0)
			return false;
	}
	return false;
}

bool reclaim_wait(struct fault *fault)
{
	if (requests_writing() == 0)
		return false;
	if (fault->address != NO_ADDRESS)
		trace_fault_memory(fault->flow, fault->thread->id);
	if (fault_block(fault, &waiters, SWITCH_MEMORY, 0) != FAULT_WAITS)
		return false;
	raise_hazard(); /* the last write may have been answered in between */
	return true;
}
