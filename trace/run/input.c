/*
 * What the guest reads from its serial port: a file, or what is typed here.
 *
 * Teaches: QEMU takes the port's input from a path. For a file that is the file; for this program's own input it is a pipe that a thread
 * fills, because QEMU is in a process group of its own, and a terminal stops whoever reads from it in the background. A terminal is
 * made to hand over each key at once and to show none: the guest does that itself.
 * Who calls: run.c. Locks: none; the thread touches only the two ends it was given.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "commands.h"
#include "run/run.h"

static struct termios terminal_before;
static bool terminal_changed;
static int keys;               /* the end of the pipe that is written */
static int input_file = -1;    /* what QEMU reads from */
static atomic_bool keys_ended; /* nothing more will be written */

static void *pump(void *argument)
{
	char text[256];
	ssize_t got;
	sigset_t broken_pipe; /* when the guest has ended and nobody reads: write() says so, too */
	(void)argument;
	sigemptyset(&broken_pipe);
	sigaddset(&broken_pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &broken_pipe, NULL);
	while ((got = read(STDIN_FILENO, text, sizeof(text))) > 0)
		for (ssize_t done = 0, put; done < got; done += put)
			if ((put = write(keys, text + done, (size_t)(got - done))) <= 0)
				return NULL;
	keys_ended = true;
	close(keys);
	return NULL;
}

static void change_terminal(void)
{
	struct termios raw;
	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &terminal_before) != 0)
		return;
	raw = terminal_before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_iflag &= ~(tcflag_t)ICRNL;
	terminal_changed = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

int run_input_open(const char *path)
{
	pthread_t thread;
	int ends[2];
	if (strcmp(path, "-") != 0) {
		input_file = open(path, O_RDONLY | O_CLOEXEC);
		if (input_file < 0)
			say("%s: %s", path, strerror(errno));
		return input_file;
	}
	if (pipe2(ends, O_CLOEXEC) != 0)
		return say("no pipe for the input: %s", strerror(errno)), -1;
	keys = ends[1];
	if (pthread_create(&thread, NULL, pump, NULL) != 0)
		return say("no thread for the input"), -1;
	pthread_detach(thread);
	change_terminal();
	return input_file = ends[0];
}

bool run_input_was_read(void)
{
	struct stat status;
	int left;
	if (input_file < 0 || fstat(input_file, &status) != 0)
		return false;
	if (S_ISREG(status.st_mode)) /* QEMU has the same open file, and so the same place in it */
		return lseek(input_file, 0, SEEK_CUR) >= status.st_size;
	return keys_ended && ioctl(input_file, FIONREAD, &left) == 0 && left == 0;
}

void run_input_end(void)
{
	if (terminal_changed)
		tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
	terminal_changed = false;
	if (input_file >= 0)
		close(input_file);
	input_file = -1;
}
