/*
 * `book`: checks the book and writes it as HTML.
 *
 * The book is docs/README.md and every page (a file .md) that can be reached from it by links; docs/README.md is also its table
 * of contents. Who calls: `make book`, and the group `book` of the tests. Whom: page.c and tree.c to read, check.c, html.c.
 */
#include "book.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fprintf(stderr, "book: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	va_end(arguments);
	exit(2);
}

char *text_of(const char *format, ...)
{
	char *text = NULL;
	va_list arguments;
	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		fail("no memory");
	va_end(arguments);
	return text;
}

char *file_text(const char *path)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = fopen(path, "r");
	if (!file)
		fail("%s cannot be read", path);
	if (getdelim(&text, &size, EOF, file) < 0) {
		free(text);
		text = text_of("%s", "");
	}
	fclose(file);
	return text;
}

int main(int argc, char **argv)
{
	const char *directory = NULL, *source = NULL, *root = ".";
	int option;
	while ((option = getopt(argc, argv, "o:s:r:q")) != -1) {
		if (option == 'o')
			directory = optarg[0] == '/' ? optarg : text_of("%s/%s", getcwd(NULL, 0), optarg);
		else if (option == 's')
			source = optarg;
		else if (option == 'q')
			wants_queries = true;
		else if (option == 'r')
			root = optarg;
		else
			fail("usage: book [-r TREE] [-q] [-o DIRECTORY [-s URL]]; without -o it only checks, with -q it prints "
			     "the pages' SQL");
	}
	if (chdir(root))
		fail("there is no folder %s", root);
	tree_read();
	check_from("docs/README.md");
	check_reached();
	if (mistakes)
		return printf("%u mistakes\n", mistakes), 1;
	if (directory)
		html_write(directory, source);
	return 0;
}
