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
	HANDLE_INFORMATION_PAGE, /* an object of one page: struct information (abi/information.h); never writable */
	HANDLE_BOOT_ARCHIVE,     /* an object: the boot archive, a ustar file of archive_bytes bytes */
};
