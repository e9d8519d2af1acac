/*
 * The boot archive: the files that come with the kernel.
 */
#pragma once

#include "abi/status.h"
#include "types.h"

struct archive_file {
	const void *data;
	uint64_t bytes;
};

/* Tells where the archive lies; `bytes` 0 for none. It is read where it is and never changes. */
void archive_init(const void *archive, uint64_t bytes);

/* Finds a file by name. NOT_FOUND if it is not there, INVALID if the archive is damaged before it. */
enum status archive_find(const char *name, struct archive_file *file);
