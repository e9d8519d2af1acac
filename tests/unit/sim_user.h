/*
 * User programs for the simulated machine: ordinary C functions, each thread a fiber.
 *
 * Teaches: to the kernel a program is nothing but the traps it makes. Here a trap is a function call: user_call() is a system
 * call, user_load() and user_store() go through the simulated MMU and fault like any other access.
 * Who calls: unit tests that boot a whole kernel. Whom it calls: sim.h.
 */
#pragma once

#include "abi/syscall.h"
#include "sim.h"

/*
 * A thread's code. An address in user space stands for each: user_entry(function), to pass to thread_create or as the
 * program's entry.
 */
typedef void user_code(uint64_t argument);
uint64_t user_entry(user_code *code);

/*
 * What a thread does. A call returns the status, and the value in *value if that is not NULL. An access returns once it was
 * made.
 */
enum status user_call(enum syscall number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t *value);
enum status user_call5(uint64_t number, const uint64_t arguments[5], uint64_t *value);
enum status user_ipc(enum syscall number, uint64_t endpoint, struct message *message);
enum status user_ipc_with(enum syscall number, uint64_t endpoint, struct message *message, uint64_t third);
uint64_t user_load(uint64_t address);
void user_store(uint64_t address, uint64_t value);
void user_fetch(uint64_t address);
void user_compute(uint64_t ticks);
void user_trap(enum trap_kind kind);

/* The usual ones. thread_create with an affinity mask; returns the id, 0 if it failed. */
uint32_t user_thread(user_code *code, uint64_t argument, uint64_t affinity);
enum status user_join(uint32_t id, int64_t *exit_status);
_Noreturn void user_exit(int64_t status);

/*
 * A boot archive with one program, "test", whose main thread runs `code`; boots with `command_line` ("program=test" is added)
 * on the CPUs and RAM of sim_start(), and lets the program run until the machine ends. `seed` chooses which CPU goes on next.
 * Fails the test if everything waits and no timer is set.
 */
void user_run(user_code *code, const char *command_line, unsigned seed);

/* Called after each step, when every CPU is in user mode or idle: for checks of the kernel's lists. NULL: none. */
extern void (*user_after_step)(void);

/* The same in two steps: boot; and run to the end, or until so many steps were made. */
void user_boot(user_code *code, const char *command_line);
void user_continue(unsigned seed, uint64_t steps);

/* Makes one trap, or one access that needs none, for the thread in user mode on a CPU. */
void user_step(unsigned cpu);
