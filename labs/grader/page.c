/*
 * A grade as a page for a browser: one file, no script, nothing from the network.
 *
 * Who calls: grade.c; class.c for head and foot. Whom: text.h.
 */
#include "grader/page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "grader/grade.h"
#include "grader/text.h"

static const char style[] =
	"body{font:16px/1.5 system-ui,sans-serif;color:#1d2430;background:#f7f8fa;margin:0 auto;max-width:70rem;padding:1.5rem}"
	"h1{font-size:1.5rem;margin:0 0 .3rem}table{border-collapse:collapse;width:100%;background:#fff}"
	"th,td{text-align:left;padding:.45rem .7rem;border-bottom:1px solid "
	"#dfe3ea;vertical-align:top}th{color:#5a6577;font-weight:600}"
	"td.n,th.n{text-align:right;white-space:nowrap}code,pre{font:13px/1.45 ui-monospace,monospace}"
	"pre{background:#eef1f5;border-radius:4px;padding:.5rem .7rem;margin:.3rem 0;overflow-x:auto;white-space:pre-wrap}"
	".ok{color:#17692f}.bad{color:#a4262c;font-weight:600}.skip{color:#6b5900}.why{margin:.2rem "
	"0}.hint{color:#37506e;margin:.2rem 0}"
	"progress{width:16rem;height:.9rem}.quiet{color:#5a6577}";

void page_begin(FILE *to, const char *title)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" "
	      "content=\"width=device-width\"><title>",
	      to);
	html_text(to, title);
	fprintf(to, "</title>\n<style>%s</style></head>\n<body>\n<h1>", style);
	html_text(to, title);
	fputs("</h1>\n", to);
}

void page_end(FILE *to)
{
	fputs("</body>\n</html>\n", to);
}

static void paragraph(FILE *to, const char *class, const char *before, const char *text)
{
	fprintf(to, "<p class=\"%s\">", class);
	html_prose(to, before);
	html_prose(to, text);
	fputs("</p>", to);
}

static void write_event(FILE *to, const struct grade *grade, const struct grade_result *result)
{
	const struct grade_event *event = &result->event;
	fprintf(to, "<p class=\"why\">first at event <code>%" PRIu64 ":%" PRIu64 "</code> ", event->cpu, event->seq);
	html_text(to, event->name);
	fprintf(to, ", CPU %" PRIu64 ", %.3f us after kernel entry", event->cpu, (double)event->ns / 1e3);
	if (event->source) {
		fputs("; it is emitted at <code>", to);
		html_text(to, event->source);
		fputs("</code>", to);
	}
	fputs("</p><pre>", to);
	for (const char *const *command = (const char *const[]){"explain", "at", "view", NULL}; *command; command++) {
		char *text = grade_command(grade, result, *command);
		html_text(to, text);
		fputc('\n', to);
		free(text);
	}
	fputs("</pre>", to);
}

static void write_details(FILE *to, const struct grade *grade, const struct grade_result *result)
{
	const struct lab_query *query = result->query;
	if (query->kind == QUERY_PREDICTION && result->answer && result->truth) {
		char *text = text_format("you predicted %s; it was %s", result->answer, result->truth);
		paragraph(to, "quiet", "", text);
		free(text);
	}
	if (result->outcome == OUTCOME_PASSED || grade->refused)
		return;
	paragraph(to, "why", "", result->why);
	if (result->checked > 1)
		fprintf(to, "<p class=\"quiet\">%" PRIu64 " of %" PRIu64 " checked are right</p>", result->good, result->checked);
	if (result->has_event)
		write_event(to, grade, result);
	else if (result->run && result->run->end) {
		char *command = grade_command(grade, result, "explain");
		fputs("<pre>", to);
		html_text(to, command);
		fputs("</pre>", to);
		free(command);
	}
	if (query->hint)
		paragraph(to, "hint", "Hint: ", query->hint);
	if (query->kind == QUERY_TEST) {
		fprintf(to, "<details><summary class=\"quiet\">the rule, labs/%s/tests/%s.sql</summary><pre>", grade->lab->name,
			query->id);
		html_text(to, query->sql);
		fputs("</pre></details>", to);
	}
}

static void write_row(FILE *to, const struct grade *grade, const struct grade_result *result)
{
	static const char *const words[] = {"<td class=\"ok\">passed", "<td class=\"bad\">failed", "<td class=\"skip\">skipped"};
	const struct lab_query *query = result->query;
	fprintf(to, "<tr id=\"%s\"><td>%s</td>%s</td><td class=\"n\">%.4g of %d</td><td><b>%s</b> ", query->id, query->level,
		words[result->outcome], result->hundredths / 100.0, query->points, query->id);
	html_prose(to, query->title);
	write_details(to, grade, result);
	fputs("</td></tr>\n", to);
}

bool write_page(const struct grade *grade, const char *path)
{
	char *text = NULL, *title = text_format("Lab %s: %s", grade->lab->name, grade->lab->title);
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);
	page_begin(to, title);
	fprintf(to, "<p>seed %" PRIu64, grade->lab->seed);
	if (grade->submission) {
		fputs(", submission <b>", to);
		html_text(to, grade->submission);
		fputs("</b>", to);
	}
	fprintf(to, "</p>\n<p><progress max=\"%d\" value=\"%d\"></progress> <b>%.4g of %d points</b>%s</p>\n",
		grade->points * 100, grade->hundredths, grade->hundredths / 100.0, grade->points,
		grade->whole ? "" : " (one machine of two)");
	if (grade->submission)
		paragraph(to, "quiet",
			  "The commands are for the student's own tree, after `make grade` there. Here the runs are in ",
			  grade->output);
	if (grade->refused)
		paragraph(to, "bad", "Nothing was run: ", grade->refused);
	if (grade->ignored_files)
		fputs("<p class=\"quiet\">Changed, but not of this lab, so not used: ", to);
	for (unsigned i = 0; i < grade->ignored_files; i++) {
		fputs(i ? ", " : "", to);
		html_text(to, grade->ignored[i]);
	}
	fputs(grade->ignored_files ? "</p>" : "", to);
	fputs("<table>\n<tr><th>level</th><th></th><th class=\"n\">points</th><th>test</th></tr>\n", to);
	for (unsigned i = 0; i < grade->results; i++)
		write_row(to, grade, &grade->result[i]);
	fputs("</table>\n", to);
	page_end(to);
	bool good = fclose(to) == 0 && text_write(path, text);
	free(title);
	free(text);
	return good;
}
