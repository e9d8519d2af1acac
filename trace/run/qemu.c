/*
 * The machine: QEMU's process, and its RAM as a file that this program can see.
 *
 * Teaches: tracing without a channel. The guest's RAM is a file without a name; QEMU maps it, and we map the same pages for
 * reading only. An event the guest stores is at once where we can read it, and nothing we do can be felt by the guest. Who calls:
 * run.c. Whom: command.c, ram.c. Invariants: RAM is never writable here; every file given to QEMU is nameless, so nothing
 * is left behind, but for RAM that is to be kept; and QEMU does not outlive this process.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "run/run.h"
#include "run/command.h"

/* ---- the process ---- */

/*
 * In the child: never to outlive the parent, never to be stopped by the terminal's keys, no file open but those it was given.
 */
static void become_qemu(struct command_line *line, pid_t parent, int error_pipe, int errors)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	int null = open("/dev/null", O_RDONLY);
	dup2(null, STDIN_FILENO);
	dup2(errors, STDERR_FILENO);
	dup2(open(line->boot_file, O_RDONLY | O_CLOEXEC), IMAGE_FILE);
	dup2(open(line->archive, O_RDONLY | O_CLOEXEC), ARCHIVE_FILE);
	fcntl(line->ram, F_SETFD, 0);
	dup2(open(line->flash, O_RDWR | O_CLOEXEC), FLASH_FILE);
	if (line->firmware)
		dup2(open(line->firmware, O_RDONLY | O_CLOEXEC), FIRMWARE_FILE);
	if (line->witness) {
		dup2(open(line->witness, O_RDWR | O_CLOEXEC), WITNESS_FILE);
		dup2(open(line->plugin, O_RDONLY | O_CLOEXEC), PLUGIN_FILE);
	}
	if (line->input >= 0) {
		dup2(line->input, STDIN_FILENO);
		dup2(open(line->console, O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
	}
	fcntl(line->dummy_kernel, F_SETFD, 0);
	if (getppid() == parent)
		execvp(line->argument[0], line->argument);
	int why = errno;
	if (write(error_pipe, &why, sizeof(why)) != sizeof(why))
		_exit(126);
	_exit(127);
}

/* Forks and executes; error messages go to `errors`. Returns 0, or the errno of what failed. */
static int spawn(struct command_line *line, pid_t *pid, int errors)
{
	int error_pipe[2], why = 0;
	pid_t parent = getpid();
	if (pipe2(error_pipe, O_CLOEXEC) != 0)
		return errno;
	*pid = fork();
	if (*pid == 0)
		become_qemu(line, parent, error_pipe[1], errors);
	if (*pid < 0)
		why = errno;
	close(error_pipe[1]);
	/* The pipe closes without a word when QEMU's program has taken over. */
	if (*pid > 0 && read(error_pipe[0], &why, sizeof(why)) == sizeof(why))
		waitpid(*pid, NULL, 0);
	close(error_pipe[0]);
	return why;
}

/* The RAM file once more, for reading only; from here on nothing in this process could write to the guest. */
static bool map_ram(struct run_qemu *qemu, int ram)
{
	char path[40];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ram);
	qemu->ram_file = open(path, O_RDONLY | O_CLOEXEC);
	void *mapped = qemu->ram_file < 0 ? MAP_FAILED : mmap(NULL, qemu->ram_bytes, PROT_READ, MAP_SHARED, qemu->ram_file, 0);
	if (mapped == MAP_FAILED)
		return say("the guest's RAM cannot be mapped: %s", strerror(errno)), false;
	qemu->ram = mapped;
	return true;
}

/* A thread: hands QEMU's error messages on, but for the one that only says that we ended it. */
static void *read_errors(void *argument)
{
	struct run_qemu *qemu = argument;
	FILE *from = fdopen(qemu->errors, "re");
	char *line = NULL;
	size_t bytes = 0;
	while (from && getline(&line, &bytes, from) > 0)
		if (!qemu->asked_to_end || !strstr(line, ": terminating on signal "))
			fputs(line, stderr);
	free(line);
	if (from)
		fclose(from);
	return NULL;
}

