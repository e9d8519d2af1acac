/*
 * Synchronisation words, explored: a wake-up that comes after the word was changed is never lost.
 *
 * Teaches: the one promise of sync.h: the waiter looks at the word, the waker changes it, and whatever the order, nobody sleeps
 * who could go on.
 * Who calls: the search.
 */
#include "scenarios.h"

#define WORDS (64 * MIB) /* in user memory */
#define FOR_EVER UINT64_MAX

static bool may_go_on(enum status status)
{
	return status == STATUS_OK || status == STATUS_CHANGED;
}

static void waits_at(uint64_t word)
{
	while (user_load(word) == 0) {
		enum status status = user_call5(SYSCALL_sync_wait, (uint64_t[5]){word, 0, 8, FOR_EVER}, NULL);
		if (!may_go_on(status))
			explore_fail("sync_wait answers %u", status);
	}
}

static void waits(uint64_t word)
{
	explore_begin();
	waits_at(word);
	explore_done();
}

static void prepare(void)
{
	uint64_t address = 0;
	explore_stay(0);
	if (user_call(SYSCALL_vm_map, WORDS, PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE, &address) != STATUS_OK)
		explore_fail("there is no memory for the words");
	user_store(WORDS, 0);
}

static void changes(uint64_t wakes)
{
	uint64_t woken = 0;
	explore_begin();
	user_store(WORDS, 1);
	EXPLORE_EXPECT(user_call(SYSCALL_sync_wake, WORDS, wakes, 0, &woken) == STATUS_OK && woken <= wakes);
	explore_done();
}

void sync_pair_code(uint64_t argument)
{
	(void)argument;
	prepare();
	user_thread(waits, WORDS, 1 << 1);
	changes(1);
}

void sync_crowd_code(uint64_t argument)
{
	(void)argument;
	prepare();
	user_thread(waits, WORDS, 1 << 1);
	user_thread(waits, WORDS, 1 << 2);
	changes(2);
}

/* Who is moved to another word is woken there. */
void sync_move_code(uint64_t argument)
{
	uint64_t counts = 0, woken = 0;
	(void)argument;
	prepare();
	user_thread(waits, WORDS, 1 << 1);
	explore_begin();
	EXPLORE_EXPECT(user_call5(SYSCALL_sync_requeue, (uint64_t[5]){WORDS, 0, WORDS + 8, 1}, &counts) == STATUS_OK);
	user_store(WORDS, 1);
	EXPLORE_EXPECT(user_call(SYSCALL_sync_wake, WORDS, 1, 0, &woken) == STATUS_OK);
	if (counts >> 32)
		EXPLORE_EXPECT(user_call(SYSCALL_sync_wake, WORDS + 8, 1, 0, &woken) == STATUS_OK);
	explore_done();
}

void sync_ended(void)
{
	if (explore_done_count() < explorer->scenario->threads)
		explore_fail("a thread sleeps on a word that was changed, and nobody will wake it");
}
