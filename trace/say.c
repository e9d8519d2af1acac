/*
 * How the host program speaks to people: whole sentences on stderr, and "did you mean" for a name that is nearly right.
 * Who calls: every command.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"

const char *program_path = "vitrine";

void say_help(FILE *to, const char *text)
{
	static const char name[] = "vitrine ";
	for (const char *at; (at = strstr(text, name)); text = at + sizeof(name) - 1)
		fprintf(to, "%.*s%s ", (int)(at - text), text, program_path);
	fputs(text, to);
}

int say(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fflush(stdout);
	fputs("vitrine: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	return 1;
}

int say_usage(const char *command, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("vitrine: ", stderr);
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n(`%s %s%s--help` says how it is used)\n", program_path, command, *command ? " " : "");
	va_end(arguments);
	return EXIT_USAGE;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

#define NAME_LENGTH_MAX 40

/* Levenshtein distance: how many characters to insert, drop or change to turn one name into the other. */
static size_t edit_distance(const char *from, const char *to)
{
	size_t width = strlen(to);
	size_t row[NAME_LENGTH_MAX + 1];
	if (strlen(from) > NAME_LENGTH_MAX || width > NAME_LENGTH_MAX)
		return NAME_LENGTH_MAX;
	for (size_t j = 0; j <= width; j++)
		row[j] = j;
	for (size_t i = 0; from[i]; i++) {
		size_t diagonal = row[0]; /* distance of from[0..i) to to[0..j) */
		row[0] = i + 1;
		for (size_t j = 0; j < width; j++) {
			size_t changed = diagonal + (from[i] != to[j]);
			diagonal = row[j + 1];
			row[j + 1] = smaller(changed, 1 + smaller(row[j], row[j + 1]));
		}
	}
	return row[width];
}

const char *nearest_name(const char *name, const char *const *names)
{
	const char *best = NULL;
	size_t best_distance = 1 + strlen(name) / 2;
	if (best_distance > 3)
		best_distance = 3;
	for (; *names; names++) {
		size_t distance = edit_distance(name, *names);
		if (distance < best_distance || (distance == best_distance && !best)) {
			best = *names;
			best_distance = distance;
		}
	}
	return best;
}
