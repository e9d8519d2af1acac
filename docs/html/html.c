/*
 * The pages as HTML: each page of the tree becomes one at the same place below a directory, with the table of contents beside it.
 *
 * The table of contents is docs/README.md: its headings of the second level, and the first link of each point of the lists below
 * them.
 * Links to pages become links to their HTML, links to pictures copies of them, links to other files lead back into the tree.
 * Who calls: book.c, after every page has been read and found right.
 */
#include "book.h"

#include <cmark-gfm-core-extensions.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char contents[] = "docs/README.md";
static const char style[] = "docs/html/book.css";

static const char *out_directory;
static const char *source_url; /* where other files of the tree are; NULL: in the tree, seen from the directory of the book */
static char *way_to_tree;      /* from the directory of the book */

/* ---- where things are ---- */

static char *output_of(const char *path)
{
	if (!strcmp(path, contents))
		return text_of("index.html");
	return text_of("%.*s.html", (int)(strlen(path) - 3), path);
}

/* How a page of the book names another file, both below the directory. */
static char *relative(const char *from, const char *to)
{
	size_t common = 0;
	for (size_t i = 0; from[i] && from[i] == to[i]; i++)
		if (from[i] == '/')
			common = i + 1;
	char *way = text_of("%s", "");
	for (const char *at = from + common; (at = strchr(at, '/')); at++)
		way = text_of("../%s", way);
	return text_of("%s%s", way, to + common);
}

/* The way from the directory of the book to the tree, which is the current directory. */
static char *find_way(const char *directory)
{
	char *tree = realpath(".", NULL), *book = realpath(directory, NULL);
	if (!tree || !book)
		fail("%s is not there", directory);
	size_t length = strlen(tree);
	if (strncmp(book, tree, length) != 0 || book[length] != '/')
		return text_of("file://%s/", tree);
	char *way = text_of("../");
	for (const char *at = book + length + 1; (at = strchr(at, '/')); at++)
		way = text_of("../%s", way);
	return way;
}

static void make_folder_of(const char *path)
{
	char *folder = text_of("%s", path);
	for (char *at = folder; (at = strchr(at + 1, '/'));) {
		*at = '\0';
		mkdir(folder, 0777); /* what it could not make, fopen says */
		*at = '/';
	}
	free(folder);
}

static FILE *create(const char *output)
{
	char *path = text_of("%s/%s", out_directory, output);
	make_folder_of(path);
	FILE *file = fopen(path, "w");
	if (!file)
		fail("%s cannot be written", path);
	return file;
}

static void finish(FILE *file, const char *output)
{
	if (ferror(file) || fclose(file))
		fail("%s cannot be written", output);
}

static void copy(const char *path, const char *output)
{
	static char bytes[65536];
	size_t length;
	FILE *from = fopen(path, "r"), *to = create(output);
	if (!from)
		fail("%s cannot be read", path);
	while ((length = fread(bytes, 1, sizeof(bytes), from)) > 0)
		fwrite(bytes, 1, length, to);
	fclose(from);
	finish(to, output);
}

/* ---- a page ---- */

static void print_escaped(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '<' || *text == '>' || *text == '&')
			fprintf(to, "%s", *text == '<' ? "&lt;" : *text == '>' ? "&gt;" : "&amp;");
		else
			fputc(*text, to);
	}
}

/* What a link of the page becomes. */
static char *link_of(const struct page *page, const char *url, bool picture)
{
	char *output = output_of(page->path);
	if (is_elsewhere(url) || *url == '#')
		return text_of("%s", url);
	char *path = page_target(page, url);
	if (page_find(path)) {
		const char *anchor = strchr(url, '#');
		return text_of("%s%s", relative(output, output_of(path)), anchor ? anchor : "");
	}
	if (picture) {
		copy(path, path);
		return relative(output, path);
	}
	return source_url ? text_of("%s/%s", source_url, path) : text_of("%s%s%s", relative(output, ""), way_to_tree, path);
}

static void prepare(const struct page *page)
{
	size_t heading = 0;
	cmark_iter *iter = cmark_iter_new(page->document);
	cmark_event_type event;
	while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
		cmark_node *node = cmark_iter_get_node(iter);
		cmark_node_type type = cmark_node_get_type(node);
		if (event == CMARK_EVENT_EXIT && (type == CMARK_NODE_LINK || type == CMARK_NODE_IMAGE))
			cmark_node_set_url(node, link_of(page, cmark_node_get_url(node), type == CMARK_NODE_IMAGE));
		if (event == CMARK_EVENT_EXIT && type == CMARK_NODE_HEADING && heading < page->anchors) {
			const char *anchor = page->anchor[heading++];
			cmark_node *mark = cmark_node_new(CMARK_NODE_HTML_INLINE);
			cmark_node_set_literal(mark, text_of("<a class=\"anchor\" id=\"%s\" href=\"#%s\"></a>", anchor, anchor));
			cmark_node_prepend_child(node, mark);
		}
	}
	cmark_iter_free(iter);
}

