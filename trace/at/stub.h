/*
 * Letting a stopped QEMU run to one address: the few words of gdb's remote protocol that this takes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "run/run.h"

/* The event at which to stop, and whether it is in the guest's memory. */
struct stub_wanted {
	unsigned cpu;
	uint64_t sequence;
	bool (*is_there)(const struct run_qemu *qemu, unsigned cpu, uint64_t sequence);
};

/*
 * Connects to QEMU's gdb stub at the socket `path`, sets a breakpoint, lets the machine run, and returns when it has stopped there and what
 * is wanted is there. False after having said why it did not. The machine stays stopped as long as `*connection`, to be closed by the caller, is open.
 */
bool stub_run_to(struct run_qemu *qemu, const char *path, uint64_t address, const struct stub_wanted *wanted, int *connection);

/* The value of a symbol of an ELF file of either byte order; 0 after having said that there is none. */
uint64_t elf_symbol(const char *path, const char *name);
