/*
 * max_rss COMMAND [ARGUMENTS]: runs a command and prints, on stderr and last, the most memory it had at once, in KiB.
 *
 * Teaches: what getrusage knows of a child that has ended. Tests use it to show that memory does not grow with a trace. Exits
 * as the command did; 127 if it could not be started, 128 if a signal ended it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;
	if (argc < 2) {
		fprintf(stderr, "usage: max_rss COMMAND [ARGUMENTS]\n");
		return 127;
	}
	pid_t child = fork();
	if (child == 0) {
		execvp(argv[1], argv + 1);
		fprintf(stderr, "max_rss: cannot run %s: %s\n", argv[1], strerror(errno));
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) != child) {
		perror("max_rss");
		return 127;
	}
	fprintf(stderr, "%ld\n", usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
