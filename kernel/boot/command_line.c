/*
 * Reads the kernel's command line. Words the kernel knows: program seed trace ring budget memory cpus broken_cpu mmu
 * selftest.
 * Who calls: boot. Locks: none.
 */
#include "boot/command_line.h"

#include "core/string.h"

bool command_text(const char *line, const char *name, char value[COMMAND_WORD_CHARS])
{
	size_t name_length = strlen(name);
	bool found = false;
	value[0] = 0;
	while (*line) {
		size_t length = 0;
		while (line[length] && line[length] != ' ')
			length++;
		if (length > name_length && line[name_length] == '=' && !strncmp(line, name, name_length)) {
			size_t chars = min_u64(length - name_length - 1, COMMAND_WORD_CHARS - 1);
			memcpy(value, line + name_length + 1, chars);
			value[chars] = 0;
			found = true;
		}
		line += length;
		while (*line == ' ')
			line++;
	}
	return found;
}

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 99;
}

uint64_t command_number(const char *line, const char *name, uint64_t otherwise)
{
	char text[COMMAND_WORD_CHARS];
	uint64_t value = 0;
	if (!command_text(line, name, text) || !text[0])
		return otherwise;
	bool hex = text[0] == '0' && text[1] == 'x' && text[2];
	for (const char *at = text + (hex ? 2 : 0); *at; at++) {
		unsigned base = hex ? 16 : 10;
		if (digit_value(*at) >= base || value > (UINT64_MAX - digit_value(*at)) / base)
			return otherwise;
		value = value * base + digit_value(*at);
	}
	return value;
}
