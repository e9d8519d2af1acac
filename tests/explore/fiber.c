/*
 * Fibers whose stacks can be copied away and back: sim_fiber.h once more, for exploration.
 *
 * Teaches: a saved register set at a fixed place and the used part of a stack at a fixed place are all there is to a fiber. Both are
 * copied with the rest of the machine, so a CPU can go on again from where it once was.
 *
 *      pool:  | ...free... <-- used by the calls | struct saved | ...free... | struct saved | ...
 *
 * Who calls: sim_run.c, sim_user.c, search.c; state.c copies. What is simplified: a fiber is never given back.
 */
#include "explore.h"

#include <stdlib.h>
#include <string.h>

#include "sim_fiber.h"

#define STACK_BYTES 65536
/* Between the frame of the function that gives up the CPU and what it still needs. */
#define FRAME_BYTES 64
/* So deep no system call goes. */
#define CLEAN_BYTES 2048

/* At the end of each stack. */
struct saved {
	jmp_buf registers;
	struct sim_fiber *fiber;
	size_t used; /* with this struct */
	bool has_run;
};

/* Outside the machine. */
struct pool {
	uint8_t *stacks;
	unsigned count;
	jmp_buf test;
	struct sim_fiber *current;
};
static struct pool *pool;

static struct saved *saved_of(unsigned number)
{
	return (struct saved *)(void *)(pool->stacks + (size_t)(number + 1) * STACK_BYTES - sizeof(struct saved));
}

static struct saved *saved_at(const struct sim_fiber *fiber)
{
	return (struct saved *)(void *)((uint8_t *)fiber->stack + STACK_BYTES - sizeof(struct saved));
}

static void first_steps(void)
{
	pool->current->run();
	abort();
}

void sim_fiber_start(struct sim_fiber *fiber, void (*run)(void))
{
	if (!pool) {
		pool = explorer_memory(sizeof(*pool)); /* before the machine's first state */
		pool->stacks = explorer_memory((size_t)STACKS_MAX * STACK_BYTES);
	}
	if (pool->count == STACKS_MAX)
		abort();
	fiber->run = run;
	fiber->stack = pool->stacks + (size_t)pool->count * STACK_BYTES;
	struct saved *saved = saved_of(pool->count++);
	saved->fiber = fiber;
	saved->used = sizeof(*saved);
	saved->has_run = false;
	getcontext(&fiber->context);
	fiber->context.uc_stack.ss_sp = fiber->stack;
	fiber->context.uc_stack.ss_size = STACK_BYTES - sizeof(*saved);
	fiber->context.uc_link = NULL;
	makecontext(&fiber->context, first_steps, 0);
}

__attribute__((noinline)) void sim_fiber_resume(struct sim_fiber *fiber)
{
	if (pool->current)
		abort(); /* only the test resumes */
	pool->current = fiber;
	struct saved *saved = saved_at(fiber);
	if (!_setjmp(pool->test)) {
		if (saved->has_run)
			_longjmp(saved->registers, 1);
		saved->has_run = true;
		setcontext(&fiber->context);
	}
	pool->current = NULL;
}

__attribute__((noinline)) void sim_fiber_yield(void)
{
	struct saved *saved = saved_at(pool->current);
	saved->used = (size_t)((uint8_t *)(saved + 1) - ((uint8_t *)__builtin_frame_address(0) - FRAME_BYTES));
	if (!_setjmp(saved->registers))
		_longjmp(pool->test, 1);
}

_Noreturn void fiber_abandon(void)
{
	_longjmp(pool->test, 1);
}

bool sim_fiber_runs(void)
{
	return pool && pool->current;
}

unsigned stacks_count(void)
{
	return pool->count;
}

struct stack stack_used(unsigned number)
{
	struct saved *saved = saved_of(number);
	return (struct stack){(uint8_t *)(saved + 1) - saved->used, saved->used};
}

void stack_set_used(unsigned number, size_t bytes)
{
	saved_of(number)->used = bytes;
}

void stacks_clean(void)
{
	for (unsigned i = 0; i < pool->count; i++)
		memset(stack_used(i).base - CLEAN_BYTES, 0, CLEAN_BYTES);
}

bool stack_is(const void *address)
{
	const uint8_t *byte = address;
	return pool && byte >= pool->stacks && byte < pool->stacks + (size_t)STACKS_MAX * STACK_BYTES;
}
