/*
 * One page: its text as a tree of nodes, its title, its anchors, and where its links lead.
 *
 * Who calls: check.c, html.c. Whom: libcmark-gfm.
 */
#include "book.h"

#include <cmark-gfm-core-extensions.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct page *pages;

char *node_text(cmark_node *node)
{
	char *text = text_of("%s", "");
	cmark_iter *iter = cmark_iter_new(node);
	cmark_event_type event;
	while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE) {
		cmark_node *at = cmark_iter_get_node(iter);
		cmark_node_type type = cmark_node_get_type(at);
		const char *more = NULL;
		if (event != CMARK_EVENT_ENTER)
			continue;
		if (type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE)
			more = cmark_node_get_literal(at);
		else if (type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK)
			more = " ";
		if (more) {
			char *longer = text_of("%s%s", text, more);
			free(text);
			text = longer;
		}
	}
	cmark_iter_free(iter);
	return text;
}

/* Letters in lower case, spaces as hyphens, without punctuation; one that is there already gets a number behind it. */
static char *anchor_of(const struct page *page, const char *heading)
{
	char *anchor = text_of("%s", heading), *to = anchor;
	for (const char *at = heading; *at; at++) {
		unsigned char c = (unsigned char)*at;
		if (isalnum(c) || c == '_' || c == '-' || c >= 0x80)
			*to++ = (char)tolower(c);
		else if (c == ' ')
			*to++ = '-';
	}
	*to = '\0';
	char *whole = anchor;
	for (unsigned n = 1; page_has_anchor(page, whole); n++)
		whole = text_of("%s-%u", anchor, n);
	return whole;
}

static void find_headings(struct page *page)
{
	for (cmark_node *node = cmark_node_first_child(page->document); node; node = cmark_node_next(node)) {
		if (cmark_node_get_type(node) != CMARK_NODE_HEADING)
			continue;
		char *heading = node_text(node);
		if (!page->title)
			page->title = heading;
		page->anchor = realloc(page->anchor, (page->anchors + 1) * sizeof(*page->anchor));
		if (!page->anchor)
			fail("no memory");
		page->anchor[page->anchors] = anchor_of(page, heading);
		page->anchors++;
	}
}

struct page *page_read(const char *path)
{
	struct page *page = calloc(1, sizeof(*page));
	char *text = file_text(path);
	if (!page)
		fail("no memory");
	cmark_gfm_core_extensions_ensure_registered();
	page->path = text_of("%s", path);
	page->parser = cmark_parser_new(CMARK_OPT_DEFAULT);
	cmark_parser_attach_syntax_extension(page->parser, cmark_find_syntax_extension("table"));
	cmark_parser_feed(page->parser, text, strlen(text));
	page->document = cmark_parser_finish(page->parser);
	cmark_consolidate_text_nodes(page->document);
	find_headings(page);
	struct page **end = &pages;
	while (*end)
		end = &(*end)->next;
	*end = page;
	free(text);
	return page;
}

struct page *page_find(const char *path)
{
	struct page *page = pages;
	while (page && strcmp(page->path, path) != 0)
		page = page->next;
	return page;
}

bool page_has_anchor(const struct page *page, const char *anchor)
{
	for (size_t i = 0; i < page->anchors; i++)
		if (!strcmp(page->anchor[i], anchor))
			return true;
	return false;
}

bool is_page(const char *path)
{
	size_t length = strlen(path);
	return length > 3 && !strcmp(path + length - 3, ".md");
}

bool is_elsewhere(const char *url)
{
	size_t length = strspn(url, "abcdefghijklmnopqrstuvwxyz+");
	return length > 1 && url[length] == ':';
}

/* Takes "x/.." and "." out of a path; false if it leads above the root. */
static bool flatten(char *path)
{
	char *to = path;
	for (char *at = path; *at;) {
		size_t length = strcspn(at, "/");
		if (length == 2 && !strncmp(at, "..", 2)) {
			if (to == path)
				return false;
			while (to > path && *--to != '/')
				;
		} else if (length && !(length == 1 && *at == '.')) {
			if (to > path)
				*to++ = '/';
			memmove(to, at, length);
			to += length;
		}
		at += length;
		at += *at == '/';
	}
	*to = '\0';
	return true;
}

char *page_target(const struct page *page, const char *url)
{
	if (is_elsewhere(url) || *url == '/')
		return NULL;
	size_t length = strcspn(url, "#");
	if (!length)
		return text_of("%s", page->path);
	const char *slash = strrchr(page->path, '/');
	char *path = text_of("%.*s%.*s", slash ? (int)(slash + 1 - page->path) : 0, page->path, (int)length, url);
	return flatten(path) ? path : NULL;
}
