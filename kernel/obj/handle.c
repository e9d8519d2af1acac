/*
 * Handles: see handle.h.
 *
 * The life of a handle: made (derive, or created for something new) -> on its way -> in a table -> ended -> freed after a grace period.
 * Invariant: a handle that has not ended is in the tree, and in its table's slot if it has a table. One that has ended stays in the tree
 * until its children are moved up to its parent; that takes several steps if they are many, and each leaves a tree.
 * Who calls: system calls, messages, processes. Whom: page.h for the table, endpoint.h, which counts those who may receive.
 * Locks: handles_lock for every change; none for a look-up; none while a reference is given up.
 */
#include "obj/handle.h"

#include <trace_emit.h>

#include "arch.h"
#include "core/cpu.h"
#include "core/lock.h"
#include "ipc/endpoint.h"
#include "mm/cache.h"
#include "mm/page.h"
#include "sched/thread.h"

/* So many children are moved before the lock is let go. */
#define MOVED_AT_ONCE 32

/* So many handles are revoked in one call: another CPU may be making more all the time, and grace periods wait for this one. */
#define REVOKED_AT_ONCE 1024

static struct spinlock handles_lock = SPINLOCK(LOCK_HANDLES);
static struct cache handle_cache = CACHE(struct handle);

/* ---- making ---- */

/* A handle in no table and no tree. NO_MEMORY; NOT_FOUND if the object's end has begun. */
static enum status handle_new(struct kobj *kobj, unsigned rights, struct handle **result)
{
	void *memory;
	TRY(cache_alloc(&handle_cache, &memory));
	struct handle *handle = memory;
	if (!kobj_try_get(kobj)) {
		cache_free(&handle_cache, handle);
		return STATUS_NOT_FOUND;
	}
	handle->kobj = kobj;
	handle->rights = rights;
	list_init(&handle->children);
	list_init(&handle->sibling);
	*result = handle;
	return STATUS_OK;
}

/* The first free number, or HANDLES_MAX. Called with the lock. */
static uint32_t free_number(struct handle_table *table)
{
	uint32_t number = table->free_from;
	while (number < HANDLES_MAX && table->handles[number])
		number++;
	table->free_from = number;
	return number;
}

enum status handle_install(struct handle_table *table, struct handle *handle, uint64_t *number)
{
	spin_lock(&handles_lock);
	enum status status = table->closed || handle->ended ? STATUS_GONE : STATUS_OK;
	uint32_t free = status == STATUS_OK ? free_number(table) : 0;
	if (free == HANDLES_MAX)
		status = STATUS_LIMIT;
	if (status == STATUS_OK) {
		handle->table = table;
		handle->number = free;
		handle->receives = handle->kobj->type == KOBJ_ENDPOINT && (handle->rights & HANDLE_RECEIVE);
		if (handle->receives)
			endpoint_receiver_new(endpoint_of(handle->kobj)); /* before anybody can close it */
		__atomic_store_n(&table->handles[free], handle, __ATOMIC_RELEASE);
		*number = free;
	}
	spin_unlock(&handles_lock);
	return status;
}

enum status handle_derive(struct handle *from, unsigned rights, struct handle **result)
{
	/* LAB(objects) BEGIN: A handle made from another. handle_new() makes one. Which rights may it have? It becomes a
	 * child of `from`, under handles_lock, unless that has ended meanwhile: then there is NOT_FOUND, and nothing is left
	 * of it (handle_drop, without the lock). */
	struct handle *handle;
	TRY(handle_new(from->kobj, from->rights & rights, &handle));
	spin_lock(&handles_lock);
	bool ended = from->ended;
	if (!ended) {
		handle->parent = from;
		list_insert_before(&from->children, &handle->sibling);
	}
	spin_unlock(&handles_lock);
	if (ended) {
		handle_drop(handle);
		return STATUS_NOT_FOUND;
	}
	*result = handle;
	return STATUS_OK;
	/* LAB(objects) ELSE
	// It may do all that the other may, and nobody remembers where it comes from.
	(void)rights;
	return handle_new(from->kobj, from->rights, result);
	LAB(objects) END */
}

/* Into the table, or away with it. */
static enum status install_or_drop(struct handle_table *table, struct handle *handle, uint64_t *number)
{
	enum status status = handle_install(table, handle, number);
	if (status != STATUS_OK)
		handle_drop(handle);
	return status;
}

enum status handle_create(struct handle_table *table, struct kobj *kobj, unsigned rights, uint64_t *number)
{
	struct handle *handle;
	TRY(handle_new(kobj, rights, &handle));
	return install_or_drop(table, handle, number);
}

