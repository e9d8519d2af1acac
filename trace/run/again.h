/*
 * How a run was started, kept beside it as DIR/run.options, so that it can be started again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "run/run.h"

/* What the file says. Free with run_again_free(). */
struct run_again {
	char *text;      /* all strings below lie in it */
	char *directory; /* in which `vitrine run` was called */
	char **argument; /* what it was called with, argv[0] first, NULL at the end */
	int arguments;
	uint32_t boot_file, archive, flash; /* CRC-32 of what QEMU was given */
	struct run_ring {
		uint64_t address; /* in the kernel's address space */
		uint64_t slots;   /* 0: not noted */
	} ring[RUN_CPUS_MAX];
};

/* Writes the file of a run that is about to start; argv as `vitrine run` got it. False after having said why it cannot be. */
bool run_again_note(const struct run_options *options, const struct run_image *image, int argc, char **argv);

/* Adds where the guest had its rings, once it has told. False after having said why they cannot be noted. */
bool run_again_note_rings(const struct run_options *options, const struct run_guest *guest);

/* Reads the file of a run (a directory, or the .vtrace file in one). False after having said why that cannot be. */
bool run_again_read(struct run_again *again, const char *run);
void run_again_free(struct run_again *again);

/* Whether the files to boot are still what they were; false after having said which is not. `image` has its flash copied. */
bool run_again_is_same(const struct run_again *again, const struct run_image *image);
