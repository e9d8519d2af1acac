/*
 * Fibers: code with a stack of its own, which runs when the test lets it.
 *
 * Teaches: a coroutine is a saved register set and a stack. Simulated CPUs and simulated user threads are fibers; the test
 * itself resumes each of them, and they yield only to the test. The sanitizers are told of every change of stack.
 * Who calls: sim_run.c, sim_user.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <ucontext.h>

#define FIBER_STACK_BYTES (256 * 1024)

struct sim_fiber {
	ucontext_t context;
	void *stack; /* NULL: it was never started */
	void *sanitizer_stack;
	void (*run)(void);
};

/* Makes a fiber that will run `run` when it is resumed first. `run` must not return. */
void sim_fiber_start(struct sim_fiber *fiber, void (*run)(void));

/* From the test: lets the fiber run until it yields. From a fiber: back to the test. */
void sim_fiber_resume(struct sim_fiber *fiber);
void sim_fiber_yield(void);

/* Whether the code that runs now is a fiber's. */
bool sim_fiber_runs(void);
