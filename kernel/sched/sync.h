/*
 * Synchronisation words: threads that sleep until somebody says that a word in memory has changed.
 *
 * Teaches: a lock needs the kernel only when somebody has to wait. The word, and what its values mean, are the programs' own; the
 * kernel keeps who waits on which. What names a word is the object its memory belongs to and the offset there, so two processes
 * that share the memory share the word, at whatever addresses they see it.
 * Who calls: system calls. Whom: user memory, wait.c. Locks: the lock of all waiting.
 */
#pragma once

#include "abi/status.h"
#include "abi/sync.h"
#include "core/list.h"
#include "types.h"

struct thread;

/* The word that a thread waits on, or is about to. */
struct sync_place {
	struct list node; /* in a bucket of the table, while it is armed; on none if its thread has another on the word */
	struct thread *thread;
	uint64_t offset; /* in the object */
	uint32_t object; /* its id, which is never used twice: the object may end meanwhile */
	uint32_t index;  /* among the words of this wait */
	struct sync_word word;
};

static_assert(sizeof(struct sync_place) * SYNC_WORDS_MAX <= PAGE_BYTES, "the places of a thread are one page");

/* Part of every thread; under the lock of all waiting once it is armed. */
struct sync_wait {
	struct sync_place one;   /* for a wait on one word */
	struct sync_place *many; /* a page that the thread keeps from its first wait on several; NULL before */
	unsigned armed;          /* how many places are in the table */
	unsigned woken;          /* index + 1 of the word that was woken before the thread was blocked; 0: none */
	uint64_t arrival;        /* when it entered its places, counted in such arrivals */
	bool waits;              /* the thread is blocked on its words */
};

/* Once, before the first thread. */
void sync_prepare(void);

/* A new thread waits on nothing. At its end its page goes. */
void sync_init(struct thread *thread);
void sync_end(struct thread *thread);

/* Room for `count` words of the current thread, to be filled in before sync_wait(). LIMIT, INVALID for none; NO_MEMORY. */
enum status sync_places(struct thread *thread, unsigned count, struct sync_place **places);

/*
 * Waits, if each of the words has the value it is said to have, until one of them is woken or the clock reaches `deadline` (ticks).
 * RETRY: the thread is blocked; it will get OK and the index of the word that was woken, or TIMED_OUT; or a page has to be brought
 * and the call is made again. OK: one was woken already. CHANGED: the word *index has another value. INVALID for a size that
 * is not 4 or 8 or a misaligned address; FAULT; DENIED.
 */
enum status sync_wait(struct thread *thread, struct sync_place *places, unsigned count, uint64_t deadline, uint64_t *index);

/* Wakes at most `limit` threads that wait on the word at `address` of the current address space. FAULT: no memory is there. */
enum status sync_wake(struct thread *thread, uint64_t address, uint64_t limit, uint64_t *woken);

/* The same, and lets at most `move` of the others wait on another word from now on. INVALID if it is the same word. */
enum status sync_requeue(struct thread *thread, const uint64_t address[2], uint64_t limit, uint64_t move, uint64_t counts[2]);

/* Takes the thread off its words. Called with the lock of all waiting. */
void sync_leave(struct thread *thread);

/* Walks the table: links, counts, that who waits is blocked. Panics on what is wrong. For tests. */
void sync_check(void);
