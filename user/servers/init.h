/*
 * What the files of init tell each other.
 */
#pragma once

#include <servers.h>

/* The object that the program lies in; an error if it is in neither the flash nor the boot archive. */
struct result init_find(const char *program);

/* A process for the program in an object, which has the name service, and for a server (key) the two handles of the machine. */
struct result init_start(const char *name, uint64_t object, uint64_t key);

/* How rounds() ended: the exit status of the run. */
enum rounds_end {
	ROUNDS_THROUGH = 0, /* as many as there are allocations; and the last round, in which none failed, ended well */
	ROUNDS_LAST_FAILED = 1,
	ROUNDS_LEFT_SOMETHING = 2, /* fewer pages are free after a round than before the first */
};

/*
 * Runs the program again and again, and lets allocation `first` fail in the first round, `first + step` in the second, and so on, counted
 * from before its process is made, until a round has fewer.
 */
enum rounds_end rounds(const char *program, uint64_t first, uint64_t step);
