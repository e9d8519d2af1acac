/*
 * Threads for Perfetto: see thread.h.
 *
 * Teaches: replaying a scheduler from its events. The kernel says "blocks", "woken", "switch"; Perfetto wants the state of each
 * thread after each of them. What happens to a thread while it still runs (it blocks, it is woken before it has gone, it exits)
 * is kept in `state_after` and told when it leaves its CPU.
 * Who calls: event.c, by the rules in plan.c. Whom it calls: packet.h, track.h.
 */
#include "perfetto/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernel/abi/trace_enums.h"
#include "perfetto/names.h"
#include "perfetto/packet.h"
#include "perfetto/track.h"

#define STATE(name) GENERIC_KERNEL_TASK_STATE_EVENT__TASK_STATE_ENUM__TASK_STATE_##name

static struct table_key key_of(uint64_t id)
{
	return (struct table_key){.word = {id, 0, 0}};
}

void thread_free(void *memory)
{
	struct thread *thread = memory;
	free(thread->track.open);
	free(thread->marks.open);
	free(thread);
}

void cpu_state_free(struct cpu_state *state)
{
	for (unsigned bit = 0; bit < sizeof(state->track) / sizeof(state->track[0]); bit++)
		free(state->track[bit].open);
}

/* ---- telling Perfetto ---- */

/*
 * `on_cpu` is where it starts or stops to run; in other states it means nothing. Perfetto takes two states of one thread at the
 * same nanosecond for an error: the second is a nanosecond late.
 */
static void send_state(struct perfetto *perfetto, unsigned cpu, uint64_t ns, struct thread *thread, unsigned on_cpu,
		       unsigned state)
{
	uint8_t payload[64];
	if (ns < perfetto->sequence[cpu].last_ns)
		ns = perfetto->sequence[cpu].last_ns;
	if (thread->state && ns <= thread->state_ns)
		ns = thread->state_ns + 1;
	uint8_t *end = wire_field(payload, &packet_tags.state_thread, thread->id);
	if (on_cpu) /* 0 is what a reader takes if there is none */
		end = wire_field(end, &packet_tags.state_cpu, on_cpu);
	end = wire_field(end, &packet_tags.state, state);
	packet_put(perfetto, cpu, ns, &packet_tags.task_state, payload, (size_t)(end - payload));
	thread->state = state;
	thread->state_ns = ns;
}

/* Says what a thread waits for whose state just became sleep. Perfetto keeps it with that state: as `blocked_function`. */
static void send_block_reason(struct perfetto *perfetto, unsigned cpu, const struct thread *thread)
{
	uint8_t blocked[32], event[64], payload[96];
	uint8_t *end = wire_field(blocked, &packet_tags.blocked_thread, thread->id);
	end = wire_field(end, &packet_tags.blocked_reason, names_reason(perfetto, cpu, thread->waits_for));
	size_t bytes = (size_t)(end - blocked);
	end = wire_field(event, &packet_tags.event_time, thread->state_ns);
	end = wire_field(end, &packet_tags.event_thread, thread->id);
	end = wire_field(end, &packet_tags.event_blocked, bytes);
	memcpy(end, blocked, sizeof(blocked));
	size_t event_bytes = (size_t)(end - event) + bytes;
	end = wire_field(payload, &packet_tags.ftrace_cpu, cpu);
	end = wire_field(end, &packet_tags.ftrace_event, event_bytes);
	memcpy(end, event, sizeof(event));
	packet_put(perfetto, cpu, thread->state_ns, &packet_tags.ftrace, payload, (size_t)(end - payload) + event_bytes);
}

static void send_process(struct perfetto *perfetto, unsigned cpu, uint64_t ns, uint64_t id, const char *name)
{
	GenericKernelProcessTree__Process process = GENERIC_KERNEL_PROCESS_TREE__PROCESS__INIT;
	process.has_pid = true;
	process.pid = (int64_t)id;
	process.cmdline = (char *)name;
	GenericKernelProcessTree tree = GENERIC_KERNEL_PROCESS_TREE__INIT;
	tree.n_processes = 1;
	tree.processes = (GenericKernelProcessTree__Process *[]){&process};
	TracePacket packet = TRACE_PACKET__INIT;
	packet.generic_kernel_process_tree = &tree;
	packet_send(perfetto, cpu, ns, &packet);
	char *copy = table_find(&perfetto->processes, key_of(id)) ? NULL : strdup(name);
	if (copy && !table_add(&perfetto->processes, key_of(id), copy)) {
		free(copy);
		perfetto->out_of_memory = true;
	}
}

