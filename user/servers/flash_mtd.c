/*
 * The flash chip of the POWER machine, behind its LPC bus: QEMU lets it be written like RAM, four bytes at a time.
 *
 * Teaches: device registers are read and written with the width the device has; the mapping is cache-inhibited, so each access
 * reaches it. Who calls: pnor.c. What is simplified: a real chip would be driven by its controller's commands (hiomap).
 */
#include <vitrine.h>

#include "flash_chip.h"

#define WORD sizeof(uint32_t)

static volatile uint8_t *chip;

void flash_start(volatile void *window, uint64_t bytes)
{
	(void)bytes;
	chip = window;
}

void flash_read(uint64_t offset, void *to, size_t bytes)
{
	const volatile uint32_t *from = (const volatile uint32_t *)(chip + offset);
	uint32_t *words = to;
	for (size_t i = 0; i < bytes / WORD; i++)
		words[i] = from[i];
}

bool flash_write(uint64_t offset, const void *from, size_t bytes)
{
	const uint8_t *data = from;
	for (size_t done = 0; done < bytes;) {
		uint32_t word;
		uint64_t at = (offset + done) % WORD;
		size_t part = bytes - done < WORD - at ? bytes - done : WORD - at;
		volatile uint32_t *place = (volatile uint32_t *)(chip + offset + done - at);
		word = *place;
		memcpy((uint8_t *)&word + at, data + done, part);
		*place = word;
		if (*place != word)
			return false;
		done += part;
	}
	return true;
}
