/*
 * Following calls, returns and traps from the outside.
 *
 * Teaches: a call stack can be rebuilt from control flow alone. Only two things are seen: the block of instructions a CPU was in, and the
 * one it is in now. From how the first ended follows what happened between them:
 *
 *     the second starts at a vector      a trap: a frame that a RESUME ends. What the first block was about to do is kept in that frame,
 *                                        so that a call or return an interrupt came right behind is seen once it goes on
 *     the first ended in a call          a frame that the return to the address behind it ends
 *     ... in a return                    the frame that was called from there ends, with all above it
 *     another function, by a jump        a tail call: a frame that ends together with its caller's
 *
 * The kernel's stack is empty whenever it leaves for user mode, so a RESUME of a trap from user mode ends every frame there is: that is how
 * it leaves through the scheduler.
 * Who calls: plugin.c. Invariant: frame[0] is the root the CPU is under: the world outside, or user mode. A block that is broken off by a trap
 * or by QEMU neither calls nor returns: it is told by the number of instructions that were begun.
 */
#include "witness/paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format.h"
#include "witness/path_tree.h"

/* Kernel stacks are far smaller than what so many frames need. */
#define FRAMES_MAX 256

struct frame {
	uint64_t returns_to;
	uint32_t path;
	uint32_t function;
	bool is_tail;                    /* ends with the frame below it */
	bool is_trap;                    /* ends with a RESUME */
	bool was_done;                   /* of a trap: whether `interrupted` was executed to its end */
	const struct block *interrupted; /* of a trap in the kernel; NULL: in user mode */
};

struct cpu {
	const struct block *block; /* NULL: has not run yet */
	bool done;                 /* all of the block's instructions were begun */
	uint64_t begun;            /* instructions all CPUs had begun when it started the block */
	uint64_t last;             /* when it had begun its own last one */
	uint64_t pc;               /* of that one */
	uint64_t instructions;
	unsigned depth; /* frames, the root counted */
	struct frame frame[FRAMES_MAX];
};

struct paths {
	const struct block_machine *machine;
	const struct witness_function *functions;
	uint64_t function_count;
	struct path_tree tree;
	struct witness_exception *exception;
	uint64_t exception_count, exception_room;
	uint64_t strays, too_deep, begun;
	unsigned cpu_count;
	struct cpu *running; /* whose block is the last one that was entered */
	uint32_t root[WITNESS_CPUS_MAX][3];
	struct cpu cpu[WITNESS_CPUS_MAX];
};

/* ---- functions ---- */

