/*
 * Whether the CPUs' clocks are in step.
 */
#pragma once

#include "types.h"

struct cpu;

/* How far ahead of this CPU's clock another one is: between the two, in ticks. */
struct clock_bounds {
	int64_t lower, upper;
	unsigned rounds;
};

/* Nothing known yet. */
struct clock_bounds clock_bounds_none(void);

/*
 * What one exchange tells: this CPU asked at `asked`, the other then read `value`, and this CPU had it at `answered`. If the other's clock
 * is ahead by x, it really read it at value - x, which is between the two.
 */
void clock_bounds_add(struct clock_bounds *bounds, uint64_t asked, uint64_t value, uint64_t answered);

/* Whether x may be 0: then no time that one CPU reads is before one that another has read earlier, as far as can be seen. */
bool clock_in_step(const struct clock_bounds *bounds);

/* Asks another CPU, which waits at the barrier, for its clock, several times; false if it does not answer within so many ticks. */
bool clock_compare(struct cpu *other, uint64_t patience, struct clock_bounds *bounds);

/* The other side: if it is this CPU's turn, answers until the asker has enough; whether it was. `ahead` is for tests: it lies by so much. */
bool clock_answer(struct cpu *cpu, int64_t ahead);
