/*
 * Synchronisation words: see sync.h.
 *
 *     waiter   enters its places in the table ("armed") --> reads the words --> blocks, unless it was woken meanwhile
 *     waker    changes the word --> looks in the table
 *
 * Teaches: why no wake-up is lost. Either the waker finds the waiter in the table, or it looked before the waiter was there; then the
 * waiter reads the word after the waker changed it, and does not block. Reading may need a page that is not here: then the thread
 * leaves the table, waits for the page and makes the whole call again. Should a wake-up have reached it in between, it goes to
 * the next who waits on that word.
 * Invariant: a thread has `armed` places in the table; if it waits, it is blocked and on no wait queue.
 */
#include "sched/sync.h"

#include <trace_emit.h>

#include "core/cpu.h"
#include "core/lock.h"
#include "core/panic.h"
#include "mm/page.h"
#include "mm/uaccess.h"
#include "sched/sched.h"

#define BUCKETS 64

/* How many threads are woken or moved in one go: the lock is held, and interrupts are off, no longer than that takes. */
#define ROUND 16

static struct list table[BUCKETS];

void sync_prepare(void)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		list_init(&table[i]);
}

void sync_init(struct thread *thread)
{
	thread->sync = (struct sync_wait){0};
	list_init(&thread->sync.one.node);
}

void sync_end(struct thread *thread)
{
	ASSERT(thread->sync.armed == 0);
	if (thread->sync.many)
		page_free(arch_virt_to_phys(thread->sync.many), 0);
	thread->sync.many = NULL;
}

static struct list *bucket_of(uint32_t object, uint64_t offset)
{
	uint64_t mixed = (object + (offset >> 2)) * UINT64_C(0x9e3779b97f4a7c15);
	return &table[mixed >> 58];
}
static_assert(BUCKETS == 1 << (64 - 58), "bucket_of");

/* ---- waiting ---- */

enum status sync_places(struct thread *thread, unsigned count, struct sync_place **places)
{
	struct paddr page;
	if (count == 0)
		return STATUS_INVALID;
	if (count > SYNC_WORDS_MAX)
		return STATUS_LIMIT;
	if (count > 1 && !thread->sync.many) {
		TRY(page_alloc(0, &page));
		thread->sync.many = arch_phys_to_virt(page);
	}
	*places = count > 1 ? thread->sync.many : &thread->sync.one;
	return STATUS_OK;
}

void sync_leave(struct thread *thread)
{
	struct sync_wait *sync = &thread->sync;
	ASSERT(spin_held(&waits_lock));
	struct sync_place *places = sync->armed > 1 ? sync->many : &sync->one;
	for (unsigned i = 0; i < sync->armed; i++)
		list_remove(&places[i].node);
	sync->armed = 0;
	sync->waits = false;
}

/* Enters the places in the table, all or none. Many words mostly lie in one mapping, which is looked for once. */
static enum status arm(struct thread *thread, struct sync_place *places, unsigned count)
{
	struct user_place found = {0};
	uint64_t found_at = 0;
	for (unsigned i = 0; i < count; i++) {
		uint64_t address = places[i].word.address, bytes = places[i].word.bytes;
		if ((bytes != 4 && bytes != 8) || address % bytes)
			return STATUS_INVALID;
		if (address - found_at >= found.left) {
			TRY(user_find_place(thread, vaddr(address), &found));
			found_at = address;
		}
		places[i].thread = thread;
		places[i].object = found.object;
		places[i].offset = found.offset + (address - found_at);
		places[i].index = i;
	}
	spin_lock(&waits_lock);
	for (unsigned i = 0; i < count; i++)
		list_insert_before(bucket_of(places[i].object, places[i].offset), &places[i].node);
	thread->sync.armed = count;
	thread->sync.woken = 0;
	spin_unlock(&waits_lock);
	return STATUS_OK;
}

/* OK if all words have their values. */
static enum status compare(struct thread *thread, const struct sync_place *places, unsigned count, uint64_t *index)
{
	for (unsigned i = 0; i < count; i++) {
		const struct sync_word *word = &places[i].word;
		uint64_t value = 0;
		uint32_t half = 0;
		size_t left;
		if (word->bytes == 8) {
			TRY(copy_from_user(thread, &value, vaddr(word->address), 8, &left));
		} else {
			TRY(copy_from_user(thread, &half, vaddr(word->address), 4, &left));
			value = half;
		}
		*index = i;
		if (value != (word->bytes == 8 ? word->value : (uint32_t)word->value))
			return STATUS_CHANGED;
	}
	return STATUS_OK;
}

