/*
 * The smallest program: it prints a line and ends. Its exit status, 0, is the exit status of the run.
 *
 * In the trace: the page faults that bring in its code, its constants and its stack; the system call that prints; the end.
 */
#include <vitrine.h>

int main(void)
{
	printf("hello from thread %lu on CPU %u\n", thread_id(), thread_cpu());
	return 0;
}
