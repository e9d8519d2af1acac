/*
 * User programs for the simulated machine: see sim_user.h.
 *
 * A thread's fiber leaves a request (a call, an access, a trap) and yields; the driver makes the trap on the CPU that has the
 * thread in user mode, and resumes the fiber when the thread is in user mode again. So a thread may go on on another CPU than
 * it trapped on.
 * The invariant: a fiber runs only while its thread is the current one of a CPU in user mode.
 */
#include "sim_user.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sched/thread.h"
#include "sim_fiber.h"
#include "sim_image.h"

#define TEXT_ADDRESS (2 * MIB)
#define CODES_MAX 32
#define STEPS_MAX 20000000

enum user_request { USER_NONE, USER_CALL, USER_ACCESS, USER_COMPUTE, USER_TRAP };

struct user_thread {
	uint32_t id;
	struct sim_fiber fiber;
	user_code *code;
	uint64_t argument;
	enum user_request kind;
	bool trapped; /* the call was made; its results come with the next return to user mode */
	uint64_t number, arguments[5];
	struct message message;
	enum access access;
	uint64_t address, value, ticks;
	enum trap_kind trap;
	enum status status;
};

static struct user_thread user_threads[THREADS_MAX];
static struct user_thread *current;
static user_code *codes[CODES_MAX];

void (*user_after_step)(void);

/* ---- what threads call ---- */

uint64_t user_entry(user_code *code)
{
	unsigned i = 0;
	while (codes[i] && codes[i] != code)
		i++;
	codes[i] = code;
	return TEXT_ADDRESS + i * 16;
}

static void request(enum user_request kind)
{
	current->kind = kind;
	current->trapped = false;
	sim_fiber_yield();
}

enum status user_call5(uint64_t number, const uint64_t arguments[5], uint64_t *value)
{
	current->number = number;
	memcpy(current->arguments, arguments, sizeof(current->arguments));
	request(USER_CALL);
	if (value)
		*value = current->value;
	return current->status;
}

enum status user_ipc_with(enum syscall number, uint64_t endpoint, struct message *message, uint64_t third)
{
	current->message = *message;
	enum status status = user_call5(number, (uint64_t[5]){endpoint, 0, third}, NULL);
	*message = current->message;
	return status;
}

enum status user_ipc(enum syscall number, uint64_t endpoint, struct message *message)
{
	return user_ipc_with(number, endpoint, message, UINT64_MAX);
}

enum status user_call(enum syscall number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t *value)
{
	return user_call5(number, (uint64_t[5]){a0, a1, a2}, value);
}

static void access_memory(uint64_t address, enum access access)
{
	current->address = address;
	current->access = access;
	request(USER_ACCESS);
}

uint64_t user_load(uint64_t address)
{
	access_memory(address, ACCESS_LOAD);
	return current->value;
}

void user_store(uint64_t address, uint64_t value)
{
	current->value = value;
	access_memory(address, ACCESS_STORE);
}

void user_fetch(uint64_t address)
{
	access_memory(address, ACCESS_EXEC);
}

void user_compute(uint64_t ticks)
{
	current->ticks = ticks;
	request(USER_COMPUTE);
}

void user_trap(enum trap_kind kind)
{
	current->trap = kind;
	request(USER_TRAP);
}

uint32_t user_thread(user_code *code, uint64_t argument, uint64_t affinity)
{
	uint64_t id = 0;
	enum status status = user_call(SYSCALL_thread_create, user_entry(code), argument, affinity, &id);
	return status == STATUS_OK ? (uint32_t)id : 0;
}

enum status user_join(uint32_t id, int64_t *exit_status)
{
	uint64_t value = 0;
	enum status status = user_call(SYSCALL_thread_join, id, 0, 0, &value);
	if (exit_status)
		*exit_status = (int64_t)value;
	return status;
}

void user_exit(int64_t status)
{
	for (;;)
		(void)!user_call(SYSCALL_thread_exit, (uint64_t)status, 0, 0, NULL);
}

static void thread_life(void)
{
	current->code(current->argument);
	user_exit(0);
}