/* Says which process a thread belongs to and what it is called. */
static void send_thread(struct perfetto *perfetto, unsigned cpu, uint64_t ns, struct thread *thread, bool idle)
{
	GenericKernelProcessTree__Thread entry = GENERIC_KERNEL_PROCESS_TREE__THREAD__INIT;
	entry.has_tid = entry.has_pid = true;
	entry.tid = (int64_t)thread->id;
	entry.pid = (int64_t)thread->process;
	entry.comm = thread->name;
	entry.has_is_idle = entry.is_idle = idle;
	GenericKernelProcessTree tree = GENERIC_KERNEL_PROCESS_TREE__INIT;
	tree.n_threads = 1;
	tree.threads = (GenericKernelProcessTree__Thread *[]){&entry};
	TracePacket packet = TRACE_PACKET__INIT;
	packet.generic_kernel_process_tree = &tree;
	packet_send(perfetto, cpu, ns, &packet);
}

/* Perfetto takes a creation only for a number it does not know: the thread that had it before is destroyed first. */
static void forget_namesake(struct perfetto *perfetto, unsigned cpu, uint64_t ns, struct thread *thread)
{
	if (thread->id >= THREADS_REMEMBERED || !(perfetto->ended[thread->id / 8] >> thread->id % 8 & 1))
		return;
	send_state(perfetto, cpu, ns, thread, 0, STATE(DESTROYED));
	perfetto->ended[thread->id / 8] &= (uint8_t) ~(1u << thread->id % 8);
}

/*
 * Says who a thread is, and describes its track. Perfetto sorts what is said about threads and what happens on tracks apart,
 * and an event that it meets first makes up a thread of its own; so events on a track come a nanosecond after this at the
 * earliest.
 */
static void introduce(struct perfetto *perfetto, unsigned cpu, uint64_t ns, struct thread *thread)
{
	send_thread(perfetto, cpu, ns, thread, false);
	track_start_thread(perfetto, ns, thread);
	perfetto->introduced_ns = perfetto->sequence[cpu].last_ns;
}

/* ---- states ---- */

/* A thread that runs stops doing so. */
static void leave_cpu(struct perfetto *perfetto, unsigned cpu, uint64_t ns, struct thread *thread, unsigned state)
{
	unsigned on_cpu = (unsigned)thread->cpu;
	perfetto->cpu[on_cpu].running = NULL;
	thread->cpu = -1;
	thread->state_after = 0;
	send_state(perfetto, cpu, ns, thread, on_cpu, state);
	if (state == STATE(INTERRUPTIBLE_SLEEP))
		send_block_reason(perfetto, cpu, thread);
}

static void set_state(struct perfetto *perfetto, unsigned cpu, uint64_t ns, struct thread *thread, unsigned state)
{
	if (thread->cpu >= 0)
		leave_cpu(perfetto, cpu, ns, thread, state);
	else if (thread->state != state) {
		send_state(perfetto, cpu, ns, thread, 0, state);
		if (state == STATE(INTERRUPTIBLE_SLEEP))
			send_block_reason(perfetto, cpu, thread);
	}
}

/* A thread starts to run. Who ran here, or where it ran itself, is over: a switch that was lost. */
static void run_on_cpu(struct perfetto *perfetto, unsigned cpu, uint64_t ns, struct thread *thread)
{
	if (perfetto->cpu[cpu].running)
		leave_cpu(perfetto, cpu, ns, perfetto->cpu[cpu].running, STATE(RUNNABLE));
	if (thread->cpu >= 0)
		leave_cpu(perfetto, cpu, ns, thread, STATE(RUNNABLE));
	send_state(perfetto, cpu, ns, thread, cpu, STATE(RUNNING));
	thread->cpu = (int)cpu;
	thread->state_after = 0;
	perfetto->cpu[cpu].running = thread;
}

