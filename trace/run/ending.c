/*
 * What the end of a run means. The guest's verdict comes first; where it could not give one, QEMU's end and the last events
 * tell.
 *
 * Teaches: a livelock looks like work from outside. Only the trace shows that, at the end, threads did nothing but yield, sleep
 * and look again: many turns and hardly any work. Who calls: run.c. docs/trace.md has the rules as a table.
 *
 * Simplified: a loop in user mode that never calls the kernel cannot be told from a long computation, so it counts as one.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../../kernel/abi/syscall.h"
#include "../../kernel/abi/trace_enums.h"
#include "commands.h"
#include "reader.h"
#include "run/run.h"

/* The last part of the run is judged: one in so many. */
#define TAIL_PARTS 10

/* Threads that do one piece of work in so many turns are not working. */
#define TURNS_PER_WORK 100

/*
 * Time without an event, while a thread runs, is computing. In a live run each CPU is looked at alone, and such stretches have
 * to fill 7/8 of its time, since the host may keep a CPU from running for a good while. Under icount one CPU runs at a time,
 * and the others stand still: so all are looked at together, and 1/4 is enough.
 */
#define COMPUTING_NS 1000000

/* Where and when the last event was: one for each CPU, and one for all together. */
struct pulse {
	uint64_t ticks;
	uint64_t computing_ticks; /* in the tail, in stretches without an event */
};

/* What the last part of the run was made of. */
struct tail {
	struct trace_reader *reader;
	uint64_t begin_ticks;
	uint64_t work, turns;
	unsigned busy_cpus;
	struct pulse all;
	struct tail_cpu {
		struct pulse pulse;
		bool busy;    /* a thread runs */
		bool in_user; /* after its last event the CPU went on in user mode */
		bool idle;    /* nothing but interrupts since it became so */
		bool in_interrupt;
	} cpu[FORMAT_CPUS_MAX];
};

/* Calls that a thread makes to give way, or to see whether it still has to. */
static bool is_turn_call(uint64_t number)
{
	return number == SYSCALL_thread_yield || number == SYSCALL_thread_sleep || number == SYSCALL_thread_join ||
	       number == SYSCALL_thread_self || number == SYSCALL_thread_affinity || number == SYSCALL_clock_now;
}

static bool is_named(const struct trace_event *event, const char *name)
{
	return event->schema && !strcmp(event->schema->name, name);
}

/* Counts an event as work, as a turn, or as neither. */
static void count(struct tail *tail, const struct trace_event *event)
{
	if (is_named(event, "syscall_enter"))
		*(is_turn_call(event->field[1]) ? &tail->turns : &tail->work) += 1;
	else if (is_named(event, "fault_end"))
		tail->work += event->field[2] != FAULT_SEGMENT_LOADED;
	else if (is_named(event, "thread_switch"))
		tail->turns++;
	else if (is_named(event, "thread_exit") || is_named(event, "thread_crashed"))
		tail->work++;
}

/* Adds the stretch that ends now, as far as it lies in the tail, if somebody was busy and it was long. */
static void beat(const struct tail *tail, struct pulse *pulse, bool busy, uint64_t now)
{
	uint64_t from = pulse->ticks > tail->begin_ticks ? pulse->ticks : tail->begin_ticks;
	if (busy && now > from && trace_ns(tail->reader, now) - trace_ns(tail->reader, pulse->ticks) > COMPUTING_NS)
		pulse->computing_ticks += now - from;
	pulse->ticks = now;
}

static void set_busy(struct tail *tail, struct tail_cpu *cpu, bool busy)
{
	tail->busy_cpus += busy;
	tail->busy_cpus -= cpu->busy;
	cpu->busy = busy;
}

static void note_idle(struct tail_cpu *cpu, const struct trace_event *event)
{
	if (is_named(event, "irq_enter") || is_named(event, "irq_exit"))
		cpu->in_interrupt = is_named(event, "irq_enter");
	else if (is_named(event, "idle_begin"))
		cpu->idle = true;
	else if (event->schema && event->schema->category & (TRACE_THREAD | TRACE_SYSCALL | TRACE_FAULT))
		cpu->idle = false;
}

static void follow(struct tail *tail, const struct trace_event *event)
{
	struct tail_cpu *cpu = &tail->cpu[event->cpu];
	beat(tail, &cpu->pulse, cpu->busy, event->ticks);
	beat(tail, &tail->all, tail->busy_cpus > 0, event->ticks);
	if (is_named(event, "thread_switch"))
		set_busy(tail, cpu, event->field[1] != 0);
	else if (is_named(event, "idle_begin"))
		set_busy(tail, cpu, false);
	note_idle(cpu, event);
	cpu->in_user = cpu->busy && (is_named(event, "thread_switch") || is_named(event, "syscall_exit") ||
				     is_named(event, "fault_end") || is_named(event, "irq_exit"));
}

