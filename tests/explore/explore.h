/*
 * Schedule exploration: the portable kernel under a scheduler that tries every order of its steps.
 *
 * Teaches: a race is an order of steps. The kernel's own objects are compiled with -fsanitize=thread, which puts a call before each
 * access to memory; here these calls do not look for races but stop the CPU (accesses.c). Between two such stops a CPU
 * does what no other can observe, so the next step of each CPU is all there is to choose from (search.c). A state is
 * the whole memory of the machine and the stacks of its CPUs (state.c); one that was seen before is not gone on with.
 *
 *     scenario --> simulated machine (tests/unit) --> kernel objects --> access --> choice --> next CPU
 *                                                                                      |
 *                              report.c: schedule in words, and .vtrace <-- violation <--+
 *
 * Who calls: main.c. Whom: sim.h, sim_user.h. What is simplified: memory is sequentially consistent, and an interrupt is taken where
 * the simulated machine takes one.
 */
#pragma once

#include <setjmp.h>

#include "sim_user.h"

/* ---- what is explored ---- */

#define SCENARIO_CPUS_MAX 4
#define BOUND_NONE 255

struct scenario {
	const char *name;
	const char *text; /* what is explored, in a line */
	unsigned cpus;
	unsigned threads;            /* how many come to explore_begin() */
	unsigned bound;              /* how often a CPU may be left that could go on; BOUND_NONE: as often as there is */
	unsigned beyond;             /* so many schedules by chance, without that bound */
	user_code *code;             /* the first thread */
	void (*moved)(unsigned cpu); /* the CPU has made a step; NULL: that does not matter */
	void (*ended)(void);         /* nothing can go on any more: was that right? */
};
extern const struct scenario scenarios[];
extern const unsigned scenarios_count;

/* For the threads of a scenario, each of which has a CPU of its own: the first one with explore_stay(), the others as user_thread() says. */
void explore_stay(unsigned cpu);
/* All wait at explore_begin() until each has come: what comes after that is explored. */
void explore_begin(void);
/* The thread is through. It stays in user mode, where its CPU takes interrupts and does nothing else. */
_Noreturn void explore_done(void);
/* How many threads have come to explore_done(). */
unsigned explore_done_count(void);

/* For the search: how many have come to explore_begin(); lets them go on; whether a CPU's thread is through. */
unsigned explore_ready_count(void);
void explore_go(void);
bool explore_is_done(unsigned cpu);

/* Something is wrong. The first thing that is said counts. */
void explore_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define EXPLORE_EXPECT(condition)                                                                                                \
	do {                                                                                                                     \
		if (!(condition))                                                                                                \
			explore_fail("not true: %s", #condition);                                                                \
	} while (0)

/* Whether the CPU can be looking at nothing of the kernel's: it is in user mode, has no thread, or says that it is quiescent. */
bool explore_follows_nothing(unsigned cpu);

/* A piece of kernel code of the scenario's own, as a system call: user_call(EXPLORE_CALL, function, argument, 0, &value). */
#define EXPLORE_CALL UINT64_C(1000)
typedef uint64_t explore_call(uint64_t argument);
uint64_t explore_kernel(explore_call *call, uint64_t argument);

/* ---- choices ---- */

enum operation { OP_NONE, OP_LOAD, OP_STORE, OP_CHANGE, OP_LOCK, OP_INTERRUPT_SEND, OP_COPY, OP_RELAX };

/* What a CPU in the kernel does when it goes on. Part of the state. */
struct pending {
	enum operation operation;
	const void *address;
	const void *pc;
	bool relaxed; /* it spins, and no other CPU has made a step since */
};
extern struct pending pendings[MAX_CPUS];

/* A CPU in the kernel is about to do this. Returns when it is to. Nothing happens if nothing is explored. */
void choice_point(enum operation operation, const void *address, const void *pc);

/* Why a CPU went on: its kernel code does, it takes an interrupt in user mode or idle, its thread does something. */
enum move_kind { MOVE_KERNEL, MOVE_INTERRUPT, MOVE_USER };
struct move {
	uint8_t cpu;
	uint8_t kind;
};

#define PATH_MAX_MOVES 4000
#define VIOLATION_CHARS 512

/* What the explorer knows. It lies outside the machine: no state has a part of it. */
struct explorer {
	const struct scenario *scenario;
	bool exploring;
	bool replaying; /* events are on */
	uint64_t clock; /* of events */
	char violation[VIOLATION_CHARS];
	struct move path[PATH_MAX_MOVES];
	unsigned moves;
	uint64_t steps, states, ends;
	bool grew; /* a word was found to be shared that was not known to be */
	unsigned shared_words;
};
extern struct explorer *explorer;

/* Memory that is no part of any state. Zero. */
void *explorer_memory(size_t bytes);

/* ---- search.c ---- */

/* Boots the machine and lets the scenario's threads come to where exploration begins. */
void search_prepare(const struct scenario *scenario);
/* Every schedule with at most `bound` preemptions. False if one violates something (it is in the path), or after `limit` steps. */
bool search_all(unsigned bound, uint64_t limit);
/* So many schedules by chance. */
bool search_by_chance(unsigned schedules, unsigned seed);
/* Makes the moves of the path once more, with events on; calls `each` before each move. */
void search_replay(void (*each)(unsigned number, const struct move *move));

/* ---- state.c ---- */

/* From here on what the machine's memory holds can be gone back to. */
void state_begin(void);
void state_restore_first(void);
/* How many bytes a copy takes; makes one; goes back to it. */
size_t state_bytes(void);
void state_save(void *to);
void state_restore(const void *from);
uint64_t state_hash(uint64_t seed);

/* ---- fiber.c: the stacks ---- */

#define STACKS_MAX 32
struct stack {
	uint8_t *base; /* what lies below it is not in use */
	size_t bytes;
};
unsigned stacks_count(void);
/* The part of a stack that is in use; its last bytes are what is needed to go on. */
struct stack stack_used(unsigned number);
void stack_set_used(unsigned number, size_t bytes);
/* What is below it is zeroed: what a call has left there is no part of the state. */
void stacks_clean(void);
/* Leaves the fiber that runs for good, from wherever that is. */
_Noreturn void fiber_abandon(void);
bool stack_is(const void *address);

/* ---- accesses.c ---- */

/* Before the machine's first state is taken. */
void accesses_prepare(void);

/* ---- report.c ---- */

void report_prepare(void);
/* Prints the violation and the path; writes it as a trace if `path` is not NULL. False if that failed. */
bool report_violation(const char *program, const char *path);
