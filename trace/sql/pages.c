/*
 * Pages of tables: see pages.h.
 *
 *     leaf      0d 00 00, rows, begin of the rows, 00     then the place of each row, free bytes, the rows, the last one first
 *     interior  05 00 00, cells, begin of them, 00, right-most page     then the same with cells: a page, the last row under it
 *
 * Numbers of a page's head have the high byte first. Rows and cells have numbers in groups of seven bits, high group first, as
 * many as they need. Who calls: build.c. Whom it calls: the C library. Simplified: rows are short, so none goes on in a page of
 * its own.
 */
#include "sql/pages.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEAF_HEAD_BYTES 8
#define INTERIOR_HEAD_BYTES 12

/* In page 1: how large pages are, how much of each is kept free, and how many there are. */
#define AT_PAGE_BYTES 16
#define AT_RESERVED 20
#define AT_PAGE_COUNT 28

/* SQLite locks files at this byte and uses no page that has it. */
#define LOCK_PAGE (0x40000000 / PAGES_PAGE_BYTES + 1)

#define FILE_BUFFER_BYTES (1024 * 1024)

/* A page that is written, and the last row under it. */
struct child {
	uint32_t page;
	uint64_t last;
};

/* The page at the right edge of the tree, at its height: 0 for a leaf. */
struct pages_level {
	uint8_t page[PAGES_PAGE_BYTES];
	unsigned cells, begin;
	struct child left, right; /* of an interior page: the last cell, and what is right of it */
};

static uint8_t *put_16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static uint8_t *put_32(uint8_t *at, uint32_t value)
{
	return put_16(put_16(at, value >> 16), value & 0xffff);
}

/* Numbers below 2^56: eight groups. */
static unsigned number_bytes(uint64_t value)
{
	unsigned bytes = 1;
	while (value >>= 7)
		bytes++;
	return bytes;
}

static uint8_t *put_number(uint8_t *at, uint64_t value)
{
	for (unsigned left = number_bytes(value); left-- > 0;)
		*at++ = (uint8_t)(value >> 7 * left & 0x7f) | (left ? 0x80 : 0);
	return at;
}

/* ---- rows ---- */

void pages_put_integer(struct pages_row *row, int64_t value)
{
	static const uint8_t type_of[9] = {0, 1, 2, 3, 4, 5, 5, 6, 6}; /* by the bytes needed: there are no 5 and no 7 */
	static const uint8_t bytes_of[] = {0, 1, 2, 3, 4, 6, 8};
	if (value == 0 || value == 1) { /* types that are the value */
		row->type[row->types++] = (uint8_t)(8 + value);
		return;
	}
	uint64_t magnitude = (uint64_t)(value < 0 ? ~value : value);
	unsigned bits = magnitude ? 65 - (unsigned)__builtin_clzll(magnitude) : 1;
	unsigned type = type_of[(bits + 7) / 8];
	row->type[row->types++] = (uint8_t)type;
	for (unsigned left = bytes_of[type]; left-- > 0;)
		row->value[row->values++] = (uint8_t)((uint64_t)value >> 8 * left);
}

void pages_put_text(struct pages_row *row, const char *text)
{
	size_t bytes = strlen(text);
	assert(row->types + 2 <= sizeof(row->type) && row->values + bytes <= sizeof(row->value));
	row->types = (unsigned)(put_number(row->type + row->types, 13 + 2 * bytes) - row->type);
	memcpy(row->value + row->values, text, bytes);
	row->values += (unsigned)bytes;
}

/* ---- pages ---- */

static unsigned head_bytes(unsigned height)
{
	return height ? INTERIOR_HEAD_BYTES : LEAF_HEAD_BYTES;
}

static void write_page(struct pages *pages, const uint8_t *page)
{
	if (fwrite(page, PAGES_PAGE_BYTES, 1, pages->file) != 1)
		pages->failed = true;
}

static void put_head(struct pages_level *level, unsigned height)
{
	level->page[0] = height ? 0x05 : 0x0d;
	uint8_t *at = put_16(level->page + 1, 0);
	at = put_16(put_16(at, level->cells), level->begin);
	*at++ = 0;
	if (height)
		put_32(at, level->right.page);
}

static void empty(struct pages_level *level)
{
	level->cells = 0;
	level->begin = PAGES_PAGE_BYTES;
	level->left = level->right = (struct child){0};
}

/* Puts a full page behind the others, and returns its number. */
static uint32_t append(struct pages *pages, struct pages_level *level, unsigned height)
{
	static const uint8_t nothing[PAGES_PAGE_BYTES];
	put_head(level, height);
	if (pages->count + 1 == LOCK_PAGE) {
		write_page(pages, nothing);
		pages->count++;
	}
	write_page(pages, level->page);
	return ++pages->count;
}