/* Blocks, or leaves the table. Returns as sync_wait(); *index was woken, or changed. */
static enum status finish(struct thread *thread, enum status compared, uint64_t deadline, uint64_t *index)
{
	struct sync_wait *sync = &thread->sync;
	enum status status = compared;
	spin_lock(&waits_lock);
	if (compared != STATUS_RETRY && sync->woken) {
		*index = sync->woken - 1;
		status = STATUS_OK;
	} else if (compared == STATUS_OK) {
		status =
			wait_block_locked(thread, SWITCH_WORD, sync->armed > 1 ? sync->many->object : sync->one.object, deadline);
		sync->waits = status == STATUS_RETRY;
	}
	if (!sync->waits)
		sync_leave(thread);
	spin_unlock(&waits_lock);
	return status;
}

/* ---- waking ---- */

/* Wakes one waiter, or tells it so if it is not blocked yet. Called with the lock. */
static void wake(struct sync_place *place)
{
	const struct thread *self = arch_cpu()->current;
	struct thread *thread = place->thread;
	if (thread->sync.waits) {
		wait_take_locked(thread);
		arch_syscall_result(&thread->frame, STATUS_OK, place->index);
		sched_wake(thread, WAKE_WORD, self->id);
	} else {
		sync_leave(thread);
		thread->sync.woken = place->index + 1;
	}
}

/* The first waiter on this word, or NULL. Called with the lock. */
static struct sync_place *first_at(const struct user_place *where)
{
	LIST_FOR_EACH (node, bucket_of(where->object, where->offset)) {
		struct sync_place *place = container_of(node, struct sync_place, node);
		if (place->object == where->object && place->offset == where->offset)
			return place;
	}
	return NULL;
}

static uint64_t wake_at(const struct user_place *where, uint64_t limit)
{
	uint64_t woken = 0;
	for (bool more = true; more && woken < limit;) {
		spin_lock(&waits_lock);
		for (unsigned i = 0; i < ROUND && more && woken < limit; i++) {
			struct sync_place *place = first_at(where);
			more = place;
			woken += more;
			if (more)
				wake(place);
		}
		spin_unlock(&waits_lock);
	}
	return woken;
}

/* Lets waiters of one word wait on another. */
static uint64_t move_to(const struct user_place *from, const struct user_place *to, uint64_t limit)
{
	uint64_t moved = 0;
	for (bool more = true; more && moved < limit;) {
		spin_lock(&waits_lock);
		for (unsigned i = 0; i < ROUND && more && moved < limit; i++) {
			struct sync_place *place = first_at(from);
			more = place;
			if (!more)
				break;
			moved++;
			place->object = to->object;
			place->offset = to->offset;
			list_remove(&place->node);
			list_insert_before(bucket_of(to->object, to->offset), &place->node);
			trace_sync_move(place->thread->id, to->object, to->offset);
		}
		spin_unlock(&waits_lock);
	}
	return moved;
}

enum status sync_wait(struct thread *thread, struct sync_place *places, unsigned count, uint64_t deadline, uint64_t *index)
{
	TRY(arm(thread, places, count));
	trace_sync_wait(thread->id, places->object, places->offset, places->word.value, count);
	enum status compared = compare(thread, places, count, index);
	enum status status = finish(thread, compared, deadline, index);
	if (compared == STATUS_RETRY && thread->sync.woken) { /* it cannot use it: it has to ask again */
		const struct sync_place *woken = &places[thread->sync.woken - 1];
		wake_at(&(struct user_place){.object = woken->object, .offset = woken->offset}, 1);
	}
	return status;
}

enum status sync_wake(struct thread *thread, uint64_t address, uint64_t limit, uint64_t *woken)
{
	struct user_place where;
	TRY(user_find_place(thread, vaddr(address), &where));
	*woken = wake_at(&where, limit);
	trace_sync_wake(thread->id, where.object, where.offset, *woken);
	return STATUS_OK;
}

enum status sync_requeue(struct thread *thread, const uint64_t address[2], uint64_t limit, uint64_t move, uint64_t counts[2])
{
	struct user_place from, to;
	TRY(user_find_place(thread, vaddr(address[0]), &from));
	TRY(user_find_place(thread, vaddr(address[1]), &to));
	if (from.object == to.object && from.offset == to.offset)
		return STATUS_INVALID;
	counts[0] = wake_at(&from, limit);
	counts[1] = move_to(&from, &to, move);
	trace_sync_requeue(thread->id, from.object, from.offset, counts[0], counts[1]);
	return STATUS_OK;
}

void sync_check(void)
{
	spin_lock(&waits_lock);
	for (unsigned i = 0; i < BUCKETS; i++) {
		LIST_FOR_EACH (node, &table[i]) {
			const struct sync_place *place = container_of(node, struct sync_place, node);
			const struct thread *thread = place->thread;
			if (bucket_of(place->object, place->offset) != &table[i])
				panic("a waiter of object %u is in the wrong bucket", place->object);
			if (place->index >= thread->sync.armed || (thread->sync.waits && thread->state != THREAD_BLOCKED))
				panic("thread %u waits on a word and does not", thread->id);
		}
	}
	spin_unlock(&waits_lock);
}
