/*
 * Boot archives and programs made up by tests: good ones, and ones with any field wrong.
 *
 * Who calls: the tests of the archive reader and the ELF loader, and sim_user.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "types.h"

/* A buffer that grows; `data` is exactly as large as `bytes`, so that a sanitizer sees a read one byte too far. */
struct image {
	uint8_t *data;
	size_t bytes;
};

void image_append(struct image *image, const void *data, size_t bytes);
void image_zeros(struct image *image, size_t bytes);
void image_free(struct image *image);

/* Appends a file as ustar has it: a header block, the data, padding. Returns where the header is. */
size_t archive_add(struct image *archive, const char *name, const void *data, size_t bytes);

/* Ends an archive with two zero blocks. */
void archive_end(struct image *archive);

struct elf_part {
	uint64_t address;
	uint64_t file_bytes;
	uint64_t memory_bytes;
	unsigned flags; /* 4 read, 2 write, 1 execute */
	uint8_t fill;   /* what the bytes from the file are */
};

/* An ELF64 program for the simulated machine. */
struct image elf_make(uint64_t entry, const struct elf_part *parts, unsigned count);

/* Where fields lie, for tests that break them. */
enum { ELF_AT_MACHINE = 18, ELF_AT_TYPE = 16, ELF_AT_PROGRAM_OFFSET = 32, ELF_AT_PROGRAM_BYTES = 54, ELF_AT_PROGRAM_COUNT = 56 };
enum { ELF_HEADER_BYTES = 64, ELF_PART_BYTES = 56 };
enum { PART_AT_FLAGS = 4, PART_AT_OFFSET = 8, PART_AT_ADDRESS = 16, PART_AT_FILE_BYTES = 32, PART_AT_MEMORY_BYTES = 40 };
