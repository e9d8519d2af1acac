/*
 * A CPU that starts: its state, its step with boot_lock, and what tests make of it.
 */
#pragma once

#include "abi/trace_enums.h"
#include "arch.h"

/* How long a CPU may take to come, and how often CPU 0 looks. */
#define CPU_START_MS 2000
#define CPU_LOOK_MS 10

/* STARTING is left once, by whoever is first. */
enum cpu_start { CPU_ABSENT, CPU_STARTING, CPU_ONLINE, CPU_LEFT_OUT };

/* What a CPU says of itself, for the information page. */
struct cpu_report {
	uint64_t features;
	uint32_t processor;
};

/* What the machine said, for the other calls here; and which CPUs its command line breaks or holds up, for tests. */
void start_read_options(const struct boot_info *boot);
const struct boot_info *start_boot_info(void);
bool start_clock_is_wrong(unsigned index);

/* ---- the state ---- */

/* CPU `index` is STARTING, from before it is told to start. By CPU 0, with boot_lock. */
void start_note(unsigned index);
enum cpu_start start_state(unsigned index);

/* Tells CPU `index`, which is STARTING, to start. One that the machine does not find is left out, for MISSING_NOT_FOUND. By CPU 0, with boot_lock. */
void start_tell(unsigned index);

/*
 * From STARTING to ONLINE, by that CPU, which then says in the trace that it is; or to LEFT_OUT, by CPU 0. False if the other was first: then nothing
 * has changed. What was written before is visible to whoever sees the new state.
 */
bool start_leave(unsigned index, enum cpu_start to);

/* From ONLINE to LEFT_OUT: CPU 0 does not want it after all. */
void start_send_away(unsigned index);

/* Says who is left out, and why. */
void start_say_left_out(unsigned index, enum missing_reason reason);

/* ---- the step with boot_lock ---- */

/* The calling CPU says when it began to run here, and when it had boot_lock. */
void start_say_entry(const struct cpu *cpu);

/* The calling CPU, not CPU 0, becomes able to take traps and keep time, reports what it is, and says so in the trace. With boot_lock. */
void start_get_ready(struct cpu *cpu);

/* The calling CPU notes what the information page is to say of it; and what it noted. */
void start_report(const struct cpu *cpu);
const struct cpu_report *start_report_of(unsigned index);
