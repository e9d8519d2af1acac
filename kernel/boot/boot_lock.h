/*
 * boot_lock: who has it may use what CPUs share while they start.
 */
#pragma once

#include "types.h"

/*
 * 1: held. The boot CPU holds it from the first instruction; the machine's entry code takes it for any other, which has no stack
 * yet.
 */
extern uint32_t boot_lock;

/* The boot CPU takes it again, unless so many ticks pass before it is free: whether it got it. The trace does not say so. */
bool boot_lock_take_within(uint64_t ticks);

/* The boot CPU, which took it again, lets go of it. The trace does not say so. */
void boot_lock_release(void);

/* The calling CPU notes that it has it: its entry code took it. */
void boot_lock_hold(void);

/* The CPU that noted last that it has it, and still does; 0 if that is the boot CPU, or none. */
unsigned boot_lock_holder(void);

/* The calling CPU gives it back, and says so in the trace. */
void boot_lock_give_back(void);

/* Panics if the calling CPU holds it, and its word has been cleared. */
void boot_lock_check(void);
