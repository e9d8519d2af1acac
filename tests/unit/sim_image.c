/*
 * Makes boot archives (POSIX.1-1988 ustar) and ELF64 programs byte by byte: see sim_image.h.
 *
 * These writers share no code and no struct with the kernel's readers, so that a field both would misplace is found.
 */
#include "sim_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define BLOCK_BYTES 512

void image_append(struct image *image, const void *data, size_t bytes)
{
	uint8_t *larger = malloc(image->bytes + bytes);
	if (image->bytes)
		memcpy(larger, image->data, image->bytes);
	if (data && bytes)
		memcpy(larger + image->bytes, data, bytes);
	else
		memset(larger + image->bytes, 0, bytes);
	free(image->data);
	image->data = larger;
	image->bytes += bytes;
}

void image_zeros(struct image *image, size_t bytes)
{
	image_append(image, NULL, bytes);
}

void image_free(struct image *image)
{
	free(image->data);
	*image = (struct image){0};
}

size_t archive_add(struct image *archive, const char *name, const void *data, size_t bytes)
{
	char header[BLOCK_BYTES] = {0};
	size_t at = archive->bytes;
	snprintf(header, 100, "%s", name);
	snprintf(header + 100, 8, "0000644");
	snprintf(header + 124, 12, "%011zo", bytes);
	header[156] = '0';
	memcpy(header + 257, "ustar\00000", 8);
	image_append(archive, header, sizeof(header));
	image_append(archive, data, bytes);
	image_zeros(archive, (BLOCK_BYTES - bytes % BLOCK_BYTES) % BLOCK_BYTES);
	return at;
}

void archive_end(struct image *archive)
{
	image_zeros(archive, 2 * BLOCK_BYTES);
}

static void put(uint8_t *at, uint64_t value, size_t bytes)
{
	memcpy(at, &value, bytes); /* the simulated machine has the host's byte order, which is little-endian */
}

struct image elf_make(uint64_t entry, const struct elf_part *parts, unsigned count)
{
	struct image image = {0};
	uint8_t header[ELF_HEADER_BYTES] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
	put(header + ELF_AT_TYPE, 2, 2);
	put(header + ELF_AT_MACHINE, SIM_ELF_MACHINE, 2);
	put(header + 20, 1, 4);
	put(header + 24, entry, 8);
	put(header + ELF_AT_PROGRAM_OFFSET, ELF_HEADER_BYTES, 8);
	put(header + 52, ELF_HEADER_BYTES, 2);
	put(header + ELF_AT_PROGRAM_BYTES, ELF_PART_BYTES, 2);
	put(header + ELF_AT_PROGRAM_COUNT, count, 2);
	image_append(&image, header, sizeof(header));
	uint64_t offset = ELF_HEADER_BYTES + (uint64_t)count * ELF_PART_BYTES;
	for (unsigned i = 0; i < count; i++) {
		uint8_t part[ELF_PART_BYTES] = {1};
		put(part + PART_AT_FLAGS, parts[i].flags, 4);
		put(part + PART_AT_OFFSET, offset, 8);
		put(part + PART_AT_ADDRESS, parts[i].address, 8);
		put(part + 24, parts[i].address, 8);
		put(part + PART_AT_FILE_BYTES, parts[i].file_bytes, 8);
		put(part + PART_AT_MEMORY_BYTES, parts[i].memory_bytes, 8);
		put(part + 48, PAGE_BYTES, 8);
		image_append(&image, part, sizeof(part));
		offset += parts[i].file_bytes;
	}
	for (unsigned i = 0; i < count; i++) {
		size_t at = image.bytes;
		image_zeros(&image, parts[i].file_bytes);
		memset(image.data + at, parts[i].fill, parts[i].file_bytes);
	}
	return image;
}
