/*
 * The search: every order of steps there is, once.
 *
 *     state --+-- CPU 0 goes on --> state ...         depth first; a state that was seen is left at once
 *             +-- CPU 1 goes on --> state ...
 *
 * Teaches: two ways to look at more schedules than anybody can write down. All of them, where the machine is small: a choice is gone back to
 * by putting the machine's memory back. And by chance, where it is not. In between there is a bound: most races need a CPU to be
 * left at a bad moment only once or twice (Musuvathi and Qadeer, "Iterative context bounding", PLDI 2007), so all schedules with
 * few such moments are a good part of the whole.
 * Who calls: main.c. Whom: state.c, the simulated machine. The invariant: between moves every CPU is at a choice, in user mode,
 * idle or stopped.
 */
#include "explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/trace_categories.h"
#include "core/cpu.h"
#include "sim_machine.h"

#define SEEN_MAX (UINT64_C(1) << 23)
#define MOVES_MAX 16
#define NODES_MAX PATH_MAX_MOVES
#define COPIES_BYTES (UINT64_C(1) << 34)
#define RAM_BYTES (8 * MIB)

/* A choice that was made, and can be made otherwise. */
struct node {
	size_t copy; /* of the machine before it, in the arena */
	unsigned path_moves;
	unsigned preemptions;
	uint8_t last_cpu;
	uint8_t count, next;
	struct move move[MOVES_MAX];
};

struct seen {
	uint64_t hash; /* 0: a free place */
	uint8_t preemptions;
};

/* Outside the machine. */
struct search {
	uint8_t *copies;
	size_t copies_used;
	struct node node[NODES_MAX];
	unsigned nodes;
	struct seen *seen;
	uint64_t random;
	unsigned last_cpu;
	unsigned preemptions;
	unsigned bound;
};
static struct search *search;

/* ---- moves ---- */

static bool is_free(const void *lock)
{
	return *(const uint32_t *)lock == 0;
}

/* What the CPU can do; false: nothing. */
static bool move_of(unsigned cpu, bool relaxed, struct move *move)
{
	const struct pending *pending = &pendings[cpu];
	move->cpu = (uint8_t)cpu;
	switch (sim_cpus[cpu].state) {
	case SIM_KERNEL:
		move->kind = MOVE_KERNEL;
		return pending->relaxed == relaxed && (pending->operation != OP_LOCK || is_free(pending->address));
	case SIM_IDLE:
		move->kind = MOVE_INTERRUPT;
		return !relaxed && sim_irq_pending(cpu);
	case SIM_USER:
		move->kind = sim_irq_pending(cpu) ? MOVE_INTERRUPT : MOVE_USER;
		return !relaxed && (move->kind == MOVE_INTERRUPT || !explore_is_done(cpu));
	default:
		return false;
	}
}

/* All that can happen next. A CPU that spins goes on only when another has, or when there is no other. */
static unsigned find_moves(struct move *moves)
{
	unsigned count = 0;
	for (unsigned spinning = 0; spinning < 2 && count == 0; spinning++)
		for (unsigned cpu = 0; cpu < explorer->scenario->cpus; cpu++)
			count += move_of(cpu, spinning, &moves[count]);
	return count;
}

static void make_move(const struct move *move)
{
	struct sim_cpu *cpu = &sim_cpus[move->cpu];
	explorer->path[explorer->moves++] = *move;
	explorer->steps++;
	for (unsigned i = 0; i < explorer->scenario->cpus; i++)
		pendings[i].relaxed = false;
	sim_current = move->cpu;
	if (move->kind == MOVE_USER) {
		user_step(move->cpu);
	} else {
		if (cpu->state == SIM_USER)
			sim_irq_trap(move->cpu, true, &cpu->frame->trap);
		cpu->state = SIM_KERNEL;
	}
	if (cpu->state == SIM_KERNEL) {
		pendings[move->cpu] = (struct pending){0};
		sim_fiber_resume(&cpu->fiber);
	}
	if (cpu->state != SIM_KERNEL)
		pendings[move->cpu] = (struct pending){0};
	stacks_clean();
	if (explorer->scenario->moved)
		explorer->scenario->moved(move->cpu);
	sim_cpus[move->cpu].ipis = 0; /* what only tells where a state came from */
	sim_current = 0;
	search->last_cpu = move->cpu;
}

