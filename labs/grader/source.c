/*
 * Where in the kernel an event comes from: the line that emits it, in the tree that was graded.
 *
 * Who calls: check.c, print.c. Whom: tree.c. Simplified: a line that begins at the margin and has a parenthesis is taken for the head of a function, as this
 * tree is laid out.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "grader/grade.h"
#include "grader/text.h"
#include "grader/tree.h"

struct search {
	const char *call; /* "trace_mmu_evict(" */
	char *found;
};

/* The name before the first parenthesis of a line that starts a function; NULL if it starts none. To be freed. */
static char *function_name(const char *line)
{
	const char *end = strchr(line, '(');
	if (!isalpha((unsigned char)*line) || !end || line[strcspn(line, ";=\n")] == ';')
		return NULL;
	const char *start = end;
	while (start > line && (isalnum((unsigned char)start[-1]) || start[-1] == '_'))
		start--;
	return start == end ? NULL : text_format("%.*s", (int)(end - start), start);
}

/* Finds the call in a text: "file:line, in function()". */
static char *find_in(const char *text, const char *call, const char *below)
{
	char *copy = text_format("%s", text), *rest = copy, *function = NULL, *found = NULL;
	unsigned number = 0;
	for (char *line; !found && (line = text_line(&rest));) {
		char *name = function_name(line);
		number++;
		if (name) {
			free(function);
			function = name;
		}
		const char *at = strstr(line, call);
		if (at && (at == line || isspace((unsigned char)at[-1]) || at[-1] == '('))
			found = text_format(function ? "%s:%u, in %s()" : "%s:%u", below, number, function);
	}
	free(function);
	free(copy);
	return found;
}

static enum tree_action look(void *context, const char *below, bool is_directory, const char *from, const char *to)
{
	struct search *search = context;
	size_t length = strlen(below);
	(void)to;
	if (is_directory)
		return search->found ? TREE_SKIP : TREE_COPY;
	if (search->found || length < 2 || strcmp(below + length - 2, ".c") != 0)
		return TREE_DONE;
	char *text = text_read(from, true);
	if (text && strstr(text, search->call))
		search->found = find_in(text, search->call, below);
	free(text);
	return TREE_DONE;
}

char *source_of_event(const struct grade *grade, const char *event)
{
	static const char *const folders[] = {"kernel", "arch"};
	struct search search = {.call = text_format("trace_%s(", event)};
	for (unsigned i = 0; i < grade->lab->edits && !search.found; i++) {
		char *path = text_format("%s/%s", grade->tree, grade->lab->edit[i]), *text = text_read(path, true);
		search.found = text ? find_in(text, search.call, grade->lab->edit[i]) : NULL;
		free(text);
		free(path);
	}
	for (unsigned i = 0; i < 2 && !search.found; i++) {
		char *path = text_format("%s/%s", grade->tree, folders[i]);
		tree_look(path, 10000, look, &search);
		free(path);
		if (search.found) {
			char *whole = text_format("%s/%s", folders[i], search.found);
			free(search.found);
			search.found = whole;
		}
	}
	free((char *)search.call);
	return search.found;
}
