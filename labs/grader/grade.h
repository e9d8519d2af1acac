/*
 * A grade while it is made: what was run, and what each test and question came to.
 *
 *     grade.c     the command: whose tree, which lab
 *     class.c     the same for a class, and its summary
 *     work.c      a tree to grade in: the trusted one with the submission's files
 *     runs.c      builds it and makes the runs
 *     check.c     asks them what the tests say
 *     print.c json.c page.c   say it
 */
#pragma once

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "grader/lab.h"

/* In a student's tree: whose it is. */
#define HANDOUT_FILE "handout.txt"

#define GRADE_RUNS_MAX 64
#define GRADE_IGNORED_MAX 16

/* How a run ended. */
struct grade_run {
	const struct lab_run *run;
	unsigned machine;
	uint64_t seed;
	char *name;      /* "collide-ppc64-1" */
	char *directory; /* where it is kept */
	char *why;       /* NULL: it ended as it should, and the witness agrees; else what was wrong, in words */
	const char *end; /* then: what its end is called by `vitrine explain`; NULL: it has none */
	bool finished;   /* with status 0; a run may also be allowed another end */
	sqlite3 *database;
};

enum outcome { OUTCOME_PASSED, OUTCOME_FAILED, OUTCOME_SKIPPED };

/* What a test or a question came to. */
struct grade_result {
	const struct lab_query *query;
	enum outcome outcome;
	int hundredths;              /* of points */
	uint64_t checked, good;      /* rows */
	const struct grade_run *run; /* where it failed first, or where the answer comes from */
	char *why;                   /* of a failure, in words */
	char *answer, *truth;        /* of a question */
	bool has_event;
	struct grade_event {
		uint64_t id, cpu, seq, ns;
		char *name, *source;
	} event; /* where to look first */
};

struct grade {
	const char *submission; /* what it is called; NULL: the tree itself */
	const char *root;       /* the tree with the lab and the tools */
	char *tree;             /* where the kernel is built: the same, or a copy */
	char *output;
	const struct lab *lab;
	unsigned machines, parallel, wall; /* seconds of this host that a run may take; 0: as many as usual */
	bool confined, whole;              /* whole: all machines of the lab */
	char *refused;                     /* why there are no runs: it does not build, ... */
	char *ignored[GRADE_IGNORED_MAX];  /* files of the submission that are not the lab's */
	unsigned ignored_files;
	struct grade_run run[GRADE_RUNS_MAX];
	unsigned runs;
	struct grade_result result[LAB_QUERIES_MAX];
	unsigned results;
	int hundredths, points; /* had, of */
	double seconds;
};

/* Writes the handout of one lab, or of several with commas between them. False after having said why not. */
bool handout_write(const char *root, const char *labs, uint64_t seed, const char *output);

/* Whether a handout of a lab has lines of its solution: where, in words, to be freed; NULL: nowhere. */
char *handout_leaks(const char *root, const struct lab *lab, const char *handout);

/* The tree to work with: `root`, or the one this program was built in. To be freed; NULL after having said why there is none. */
char *grade_tree(const char *root);

/*
 * Makes a copy of the tree for grading, with the submission's files in it: grade->tree. False after having put into `refused` why this cannot be, or
 * having said that it is the host's fault; then grade->refused is NULL.
 */
bool work_prepare(struct grade *grade, const char *submission);
void work_remove(struct grade *grade);

/*
 * A plain file of a submission as text, to be freed: at most 512 KiB, and not through a link. NULL, with a sentence in *why (to be freed), unless `why`
 * is NULL.
 */
char *submission_read(const char *submission, const char *path, char **why);

/* What a line `key: value` of a tree's handout.txt says; to be freed, NULL if it says nothing. */
char *handout_says(const char *tree, const char *key);

/* Builds in the trusted tree what its copies then need not. False after having said why it does not build. */
bool runs_build_trusted(const struct grade *grade);

/* Builds and runs; grade->run. False if nothing could be run: grade->refused says why. */
bool runs_make(struct grade *grade);

/* Forgets results and points: check_all() can be called again. */
void grade_forget_results(struct grade *grade);

/* A run as a database, with the lab's views, made when it is first asked for; it is the run's. NULL after having put why into the run. */
sqlite3 *grade_database(const struct grade *grade, struct grade_run *run);

/* Asks the runs; grade->result and the points. */
void check_all(struct grade *grade, const char *answers);

/* "kernel/mm/fault.c:120, in fault_end()": where an event is emitted, in the tree that was graded. `words`: its fields. To be freed; NULL: nowhere. */
char *source_of_event(const struct grade *grade, const char *event, const char *words);

/* The run's directory as people name it: below the tree they are in. To be freed. */
char *grade_run_path(const struct grade *grade, const struct grade_run *run);

/* The command that shows this event: for people, relative to their tree. To be freed. */
char *grade_command(const struct grade *grade, const struct grade_result *result, const char *command);

void print_grade(const struct grade *grade);
bool write_json(const struct grade *grade, const char *path);
bool write_page(const struct grade *grade, const char *path);

/* Frees all of it, but the lab. */
void grade_free(struct grade *grade);

/* Grades one tree or submission, leaving everything in grade->output. False if the host could not do its part. */
bool grade_one(struct grade *grade, const char *submission);

/* Grades each directory of `folder`. `seeds` is a file with lines of "NAME SEED"; NULL: each one's handout.txt says its seed. The exit code. */
int grade_class(const struct grade *like, const char *folder, const char *seeds);
