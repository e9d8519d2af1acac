/*
 * Physical memory for the readers of arch/x86_64: see firmware_sim.h.
 *
 * Who calls: the tests, and through firmware_memory(), direct_map() and boot_say() the readers.
 */
#include "firmware_sim.h"

#include <stdlib.h>
#include <string.h>

#define PIECES_MAX 16
#define SAID_BYTES 4096

static struct piece {
	uint64_t at, bytes;
	uint8_t *data;
} pieces[PIECES_MAX];
static unsigned piece_count;

/* Copies that readers hold. */
static struct copy {
	struct copy *next;
	uint8_t *data;
} * copies;

static char said[SAID_BYTES];

void firmware_put(uint64_t at, const void *from, uint64_t bytes)
{
	struct piece *piece = pieces;
	while (piece < pieces + piece_count && piece->at != at)
		piece++;
	if (piece == pieces + PIECES_MAX)
		abort();
	if (piece == pieces + piece_count)
		piece_count++;
	free(piece->data);
	*piece = (struct piece){.at = at, .bytes = bytes, .data = malloc(bytes + 1)};
	if (bytes)
		memcpy(piece->data, from, bytes);
}

static void copies_free(void)
{
	while (copies) {
		struct copy *copy = copies;
		copies = copy->next;
		free(copy->data);
		free(copy);
	}
}

void firmware_forget(void)
{
	copies_free();
	for (unsigned i = 0; i < piece_count; i++)
		free(pieces[i].data);
	memset(pieces, 0, sizeof(pieces));
	piece_count = 0;
	said[0] = 0;
}

const char *firmware_said(void)
{
	return said;
}

const void *firmware_memory(uint64_t at, uint64_t bytes)
{
	for (unsigned i = 0; i < piece_count; i++) {
		const struct piece *piece = &pieces[i];
		if (at < piece->at || at - piece->at > piece->bytes || bytes > piece->bytes - (at - piece->at))
			continue;
		struct copy *copy = malloc(sizeof(*copy));
		*copy = (struct copy){.next = copies, .data = malloc(bytes)};
		if (bytes)
			memcpy(copy->data, piece->data + (at - piece->at), bytes);
		copies = copy;
		return copy->data;
	}
	return NULL;
}

bool direct_map(uint64_t base, uint64_t bytes)
{
	return base + bytes >= base && base + bytes <= DIRECT_BYTES_MAX;
}

void boot_say(const char *text)
{
	if (strlen(said) + strlen(text) < sizeof(said))
		strcat(said, text);
}
