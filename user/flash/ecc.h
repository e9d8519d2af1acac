/*
 * The error-correcting code of OpenPOWER flash: eight data bytes and one check byte.
 *
 *     raw    | d0 d1 d2 d3 d4 d5 d6 d7 | c |  d0 d1 ...        4096 data bytes are 4608 raw bytes
 *
 * Check bit i is the parity of (row i of the matrix & the eight bytes as one big-endian word). Each of the 64 columns of the matrix has
 * an odd number of ones and no two are the same, so a single flipped bit of the 72 shows as its own column and is corrected, and
 * two flipped bits show as something even and are detected. Three may look like one.
 *
 * Teaches: how much a few parities can say. Shared by the pnor server and the host's tool, so it knows no machine.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ECC_DATA_BYTES 8
#define ECC_RAW_BYTES 9

static inline size_t ecc_raw_bytes(size_t data_bytes)
{
	return (data_bytes + ECC_DATA_BYTES - 1) / ECC_DATA_BYTES * ECC_RAW_BYTES;
}

/* The check byte of eight data bytes. */
uint8_t ecc_check_byte(const uint8_t data[ECC_DATA_BYTES]);

/* Makes raw bytes of `words` times eight data bytes. */
void ecc_encode(uint8_t *raw, const uint8_t *data, size_t words);

struct ecc_count {
	unsigned corrected;     /* bits that had flipped; data and raw have them right now */
	unsigned uncorrectable; /* words with more than that: their data cannot be trusted */
};

/* Takes the data out of raw bytes, and corrects both where it can. Adds to *count. */
void ecc_decode(uint8_t *data, uint8_t *raw, size_t words, struct ecc_count *count);

/* Whether raw bytes are as erasing the flash left them: all ones, which is no valid code. */
bool ecc_is_erased(const uint8_t *raw, size_t bytes);
