/*
 * Counterexamples: a schedule in words, and as a trace.
 *
 * Teaches: a schedule is worth what can be read in it. The moves are made once more; each line says which CPU went on, in which function of
 * the kernel, and what it did there. Events are on this time, so the very same schedule is a run like any other to the host's tools.
 * Who calls: main.c. Whom: search_replay(), the writer of traces; addr2line and nm for names.
 */
#include "explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../trace/format.h"
#include "../../trace/writer.h"
#include "abi/descriptor.h"
#include "abi/trace_categories.h"
#include "core/cpu.h"
#include "core/end.h"
#include "core/lock_type.h"
#include "sched/thread.h"
#include "sim_machine.h"

#define SYMBOLS_MAX 4096
#define NAME_BYTES 112
#define PLACES_MAX 1024
#define THREADS_SHOWN 8 /* no scenario has more */

struct symbol {
	uint64_t address;
	char name[NAME_BYTES];
};

/* Outside the machine. */
struct report {
	const char *program;
	struct symbol symbol[SYMBOLS_MAX];
	unsigned symbols;
	struct symbol place[PLACES_MAX];
	unsigned places;
	uint8_t last_cpu;
};
static struct report *report;

/* ---- names ---- */

static void load_symbols(const char *program)
{
	char command[256], line[256];
	snprintf(command, sizeof(command), "nm -n --defined-only %s", program);
	FILE *nm = popen(command, "r");
	while (nm && fgets(line, sizeof(line), nm) && report->symbols < SYMBOLS_MAX) {
		struct symbol *symbol = &report->symbol[report->symbols];
		char type;
		if (sscanf(line, "%lx %c %111s", &symbol->address, &type, symbol->name) == 3 && strchr("bBdD", type))
			report->symbols++;
	}
	if (nm)
		pclose(nm);
}

/* The places of the schedule, each once. */
static void note_place(unsigned number, const struct move *move)
{
	uint64_t pc = (uintptr_t)pendings[move->cpu].pc;
	(void)number;
	if (move->kind != MOVE_KERNEL || !pc || report->places == PLACES_MAX)
		return;
	for (unsigned i = 0; i < report->places; i++)
		if (report->place[i].address == pc)
			return;
	report->place[report->places++].address = pc;
}

static bool is_helper(const char *place)
{
	return strstr(place, "lock.h:") || strstr(place, "kobj.h:") || strstr(place, "arch_inline.h:");
}

/*
 * Asks for the functions of all places at once. For each there come its address, and from the innermost function on two lines, name and
 * place, for each that is inlined in the next; the first that is not one of the helpers that are everywhere is what it is called.
 */
static void load_places(void)
{
	char function[64], line[192];
	size_t room = 64 + PLACES_MAX * 20;
	char *command = explorer_memory(room);
	int used = snprintf(command, room, "addr2line -a -f -i -s -e %s", report->program);
	for (unsigned i = 0; i < report->places; i++)
		used += snprintf(command + used, room - (size_t)used, " 0x%lx", (unsigned long)report->place[i].address - 1);
	FILE *lines = popen(command, "r");
	struct symbol *place = report->place - 1;
	bool named = true;
	while (lines && fgets(function, sizeof(function), lines)) {
		function[strcspn(function, "\n")] = 0;
		if (!strncmp(function, "0x", 2)) {
			place++;
			named = false;
			continue;
		}
		if (!fgets(line, sizeof(line), lines))
			break;
		line[strcspn(line, " \n")] = 0;
		if (!named)
			snprintf(place->name, sizeof(place->name), "%s (%.40s)", function, line);
		named |= !is_helper(line);
	}
	if (lines)
		pclose(lines);
}

static const char *function_text(const void *pc)
{
	for (unsigned i = 0; i < report->places; i++)
		if (report->place[i].address == (uintptr_t)pc)
			return report->place[i].name;
	return "?";
}

static const char *cpu_field(size_t offset)
{
	static const struct {
		size_t offset;
		const char *name;
	} fields[] = {
		{offsetof(struct cpu, hazards), "hazards"},         {offsetof(struct cpu, tlb_wanted), "tlb_wanted"},
		{offsetof(struct cpu, tlb_done), "tlb_done"},       {offsetof(struct cpu, idle), "idle"},
		{offsetof(struct cpu, current), "current"},         {offsetof(struct cpu, next_flow), "next_flow"},
		{offsetof(struct cpu, rcu.waiting), "rcu.waiting"}, {offsetof(struct cpu, online), "online"},
	};
	for (unsigned i = 0; i < ARRAY_LENGTH(fields); i++)
		if (fields[i].offset == offset)
			return fields[i].name;
	return "?";
}

static const char *thread_field(size_t offset)
{
	return offset == offsetof(struct thread, on_cpu)     ? "on_cpu"
	       : offset == offsetof(struct thread, affinity) ? "affinity"
	       : offset == offsetof(struct thread, killed)   ? "killed"
							     : "?";
}

