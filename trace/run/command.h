/*
 * QEMU's command line: what command.c makes and qemu.c executes, with the files that are open on it.
 */
#pragma once

#include "run/run.h"

/*
 * QEMU puts the names of the image and of the archive into the guest's memory (multiboot), and takes blanks and commas in them for
 * something else. So it gets names that are the same everywhere: those of open files.
 */
#define IMAGE_FILE 100
#define ARCHIVE_FILE 101
#define FLASH_FILE 102
#define FIRMWARE_FILE 103
#define WITNESS_FILE 104
#define PLUGIN_FILE 105

#define ARGUMENTS_MAX 256

/* QEMU's command line and the nameless files on it. */
struct command_line {
	char *argument[ARGUMENTS_MAX + 1];
	unsigned count;
	bool failed;
	int ram, dummy_kernel; /* -1: none */
	const char *boot_file; /* QEMU has them open as IMAGE_FILE and ARCHIVE_FILE */
	const char *archive;
	const char *flash; /* and as FLASH_FILE, to write as well */
	const char *console;
	int input;           /* -1: none */
	const char *witness; /* the run's file and the plugin that fills it, as WITNESS_FILE and PLUGIN_FILE; NULL: none */
	const char *plugin;
	const char *firmware; /* and as FIRMWARE_FILE, on x86-64; NULL: none */
};

/*
 * Adds all arguments for a machine with `bytes` of RAM whose console is that file. `line` has its files already: ram, dummy_kernel, input. What goes
 * wrong is said, and noted in `failed`.
 */
void command_line_make(struct command_line *line, const struct run_options *options, const struct run_image *image,
		       const char *console, uint64_t bytes);

/* Prints it to stderr, as a shell would take it. */
void command_line_show(const struct command_line *line);

/* Frees the arguments and closes ram and dummy_kernel. */
void command_line_free(struct command_line *line);
