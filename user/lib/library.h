/*
 * What the files of the library tell each other. Programs include vitrine.h only.
 */
#pragma once

#include "vitrine.h"

/*
 * How a new thread learns what to run: the kernel passes one word, so it passes the address of this. The new thread takes both
 * words and then clears `function`: it will not look again. Offsets are known to thread_entry in the assembly files.
 */
struct thread_start {
	thread_function *function; /* NULL: nobody needs it any more */
	void *argument;
	uint64_t holder; /* the new thread, once it is known; 0: there was none */
};
_Static_assert(offsetof(struct thread_start, function) == 0, "thread_entry");
_Static_assert(offsetof(struct thread_start, argument) == 8, "thread_entry");

/* Where the kernel lets threads begin: calls start->function(start->argument), then exits with its result. */
void thread_entry(struct thread_start *start);

/* The start of the page that an address lies in, and the first that does not lie before it. */
static inline uint64_t page_down(uint64_t address)
{
	return address & ~(uint64_t)(PAGE_BYTES - 1);
}

static inline uint64_t page_up(uint64_t address)
{
	return page_down(address + PAGE_BYTES - 1);
}

/* What _start calls once the machine is as C expects it. */
_Noreturn void program_start(uint64_t argument);

/* The handle of the name service: HANDLE_NAMES, and for init its own. */
extern uint64_t names_handle;

/* Maps the program in an object into a process that has not started, and says where it starts. INVALID: it is no program. */
enum status program_load(uint64_t object, uint64_t process, uint64_t *entry);
