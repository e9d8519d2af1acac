/*
 * The parts of `vitrine pnor` and what they say to each other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../user/flash/ecc.h"
#include "../../user/flash/ffs.h"

/* The unit in which the guest reads: a page of data, erased or not. */
#define PNOR_PAGE_BYTES 4096

struct bytes {
	uint8_t *data;
	size_t size;
};

/* A flash image and its table. */
struct pnor {
	struct bytes image;
	struct ffs_table table;
};

/* What was asked for. */
struct pnor_options {
	const char *file, *name; /* the image, a partition */
	const char *output;
	uint64_t size;
	const char *part[FFS_PARTITIONS_MAX]; /* --part, as it was given */
	unsigned parts;
	const char *bits;
	uint64_t random, seed;
	bool two;
};

/* Reads the options of a command; 0, or the exit code after having said what is wrong. */
int pnor_options_parse(struct pnor_options *options, int argc, char **argv);

/* A size: a number, or one with K or M behind it. False after having said that it is none. */
bool pnor_size(uint64_t *size, const char *option, const char *text);

/* Makes an image. The exit code. */
int pnor_build(const struct pnor_options *options);

/* Files as a whole; false after having said what is wrong. The caller frees the data. */
bool pnor_read_file(const char *path, struct bytes *bytes);
bool pnor_write_file(const char *path, const struct bytes *bytes);
bool pnor_open(const char *path, struct pnor *pnor);

/* `vitrine pnor pack`, with its own arguments; the exit code. */
int pnor_pack(int argc, char **argv);
