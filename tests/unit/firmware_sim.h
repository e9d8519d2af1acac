/*
 * Physical memory in which a test lays out what loader and firmware say, for the readers in arch/x86_64.
 *
 * Teaches: a reader is as strict as what catches it. Each call of firmware_memory() gives a copy of just the bytes that were asked
 * for, so the address sanitizer stops a reader that looks one byte further.
 * Who calls: acpi_sim.c, test_acpi.c, test_multiboot2.c. Who is fooled: arch/x86_64/{acpi,acpi_tables,loader,multiboot2}.c.
 */
#pragma once

#include "../../arch/x86_64/firmware.h"

/* Puts a copy of `from` at a physical address. What overlaps something put there earlier replaces it if it has the same address. */
void firmware_put(uint64_t at, const void *from, uint64_t bytes);

/* Nothing is anywhere, nothing was said, and what was read is given back. */
void firmware_forget(void);

/* What the readers have said since then. */
const char *firmware_said(void);
