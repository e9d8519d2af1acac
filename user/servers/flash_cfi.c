/*
 * The flash chip of the x86-64 machine: a NOR chip one byte wide with the Intel command set (Common Flash Interface, JESD68; Intel
 * Primary Vendor-Specific Command Set 0001h).
 *
 * Teaches: flash is no RAM. A write is a command to the chip, bits are programmed from 1 to 0 only, and the way back is to erase
 * a whole block. So a write that sets a bit reads the block, erases it, and programs it anew, with what lies beside the new bytes.
 * Who calls: pnor.c. What is simplified: nothing is kept in RAM between writes, so two writes to one block erase it twice.
 */
#include <vitrine.h>

#include "flash_chip.h"

#define BLOCK_BYTES 4096
#define BUFFER_BYTES 64

enum command {
	COMMAND_READ_ARRAY = 0xff,
	COMMAND_STATUS = 0x70,
	COMMAND_CLEAR_STATUS = 0x50,
	COMMAND_ERASE = 0x20,
	COMMAND_PROGRAM_BUFFER = 0xe8,
	COMMAND_CONFIRM = 0xd0,
};
enum status_bit { STATUS_READY = 0x80, STATUS_ERRORS = 0x3a };

static volatile uint8_t *chip;

void flash_start(volatile void *window, uint64_t bytes)
{
	(void)bytes;
	chip = window;
	chip[0] = COMMAND_CLEAR_STATUS;
	chip[0] = COMMAND_READ_ARRAY;
}

void flash_read(uint64_t offset, void *to, size_t bytes)
{
	const volatile uint32_t *from = (const volatile uint32_t *)(chip + offset);
	uint32_t *words = to;
	for (size_t i = 0; i < bytes / sizeof(uint32_t); i++)
		words[i] = from[i];
}

/* Waits until the chip is done; whether it did what it was told. */
static bool done(volatile uint8_t *block)
{
	uint8_t status;
	block[0] = COMMAND_STATUS;
	do
		status = block[0];
	while (!(status & STATUS_READY));
	if (status & STATUS_ERRORS)
		block[0] = COMMAND_CLEAR_STATUS;
	block[0] = COMMAND_READ_ARRAY;
	return !(status & STATUS_ERRORS);
}

static bool erase(volatile uint8_t *block)
{
	block[0] = COMMAND_ERASE;
	block[0] = COMMAND_CONFIRM;
	return done(block);
}

/* Programs a stretch of BUFFER_BYTES; the number that goes first is one less. */
static bool program(volatile uint8_t *to, const uint8_t *from)
{
	to[0] = COMMAND_PROGRAM_BUFFER;
	while (!(to[0] & STATUS_READY))
		;
	to[0] = BUFFER_BYTES - 1;
	for (unsigned i = 0; i < BUFFER_BYTES; i++)
		to[i] = from[i];
	to[0] = COMMAND_CONFIRM;
	return done(to);
}

/* Whether a bit would have to go from 0 to 1. */
static bool needs_erase(const uint8_t *old, const uint8_t *new)
{
	for (unsigned i = 0; i < BLOCK_BYTES; i++)
		if (new[i] & ~old[i])
			return true;
	return false;
}

static bool write_block(uint64_t offset, const uint8_t *old, const uint8_t *new)
{
	static uint8_t check[BLOCK_BYTES];
	volatile uint8_t *block = chip + offset;
	bool erased = needs_erase(old, new);
	bool good = !erased || erase(block);
	for (unsigned i = 0; i < BLOCK_BYTES && good; i += BUFFER_BYTES) {
		const uint8_t *part = new + i;
		bool same = erased ? part[0] == 0xff && !memcmp(part, part + 1, BUFFER_BYTES - 1)
				   : !memcmp(part, old + i, BUFFER_BYTES);
		if (!same)
			good = program(block + i, part);
	}
	flash_read(offset, check, sizeof(check));
	return good && !memcmp(check, new, sizeof(check));
}

bool flash_write(uint64_t offset, const void *from, size_t bytes)
{
	static uint8_t old[BLOCK_BYTES], new[BLOCK_BYTES];
	const uint8_t *data = from;
	bool good = true;
	while (bytes > 0 && good) {
		size_t at = offset % BLOCK_BYTES;
		size_t part = bytes < BLOCK_BYTES - at ? bytes : BLOCK_BYTES - at;
		flash_read(offset - at, old, BLOCK_BYTES);
		memcpy(new, old, BLOCK_BYTES);
		memcpy(new + at, data, part);
		if (memcmp(old, new, BLOCK_BYTES))
			good = write_block(offset - at, old, new);
		offset += part;
		data += part;
		bytes -= part;
	}
	return good;
}
