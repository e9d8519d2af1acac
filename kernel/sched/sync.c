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

#define BUCKET_BITS 10
#define BUCKETS (1 << BUCKET_BITS)

/*
 * How many places are looked at in one go: the lock is held, and interrupts are off, no longer than that takes. To wake a thread costs as
 * much as to look at so many, and twice as many as it leaves.
 */
#define ROUND 256
#define ROUND_WAKE 16

/* More places than all threads have. */
#define PLACES_MAX ((uint64_t)THREADS_MAX * SYNC_WORDS_MAX)

static struct list table[BUCKETS];
static uint64_t multiplier[2]; /* odd, and no program's to know: no words can be chosen so that they meet in one bucket */
static uint64_t arrivals;      /* how often a thread entered its places; under the lock */

void sync_prepare(void)
{
	for (unsigned i = 0; i < ARRAY_LENGTH(multiplier); i++)
		multiplier[i] = cpu_random() << 32 | cpu_random() | 1;
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
	uint64_t mixed = object * multiplier[0] + (offset >> 2) * multiplier[1];
	return &table[mixed >> (64 - BUCKET_BITS)];
}

static bool is_at(const struct sync_place *place, uint32_t object, uint64_t offset)
{
	return place->object == object && place->offset == offset;
}

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

/*
 * Enters a place in the table, unless the thread has one on this word: so no word has more places than there are threads. What the thread
 * has entered just before is last in its bucket. Called with the lock.
 */
static void enter(struct sync_place *place)
{
	struct list *bucket = bucket_of(place->object, place->offset);
	list_init(&place->node);
	for (struct list *node = bucket->previous; node != bucket; node = node->previous) {
		const struct sync_place *before = container_of(node, struct sync_place, node);
		if (before->thread != place->thread)
			break;
		if (is_at(before, place->object, place->offset))
			return;
	}
	list_insert_before(bucket, &place->node);
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
		enter(&places[i]);
	thread->sync.armed = count;
	thread->sync.arrival = ++arrivals;
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

/*
 * The first waiter on this word, or NULL; *work counts what was looked at. Only one that entered its places before `end`: if a call went
 * on with those who came later, threads that wait again as soon as they are woken could keep it for ever. Called with the lock.
 */
static struct sync_place *first_at(const struct user_place *where, uint64_t end, unsigned *work)
{
	LIST_FOR_EACH (node, bucket_of(where->object, where->offset)) {
		struct sync_place *place = container_of(node, struct sync_place, node);
		++*work;
		if (is_at(place, where->object, where->offset))
			return place->thread->sync.arrival <= end ? place : NULL;
	}
	return NULL;
}

static uint64_t wake_at(const struct user_place *where, uint64_t limit)
{
	uint64_t woken = 0, end = UINT64_MAX;
	for (bool more = true; more && woken < limit;) {
		spin_lock(&waits_lock);
		end = min_u64(end, arrivals);
		for (unsigned work = 0; work < ROUND && more && woken < limit;) {
			struct sync_place *place = first_at(where, end, &work);
			more = place;
			if (!more)
				break;
			woken++;
			work += ROUND_WAKE + 2 * place->thread->sync.armed;
			wake(place);
		}
		spin_unlock(&waits_lock);
	}
	return woken;
}

/* Whether the thread of this place has another in the table, on that word. Called with the lock. */
static bool has_place_at(const struct sync_place *place, const struct user_place *where)
{
	const struct sync_place *places = place - place->index;
	for (unsigned i = 0; i < place->thread->sync.armed; i++)
		if (!list_is_empty(&places[i].node) && is_at(&places[i], where->object, where->offset))
			return true;
	return false;
}

/* Lets a waiter wait on another word. Called with the lock. */
static void move(struct sync_place *place, const struct user_place *to)
{
	bool has_one = has_place_at(place, to);
	list_remove(&place->node);
	place->object = to->object;
	place->offset = to->offset;
	if (!has_one)
		list_insert_before(bucket_of(to->object, to->offset), &place->node);
	trace_sync_move(place->thread->id, to->object, to->offset);
}

/* Lets waiters of one word wait on another. Those that somebody moves back meanwhile are moved again, but not for ever. */
static uint64_t move_to(const struct user_place *from, const struct user_place *to, uint64_t limit)
{
	uint64_t moved = 0, end = UINT64_MAX;
	limit = min_u64(limit, PLACES_MAX);
	for (bool more = true; more && moved < limit;) {
		spin_lock(&waits_lock);
		end = min_u64(end, arrivals);
		for (unsigned work = 0; work < ROUND && more && moved < limit;) {
			struct sync_place *place = first_at(from, end, &work);
			more = place;
			if (!more)
				break;
			moved++;
			work += ROUND_WAKE + place->thread->sync.armed;
			move(place, to);
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
