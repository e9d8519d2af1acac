/*
 * Handles: how a process names kernel objects, and what it may do with each.
 *
 * A handle is an index into the process's own table; what it stands for and which rights go with it is the kernel's to know.
 * Handle 0 is no handle. Rights only shrink: a duplicate, a handle in a message or one given to a new process has at most those
 * of the handle it was made from.
 */
#pragma once

#define HANDLES_MAX 256

enum handle_rights {
	HANDLE_READ = 1, /* an object: as enum rights, may be mapped so */
	HANDLE_WRITE = 2,
	HANDLE_EXEC = 4,
	HANDLE_CALL = 8,     /* an endpoint: may send to it */
	HANDLE_RECEIVE = 16, /* an endpoint: may receive from it and provide objects through it; an object: map its window */
	HANDLE_MANAGE = 32,  /* an object: remove pages; a process: give, start, kill; the machine: its devices */
	HANDLE_GIVE = 64,    /* may be passed on */
	HANDLE_ALL = 127,
};

/*
 * What the first process finds in its table, and passes on as it likes: to everybody else handle 1 is what its creator gave
 * first.
 */
enum first_handle {
	HANDLE_MACHINE = 1,      /* the right to the machine's devices */
	HANDLE_BOOT_INFORMATION, /* an object of one page: struct boot_information */
	HANDLE_BOOT_ARCHIVE,     /* an object: the boot archive, a ustar file of archive_bytes bytes */
};

#define BOOT_COMMAND_LINE_CHARS 1024

#ifndef __ASSEMBLER__
#include <stdint.h>

/* What the machine and the user at the host said when it was switched on. */
struct boot_information {
	uint64_t flash_paddr; /* the flash chip's window; bytes = 0 if there is none */
	uint64_t flash_bytes;
	uint64_t archive_bytes;
	char machine[16]; /* "x86_64", "ppc64" */
	char command_line[BOOT_COMMAND_LINE_CHARS];
};
#endif
