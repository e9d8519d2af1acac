/*
 * MMU conformance: the rules of kernel/mmu.h, as cases that every back end has to pass.
 *
 * Teaches: two page tables as different as a tree and a hash are the same thing if nobody above can tell them apart. These
 * cases are "nobody above": they use only mmu.h and the few calls below, which say how a CPU of this machine touches memory.
 * Who calls: tests/unit/test_mmu.c on the host, tests/kernel/selftest.c in the guest. They also answer the mmu_test_ calls.
 */
#pragma once

#include "mmu.h"
#include "types.h"

/*
 * Runs every case; prints `ok NAME` or `not ok NAME: why` for each and a digest of the random script, which has to be the same
 * on every back end for the same seed. Returns the number of failures. Called on CPU 0, no lock held, irqs on.
 */
unsigned mmu_conformance(uint64_t seed);

/* ---- what the machine under test answers ---- */

/* The calling CPU translates through the space (NULL: none). */
void mmu_test_activate(struct mmu_space *space);

/* Loads or stores eight aligned bytes through the MMU, answering segment misses. False if the machine refused. */
bool mmu_test_load(struct vaddr va, uint64_t *value);
bool mmu_test_store(struct vaddr va, uint64_t value);

/* Whether the machine would fetch an instruction there. */
enum mmu_test_exec { EXEC_REFUSED, EXEC_ALLOWED, EXEC_CANNOT_ASK };
enum mmu_test_exec mmu_test_exec(struct vaddr va);

/* A zeroed page of RAM, and back. */
struct paddr mmu_test_page_take(void);
void mmu_test_page_give(struct paddr page);

/* What another CPU does while the test runs: see mmu_watch_step(). */
struct mmu_watch {
	struct mmu_space *space;
	struct vaddr read;     /* loaded in each round */
	struct vaddr write;    /* stored to in each round; 0: never */
	uint64_t floor;        /* a load of less than this is a stale translation */
	uint64_t stale;        /* how many there were */
	uint64_t rounds;       /* made so far */
	uint64_t rounds_asked; /* stop there and wait; UINT64_MAX: go on */
};

/*
 * Whether there is another CPU; lets it make rounds until mmu_test_other_stop(); waits until it has made `rounds` more or,
 * with 0, all that it was asked for. Without another CPU the cases that need one are not run.
 */
bool mmu_test_other_exists(void);
void mmu_test_other_start(struct mmu_watch *watch);
void mmu_test_other_wait(struct mmu_watch *watch, uint64_t rounds);
void mmu_test_other_stop(struct mmu_watch *watch);

/* One round: for the other CPU, with the space active. */
void mmu_watch_step(struct mmu_watch *watch);

/* ---- what the files of the cases share ---- */

/* Returns from a case with a sentence, if the condition does not hold. */
#define CHECK(condition)                                                                                                         \
	do {                                                                                                                     \
		if (!(condition))                                                                                                \
			return mmu_case_failed(#condition, __LINE__);                                                            \
	} while (0)

const char *mmu_case_failed(const char *condition, int line);

struct mmu_case {
	const char *name;
	const char *(*run)(void); /* NULL, or why it failed */
};

extern const struct mmu_case mmu_rule_cases[], mmu_group_cases[], mmu_script_cases[], mmu_cpu_cases[];

/* The seed of this run, and a random number that is the same on every machine. */
extern uint64_t mmu_seed;
uint64_t mmu_random(uint64_t *state);

/* Opens and closes a space for a case. Closing the last one says whether exactly the donated pages came back. */
void mmu_case_open(struct mmu_space *space);
void mmu_case_close_one(struct mmu_space *space);
bool mmu_case_close(struct mmu_space *space);

/* Donates a page nobody asked for. How many pages the spaces that are open have been given. */
void mmu_case_donate(struct mmu_space *space);
unsigned mmu_case_donated(void);

/* Stops the other CPU if a case that failed left it running. */
void mmu_case_stop_other(void);

/* The operations, with the lock, and with pages donated as asked. */
enum status mmu_case_map(struct mmu_space *space, struct vaddr va, struct paddr page, unsigned flags);
void mmu_case_unmap(struct mmu_space *space, struct vaddr va, uint64_t pages);
struct mmu_usage mmu_case_harvest(struct mmu_space *space, struct vaddr va);
struct mmu_walk mmu_case_walk(struct mmu_space *space, struct vaddr va);

/* Takes pages, each word of which holds the page's own address plus its offset; gives them back. */
void mmu_case_frames(struct paddr *frames, unsigned count);
void mmu_case_frames_free(struct paddr *frames, unsigned count);

/* The word at an offset in a frame, by its physical address. */
uint64_t *mmu_case_word(struct paddr frame, uint64_t offset);
