/*
 * Kernel objects: see kobj.h. Each type brings the function that ends it.
 */
#include "obj/kobj.h"

#include "core/cpu.h"
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
}

bool kobj_try_get(struct kobj *kobj)
{
	uint32_t references = __atomic_load_n(&kobj->references, __ATOMIC_RELAXED);
	while (references > 0)
		if (__atomic_compare_exchange_n(&kobj->references, &references, references + 1, false, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

/* The machine itself is always there. */
static void machine_free(struct kobj *kobj)
{
	panic("the machine, kernel object %u, has no user any more", kobj->id);
}

/* The next that this CPU has to free; NULL, and it is at it no more, if there is none. */
static struct kobj *take_next(struct cpu *cpu)
{
	bool irqs = arch_irq_save();
	struct kobj *kobj = cpu->to_end;
	cpu->ends_objects = kobj;
	if (kobj)
		cpu->to_end = kobj->next_to_end;
	arch_irq_restore(irqs);
	return kobj;
}

void kobj_end(struct kobj *kobj)
{
	struct cpu *cpu = arch_cpu();
	static void (*const end[KOBJ_TYPES])(struct kobj * kobj) = {
		[KOBJ_OBJECT] = object_free,
		[KOBJ_ENDPOINT] = endpoint_free,
		[KOBJ_PROCESS] = process_free,
		[KOBJ_MACHINE] = machine_free,
	};
	bool irqs = arch_irq_save();
	bool inside = cpu->ends_objects;
	kobj->next_to_end = cpu->to_end;
	cpu->to_end = kobj;
	arch_irq_restore(irqs);
	if (inside)
		return;
	for (struct kobj *next; (next = take_next(cpu));)
		end[next->type](next);
}
