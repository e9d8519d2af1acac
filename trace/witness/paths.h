/*
 * Which function every CPU is in, and how it got there: one shadow of each kernel stack, and the tree of all paths.
 *
 * Who calls: plugin.c for every block of instructions that is executed; tests and the benchmark with made-up ones. It knows neither QEMU nor
 * the machine: how a block ends is told (block.c). Invariant: a frame is left by the return to the address it was called from, whatever
 * happens in between.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "witness/file.h"

/* How a block of instructions ends, if all of it is executed. */
enum block_end {
	BLOCK_PLAIN,  /* goes on, or jumps */
	BLOCK_CALL,   /* calls, if the next block is not the one right behind */
	BLOCK_RETURN, /* returns, likewise */
	BLOCK_RESUME, /* leaves a trap: IRETQ, SYSRET, rfid */
	BLOCK_WAIT,   /* waits for an interrupt */
};

struct block {
	uint64_t start;
	uint64_t end; /* behind the last instruction */
	uint32_t instructions;
	uint32_t function; /* or WITNESS_OUTSIDE */
	uint32_t vector;   /* of the trap that starts with this block, or WITNESS_NO_VECTOR */
	enum block_end how;
	uint16_t offset[]; /* of each instruction from the start */
};

/* How one machine's code looks. */
struct block_machine {
	const char *name;
	enum block_end (*how)(const uint8_t *instruction,
			      uint64_t bytes); /* the last instruction of a block, as it lies in memory */
	uint64_t low_alias; /* what has to be added to an address below 4 GiB at which the kernel starts; 0: nothing */
};

/* The machine with this name, or NULL. */
const struct block_machine *block_machine_named(const char *name);

struct paths;

/* NULL if there is no memory. `functions` has to stay. */
struct paths *paths_open(const struct block_machine *machine, const struct witness_function *functions, uint64_t count);
void paths_close(struct paths *paths);

/* The number of the function at an address, or WITNESS_OUTSIDE; and the vector that leads exactly there, or WITNESS_NO_VECTOR. */
uint32_t paths_function_at(const struct paths *paths, uint64_t address, uint32_t *vector);

/* A CPU starts to execute a block; before that, all CPUs had begun `begun` instructions. The block has to stay. */
void paths_enter(struct paths *paths, unsigned cpu, const struct block *block, uint64_t begun);

/* The end of the run. */
void paths_finish(struct paths *paths, uint64_t begun);

/* Writes what was seen behind the functions, and completes the header. False if that was not possible. */
bool paths_write(const struct paths *paths, struct witness_header *header, const char *text, int file);
