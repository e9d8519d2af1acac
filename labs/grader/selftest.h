/*
 * What the parts of `vitrine lab-test` share.
 *
 *     selftest.c          the command: which labs, which parts of it; that the marks of all labs fit together
 *     selftest_form.c     whether a lab has what labs/README.md asks for
 *     selftest_grade.c    the solution passes, the handout fails what it should
 *     selftest_mutants.c  wrong solutions and wrong answers fail what their authors say
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "grader/grade.h"
#include "grader/lab.h"

enum part { PART_FORM = 1, PART_SOLUTION = 2, PART_HANDOUT = 4, PART_MUTANTS = 8, PART_MUTANT = 16 };

struct selftest {
	char *root;
	const char *output, *mutant; /* NULL: all of those that `parts` says */
	uint64_t seed;
	unsigned parts, machines; /* only on these */
	bool failed;
	const struct lab *lab;
};

/* One test. `why` is freed; NULL: it passed. */
void selftest_verdict(struct selftest *selftest, const char *name, char *why);

/* Files of labs/NAME/mutants with this ending, in their order, or no ending: all. NULL at the end; to be freed with lab_names_free(). */
char **selftest_mutants(const struct lab *lab, const char *ending);

/* Whether the mutant in this file is to be tried: all are, unless one was named. */
bool selftest_is_named(const struct selftest *selftest, const char *file);

/* The machines that are asked for, or, if the lab is for none of them, those of the lab. */
unsigned selftest_machines(const struct selftest *selftest);

/* The tests or the questions that failed, with blanks between them; to be freed. Those that were skipped count if they are expected not to pass; those of `may`
 * count never. */
char *selftest_failures(const struct grade *grade, bool questions, const char *expected, const char *may);

/* Grades a submission, or the tree itself, and compares what tests failed. Why that is not what was expected, to be freed; NULL if it is. */
char *selftest_expect(const struct selftest *selftest, const char *name, const char *submission, const char *expected,
		      const char *may);

/* Right answers to all questions, for answers.txt; to be freed. The first answer to a question counts, so wrong ones go before them. */
char *selftest_answers(const struct grade *grade);

/* The results once more, with these answers. */
void selftest_answer(struct grade *grade, const char *answers);

/* The parts. */
void selftest_check_form(struct selftest *selftest);
void selftest_check_solution(struct selftest *selftest);
void selftest_check_handout(struct selftest *selftest);
void selftest_check_wrong_solutions(struct selftest *selftest);

/* `grade` is that of the solution, which passes with the answers `right`. */
void selftest_check_wrong_answers(struct selftest *selftest, struct grade *grade, const char *right);
