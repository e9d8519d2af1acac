/*
 * Accesses: what the kernel's objects call before they touch memory, and which of them are choices.
 *
 * Teaches: choices are found, not declared. The compiler puts a call before every access (-fsanitize=thread; the library that
 * usually answers is not linked). A word that atomic operations are made on, and that more than one CPU has touched, is shared; an
 * access to a shared word, atomic or not, is a choice. It is none if one and the same lock is held at all of them (Savage et al., "Eraser",
 * 1997), nor if only one CPU ever touches the word: then its order is that of other choices. Words found late make the search start
 * again (explorer->grew).
 * A lock is a word that 1 is exchanged into. To take one is a choice, and possible only while it is free; to give it back is
 * none, since who waits for it could not have done anything before.
 * Who calls: the kernel's objects. Whom: choice_point().
 */
#include "explore.h"

#include <stdlib.h>
#include <string.h>

#include "core/cpu.h"
#include "sim_machine.h"

#define WORDS_MAX (UINT64_C(1) << 16)

#define HELD_MAX 8

struct word {
	const void *address; /* NULL: a free place */
	uint32_t cpus;       /* bit n: CPU n has touched it */
	bool is_lock;
	uint8_t locks; /* how many locks were held at every access so far, and which */
	const void *lock[HELD_MAX];
};

/* The locks that a CPU holds, in the order in which it took them. Part of the state. */
static struct held {
	unsigned count;
	const void *lock[HELD_MAX];
} held_by[MAX_CPUS];

/* Outside the machine: an open hash table of the words that atomic operations are made on. */
static struct word *words;

void accesses_prepare(void)
{
	words = explorer_memory(WORDS_MAX * sizeof(*words));
}

/* The word's place in the table; with `add`, it gets one. NULL if it has none. */
static struct word *word_at(const void *address, bool add)
{
	uint64_t place = (uintptr_t)address * UINT64_C(0x9e3779b97f4a7c15) >> 48;
	for (;; place = (place + 1) % WORDS_MAX) {
		struct word *word = &words[place];
		if (word->address == address)
			return word;
		if (word->address)
			continue;
		if (!add)
			return NULL;
		word->address = address;
		return word;
	}
}

static bool is_explored(void)
{
	return explorer && explorer->exploring && sim_fiber_runs() && sim_cpus[sim_current].state == SIM_KERNEL;
}

static bool holds(const struct held *held, const void *lock)
{
	for (unsigned i = 0; i < held->count; i++)
		if (held->lock[i] == lock)
			return true;
	return false;
}

/* Strikes off the word's locks those that are not held now. */
static void keep_locks(struct word *word)
{
	const struct held *held = &held_by[sim_current];
	unsigned kept = 0;
	if (!word->cpus) {
		memcpy(word->lock, held->lock, sizeof(word->lock));
		word->locks = (uint8_t)held->count;
	}
	for (unsigned i = 0; i < word->locks; i++)
		if (holds(held, word->lock[i]))
			word->lock[kept++] = word->lock[i];
	word->locks = (uint8_t)kept;
}

/* Notes that this CPU touches the word; whether it is a choice when. */
static bool is_shared(struct word *word)
{
	bool was_shared = (word->cpus & (word->cpus - 1)) && !word->locks;
	keep_locks(word);
	word->cpus |= UINT32_C(1) << sim_current;
	bool shared = (word->cpus & (word->cpus - 1)) && !word->locks;
	if (shared && !was_shared) {
		explorer->grew = true;
		explorer->shared_words++;
	}
	return shared;
}

static void atomic(enum operation operation, const void *address, const void *pc)
{
	if (is_explored() && !stack_is(address) && is_shared(word_at(address, true)))
		choice_point(operation, address, pc);
}

static void plain(enum operation operation, const void *address, const void *pc)
{
	if (!is_explored() || stack_is(address))
		return;
	struct word *word = word_at(address, false);
	if (word && !word->is_lock && is_shared(word))
		choice_point(operation, address, pc);
}

/* An exchange that would change nothing is one that has to wait: so a spinlock is taken when it is free. */
static void lock(const void *address, const void *pc)
{
	if (!is_explored())
		return;
	struct word *word = word_at(address, true);
	word->is_lock = true;
	if (is_shared(word))
		choice_point(OP_LOCK, address, pc);
	struct held *held = &held_by[sim_current];
	if (held->count == HELD_MAX)
		abort();
	held->lock[held->count++] = address;
}

