/*
 * Names: see name.h. Who calls: system calls, threads, boot. Locks: none.
 */
#include "core/name.h"

#include "core/string.h"

const char *status_name(enum status status)
{
#define STATUS_NAME(name, number, text) [number] = #name,
	static const char *const names[] = {STATUS_CODES(STATUS_NAME)};
#undef STATUS_NAME
	return status < STATUS_CODES_END ? names[status] : "no status";
}

uint64_t name_word(const char *name, unsigned first)
{
	uint64_t word = 0;
	size_t length = strlen(name);
	for (unsigned i = first; i < first + 8; i++)
		word = word << 8 | (i < length ? (uint8_t)name[i] : 0);
	return word;
}

void name_from_words(uint64_t first, uint64_t second, char name[NAME_CHARS + 1])
{
	for (unsigned i = 0; i < NAME_CHARS; i++) {
		char c = (char)((i < 8 ? first : second) >> (56 - i % 8 * 8));
		name[i] = c >= ' ' && c <= '~' ? c : 0;
	}
	name[NAME_CHARS] = 0;
}
