/*
 * make_trace EVENTS FILE [--big-endian] [--cpus N] [--threads N] [--gap-every N] [--seed N] [--rcu]: a made-up run of any size.
 *
 * Teaches: what a reader may expect of a run. Time goes forwards on each CPU, slices nest, a thread runs on one CPU at a time
 * and blocks before it stops running, and every flow begins and ends. The tools' tests use small ones, the memory tests one of
 * ten million events. With --big-endian it is a POWER run, hash evictions and segment faults included. With --rcu it is instead the
 * first EVENTS steps of one story, on three CPUs, of grace periods that are not all there.
 * The same arguments give the same bytes.
 */
#include <byteswap.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernel/abi/descriptor.h"
#include "../../kernel/abi/syscall.h"
#include "../../kernel/abi/trace_enums.h"
#include "../../kernel/abi/trace_ring.h"
#include "../../trace/format.h"
#include "../../trace/schema.h"
#include "../../trace/writer.h"

#define THREADS_MAX 64

/* One CPU's part of the story. Thread n of it has the id 100 * (CPU + 1) + n. */
struct story {
	unsigned cpu;
	uint64_t now;
	uint64_t sequence;
	uint64_t left;    /* events still to be made on this CPU */
	unsigned running; /* index of the thread that runs */
	bool asleep[THREADS_MAX];
	uint64_t pages, flows;
};

static struct {
	struct writer *writer;
	bool big_endian, rcu;
	unsigned cpus, threads;
	uint64_t gap_every;
	uint64_t random;
} made = {.cpus = 2, .threads = 4, .random = 1};

/* xorshift64*: a number below `bound`. */
static uint64_t random_below(uint64_t bound)
{
	made.random ^= made.random >> 12;
	made.random ^= made.random << 25;
	made.random ^= made.random >> 27;
	return (made.random * UINT64_C(0x2545f4914f6cdd1d) >> 33) % bound;
}

static uint64_t guest(uint64_t word)
{
	return made.big_endian ? bswap_64(word) : word;
}

/* Emits one event of the schema; the fields are the variable arguments. It is looked up once, at its first use here. */
#define EMIT(story, name, ...)                                                                                                   \
	do {                                                                                                                     \
		static const struct event_schema *event_;                                                                        \
		event_ = event_ ? event_ : schema_event_named(name);                                                             \
		emit(story, event_, (const uint64_t[TRACE_FIELDS_MAX]){__VA_ARGS__});                                            \
	} while (0)

static void emit_at(struct story *story, const struct event_schema *event, const uint64_t *fields, uint64_t now)
{
	uint64_t slot[TRACE_SLOT_WORDS] = {0};
	story->now = now;
	slot[0] = guest(story->now);
	slot[1] = guest(trace_header((uint32_t)story->sequence, story->cpu, event->id, event->fields + 2));
	for (unsigned i = 0; i < event->fields; i++)
		slot[2 + i] = guest(fields[i]);
	writer_add_slots(made.writer, story->cpu, slot, 1);
	story->sequence++;
}

static void emit(struct story *story, const struct event_schema *event, const uint64_t *fields)
{
	emit_at(story, event, fields, story->now + 20 + random_below(200));
	story->left--;
	if (made.gap_every && story->sequence % made.gap_every == 0) {
		writer_add_gap(made.writer, story->cpu, 7);
		story->sequence += 7;
	}
}

static uint64_t thread_id(const struct story *story, unsigned index)
{
	return 100 * (story->cpu + 1) + index;
}

static uint64_t chars(const char *text)
{
	uint64_t word = 0;
	for (unsigned i = 0; i < 8; i++)
		word = word << 8 | (unsigned char)(*text ? *text++ : 0);
	return word;
}

/* ---- the things that happen; none emits more than PATTERN_EVENTS_MAX events ---- */

#define PATTERN_EVENTS_MAX 16