/* Starts that thread, which no signal interrupts. */
static bool start_reading_errors(struct run_qemu *qemu)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	qemu->errors_read = pthread_create(&qemu->errors_reader, NULL, read_errors, qemu) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return qemu->errors_read;
}

static bool start_process(struct run_qemu *qemu, struct command_line *line, const struct run_machine *machine)
{
	int errors[2];
	if (pipe2(errors, O_CLOEXEC) != 0)
		return say("there is no pipe for QEMU's messages: %s", strerror(errno)), false;
	int why = line->failed ? E2BIG : spawn(line, &qemu->pid, errors[1]);
	close(errors[1]);
	if (why)
		close(errors[0]);
	if (why == ENOENT)
		return say("%s is not installed (Debian: apt-get install %s)", line->argument[0], machine->qemu_package), false;
	if (why)
		return say("%s does not start: %s", line->argument[0], strerror(why)), false;
	qemu->running = true;
	qemu->errors = errors[0];
	qemu->process = pidfd_open(qemu->pid, 0);
	if (qemu->process >= 0 && start_reading_errors(qemu))
		return true;
	say("QEMU's process cannot be watched: %s", strerror(errno));
	run_qemu_end(qemu);
	return false;
}

bool run_qemu_start(struct run_qemu *qemu, const struct run_options *options, const struct run_image *image, const char *console,
		    int input)
{
	struct command_line *line = calloc(1, sizeof(*line));
	bool started = false;
	*qemu = (struct run_qemu){.process = -1, .ram_file = -1};
	if (!line)
		return say("there is no memory"), false;
	line->input = input;
	line->ram = run_ram_open(options, &qemu->ram_bytes);
	line->dummy_kernel = run_file_nameless("kernel", 4);
	if (line->ram >= 0 && line->dummy_kernel >= 0 && map_ram(qemu, line->ram)) {
		command_line_make(line, options, image, console, qemu->ram_bytes);
		if (options->verbose)
			command_line_show(line);
		started = start_process(qemu, line, options->machine);
	}
	command_line_free(line);
	free(line);
	if (!started)
		run_qemu_close(qemu);
	return started;
}

/* Takes note if the process has ended. */
static void reap(struct run_qemu *qemu, int flags)
{
	pid_t ended;
	do
		ended = waitpid(qemu->pid, &qemu->wait_status, flags);
	while (ended < 0 && errno == EINTR);
	if (ended != qemu->pid)
		return;
	qemu->running = false;
	/* Its messages end with it, and stand before what we say of its end. */
	if (qemu->errors_read)
		pthread_join(qemu->errors_reader, NULL);
	qemu->errors_read = false;
}

void run_qemu_wait(struct run_qemu *qemu, unsigned milliseconds)
{
	struct pollfd process = {.fd = qemu->process, .events = POLLIN};
	if (poll(&process, 1, (int)milliseconds) > 0)
		reap(qemu, WNOHANG);
}

void run_qemu_pause(struct run_qemu *qemu, bool paused)
{
	if (!qemu->running || qemu->paused == paused)
		return;
	kill(qemu->pid, paused ? SIGSTOP : SIGCONT);
	qemu->paused = paused;
}

#define MILLISECONDS_TO_OBEY 2000

void run_qemu_end(struct run_qemu *qemu)
{
	run_qemu_pause(qemu, false);
	qemu->asked_to_end = true;
	if (qemu->running)
		kill(qemu->pid, SIGTERM);
	if (qemu->running && qemu->process >= 0)
		run_qemu_wait(qemu, MILLISECONDS_TO_OBEY);
	if (!qemu->running)
		return;
	kill(qemu->pid, SIGKILL);
	reap(qemu, 0);
}

void run_qemu_close(struct run_qemu *qemu)
{
	if (qemu->running)
		run_qemu_end(qemu);
	if (qemu->ram)
		munmap((void *)qemu->ram, qemu->ram_bytes);
	if (qemu->ram_file >= 0)
		close(qemu->ram_file);
	if (qemu->process >= 0)
		close(qemu->process);
	qemu->ram = NULL;
	qemu->ram_file = qemu->process = -1;
}
