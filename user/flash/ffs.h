/*
 * The table at the start of an OpenPOWER flash image (PNOR): which partition lies where. All numbers are big-endian, 32 bits.
 *
 *     header, 48 bytes                                          entry, 128 bytes each
 *      0 magic "PART"     16 number of entries                   0 name, 15 characters and NUL     40 actual bytes
 *      4 version 1        20 bytes of a block                   16 first block                    44 reserved, 4 words
 *      8 blocks of table  24 blocks of the chip                 20 blocks                         60 user data, 16 words:
 *     12 bytes of entry   28 reserved, 4 words                  24 parent  28 id  32 type  36 flags    62 0x8000: has ECC
 *                         44 checksum                                                                 65 0x40: read-only
 *                                                              124 checksum
 *
 * A checksum makes the exclusive or of all words of its structure zero.
 * Teaches: input from outside is checked before it is believed. Shared by the pnor server and the host's tool.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FFS_NAME_CHARS 15
#define FFS_BLOCK_BYTES 4096
#define FFS_HEADER_BYTES 48
#define FFS_ENTRY_BYTES 128
#define FFS_PARTITIONS_MAX 30
/* The table takes one block. */
_Static_assert(FFS_HEADER_BYTES + FFS_PARTITIONS_MAX * FFS_ENTRY_BYTES <= FFS_BLOCK_BYTES, "the table fits");

struct ffs_partition {
	char name[FFS_NAME_CHARS + 1];
	uint32_t offset;       /* bytes from the start of the chip */
	uint32_t bytes;        /* on the chip */
	uint32_t actual_bytes; /* of data that mean something; 0 if nobody knows */
	bool ecc;
	bool read_only;
};

/* Bytes of data a partition can hold. */
uint32_t ffs_data_bytes(const struct ffs_partition *partition);

struct ffs_table {
	unsigned partitions;
	struct ffs_partition partition[FFS_PARTITIONS_MAX];
};

/* clang-format off */
#define FFS_PROBLEMS(X) \
	X(OK, "it is good") \
	X(SHORT, "the image is shorter than a table") \
	X(MAGIC, "it does not start with PART") \
	X(VERSION, "its version, block size or entry size is another") \
	X(CHECKSUM, "the checksum of the header is wrong") \
	X(ENTRIES, "it has more entries than fit") \
	X(ENTRY_CHECKSUM, "the checksum of an entry is wrong") \
	X(NAME, "an entry has no proper name") \
	X(RANGE, "a partition lies outside the chip or on the table") \
	X(OVERLAP, "two partitions overlap or have one name")
/* clang-format on */
#define FFS_PROBLEM_ENUM(name, text) FFS_##name,
enum ffs_problem { FFS_PROBLEMS(FFS_PROBLEM_ENUM) };
#undef FFS_PROBLEM_ENUM

/* In words, for people. */
const char *ffs_problem_text(enum ffs_problem problem);

/* Reads and checks the table at the start of a chip of `chip_bytes`; `block` is its first FFS_BLOCK_BYTES bytes. */
enum ffs_problem ffs_read(struct ffs_table *table, const uint8_t *block, uint64_t chip_bytes);

/* Writes the table into a block. What it says has to be right. */
void ffs_write(const struct ffs_table *table, uint8_t *block, uint64_t chip_bytes);

/* The partition with this name, or NULL. */
const struct ffs_partition *ffs_find(const struct ffs_table *table, const char *name);
