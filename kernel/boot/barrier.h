/*
 * The barrier at which CPUs wait for each other while they start.
 */
#pragma once

#include "types.h"

struct cpu;

/* Waits until barrier_open(), unless `call` returns true, which is asked whenever the CPU wakes, and at the end. irqs off. Whether it may go on. */
bool barrier_wait(bool (*call)(struct cpu *cpu));
void barrier_open(void);

/* Wakes a CPU that waits, to let it ask again. It is online. */
void barrier_wake(struct cpu *cpu);