/* The page at the right edge at this height. NULL if there is no memory. */
static struct pages_level *level_of(struct pages *pages, struct pages_table *table, unsigned height)
{
	assert(height < PAGES_LEVELS_MAX);
	if (!table->level[height]) {
		table->level[height] = calloc(1, sizeof(*table->level[height]));
		if (table->level[height])
			empty(table->level[height]);
		else
			pages->failed = true;
	}
	return table->level[height];
}

/* Where to put a cell of so many bytes; NULL if the page is full. */
static uint8_t *room_for(struct pages_level *level, unsigned height, unsigned bytes)
{
	unsigned front = head_bytes(height) + 2 * level->cells;
	if (level->begin < front + 2 + bytes)
		return NULL;
	level->begin -= bytes;
	level->cells++;
	put_16(level->page + front, level->begin);
	return level->page + level->begin;
}

static bool put_child(struct pages_level *level, unsigned height, struct child child)
{
	uint8_t *at = room_for(level, height, 4 + number_bytes(child.last));
	if (!at)
		return false;
	put_number(put_32(at, child.page), child.last);
	level->left = child;
	return true;
}

/*
 * A page has been written whose parent stands at this height. A parent that is full leaves its right-most page to the next one,
 * so that that has a cell as well, and its last cell becomes its right-most page.
 */
static void add_child(struct pages *pages, struct pages_table *table, unsigned height, struct child child)
{
	struct pages_level *level = level_of(pages, table, height);
	if (!level)
		return;
	struct child before = level->right;
	if (before.page && !put_child(level, height, before)) {
		level->cells--;
		level->begin += 4 + number_bytes(level->left.last);
		level->right = level->left;
		struct child full = {.last = level->right.last};
		full.page = append(pages, level, height);
		add_child(pages, table, height + 1, full);
		empty(level);
		put_child(level, height, before);
	}
	level->right = child;
}

void pages_add(struct pages *pages, struct pages_table *table, uint64_t number, const struct pages_row *row)
{
	struct pages_level *leaf = level_of(pages, table, 0);
	if (!leaf)
		return;
	unsigned head = 2 + row->types, payload = head + row->values; /* its own length, the row's number, types */
	unsigned bytes = number_bytes(payload) + number_bytes(number) + payload;
	assert(head < 128 && bytes <= PAGES_ROW_BYTES);
	uint8_t *at = room_for(leaf, 0, bytes);
	if (!at) {
		add_child(pages, table, 1, (struct child){.page = append(pages, leaf, 0), .last = table->last});
		empty(leaf);
		at = room_for(leaf, 0, bytes);
	}
	at = put_number(put_number(at, payload), number);
	*at++ = (uint8_t)head;
	*at++ = 0; /* the row's number is not said again */
	memcpy(at, row->type, row->types);
	memcpy(at + row->types, row->value, row->values);
	table->last = number;
}

/* The page at the top gets the place that SQLite had given to the empty table. */
static void write_root(struct pages *pages, const struct pages_table *table, struct pages_level *top, unsigned height)
{
	put_head(top, height);
	if (fseeko(pages->file, (off_t)(table->root - 1) * PAGES_PAGE_BYTES, SEEK_SET))
		pages->failed = true;
	write_page(pages, top->page);
	if (fseeko(pages->file, 0, SEEK_END))
		pages->failed = true;
}

void pages_finish(struct pages *pages, struct pages_table *table)
{
	for (unsigned height = 0; height < PAGES_LEVELS_MAX && table->level[height]; height++) {
		struct pages_level *level = table->level[height];
		if (height + 1 < PAGES_LEVELS_MAX && table->level[height + 1]) {
			uint64_t last = height ? level->right.last : table->last;
			add_child(pages, table, height + 1, (struct child){.page = append(pages, level, height), .last = last});
		} else {
			write_root(pages, table, level, height);
		}
		free(level);
		table->level[height] = NULL;
	}
}

/* ---- the file ---- */

bool pages_open(struct pages *pages, const char *path)
{
	uint8_t head[32];
	*pages = (struct pages){.file = fopen(path, "r+b")};
	if (!pages->file)
		return false;
	setvbuf(pages->file, NULL, _IOFBF, FILE_BUFFER_BYTES);
	bool good = fread(head, sizeof(head), 1, pages->file) == 1 && fseeko(pages->file, 0, SEEK_END) == 0;
	off_t bytes = good ? ftello(pages->file) : 0;
	pages->count = (uint32_t)(bytes / PAGES_PAGE_BYTES);
	if (bytes > 0 && (head[AT_PAGE_BYTES] << 8 | head[AT_PAGE_BYTES + 1]) == PAGES_PAGE_BYTES && head[AT_RESERVED] == 0)
		return true;
	fclose(pages->file);
	errno = EINVAL;
	return false;
}

bool pages_close(struct pages *pages)
{
	uint8_t count[4];
	put_32(count, pages->count);
	pages->failed |= fseeko(pages->file, AT_PAGE_COUNT, SEEK_SET) || fwrite(count, sizeof(count), 1, pages->file) != 1;
	return fclose(pages->file) == 0 && !pages->failed;
}
