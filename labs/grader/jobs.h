/*
 * Running other programs: several at once, each with a time limit, and confined if what they do is not to be trusted.
 *
 * Teaches: what a confined program can reach is listed, not what it cannot: the system's programs and libraries to read, one directory to write,
 * no network, no other process, no user of the host; so many processes, so large files, so much time. bubblewrap makes the namespaces;
 * what it cannot limit is limited by setrlimit(2).
 * Who calls: runs.c, grade.c, selftest.c. Whom: the C library.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* What a confined job may use. */
struct confinement {
	const char *directory; /* the only one it can write to, and where it starts; the user `jobs_user()` owns it */
	const char *program;   /* a file that it sees as /vitrine, read only; NULL: none */
	unsigned processes, memory_mib, file_mib, cpu_seconds; /* of all together; of each: memory, a file, time */
};

#define JOB_PROGRAM "/vitrine"
#define JOB_WORDS_MAX 40

struct job {
	const char *word[JOB_WORDS_MAX];       /* program and arguments, NULL at the end */
	const char *directory;                 /* where it starts, if it is not confined */
	const char *log;                       /* gets what it prints */
	unsigned seconds;                      /* it may take; then it is killed, with all that it started */
	const struct confinement *confinement; /* NULL: none */
	bool timed_out;
	int exit_code; /* 128 + n: signal n; -1: it did not start */
	pid_t pid;
	double started;
};

/* Runs them all, `parallel` at a time. After a signal that was caught, ends those that run, and starts none. */
void jobs_run(struct job *jobs, unsigned count, unsigned parallel);

/* From now on SIGINT, SIGTERM and SIGHUP do not end this program, the first time: whoever runs jobs asks, and leaves nothing behind. */
void jobs_catch_signals(void);
bool jobs_interrupted(void);

/* The user and group that confined jobs run as: this one, or, if that is root, one that owns nothing. */
uid_t jobs_user(void);

/* Whether this host can confine, and such a job run the tools of `tree`. False after having said what is missing. */
bool jobs_can_confine(const char *tree);
