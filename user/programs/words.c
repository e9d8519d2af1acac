/*
 * No wake-up is lost: threads that each wait on 64 words, and wakers that hit one of them at random, again and again.
 *
 * A word counts how often it was hit. A waiter waits with the counts it has seen, and adds up what is new when it wakes. A waker makes
 * one hit, and waits until the waiter has added it up, before it makes the next: if one hit were slept through, its waker would wait
 * for ever, and with all wakers the run would be at a standstill. Wakers choose the waiter, the word and their haste by chance.
 * `--append program.words=N` is how many rounds there are, 4000 without it; a round is a hit that was answered.
 */
#include <vitrine.h>

#define WAITERS 2
#define WAKERS 4
#define WORDS SYNC_WORDS_MAX

static struct group {
	uint32_t hits[WORDS] __attribute__((aligned(64)));
	struct sync_word words[WORDS];
	uint64_t waits, woken;
} groups[WAITERS];

static uint32_t answered[WAKERS]; /* hits of this waker that a waiter has added up: counted there, waited for here */
static uint64_t rounds_each;
static uint32_t wakers_left = WAKERS;

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
	uint64_t seen = 0;
	for (unsigned i = 0; i < WORDS; i++)
		group->words[i] = (struct sync_word){(uintptr_t)&group->hits[i], 0, sizeof(group->hits[i])};
	while (__atomic_load_n(&wakers_left, __ATOMIC_ACQUIRE) > 0) {
		unsigned index = WORDS;
		enum status status = sync_wait_any(group->words, WORDS, WAIT_FOREVER, &index);
		check((status == STATUS_OK || status == STATUS_CHANGED) && index < WORDS);
		group->waits++;
		group->woken += status == STATUS_OK;
		seen += look(group);
	}
	return (int)seen;
}

static int waker(void *argument)
{
	unsigned self = (unsigned)(uintptr_t)argument;
	uint64_t random = (self + 1) * UINT64_C(0x9e3779b97f4a7c15) + clock_ticks();
	for (uint64_t round = 0; round < rounds_each; round++) {
		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		struct group *group = &groups[random >> 50 & (WAITERS - 1)];
		uint32_t *word = &group->hits[words_of(self) + (random >> 60)];
		__atomic_add_fetch(word, 1, __ATOMIC_RELEASE);
		sync_wake(word, 1);
		if (random >> 40 & 1)
			thread_yield();
		for (uint32_t now; (now = __atomic_load_n(&answered[self], __ATOMIC_ACQUIRE)) <= round;)
			DISCARD(sync_wait(&answered[self], now, WAIT_FOREVER), "it looks again");
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
	uint64_t waiters[WAITERS], wakers[WAKERS], seen = 0;
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
	printf("words: %lu hits, each answered, in %lu waits on %u words, %lu of them asleep\n", rounds_each * WAKERS,
	       groups[0].waits + groups[1].waits, WORDS, groups[0].woken + groups[1].woken);
	return checks_failed();
}
