/*
 * Fibers by makecontext() and swapcontext(): see sim_fiber.h.
 */
#include "sim_fiber.h"

#include <sanitizer/common_interface_defs.h>
#include <stdlib.h>

static ucontext_t test_context;
static void *test_sanitizer_stack;
static const void *test_stack;
static size_t test_stack_bytes;
static struct sim_fiber *current;

static void first_steps(void)
{
	__sanitizer_finish_switch_fiber(NULL, &test_stack, &test_stack_bytes);
	current->run();
	abort();
}

void sim_fiber_start(struct sim_fiber *fiber, void (*run)(void))
{
	fiber->run = run;
	fiber->stack = aligned_alloc(4096, FIBER_STACK_BYTES);
	getcontext(&fiber->context);
	fiber->context.uc_stack.ss_sp = fiber->stack;
	fiber->context.uc_stack.ss_size = FIBER_STACK_BYTES;
	fiber->context.uc_link = NULL;
	makecontext(&fiber->context, first_steps, 0);
}

void sim_fiber_resume(struct sim_fiber *fiber)
{
	if (current)
		abort(); /* only the test resumes */
	current = fiber;
	__sanitizer_start_switch_fiber(&test_sanitizer_stack, fiber->stack, FIBER_STACK_BYTES);
	swapcontext(&test_context, &fiber->context);
	__sanitizer_finish_switch_fiber(test_sanitizer_stack, NULL, NULL);
	current = NULL;
}

void sim_fiber_yield(void)
{
	struct sim_fiber *fiber = current;
	__sanitizer_start_switch_fiber(&fiber->sanitizer_stack, test_stack, test_stack_bytes);
	swapcontext(&fiber->context, &test_context);
	__sanitizer_finish_switch_fiber(fiber->sanitizer_stack, NULL, NULL);
}

bool sim_fiber_runs(void)
{
	return current != NULL;
}