/* What lies at an address. */
static void word_text(const void *address, char *text, size_t room)
{
	uint64_t at = (uintptr_t)address, first = (uintptr_t)cpus;
	const struct symbol *found = NULL;
	if (at >= first && at < first + sizeof(cpus)) {
		size_t offset = (at - first) % sizeof(struct cpu);
		snprintf(text, room, "cpus[%lu].%s", (at - first) / sizeof(struct cpu), cpu_field(offset));
		return;
	}
	for (uint32_t id = 1; id <= THREADS_SHOWN; id++) {
		const struct thread *thread = thread_find(id);
		if (thread && at >= (uintptr_t)thread && at < (uintptr_t)(thread + 1)) {
			snprintf(text, room, "thread %u's %s", id, thread_field(at - (uintptr_t)thread));
			return;
		}
	}
	for (unsigned i = 0; i < report->symbols && report->symbol[i].address <= at; i++)
		found = &report->symbol[i];
	const uint8_t *ram = sim_phys_to_virt(paddr(SIM_RAM_BASE));
	if (found && (at < (uintptr_t)ram || at >= (uintptr_t)ram + sim_ram_bytes()))
		snprintf(text, room, at == found->address ? "%s" : "%s + %lu", found->name, (unsigned long)(at - found->address));
	else
		snprintf(text, room, "a word at 0x%lx", (unsigned long)at);
}

static const char *lock_text(const struct spinlock *lock)
{
	static const char *const texts[] = {
		[LOCK_THREADS] = "the table of threads",
		[LOCK_ASPACE] = "an address space",
		[LOCK_COPY] = "a copy",
		[LOCK_OBJECT] = "an object",
		[LOCK_MMU_SPACE] = "an MMU space",
		[LOCK_MMU_TABLE] = "the MMU table",
		[LOCK_ENDPOINT] = "an endpoint",
		[LOCK_SERVE] = "who serves whom",
		[LOCK_WAIT] = "who waits for what",
		[LOCK_TIMER] = "a CPU's sleepers",
		[LOCK_RUN_QUEUE] = "a run queue",
		[LOCK_HANDLES] = "handles",
		[LOCK_INTERRUPTS] = "device lines",
		[LOCK_OBJECTS] = "the list of objects",
		[LOCK_MEMORY_CACHE] = "a cache",
		[LOCK_MEMORY] = "page frames",
		[LOCK_RCU] = "the grace period",
		[LOCK_CONSOLE] = "the console",
	};
	return lock->level < ARRAY_LENGTH(texts) && texts[lock->level] ? texts[lock->level] : "?";
}

/* ---- the schedule ---- */

static void say_operation(const struct pending *pending)
{
	static const char *const verbs[] = {[OP_LOAD] = "reads", [OP_STORE] = "writes", [OP_CHANGE] = "changes"};
	const char *function = function_text(pending->pc);
	char word[160];
	word_text(pending->address, word, sizeof(word));
	switch (pending->operation) {
	case OP_NONE:
		printf("goes on\n");
		break;
	case OP_LOCK:
		printf("%s takes the lock of %s\n", function, lock_text(pending->address));
		break;
	case OP_INTERRUPT_SEND:
		printf("%s interrupts CPU %u\n", function, ((const struct cpu *)pending->address)->index);
		break;
	case OP_COPY:
		printf("%s copies from user memory\n", function);
		break;
	case OP_RELAX:
		printf("%s spins\n", function);
		break;
	default:
		printf("%s %s %s\n", function, verbs[pending->operation], word);
	}
}

static void say_move(unsigned number, const struct move *move)
{
	const struct sim_cpu *cpu = &sim_cpus[move->cpu];
	if (number && move->cpu != report->last_cpu)
		printf("\n");
	report->last_cpu = move->cpu;
	printf("  %4u  CPU %u  ", number, move->cpu);
	if (move->kind == MOVE_KERNEL)
		say_operation(&pendings[move->cpu]);
	else if (move->kind == MOVE_INTERRUPT)
		printf("takes an interrupt %s\n", cpu->state == SIM_USER ? "in user mode" : "and stops being idle");
	else
		printf("thread %u goes on in user mode\n", cpus[move->cpu].current->id);
}

/* ---- the trace ---- */

static void store_ring(struct writer *writer, unsigned cpu)
{
	const struct trace_ring *ring = &cpus[cpu].trace;
	uint64_t mask = ring->slot_mask, lost = ring->head > mask + 1 ? ring->head - (mask + 1) : 0;
	if (lost)
		writer_add_gap(writer, cpu, lost);
	for (uint64_t n = lost; n < ring->head; n++)
		writer_add_slots(writer, cpu, (const uint64_t *)(uintptr_t)ring->slots + (n & mask) * TRACE_SLOT_WORDS, 1);
}

static bool store_trace(const char *path)
{
	struct format_header header = {
		.machine = "sim",
		.mmu = "sim-hash",
		.build_id = "explored",
		.clock_hz = SIM_HZ,
		.boot_ticks = descriptor.boot_ticks,
		.user_ticks = descriptor.user_ticks,
		.seed = 1,
		.categories = TRACE_ALL,
		.verdict = VERDICT_PANIC,
		.ending = ENDING_PANIC,
		.flags = FORMAT_FLAG_ICOUNT,
		.cpus_online = explorer->scenario->cpus,
	};
	snprintf(header.program, sizeof(header.program), "%s", explorer->scenario->name);
	struct writer *writer = writer_open("/tmp", explorer->scenario->cpus, false);
	for (unsigned cpu = 0; cpu < explorer->scenario->cpus; cpu++)
		store_ring(writer, cpu);
	writer_store(writer, &header, path);
	const char *error = writer_error(writer);
	if (error)
		fprintf(stderr, "explore: %s\n", error);
	writer_close(writer);
	return !error;
}

void report_prepare(void)
{
	report = explorer_memory(sizeof(*report));
}

bool report_violation(const char *program, const char *path)
{
	report->program = program;
	load_symbols(program);
	printf("VIOLATION in %s: %s\n", explorer->scenario->name, explorer->violation);
	search_replay(note_place);
	load_places();
	search_replay(say_move);
	printf("\n  then: %s\n", explorer->violation);
	explorer->exploring = false;
	return !path || store_trace(path);
}
