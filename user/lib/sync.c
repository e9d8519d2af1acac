/*
 * Threads together: mutexes, conditions, readers and writers, semaphores and barriers, made of words.
 *
 * Teaches: a lock is a word and an agreement about its values. As long as nobody has to wait it is one atomic instruction, and the
 * kernel never hears of it. Who has to wait asks the kernel to sleep as long as the word still says so; who makes it say
 * otherwise asks the kernel to wake them, but only if the word, or a count beside it, says that somebody may be asleep.
 * Who calls: programs. Whom: sys_sync_*(). The pattern of the mutex: Ulrich Drepper, "Futexes Are Tricky", mutex 2.
 * Order: where a count says who waits, both sides are sequentially consistent: the waiter counts itself before it looks at the word,
 * and the waker changes the word before it looks at the count. So one of them sees the other.
 */
#include "library.h"

/* ---- words ---- */

enum status sync_wait(const uint32_t *word, uint32_t value, uint64_t deadline_ns)
{
	return (enum status)sys_sync_wait((uintptr_t)word, value, sizeof(*word), deadline_ns).status;
}

enum status sync_wait_64(const uint64_t *word, uint64_t value, uint64_t deadline_ns)
{
	return (enum status)sys_sync_wait((uintptr_t)word, value, sizeof(*word), deadline_ns).status;
}

uint64_t sync_wake(const void *word, uint64_t threads)
{
	return must(sys_sync_wake((uintptr_t)word, threads));
}

enum status sync_wait_any(const struct sync_word *words, unsigned count, uint64_t deadline_ns, unsigned *index)
{
	struct result result = sys_sync_wait_any((uintptr_t)words, count, deadline_ns);
	*index = (unsigned)result.value;
	return (enum status)result.status;
}

/* Sleeps for ever as long as the word has the value; the caller looks again whatever woke it. */
static void sleep_while(const uint32_t *word, uint32_t value)
{
	DISCARD(sync_wait(word, value, WAIT_FOREVER), "the caller looks again");
}

/* ---- mutex ---- */

/* Takes it as one for which others may wait. */
static void lock_contended(struct mutex *mutex)
{
	while (__atomic_exchange_n(&mutex->state, 2, __ATOMIC_ACQUIRE) != 0)
		sleep_while(&mutex->state, 2);
}

bool mutex_try_lock(struct mutex *mutex)
{
	uint32_t nobody = 0;
	return __atomic_compare_exchange_n(&mutex->state, &nobody, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void mutex_lock(struct mutex *mutex)
{
	if (!mutex_try_lock(mutex))
		lock_contended(mutex);
}

void mutex_unlock(struct mutex *mutex)
{
	if (__atomic_exchange_n(&mutex->state, 0, __ATOMIC_RELEASE) == 2)
		sync_wake(&mutex->state, 1);
}

void recursive_mutex_lock(struct recursive_mutex *mutex)
{
	uint32_t self = (uint32_t)thread_id();
	if (__atomic_load_n(&mutex->owner, __ATOMIC_RELAXED) != self) {
		mutex_lock(&mutex->mutex);
		__atomic_store_n(&mutex->owner, self, __ATOMIC_RELAXED);
	}
	mutex->count++;
}

void recursive_mutex_unlock(struct recursive_mutex *mutex)
{
	if (--mutex->count > 0)
		return;
	__atomic_store_n(&mutex->owner, 0, __ATOMIC_RELAXED);
	mutex_unlock(&mutex->mutex);
}

/* ---- condition ---- */

enum status condition_wait_until(struct condition *condition, struct mutex *mutex, uint64_t deadline_ns)
{
	__atomic_add_fetch(&condition->waiting, 1, __ATOMIC_SEQ_CST);
	uint32_t sequence = __atomic_load_n(&condition->sequence, __ATOMIC_SEQ_CST);
	mutex_unlock(mutex);
	enum status status = sync_wait(&condition->sequence, sequence, deadline_ns);
	__atomic_sub_fetch(&condition->waiting, 1, __ATOMIC_RELAXED);
	lock_contended(mutex); /* it may have been moved here with others, of whom the mutex's word knows nothing */
	return status == STATUS_CHANGED ? STATUS_OK : status;
}

void condition_wait(struct condition *condition, struct mutex *mutex)
{
	DISCARD(condition_wait_until(condition, mutex, WAIT_FOREVER), "the caller looks again");
}

void condition_signal(struct condition *condition)
{
	__atomic_add_fetch(&condition->sequence, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&condition->waiting, __ATOMIC_SEQ_CST))
		sync_wake(&condition->sequence, 1);
}

void condition_broadcast(struct condition *condition, struct mutex *mutex)
{
	__atomic_add_fetch(&condition->sequence, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&condition->waiting, __ATOMIC_SEQ_CST))
		must(sys_sync_requeue((uintptr_t)&condition->sequence, 1, (uintptr_t)&mutex->state, WAKE_ALL));
}