/* Whether some CPU spent the tail computing. */
static bool computes(struct tail *tail, const struct trace_info *info)
{
	uint64_t length = info->end_ticks - tail->begin_ticks;
	bool found = false;
	if (info->icount)
		return tail->all.computing_ticks > length / 4;
	for (unsigned i = 0; i < info->cpus; i++) {
		beat(tail, &tail->cpu[i].pulse, tail->cpu[i].busy, info->end_ticks);
		found |= tail->cpu[i].pulse.computing_ticks > length / 8 * 7;
	}
	return found;
}

/* Whether every CPU that came up was idle at the end, and had long been. */
static bool only_waits(const struct tail *tail, const struct trace_info *info, bool silent)
{
	unsigned idle = 0;
	for (unsigned i = 0; i < info->cpus; i++)
		idle += tail->cpu[i].idle && !tail->cpu[i].in_interrupt;
	return idle > 0 && idle == info->cpus_online && (silent || (tail->work == 0 && tail->turns == 0));
}

/* Reads the whole run and judges its end. */
static enum ending judge_tail(struct tail *tail, bool silent)
{
	const struct trace_info *info = trace_info(tail->reader);
	struct trace_event event;
	bool in_user = false;
	if (!(info->categories & TRACE_THREAD) || !(info->categories & TRACE_SYSCALL))
		return silent ? ENDING_HANG : ENDING_LIMIT;
	tail->begin_ticks = info->end_ticks - (info->end_ticks - info->boot_ticks) / TAIL_PARTS;
	while (trace_next(tail->reader, &event) == 1) {
		follow(tail, &event);
		if (event.ticks >= tail->begin_ticks)
			count(tail, &event);
	}
	for (unsigned i = 0; i < info->cpus; i++)
		in_user |= tail->cpu[i].in_user;
	if (only_waits(tail, info, silent))
		return ENDING_WAITING;
	if (silent)
		return in_user ? ENDING_SLOW : ENDING_HANG;
	bool takes_turns = tail->turns > 0 && tail->work * TURNS_PER_WORK < tail->turns;
	return takes_turns && !computes(tail, info) ? ENDING_LIVELOCK : ENDING_SLOW;
}

static enum ending judge_limit(const struct run_end_facts *facts)
{
	char error[640];
	enum ending ending = facts->silent ? ENDING_HANG : ENDING_LIMIT;
	struct tail *tail = calloc(1, sizeof(*tail));
	if (tail && facts->trace)
		tail->reader = trace_open(facts->trace, error, sizeof(error));
	if (tail && tail->reader) {
		ending = judge_tail(tail, facts->silent);
		trace_close(tail->reader);
	}
	free(tail);
	return ending;
}

bool run_ending_is_limit(const struct run_end_facts *facts)
{
	return facts->verdict == VERDICT_BUDGET ||
	       (facts->verdict == VERDICT_RUNNING && (facts->stop == STOP_WALL || facts->stop == STOP_EVENTS));
}

enum ending run_ending_judge(const struct run_end_facts *facts)
{
	static const enum ending of_verdict[] = {
		[VERDICT_FINISHED] = ENDING_FINISHED, [VERDICT_CRASHED] = ENDING_CRASHED, [VERDICT_DEADLOCK] = ENDING_DEADLOCK,
		[VERDICT_PANIC] = ENDING_PANIC,       [VERDICT_REFUSED] = ENDING_REFUSED,
	};
	if (run_ending_is_limit(facts))
		return judge_limit(facts);
	if (facts->verdict != VERDICT_RUNNING && facts->verdict < sizeof(of_verdict) / sizeof(of_verdict[0]))
		return of_verdict[facts->verdict];
	if (facts->stop == STOP_SIGNAL)
		return ENDING_STOPPED;
	return WIFEXITED(facts->wait_status) && WEXITSTATUS(facts->wait_status) == 0 ? ENDING_TRIPLE_FAULT : ENDING_QEMU_FAILED;
}

int run_ending_exit_code(enum ending ending, uint64_t exit_status, int signal)
{
#define ENDING_EXIT_CODE(name, number, exit_code, text, meaning) [number] = (exit_code),
	static const int exit_codes[] = {ENDINGS(ENDING_EXIT_CODE)};
	if (ending == ENDING_FINISHED && exit_status != 0)
		return 1;
	if (ending == ENDING_STOPPED && signal)
		return 128 + signal;
	return exit_codes[ending];
}
