/*
 * Of a lab: that the tree as it is gets full marks, and that the handout fails exactly what it is meant to fail.
 *
 * Teaches: a test that the solution fails is wrong, and one that the handout passes asks nothing. Who calls: selftest.c, and
 * selftest_mutants.c for what is expected of a grade. Whom: grade_one(), handout.c, leak.c.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grader/selftest.h"
#include "grader/text.h"
#include "grader/tree.h"

unsigned selftest_machines(const struct selftest *selftest)
{
	unsigned machines = selftest->machines & selftest->lab->machines;
	return machines ? machines : selftest->lab->machines;
}

static struct grade *new_grade(const struct selftest *selftest, const char *name)
{
	struct grade *grade = text_memory(1, sizeof(*grade));
	grade->root = selftest->root;
	grade->lab = selftest->lab;
	grade->machines = selftest_machines(selftest);
	grade->parallel = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	grade->output = text_format("%s/%s/%s", selftest->output, selftest->lab->name, name);
	return grade;
}

char *selftest_failures(const struct grade *grade, bool questions, const char *expected, const char *may)
{
	char *failed = text_format("%s", "");
	for (unsigned i = 0; i < grade->results; i++) {
		const struct grade_result *result = &grade->result[i];
		bool skipped = result->outcome == OUTCOME_SKIPPED && strstr(expected, result->query->id);
		bool failure = result->outcome == OUTCOME_FAILED && !strstr(may, result->query->id);
		if ((result->query->kind != QUERY_TEST) == questions && (failure || skipped))
			failed = text_join(failed, result->query->id);
	}
	return failed;
}

/* The first failure that was not expected, in words. */
static char *explain_surprise(const struct grade *grade, const char *expected, const char *may, const char *failed)
{
	if (grade->refused)
		return text_format("%s", grade->refused);
	for (unsigned i = 0; i < grade->results; i++) {
		const struct grade_result *result = &grade->result[i];
		if (result->query->kind == QUERY_TEST && result->outcome == OUTCOME_FAILED &&
		    !strstr(expected, result->query->id) && !strstr(may, result->query->id))
			return text_format("failed: [%s], not [%s]; %s: %s", failed, expected, result->query->id, result->why);
	}
	return text_format("failed: [%s], not [%s]", failed, expected);
}

char *selftest_expect(const struct selftest *selftest, const char *name, const char *submission, const char *expected,
		      const char *may)
{
	struct grade *grade = new_grade(selftest, name);
	char *why = NULL;
	if (!grade_one(grade, submission)) {
		why = text_format("it could not be graded");
	} else {
		char *failed = selftest_failures(grade, false, expected, may);
		if (strcmp(failed, expected) != 0 || grade->refused)
			why = explain_surprise(grade, expected, may, failed);
		free(failed);
	}
	grade_free(grade);
	return why;
}

/* ---- the solution ---- */

char *selftest_answers(const struct grade *grade)
{
	char *text = text_format("%s", "");
	for (unsigned i = 0; i < grade->results; i++) {
		const struct grade_result *result = &grade->result[i];
		char *longer = result->truth ? text_format("%s%s: %s\n", text, result->query->id, result->truth) : NULL;
		if (longer) {
			free(text);
			text = longer;
		}
	}
	return text;
}

void selftest_answer(struct grade *grade, const char *answers)
{
	grade_forget_results(grade);
	check_all(grade, answers);
}

/* Each wrong answer costs its own points and no others. */
static char *check_wrong_answers(struct grade *grade, const char *right)
{
	char *why = NULL;
	for (unsigned i = 0; i < grade->results && !why; i++) {
		const struct lab_query *query = grade->result[i].query;
		if (query->kind != QUERY_ANSWER)
			continue;
		char *answers = text_format("%s: %s1\n%s", query->id, grade->result[i].truth, right);
		selftest_answer(grade, answers);
		if (grade->hundredths != (grade->points - query->points) * 100)
			why = text_format("a wrong answer to %s leaves %.2f of %d points", query->id, grade->hundredths / 100.0,
					  grade->points);
		free(answers);
	}
	return why;
}

static char *first_failure(const struct grade *grade)
{
	for (unsigned i = 0; i < grade->results; i++)
		if (grade->result[i].outcome != OUTCOME_PASSED)
			return text_format("%.2f of %d points; %s: %s (%s)", grade->hundredths / 100.0, grade->points,
					   grade->result[i].query->id, grade->result[i].why,
					   grade->result[i].run ? grade->result[i].run->name : "no run");
	return text_format("%.2f of %d points", grade->hundredths / 100.0, grade->points);
}

void selftest_check_solution(struct selftest *selftest)
{
	struct grade *grade = new_grade(selftest, "solution");
	char *why = grade_one(grade, NULL) ? NULL : text_format("it could not be graded"), *right = selftest_answers(grade);
	if (!why) {
		selftest_answer(grade, right);
		if (grade->hundredths != grade->points * 100)
			why = first_failure(grade);
	}
	bool good = !why;
	selftest_verdict(selftest, "solution", why);
	if (good) {
		selftest_verdict(selftest, "wrong-answers", check_wrong_answers(grade, right));
		selftest_check_wrong_answers(selftest, grade, right);
	}
	free(right);
	grade_free(grade);
}

/* ---- the handout ---- */

void selftest_check_handout(struct selftest *selftest)
{
	const struct lab *lab = selftest->lab;
	char *handout = text_format("%s/%s/tree", selftest->output, lab->name), *expected = text_format("%s", "");
	for (unsigned i = 0; i < lab->queries; i++) {
		const struct lab_query *query = &lab->query[i];
		if (query->kind == QUERY_TEST && !query->handout_passes && lab->edits &&
		    query->machines & selftest_machines(selftest))
			expected = text_join(expected, query->id);
	}
	tree_remove(handout);
	if (!handout_write(selftest->root, lab->name, selftest->seed, handout)) {
		selftest_verdict(selftest, "handout", text_format("it could not be written"));
	} else {
		selftest_verdict(selftest, "no-leak", handout_leaks(selftest->root, lab, handout));
		selftest_verdict(selftest, "handout", selftest_expect(selftest, "handout", handout, expected, ""));
	}
	free(expected);
	free(handout);
}
