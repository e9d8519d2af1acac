/*
 * Memory and string functions for an image without a C library.
 *
 * Teaches: the compiler itself calls memcpy and memset, so every freestanding program has to have them. Whole words are moved
 * where both sides are aligned, eight at a time: a page is zeroed in some 600 instructions on both machines.
 * Who calls: everything, and the compiler.
 */
#include "core/string.h"

#define WORD sizeof(uint64_t)
#define UNROLL 16

typedef uint64_t __attribute__((may_alias)) word;

static bool both_aligned(const void *a, const void *b)
{
	return (((uintptr_t)a | (uintptr_t)b) & (WORD - 1)) == 0;
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	uint8_t *t = to;
	const uint8_t *f = from;
	if (both_aligned(to, from)) {
		for (; bytes >= WORD; bytes -= WORD, t += WORD, f += WORD)
			*(word *)t = *(const word *)f;
	}
	while (bytes--)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	uint8_t *t = to;
	const uint8_t *f = from;
	if (t <= f || t >= f + bytes) {
		while (bytes--)
			*t++ = *f++;
	} else {
		while (bytes--)
			t[bytes] = f[bytes];
	}
	return to;
}

void *memset(void *to, int byte, size_t bytes)
{
	uint8_t *t = to;
	uint64_t pattern = (uint8_t)byte * UINT64_C(0x0101010101010101);
	for (; bytes && ((uintptr_t)t & (WORD - 1)); bytes--)
		*t++ = (uint8_t)byte;
	for (; bytes >= UNROLL * WORD; bytes -= UNROLL * WORD, t += UNROLL * WORD) {
		word *w = (word *)t;
		w[0] = pattern;
		w[1] = pattern;
		w[2] = pattern;
		w[3] = pattern;
		w[4] = pattern;
		w[5] = pattern;
		w[6] = pattern;
		w[7] = pattern;
		w[8] = pattern;
		w[9] = pattern;
		w[10] = pattern;
		w[11] = pattern;
		w[12] = pattern;
		w[13] = pattern;
		w[14] = pattern;
		w[15] = pattern;
	}
	for (; bytes >= WORD; bytes -= WORD, t += WORD)
		*(word *)t = pattern;
	while (bytes--)
		*t++ = (uint8_t)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const uint8_t *x = a;
	const uint8_t *y = b;
	for (; bytes; bytes--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *text)
{
	size_t length = 0;
	while (text[length])
		length++;
	return length;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t chars)
{
	for (; chars && *a && *a == *b; a++, b++, chars--)
		;
	return chars ? (uint8_t)*a - (uint8_t)*b : 0;
}
