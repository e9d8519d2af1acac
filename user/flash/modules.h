/*
 * The contents of the partition MODULES: a table, then the modules, ELF files, each on pages of its own so that it can be mapped.
 *
 *     page 0    "VMODULES", how many (32 bits), zero (32 bits); then an entry of 20 bytes for each
 *     entry     name (16 bytes, NUL-padded), number of its first page (16 bits), how many pages (16 bits)
 *
 * Big-endian, as all in the flash. Shared by the modules server, which reads it, and `vitrine pnor pack`, which makes it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MODULES_PAGE_BYTES 4096
#define MODULES_MAX 192
#define MODULES_NAME_CHARS 16

struct module_entry {
	char name[MODULES_NAME_CHARS + 1]; /* for modules_write(), all behind its end is NUL */
	uint32_t first_page, pages;
};

struct module_table {
	unsigned count;
	struct module_entry entry[MODULES_MAX];
};

/* Reads the table from page 0 of a partition with so many pages. False: it is none, or a module does not lie in the partition. */
bool modules_read(struct module_table *table, const uint8_t page[MODULES_PAGE_BYTES], uint64_t pages);

/* The opposite. All of the page is written. */
void modules_write(const struct module_table *table, uint8_t page[MODULES_PAGE_BYTES]);