/* Nothing can go on, or something is wrong. */
static bool has_ended(unsigned moves)
{
	if (explorer->moves == PATH_MAX_MOVES - 1)
		explore_fail("no end after %u steps", explorer->moves);
	if (moves == 0 && !explorer->violation[0]) {
		for (unsigned cpu = 0; cpu < explorer->scenario->cpus; cpu++)
			if (sim_cpus[cpu].state == SIM_KERNEL)
				explore_fail("CPU %u waits for a lock that nobody gives back", cpu);
		explorer->scenario->ended();
	}
	if (moves == 0)
		explorer->ends++;
	return moves == 0 || explorer->violation[0];
}

static void start_again(void)
{
	state_restore_first();
	explorer->moves = 0;
	search->last_cpu = 0;
	search->preemptions = 0;
}

/* ---- all schedules ---- */

/* Whether the last CPU could go on, so that another's move is a preemption. */
static bool could_go_on(const struct move *moves, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (moves[i].cpu == search->last_cpu)
			return true;
	return false;
}

/* Whether the state was seen, with as many preemptions left or more; notes it. */
static bool was_seen(void)
{
	uint64_t hash = state_hash(search->bound == BOUND_NONE ? 0 : search->last_cpu * UINT64_C(0x100000001b3)) | 1;
	for (uint64_t place = hash >> 20 & (SEEN_MAX - 1);; place = (place + 1) & (SEEN_MAX - 1)) {
		struct seen *seen = &search->seen[place];
		if (seen->hash == hash && seen->preemptions <= search->preemptions)
			return true;
		if (seen->hash && seen->hash != hash)
			continue;
		explorer->states += !seen->hash;
		if (explorer->states > SEEN_MAX / 2)
			explore_fail("more states than there is room for");
		*seen = (struct seen){hash, (uint8_t)search->preemptions};
		return false;
	}
}

/* Puts a choice on the stack, and what it leads to. Moves of the last CPU come first. */
static void push(const struct move *moves, unsigned count, bool preempts)
{
	struct node *node = &search->node[search->nodes++];
	bool may = search->bound == BOUND_NONE || search->preemptions < search->bound;
	*node = (struct node){.copy = search->copies_used,
			      .path_moves = explorer->moves,
			      .preemptions = search->preemptions,
			      .last_cpu = (uint8_t)search->last_cpu};
	for (unsigned own = 0; own < 2; own++)
		for (unsigned i = 0; i < count; i++)
			if ((moves[i].cpu == search->last_cpu) != own && (!own || !preempts || may))
				node->move[node->count++] = moves[i];
	state_save(search->copies + search->copies_used);
	search->copies_used += state_bytes();
}

/* Makes the next move of the choice on top, once the machine is as it was then. False: there is none left, anywhere. */
static bool next_move(void)
{
	while (search->nodes && search->node[search->nodes - 1].next == search->node[search->nodes - 1].count)
		search->copies_used = search->node[--search->nodes].copy;
	if (search->nodes == 0)
		return false;
	struct node *node = &search->node[search->nodes - 1];
	if (node->next)
		state_restore(search->copies + node->copy);
	struct move move = node->move[node->next++];
	explorer->moves = node->path_moves;
	search->last_cpu = node->last_cpu;
	search->preemptions = node->preemptions + (node->next > 1 && node->move[0].cpu == node->last_cpu);
	make_move(&move);
	return true;
}

