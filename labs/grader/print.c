/*
 * A grade as text.
 *
 * Who calls: grade.c. Whom: grade.h. For each failure: what was broken, the event where it shows, the line of the kernel that emits it, one hint, and the
 * commands that go there.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "grader/grade.h"
#include "grader/text.h"

char *grade_run_path(const struct grade *grade, const struct grade_run *run)
{
	/* Whose tree this is not finds the same run, by the same name, in his own. */
	size_t root = strlen(grade->root);
	bool below = !strncmp(run->directory, grade->root, root) && run->directory[root] == '/';
	if (grade->submission)
		return text_format("out/grade/%s/runs/%s", grade->lab->name, run->name);
	return text_format("%s", below ? run->directory + root + 1 : run->directory);
}

char *grade_command(const struct grade *grade, const struct grade_result *result, const char *command)
{
	char *run = grade_run_path(grade, result->run), *text = NULL;
	uint64_t us = result->event.ns / 1000;
	if (!result->has_event)
		text = text_format("build/vitrine explain %s %s", run, result->run->end);
	else if (!strcmp(command, "view"))
		text = text_format("build/vitrine view %s/run.pftrace --from %" PRIu64 "us --to %" PRIu64 "us", run,
				   us > 100 ? us - 100 : 0, us + 100);
	else
		text = text_format("build/vitrine %s %s %" PRIu64 ":%" PRIu64, command, run, result->event.cpu,
				   result->event.seq);
	free(run);
	return text;
}

static void print_points(int hundredths)
{
	printf(hundredths % 100 ? "%.2f" : "%.0f", hundredths / 100.0);
}

static void print_line(const char *what, const char *text)
{
	printf("             %-8s %s\n", what, text);
}

static void print_event(const struct grade *grade, const struct grade_result *result)
{
	static const char *const commands[][2] = {{"explain", "explain"}, {"jump", "at"}, {"picture", "view"}};
	const struct grade_event *event = &result->event;
	printf("             %-8s %" PRIu64 ":%" PRIu64 " %s, CPU %" PRIu64 ", %.3f us after kernel entry\n", "event", event->cpu,
	       event->seq, event->name, event->cpu, (double)event->ns / 1e3);
	if (event->source)
		print_line("source", event->source);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		char *command = grade_command(grade, result, commands[i][1]);
		print_line(commands[i][0], command);
		free(command);
	}
}

/* A run that ended badly: where its end is explained, said once. */
static void print_end(const struct grade *grade, const struct grade_result *result)
{
	for (const struct grade_result *before = grade->result; before < result; before++)
		if (before->run == result->run && before->outcome == OUTCOME_FAILED)
			return;
	char *command = grade_command(grade, result, "explain"), *run = grade_run_path(grade, result->run);
	char *console = text_format("%s/console.log", run);
	print_line("explain", command);
	print_line("console", console);
	free(command);
	free(console);
	free(run);
}

static void print_failure(const struct grade *grade, const struct grade_result *result)
{
	const struct lab_query *query = result->query;
	if (!grade->refused)
		printf("             %-8s %s%s%s%s\n", "because", result->why, result->run ? "; in run " : "",
		       result->run ? result->run->name : "", "");
	if (result->checked > 1)
		printf("             %-8s %" PRIu64 " of %" PRIu64 " checked are right\n", "", result->good, result->checked);
	if (result->has_event)
		print_event(grade, result);
	else if (result->run && result->run->end)
		print_end(grade, result);
	if (query->kind == QUERY_TEST && !grade->refused) {
		const char *lab = grade->lab->name;
		char *rule = grade->lab->views ? text_format("labs/%s/tests/%s.sql, with labs/%s/views.sql", lab, query->id, lab)
					       : text_format("labs/%s/tests/%s.sql", lab, query->id);
		print_line("rule", rule);
		free(rule);
	}
	if (query->hint && !grade->refused)
		print_line("hint", query->hint);
}

static void print_result(const struct grade *grade, const struct grade_result *result)
{
	static const char *const words[] = {[OUTCOME_PASSED] = "ok", [OUTCOME_FAILED] = "FAILED", [OUTCOME_SKIPPED] = "skipped"};
	const struct lab_query *query = result->query;
	printf("  %-10s %-8s ", query->level, words[result->outcome]);
	if (query->points < 0) {
		print_points(result->hundredths);
		printf("       ");
	} else {
		print_points(result->hundredths);
		printf(" of %-2d ", query->points);
	}
	printf(" %s: %s\n", query->id, query->title);
	if (query->kind == QUERY_PREDICTION && result->answer && result->truth)
		printf("             you predicted %s; it was %s\n", result->answer, result->truth);
	if (result->outcome == OUTCOME_FAILED)
		print_failure(grade, result);
	else if (result->outcome == OUTCOME_SKIPPED)
		print_line("because", result->why);
}

void print_grade(const struct grade *grade)
{
	printf("Lab %s: %s. Seed %" PRIu64 "%s%s\n", grade->lab->name, grade->lab->title, grade->lab->seed,
	       grade->submission ? ", submission " : "", grade->submission ? grade->submission : "");
	if (grade->refused)
		printf("\n  Nothing was run: %s\n", grade->refused);
	putchar('\n');
	for (unsigned i = 0; i < grade->results; i++)
		print_result(grade, &grade->result[i]);
	for (unsigned i = 0; i < grade->ignored_files; i++)
		printf("%s  %s is changed, and is not of this lab: it was not used\n", i ? "" : "\n", grade->ignored[i]);
	printf("\n");
	print_points(grade->hundredths);
	printf(" of %d points%s, in %.0f s\n", grade->points, grade->whole ? "" : " (one machine of two)", grade->seconds);
}
