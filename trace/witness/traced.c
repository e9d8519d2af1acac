/*
 * The trace's account of a run: which of its events stand for a trap.
 *
 * Teaches: not every event is one. A system call and an interrupt are. A fault has a fault_begin, but so has a page the kernel itself looks for
 * (a system call's argument): there was no trap, or one from kernel mode, which uaccess_fault stands for. What the machine refuses leaves no
 * fault_begin, but a thread that crashes, or goes on in its handler.
 * Who calls: check.c. Whom: reader.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernel/abi/trace_enums.h"
#include "commands.h"
#include "witness/check.h"

/* Threads are told apart by the low bits of their numbers, which is enough: it is about what two neighbouring events say. */
#define THREADS 65536

struct scan {
	struct traced_run *run;
	bool in_call[THREADS];               /* the thread's last fault was begun by the kernel for it */
	bool killed[THREADS];                /* its last fault, one that it trapped with, cannot be answered */
	uint64_t asked_by[WITNESS_CPUS_MAX]; /* the CPU's last event of the category fault is a uaccess_fault for this thread */
	unsigned ids[8];
};

enum { SYSCALL_ENTER, IRQ_ENTER, FAULT_BEGIN, FAULT_END, UACCESS_FAULT, FAULT_UPCALL, CRASHED, ONLINE };

static const char *const names[] = {"syscall_enter", "irq_enter",    "fault_begin",    "fault_end",
				    "uaccess_fault", "fault_upcall", "thread_crashed", "cpu_online"};

static void add(struct scan *scan, const struct trace_event *event, enum stream stream, uint64_t pc, uint32_t irq)
{
	struct traced_list *list = &scan->run->list[event->cpu][stream];
	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 1024;
		list->rows = realloc(list->rows, list->room * sizeof(*list->rows));
		if (!list->rows)
			abort();
	}
	list->rows[list->count++] = (struct traced){trace_ns(scan->run->reader, event->ticks), event->index, pc, irq, event->id};
}

static bool *of_thread(bool *flags, uint64_t thread)
{
	return &flags[thread % THREADS];
}

/* fault_begin: flow, thread, address, pc, access, kind. */
static void take_fault_begin(struct scan *scan, const struct trace_event *event)
{
	uint64_t thread = event->field[1];
	bool asked = event->field[5] == FAULT_KIND_ASKED || scan->asked_by[event->cpu] == thread;
	*of_thread(scan->in_call, thread) = asked;
	*of_thread(scan->killed, thread) = false;
	if (!asked)
		add(scan, event, STREAM_FAULT, event->field[3], 0);
}

/* fault_end: flow, thread, result. */
static void take_fault_end(struct scan *scan, const struct trace_event *event)
{
	bool is_bad = event->field[2] == FAULT_KILLED || event->field[2] == FAULT_NO_MEMORY;
	if (is_bad && !*of_thread(scan->in_call, event->field[1]))
		*of_thread(scan->killed, event->field[1]) = true;
}

/* thread_crashed and fault_upcall: thread, cause, address, pc. */
static void take_crash(struct scan *scan, const struct trace_event *event)
{
	bool *killed = of_thread(scan->killed, event->field[0]);
	if (!*killed && event->field[1] != CAUSE_KILLED)
		add(scan, event, STREAM_FAULT, event->field[3], 0);
	*killed = false;
}

/* cpu_online: the machine's number. QEMU counts from 0; APIC ids do too, a PIR goes in steps of four. */
static void take_online(struct scan *scan, const struct trace_event *event)
{
	bool is_ppc = !strcmp(scan->run->info->machine, "ppc64");
	uint64_t vcpu = is_ppc ? event->field[0] / 4 : event->field[0];
	if (vcpu < WITNESS_CPUS_MAX)
		scan->run->vcpu[event->cpu] = (unsigned)vcpu;
}

static void take(struct scan *scan, const struct trace_event *event)
{
	const unsigned *ids = scan->ids;
	if (event->id == ids[SYSCALL_ENTER])
		add(scan, event, STREAM_SYSCALL, 0, 0);
	else if (event->id == ids[IRQ_ENTER])
		add(scan, event, STREAM_IRQ, 0, (uint32_t)event->field[0]);
	else if (event->id == ids[UACCESS_FAULT])
		add(scan, event, STREAM_KERNEL, 0, 0);
	else if (event->id == ids[FAULT_BEGIN])
		take_fault_begin(scan, event);
	else if (event->id == ids[FAULT_END])
		take_fault_end(scan, event);
	else if (event->id == ids[FAULT_UPCALL] || event->id == ids[CRASHED])
		take_crash(scan, event);
	else if (event->id == ids[ONLINE])
		take_online(scan, event);
	if (event->schema->category == TRACE_FAULT)
		scan->asked_by[event->cpu] = event->id == ids[UACCESS_FAULT] ? event->field[0] : UINT64_MAX;
}

static bool scan_events(struct scan *scan)
{
	struct trace_event event;
	int got;
	while ((got = trace_next(scan->run->reader, &event)) > 0) {
		if (event.cpu >= WITNESS_CPUS_MAX)
			continue;
		if (event.id == TRACE_EVENT_GAP)
			scan->run->lost[event.cpu] += event.field[0];
		else
			take(scan, &event);
	}
	return got == 0 || (say("%s", trace_error(scan->run->reader)), false);
}

bool traced_open(struct traced_run *run, const char *path)
{
	static char error[640];
	*run = (struct traced_run){.reader = trace_open(path, error, sizeof(error))};
	if (!run->reader)
		return say("%s", error), false;
	run->info = trace_info(run->reader);
	struct scan *scan = calloc(1, sizeof(*scan));
	if (!scan)
		abort();
	scan->run = run;
	for (unsigned i = 0; i < WITNESS_CPUS_MAX; i++) {
		run->vcpu[i] = i;
		scan->asked_by[i] = UINT64_MAX;
	}
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		scan->ids[i] = schema_event_named(names[i])->id;
	bool good = scan_events(scan);
	free(scan);
	if (!good)
		traced_close(run);
	return good;
}

void traced_close(struct traced_run *run)
{
	for (unsigned cpu = 0; cpu < WITNESS_CPUS_MAX; cpu++)
		for (unsigned stream = 0; stream < STREAMS; stream++)
			free(run->list[cpu][stream].rows);
	trace_close(run->reader);
}

bool traced_has(const struct traced_run *run, enum stream stream)
{
	static const unsigned needs[STREAMS] = {
		[STREAM_SYSCALL] = TRACE_SYSCALL,
		[STREAM_FAULT] = TRACE_FAULT | TRACE_THREAD,
		[STREAM_KERNEL] = TRACE_FAULT,
		[STREAM_IRQ] = TRACE_IRQ,
	};
	return (run->info->categories & needs[stream]) == needs[stream];
}
