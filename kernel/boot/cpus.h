/*
 * Bringing up the CPUs, step by step.
 */
#pragma once

#include "arch.h"

/*
 * Tells all other CPUs to start, with boot_lock held; then, without, waits until each is at the barrier or is given up. It waits for a bounded
 * time, whatever they do: also if one of them keeps boot_lock.
 */
void cpus_start(void);
void cpus_gather(void);

/* Compares the clock of each that came with this CPU's; leaves out who is not in step. */
void cpus_compare_clocks(void);

/* Lists all that are left in the information page, which is finished then, and read-only for this CPU. Refuses the run if the page is damaged. */
void cpus_finish_information(void);

/* Lets all go on to run(), which is the last step on every CPU. */
void cpus_release(void (*run)(struct cpu *cpu));
