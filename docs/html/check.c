/*
 * What a page refers to has to be there: files and headings that its links lead to, and files, functions, make's targets and
 * vitrine's commands that it names in `code`. And nothing of the page may be left as markdown.
 *
 * Who calls: book.c. Whom: page.c, tree.c.
 */
#include "book.h"

#include <ctype.h>
#include <string.h>

unsigned mistakes;
bool wants_queries;

static struct page *current;
static cmark_node *block; /* the innermost block around the node that is looked at */

[[gnu::format(printf, 1, 2)]] static void complain(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	printf("%s:%d: ", current->path, block ? cmark_node_get_start_line(block) : 1);
	vprintf(format, arguments);
	printf("\n");
	va_end(arguments);
	mistakes++;
}

/* ---- links ---- */

/* What stays behind when a lab is handed out: other labs, and the project's tests. Links there are let go in such a tree. */
static bool is_left_out(const char *path)
{
	return tree_has_file("handout.txt") && (!strncmp(path, "labs/", 5) || !strncmp(path, "tests/", 6));
}

static void check_link(const char *url)
{
	if (is_elsewhere(url))
		return;
	char *path = page_target(current, url);
	const char *anchor = strchr(url, '#');
	if (!path)
		return complain("a link leads out of the tree: %s", url);
	if (!tree_has_file(path) && is_left_out(path))
		return;
	if (!tree_has_file(path))
		return tree_has_folder(path) ? (void)0 : complain("a link leads to no file: %s", url);
	if (!is_page(path))
		return anchor ? complain("a link leads to a place in a file that is no page: %s", url) : (void)0;
	struct page *page = page_find(path);
	if (!page)
		page = page_read(path);
	if (anchor && !page_has_anchor(page, anchor + 1))
		complain("a link leads to no heading: %s", url);
}

/* ---- code ---- */

static bool has_ending(const char *text)
{
	static const char *const endings[] = {".c",   ".h",   ".S",   ".md",   ".sh",   ".sql", ".py",  ".ld",
					      ".gdb", ".mjs", ".css", ".html", ".json", ".cfg", ".list"};
	const char *dot = strrchr(text, '.');
	for (size_t i = 0; dot && dot > text && dot[-1] != '/' && i < ARRAY_LENGTH(endings); i++)
		if (!strcmp(dot, endings[i]))
			return true;
	return false;
}

/* A word with a capital stands for any word, as in labs/NAME/lab.txt, but for the few files that are called so. */
static bool has_placeholder(const char *path)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	size_t length = strlen(path);
	if (!strcmp(name, "README.md") || !strcmp(name, "Dockerfile"))
		length = (size_t)(name - path);
	for (size_t i = 0; i < length; i++)
		if (isupper((unsigned char)path[i]))
			return true;
	return false;
}

/* Files that the reader is told to write, or that are made when a tool runs. */
static bool is_of_the_reader(const char *path)
{
	static const char *const names[] = {"out/", "build/", "my.", "first.", "grade.", "summary.", "runs/"};
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (!strncmp(path, names[i], strlen(names[i])))
			return true;
	return false;
}

static void check_path(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";
	size_t length = strlen(text);
	bool folder = length && text[length - 1] == '/';
	if (text[strspn(text, letters)] || *text == '/' || *text == '.' || *text == '-' || !(folder || has_ending(text)))
		return;
	if (!is_of_the_reader(text) && !has_placeholder(text) && !tree_has_name(text) && !tree_has_file("handout.txt"))
		complain("there is no %s %s", folder ? "folder" : "file", text);
}

/* name(anything); with a capital, as in call_NAME(), the name stands for any. */
static void check_function(const char *text)
{
	size_t length = 0;
	bool any = false;
	for (; isalnum((unsigned char)text[length]) || text[length] == '_'; length++)
		any |= isupper((unsigned char)text[length]) && length > 0;
	if (length && !any && !isdigit((unsigned char)*text) && text[length] == '(' && text[strlen(text) - 1] == ')' &&
	    !tree_has_function(text, length) && !tree_has_file("handout.txt"))
		complain("there is no function %s", text);
}

static size_t word_length(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyz-");
}

