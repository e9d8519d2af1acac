/*
 * Running other programs: see jobs.h.
 *
 * Who calls: runs.c. Whom: bubblewrap (bwrap), from Debian. Invariant: a job leads a process group of its own, so that all of it can be ended; if it
 * is confined, its end is the end of its process namespace.
 */
#include "grader/jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "grader/text.h"

/* Users that Debian gives to nobody by itself: one for each grader that runs, so that they do not count each other's processes. */
#define USER_FIRST 60000
#define USERS 5000

#define WORDS_MAX (JOB_WORDS_MAX + 48)
#define PARALLEL_MAX 32

uid_t jobs_user(void)
{
	static uid_t user;
	if (!user)
		user = geteuid() == 0 ? USER_FIRST + (uid_t)getpid() % USERS : geteuid();
	return user;
}

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	interrupted = signal;
}

void jobs_catch_signals(void)
{
	const struct sigaction action = {.sa_handler = interrupt,
					 .sa_flags = (int)SA_RESETHAND}; /* a second one ends us at once */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

bool jobs_interrupted(void)
{
	return interrupted;
}

/* The program is opened before the rights are given up, so the tree that it is in need not be readable for the job's user. */
#define PROGRAM_FILE 9
#define PROGRAM_FILE_TEXT "9"

static bool open_program(const struct confinement *confinement)
{
	int file = confinement->program ? open(confinement->program, O_RDONLY | O_CLOEXEC) : -1;
	return !confinement->program || (file >= 0 && dup2(file, PROGRAM_FILE) == PROGRAM_FILE &&
					 fcntl(PROGRAM_FILE, F_SETFD, 0) == 0); /* they may be one */
}

/* bwrap and its arguments, before the job's own. /etc is there only as far as compilers and the loader need it. */
static unsigned confine(const struct confinement *confinement, const char *words[WORDS_MAX])
{
	static const char *const fixed[] = {
		"bwrap",
		"--unshare-all",
		"--die-with-parent",
		"--clearenv",
		"--setenv",
		"PATH",
		"/usr/local/bin:/usr/bin:/bin",
		"--setenv",
		"HOME",
		"/tmp",
		"--setenv",
		"LC_ALL",
		"C.UTF-8",
		"--ro-bind",
		"/usr",
		"/usr",
		"--ro-bind-try",
		"/bin",
		"/bin",
		"--ro-bind-try",
		"/lib",
		"/lib",
		"--ro-bind-try",
		"/lib64",
		"/lib64",
		"--ro-bind-try",
		"/etc/alternatives",
		"/etc/alternatives",
		"--ro-bind-try",
		"/etc/ld.so.cache",
		"/etc/ld.so.cache",
		"--proc",
		"/proc",
		"--dev",
		"/dev",
		"--tmpfs",
		"/tmp",
	};
	unsigned count = 0;
	for (; count < sizeof(fixed) / sizeof(fixed[0]); count++)
		words[count] = fixed[count];
	if (confinement->program) {
		words[count++] = "--perms";
		words[count++] = "0555";
		words[count++] = "--ro-bind-data";
		words[count++] = PROGRAM_FILE_TEXT;
		words[count++] = JOB_PROGRAM;
	}
	words[count++] = "--bind";
	words[count++] = confinement->directory;
	words[count++] = confinement->directory;
	words[count++] = "--chdir";
	words[count++] = confinement->directory;
	words[count++] = "--";
	return count;
}

static bool limit(int resource, rlim_t value)
{
	return setrlimit(resource, &(struct rlimit){value, value}) == 0;
}

/* What else the user runs counts, too, unless it is one of ours. */
#define OTHER_PROCESSES 2048

static bool give_up_rights(const struct confinement *confinement)
{
	rlim_t others = geteuid() == 0 ? 0 : OTHER_PROCESSES;
	bool limited = limit(RLIMIT_NPROC, confinement->processes + others) &&
		       limit(RLIMIT_FSIZE, (rlim_t)confinement->file_mib << 20) &&
		       limit(RLIMIT_AS, (rlim_t)confinement->memory_mib << 20) && limit(RLIMIT_CPU, confinement->cpu_seconds) &&
		       limit(RLIMIT_CORE, 0);
	if (!limited || geteuid() != 0)
		return limited;
	return setgroups(0, NULL) == 0 && setgid(jobs_user()) == 0 && setuid(jobs_user()) == 0;
}

/* In the child: never returns. */
static _Noreturn void become(const struct job *job)
{
	const char *words[WORDS_MAX + 1] = {NULL};
	unsigned count = job->confinement ? confine(job->confinement, words) : 0;
	for (unsigned i = 0; job->word[i]; i++)
		words[count++] = job->word[i];
	setsid(); /* no terminal, and a process group that is ended as a whole: the first process of a namespace is in it, too */
	int log = open(job->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666),
	    nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (log < 0 || nothing < 0 || dup2(nothing, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(127);
	if (job->confinement ? !open_program(job->confinement) || !give_up_rights(job->confinement) : chdir(job->directory) != 0)
		_exit(127);
	/* If make called us, what we call is not part of it. */
	unsetenv("MAKEFLAGS");
	unsetenv("MFLAGS");
	unsetenv("MAKELEVEL");
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody would wait for it any more */
	execvp(words[0], (char **)words);
	dprintf(2, "%s does not start: %s\n", words[0], strerror(errno));
	_exit(127);
}

static void start(struct job *job)
{
	job->started = seconds_now();
	job->timed_out = false;
	jobs_user(); /* the child's is this one's */
	job->pid = fork();
	if (job->pid == 0)
		become(job);
}

/* Looks once whether a job that was started is over, or has to be. */
static bool has_ended(struct job *job)
{
	int status;
	if (job->pid <= 0)
		return true;
	if (!job->timed_out && seconds_now() - job->started > job->seconds) {
		job->timed_out = true;
		kill(-job->pid, SIGKILL);
	}
	if (interrupted)
		kill(-job->pid, SIGKILL);
	if (waitpid(job->pid, &status, WNOHANG) <= 0)
		return false;
	job->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	kill(-job->pid, SIGKILL); /* what it left behind */
	return true;
}

void jobs_run(struct job *jobs, unsigned count, unsigned parallel)
{
	struct job *running[PARALLEL_MAX] = {NULL};
	unsigned started = 0, ended = 0;
	parallel = parallel < 1 ? 1 : parallel > PARALLEL_MAX ? PARALLEL_MAX : parallel;
	for (unsigned i = 0; i < count; i++)
		jobs[i].exit_code = -1;
	while (ended < (interrupted ? started : count)) {
		bool idle = true;
		for (unsigned i = 0; i < parallel; i++) {
			if (running[i] && has_ended(running[i])) {
				running[i] = NULL;
				ended++;
				idle = false;
			}
			if (!running[i] && started < count && !interrupted) {
				running[i] = &jobs[started++];
				start(running[i]);
				idle = false;
			}
		}
		if (idle)
			nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	}
}

bool jobs_can_confine(const char *tree)
{
	char *program = text_format("%s/build/vitrine", tree);
	const struct confinement nothing = {
		.directory = "/usr", .program = program, .processes = 64, .memory_mib = 8192, .file_mib = 64, .cpu_seconds = 5};
	struct job job = {.word = {JOB_PROGRAM, "--help"}, .log = "/dev/null", .seconds = 10, .confinement = &nothing};
	jobs_run(&job, 1, 1);
	free(program);
	if (job.exit_code == 0)
		return true;
	say("submissions cannot be confined here: %s; --unconfined grades one that you trust",
	    job.exit_code == 127 ? "bwrap does not start (Debian: apt-get install bubblewrap)"
				 : "bwrap may not make namespaces (a container has to allow them)");
	return false;
}
