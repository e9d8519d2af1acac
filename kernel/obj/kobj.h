/*
 * Kernel objects: what a handle can stand for, and how long it lives.
 *
 * Teaches: reference counting. Whoever keeps a pointer beyond the trap at hand holds a reference; the last one to give its
 * reference up frees the thing. What is freed may hold the last reference to the next thing, and so on without end; so the things
 * are freed one after the other, not one inside the other. Who calls: handles, mappings, messages. Locks: none; the count is atomic.
 */
#pragma once

#include "core/panic.h"
#include "types.h"

enum kobj_type { KOBJ_OBJECT, KOBJ_ENDPOINT, KOBJ_PROCESS, KOBJ_MACHINE, KOBJ_TYPES };

/* First member of every kernel object. */
struct kobj {
	enum kobj_type type;
	uint32_t id; /* never used twice in a run */
	uint32_t references;
	struct kobj *next_to_end; /* once there are none: on its CPU's list */
};

/* Gives it its id and the caller's reference. */
void kobj_init(struct kobj *kobj, enum kobj_type type);

static inline void kobj_get(struct kobj *kobj)
{
	uint32_t before = __atomic_fetch_add(&kobj->references, 1, __ATOMIC_RELAXED);
	ASSERT(before > 0);
	(void)before;
}

/* The same for something found on a list that holds no reference; false if its end has begun. */
bool kobj_try_get(struct kobj *kobj);

/* For the next: frees an object that nobody has a reference to, and what that leaves without any; inside itself, later. */
void kobj_end(struct kobj *kobj);

/* Gives up a reference. With the last one the object is freed: no lock may be held that its end needs. */
static inline void kobj_put(struct kobj *kobj)
{
	uint32_t before = __atomic_fetch_sub(&kobj->references, 1, __ATOMIC_RELEASE);
	ASSERT(before > 0);
	if (__builtin_expect(before == 1, 0)) {
		__atomic_thread_fence(__ATOMIC_ACQUIRE); /* what all the others did to it comes before its end */
		kobj_end(kobj);
	}
}
