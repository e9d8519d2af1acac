/*
 * A RAM image that is made up: one process, one thread, an object, a handle, page tables, in either byte order.
 *
 * Teaches: testing a reader of layouts with a layout of one's own. The records here have the fields of the kernel's in another order, so what is
 * read right is read by name. Who calls: test_dump.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../../kernel/abi/layout.h"
#include "../../trace/dump/dump.h"

#define PAGES 64
#define BYTES (PAGES * DUMP_PAGE)
#define DIRECT UINT64_C(0xffff800000000000)
#define IMAGE UINT64_C(0xffffffff80000000)

/* Places of what is in the image, in pages. */
enum place {
	AT_LAYOUT = 2,
	AT_HEADS = 10,
	AT_THREADS,
	AT_THREAD,
	AT_PROCESS,
	AT_MAPPING,
	AT_OBJECT,
	AT_CHUNKS,
	AT_CHUNK,
	AT_HANDLES,
	AT_HANDLE,
	AT_LOG,
	AT_TABLES, /* four of them */
	AT_CPU = AT_TABLES + 4,
	AT_RCU,
	AT_HASH,
};

struct made {
	uint8_t ram[BYTES];
	bool swapped, hash;
	struct layout_row row[256];
	unsigned rows;
	int file;
	char path[40];
};

/* A sound image, with a hashed page table or with a tree. Its file is made->path until made_done(). */
struct made *made_image(bool swapped, bool hash);
void made_done(struct made *made);

/* Where in the image such a page is. */
uint64_t made_place(enum place page);

/* The row for a field, and where that field is of a record at `paddr`. */
const struct layout_row *made_row(const struct made *made, const char *structure, const char *field);
uint64_t made_at(const struct made *made, const char *structure, uint64_t paddr, const char *field);

/* Writes a number into made->ram, in the image's byte order. The file has it only once made->ram is written there. */
void made_put(struct made *made, uint64_t paddr, unsigned bytes, uint64_t value);
