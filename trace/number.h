/*
 * Numbers as people type them.
 *
 * Who calls: every command of the tools that takes one which may be an address.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* A whole number, decimal (010 is ten) or hexadecimal after 0x, and nothing behind it. */
static inline bool number_in(const char *text, uint64_t *number)
{
	bool hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *end;
	errno = 0;
	*number = strtoull(text, &end, hexadecimal ? 16 : 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}