/* ---- the driver ---- */

static struct user_thread *thread_on(unsigned cpu)
{
	const struct trap_frame *frame = sim_user_frame(cpu);
	uint32_t id = cpus[cpu].current->id;
	struct user_thread *thread = &user_threads[id % THREADS_MAX];
	if (thread->id == id)
		return thread;
	free(thread->fiber.stack);
	*thread = (struct user_thread){.id = id, .argument = frame->argument, .code = codes[(frame->pc - TEXT_ADDRESS) / 16]};
	sim_fiber_start(&thread->fiber, thread_life);
	return thread;
}

/* Lets a thread's code go on to its next request. */
static void think(struct user_thread *thread)
{
	current = thread;
	thread->kind = USER_NONE;
	sim_fiber_resume(&thread->fiber);
	current = NULL;
}

void user_step(unsigned cpu)
{
	struct user_thread *thread = thread_on(cpu);
	struct trap_frame *frame = sim_user_frame(cpu);
	if (thread->kind == USER_CALL && thread->trapped && frame->restart) {
		frame->restart = false;
		thread->trapped = false;
	}
	if (thread->kind == USER_CALL && thread->trapped) {
		thread->status = frame->status;
		thread->value = frame->value;
		thread->message = frame->message;
		thread->kind = USER_NONE;
	}
	if (thread->kind == USER_NONE)
		think(thread);
	switch (thread->kind) {
	case USER_CALL:
		thread->trapped = true;
		frame->message = thread->message;
		sim_user_syscall(cpu, thread->number, thread->arguments);
		break;
	case USER_ACCESS:
		if (sim_user_try(cpu, vaddr(thread->address), thread->access, &thread->value))
			thread->kind = USER_NONE;
		break;
	case USER_COMPUTE:
		thread->kind = USER_NONE;
		sim_clock_advance(thread->ticks);
		break;
	case USER_TRAP:
		sim_user_post(cpu, &(struct trap){.kind = thread->trap, .vector = thread->trap});
		break;
	case USER_NONE:
		abort();
	}
}

/* Lets some of the CPUs that are in user mode make a step each; they meet in the kernel then. False if none is in user mode. */
static bool step_some(unsigned *seed)
{
	bool any = false;
	unsigned start = (unsigned)rand_r(seed) % MAX_CPUS;
	for (unsigned i = 0; i < MAX_CPUS; i++) {
		unsigned cpu = (start + i) % MAX_CPUS;
		if (sim_state(cpu) != SIM_USER || (any && rand_r(seed) % 2))
			continue;
		user_step(cpu);
		any = true;
	}
	return any;
}

void user_boot(user_code *code, const char *command_line)
{
	static char line[256];
	struct elf_part text = {TEXT_ADDRESS, 64, PAGE_BYTES, 5, 0x90};
	struct image program = elf_make(user_entry(code), &text, 1);
	struct image archive = {0};
	archive_add(&archive, "test", program.data, program.bytes);
	archive_end(&archive);
	snprintf(line, sizeof(line), "program=test ring=16 %s", command_line);
	sim_boot(line, archive.data, archive.bytes);
	image_free(&program);
	image_free(&archive);
}

void user_continue(unsigned seed, uint64_t steps)
{
	for (uint64_t n = 0; n < steps && sim_end() == SIM_RUNS; n++) {
		bool stepped = step_some(&seed);
		sim_run();
		if (user_after_step)
			user_after_step();
		if (!stepped && !sim_skip_to_timer() && sim_end() == SIM_RUNS) {
			fprintf(stderr, "everything waits, and for nothing; the console:\n%s\n", sim_console());
			abort();
		}
	}
}

void user_run(user_code *code, const char *command_line, unsigned seed)
{
	sim_interleave(seed > 1 ? seed : 0);
	user_boot(code, command_line);
	user_continue(seed, STEPS_MAX);
	if (sim_end() == SIM_RUNS) {
		fprintf(stderr, "the program does not end; the console:\n%s\n", sim_console());
		abort();
	}
}
