/*
 * The boot archive, a ustar file (POSIX.1-1988, section 10.1.1): headers of 512 bytes, each followed by its file.
 *
 *     offset   0  name, 100 bytes, NUL-padded       offset 257  "ustar"
 *            124  size, 11 octal digits             offset 156  type: '0' or NUL for a file
 *
 * Teaches: input from outside is checked before it is believed; every length is held against what is left.
 * Who calls: the program loader, symbols. Locks: none; the archive never changes.
 */
#include "boot/archive.h"

#include "core/string.h"

#define BLOCK_BYTES 512
#define NAME_BYTES 100
#define SIZE_AT 124
#define SIZE_DIGITS 11
#define TYPE_AT 156
#define MAGIC_AT 257

static const uint8_t *archive_start;
static uint64_t archive_bytes;

void archive_init(const void *archive, uint64_t bytes)
{
	archive_start = archive;
	archive_bytes = bytes;
}

static enum status read_octal(const uint8_t *digits, uint64_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < SIZE_DIGITS; i++) {
		if (digits[i] < '0' || digits[i] > '7')
			return STATUS_INVALID;
		*value = *value << 3 | (digits[i] - '0');
	}
	return STATUS_OK;
}

static bool name_is(const uint8_t *header, const char *name)
{
	size_t length = strlen(name);
	return length < NAME_BYTES && !memcmp(header, name, length) && header[length] == 0;
}

enum status archive_find(const char *name, struct archive_file *file)
{
	uint64_t at = 0;
	while (archive_bytes - at >= BLOCK_BYTES && archive_start[at]) {
		const uint8_t *header = archive_start + at;
		uint64_t bytes;
		if (memcmp(header + MAGIC_AT, "ustar", 5))
			return STATUS_INVALID;
		TRY(read_octal(header + SIZE_AT, &bytes));
		at += BLOCK_BYTES;
		if (bytes > archive_bytes - at)
			return STATUS_INVALID;
		if (name_is(header, name) && (header[TYPE_AT] == '0' || header[TYPE_AT] == 0)) {
			*file = (struct archive_file){archive_start + at, bytes};
			return STATUS_OK;
		}
		at = min_u64(at + round_up(bytes, BLOCK_BYTES), archive_bytes);
	}
	return STATUS_NOT_FOUND;
}
