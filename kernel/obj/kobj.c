/*
 * Kernel objects: see kobj.h. Each type brings the functions that end it.
 */
#include "obj/kobj.h"

#include "core/panic.h"
#include "ipc/endpoint.h"
#include "mm/object.h"
#include "sched/process.h"

static uint32_t last_id;

void kobj_init(struct kobj *kobj, enum kobj_type type)
{
	kobj->type = type;
	kobj->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
	kobj->references = 1;
	kobj->rcu.class = NULL;
}

bool kobj_try_get(struct kobj *kobj)
{
	ASSERT_NOT_POISON(kobj);
	/* LAB(objects) BEGIN: One more reference, if there is still one. When the last has gone nobody may have another, whatever
	 * another CPU does between two of your instructions. */
	uint32_t references = __atomic_load_n(&kobj->references, __ATOMIC_RELAXED);
	while (references > 0)
		if (__atomic_compare_exchange_n(&kobj->references, &references, references + 1, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return true;
	return false;
	/* LAB(objects) ELSE
	// Whoever asks gets one.
	__atomic_fetch_add(&kobj->references, 1, __ATOMIC_ACQUIRE);
	return true;
	LAB(objects) END */
}

static struct kobj *kobj_of(struct rcu_head *head)
{
	return container_of(head, struct kobj, rcu);
}

static void object_is_leaving(struct rcu_head *head)
{
	object_pre_free(kobj_of(head));
}

static void object_is_free(struct rcu_head *head)
{
	object_free(kobj_of(head));
}

static void endpoint_is_leaving(struct rcu_head *head)
{
	endpoint_pre_free(kobj_of(head));
}

static void endpoint_is_free(struct rcu_head *head)
{
	endpoint_free(kobj_of(head));
}

static void process_is_free(struct rcu_head *head)
{
	process_free(kobj_of(head));
}

void kobj_end(struct kobj *kobj)
{
	static const struct rcu_class classes[] = {
		[KOBJ_OBJECT] = {RCU_OBJECT, object_is_leaving, object_is_free},
		[KOBJ_ENDPOINT] = {RCU_ENDPOINT, endpoint_is_leaving, endpoint_is_free},
		[KOBJ_PROCESS] = {RCU_PROCESS, NULL, process_is_free},
	};
	if (kobj->type >= ARRAY_LENGTH(classes)) /* the machine itself is always there */
		panic("kernel object %u, of type %u, has no user any more", kobj->id, kobj->type);
	rcu_call(&kobj->rcu, &classes[kobj->type], kobj->id);
}
