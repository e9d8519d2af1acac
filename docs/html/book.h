/*
 * The book as HTML: what its files share. One program reads all pages, checks what they refer to, and writes them.
 *
 * Teaches: a page is read once into a tree of nodes (libcmark-gfm); the checks and the output look at the same tree, so what is
 * checked is what is shown. The program runs for a moment and frees nothing.
 */
#pragma once

#include <cmark-gfm.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* ---- tree.c: what the source tree has ---- */

/* Looks at every file below the current directory, build/, out/ and what is hidden left out. */
void tree_read(void);
bool tree_has_file(const char *path);
bool tree_has_folder(const char *path);
/* Whether the path of some file, or folder if it ends with a slash, ends with `name`, at a slash. */
bool tree_has_name(const char *name);
/* Whether `name` stands before an opening parenthesis in some source. */
bool tree_has_function(const char *name, size_t length);
/* Whether make has such a target, and vitrine such a command. */
bool tree_has_target(const char *name, size_t length);
bool tree_has_command(const char *name, size_t length);
/* Calls back for each file, in the order of their names. */
void tree_each_file(void (*call)(const char *path));

/* ---- page.c: one page ---- */

struct page {
	const char *path; /* from the root of the tree */
	const char *title;
	cmark_parser *parser;
	cmark_node *document;
	char **anchor; /* one a heading, made as GitHub makes them */
	size_t anchors;
	struct page *next; /* in the order in which they were found */
	struct page *turn; /* the next one in the order of reading */
	struct page *back;
};

extern struct page *pages;

struct page *page_read(const char *path);
struct page *page_find(const char *path);
bool page_has_anchor(const struct page *page, const char *anchor);
/* Where a link of a page leads, from the root of the tree, without its anchor; NULL: out of the tree, or to another host. */
char *page_target(const struct page *page, const char *url);
/* The text of a node and all below it. */
char *node_text(cmark_node *node);
bool is_page(const char *path);
bool is_elsewhere(const char *url); /* https: and the like */

/* ---- check.c ---- */

/* Reads the page and every page that can be reached from it; says what is wrong with each. */
void check_from(const char *path);
/* Says which pages of the tree were not reached. */
void check_reached(void);
extern unsigned mistakes;
extern bool wants_queries; /* and prints what the pages ask of runs, in SQL */

/* ---- html.c ---- */

/* Writes all pages below the directory. `source` is where links to files of the tree lead; NULL: to the tree itself. */
void html_write(const char *directory, const char *source);

/* ---- book.c ---- */

[[gnu::noreturn, gnu::format(printf, 1, 2)]] void fail(const char *format, ...);
[[gnu::format(printf, 1, 2)]] char *text_of(const char *format, ...);
char *file_text(const char *path);