/* ---- readers and writers ---- */

static void rwlock_sleep(struct rwlock *lock, uint32_t state)
{
	__atomic_add_fetch(&lock->waiting, 1, __ATOMIC_SEQ_CST);
	sleep_while(&lock->state, state);
	__atomic_sub_fetch(&lock->waiting, 1, __ATOMIC_RELAXED);
}

static void rwlock_wake(struct rwlock *lock)
{
	if (__atomic_load_n(&lock->waiting, __ATOMIC_SEQ_CST))
		sync_wake(&lock->state, WAKE_ALL);
}

void rwlock_read_lock(struct rwlock *lock)
{
	for (;;) {
		uint32_t state = __atomic_load_n(&lock->state, __ATOMIC_SEQ_CST);
		bool writers = __atomic_load_n(&lock->writers, __ATOMIC_SEQ_CST) > 0;
		if ((state & RWLOCK_WRITER) || (writers && state > 0))
			rwlock_sleep(lock, state);
		else if (writers)
			thread_yield(); /* nobody holds it: a writer is about to */
		else if (__atomic_compare_exchange_n(&lock->state, &state, state + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return;
	}
}

void rwlock_read_unlock(struct rwlock *lock)
{
	if (__atomic_sub_fetch(&lock->state, 1, __ATOMIC_SEQ_CST) == 0)
		rwlock_wake(lock);
}

void rwlock_write_lock(struct rwlock *lock)
{
	__atomic_add_fetch(&lock->writers, 1, __ATOMIC_SEQ_CST);
	for (;;) {
		uint32_t state = 0;
		if (__atomic_compare_exchange_n(&lock->state, &state, RWLOCK_WRITER, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			break;
		rwlock_sleep(lock, state);
	}
	__atomic_sub_fetch(&lock->writers, 1, __ATOMIC_SEQ_CST);
}

void rwlock_write_unlock(struct rwlock *lock)
{
	__atomic_store_n(&lock->state, 0, __ATOMIC_SEQ_CST);
	rwlock_wake(lock);
}

/* ---- semaphore ---- */

enum status semaphore_wait(struct semaphore *semaphore, uint64_t deadline_ns)
{
	enum status status = STATUS_OK;
	for (;;) {
		uint32_t count = __atomic_load_n(&semaphore->count, __ATOMIC_RELAXED);
		while (count > 0)
			if (__atomic_compare_exchange_n(&semaphore->count, &count, count - 1, false, __ATOMIC_ACQUIRE,
							__ATOMIC_RELAXED))
				return STATUS_OK;
		if (status == STATUS_TIMED_OUT)
			return status;
		__atomic_add_fetch(&semaphore->waiting, 1, __ATOMIC_SEQ_CST);
		status = sync_wait(&semaphore->count, 0, deadline_ns);
		__atomic_sub_fetch(&semaphore->waiting, 1, __ATOMIC_RELAXED);
	}
}

void semaphore_post(struct semaphore *semaphore)
{
	__atomic_add_fetch(&semaphore->count, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&semaphore->waiting, __ATOMIC_SEQ_CST))
		sync_wake(&semaphore->count, 1);
}

/* ---- barrier ---- */

/* The last to arrive opens the next round. */
void barrier_wait(struct barrier *barrier, uint32_t parties)
{
	uint32_t round = __atomic_load_n(&barrier->round, __ATOMIC_ACQUIRE);
	if (__atomic_add_fetch(&barrier->arrived, 1, __ATOMIC_ACQ_REL) == parties) {
		__atomic_store_n(&barrier->arrived, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&barrier->round, round + 1, __ATOMIC_RELEASE);
		sync_wake(&barrier->round, WAKE_ALL);
		return;
	}
	while (__atomic_load_n(&barrier->round, __ATOMIC_ACQUIRE) == round)
		sleep_while(&barrier->round, round);
}
