/*
 * Marks: see marks.h. One line after the other, with a state between them.
 *
 * Who calls: handout.c, work.c, selftest.c. Whom: the C library.
 */
#include "grader/marks.h"

#include <ctype.h>
#include <string.h>

#include "commands.h"

/* Where a line stands. */
enum part { PART_OUTSIDE, PART_TEXT, PART_SOLUTION, PART_STUB };

struct scan {
	enum part part;
	char lab[24]; /* of the mark at hand */
};

/* What a line is to the mark around it. */
enum line { LINE_PLAIN, LINE_BEGIN, LINE_ELSE, LINE_END, LINE_WRONG };

bool labs_have(const char *labs, const char *name)
{
	size_t length = strlen(name);
	for (const char *at = labs; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, name, length) && (at[length] == ',' || at[length] == '\0'))
			return true;
	}
	return false;
}

/* "LAB(hash) WORD" at the start of the text, with the name into `lab`. */
static bool is_mark(const char *text, const char *word, char lab[24])
{
	size_t length = strncmp(text, "LAB(", 4) != 0 ? 0 : strcspn(text + 4, ")");
	if (length == 0 || length >= 24 || strncmp(text + 4 + length, ") ", 2) != 0)
		return false;
	snprintf(lab, 24, "%.*s", (int)length, text + 4);
	return !strncmp(text + 6 + length, word, strlen(word));
}

static bool ends_comment(const char *line, size_t length)
{
	return memmem(line, length, "*/", 2);
}

/* Looks at one line and moves the state behind it. */
static enum line next_line(struct scan *scan, const char *line, size_t length)
{
	const char *start = line + strspn(line, " \t");
	char lab[24] = "";
	bool comment = !strncmp(start, "/* ", 3);
	const char *word = start + (comment ? 3 : 0);
	bool same = false;
	if (comment && is_mark(word, "BEGIN", lab)) {
		if (scan->part != PART_OUTSIDE)
			return LINE_WRONG;
		memcpy(scan->lab, lab, sizeof(lab));
		scan->part = ends_comment(line, length) ? PART_SOLUTION : PART_TEXT;
		return LINE_BEGIN;
	}
	if (scan->part == PART_TEXT) {
		if (ends_comment(line, length))
			scan->part = PART_SOLUTION;
		return LINE_PLAIN;
	}
	if (comment && is_mark(word, "ELSE", lab)) {
		same = scan->part == PART_SOLUTION && !strcmp(lab, scan->lab) && !ends_comment(line, length);
		scan->part = PART_STUB;
		return same ? LINE_ELSE : LINE_WRONG;
	}
	if (!comment && is_mark(word, "END */", lab)) {
		same = scan->part == PART_STUB && !strcmp(lab, scan->lab);
		scan->part = PART_OUTSIDE;
		return same ? LINE_END : LINE_WRONG;
	}
	return scan->part == PART_STUB && ends_comment(line, length) ? LINE_WRONG : LINE_PLAIN;
}

static size_t line_length(const char *line)
{
	const char *end = strchr(line, '\n');
	return end ? (size_t)(end - line) + 1 : strlen(line);
}

static bool is_blank(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isspace((unsigned char)line[i]))
			return false;
	return true;
}

int marks_find(const char *path, const char *text, struct mark marks[MARKS_MAX])
{
	struct scan scan = {0};
	unsigned number = 0;
	int count = 0;
	for (size_t length; *text; text += length) {
		enum part before = scan.part;
		length = line_length(text);
		number++;
		switch (next_line(&scan, text, length)) {
		case LINE_WRONG:
			say("%s:%u: this mark fits nothing: BEGIN, ELSE and END of one lab follow each other, each alone on its "
			    "line",
			    path, number);
			return -1;
		case LINE_BEGIN:
			if (count == MARKS_MAX)
				return say("%s has more than %d marks", path, MARKS_MAX), -1;
			marks[count] = (struct mark){.line = number};
			memcpy(marks[count++].lab, scan.lab, sizeof(scan.lab));
			break;
		case LINE_PLAIN:
			if (before == PART_SOLUTION && !is_blank(text, length))
				marks[count - 1].solution_lines++;
			break;
		default:
			break;
		}
	}
	if (scan.part != PART_OUTSIDE)
		return say("%s: the mark of lab %s does not end", path, scan.lab), -1;
	return count;
}

void marks_write(FILE *to, const char *text, const char *labs)
{
	struct scan scan = {0};
	for (size_t length; *text; text += length) {
		enum part before = scan.part;
		length = line_length(text);
		enum line line = next_line(&scan, text, length);
		bool wanted = scan.part != PART_OUTSIDE || before != PART_OUTSIDE ? labs_have(labs, scan.lab) : true;
		if (line == LINE_END && wanted)
			fprintf(to, "%.*s/* LAB(%s) END */\n", (int)strspn(text, " \t"), text, scan.lab);
		else if (line == LINE_END || line == LINE_ELSE)
			continue;
		else if (before == PART_STUB || line == LINE_BEGIN || before == PART_TEXT ? wanted
											  : before != PART_SOLUTION || !wanted)
			fwrite(text, 1, length, to);
	}
}
