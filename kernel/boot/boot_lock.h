/*
 * boot_lock: who has it may use what CPUs share while they start.
 */
#pragma once

#include "types.h"

struct cpu;

/* 1: held. The boot CPU holds it from the first instruction; the machine's entry code takes it for any other, which has no stack yet. */
extern uint32_t boot_lock;

/* The boot CPU takes it again, unless so many ticks pass before it is free: whether it got it; and lets go of it. Neither is said in the trace. */
bool boot_lock_take_within(uint64_t ticks);
void boot_lock_release(void);

/* The calling CPU has it, from its entry code; and which CPU has said so: 0 if none, or the boot CPU. */
void boot_lock_hold(const struct cpu *cpu);
unsigned boot_lock_holder(void);

/* The calling CPU gives it back, and says so in the trace. */
void boot_lock_give_back(void);

/* Panics if the calling CPU holds it, and its word has been cleared. */
void boot_lock_check(void);
