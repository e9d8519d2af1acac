/*
 * make_witness MACHINE CALLS FILE: what a witness would have left of a made-up run.
 *
 * Teaches: what is followed is a stream of blocks and nothing else. A small made-up kernel is given here as a table of who calls whom, and is
 * executed, block by block, until there were so many calls: system calls and page faults from user mode in turn, with an interrupt now and then
 * in the middle of a call. MACHINE is x86_64 or ppc64; the two kernels share their portable functions.
 * Who calls: the tests of the graphs, and `vitrine bench`, which measures how fast calls are followed. The same arguments give the same file.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "witness/paths.h"

#define CALLEES 4
#define INSTRUCTIONS 4 /* in each block */
#define BLOCK_BYTES 16
#define FUNCTION_BYTES 256
#define BASE 0x100000
#define USER_PC 0x10000000
#define INTERRUPT_EVERY 1024 /* calls */
#define NOBODY (-1)

enum { SYSCALL, FAULT, TIMER, DOORS };

static const struct function {
	const char *name, *file;
	unsigned line;
	uint32_t vector[2]; /* x86_64, ppc64 */
	unsigned machines;  /* bit 0: x86_64, bit 1: ppc64 */
	const char *callee[CALLEES];
} functions[] = {
	{"syscall_entry", "arch/x86_64/trap_entry.S", 10, {0x100}, 1, {"kernel_trap"}},
	{"vector_c00_system_call", "arch/ppc64/start.S", 20, {0, 0xc00}, 2, {"kernel_trap"}},
	{"trap_stub_14", "arch/x86_64/trap_entry.S", 11, {14}, 1, {"fault_handle"}},
	{"vector_300_data_storage", "arch/ppc64/start.S", 21, {0, 0x300}, 2, {"fault_handle"}},
	{"trap_stub_32", "arch/x86_64/trap_entry.S", 12, {32}, 1, {"timer_interrupt"}},
	{"vector_900_decrementer", "arch/ppc64/start.S", 22, {0, 0x900}, 2, {"timer_interrupt"}},
	{"kernel_trap", "kernel/core/trap.c", 30, {0}, 3, {"syscall_dispatch", "sched_resume"}},
	{"syscall_dispatch", "kernel/core/syscall.c", 31, {0}, 3, {"call_null"}},
	{"call_null", "kernel/core/syscall.c", 32, {0}, 3, {0}},
	{"sched_resume", "kernel/sched/schedule.c", 40, {0}, 3, {0}},
	{"timer_interrupt", "kernel/sched/timer.c", 41, {0}, 3, {0}},
	{"fault_handle", "kernel/mm/fault.c", 50, {0}, 3, {"page_alloc", "radix_map", "hash_map"}},
	{"page_alloc", "kernel/mm/page.c", 51, {0}, 3, {0}},
	{"radix_map", "arch/x86_64/mmu_radix.c", 60, {0}, 1, {0}},
	{"hash_map", "arch/ppc64/mmu_hash.c", 61, {0}, 2, {"group_evict"}},
	{"group_evict", "arch/ppc64/mmu_hash.c", 62, {0}, 2, {0}},
};

#define FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

static struct {
	struct paths *paths;
	unsigned machine;
	int callee[FUNCTIONS][CALLEES];
	struct block *block[FUNCTIONS][CALLEES + 1]; /* up to a call, or to the return */
	struct block *user;
	unsigned door[DOORS];
	uint64_t begun, calls, wanted;
} made;

static int function_named(const char *name)
{
	for (unsigned i = 0; name && i < FUNCTIONS; i++)
		if (!strcmp(functions[i].name, name))
			return functions[i].machines >> made.machine & 1 ? (int)i : NOBODY;
	return NOBODY;
}

static struct block *make_block(uint64_t start, enum block_end how)
{
	struct block *block = calloc(1, sizeof(*block) + INSTRUCTIONS * sizeof(block->offset[0]));
	if (!block)
		abort();
	*block = (struct block){.start = start, .end = start + BLOCK_BYTES, .instructions = INSTRUCTIONS, .how = how};
	for (unsigned i = 0; i < INSTRUCTIONS; i++)
		block->offset[i] = (uint16_t)(i * BLOCK_BYTES / INSTRUCTIONS);
	block->function = paths_function_at(made.paths, start, &block->vector);
	return block;
}