enum status handle_copy(struct handle *from, unsigned rights, struct handle_table *table, uint64_t *number)
{
	struct handle *handle;
	TRY(handle_derive(from, rights, &handle));
	return install_or_drop(table, handle, number);
}

/* ---- looking up ---- */

/* Tells the trace what was wanted in vain. */
__attribute__((noinline, cold)) static void refuse(const struct handle *handle, uint64_t number, enum status status,
						   unsigned rights)
{
	uint64_t missing = handle ? rights & ~handle->rights : rights;
	trace_handle_refused(thread_current_id(), number, handle ? handle->kobj->id : 0, missing, status);
}

/* What handle `number` stands for, if it is of this type (KOBJ_TYPES: any) and has the rights. */
static inline enum status find(struct handle_table *table, uint64_t number, enum kobj_type type, unsigned rights,
			       struct handle **result)
{
	/* LAB(objects) BEGIN: A number is looked up: is there a handle, is what it stands for of this type, are the rights there?
	 * The table may change at any moment, so look once. What is refused is told to the trace with refuse(). */
	struct handle *handle = number < HANDLES_MAX ? __atomic_load_n(&table->handles[number], __ATOMIC_ACQUIRE) : NULL;
	if (!handle) {
		refuse(NULL, number, STATUS_NOT_FOUND, rights);
		return STATUS_NOT_FOUND;
	}
	ASSERT_NOT_POISON(handle);
	if (type != KOBJ_TYPES && handle->kobj->type != type) {
		refuse(handle, number, STATUS_INVALID, rights);
		return STATUS_INVALID;
	}
	if (rights & ~handle->rights) {
		refuse(handle, number, STATUS_DENIED, rights);
		return STATUS_DENIED;
	}
	*result = handle;
	return STATUS_OK;
	/* LAB(objects) ELSE
	struct handle *handle = number < HANDLES_MAX ? __atomic_load_n(&table->handles[number], __ATOMIC_ACQUIRE) : NULL;
	(void)type, (void)rights;
	*result = handle;
	return handle ? STATUS_OK : STATUS_NOT_FOUND;
	LAB(objects) END */
}

enum status handle_find_any(struct handle_table *table, uint64_t number, unsigned rights, struct handle **handle)
{
	return find(table, number, KOBJ_TYPES, rights, handle);
}

enum status handle_find(struct handle_table *table, uint64_t number, enum kobj_type type, unsigned rights, struct kobj **kobj)
{
	struct handle *handle;
	TRY(find(table, number, type, rights, &handle));
	*kobj = handle->kobj;
	return STATUS_OK;
}

/* ---- the end ---- */

/* It is found no more, and nothing is made from it. False if it has ended before. Called with the lock. */
static bool end(struct handle *handle)
{
	struct handle_table *table = handle->table;
	if (handle->ended)
		return false;
	handle->ended = true;
	if (table) {
		__atomic_store_n(&table->handles[handle->number], NULL, __ATOMIC_RELEASE);
		if (handle->number < table->free_from)
			table->free_from = handle->number;
	}
	return true;
}

/* Moves some children of a handle that has ended up to its parent; false when none was left and it is out of the tree. With the lock. */
static bool move_children(struct handle *handle)
{
	/* LAB(objects) BEGIN: Its children become those of its parent, if it has one; MOVED_AT_ONCE of them at a time. Then
	 * it leaves the tree itself. */
	for (unsigned moved = 0; !list_is_empty(&handle->children); moved++) {
		struct handle *child = container_of(handle->children.next, struct handle, sibling);
		if (moved == MOVED_AT_ONCE)
			return true;
		list_remove(&child->sibling);
		child->parent = handle->parent;
		if (child->parent)
			list_insert_before(&child->parent->children, &child->sibling);
	}
	list_remove(&handle->sibling);
	handle->parent = NULL;
	return false;
	/* LAB(objects) ELSE
	(void)handle;
	return false;
	LAB(objects) END */
}

static void leave_tree(struct handle *handle)
{
	bool more = true;
	while (more) {
		spin_lock(&handles_lock);
		more = move_children(handle);
		spin_unlock(&handles_lock);
	}
}

static void pre_free(struct rcu_head *head)
{
	/* LAB(objects) BEGIN: What a handle had goes with it: its reference, and its count among those who may receive. */
	struct handle *handle = container_of(head, struct handle, rcu);
	if (handle->receives)
		endpoint_receiver_closed(endpoint_of(handle->kobj));
	kobj_put(handle->kobj);
	/* LAB(objects) ELSE
	(void)head;
	LAB(objects) END */
}

