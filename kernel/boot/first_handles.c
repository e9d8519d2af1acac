/*
 * What the first process is given: see abi/handle.h.
 *
 * Teaches: authority has a beginning. The kernel gives everything it knows to one process; all others get from it, or from each
 * other, what they need and no more.
 * Who calls: boot. Whom: object.h, handle.h. Locks: none.
 */
#include "boot/first_handles.h"

#include "boot/information.h"
#include "mm/object.h"

static struct kobj machine = {.type = KOBJ_MACHINE, .references = 1};

/* Adds an object, whose reference goes with it, as the handle that has to come next. */
static enum status give(struct handle_table *table, struct kobj *kobj, unsigned rights)
{
	uint64_t number;
	enum status status = handle_create(table, kobj, rights | HANDLE_GIVE, &number);
	kobj_put(kobj);
	return status;
}

enum status first_handles_give(const struct boot_info *boot, struct handle_table *table)
{
	struct vm_object *object;
	kobj_get(&machine);
	TRY(give(table, &machine, HANDLE_MANAGE));
	TRY(object_create_fixed(OBJECT_PHYSICAL, arch_virt_to_phys(information.page), 1, &object));
	TRY(give(table, &object->kobj, HANDLE_READ));
	TRY(object_create_fixed(OBJECT_PHYSICAL, boot->archive.base, round_up(boot->archive.bytes, PAGE_BYTES) / PAGE_BYTES,
				&object));
	return give(table, &object->kobj, HANDLE_READ);
}