/* Each function is a block up to each call, and one behind the last, in a row. */
static void make_blocks(void)
{
	for (unsigned i = 0; i < FUNCTIONS; i++) {
		unsigned calls = 0;
		bool is_door = functions[i].vector[made.machine] != 0;
		for (unsigned j = 0; j < CALLEES; j++) {
			int callee = function_named(functions[i].callee[j]);
			if (callee != NOBODY)
				made.callee[i][calls++] = callee;
		}
		for (unsigned j = 0; j <= calls; j++)
			made.block[i][j] = make_block(BASE + i * FUNCTION_BYTES + j * BLOCK_BYTES, j < calls ? BLOCK_CALL
												   : is_door ? BLOCK_RESUME
													     : BLOCK_RETURN);
		if (calls < CALLEES)
			made.callee[i][calls] = NOBODY;
	}
	made.user = make_block(USER_PC, BLOCK_PLAIN);
}

static void execute(const struct block *block)
{
	paths_enter(made.paths, 0, block, made.begun);
	made.begun += block->instructions;
}

static void run(unsigned function)
{
	made.calls++;
	for (unsigned j = 0;; j++) {
		execute(made.block[function][j]);
		if (j == CALLEES || made.callee[function][j] == NOBODY)
			return;
		if (made.calls % INTERRUPT_EVERY == 0)
			run(made.door[TIMER]); /* behind the call, before what is called */
		run((unsigned)made.callee[function][j]);
	}
}

static void run_all(void)
{
	/* The first RESUME leads to user mode: nothing was trapped before. */
	execute(made.block[made.door[SYSCALL]][1]);
	for (unsigned turn = 0; made.calls < made.wanted; turn++) {
		execute(made.user);
		run(made.door[turn % 4 == 3 ? FAULT : SYSCALL]);
	}
	execute(made.user);
	paths_finish(made.paths, made.begun);
}

static char *make_functions(struct witness_function *rows, uint64_t *text_bytes)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *to = open_memstream(&text, &bytes);
	if (!to)
		abort();
	for (unsigned i = 0; i < FUNCTIONS; i++) {
		uint32_t vector = functions[i].vector[made.machine];
		rows[i] = (struct witness_function){.start = BASE + i * FUNCTION_BYTES, .line = functions[i].line, .same_as = i};
		rows[i].end = rows[i].start + FUNCTION_BYTES;
		rows[i].vector = vector ? vector : WITNESS_NO_VECTOR;
		rows[i].name = (uint32_t)ftell(to);
		fprintf(to, "%s%c", functions[i].name, 0);
		rows[i].file = (uint32_t)ftell(to);
		fprintf(to, "%s%c", functions[i].file, 0);
	}
	while (ftell(to) % 8)
		fputc(0, to);
	fclose(to);
	*text_bytes = bytes;
	return text;
}

int main(int argc, char **argv)
{
	static const char *const doors[2][DOORS] = {
		{"syscall_entry", "trap_stub_14", "trap_stub_32"},
		{"vector_c00_system_call", "vector_300_data_storage", "vector_900_decrementer"}};
	static struct witness_function rows[FUNCTIONS];
	struct witness_header header = {.magic = WITNESS_MAGIC, .version = WITNESS_VERSION, .functions = FUNCTIONS};
	const struct block_machine *machine = argc == 4 ? block_machine_named(argv[1]) : NULL;
	if (!machine)
		return fprintf(stderr, "usage: make_witness x86_64|ppc64 CALLS FILE\n"), 2;
	made.machine = !strcmp(machine->name, "ppc64");
	made.wanted = strtoull(argv[2], NULL, 10);
	strncpy(header.machine, machine->name, sizeof(header.machine) - 1);
	char *text = make_functions(rows, &header.text_bytes);
	made.paths = paths_open(machine, rows, FUNCTIONS);
	if (!made.paths)
		return 1;
	make_blocks();
	for (unsigned i = 0; i < DOORS; i++)
		made.door[i] = (unsigned)function_named(doors[made.machine][i]);
	run_all();
	int file = open(argv[3], O_CREAT | O_TRUNC | O_WRONLY, 0666);
	bool written = file >= 0 && paths_write(made.paths, &header, text, file) && close(file) == 0;
	free(text);
	paths_close(made.paths);
	return written ? 0 : 1;
}
