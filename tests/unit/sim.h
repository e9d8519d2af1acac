/*
 * The simulated machine, as tests see it: RAM, CPUs, a clock, a console, an MMU, and hands to move them.
 *
 * Teaches: the machine contract is small enough to be played by one process. Every simulated CPU that boots is a coroutine with
 * its own stack; it runs until it enters user mode, idles, spins or stops, and then the test decides what happens next. CPUs
 * that did not boot are "bare": the test picks one with sim_cpu_set() and calls kernel functions on it directly.
 * Who calls: the unit tests. Who answers: arch_sim.c, sim_irq.c, sim_run.c, mmu_sim.c and mmu_sim_tree.c.
 * What is simplified: one host thread plays all CPUs, so memory is sequentially consistent; real reordering is for the guest's
 * tests.
 */
#pragma once

#include "arch.h"
#include "core/cpu.h"
#include "mmu.h"
#include "types.h"

/* ---- the machine as a whole ---- */

#define SIM_RAM_BASE UINT64_C(0x100000)
#define SIM_HZ 1000000
#define SIM_ELF_MACHINE 0x5149 /* programs for this machine do not exist; tests make them up */

/*
 * A new machine: `ram_bytes` of RAM from SIM_RAM_BASE, the first part of it filled with garbage, `cpus` bare CPUs with irqs
 * on, the clock at 1, trace rings of 256 slots on every CPU, all categories on. CPU 0 is current. Called once in each test,
 * which is a process of its own.
 */
void sim_start(unsigned cpus, uint64_t ram_bytes);

/* The same, and the page allocator manages all of it: for tests of what needs memory and nothing else. */
void sim_start_with_pages(unsigned cpus, uint64_t ram_bytes);

/* Which CPU the test's next calls into the kernel run on. */
void sim_cpu_set(unsigned index);

/* What has been written to the console so far, NUL-terminated. */
const char *sim_console(void);

/* How the machine was ended. */
enum sim_end { SIM_RUNS, SIM_ENDED_WELL, SIM_ENDED_BADLY };
enum sim_end sim_end(void);

/*
 * Calls `body` and returns true if it ended the machine (a panic, power off) or stopped the CPU for good; false if it returned.
 */
bool sim_catch(void (*body)(void *argument), void *argument);

/* Moves the clock on; timers that become due fire when their CPU next can take an interrupt. */
void sim_clock_advance(uint64_t ticks);
uint64_t sim_clock(void);

/* When this CPU asked for its timer; UINT64_MAX if it did not. */
uint64_t sim_timer(unsigned cpu);

/* IPIs sent to a CPU since the machine started. */
unsigned sim_ipis(unsigned cpu);

/* Runs once, in the middle of the next emission of an event: after its slot is claimed, before its fields are written. */
void sim_trace_interrupt(void (*handler)(void));

/* Runs whenever a CPU reads the clock, before it does. NULL: nothing does. */
void sim_time_calls(void (*action)(void));

/* Runs once, when the test's own code spins next: what another CPU does meanwhile. */
void sim_relax_calls(void (*action)(void));

/* Event number `sequence` of a CPU, as it lies in its ring; NULL if it was overwritten or is not there yet. */
const uint64_t *sim_event(unsigned cpu, uint64_t sequence);

/* How many events with this id the rings hold, over all CPUs; and of these, how many have `value` as their first field. */
unsigned sim_events_count(unsigned id);
unsigned sim_events_count_with(unsigned id, uint64_t value);

/* ---- booting the whole kernel ---- */

enum sim_state { SIM_BARE, SIM_OFF, SIM_KERNEL, SIM_USER, SIM_IDLE, SIM_STOPPED };
enum sim_state sim_state(unsigned cpu);

/*
 * The next machine has no CPU with this index: arch_cpu_start() of it says NOT_FOUND, or says OK and nothing comes of it, until
 * sim_cpu_come(): then it starts, and after so many rounds it gets on.
 */
void sim_cpu_break(unsigned cpu, bool silent);
void sim_cpu_come(unsigned cpu, unsigned rounds);

/* Starts kernel_main() on CPU 0 with this command line and boot archive, and runs until nothing can go on by itself. */
void sim_boot(const char *command_line, const void *archive, uint64_t archive_bytes);

/* Runs all CPUs until each is in user mode, idle with nothing pending, stopped, or the machine has ended. */
void sim_run(void);

/* Moves the clock to the earliest timer any CPU waits for, and runs. False if there is none. */
bool sim_skip_to_timer(void);

/* Lets every CPU be quiescent until nothing waits for a grace period any more; then, how many pages are free. For when no CPU is in the kernel. */
void sim_settle(void);
uint64_t sim_free_pages(void);

/* The registers of the thread in user mode on `cpu`. */
struct trap_frame *sim_user_frame(unsigned cpu);

/*
 * The thread in user mode on `cpu` does something the machine answers with this trap; makes a system call, results in the
 * thread's own frame; accesses eight bytes at `va`: true if the access was made, else it is a fault. The CPU is in the kernel
 * then; sim_run() lets it, and all others that are, go on.
 */
void sim_user_post(unsigned cpu, const struct trap *trap);
void sim_user_syscall(unsigned cpu, uint64_t number, const uint64_t arguments[5]);
bool sim_user_try(unsigned cpu, struct vaddr va, enum access access, uint64_t *value);

/*
 * From now on a CPU in the kernel yields to the others by chance, where it switches interrupts on or off and where it emits an
 * event, locks held or not: different seeds try different interleavings. 0: only where it must.
 */
void sim_interleave(unsigned seed);

/* ---- the simulated MMU ---- */

extern const struct mmu_ops sim_hash_ops; /* small table of groups: evicts */
extern const struct mmu_ops sim_tree_ops; /* four levels of donated pages: never forgets */

/*
 * Chooses the back end; before sim_boot() or the first use. `segments` makes the machine load segments like POWER's SLB does.
 */
void sim_mmu_choose(const struct mmu_ops *ops, bool segments);

/* What the machine says to an access of a user address on a CPU. */
enum sim_answer { SIM_ACCESS_OK, SIM_ACCESS_MISSING, SIM_ACCESS_FORBIDDEN, SIM_ACCESS_SEGMENT };

/* Translates like the hardware: that CPU's segments, then its TLB, then the tables; sets referenced and changed. */
enum sim_answer sim_mmu_translate(unsigned cpu, struct vaddr va, enum access access, struct paddr *address);

/* The same, and makes the access: loads or stores the aligned eight bytes at *value. */
enum sim_answer sim_mmu_access(unsigned cpu, struct vaddr va, enum access access, uint64_t *value);

/* Drops every translation of every space that is not wired, as a back end may at any time. */
void sim_mmu_forget_all(void);

/* ---- every test is a process of its own, so that nothing of the kernel's state is left over from the test before ---- */

struct sim_test {
	const char *name;
	void (*body)(void);
};

/*
 * Calls run(seed, what) for `count` seeds from 2 on, each in a child process, and fails the test if one of them does not return. The
 * environment's SIM_SEEDS is another count.
 */
void sim_every_seed(unsigned count, void (*run)(unsigned seed, const void *what), const void *what);

/* Runs the tests under cmocka, each in a child process; prints the one summary line; returns the number that failed. */
int sim_test_main(const char *subject, const struct sim_test *tests, size_t count);
