/*
 * How a text ends. Who calls: whatever sorts files by their names.
 */
#pragma once

#include <stdbool.h>
#include <string.h>

static inline bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), cut = strlen(end);
	return length >= cut && !strcmp(text + length - cut, end);
}
