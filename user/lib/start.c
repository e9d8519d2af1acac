/*
 * From the first instruction to main() and back.
 *
 * Teaches: main() is an ordinary function that somebody calls. Who calls: _start, in the machine's assembly file. Whom: main(),
 * then the kernel, so that the result of main() becomes the exit status of the run. Other threads that still run end with it.
 */
#include "library.h"

int main(void);

_Noreturn void program_exit(int status)
{
	for (;;)
		DISCARD(sys_process_exit((uint64_t)(int64_t)status, 0).status, "it does not return");
}

_Noreturn void thread_exit(int status)
{
	for (;;)
		DISCARD(sys_thread_exit((uint64_t)(int64_t)status).status, "it does not return");
}

static uint64_t argument_given;

uint64_t program_argument(void)
{
	return argument_given;
}

_Noreturn void program_start(uint64_t argument)
{
	argument_given = argument;
	program_exit(main());
}