static void fault(struct story *story)
{
	uint64_t flow = (uint64_t)story->cpu << 48 | ++story->flows, thread = thread_id(story, story->running);
	uint64_t address = 0x100000000000 + ((uint64_t)story->cpu << 32) + (story->pages++ % 65536) * 4096, object = 7;
	uint64_t segment = made.big_endian && story->pages % 64 == 1;
	EMIT(story, "fault_begin", flow, thread, address, 0x401000, 1, segment ? FAULT_KIND_SEGMENT : FAULT_KIND_MISSING);
	EMIT(story, "fault_segment", flow, thread, SEGMENT_VIEW, 0x100000000000);
	if (segment) {
		EMIT(story, "mmu_segment", 1, address >> 40, 77, story->pages / 64 % 32);
		EMIT(story, "fault_end", flow, thread, FAULT_SEGMENT_LOADED);
		return;
	}
	EMIT(story, "fault_mapping", flow, thread, address & ~UINT64_C(0xffffff), 0x1000000, RIGHTS_READ | RIGHTS_WRITE, object);
	EMIT(story, "fault_slot", flow, thread, object, story->pages, 0);
	EMIT(story, "fault_zero_fill", flow, thread, 0x1000000 + story->pages % 4096 * 4096);
	if (made.big_endian && story->pages % 8 == 0)
		EMIT(story, "mmu_evict", 1, address - 0x8000, story->pages % 2048, story->pages % 8, 2, 1);
	EMIT(story, "mmu_map", 1, address, 0x1000000 + story->pages % 4096 * 4096, 3, 4);
	EMIT(story, "free_pages", 40000 - story->pages % 4096);
	if (made.big_endian)
		EMIT(story, "hpt_entries", story->pages % 16384);
	EMIT(story, "fault_end", flow, thread, FAULT_ZERO_FILLED);
}

static void null_syscall(struct story *story)
{
	uint64_t thread = thread_id(story, story->running);
	EMIT(story, "syscall_enter", thread, SYSCALL_null, 0, 0);
	EMIT(story, "syscall_exit", thread, SYSCALL_null, 0, 0);
}

static void mark(struct story *story)
{
	uint64_t thread = thread_id(story, story->running);
	EMIT(story, "mark_begin", thread, chars("work"), 0, story->pages);
	EMIT(story, "mark_counter", thread, chars("pages"), 0, story->pages);
	EMIT(story, "mark_end", thread, chars("work"), 0, story->pages);
}

/* The next thread of this CPU that is awake, after the one that runs; the one that runs if there is no other. */
static unsigned next_awake(const struct story *story)
{
	unsigned next = story->running;
	do
		next = (next + 1) % made.threads;
	while (next != story->running && story->asleep[next]);
	return next;
}

static void yield(struct story *story)
{
	uint64_t thread = thread_id(story, story->running);
	unsigned next = next_awake(story);
	EMIT(story, "syscall_enter", thread, SYSCALL_thread_yield, 0, 0);
	EMIT(story, "syscall_exit", thread, SYSCALL_thread_yield, 0, 0);
	if (next == story->running)
		return;
	EMIT(story, "thread_switch", thread, thread_id(story, next), SWITCH_YIELD);
	story->running = next;
}

static void sleep_for_a_while(struct story *story)
{
	uint64_t thread = thread_id(story, story->running);
	unsigned next = next_awake(story);
	if (next == story->running)
		return;
	EMIT(story, "syscall_enter", thread, SYSCALL_thread_sleep, 1000000, 0);
	EMIT(story, "thread_block", thread, SWITCH_SLEEP, story->now + 1000000);
	EMIT(story, "syscall_exit", thread, SYSCALL_thread_sleep, 0, 0);
	EMIT(story, "thread_switch", thread, thread_id(story, next), SWITCH_SLEEP);
	story->asleep[story->running] = true;
	story->running = next;
}

static void timer_interrupt(struct story *story)
{
	unsigned sleeper = 0;
	while (sleeper < made.threads && !story->asleep[sleeper])
		sleeper++;
	EMIT(story, "irq_enter", 1, 1, 0x401234);
	if (sleeper < made.threads) {
		EMIT(story, "timer_expire", thread_id(story, sleeper), 5);
		EMIT(story, "thread_wake", thread_id(story, sleeper), WAKE_TIMER, 0, story->cpu);
		EMIT(story, "runnable", 1);
		story->asleep[sleeper] = false;
	}
	EMIT(story, "irq_exit", 1);
}

