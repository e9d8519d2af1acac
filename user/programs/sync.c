/*
 * Threads together: every lock of the library, and the words they are made of.
 *
 * Words are waited on with every outcome the kernel knows, in 32 and 64 bits, one and several at a time, and across two processes
 * that see the same memory at different addresses. The broadcast to a hundred is looked at in the trace by the tests: one is
 * woken and ninety-nine are moved.
 */
#include <vitrine.h>

#define CROWD 100
#define ROUNDS 50
#define SOON_NS 2000000
#define LONG_NS UINT64_C(10000000000)

static uint64_t soon(void)
{
	return clock_ns() + SOON_NS;
}

/* ---- words ---- */

static uint32_t word;
static uint64_t wide_word;

static void outcomes(void)
{
	struct sync_word none = {0};
	unsigned index;
	check(sync_wait(&word, 1, WAIT_FOREVER) == STATUS_CHANGED);
	check(sync_wait_64(&wide_word, UINT64_C(1) << 40, WAIT_FOREVER) == STATUS_CHANGED);
	check(sync_wait(&word, 0, 0) == STATUS_TIMED_OUT);
	uint64_t deadline = soon();
	check(sync_wait_64(&wide_word, 0, deadline) == STATUS_TIMED_OUT && clock_ns() >= deadline);
	check(sync_wake(&word, WAKE_ALL) == 0);
	check(sys_sync_wait((uintptr_t)&word + 2, 0, 4, WAIT_FOREVER).status == STATUS_INVALID);
	check(sys_sync_wait((uintptr_t)&wide_word + 4, 0, 8, WAIT_FOREVER).status == STATUS_INVALID);
	check(sys_sync_wait((uintptr_t)&word, 0, 2, WAIT_FOREVER).status == STATUS_INVALID);
	check(sys_sync_wait(8, 0, 4, WAIT_FOREVER).status == STATUS_FAULT);
	check(sys_sync_wake(8, 1).status == STATUS_FAULT);
	check(sys_sync_requeue((uintptr_t)&word, 1, (uintptr_t)&word, 1).status == STATUS_INVALID);
	check(sync_wait_any(&none, 0, WAIT_FOREVER, &index) == STATUS_INVALID);
	check(sync_wait_any(&none, SYNC_WORDS_MAX + 1, WAIT_FOREVER, &index) == STATUS_LIMIT);
}

static int wakes_word(void *argument)
{
	uint32_t *which = argument;
	while (sync_wake(which, 1) == 0) /* until it waits; the value is still what it waits for */
		thread_yield();
	return 0;
}

/* One of many: the index tells which, and the others know nothing of it any more. */
static void any_of_many(void)
{
	static uint32_t many[SYNC_WORDS_MAX];
	static struct sync_word words[SYNC_WORDS_MAX];
	for (unsigned i = 0; i < SYNC_WORDS_MAX; i++)
		words[i] = (struct sync_word){(uintptr_t)&many[i], 0, sizeof(many[i])};
	for (unsigned round = 0; round < 4; round++) {
		unsigned which = (round * 21 + 5) % SYNC_WORDS_MAX, index = 0;
		uint64_t waker = must(thread_create("waker", wakes_word, &many[which]));
		check(sync_wait_any(words, SYNC_WORDS_MAX, WAIT_FOREVER, &index) == STATUS_OK && index == which);
		must(thread_join(waker));
		many[which] = 1;
		check(sync_wait_any(words, SYNC_WORDS_MAX, WAIT_FOREVER, &index) == STATUS_CHANGED && index == which);
		many[which] = 0;
		check(sync_wake(&many[(which + 1) % SYNC_WORDS_MAX], WAKE_ALL) == 0);
	}
	check(sync_wait_any(words, SYNC_WORDS_MAX, soon(), &(unsigned){0}) == STATUS_TIMED_OUT);
}

/* ---- the same word in two address spaces ---- */

