/*
 * Recorded runs: what QEMU wants on disk before it records a run, or runs a recorded one again.
 *
 * Teaches: to run a machine backwards is to run it forwards again. QEMU notes what comes from outside (record.log) and keeps the state of the
 * machine at the start (record.qcow2); a step back is that state once more, and all instructions but one.
 * Who calls: run.c. Whom: qemu-img. Simplified: QEMU records one CPU only, and drives that are not written.
 */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "run/run.h"

extern char **environ;

/* An empty disk, in which QEMU keeps states of the machine and nothing else. */
static bool make_state_file(char *path)
{
	char program[] = "qemu-img", create[] = "create", quiet[] = "-q", option[] = "-f", format[] = "qcow2", size[] = "1M";
	char *arguments[] = {program, create, quiet, option, format, path, size, NULL};
	pid_t pid;
	int status = 0;
	unlink(path);
	int why = posix_spawnp(&pid, program, NULL, NULL, arguments, environ);
	if (why == ENOENT)
		return say("--record needs qemu-img, which is not installed (Debian: apt-get install qemu-utils)"), false;
	if (why)
		return say("qemu-img does not start: %s", strerror(why)), false;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0 || (say("qemu-img could not make %s", path), false);
}

bool run_record_prepare(const struct run_options *options)
{
	char *log = NULL, *state = NULL;
	bool good = asprintf(&log, "%s/" RECORD_FILE, options->output) > 0 &&
		    asprintf(&state, "%s/" RECORD_STATE_FILE, options->output) > 0;
	if (!good)
		say("there is no memory");
	else if (options->replay == REPLAY_RECORD)
		good = make_state_file(state);
	else if (access(log, R_OK) != 0 || access(state, R_OK) != 0)
		good = (say("--replay: %s holds no recorded run (`%s run --record` leaves one)", options->output, program_path),
			false);
	free(log);
	free(state);
	return good;
}
