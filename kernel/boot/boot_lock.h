/*
 * boot_lock: who has it may use what CPUs share while they start.
 */
#pragma once

#include "types.h"

struct cpu;

/* 1: held. The boot CPU holds it from the first instruction; the machine's entry code takes it for any other, which has no stack yet. */
extern uint32_t boot_lock;

/* Takes it, unless so many ticks pass before it is free: whether it got it. On the boot CPU. */
bool boot_lock_take_within(uint64_t ticks);

/* The calling CPU has it, from its entry code; and which CPU has said so: 0 if none, or the boot CPU. */
void boot_lock_hold(const struct cpu *cpu);
unsigned boot_lock_holder(void);

/* The calling CPU has it, and lets go. Giving it back also says so in the trace. */
void boot_lock_release(void);
void boot_lock_give_back(void);