static void two_processes(void)
{
	uint64_t object = object_new(PAGE_BYTES);
	uint32_t *here = object_map(object, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	uint32_t *there = object_map(object, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE); /* another address will do for the key */
	uint64_t waker = must(thread_create("waker", wakes_word, there + 3));
	check(here != there && sync_wait(here + 3, 0, WAIT_FOREVER) == STATUS_OK);
	must(thread_join(waker));
	here[3] = 1;
	uint64_t copy = must(sys_object_copy(object, 0, 1));
	uint32_t *apart = object_map(copy, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	check(apart[3] == 1 && sync_wait(apart + 3, 1, 0) == STATUS_TIMED_OUT && sync_wake(here + 3, WAKE_ALL) == 0);
	struct file self;
	if (file_open("sync", &self).status != STATUS_OK)
		return; /* no flash, no second process */
	here[3] = 0;
	uint64_t process = must(process_start_with("sync", self.object, 1, object));
	check(sync_wait(here + 3, 0, WAIT_FOREVER) == STATUS_OK);
	struct result end = process_wait(process);
	check(end.status == STATUS_OK && end.value == 0);
}

/* What the second process does. */
static int wake_from_outside(void)
{
	uint32_t *shared = object_map(HANDLE_GIVEN, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE);
	return wakes_word(shared + 3);
}

/* ---- locks ---- */

static struct mutex mutex;
static struct recursive_mutex recursive;
static struct rwlock rwlock;
static struct semaphore slots = {.count = 3};
static struct barrier barrier;
static unsigned counted, deep, inside, inside_most, readers, versions[2];

static void with_mutex(void)
{
	mutex_lock(&mutex);
	unsigned before = counted;
	thread_yield();
	counted = before + 1;
	mutex_unlock(&mutex);
}

static void with_recursive_mutex(unsigned depth)
{
	recursive_mutex_lock(&recursive);
	deep++;
	if (depth > 0)
		with_recursive_mutex(depth - 1);
	recursive_mutex_unlock(&recursive);
}

static void with_semaphore(void)
{
	check(semaphore_wait(&slots, WAIT_FOREVER) == STATUS_OK);
	unsigned now = __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);
	if (now > inside_most)
		inside_most = now;
	thread_yield();
	__atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
	semaphore_post(&slots);
}

static void with_rwlock(bool writes)
{
	if (writes) {
		rwlock_write_lock(&rwlock);
		check(__atomic_load_n(&readers, __ATOMIC_RELAXED) == 0);
		versions[0]++;
		thread_yield();
		versions[1]++;
		rwlock_write_unlock(&rwlock);
	} else {
		rwlock_read_lock(&rwlock);
		__atomic_add_fetch(&readers, 1, __ATOMIC_RELAXED);
		check(versions[0] == versions[1]);
		thread_yield();
		__atomic_sub_fetch(&readers, 1, __ATOMIC_RELAXED);
		rwlock_read_unlock(&rwlock);
	}
}

#define WORKERS 8

static int worker(void *argument)
{
	unsigned number = (unsigned)(uintptr_t)argument;
	for (unsigned round = 0; round < ROUNDS; round++) {
		with_mutex();
		with_recursive_mutex(2);
		with_semaphore();
		with_rwlock((number + round) % 4 == 0);
		barrier_wait(&barrier, WORKERS);
		check(versions[0] == versions[1]);
		barrier_wait(&barrier, WORKERS);
	}
	return 0;
}

static void locks(void)
{
	uint64_t threads[WORKERS];
	for (unsigned i = 0; i < WORKERS; i++)
		threads[i] = must(thread_create("worker", worker, (void *)(uintptr_t)i));
	for (unsigned i = 0; i < WORKERS; i++)
		must(thread_join(threads[i]));
	check(counted == WORKERS * ROUNDS && deep == 3 * WORKERS * ROUNDS);
	check(inside == 0 && inside_most <= 3 && slots.count == 3);
	check(versions[0] == WORKERS * ROUNDS / 4 && versions[1] == versions[0]);
	mutex_lock(&mutex);
	check(!mutex_try_lock(&mutex));
	mutex_unlock(&mutex);
	check(mutex_try_lock(&mutex));
	mutex_unlock(&mutex);
	struct semaphore empty = {0};
	check(semaphore_wait(&empty, soon()) == STATUS_TIMED_OUT);
}

/* ---- conditions ---- */

static struct condition ready;
static unsigned waits, passed;
static bool open;

static int waits_for_ready(void *argument)
{
	(void)argument;
	mutex_lock(&mutex);
	while (!open) {
		waits++;
		condition_wait(&ready, &mutex);
	}
	passed++;
	mutex_unlock(&mutex);
	return 0;
}

static bool is_asleep(uint64_t thread)
{
	struct thread_query query;
	must(sys_thread_query(thread, (uintptr_t)&query));
	return query.thread == thread && query.state == THREAD_QUERY_WAITS && query.reason == SWITCH_WORD;
}

/* Until the crowd has waited so often, and all of it is asleep, which can only be at the condition then. False: it took too long. */
static bool wait_for_crowd(const uint64_t threads[CROWD], unsigned times)
{
	uint64_t deadline = clock_ns() + LONG_NS;
	for (unsigned asleep = 0; clock_ns() < deadline;) {
		mutex_lock(&mutex);
		bool all = waits >= times;
		mutex_unlock(&mutex);
		while (all && asleep < CROWD && is_asleep(threads[asleep]))
			asleep++;
		if (asleep == CROWD)
			return true;
		thread_sleep_us(100);
	}
	return false;
}

static void crowd_passes(void)
{
	static uint64_t threads[CROWD];
	for (unsigned i = 0; i < CROWD; i++)
		threads[i] = must(thread_create("crowd", waits_for_ready, NULL));
	check(wait_for_crowd(threads, CROWD));
	condition_signal(&ready); /* one wakes, sees that nothing is open, and waits again */
	check(wait_for_crowd(threads, CROWD + 1));
	mutex_lock(&mutex);
	check(passed == 0);
	open = true;
	mark_instant("broadcast", CROWD);
	condition_broadcast(&ready, &mutex);
	mutex_unlock(&mutex);
	for (unsigned i = 0; i < CROWD; i++)
		must(thread_join(threads[i]));
	check(passed == CROWD);
	mutex_lock(&mutex);
	check(condition_wait_until(&ready, &mutex, soon()) == STATUS_TIMED_OUT);
	check(!mutex_try_lock(&mutex));
	mutex_unlock(&mutex);
}

int main(void)
{
	if (program_argument() == 1)
		return wake_from_outside();
	outcomes();
	any_of_many();
	two_processes();
	locks();
	crowd_passes();
	printf("sync: %u turns with each lock, %u passed at a broadcast, %d things wrong\n", counted, passed, checks_failed());
	return checks_failed();
}
