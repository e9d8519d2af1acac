/*
 * The functions of a kernel, for the witness.
 */
#pragma once

#include <stdbool.h>

/*
 * Starts the file `to` of a run: what the kernel's ELF file says of its functions. `machine` is "x86_64" or "ppc64"; `root` is the tree the kernel
 * was built in. False after having said why.
 */
bool witness_begin(const char *to, const char *elf, const char *machine, const char *root);

/* Whether the run left a whole file; false after having said that it did not. */
bool witness_is_whole(const char *path);