/* The end of a thread: what is open on it is closed, and it is forgotten but for a bit. */
static void end_thread(struct perfetto *perfetto, unsigned cpu, uint64_t ns, struct thread *thread)
{
	track_close(perfetto, cpu, ns, &thread->track, 0);
	track_close(perfetto, cpu, ns, &thread->marks, 0);
	set_state(perfetto, cpu, ns, thread, STATE(DEAD));
	if (thread->id < THREADS_REMEMBERED)
		perfetto->ended[thread->id / 8] |= (uint8_t)(1u << thread->id % 8);
	table_remove(&perfetto->threads, key_of(thread->id));
	thread_free(thread);
}

/* ---- who is who ---- */

struct thread *thread_find(struct perfetto *perfetto, uint64_t id)
{
	return table_find(&perfetto->threads, key_of(id));
}

static struct thread *add_thread(struct perfetto *perfetto, uint64_t id, uint64_t process, const char *name)
{
	struct thread *thread = calloc(1, sizeof(*thread));
	if (!thread || !table_add(&perfetto->threads, key_of(id), thread)) {
		free(thread);
		perfetto->out_of_memory = true;
		return NULL;
	}
	thread->id = id;
	thread->process = process;
	thread->cpu = -1;
	if (name && *name)
		snprintf(thread->name, sizeof(thread->name), "%s", name);
	else
		snprintf(thread->name, sizeof(thread->name), "thread %llu", (unsigned long long)id);
	return thread;
}

struct thread *thread_get(struct perfetto *perfetto, unsigned cpu, uint64_t ns, uint64_t id)
{
	struct thread *thread = thread_find(perfetto, id);
	if (thread)
		return thread;
	thread = add_thread(perfetto, id, PROCESS_UNKNOWN, NULL);
	if (!thread)
		return NULL;
	if (!table_find(&perfetto->processes, key_of(PROCESS_UNKNOWN)))
		send_process(perfetto, cpu, ns, PROCESS_UNKNOWN, perfetto->info->program);
	forget_namesake(perfetto, cpu, ns, thread);
	introduce(perfetto, cpu, ns, thread);
	return thread;
}

/* The thread that stands for a CPU with nothing to do. */
static struct thread *idle_thread(struct perfetto *perfetto, unsigned cpu, uint64_t ns)
{
	struct thread *idle = &perfetto->cpu[cpu].idle;
	if (perfetto->cpu[cpu].idle_known)
		return idle;
	perfetto->cpu[cpu].idle_known = true;
	idle->id = THREAD_IDLE_FIRST + cpu;
	idle->cpu = -1;
	snprintf(idle->name, sizeof(idle->name), "idle %u", cpu);
	send_thread(perfetto, cpu, ns, idle, true);
	return idle;
}

const char *thread_process_name(const struct perfetto *perfetto, const struct thread *thread)
{
	const char *name = table_find(&perfetto->processes, key_of(thread->process));
	return name ? name : perfetto->info->program;
}

/* ---- the rules ---- */

void thread_rule_aspace_create(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument)
{
	char name[17];
	trace_chars(argument[1], argument[2], name);
	send_process(perfetto, cpu, ns, argument[0], *name ? name : "unnamed");
}

void thread_rule_aspace_destroy(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument)
{
	(void)cpu;
	(void)ns;
	free(table_remove(&perfetto->processes, key_of(argument[0])));
}

/* A creation. If the number is in use, its thread ended and that event was lost. */
void thread_rule_create(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument)
{
	char name[17];
	struct thread *namesake = thread_find(perfetto, argument[0]);
	if (namesake)
		end_thread(perfetto, cpu, ns, namesake);
	trace_chars(argument[2], argument[3], name);
	struct thread *thread = add_thread(perfetto, argument[0], argument[1], name);
	if (!thread)
		return;
	if (!table_find(&perfetto->processes, key_of(thread->process)))
		send_process(perfetto, cpu, ns, thread->process, perfetto->info->program);
	forget_namesake(perfetto, cpu, ns, thread);
	send_state(perfetto, cpu, ns, thread, 0, STATE(CREATED));
	introduce(perfetto, cpu, ns, thread);
}

