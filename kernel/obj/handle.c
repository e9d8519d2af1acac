/*
 * Handles: see handle.h.
 *
 * Who calls: system calls, messages, processes. Whom: page.h for the table, endpoint.h, which counts those who may receive.
 * Locks: the table's, for a look-up; never held while a reference is given up.
 */
#include "obj/handle.h"

#include "arch.h"
#include "core/lock.h"
#include "ipc/endpoint.h"
#include "mm/page.h"

enum status handle_table_init(struct handle_table *table)
{
	struct paddr page;
	table->lock = SPINLOCK(LOCK_HANDLES);
	TRY(page_alloc_zeroed(&page));
	table->handles = arch_phys_to_virt(page);
	return STATUS_OK;
}

static bool may_receive(struct handle handle)
{
	return handle.kobj->type == KOBJ_ENDPOINT && (handle.rights & HANDLE_RECEIVE);
}

/* What was taken out of a table is given up here, without its lock. */
static void handle_drop(struct handle handle)
{
	if (may_receive(handle))
		endpoint_receiver_closed(endpoint_of(handle.kobj));
	kobj_put(handle.kobj);
}

void handle_table_end(struct handle_table *table)
{
	spin_lock(&table->lock);
	struct handle *handles = table->handles;
	table->handles = NULL;
	spin_unlock(&table->lock);
	if (!handles)
		return;
	for (uint64_t i = 1; i < HANDLES_MAX; i++)
		if (handles[i].kobj)
			handle_drop(handles[i]);
	page_free(arch_virt_to_phys(handles), 0);
}

enum status handle_add(struct handle_table *table, struct kobj *kobj, unsigned rights, uint64_t *number)
{
	spin_lock(&table->lock);
	enum status status = table->handles ? STATUS_LIMIT : STATUS_GONE;
	for (uint64_t i = 1; i < HANDLES_MAX && status == STATUS_LIMIT; i++) {
		if (table->handles[i].kobj)
			continue;
		kobj_get(kobj);
		table->handles[i] = (struct handle){kobj, rights};
		if (may_receive(table->handles[i]))
			endpoint_receiver_new(endpoint_of(kobj)); /* before anybody can close it */
		*number = i;
		status = STATUS_OK;
	}
	spin_unlock(&table->lock);
	return status;
}

/* What handle `number` stands for, with a reference, if it is of this type (KOBJ_TYPES: any) and has the rights. */
static inline enum status find(struct handle_table *table, uint64_t number, enum kobj_type type, unsigned rights,
			       struct handle *handle)
{
	enum status status = STATUS_OK;
	if (number == 0 || number >= HANDLES_MAX)
		return STATUS_NOT_FOUND;
	spin_lock(&table->lock);
	if (!table->handles || !table->handles[number].kobj)
		status = STATUS_NOT_FOUND;
	else if (type != KOBJ_TYPES && table->handles[number].kobj->type != type)
		status = STATUS_INVALID;
	else if (rights & ~table->handles[number].rights)
		status = STATUS_DENIED;
	if (status == STATUS_OK) {
		*handle = table->handles[number];
		kobj_get(handle->kobj);
	}
	spin_unlock(&table->lock);
	return status;
}

enum status handle_find_any(struct handle_table *table, uint64_t number, unsigned rights, struct handle *handle)
{
	*handle = (struct handle){0};
	return find(table, number, KOBJ_TYPES, rights, handle);
}

enum status handle_find(struct handle_table *table, uint64_t number, enum kobj_type type, unsigned rights, struct kobj **kobj)
{
	struct handle handle;
	TRY(find(table, number, type, rights, &handle));
	*kobj = handle.kobj;
	return STATUS_OK;
}

enum status handle_close(struct handle_table *table, uint64_t number)
{
	struct handle handle = {0};
	if (number == 0 || number >= HANDLES_MAX)
		return STATUS_NOT_FOUND;
	spin_lock(&table->lock);
	if (table->handles) {
		handle = table->handles[number];
		table->handles[number] = (struct handle){0};
	}
	spin_unlock(&table->lock);
	if (!handle.kobj)
		return STATUS_NOT_FOUND;
	handle_drop(handle);
	return STATUS_OK;
}