/* From here to the next choice with a state that is new. */
static void go_on(void)
{
	struct move moves[MOVES_MAX];
	for (;;) {
		unsigned count = find_moves(moves);
		if (has_ended(count))
			return;
		bool preempts = could_go_on(moves, count);
		if (was_seen())
			return;
		if (count > 1) {
			push(moves, count, preempts);
			return;
		}
		make_move(&moves[0]);
	}
}

static bool search_once(uint64_t limit)
{
	madvise(search->seen, SEEN_MAX * sizeof(*search->seen), MADV_DONTNEED); /* all zero again */
	explorer->states = explorer->steps = explorer->ends = 0;
	search->nodes = 0;
	search->copies_used = 0;
	explorer->grew = false;
	start_again();
	go_on();
	while (!explorer->violation[0] && next_move()) {
		go_on();
		if (explorer->steps > limit)
			return false;
	}
	return !explorer->violation[0];
}

/* A path can be gone again only if no word was found to be shared on the way. */
bool search_all(unsigned bound, uint64_t limit)
{
	search->bound = bound;
	bool well;
	do {
		explorer->violation[0] = 0;
		well = search_once(limit);
	} while (explorer->grew && (well || explorer->violation[0]));
	return well;
}

/* ---- schedules by chance ---- */

static unsigned chance(unsigned limit)
{
	search->random ^= search->random >> 12;
	search->random ^= search->random << 25;
	search->random ^= search->random >> 27;
	return (unsigned)((search->random * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % limit;
}

/* The last CPU goes on more often than not, so that others are in the middle of something for longer. */
static const struct move *choose(const struct move *moves, unsigned count)
{
	const struct move *any = &moves[chance(count)];
	if (chance(4))
		for (unsigned i = 0; i < count; i++)
			if (moves[i].cpu == search->last_cpu)
				return &moves[i];
	return any;
}

static bool chance_once(unsigned schedules, unsigned seed)
{
	search->random = seed ? seed : 1;
	explorer->violation[0] = 0;
	explorer->grew = false;
	for (unsigned i = 0; i < schedules; i++) {
		struct move moves[MOVES_MAX];
		unsigned count;
		start_again();
		while (!has_ended(count = find_moves(moves)))
			make_move(choose(moves, count));
		if (explorer->violation[0])
			return false;
	}
	return true;
}

bool search_by_chance(unsigned schedules, unsigned seed)
{
	bool well;
	do
		well = chance_once(schedules, seed);
	while (!well && explorer->grew);
	return well;
}

void search_replay(void (*each)(unsigned number, const struct move *move))
{
	unsigned count = explorer->moves;
	struct move *moves = explorer_memory(sizeof(explorer->path)); /* the path is written again as it is gone */
	memcpy(moves, explorer->path, sizeof(explorer->path));
	start_again();
	explorer->clock = sim_clock();
	for (unsigned i = 0; i < explorer->scenario->cpus; i++)
		cpus[i].trace.categories = TRACE_ALL;
	for (unsigned i = 0; i < count; i++) {
		explorer->clock += 10;
		each(i, &moves[i]);
		make_move(&moves[i]);
	}
}

/* ---- the machine before all that ---- */

void search_prepare(const struct scenario *scenario)
{
	char line[64];
	explorer = explorer_memory(sizeof(*explorer));
	search = explorer_memory(sizeof(*search));
	search->copies = explorer_memory(COPIES_BYTES);
	search->seen = explorer_memory(SEEN_MAX * sizeof(*search->seen));
	explorer->scenario = scenario;
	accesses_prepare();
	report_prepare();
	sim_start(scenario->cpus, RAM_BYTES);
	snprintf(line, sizeof(line), "ring=64");
	user_boot(scenario->code, line);
	for (unsigned seed = 1; explore_ready_count() < scenario->threads; seed++)
		user_continue(seed, 1);
	sim_run();
	for (unsigned i = 0; i < scenario->cpus; i++)
		cpus[i].trace.categories = 0;
	explore_go();
	stacks_clean();
	state_begin();
	explorer->exploring = true;
}