static void check_command(const char *text)
{
	static const char make[] = "make ", vitrine[] = "build/vitrine ", vitrine_short[] = "vitrine ";
	if (!strncmp(text, "$ ", 2))
		text += 2;
	bool is_make = !strncmp(text, make, strlen(make));
	bool is_vitrine = !strncmp(text, vitrine, strlen(vitrine));
	if (!is_make && !is_vitrine && strncmp(text, vitrine_short, strlen(vitrine_short)) != 0)
		return;
	const char *name = strchr(text, ' ') + 1;
	size_t length = word_length(name);
	if (!length || *name == '-' || isupper((unsigned char)name[length]))
		return;
	if (is_make && name[length] != '=' && !tree_has_target(name, length))
		complain("make has no target %.*s", (int)length, name);
	if (is_vitrine && !tree_has_command(name, length))
		complain("vitrine has no command %.*s", (int)length, name);
}

/* Prints the questions of all `vitrine sql RUN "..."` of a block, each on a line behind its page. */
static void print_queries(const char *text)
{
	for (const char *at = text; (at = strstr(at, "vitrine sql "));) {
		at += strcspn(at, "\"\n");
		if (*at != '"')
			continue;
		size_t length = strcspn(++at, "\"");
		printf("%s:%d\t", current->path, cmark_node_get_start_line(block));
		for (size_t i = 0; i < length; i++)
			putchar(at[i] == '\n' ? ' ' : at[i]);
		putchar('\n');
		at += length;
	}
}

static void check_lines(const char *text)
{
	if (wants_queries)
		print_queries(text);
	while (*text) {
		size_t length = strcspn(text, "\n");
		char *line = text_of("%.*s", (int)length, text);
		check_command(line + strspn(line, " \t"));
		text += length + (text[length] == '\n');
	}
}

/* ---- what is left ---- */

static void check_text(const char *text)
{
	static const char *const left[] = {"](", "**", "```", "|--", "<!--"};
	for (size_t i = 0; i < ARRAY_LENGTH(left); i++)
		if (strstr(text, left[i]))
			complain("markdown is left in the text: %s", text);
	if (*text == '#' && (text[1] == '#' || text[1] == ' '))
		complain("markdown is left in the text: %s", text);
}

static void check_node(cmark_node *node)
{
	const char *literal = cmark_node_get_literal(node);
	switch (cmark_node_get_type(node)) {
	case CMARK_NODE_LINK:
	case CMARK_NODE_IMAGE:
		return check_link(cmark_node_get_url(node));
	case CMARK_NODE_CODE:
		check_path(literal);
		check_function(literal);
		return check_command(literal);
	case CMARK_NODE_CODE_BLOCK:
		return check_lines(literal);
	case CMARK_NODE_TEXT:
		return check_text(literal);
	case CMARK_NODE_HTML_BLOCK:
		return strncmp(literal, "<!--", 4) ? complain("HTML in the page: %.40s", literal) : (void)0;
	case CMARK_NODE_HTML_INLINE:
		return complain("HTML in the page: %s", literal);
	default:
		return;
	}
}

static void check_page(struct page *page)
{
	current = page;
	block = NULL;
	if (!page->title)
		complain("the page has no title");
	cmark_iter *iter = cmark_iter_new(page->document);
	cmark_event_type event;
	while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
		if (event != CMARK_EVENT_ENTER)
			continue;
		cmark_node *node = cmark_iter_get_node(iter);
		if ((cmark_node_get_type(node) & CMARK_NODE_TYPE_MASK) == CMARK_NODE_TYPE_BLOCK &&
		    cmark_node_get_start_line(node))
			block = node;
		check_node(node);
	}
	cmark_iter_free(iter);
}

void check_from(const char *path)
{
	if (!tree_has_file(path))
		fail("there is no %s", path);
	/* Reading a page's links appends the pages they lead to. */
	for (struct page *page = page_read(path); page; page = page->next)
		check_page(page);
}

static void check_file(const char *path)
{
	bool is_lab = !strncmp(path, "labs/", 5);
	if (!is_page(path) || (strncmp(path, "docs/", 5) != 0 && !is_lab) || page_find(path))
		return;
	printf("%s:1: no link leads to this page\n", path);
	mistakes++;
}

void check_reached(void)
{
	tree_each_file(check_file);
}
