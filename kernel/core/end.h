/*
 * The end of a run, and the descriptor in which tools find what they need.
 */
#pragma once

#include "abi/descriptor.h"
#include "arch.h"

extern struct descriptor descriptor;

/* Adds a row to the descriptor. */
void descriptor_add(const char *label, const void *first, uint64_t bytes, uint64_t count, uint64_t stride);

/* Fills in what is known at boot. */
void descriptor_init(const struct boot_info *boot, const char *program, uint64_t seed);

/* Ends the run: the verdict, one line for people, the other CPUs parked, power off. The first caller's verdict counts. */
_Noreturn void run_end(enum verdict verdict, int64_t status);

/* Stops the calling CPU because the run is over. */
_Noreturn void cpu_park(void);
