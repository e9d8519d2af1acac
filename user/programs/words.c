/*
 * No wake-up is lost: threads that each wait on 64 words, and wakers that hit one of them at random, again and again.
 *
 * A word counts how often it was hit. A waiter waits with the counts it has seen, and adds up what is new when it wakes. A waker makes
 * one hit, and waits until the waiter has added it up. Between a hit and its answer the waiter is the waker's alone: nobody else hits a
 * word of it. So a hit that is slept through stays so, and its waker waits for ever; when the others have done their rounds, the run is
 * a deadlock. Wakers choose the waiter, among those that are free, the word and their haste by chance.
 * `--append program.words=N` is how many rounds there are, 4000 without it; a round is a hit that was answered.
 */
#include <vitrine.h>

#define WAITERS 4
#define WAKERS 4 /* no more than waiters, so that one of those is free */
#define WORDS SYNC_WORDS_MAX

static struct group {
	uint32_t hits[WORDS] __attribute__((aligned(64)));
	struct sync_word words[WORDS];
	uint64_t waits, woken;
	bool taken; /* a waker has hit a word and waits for the answer */
} groups[WAITERS];

static uint32_t answered[WAKERS]; /* hits of this waker that a waiter has added up: counted there, waited for here */
static uint64_t rounds_each;
static uint32_t wakers_left = WAKERS;

static uint64_t draw(uint64_t random)
{
	return random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
}

/* Each waker has its share of the words, so the waiter knows whom to answer. */
static unsigned words_of(unsigned waker)
{
	return waker * (WORDS / WAKERS);
}

/* Adds up what is new. Returns how many hits that were. */
static unsigned look(struct group *group)
{
	unsigned found = 0;
	for (unsigned i = 0; i < WORDS; i++) {
		uint32_t now = __atomic_load_n(&group->hits[i], __ATOMIC_ACQUIRE);
		uint32_t new = now - (uint32_t)group->words[i].value;
		if (!new)
			continue;
		group->words[i].value = now;
		found += new;
		uint32_t *answer = &answered[i / (WORDS / WAKERS)];
		__atomic_add_fetch(answer, new, __ATOMIC_RELEASE);
		sync_wake(answer, 1);
	}
	return found;
}

static int waiter(void *argument)
{
	struct group *group = argument;
	uint64_t seen = 0, random = (uintptr_t)group + clock_ticks();
	for (unsigned i = 0; i < WORDS; i++)
		group->words[i] = (struct sync_word){(uintptr_t)&group->hits[i], 0, sizeof(group->hits[i])};
	while (__atomic_load_n(&wakers_left, __ATOMIC_ACQUIRE) > 0) {
		unsigned index = WORDS;
		enum status status = sync_wait_any(group->words, WORDS, WAIT_FOREVER, &index);
		check((status == STATUS_OK || status == STATUS_CHANGED) && index < WORDS);
		group->waits++;
		group->woken += status == STATUS_OK;
		seen += look(group);
		random = draw(random);
		for (unsigned i = random >> 62; i > 0 && (random >> 40 & 1); i--) /* so that a hit comes before it sleeps, too */
			thread_yield();
	}
	return (int)seen;
}

/* A waiter that is free, and the caller's from now on: this one, or one of the next. */
static struct group *group_take(unsigned number)
{
	while (__atomic_exchange_n(&groups[number % WAITERS].taken, true, __ATOMIC_ACQUIRE))
		number++;
	return &groups[number % WAITERS];
}

static int waker(void *argument)
{
	unsigned self = (unsigned)(uintptr_t)argument, number = 0;
	uint64_t random = (self + 1) * UINT64_C(0x9e3779b97f4a7c15) + clock_ticks();
	for (uint64_t round = 0; round < rounds_each; round++) {
		random = draw(random);
		if (random >> 45 & 1) /* otherwise the same again */
			number = random >> 50 & (WAITERS - 1);
		struct group *group = group_take(number);
		uint32_t *word = &group->hits[words_of(self) + (random >> 60)];
		__atomic_add_fetch(word, 1, __ATOMIC_RELEASE);
		sync_wake(word, 1);
		if (random >> 40 & 1)
			thread_yield();
		for (uint32_t now; (now = __atomic_load_n(&answered[self], __ATOMIC_ACQUIRE)) <= round;)
			DISCARD(sync_wait(&answered[self], now, WAIT_FOREVER), "it looks again");
		__atomic_store_n(&group->taken, false, __ATOMIC_RELEASE);
	}
	if (__atomic_sub_fetch(&wakers_left, 1, __ATOMIC_ACQ_REL) > 0)
		return 0;
	for (unsigned i = 0; i < WAITERS; i++) { /* the last one lets the waiters end */
		__atomic_add_fetch(&groups[i].hits[0], 1, __ATOMIC_RELEASE);
		sync_wake(&groups[i].hits[0], 1);
	}
	return 0;
}

int main(void)
{
	uint64_t waiters[WAITERS], wakers[WAKERS], seen = 0, waits = 0, woken = 0;
	rounds_each = program_option("words", 4000) / WAKERS;
	for (unsigned i = 0; i < WAITERS; i++)
		waiters[i] = must(thread_create("waiter", waiter, &groups[i]));
	for (unsigned i = 0; i < WAKERS; i++)
		wakers[i] = must(thread_create("waker", waker, (void *)(uintptr_t)i));
	for (unsigned i = 0; i < WAKERS; i++)
		must(thread_join(wakers[i]));
	for (unsigned i = 0; i < WAITERS; i++)
		seen += must(thread_join(waiters[i]));
	check(seen >= rounds_each * WAKERS && seen <= rounds_each * WAKERS + WAITERS);
	for (unsigned i = 0; i < WAITERS; i++) {
		waits += groups[i].waits;
		woken += groups[i].woken;
	}
	printf("words: %lu hits, each answered, in %lu waits on %u words, %lu of them asleep\n", rounds_each * WAKERS, waits,
	       WORDS, woken);
	return checks_failed();
}
