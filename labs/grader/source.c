/*
 * Where in the kernel an event comes from: the line that emits it, in the tree that was graded. If lines name the constant that the event has, only those
 * count, and one of each file is told: who says "at the barrier" is not who says "boot_lock released".
 *
 * Who calls: check.c, print.c. Whom: tree.c. Simplified: a line that begins at the margin and has a parenthesis is taken for the head of a function, as this
 * tree is laid out.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grader/grade.h"
#include "grader/text.h"
#include "grader/tree.h"

struct search {
	const char *call;     /* "trace_mmu_evict(" */
	const char *constant; /* "_BARRIER": the line has to name it; NULL: any line will do, and the first is enough */
	const char *folder;   /* that is looked through */
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

/* Whether the line has this constant, to its end. */
static bool names(const char *line, const char *constant)
{
	const char *at = strstr(line, constant);
	char next = at ? at[strlen(constant)] : '_';
	return !isalnum((unsigned char)next) && next != '_';
}

/* Finds the call in a text: "file:line, in function()". */
static char *find_in(const char *text, const struct search *search, const char *below)
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
		const char *at = strstr(line, search->call);
		if (at && (at == line || isspace((unsigned char)at[-1]) || at[-1] == '(') &&
		    (!search->constant || names(at, search->constant)))
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
	bool enough = search->found && !search->constant;
	if (is_directory)
		return enough ? TREE_SKIP : TREE_COPY;
	if (enough || length < 2 || strcmp(below + length - 2, ".c") != 0)
		return TREE_DONE;
	char *text = text_read(from, true);
	char *path = text_format("%s/%s", search->folder, below);
	char *found = text && strstr(text, search->call) ? find_in(text, search, path) : NULL;
	if (found)
		search->found = text_join(search->found ? text_join(search->found, "or") : NULL, found);
	free(found);
	free(path);
	free(text);
	return TREE_DONE;
}

/* Without a constant in the files that the student changes, then in the folders of the kernel; with one, wherever there is such a line. */
static char *find(const struct grade *grade, const char *call, const char *constant)
{
	static const char *const folders[] = {"kernel", "arch"};
	struct search search = {.call = call, .constant = constant};
	for (unsigned i = 0; i < grade->lab->edits && !search.found && !constant; i++) {
		char *path = text_format("%s/%s", grade->tree, grade->lab->edit[i]), *text = text_read(path, true);
		search.found = text ? find_in(text, &search, grade->lab->edit[i]) : NULL;
		free(text);
		free(path);
	}
	for (unsigned i = 0; i < 2 && !search.found; i++) {
		char *path = text_format("%s/%s", grade->tree, folders[i]);
		search.folder = folders[i];
		tree_look(path, 10000, look, &search);
		free(path);
	}
	return search.found;
}

/* The constant of a line of trace_enums.h, X(UNLOCK, 11, "boot_lock released"), if the event's words have its text: "_UNLOCK", to be freed. */
static char *constant_of(const char *line, const char *words)
{
	char name[40], text[120];
	if (sscanf(line, " X(%39[A-Z0-9_], %*u, \"%119[^\"]\")", name, text) != 2)
		return NULL;
	char *field = text_format("=%s", text);
	const char *at = strstr(words, field), *end = at ? at + strlen(field) : NULL;
	free(field);
	return end && (!*end || (end[0] == ' ' && end[1] == ' ')) ? text_format("_%s", name) : NULL;
}

char *source_of_event(const struct grade *grade, const char *event, const char *words)
{
	char *path = text_format("%s/kernel/abi/trace_enums.h", grade->tree), *enums = text_read(path, true), *rest = enums;
	char *call = text_format("trace_%s(", event), *found = NULL, *line;
	while (!found && rest && (line = text_line(&rest))) {
		char *constant = constant_of(line, words);
		if (constant)
			found = find(grade, call, constant);
		free(constant);
	}
	if (!found)
		found = find(grade, call, NULL);
	free(call);
	free(enums);
	free(path);
	return found;
}
