/*
 * Kernel objects: what a handle can stand for, and how long it lives.
 *
 * Teaches: reference counting. Whoever keeps a pointer beyond the trap at hand holds a reference; the last one to give its
 * reference up frees the thing. Who calls: handles, mappings, messages. Locks: none; the count is atomic.
 */
#pragma once

#include "types.h"

enum kobj_type { KOBJ_OBJECT, KOBJ_ENDPOINT, KOBJ_PROCESS, KOBJ_MACHINE, KOBJ_TYPES };

/* First member of every kernel object. */
struct kobj {
	enum kobj_type type;
	uint32_t id; /* never used twice in a run */
	uint32_t references;
};

/* Gives it its id and the caller's reference. */
void kobj_init(struct kobj *kobj, enum kobj_type type);

void kobj_get(struct kobj *kobj);

/* The same for something found on a list that holds no reference; false if its end has begun. */
bool kobj_try_get(struct kobj *kobj);

/* Gives up a reference. With the last one the object is freed: no lock may be held that its end needs. */
void kobj_put(struct kobj *kobj);
