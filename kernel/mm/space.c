/*
 * An address space from its creation to its end, and the hardware's side of it.
 *
 * Teaches: the translations are a cache of the mappings (mmu.h), so this file only enters one, drops some, and gives the back end its pages
 * and takes them back; what is mapped it does not ask. At the end the order is the same as in every unmapping: nothing new comes, the
 * translations go, and the pages of the page table last, after a grace period.
 * Who calls: processes, aspace.c, the fault path (aspace_enter). Whom: mmu.h, mapping.h.
 * Locks: the aspace's; inside it the MMU space's. sync is called with none.
 */
#include "mm/aspace.h"

#include <trace_emit.h>

#include "core/lock.h"
#include "core/panic.h"
#include "core/string.h"
#include "mm/cache.h"
#include "mm/mapping.h"
#include "mm/page.h"

static struct cache aspace_cache = CACHE(struct aspace);
static uint32_t last_id;

static void collect_table(void *aspace, struct paddr page)
{
	page_chain_add(&((struct aspace *)aspace)->tables, page);
}

static void tables_free(struct rcu_head *head)
{
	struct aspace *aspace = container_of(head, struct aspace, tables_rcu);
	page_chain_free(&aspace->tables);
	kobj_put(&aspace->kobj);
}

/* Ends the space. Another CPU may be walking its tables in software, so their pages stay for a while. */
static void close_space(struct aspace *aspace)
{
	static const struct rcu_class tables_class = {RCU_TABLES, NULL, tables_free};
	mmu->close(&aspace->space, collect_table, aspace);
	if (!aspace->tables.first.p)
		return;
	if (kobj_try_get(&aspace->kobj))
		rcu_call(&aspace->tables_rcu, &tables_class, aspace->id);
	else /* it was never started, and its own grace period is over */
		page_chain_free(&aspace->tables);
}

/* Gives the back end one page for its tables. */
static enum status donate(struct aspace *aspace)
{
	struct paddr page;
	TRY(page_alloc_zeroed(&page));
	mmu->donate(&aspace->space, page);
	return STATUS_OK;
}

static enum status open_space(struct aspace *aspace)
{
	spin_lock(&aspace->space.lock);
	enum status status = mmu->open(&aspace->space);
	while (status == STATUS_NO_TABLE) {
		status = donate(aspace);
		if (status == STATUS_OK)
			status = mmu->open(&aspace->space);
	}
	spin_unlock(&aspace->space.lock);
	return status;
}

enum status aspace_create(const char *name, struct aspace **result)
{
	void *memory;
	TRY(cache_alloc(&aspace_cache, &memory));
	struct aspace *aspace = memory;
	aspace->id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
	kobj_init(&aspace->kobj, KOBJ_PROCESS);
	list_init(&aspace->process_node);
	list_init(&aspace->unstarted);
	wait_queue_init(&aspace->waiters);
	wait_queue_init(&aspace->joiners);
	list_init(&aspace->watchers);
	aspace->lock = SPINLOCK(LOCK_ASPACE);
	aspace->space.lock = SPINLOCK(LOCK_MMU_SPACE);
	aspace->space.id = aspace->id;
	memcpy(aspace->name, name, min_u64(strlen(name), NAME_CHARS));
	segments_init(aspace->segments);
	enum status status = handle_table_init(&aspace->handles);
	if (status == STATUS_OK)
		status = open_space(aspace);
	if (status != STATUS_OK) {
		mmu->close(&aspace->space, collect_table, aspace);
		page_chain_free(&aspace->tables);
		if (aspace->handles.handles)
			handle_table_free(&aspace->handles);
		cache_free(&aspace_cache, aspace);
		return status;
	}
	*result = aspace;
	return STATUS_OK;
}

void aspace_empty(struct aspace *aspace)
{
	ASSERT(aspace->threads == 0 && aspace->space.active == 0);
	spin_lock(&aspace->lock);
	aspace->closed = true;
	spin_unlock(&aspace->lock);
	aspace_forget(aspace);
	for (unsigned i = 0; i < SEGMENTS; i++)
		while (!list_is_empty(&aspace->segments[i].mappings))
			mapping_free(container_of(aspace->segments[i].mappings.next, struct mapping, node));
	handle_table_close(&aspace->handles);
	close_space(aspace);
	trace_aspace_destroy(aspace->id);
}

void aspace_free(struct aspace *aspace)
{
	handle_table_free(&aspace->handles);
	cache_free(&aspace_cache, aspace);
}

/* ---- translations ---- */

void aspace_drop_translations(struct aspace *aspace, uint64_t address, uint64_t bytes)
{
	bool done = false;
	for (uint64_t progress = 0; !done;) {
		spin_lock(&aspace->space.lock);
		done = mmu->unmap(&aspace->space, vaddr(address), bytes / PAGE_BYTES, &progress);
		spin_unlock(&aspace->space.lock);
	}
}

void aspace_forget(struct aspace *aspace)
{
	aspace_drop_translations(aspace, 0, USER_END);
	mmu->sync(&aspace->space);
}

enum status aspace_enter(struct aspace *aspace, struct vaddr va, struct paddr frame, unsigned flags)
{
	ASSERT(spin_held(&aspace->lock) && !((flags & MMU_WRITE) && (flags & MMU_EXEC)));
	spin_lock_inner(&aspace->space.lock);
	enum status status = mmu->map(&aspace->space, va, frame, flags);
	while (status == STATUS_NO_TABLE) {
		status = donate(aspace);
		if (status == STATUS_OK)
			status = mmu->map(&aspace->space, va, frame, flags);
	}
	spin_unlock(&aspace->space.lock);
	return status;
}