static void free_record(struct rcu_head *head)
{
	cache_free(&handle_cache, container_of(head, struct handle, rcu));
}

static const struct rcu_class handle_class = {RCU_HANDLE, pre_free, free_record};

void handle_drop(struct handle *handle)
{
	spin_lock(&handles_lock);
	ASSERT(!handle->table);
	(void)end(handle); /* it may have been revoked */
	spin_unlock(&handles_lock);
	leave_tree(handle);
	rcu_call(&handle->rcu, &handle_class, handle->kobj->id);
}

enum status handle_close(struct handle_table *table, uint64_t number)
{
	struct handle *handle = NULL;
	spin_lock(&handles_lock);
	if (number < HANDLES_MAX)
		handle = table->handles[number];
	if (handle)
		(void)end(handle);
	spin_unlock(&handles_lock);
	if (!handle) {
		refuse(NULL, number, STATUS_NOT_FOUND, 0);
		return STATUS_NOT_FOUND;
	}
	leave_tree(handle);
	rcu_call(&handle->rcu, &handle_class, handle->kobj->id);
	return STATUS_OK;
}

/* LAB(objects) BEGIN: Everything that was made from a handle ends: handle_revoke(). Children, and children of children, in
 * whatever table, and on their way in messages. Each step takes handles_lock and lets it go. Who ends one (end() says whether
 * it was you) frees it with rcu_call(); but one on its way is its message's, which will drop it. At most REVOKED_AT_ONCE in a
 * call: LIMIT. Tell the trace how many (trace_handle_revoke). */
/* One of those that were made from the handle, no longer found; NULL if there is none. *mine: nobody else has ended it. */
static struct handle *end_child(struct handle *handle, bool *mine)
{
	struct handle *child = NULL;
	spin_lock(&handles_lock);
	if (!list_is_empty(&handle->children)) {
		child = container_of(handle->children.next, struct handle, sibling);
		*mine = end(child);
	}
	spin_unlock(&handles_lock);
	return child;
}

enum status handle_revoke(struct handle_table *table, uint64_t number, uint64_t *count)
{
	struct handle *handle, *child;
	bool mine = false;
	*count = 0;
	TRY(find(table, number, KOBJ_TYPES, 0, &handle));
	while (*count < REVOKED_AT_ONCE && (child = end_child(handle, &mine))) {
		leave_tree(child); /* what was made from it is made from `handle` now, and comes next */
		*count += mine;
		if (mine && child->table) /* one on its way is its message's to drop */
			rcu_call(&child->rcu, &handle_class, child->kobj->id);
	}
	trace_handle_revoke(thread_current_id(), number, handle->kobj->id, *count);
	return *count < REVOKED_AT_ONCE ? STATUS_OK : STATUS_LIMIT;
}
/* LAB(objects) ELSE
// Nothing is taken back.
enum status handle_revoke(struct handle_table *table, uint64_t number, uint64_t *count)
{
	(void)table, (void)number;
	*count = 0;
	return STATUS_OK;
}
LAB(objects) END */

/* ---- tables ---- */

enum status handle_table_init(struct handle_table *table)
{
	struct paddr page;
	TRY(page_alloc_zeroed(&page));
	*table = (struct handle_table){.handles = arch_phys_to_virt(page), .free_from = 1};
	return STATUS_OK;
}

void handle_table_close(struct handle_table *table)
{
	spin_lock(&handles_lock);
	table->closed = true;
	spin_unlock(&handles_lock);
	for (uint64_t i = 1; i < HANDLES_MAX; i++)
		if (table->handles[i])
			DISCARD(handle_close(table, i), "somebody may have revoked it first");
}

void handle_table_free(struct handle_table *table)
{
	page_free(arch_virt_to_phys(table->handles), 0);
}

void handle_table_check(const struct handle_table *table)
{
	spin_lock(&handles_lock);
	for (uint32_t i = 0; i < HANDLES_MAX; i++) {
		const struct handle *handle = table->handles[i];
		if (!handle)
			continue;
		ASSERT(i >= 1 && handle->number == i && handle->table == table && !handle->ended);
		ASSERT(handle->kobj->references > 0 && (handle->rights & ~(uint32_t)HANDLE_ALL) == 0);
		ASSERT(!handle->parent || (handle->rights & ~handle->parent->rights) == 0);
		LIST_FOR_EACH (node, &handle->children)
			ASSERT(container_of(node, struct handle, sibling)->parent == handle);
	}
	spin_unlock(&handles_lock);
}