static void (*const patterns[])(struct story *) = {
	fault,           fault,           fault, fault, null_syscall, null_syscall, mark, yield, yield, sleep_for_a_while,
	timer_interrupt, timer_interrupt,
};

/* ---- a CPU's whole story ---- */

static void begin(struct story *story)
{
	EMIT(story, "boot_phase", BOOT_PHASE_ENTRY);
	EMIT(story, "cpu_online", story->cpu);
	if (story->cpu == 0)
		EMIT(story, "aspace_create", 1, chars("made-up"), 0);
	for (unsigned i = 0; i < made.threads; i++) {
		char name[24];
		snprintf(name, sizeof(name), "cpu%u-%u", story->cpu, i);
		EMIT(story, "thread_create", thread_id(story, i), 1, 0, UINT64_C(1) << story->cpu, chars(name), 0);
		EMIT(story, "thread_wake", thread_id(story, i), WAKE_CREATED, 0, story->cpu);
	}
	EMIT(story, "thread_switch", 0, thread_id(story, 0), SWITCH_IDLE);
	story->running = 0;
}

/* Emits two events for each thread, and two more. */
static void end(struct story *story)
{
	for (unsigned i = 0; i < made.threads; i++) {
		unsigned next = (story->running + 1) % made.threads;
		uint64_t thread = thread_id(story, story->running);
		EMIT(story, "thread_exit", thread, 0);
		EMIT(story, "thread_switch", thread, i + 1 < made.threads ? thread_id(story, next) : 0, SWITCH_EXIT);
		story->running = next;
	}
	EMIT(story, "idle_begin");
	if (story->cpu == 0)
		EMIT(story, "run_end", VERDICT_FINISHED, 0);
	else
		EMIT(story, "idle_end");
}

static void tell(unsigned cpu, uint64_t events)
{
	struct story story = {.cpu = cpu, .now = 1000 + cpu * 100000, .left = events};
	uint64_t last = 2 * made.threads + 2;
	if (events < last + 2 * made.threads + 4) {
		while (story.left)
			EMIT(&story, "free_pages", story.left);
		return;
	}
	begin(&story);
	while (story.left >= last + PATTERN_EVENTS_MAX)
		patterns[random_below(sizeof(patterns) / sizeof(patterns[0]))](&story);
	while (story.left > last)
		EMIT(&story, "free_pages", 40000 + story.left);
	end(&story);
}

/* ---- grace periods with holes ---- */

#define RCU_CPUS 3
#define STEP_TICKS 100

/* One step of it each STEP_TICKS; without an event, events of the CPU are lost. */
static const struct step {
	unsigned cpu;
	const char *event;
	uint64_t field[4];
} steps[] = {
	/* 4 began before anything was recorded */
	{1, "rcu_quiescent", {4, 1, QUIESCENT_USER}},
	{1, "rcu_period_end", {4}},
	/* 5 is whole: 1 and 2 hold it up, 2 longest */
	{0, "rcu_call", {0x50, RCU_OBJECT, 7}},
	{0, "rcu_callbacks", {1}},
	{0, "rcu_request", {5, 1}},
	{0, "rcu_period_begin", {5, 1}},
	{0, "rcu_quiescent", {5, 0, QUIESCENT_USER}},
	{1, "rcu_quiescent", {5, 1, QUIESCENT_USER}},
	{2, "rcu_quiescent", {5, 2, QUIESCENT_IDLE}},
	{2, "rcu_period_end", {5}},
	{0, "rcu_callbacks", {0}},
	{0, "rcu_free", {0x50, RCU_OBJECT, 7, 5}},
	/* 6 is over, and when 1 let it go is lost; 2 was asleep */
	{1, "rcu_request", {6, 2}},
	{1, "rcu_callbacks", {2}},
	{0, "rcu_period_begin", {6, 2}},
	{0, "rcu_quiescent", {6, 0, QUIESCENT_IDLE}},
	{0, "rcu_quiescent", {6, 2, QUIESCENT_ASLEEP}},
	{1, NULL, {0}},
	{0, "rcu_period_end", {6}},
	/* the end of 7 is lost, and the request for 8 */
	{0, "rcu_request", {7, 1}},
	{0, "rcu_period_begin", {7, 3}},
	{0, "rcu_quiescent", {7, 0, QUIESCENT_USER}},
	{2, NULL, {0}},
	/* 8 is not over when the run ends: 2 still holds it up */
	{1, "rcu_period_begin", {8, 3}},
	{1, "rcu_quiescent", {8, 1, QUIESCENT_USER}},
	{0, "rcu_quiescent", {8, 0, QUIESCENT_USER}},
	{0, "free_pages", {40000}},
};