/* What a thread becomes when it stops running and nothing else was said about it. */
static unsigned state_after_switch(uint64_t reason)
{
	switch (reason) {
	case SWITCH_SLEEP:
	case SWITCH_JOIN:
		return STATE(INTERRUPTIBLE_SLEEP);
	case SWITCH_EXIT:
	case SWITCH_CRASH:
		return STATE(DEAD);
	default:
		return STATE(RUNNABLE);
	}
}

static void switch_from(struct perfetto *perfetto, unsigned cpu, uint64_t ns, struct thread *previous, uint64_t reason)
{
	unsigned state = previous->state_after;
	if (!state) {
		state = state_after_switch(reason);
		previous->waits_for = reason;
	}
	if (state == STATE(DEAD))
		end_thread(perfetto, cpu, ns, previous);
	else if (previous->cpu == (int)cpu)
		leave_cpu(perfetto, cpu, ns, previous, state);
	else
		set_state(perfetto, cpu, ns, previous, state);
}

/* One CPU goes from one thread to another: for Perfetto one stops and one starts at the same time. */
void thread_rule_switch(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument)
{
	struct cpu_state *state = &perfetto->cpu[cpu];
	struct thread *previous = argument[0] ? thread_get(perfetto, cpu, ns, argument[0]) : NULL;
	if (previous)
		switch_from(perfetto, cpu, ns, previous, argument[2]);
	else if (state->running)
		leave_cpu(perfetto, cpu, ns, state->running, STATE(RUNNABLE));
	struct thread *next = argument[1] ? thread_get(perfetto, cpu, ns, argument[1]) : idle_thread(perfetto, cpu, ns);
	if (next)
		run_on_cpu(perfetto, cpu, ns, next);
}

void thread_rule_block(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument)
{
	struct thread *thread = thread_get(perfetto, cpu, ns, argument[0]);
	if (thread)
		thread->waits_for = argument[1];
	if (thread && thread->cpu < 0)
		set_state(perfetto, cpu, ns, thread, STATE(INTERRUPTIBLE_SLEEP));
	else if (thread && thread->state_after != STATE(DEAD))
		thread->state_after = STATE(INTERRUPTIBLE_SLEEP);
}

void thread_rule_wake(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument)
{
	struct thread *thread = thread_get(perfetto, cpu, ns, argument[0]);
	if (thread && thread->cpu < 0)
		set_state(perfetto, cpu, ns, thread, STATE(RUNNABLE));
	else if (thread && thread->state_after != STATE(DEAD))
		thread->state_after = STATE(RUNNABLE);
}

void thread_rule_exit(struct perfetto *perfetto, unsigned cpu, uint64_t ns, const uint64_t *argument)
{
	struct thread *thread = thread_find(perfetto, argument[0]);
	if (thread && thread->cpu >= 0)
		thread->state_after = STATE(DEAD);
	else if (thread)
		end_thread(perfetto, cpu, ns, thread);
}

/* ---- holes and the end ---- */

void thread_after_gap(struct perfetto *perfetto, unsigned cpu, uint64_t ns)
{
	struct cpu_state *state = &perfetto->cpu[cpu];
	for (unsigned bit = 0; bit < sizeof(state->track) / sizeof(state->track[0]); bit++)
		track_close(perfetto, cpu, ns, &state->track[bit], 0);
	if (!state->running)
		return;
	track_close(perfetto, cpu, ns, &state->running->track, 0);
	track_close(perfetto, cpu, ns, &state->running->marks, 0);
}

void thread_close_all(struct perfetto *perfetto, unsigned cpu, uint64_t ns)
{
	for (unsigned i = 0; i < perfetto->info->cpus; i++) {
		thread_after_gap(perfetto, i, ns);
		if (perfetto->cpu[i].running)
			leave_cpu(perfetto, i, ns, perfetto->cpu[i].running, STATE(RUNNABLE));
	}
	const struct table *threads = &perfetto->threads;
	for (size_t i = 0; threads->entries && i <= threads->mask; i++) {
		struct thread *thread = threads->entries[i].value;
		if (!thread)
			continue;
		track_close(perfetto, cpu, ns, &thread->track, 0);
		track_close(perfetto, cpu, ns, &thread->marks, 0);
	}
}
