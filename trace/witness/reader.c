/*
 * Opening a run's file `witness`.
 *
 * Teaches: before a file is believed, its parts have to add up to its size, and each number that leads somewhere has to lead inside.
 * Who calls: `vitrine witness`, `vitrine graph`. Invariant: witness.h's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "format.h"
#include "witness/witness.h"

/* No file of a real run has more of anything; so sizes cannot overflow. */
#define ROWS_MAX (UINT64_C(1) << 32)

/* The whole file; NULL with a sentence. */
static char *read_whole(const char *path, uint64_t *bytes, char *error, size_t error_bytes)
{
	char *name = NULL, *data = NULL;
	struct stat status;
	bool in_folder = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
	if (asprintf(&name, in_folder ? "%s/witness" : "%s", path) < 0)
		abort();
	FILE *file = fopen(name, "rb");
	if (file && fstat(fileno(file), &status) == 0 && (data = malloc((size_t)status.st_size + 1))) {
		*bytes = fread(data, 1, (size_t)status.st_size, file);
	} else if (in_folder && errno == ENOENT) {
		snprintf(error, error_bytes, "%s has no witness: `vitrine run --witness` records a run with one", path);
	} else {
		snprintf(error, error_bytes, "%s cannot be read: %s", name, strerror(errno));
	}
	if (file)
		fclose(file);
	free(name);
	return data;
}

/* Points at each part; false if they do not add up to the file. */
static bool find_parts(struct witness *witness, uint64_t bytes)
{
	const struct witness_header *header = witness->header;
	const uint64_t rows[] = {header->functions, header->text_bytes, header->cpus, header->paths, header->exceptions};
	const uint64_t size[] = {sizeof(*witness->functions), 1, sizeof(*witness->cpus), sizeof(*witness->paths),
				 sizeof(*witness->exceptions)};
	const char *part[5];
	uint64_t at = sizeof(*header);
	for (unsigned i = 0; i < 5; i++) {
		if (rows[i] > ROWS_MAX || rows[i] * size[i] > bytes - at)
			return false;
		part[i] = (const char *)witness->data + at;
		at += rows[i] * size[i];
	}
	witness->functions = (const void *)part[0];
	witness->text = part[1];
	witness->cpus = (const void *)part[2];
	witness->paths = (const void *)part[3];
	witness->exceptions = (const void *)part[4];
	return at == bytes && header->cpus <= WITNESS_CPUS_MAX && header->text_bytes % 8 == 0 &&
	       (header->text_bytes == 0 || witness->text[header->text_bytes - 1] == '\0');
}

static bool functions_are_good(const struct witness *witness)
{
	const struct witness_header *header = witness->header;
	for (uint64_t i = 0; i < header->functions; i++) {
		const struct witness_function *function = &witness->functions[i];
		if (function->name >= header->text_bytes || function->file >= header->text_bytes ||
		    function->same_as >= header->functions || function->start > function->end ||
		    (i > 0 && function->start < function[-1].end))
			return false;
	}
	return true;
}

/* Callers come first, so following them upwards ends. */
static bool paths_are_good(const struct witness *witness)
{
	for (uint64_t i = 0; i < witness->header->paths; i++) {
		const struct witness_path *path = &witness->paths[i];
		bool is_root = path->function >= WITNESS_OUTSIDE && path->function <= WITNESS_INTERRUPTED;
		if (path->cpu >= WITNESS_CPUS_MAX || (is_root ? path->parent != i : path->parent >= i) ||
		    (!is_root && path->function >= witness->header->functions))
			return false;
	}
	for (uint64_t i = 0; i < witness->header->exceptions; i++)
		if (witness->exceptions[i].cpu >= witness->header->cpus)
			return false;
	return true;
}

/* The checksum is taken with 0 in its own place. */
static uint64_t checksum_of(const struct witness_header *header, uint64_t bytes)
{
	struct witness_header copy = *header;
	copy.checksum = 0;
	uint64_t sum = format_checksum(FORMAT_CHECKSUM_START, &copy, sizeof(copy));
	return format_checksum(sum, header + 1, bytes - sizeof(copy));
}

/* What is wrong with it; NULL if nothing is. */
static const char *what_is_wrong(struct witness *witness, uint64_t bytes)
{
	const struct witness_header *header = witness->header;
	if (bytes < sizeof(*header) || memcmp(header->magic, WITNESS_MAGIC, sizeof(header->magic)) != 0)
		return "is not the file of a witness";
	if (header->version != WITNESS_VERSION)
		return "is of another version: the run has to be recorded again";
	if (header->cpus == 0)
		return "is not whole: QEMU did not come to its end, or has not yet";
	if (!find_parts(witness, bytes))
		return "is cut short, or its header is damaged";
	if (checksum_of(header, bytes) != header->checksum)
		return "is damaged: its checksum is another";
	if (!memchr(header->machine, 0, sizeof(header->machine)) || !functions_are_good(witness) || !paths_are_good(witness))
		return "is damaged: it does not hold together";
	return NULL;
}

struct witness *witness_open(const char *path, char *error, size_t error_bytes)
{
	uint64_t bytes = 0;
	char *data = read_whole(path, &bytes, error, error_bytes);
	struct witness *witness = data ? calloc(1, sizeof(*witness)) : NULL;
	if (!witness)
		return NULL;
	witness->data = data;
	witness->header = witness->data;
	const char *wrong = what_is_wrong(witness, bytes);
	if (!wrong)
		return witness;
	snprintf(error, error_bytes, "what the witness left in %s %s", path, wrong);
	witness_close(witness);
	return NULL;
}

void witness_close(struct witness *witness)
{
	if (!witness)
		return;
	free(witness->data);
	free(witness);
}

const char *witness_name(const struct witness *witness, uint32_t function)
{
	switch (function) {
	case WITNESS_OUTSIDE:
		return "(outside the kernel)";
	case WITNESS_USER:
		return "(user mode)";
	case WITNESS_INTERRUPTED:
		return "(the kernel, interrupted)";
	default:
		return witness->text + witness->functions[function].name;
	}
}

const char *witness_source(const struct witness *witness, uint32_t function)
{
	return function >= WITNESS_OUTSIDE ? "" : witness->text + witness->functions[function].file;
}
