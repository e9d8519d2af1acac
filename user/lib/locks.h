/*
 * Threads together: words to sleep on, and the locks that are made of them. All of these start as {0}, and may lie in memory that processes share.
 *
 * Teaches: a lock is a word. The kernel is called only by who has to wait, or to wake who does (sync.c). Who includes it: vitrine.h.
 */
#pragma once

#include "abi/sync.h"
#include "result.h"

/*
 * Words: sync_wait() sleeps as long as the word has that value, until somebody has changed it and called sync_wake(). A deadline is in
 * nanoseconds of clock_ns(); then the status may be TIMED_OUT. CHANGED: it had another value to begin with. A thread may wake
 * without a reason: look again. The forms for 64 bits end in _64.
 */
#define WAIT_FOREVER UINT64_MAX
#define WAKE_ALL UINT64_MAX
enum status sync_wait(const uint32_t *word, uint32_t value, uint64_t deadline_ns);
enum status sync_wait_64(const uint64_t *word, uint64_t value, uint64_t deadline_ns);
uint64_t sync_wake(const void *word, uint64_t threads);

/* Waits for any of up to SYNC_WORDS_MAX words; *index says which it was, with OK and CHANGED. */
enum status sync_wait_any(const struct sync_word *words, unsigned count, uint64_t deadline_ns, unsigned *index);

/* A mutex: one thread at a time. A thread that is killed while it holds one holds it for ever. */
struct mutex {
	uint32_t state; /* 0: free; 1: held; 2: held, and others may wait */
};
void mutex_lock(struct mutex *mutex);
bool mutex_try_lock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

/* The same for a thread that may hold it already: it has to give it back as often as it took it. */
struct recursive_mutex {
	struct mutex mutex;
	uint32_t owner; /* thread id; 0: nobody */
	uint32_t count;
};
void recursive_mutex_lock(struct recursive_mutex *mutex);
void recursive_mutex_unlock(struct recursive_mutex *mutex);

/*
 * A condition: condition_wait() gives the mutex back, waits for a signal, and takes the mutex again. Check what you wait for in a loop.
 * With a deadline the status may be TIMED_OUT; the mutex is held again all the same. A broadcast wakes one, and lets the others
 * wait for the mutex, which they all need: they come one after the other, not all at once.
 */
struct condition {
	uint32_t sequence;
	uint32_t waiting;
};
void condition_wait(struct condition *condition, struct mutex *mutex);
enum status condition_wait_until(struct condition *condition, struct mutex *mutex, uint64_t deadline_ns);
void condition_signal(struct condition *condition);
void condition_broadcast(struct condition *condition, struct mutex *mutex);

/* Many readers or one writer; a writer that waits keeps new readers out. */
struct rwlock {
	uint32_t state;   /* readers, or RWLOCK_WRITER */
	uint32_t writers; /* that wait */
	uint32_t waiting; /* all that wait */
};
#define RWLOCK_WRITER 0x80000000u
void rwlock_read_lock(struct rwlock *lock);
void rwlock_read_unlock(struct rwlock *lock);
void rwlock_write_lock(struct rwlock *lock);
void rwlock_write_unlock(struct rwlock *lock);

/* A count that is never below 0: semaphore_wait() takes one, and waits for it if there is none. */
struct semaphore {
	uint32_t count;
	uint32_t waiting;
};
enum status semaphore_wait(struct semaphore *semaphore, uint64_t deadline_ns);
void semaphore_post(struct semaphore *semaphore);

/* barrier_wait() returns in `parties` threads once all of them have called it; then it can be used again. */
struct barrier {
	uint32_t arrived;
	uint32_t round;
};
void barrier_wait(struct barrier *barrier, uint32_t parties);
