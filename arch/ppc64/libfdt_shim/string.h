/* What libfdt wants of <string.h> in an image without a C library. The first four are the kernel's, kernel/core/string.c. */
#pragma once

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);

static inline size_t strnlen(const char *text, size_t limit)
{
	size_t length = 0;
	while (length < limit && text[length])
		length++;
	return length;
}

static inline void *memchr(const void *memory, int byte, size_t bytes)
{
	const unsigned char *m = (const unsigned char *)memory;
	for (; bytes; bytes--, m++)
		if (*m == (unsigned char)byte)
			return (void *)m;
	return NULL;
}

static inline char *strrchr(const char *text, int character)
{
	const char *found = NULL;
	do {
		if (*text == (char)character)
			found = text;
	} while (*text++);
	return (char *)found;
}
