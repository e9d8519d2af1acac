/*
 * What the parts of the simulated machine know of each other; tests use sim.h.
 *
 * Who includes: arch_sim.c (the contract), sim_irq.c (interrupts), sim_run.c (CPUs as coroutines), mmu_sim.c (TLBs and segments).
 */
#pragma once

#include <setjmp.h>

#include "sim.h"
#include "sim_fiber.h"

/* One simulated CPU. Its fiber exists in the states KERNEL, USER, IDLE and STOPPED. */
struct sim_cpu {
	enum sim_state state;
	bool irqs_on;
	bool ipi_pending;
	bool missing; /* arch_cpu_start() says so */
	bool silent;  /* arch_cpu_start() says nothing, and the CPU never comes */
	uint64_t timer_when;
	unsigned ipis;
	unsigned stall; /* interleaving: for so many rounds the CPU does not get on */

	struct trap_frame *frame; /* in USER: the registers of the thread */
	struct sim_fiber fiber;
	jmp_buf user_entry; /* where the coroutine goes when the kernel enters user mode from its scheduler */
};

extern struct sim_cpu sim_cpus[MAX_CPUS];
extern unsigned sim_current; /* whose code runs now */

/* Whether the code that runs now is a coroutine's, not the test's. */
bool sim_in_coroutine(void);

/* Leaves the running coroutine for the test; returns when it is resumed. */
void sim_yield(enum sim_state state);

/* The current CPU leaves what it was doing for good: to the test's sim_catch(), or out of the coroutine. */
_Noreturn void sim_leave(void);

/* Whether an interrupt waits for this CPU (its timer is due or an IPI was sent). */
bool sim_irq_pending(unsigned cpu);

/* Takes the interrupts that wait for the current CPU, from kernel mode. */
void sim_take_irqs(void);

/* Fills in a frame for an interrupt that waits for `cpu`. */
void sim_irq_trap(unsigned cpu, bool from_user, struct trap *trap);

/* With sim_interleave(): lets other CPUs go on here, by chance: often for a moment, sometimes for as long as a whole system call takes. */
void sim_perhaps_yield(void);

/* Gives bare CPUs and coroutines a chance to answer while the test's own code spins. */
void sim_run_others(void);

/* Size of the simulated RAM. */
uint64_t sim_ram_bytes(void);

/* Empties TLBs, segments and tables. */
void sim_mmu_reset(void);

/* What a table says about an address. */
struct sim_translation {
	struct paddr page;
	unsigned flags; /* enum mmu_flags */
	bool changed;
};

/* The machine's own look into the tables: if they allow the access, marks the page referenced and, on a store, changed. */
enum sim_answer sim_hash_lookup(struct mmu_space *space, struct vaddr va, enum access access, struct sim_translation *found);
enum sim_answer sim_tree_lookup(struct mmu_space *space, struct vaddr va, enum access access, struct sim_translation *found);
void sim_hash_reset(void);

/* Whether a translation with these flags lets the access happen. */
bool sim_allows(unsigned flags, enum access access);

/* What both back ends share: CPUs, TLBs and segments are the machine's, not the table's. */
void sim_mmu_sync(struct mmu_space *space);
void sim_mmu_activate(struct mmu_space *space, struct vaddr hint);
