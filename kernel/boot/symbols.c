/*
 * Names for addresses: what a backtrace prints.
 *
 * Teaches: a symbol table is a sorted list of addresses. The file is what `nm -n` prints, a line each: address, type, name.
 * Who calls: panic, the line about a crashed thread. Only then: a search reads the whole file. Locks: none; the archive never
 * changes.
 */
#include "boot/symbols.h"

#include "boot/archive.h"
#include "core/print.h"
#include "core/string.h"

/* One line of the file; `end` is where the next starts. */
struct symbol_line {
	uint64_t address;
	const char *name;
	size_t name_length;
	const char *end;
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads "0123456789abcdef T name\n"; a line of another form gets an empty name. */
static struct symbol_line line_read(const char *at, const char *limit)
{
	struct symbol_line line = {0};
	for (; at < limit && hex_digit(*at) >= 0; at++)
		line.address = line.address << 4 | (unsigned)hex_digit(*at);
	const char *name = at + 3;
	while (at < limit && *at != '\n')
		at++;
	if (name < at) {
		line.name = name;
		line.name_length = (size_t)(at - name);
	}
	line.end = at < limit ? at + 1 : limit;
	return line;
}

void symbol_text(const char *file, uint64_t address, char text[SYMBOL_TEXT])
{
	struct archive_file symbols;
	struct symbol_line best = {0};
	bool bounded = false;
	if (archive_find(file, &symbols) == STATUS_OK) {
		const char *limit = (const char *)symbols.data + symbols.bytes;
		for (const char *at = symbols.data; at < limit;) {
			struct symbol_line line = line_read(at, limit);
			if (line.name && line.address <= address)
				best = line;
			else if (line.name)
				bounded = true;
			at = bounded ? limit : line.end;
		}
	}
	if (!best.name || !bounded) {
		kformat(text, SYMBOL_TEXT, "?");
		return;
	}
	char name[SYMBOL_TEXT - 24];
	size_t length = min_u64(best.name_length, sizeof(name) - 1);
	memcpy(name, best.name, length);
	name[length] = 0;
	kformat(text, SYMBOL_TEXT, "%s+0x%lx", name, (unsigned long)(address - best.address));
}
