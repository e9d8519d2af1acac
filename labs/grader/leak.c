/*
 * Whether a handout tells the solution: lines of it, one after the other, anywhere in the tree.
 *
 * Who calls: selftest_grade.c. Whom: tree.c, text.h. A mark with few lines is found if all of them are there. Simplified: lines
 * that say nothing by themselves, such as a brace or the head of a loop over all CPUs, are not looked at.
 */
#include <stdlib.h>
#include <string.h>

#include "grader/grade.h"
#include "grader/text.h"
#include "grader/tree.h"

/* Lines that say something by themselves have so many characters. */
#define TELLING_CHARS 16

/* So many lines of a mark, or all that it has, are no chance. */
#define TELLING_LINES 3

struct leak {
	const char *lab;
	char *lines[512]; /* of the solution, trimmed; NULL between two marks */
	unsigned count;
	char *found;
};

static bool is_telling(const char *line)
{
	return strlen(line) >= TELLING_CHARS && *line != '*' && *line != '/' && strncmp(line, "for (", 5) != 0;
}

static void collect_solution(struct leak *leak, char *text)
{
	bool inside = false;
	char *rest = text, *begin = text_format("LAB(%s) BEGIN", leak->lab), *end = text_format("LAB(%s) ELSE", leak->lab);
	for (char *line; (line = text_line(&rest)) && leak->count + 1 < 512;) {
		line += strspn(line, " \t");
		if (strstr(line, begin))
			inside = true;
		else if (strstr(line, end)) {
			inside = false;
			leak->lines[leak->count++] = NULL;
		} else if (inside && is_telling(line))
			leak->lines[leak->count++] = text_format("%s", line);
	}
	free(begin);
	free(end);
}

/* How many lines of the mark that this line is in tell it: some, or all there are. */
static unsigned lines_that_tell(const struct leak *leak, unsigned line)
{
	unsigned count = 0;
	while (line > 0 && leak->lines[line - 1])
		line--;
	while (count < TELLING_LINES && leak->lines[line + count])
		count++;
	return count;
}

/* Whether a text has enough lines of a mark, one after the other. Its blanks may be others. */
static bool tells(const struct leak *leak, char *text)
{
	unsigned next = 0, matched = 0, enough = 0;
	char *rest = text;
	for (char *line; (line = text_line(&rest));) {
		line += strspn(line, " \t+-");
		if (!is_telling(line))
			continue;
		if (matched && leak->lines[next] && !strcmp(line, leak->lines[next])) {
			next++;
			if (++matched == enough)
				return true;
			continue;
		}
		matched = 0;
		for (unsigned i = 0; i < leak->count && !matched; i++)
			if (leak->lines[i] && !strcmp(line, leak->lines[i])) {
				next = i + 1;
				matched = 1;
				enough = lines_that_tell(leak, i);
			}
		if (matched && matched == enough)
			return true;
	}
	return false;
}

static enum tree_action look_for_leak(void *context, const char *below, bool is_directory, const char *from, const char *to)
{
	struct leak *leak = context;
	(void)to;
	if (is_directory)
		return !strcmp(below, "build") || !strcmp(below, "out") ? TREE_SKIP : TREE_COPY;
	char *text = leak->found ? NULL : text_read(from, true);
	if (text && tells(leak, text))
		leak->found = text_format("%s has lines of the solution", below);
	free(text);
	return TREE_DONE;
}

char *handout_leaks(const char *root, const struct lab *lab, const char *handout)
{
	struct leak *leak = text_memory(1, sizeof(*leak));
	leak->lab = lab->name;
	for (unsigned i = 0; i < lab->edits; i++) {
		char *path = text_format("%s/%s", root, lab->edit[i]), *text = text_read(path, false);
		if (text)
			collect_solution(leak, text);
		free(text);
		free(path);
	}
	tree_look(handout, 20000, look_for_leak, leak);
	char *why = leak->found;
	for (unsigned i = 0; i < leak->count; i++)
		free(leak->lines[i]);
	free(leak);
	return why;
}
