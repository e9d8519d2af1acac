/*
 * Rows into the pages of an SQLite database, past SQLite.
 *
 * Teaches: what a table of a database is on the disk: a tree of pages. Its leaves hold the rows in the order of their numbers;
 * the pages above say which page holds the rows up to which number. Inserted one by one, each row costs a walk through SQLite's
 * machine; here the rows of a table come in order, so a leaf is written when it is full and never looked at again, and a tree
 * grows at its right edge only. Who calls: build.c. More: sqlite.org, "Database File Format".
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PAGES_PAGE_BYTES 4096
#define PAGES_ROW_BYTES 512  /* no row may be longer */
#define PAGES_COLUMNS_MAX 16 /* of a row */
#define PAGES_LEVELS_MAX 8   /* four have room for more rows than a run has events */

/* A row, the columns after the first, which is the row's number. */
struct pages_row {
	uint8_t type[2 * PAGES_COLUMNS_MAX], value[PAGES_ROW_BYTES];
	unsigned types, values; /* bytes of each */
};

struct pages_level;

/* A table that is being filled. It is empty when it begins: `root` is the page that SQLite gave it. */
struct pages_table {
	uint32_t root;
	uint64_t last; /* the number of its last row */
	struct pages_level *level[PAGES_LEVELS_MAX];
};

struct pages {
	FILE *file;
	uint32_t count; /* pages of the file */
	bool failed;    /* something could not be written, or there was no memory */
};

/*
 * Opens a database that SQLite has made and closed, with pages of PAGES_PAGE_BYTES. False if it cannot be opened or is not as
 * wanted.
 */
bool pages_open(struct pages *pages, const char *path);

void pages_put_integer(struct pages_row *row, int64_t value);
void pages_put_text(struct pages_row *row, const char *text);

/* Adds a row. Numbers rise in a table. */
void pages_add(struct pages *pages, struct pages_table *table, uint64_t number, const struct pages_row *row);

/* Writes what is left of a table and frees its memory. */
void pages_finish(struct pages *pages, struct pages_table *table);

/* Closes the file, which is a database again. False if something went wrong since pages_open; errno says what. */
bool pages_close(struct pages *pages);
