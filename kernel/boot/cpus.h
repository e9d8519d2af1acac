/*
 * Bringing up the CPUs: their phases, and who is left out.
 */
#pragma once

#include "abi/trace_enums.h"
#include "arch.h"

/* Which CPUs the command line breaks, for tests; and what the machine said, for what the other calls here report. */
void cpus_read_options(const struct boot_info *boot);

/* What every CPU says as it comes up: it has reached this phase now, or, of the first two, some time ago. */
void cpus_say_phase(enum boot_phase phase);
void cpus_say_entry(const struct cpu *cpu);

/* The calling CPU notes what the information page is to say of it. */
void cpus_report(const struct cpu *cpu);

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
