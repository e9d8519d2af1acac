/*
 * Small things about text: see text.h.
 *
 * Who calls: every file of labs/grader/. Memory that cannot be had ends the program: nothing is lost then that cannot be made again.
 */
#include "grader/text.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

static void *must_have(void *memory)
{
	if (!memory) {
		say("there is no memory");
		exit(1);
	}
	return memory;
}

void *text_memory(size_t count, size_t bytes)
{
	return must_have(calloc(count, bytes));
}

/* A file that is larger is none of ours. */
#define TEXT_BYTES_MAX (16 << 20)

char *text_read(const char *path, bool optional)
{
	FILE *from = fopen(path, "r");
	if (!from)
		return optional && errno == ENOENT ? NULL : (say("%s cannot be read: %s", path, strerror(errno)), NULL);
	char *text = NULL, chunk[512];
	size_t bytes = 0, got;
	FILE *to = must_have(open_memstream(&text, &bytes));
	errno = 0;
	while ((got = fread(chunk, 1, sizeof(chunk), from)) > 0 && bytes < TEXT_BYTES_MAX) {
		fwrite(chunk, 1, got, to);
		fflush(to);
	}
	bool good = !ferror(from) && bytes < TEXT_BYTES_MAX;
	fclose(from);
	if (fclose(to) != 0 || !good) {
		say("%s cannot be read: %s", path, errno ? strerror(errno) : "it is too large");
		free(text);
		return NULL;
	}
	return text;
}

bool text_write(const char *path, const char *text)
{
	char *fresh = text_format("%s.new", path);
	FILE *to = fopen(fresh, "w");
	bool good = to && fputs(text, to) >= 0;
	good = (!to || fclose(to) == 0) && good && rename(fresh, path) == 0;
	if (!good)
		say("%s cannot be written: %s", path, strerror(errno));
	if (!good && to)
		unlink(fresh);
	free(fresh);
	return good;
}

char *text_format(const char *format, ...)
{
	char *text = NULL;
	va_list values;
	va_start(values, format);
	if (vasprintf(&text, format, values) < 0)
		text = NULL;
	va_end(values);
	return must_have(text);
}

char *text_join(char *text, const char *more)
{
	char *joined = text && *text ? text_format("%s %s", text, more) : text_format("%s", more);
	free(text);
	return joined;
}

char *text_line(char **rest)
{
	char *line = *rest;
	if (!line || !*line)
		return NULL;
	char *end = strchrnul(line, '\n');
	*rest = *end ? end + 1 : end;
	*end = '\0';
	while (end > line && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return line;
}

char *text_word(char **rest)
{
	char *word = *rest + strspn(*rest, " \t");
	if (!*word)
		return NULL;
	char *end = word + strcspn(word, " \t");
	*rest = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

char *text_value(char *line)
{
	char *colon = strchr(line, ':');
	if (!colon)
		return NULL;
	*colon++ = '\0';
	return colon + strspn(colon, " \t");
}

bool text_number(const char *text, uint64_t *number)
{
	char *end;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return isdigit((unsigned char)*text) && *end == '\0' && errno == 0;
}

char *text_plain(char *text)
{
	for (char *at = text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = ' ';
	return text;
}

void html_text(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", to);
		else if (*text == '>')
			fputs("&gt;", to);
		else if (*text == '&')
			fputs("&amp;", to);
		else if (*text == '"')
			fputs("&quot;", to);
		else
			fputc(*text, to);
	}
}

void html_prose(FILE *to, const char *text)
{
	char *copy = text_format("%s", text), *rest = copy;
	bool code = false;
	for (char *part; (part = strsep(&rest, "`")); code = !code) {
		bool closed = code && rest;
		fputs(closed ? "<code>" : code ? "`" : "", to);
		html_text(to, part);
		fputs(closed ? "</code>" : "", to);
	}
	free(copy);
}
