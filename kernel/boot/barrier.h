/*
 * The two things that CPUs wait for while they start: boot_lock, and the barrier.
 */
#pragma once

#include "types.h"

struct cpu;

/* 1: held. The boot CPU holds it from the first instruction; the machine's entry code takes it for any other, which has no stack yet. */
extern uint32_t boot_lock;

/* Takes it, unless so many ticks pass before it is free: whether it got it. */
bool boot_lock_take_within(uint64_t ticks);
void boot_lock_release(void);

/* Waits until barrier_open(), unless `call` returns true, which is asked whenever the CPU wakes, and at the end. irqs off. Whether it may go on. */
bool barrier_wait(bool (*call)(struct cpu *cpu));
void barrier_open(void);

/* Wakes a CPU that waits, to let it ask again. It is online. */
void barrier_wake(struct cpu *cpu);
