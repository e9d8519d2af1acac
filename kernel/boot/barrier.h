/*
 * The two things that CPUs wait for while they start: boot_lock, and the barrier.
 */
#pragma once

#include "types.h"

struct cpu;

/* 1: held. The boot CPU holds it from the first instruction; a machine's entry code may take it for a CPU that has no stack yet. */
extern uint32_t boot_lock;

/* Takes it for a CPU that starts, which has its stack already; notes when. The second gives up after so many ticks: whether it got it. */
void boot_lock_take(struct cpu *cpu);
bool boot_lock_take_within(uint64_t ticks);
void boot_lock_release(void);

/* Waits until barrier_open(), or until `call` returns true, which is asked whenever the CPU wakes. irqs off. Whether it is open. */
bool barrier_wait(bool (*call)(struct cpu *cpu));
void barrier_open(void);

/* Wakes a CPU that waits, to let it ask again. It is online. */
void barrier_wake(struct cpu *cpu);
