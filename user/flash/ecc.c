/*
 * The error-correcting code of OpenPOWER flash: see ecc.h.
 *
 * The parities are linear, so the check byte of a word is the exclusive or of what each of its bytes adds; a table has that for
 * every value of every byte, filled in by the compiler. Who calls: the pnor server, `vitrine pnor`, tests. Simplified: nothing.
 */
#include "ecc.h"

/* The matrix of the real machines' flash, row i for check bit i. Row i + 1 is row i moved by a byte. */
#define ROW_0 UINT64_C(0x0000e8423c0f99ff)
#define ROW_1 UINT64_C(0x00e8423c0f99ff00)
#define ROW_2 UINT64_C(0xe8423c0f99ff0000)
#define ROW_3 UINT64_C(0x423c0f99ff0000e8)
#define ROW_4 UINT64_C(0x3c0f99ff0000e842)
#define ROW_5 UINT64_C(0x0f99ff0000e8423c)
#define ROW_6 UINT64_C(0x99ff0000e8423c0f)
#define ROW_7 UINT64_C(0xff0000e8423c0f99)

/* What data bit `bit` (0 is the lowest of the last byte) adds to the check byte: its column. */
#define COLUMN(bit)                                                                                                              \
	((ROW_0 >> (bit)&1) | (ROW_1 >> (bit)&1) << 1 | (ROW_2 >> (bit)&1) << 2 | (ROW_3 >> (bit)&1) << 3 |                      \
	 (ROW_4 >> (bit)&1) << 4 | (ROW_5 >> (bit)&1) << 5 | (ROW_6 >> (bit)&1) << 6 | (ROW_7 >> (bit)&1) << 7)

/* What a half byte with value v at bit `bit` adds. */
#define ADDS(bit, v)                                                                                                             \
	(uint8_t)(((v)&1 ? COLUMN(bit) : 0) ^ ((v)&2 ? COLUMN((bit) + 1) : 0) ^ ((v)&4 ? COLUMN((bit) + 2) : 0) ^                \
		  ((v)&8 ? COLUMN((bit) + 3) : 0))
#define HALF(bit)                                                                                                                \
	{                                                                                                                        \
		ADDS(bit, 0), ADDS(bit, 1), ADDS(bit, 2), ADDS(bit, 3), ADDS(bit, 4), ADDS(bit, 5), ADDS(bit, 6), ADDS(bit, 7),  \
			ADDS(bit, 8), ADDS(bit, 9), ADDS(bit, 10), ADDS(bit, 11), ADDS(bit, 12), ADDS(bit, 13), ADDS(bit, 14),   \
			ADDS(bit, 15)                                                                                            \
	}
#define BYTE(bit)                                                                                                                \
	{                                                                                                                        \
		HALF((bit) + 4), HALF(bit)                                                                                       \
	}

/* By byte of the word, its upper and lower half, and their value. */
static const uint8_t adds[ECC_DATA_BYTES][2][16] = {BYTE(56), BYTE(48), BYTE(40), BYTE(32), BYTE(24), BYTE(16), BYTE(8), BYTE(0)};

#define EIGHT(bit)                                                                                                               \
	(uint8_t) COLUMN(bit), (uint8_t)COLUMN((bit) + 1), (uint8_t)COLUMN((bit) + 2), (uint8_t)COLUMN((bit) + 3),               \
		(uint8_t)COLUMN((bit) + 4), (uint8_t)COLUMN((bit) + 5), (uint8_t)COLUMN((bit) + 6), (uint8_t)COLUMN((bit) + 7)
static const uint8_t columns[64] = {EIGHT(0), EIGHT(8), EIGHT(16), EIGHT(24), EIGHT(32), EIGHT(40), EIGHT(48), EIGHT(56)};

uint8_t ecc_check_byte(const uint8_t data[ECC_DATA_BYTES])
{
	uint8_t check = 0;
	for (unsigned i = 0; i < ECC_DATA_BYTES; i++)
		check ^= adds[i][0][data[i] >> 4] ^ adds[i][1][data[i] & 15];
	return check;
}

void ecc_encode(uint8_t *raw, const uint8_t *data, size_t words)
{
	for (; words > 0; words--, raw += ECC_RAW_BYTES, data += ECC_DATA_BYTES) {
		for (unsigned i = 0; i < ECC_DATA_BYTES; i++)
			raw[i] = data[i];
		raw[ECC_DATA_BYTES] = ecc_check_byte(data);
	}
}

/* One bit of the nine bytes has flipped if the syndrome is a column, or a single one: then it was in the check byte. */
static bool correct(uint8_t *raw, uint8_t syndrome)
{
	if ((syndrome & (syndrome - 1)) == 0) {
		raw[ECC_DATA_BYTES] ^= syndrome;
		return true;
	}
	for (unsigned bit = 0; bit < 64; bit++) {
		if (columns[bit] != syndrome)
			continue;
		raw[7 - bit / 8] ^= (uint8_t)(1u << bit % 8);
		return true;
	}
	return false;
}

void ecc_decode(uint8_t *data, uint8_t *raw, size_t words, struct ecc_count *count)
{
	for (; words > 0; words--, raw += ECC_RAW_BYTES, data += ECC_DATA_BYTES) {
		uint8_t syndrome = ecc_check_byte(raw) ^ raw[ECC_DATA_BYTES];
		if (syndrome && correct(raw, syndrome))
			count->corrected++;
		else if (syndrome)
			count->uncorrectable++;
		for (unsigned i = 0; i < ECC_DATA_BYTES; i++)
			data[i] = raw[i];
	}
}

bool ecc_is_erased(const uint8_t *raw, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (raw[i] != 0xff)
			return false;
	return true;
}
