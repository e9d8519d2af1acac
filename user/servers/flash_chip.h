/*
 * A flash chip, as the pnor server drives it. Each machine has its own kind; flash_cfi.c, flash_mtd.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The chip is seen through `window`. */
void flash_start(volatile void *window, uint64_t bytes);

/* Offset and size are multiples of four. */
void flash_read(uint64_t offset, void *to, size_t bytes);

/* Any range; what lies beside it stays. False if the chip does not hold afterwards what was written. */
bool flash_write(uint64_t offset, const void *from, size_t bytes);
