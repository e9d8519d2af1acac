/*
 * Kernel objects: what a handle can stand for, and how long it lives.
 *
 * Teaches: reference counting beside RCU. Whoever keeps a pointer beyond its stay in the kernel holds a reference; whoever does not needs
 * none: an object that was found is there until the CPU leaves the kernel, even if its last reference goes meanwhile. So what
 * was found through a handle is *borrowed*: to keep it, ask with kobj_try_get(), which says no when the end has begun.
 * Who calls: handles, mappings, messages. Whom: rcu.h. Locks: none; the count is atomic.
 */
#pragma once

#include "core/panic.h"
#include "core/poison.h"
#include "core/rcu.h"
#include "types.h"

enum kobj_type { KOBJ_OBJECT, KOBJ_ENDPOINT, KOBJ_PROCESS, KOBJ_MACHINE, KOBJ_TYPES };

/* First member of every kernel object. */
struct kobj {
	enum kobj_type type;
	uint32_t id; /* never used twice in a run */
	uint32_t references;
	struct rcu_head rcu; /* for its end */
};

/* Gives it its id and the caller's reference. */
void kobj_init(struct kobj *kobj, enum kobj_type type);

/* One more reference, for who has one or holds what does. */
static inline void kobj_get(struct kobj *kobj)
{
	ASSERT_NOT_POISON(kobj);
	uint32_t before = __atomic_fetch_add(&kobj->references, 1, __ATOMIC_RELAXED);
	ASSERT(before > 0);
	(void)before;
}

/* The same for something borrowed; false if its end has begun. */
bool kobj_try_get(struct kobj *kobj);

/* For the next: nobody has a reference any more. */
void kobj_end(struct kobj *kobj);

/* Gives up a reference. With the last one the object's end begins: no lock may be held that its pre_free needs. */
static inline void kobj_put(struct kobj *kobj)
{
	ASSERT_NOT_POISON(kobj);
	uint32_t before = __atomic_fetch_sub(&kobj->references, 1, __ATOMIC_RELEASE);
	ASSERT(before > 0);
	if (__builtin_expect(before == 1, 0)) {
		__atomic_thread_fence(__ATOMIC_ACQUIRE); /* what all the others did to it comes before its end */
		kobj_end(kobj);
	}
}