static void tell_rcu(uint64_t events)
{
	static struct story stories[RCU_CPUS];
	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]) && i < events; i++) {
		struct story *story = &stories[steps[i].cpu];
		story->cpu = steps[i].cpu;
		if (steps[i].event) {
			emit_at(story, schema_event_named(steps[i].event), steps[i].field, (i + 10) * STEP_TICKS);
			continue;
		}
		writer_add_gap(made.writer, story->cpu, 1);
		story->sequence++;
	}
}

static int store(const char *path, uint64_t events, uint64_t seed)
{
	struct format_header header = {
		.clock_hz = made.big_endian ? 512000000 : 1000000000,
		.boot_ticks = 900,
		.user_ticks = 2000,
		.seed = seed,
		.categories = TRACE_ALL,
		.verdict = VERDICT_FINISHED,
		.ending = ENDING_FINISHED,
		.flags = FORMAT_FLAG_ICOUNT,
		.cpus_online = made.cpus,
	};
	strcpy(header.machine, made.big_endian ? "ppc64" : "x86_64");
	strcpy(header.mmu, made.big_endian ? "hash" : "radix4");
	strcpy(header.program, "made-up");
	strcpy(header.build_id, "0");
	made.writer = writer_open("/tmp", made.cpus, made.big_endian);
	if (made.rcu)
		tell_rcu(events);
	for (unsigned cpu = 0; cpu < made.cpus && !made.rcu; cpu++)
		tell(cpu, events / made.cpus + (cpu < events % made.cpus));
	writer_store(made.writer, &header, path);
	const char *error = writer_error(made.writer);
	if (error)
		fprintf(stderr, "make_trace: %s\n", error);
	writer_close(made.writer);
	return error ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"big-endian", no_argument, NULL, 'b'},
		{"cpus", required_argument, NULL, 'c'},
		{"threads", required_argument, NULL, 't'},
		{"seed", required_argument, NULL, 's'},
		{"gap-every", required_argument, NULL, 'g'},
		{"rcu", no_argument, NULL, 'r'},
		{0},
	};
	uint64_t seed = 1;
	for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		uint64_t number = optarg ? strtoull(optarg, NULL, 10) : 0;
		if (option == 'b')
			made.big_endian = true;
		else if (option == 'r')
			made.rcu = true, made.cpus = RCU_CPUS;
		else if (option == 'c' && number >= 1 && number <= FORMAT_CPUS_MAX)
			made.cpus = (unsigned)number;
		else if (option == 't' && number >= 1 && number <= THREADS_MAX)
			made.threads = (unsigned)number;
		else if (option == 's' && number)
			seed = number;
		else if (option == 'g' && number)
			made.gap_every = number;
		else
			return 2;
	}
	if (argc - optind != 2) {
		fprintf(stderr, "usage: make_trace EVENTS FILE [--big-endian] [--cpus N] [--threads N] [--gap-every N] [--seed "
				"N] [--rcu]\n");
		return 2;
	}
	made.random = seed;
	return store(argv[optind + 1], strtoull(argv[optind], NULL, 10), seed);
}
