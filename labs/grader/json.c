/*
 * A grade as JSON, for other programs.
 *
 * Who calls: grade.c. Whom: text.h. Teaches nothing that print.c does not: it is the same, with names.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "grader/grade.h"
#include "grader/text.h"
#include "json.h"

static void member(FILE *to, const char *name, const char *text)
{
	fprintf(to, ", \"%s\": ", name);
	if (text)
		json_string(to, text);
	else
		fputs("null", to);
}

static void write_event(FILE *to, const struct grade *grade, const struct grade_result *result)
{
	const struct grade_event *event = &result->event;
	fprintf(to, ", \"event\": {\"cpu\": %" PRIu64 ", \"seq\": %" PRIu64 ", \"ns\": %" PRIu64, event->cpu, event->seq,
		event->ns);
	member(to, "name", event->name);
	member(to, "source", event->source);
	for (const char *const *command = (const char *const[]){"explain", "at", "view", NULL}; *command; command++) {
		char *text = grade_command(grade, result, *command);
		member(to, *command, text);
		free(text);
	}
	fputc('}', to);
}

static void write_result(FILE *to, const struct grade *grade, const struct grade_result *result)
{
	static const char *const outcomes[] = {
		[OUTCOME_PASSED] = "passed", [OUTCOME_FAILED] = "failed", [OUTCOME_SKIPPED] = "skipped"};
	const struct lab_query *query = result->query;
	fputs("    {\"id\": ", to);
	json_string(to, query->id);
	member(to, "title", query->title);
	member(to, "level", query->level);
	member(to, "outcome", outcomes[result->outcome]);
	fprintf(to, ", \"points\": %.2f, \"of\": %d, \"checked\": %" PRIu64 ", \"good\": %" PRIu64, result->hundredths / 100.0,
		query->points > 0 ? query->points : 0, result->checked, result->good);
	if (result->outcome != OUTCOME_PASSED) {
		member(to, "why", result->why);
		member(to, "run", result->run ? result->run->name : NULL);
		member(to, "hint", query->hint);
	}
	if (query->kind != QUERY_TEST)
		member(to, "answer", result->answer);
	if (query->kind == QUERY_PREDICTION)
		member(to, "truth", result->truth);
	if (result->has_event)
		write_event(to, grade, result);
	fputc('}', to);
}

static void write_run(FILE *to, const struct grade_run *run)
{
	fputs("    {\"name\": ", to);
	json_string(to, run->name);
	fprintf(to, ", \"seed\": %" PRIu64, run->seed);
	member(to, "why", run->why);
	fputc('}', to);
}

bool write_json(const struct grade *grade, const char *path)
{
	char *text = NULL;
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);
	fputs("{\n  \"lab\": ", to);
	json_string(to, grade->lab->name);
	member(to, "submission", grade->submission);
	fprintf(to, ", \"seed\": %" PRIu64 ", \"points\": %.2f, \"of\": %d, \"whole\": %s", grade->lab->seed,
		grade->hundredths / 100.0, grade->points, grade->whole ? "true" : "false");
	member(to, "refused", grade->refused);
	fputs(",\n  \"ignored\": [", to);
	for (unsigned i = 0; i < grade->ignored_files; i++) {
		fputs(i ? ", " : "", to);
		json_string(to, grade->ignored[i]);
	}
	fputs("],\n  \"runs\": [\n", to);
	for (unsigned i = 0; i < grade->runs; i++) {
		write_run(to, &grade->run[i]);
		fputs(i + 1 < grade->runs ? ",\n" : "\n", to);
	}
	fputs("  ],\n  \"tests\": [\n", to);
	for (unsigned i = 0; i < grade->results; i++) {
		write_result(to, grade, &grade->result[i]);
		fputs(i + 1 < grade->results ? ",\n" : "\n", to);
	}
	fputs("  ]\n}\n", to);
	bool good = fclose(to) == 0 && text_write(path, text);
	free(text);
	return good;
}