static uint32_t find_function(const struct paths *paths, uint64_t address)
{
	uint64_t low = 0, high = paths->function_count;
	while (low < high) {
		uint64_t middle = (low + high) / 2;
		if (paths->functions[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < paths->function_count && paths->functions[low].start <= address ? (uint32_t)low : WITNESS_OUTSIDE;
}

uint32_t paths_function_at(const struct paths *paths, uint64_t address, uint32_t *vector)
{
	uint32_t found = find_function(paths, address);
	*vector = WITNESS_NO_VECTOR;
	if (found == WITNESS_OUTSIDE && address >> 32 == 0 && paths->machine->low_alias)
		found = find_function(paths, address + paths->machine->low_alias);
	else if (found != WITNESS_OUTSIDE && paths->functions[found].start == address)
		*vector = paths->functions[found].vector;
	return found == WITNESS_OUTSIDE ? found : paths->functions[found].same_as;
}

/* ---- frames ---- */

static unsigned number_of(const struct paths *paths, const struct cpu *cpu)
{
	return (unsigned)(cpu - paths->cpu);
}

static uint32_t root_path(const struct paths *paths, const struct cpu *cpu, enum witness_root root)
{
	return paths->root[number_of(paths, cpu)][root - WITNESS_OUTSIDE];
}

static struct frame *top_of(struct cpu *cpu)
{
	return &cpu->frame[cpu->depth - 1];
}

static bool is_in_user_mode(struct cpu *cpu)
{
	return top_of(cpu)->function == WITNESS_USER;
}

/* Nothing is on the stack any more. */
static void start_again(struct paths *paths, struct cpu *cpu, enum witness_root root)
{
	cpu->depth = 1;
	cpu->frame[0] = (struct frame){.function = root, .path = root_path(paths, cpu, root)};
}

static struct frame *push(struct paths *paths, struct cpu *cpu, uint32_t parent, uint32_t function)
{
	if (cpu->depth == FRAMES_MAX) {
		paths->too_deep++;
		cpu->depth--;
	}
	struct frame *frame = &cpu->frame[cpu->depth++];
	*frame = (struct frame){.function = function,
				.path = path_tree_child(&paths->tree, number_of(paths, cpu), parent, function)};
	paths->tree.path[frame->path].calls++;
	return frame;
}

static void call(struct paths *paths, struct cpu *cpu, const struct block *from, const struct block *to)
{
	struct frame *frame = push(paths, cpu, top_of(cpu)->path, to->function);
	frame->returns_to = from->end;
}

/* Ends the frames above the one numbered `left`. */
static void leave(struct cpu *cpu, unsigned left)
{
	cpu->depth = left;
}

/* The lowest frame of the call that would return to `address`, down to the trap; 0 if nobody was called from there. */
static unsigned frame_returning_to(const struct cpu *cpu, uint64_t address)
{
	unsigned i = cpu->depth - 1;
	while (i > 0 && !cpu->frame[i].is_trap && cpu->frame[i].returns_to != address)
		i--;
	while (i > 0 && cpu->frame[i].is_tail)
		i--;
	return i > 0 && !cpu->frame[i].is_trap && cpu->frame[i].returns_to == address ? i : 0;
}

/* The kernel went on in another function without a call: a tail call, or back from one. */
static void jump(struct paths *paths, struct cpu *cpu, const struct block *to)
{
	struct frame *top = top_of(cpu);
	unsigned i = cpu->depth - 1;
	if (to->function == top->function)
		return;
	while (i > 0 && cpu->frame[i].is_tail && cpu->frame[i].function != to->function)
		i--;
	if (cpu->frame[i].function == to->function) {
		leave(cpu, i + 1);
		return;
	}
	uint64_t returns_to = top->returns_to;
	struct frame *frame = push(paths, cpu, top->path, to->function);
	frame->returns_to = returns_to;
	frame->is_tail = true;
}

/* ---- what happened between two blocks ---- */

static void note_exception(struct paths *paths, struct cpu *cpu, uint32_t vector, uint64_t when, unsigned flags)
{
	if (paths->exception_count == paths->exception_room) {
		paths->exception_room *= 2;
		paths->exception = realloc(paths->exception, paths->exception_room * sizeof(*paths->exception));
		if (!paths->exception)
			abort();
	}
	paths->exception[paths->exception_count++] = (struct witness_exception){
		.when = when,
		.pc = cpu->pc,
		.vector = vector,
		.cpu = (uint16_t)number_of(paths, cpu),
		.flags = (uint16_t)flags,
	};
}

/* Every CPU that has run waits for an interrupt. */
static bool is_everybody_waiting(const struct paths *paths)
{
	for (unsigned i = 0; i < paths->cpu_count; i++) {
		const struct cpu *cpu = &paths->cpu[i];
		if (cpu->block && !(cpu->done && cpu->block->how == BLOCK_WAIT))
			return false;
	}
	return true;
}

static void trap(struct paths *paths, struct cpu *cpu, const struct block *to, uint64_t when)
{
	bool from_user = is_in_user_mode(cpu);
	unsigned flags = (from_user ? WITNESS_FROM_USER : 0) | (is_everybody_waiting(paths) ? WITNESS_AFTER_IDLE : 0);
	note_exception(paths, cpu, to->vector, when, flags);
	uint32_t parent = root_path(paths, cpu, from_user ? WITNESS_USER : WITNESS_INTERRUPTED);
	struct frame *frame = push(paths, cpu, parent, to->function);
	frame->is_trap = true;
	frame->interrupted = from_user ? NULL : cpu->block;
	frame->was_done = cpu->done;
}

/* The trap that was the last to come ends. What the CPU was about to do in the kernel before it, it is about to do again. */
static void resume(struct paths *paths, struct cpu *cpu, const struct block *to)
{
	unsigned i = cpu->depth - 1;
	while (i > 0 && !cpu->frame[i].is_trap)
		i--;
	const struct frame *frame = &cpu->frame[i];
	bool left_kernel = i == 0 ? to->function == WITNESS_OUTSIDE || to->vector != WITNESS_NO_VECTOR : !frame->interrupted;
	if (left_kernel) {
		start_again(paths, cpu, WITNESS_USER);
		return;
	}
	if (i > 0) {
		cpu->block = frame->interrupted;
		cpu->done = frame->was_done;
		leave(cpu, i);
	}
}

/* In the kernel, from the CPU's last block to the next. */
static void go_on(struct paths *paths, struct cpu *cpu, const struct block *to)
{
	const struct block *from = cpu->block;
	bool straight = !from || !cpu->done || to->start == from->end;
	if (to->function == WITNESS_OUTSIDE && top_of(cpu)->function == WITNESS_OUTSIDE)
		return;
	if (!straight && from->how == BLOCK_CALL) {
		call(paths, cpu, from, to);
		return;
	}
	if (!straight && from->how == BLOCK_RETURN) {
		unsigned frame = frame_returning_to(cpu, to->start);
		if (frame) {
			leave(cpu, frame);
			return;
		}
		paths->strays++;
	}
	jump(paths, cpu, to);
}

/* The instructions begun since the last block was entered were that block's. */
static void settle(struct paths *paths, uint64_t begun)
{
	struct cpu *cpu = paths->running;
	if (!cpu)
		return;
	uint64_t executed = begun - cpu->begun;
	cpu->done = executed >= cpu->block->instructions;
	cpu->instructions += executed;
	cpu->last = begun;
	if (executed > 0)
		cpu->pc = cpu->block->start +
			  cpu->block->offset[(executed < cpu->block->instructions ? executed : cpu->block->instructions) - 1];
	paths->tree.path[top_of(cpu)->path].instructions += executed;
	paths->running = NULL;
}

void paths_enter(struct paths *paths, unsigned number, const struct block *block, uint64_t begun)
{
	struct cpu *cpu = &paths->cpu[number];
	settle(paths, begun);
	if (number >= paths->cpu_count)
		paths->cpu_count = number + 1;
	if (cpu->block && cpu->done && cpu->block->how == BLOCK_RESUME && !is_in_user_mode(cpu))
		resume(paths, cpu, block);
	if (block->vector != WITNESS_NO_VECTOR)
		trap(paths, cpu, block, begun);
	else if (!is_in_user_mode(cpu))
		go_on(paths, cpu, block);
	cpu->block = block;
	cpu->done = false;
	cpu->begun = begun;
	paths->running = cpu;
}

void paths_finish(struct paths *paths, uint64_t begun)
{
	settle(paths, begun);
	paths->begun = begun;
}

/* ---- from start to end ---- */

struct paths *paths_open(const struct block_machine *machine, const struct witness_function *functions, uint64_t count)
{
	struct paths *paths = calloc(1, sizeof(*paths));
	if (!paths)
		return NULL;
	*paths = (struct paths){.machine = machine, .functions = functions, .function_count = count};
	paths->exception_room = 4096;
	paths->exception = malloc(paths->exception_room * sizeof(*paths->exception));
	if (!paths->exception)
		abort();
	path_tree_init(&paths->tree);
	for (unsigned i = 0; i < WITNESS_CPUS_MAX; i++) {
		for (unsigned j = 0; j < 3; j++)
			paths->root[i][j] = path_tree_add_root(&paths->tree, i, WITNESS_OUTSIDE + j);
		start_again(paths, &paths->cpu[i], WITNESS_OUTSIDE);
	}
	return paths;
}

void paths_close(struct paths *paths)
{
	if (!paths)
		return;
	path_tree_free(&paths->tree);
	free(paths->exception);
	free(paths);
}

static bool write_all(int file, const void *data, uint64_t bytes)
{
	while (bytes > 0) {
		ssize_t written = write(file, data, bytes);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		data = (const char *)data + written;
		bytes -= (uint64_t)written;
	}
	return true;
}

bool paths_write(const struct paths *paths, struct witness_header *header, const char *text, int file)
{
	struct witness_cpu cpus[WITNESS_CPUS_MAX];
	for (unsigned i = 0; i < paths->cpu_count; i++)
		cpus[i] = (struct witness_cpu){paths->cpu[i].instructions, paths->cpu[i].last};
	const struct {
		const void *data;
		uint64_t bytes;
	} parts[] = {
		{paths->functions, header->functions * sizeof(*paths->functions)},
		{text, header->text_bytes},
		{cpus, paths->cpu_count * sizeof(*cpus)},
		{paths->tree.path, paths->tree.count * sizeof(*paths->tree.path)},
		{paths->exception, paths->exception_count * sizeof(*paths->exception)},
	};
	header->cpus = paths->cpu_count;
	header->paths = paths->tree.count;
	header->exceptions = paths->exception_count;
	header->instructions = paths->begun;
	header->strays = paths->strays;
	header->too_deep = paths->too_deep;
	header->checksum = 0;
	header->checksum = format_checksum(FORMAT_CHECKSUM_START, header, sizeof(*header));
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		header->checksum = format_checksum(header->checksum, parts[i].data, parts[i].bytes);
	if (lseek(file, 0, SEEK_SET) != 0 || !write_all(file, header, sizeof(*header)))
		return false;
	for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!write_all(file, parts[i].data, parts[i].bytes))
			return false;
	return true;
}