/* Locks are given back in the reverse order. */
static void store(const void *address, const void *pc)
{
	if (!is_explored())
		return;
	struct held *held = &held_by[sim_current];
	if (held->count && held->lock[held->count - 1] == address)
		held->count--;
	else
		atomic(OP_STORE, address, pc);
}

#define PC __builtin_return_address(0)

/* What the compiler calls is declared nowhere else. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch"

/* ---- plain accesses ---- */

#define PLAIN(bytes)                                                                                                             \
	void __tsan_read##bytes(void *address)                                                                                   \
	{                                                                                                                        \
		plain(OP_LOAD, address, PC);                                                                                     \
	}                                                                                                                        \
	void __tsan_write##bytes(void *address)                                                                                  \
	{                                                                                                                        \
		plain(OP_STORE, address, PC);                                                                                    \
	}                                                                                                                        \
	void __tsan_unaligned_read##bytes(void *address)                                                                         \
	{                                                                                                                        \
		plain(OP_LOAD, address, PC);                                                                                     \
	}                                                                                                                        \
	void __tsan_unaligned_write##bytes(void *address)                                                                        \
	{                                                                                                                        \
		plain(OP_STORE, address, PC);                                                                                    \
	}
PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

/* Whole structs are copied where nobody else looks. */
void __tsan_read_range(void *address, size_t bytes)
{
	(void)address, (void)bytes;
}

void __tsan_write_range(void *address, size_t bytes)
{
	(void)address, (void)bytes;
}

void __tsan_init(void)
{
}

void __tsan_func_entry(void *pc)
{
	(void)pc;
}

void __tsan_func_exit(void)
{
}

/* ---- atomic operations: the choice, then the operation itself ---- */

#define RMW(bits, type, name)                                                                                                    \
	type __tsan_atomic##bits##_##name(type *address, type value, int order)                                                  \
	{                                                                                                                        \
		(void)order;                                                                                                     \
		atomic(OP_CHANGE, address, PC);                                                                                  \
		return __atomic_##name(address, value, __ATOMIC_SEQ_CST);                                                        \
	}

#define ATOMIC(bits, type)                                                                                                       \
	type __tsan_atomic##bits##_load(const type *address, int order)                                                          \
	{                                                                                                                        \
		(void)order;                                                                                                     \
		atomic(OP_LOAD, address, PC);                                                                                    \
		return __atomic_load_n(address, __ATOMIC_SEQ_CST);                                                               \
	}                                                                                                                        \
	void __tsan_atomic##bits##_store(type *address, type value, int order)                                                   \
	{                                                                                                                        \
		(void)order;                                                                                                     \
		store(address, PC);                                                                                              \
		__atomic_store_n(address, value, __ATOMIC_SEQ_CST);                                                              \
	}                                                                                                                        \
	type __tsan_atomic##bits##_exchange(type *address, type value, int order)                                                \
	{                                                                                                                        \
		(void)order;                                                                                                     \
		if (bits == 32 && value == 1)                                                                                    \
			lock(address, PC);                                                                                       \
		else                                                                                                             \
			atomic(OP_CHANGE, address, PC);                                                                          \
		return __atomic_exchange_n(address, value, __ATOMIC_SEQ_CST);                                                    \
	}                                                                                                                        \
	int __tsan_atomic##bits##_compare_exchange_strong(type *address, type *expected, type value, int order, int failure)     \
	{                                                                                                                        \
		(void)order, (void)failure;                                                                                      \
		atomic(OP_CHANGE, address, PC);                                                                                  \
		return __atomic_compare_exchange_n(address, expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);         \
	}                                                                                                                        \
	RMW(bits, type, fetch_add)                                                                                               \
	RMW(bits, type, fetch_sub)                                                                                               \
	RMW(bits, type, fetch_and)                                                                                               \
	RMW(bits, type, fetch_or)

ATOMIC(8, uint8_t)
ATOMIC(16, uint16_t)
ATOMIC(32, uint32_t)
ATOMIC(64, uint64_t)

void __tsan_atomic_thread_fence(int order)
{
	(void)order; /* there is one order here for all */
}
