/*
 * What the first process is given: see abi/handle.h.
 *
 * Teaches: authority has a beginning. The kernel gives everything it knows to one process; all others get from it, or from each
 * other, what they need and no more.
 * Who calls: boot. Whom: object.h, handle.h. Locks: none.
 */
#include "boot/first_handles.h"

#include "core/lock.h"
#include "core/string.h"
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

static enum status make_information(const struct boot_info *boot, struct vm_object **object)
{
	uint64_t slot;
	static_assert(sizeof(struct boot_information) <= PAGE_BYTES, "it is one page");
	TRY(object_create(1, object));
	spin_lock(&(*object)->lock);
	enum status status = object_fill(*object, 0, 0, &slot);
	spin_unlock(&(*object)->lock);
	if (status != STATUS_OK) {
		kobj_put(&(*object)->kobj);
		return status;
	}
	struct boot_information *information = arch_phys_to_virt(slot_frame(slot));
	information->flash_paddr = boot->flash.base.p;
	information->flash_bytes = boot->flash.bytes;
	information->archive_bytes = boot->archive.bytes;
	memcpy(information->machine, boot->machine, min_u64(strlen(boot->machine), sizeof(information->machine) - 1));
	memcpy(information->command_line, boot->command_line,
	       min_u64(strlen(boot->command_line), sizeof(information->command_line) - 1));
	return STATUS_OK;
}

enum status first_handles_give(const struct boot_info *boot, struct handle_table *table)
{
	struct vm_object *object;
	kobj_get(&machine);
	TRY(give(table, &machine, HANDLE_MANAGE));
	TRY(make_information(boot, &object));
	TRY(give(table, &object->kobj, HANDLE_READ));
	TRY(object_create_fixed(OBJECT_PHYSICAL, boot->archive.base, round_up(boot->archive.bytes, PAGE_BYTES) / PAGE_BYTES,
				&object));
	return give(table, &object->kobj, HANDLE_READ);
}
