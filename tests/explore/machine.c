/*
 * The simulated machine under exploration: which of its calls are choices, and how it ends.
 *
 * Teaches: what of a machine makes a difference between schedules. Time stands still while the kernel is explored, so that a state does not
 * depend on how long it took to reach; interrupts, copies from user memory and spinning are choices like atomic accesses. The linker
 * puts these functions before those of arch_sim.c and of the kernel (--wrap), which stay as they are.
 * Who calls: the kernel. Whom: the real functions, choice_point().
 */
#include "explore.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "abi/descriptor.h"
#include "core/cpu.h"
#include "core/rcu.h"
#include "sched/thread.h"
#include "sim_machine.h"

#define PC __builtin_return_address(0)

struct explorer *explorer;
struct pending pendings[MAX_CPUS];

static unsigned threads_ready, threads_done;
static bool threads_go;
static bool thread_done[THREADS_MAX]; /* at its id */

/* The linker's names. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

static bool is_explored(void)
{
	return explorer && explorer->exploring;
}

void choice_point(enum operation operation, const void *address, const void *pc)
{
	if (!is_explored() || !sim_fiber_runs())
		return;
	pendings[sim_current] = (struct pending){.operation = operation, .address = address, .pc = pc};
	sim_yield(SIM_KERNEL);
}

/* ---- ends ---- */

/* The CPU does nothing more: the search has seen enough. */
static void stop_here(void)
{
	if (sim_fiber_runs())
		for (;;)
			sim_yield(SIM_STOPPED);
}

static void fail(const char *format, va_list arguments)
{
	if (!explorer->violation[0])
		vsnprintf(explorer->violation, sizeof(explorer->violation), format, arguments);
}

void explore_fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fail(format, arguments);
	va_end(arguments);
}

_Noreturn void __wrap_panic(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	if (is_explored()) {
		fail(format, arguments);
		stop_here();
	}
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n%s\n", sim_console());
	abort();
}

_Noreturn void __real_run_end(enum verdict verdict, int64_t status);
_Noreturn void __wrap_run_end(enum verdict verdict, int64_t status)
{
	if (is_explored()) {
		if (verdict == VERDICT_DEADLOCK)
			explore_fail("every CPU is idle, and threads wait for what will never come");
		else
			explore_fail("the run ends, with verdict %u and status %ld", verdict, (long)status);
		stop_here();
	}
	__real_run_end(verdict, status);
}

/* ---- time ---- */

uint64_t __real_sim_time_now(void);
uint64_t __wrap_sim_time_now(void)
{
	return is_explored() ? sim_clock() : __real_sim_time_now();
}

uint64_t __real_sim_trace_claim(uint64_t *head, uint64_t *now);
uint64_t __wrap_sim_trace_claim(uint64_t *head, uint64_t *now)
{
	if (!is_explored())
		return __real_sim_trace_claim(head, now);
	*now = ++explorer->clock;
	return (*head)++;
}

/* ---- choices that are no accesses ---- */

void __real_sim_relax(void);
void __wrap_sim_relax(void)
{
	if (is_explored())
		pendings[sim_current] = (struct pending){.operation = OP_RELAX, .pc = PC, .relaxed = true};
	__real_sim_relax();
}

void __real_arch_ipi_send(struct cpu *cpu);
void __wrap_arch_ipi_send(struct cpu *cpu)
{
	choice_point(OP_INTERRUPT_SEND, cpu, PC);
	__real_arch_ipi_send(cpu);
}

size_t __real_arch_copy_from_user(void *to, struct vaddr from, size_t bytes);
size_t __wrap_arch_copy_from_user(void *to, struct vaddr from, size_t bytes)
{
	choice_point(OP_COPY, (const void *)(uintptr_t)from.v, PC);
	return __real_arch_copy_from_user(to, from, bytes);
}

/* ---- quiescent states ---- */

static bool in_quiescent[MAX_CPUS];

bool explore_follows_nothing(unsigned cpu)
{
	return sim_cpus[cpu].state != SIM_KERNEL || !cpus[cpu].current || in_quiescent[cpu];
}

void __real_rcu_quiescent(enum quiescent_cause cause);
void __wrap_rcu_quiescent(enum quiescent_cause cause)
{
	unsigned cpu = sim_current;
	in_quiescent[cpu] = true;
	if (is_explored() && explorer->scenario->moved)
		explorer->scenario->moved(cpu);
	__real_rcu_quiescent(cause);
	in_quiescent[cpu] = false;
}

/* ---- a scenario's own calls ---- */

void __real_syscall_dispatch(struct thread *thread);
void __wrap_syscall_dispatch(struct thread *thread)
{
	struct trap_frame *frame = &thread->frame;
	if (frame->number != EXPLORE_CALL) {
		__real_syscall_dispatch(thread);
		return;
	}
	explore_call *call = (explore_call *)(uintptr_t)frame->arguments[0];
	arch_syscall_result(frame, STATUS_OK, call(frame->arguments[1]));
}

uint64_t explore_kernel(explore_call *call, uint64_t argument)
{
	uint64_t value = 0;
	if (user_call((enum syscall)EXPLORE_CALL, (uintptr_t)call, argument, 0, &value) != STATUS_OK)
		explore_fail("a call of the scenario did not come back");
	return value;
}

/* ---- threads of a scenario ---- */

unsigned explore_ready_count(void)
{
	return threads_ready;
}

void explore_go(void)
{
	threads_go = true;
}

bool explore_is_done(unsigned cpu)
{
	return thread_done[cpus[cpu].current->id % THREADS_MAX];
}

void explore_stay(unsigned cpu)
{
	if (user_call(SYSCALL_thread_affinity, 0, UINT64_C(1) << cpu, 0, NULL) != STATUS_OK)
		explore_fail("there is no CPU %u", cpu);
}

void explore_begin(void)
{
	threads_ready++;
	while (!threads_go)
		user_compute(0);
}

void explore_done(void)
{
	threads_done++;
	thread_done[cpus[sim_current].current->id % THREADS_MAX] = true;
	for (;;)
		user_compute(0);
}

unsigned explore_done_count(void)
{
	return threads_done;
}