/* ---- the table of contents ---- */

struct entry {
	const char *part; /* NULL: a page */
	char *text;
	struct page *page;
	struct entry *next;
};

static struct entry *entries;

/* The first link of a point that leads to a page, and that page. */
static struct page *first_link(cmark_node *item, cmark_node **link)
{
	struct page *found = NULL;
	cmark_iter *iter = cmark_iter_new(item);
	while (!found && cmark_iter_next(iter) != CMARK_EVENT_DONE) {
		cmark_node *node = cmark_iter_get_node(iter);
		char *path = NULL;
		if (cmark_node_get_type(node) == CMARK_NODE_LINK)
			path = page_target(page_find(contents), cmark_node_get_url(node));
		if (path)
			found = page_find(path);
		*link = node;
	}
	cmark_iter_free(iter);
	return found;
}

static struct entry *add_entry(struct entry *last, const char *part, char *text, struct page *page)
{
	struct entry *entry = calloc(1, sizeof(*entry));
	if (!entry)
		fail("no memory");
	*entry = (struct entry){.part = part, .text = text, .page = page};
	*(last ? &last->next : &entries) = entry;
	return entry;
}

static void find_entries(void)
{
	struct entry *last = NULL;
	struct page *before = page_find(contents);
	for (cmark_node *node = cmark_node_first_child(before->document); node; node = cmark_node_next(node)) {
		if (cmark_node_get_type(node) == CMARK_NODE_HEADING && cmark_node_get_heading_level(node) == 2)
			last = add_entry(last, node_text(node), NULL, NULL);
		if (cmark_node_get_type(node) != CMARK_NODE_LIST)
			continue;
		for (cmark_node *item = cmark_node_first_child(node); item; item = cmark_node_next(item)) {
			cmark_node *link = NULL;
			struct page *page = first_link(item, &link);
			if (!page || page->back || page == pages)
				continue;
			last = add_entry(last, NULL, node_text(link), page);
			page->back = before;
			before->turn = page;
			before = page;
		}
	}
}

/* A part is shown if a page of it is. */
static void print_contents(FILE *to, const struct page *page)
{
	char *output = output_of(page->path);
	fprintf(to, "<nav>\n<p class=\"book\"><a href=\"%s\">Vitrine</a></p>\n", relative(output, "index.html"));
	for (const struct entry *entry = entries; entry; entry = entry->next) {
		if (entry->part && entry->next && !entry->next->part) {
			fprintf(to, "<p class=\"part\">");
			print_escaped(to, entry->part);
			fprintf(to, "</p>\n");
		} else if (!entry->part) {
			fprintf(to, "<p%s><a href=\"%s\">", entry->page == page ? " class=\"here\"" : "",
				relative(output, output_of(entry->page->path)));
			print_escaped(to, entry->text);
			fprintf(to, "</a></p>\n");
		}
	}
	fprintf(to, "</nav>\n");
}

static void print_turn(FILE *to, const struct page *page, const struct page *other, const char *class)
{
	if (!other)
		return;
	fprintf(to, "<a class=\"%s\" href=\"%s\">", class, relative(output_of(page->path), output_of(other->path)));
	print_escaped(to, other->title);
	fprintf(to, "</a>\n");
}

static void write_page(const struct page *page)
{
	char *output = output_of(page->path);
	FILE *to = create(output);
	fprintf(to, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n"
		    "<meta name=\"viewport\" content=\"width=device-width\" />\n<title>");
	print_escaped(to, page->title);
	fprintf(to, "</title>\n<link rel=\"stylesheet\" href=\"%s\" />\n</head>\n<body>\n", relative(output, "book.css"));
	print_contents(to, page);
	fprintf(to, "<main>\n%s<footer>\n",
		cmark_render_html(page->document, CMARK_OPT_UNSAFE, cmark_parser_get_syntax_extensions(page->parser)));
	print_turn(to, page, page->back, "back");
	print_turn(to, page, page->turn, "turn");
	fprintf(to, "<p>%s</p>\n</footer>\n</main>\n</body>\n</html>\n", page->path);
	finish(to, output);
}

void html_write(const char *directory, const char *source)
{
	out_directory = directory;
	source_url = source;
	make_folder_of(text_of("%s/", directory));
	way_to_tree = find_way(directory);
	find_entries();
	for (const struct page *page = pages; page; page = page->next) {
		prepare(page);
		write_page(page);
	}
	copy(style, "book.css");
}
