/*
 * One symbol of an ELF file, of either byte order.
 *
 * Who calls: event.c, for the address of arch_trace_stop(). Invariant: nothing outside of the file is read, whatever its headers say.
 */
#include <byteswap.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "at/stub.h"
#include "commands.h"
#include "pnor/pnor.h"

struct elf {
	const uint8_t *data;
	uint64_t bytes;
	bool swapped;
};

static uint64_t word64(const struct elf *elf, uint64_t word)
{
	return elf->swapped ? bswap_64(word) : word;
}

static uint32_t word32(const struct elf *elf, uint32_t word)
{
	return elf->swapped ? bswap_32(word) : word;
}

/* Where `bytes` bytes at `offset` are, or NULL if the file has not so many. */
static const void *part(const struct elf *elf, uint64_t offset, uint64_t bytes)
{
	return bytes <= elf->bytes && offset <= elf->bytes - bytes ? elf->data + offset : NULL;
}

static bool section(const struct elf *elf, const Elf64_Ehdr *header, uint32_t index, Elf64_Shdr *to)
{
	const void *at = part(elf, word64(elf, header->e_shoff) + (uint64_t)index * sizeof(*to), sizeof(*to));
	if (at)
		memcpy(to, at, sizeof(*to));
	return at != NULL;
}

/* The value of a symbol in one table, 0 if it is not there. */
static uint64_t search_table(const struct elf *elf, const Elf64_Shdr *table, const Elf64_Shdr *strings, const char *name)
{
	uint64_t count = word64(elf, table->sh_size) / sizeof(Elf64_Sym), length = strlen(name) + 1;
	for (uint64_t i = 0; i < count; i++) {
		Elf64_Sym symbol;
		const void *at = part(elf, word64(elf, table->sh_offset) + i * sizeof(symbol), sizeof(symbol));
		if (!at)
			return 0;
		memcpy(&symbol, at, sizeof(symbol));
		const void *text = part(elf, word64(elf, strings->sh_offset) + word32(elf, symbol.st_name), length);
		if (text && !memcmp(text, name, length))
			return word64(elf, symbol.st_value);
	}
	return 0;
}

static uint64_t search(const struct elf *elf, const char *name)
{
	Elf64_Ehdr header;
	Elf64_Shdr table, strings;
	memcpy(&header, elf->data, sizeof(header));
	uint16_t sections = elf->swapped ? bswap_16(header.e_shnum) : header.e_shnum;
	for (uint32_t i = 0; i < sections; i++)
		if (section(elf, &header, i, &table) && word32(elf, table.sh_type) == SHT_SYMTAB &&
		    section(elf, &header, word32(elf, table.sh_link), &strings))
			return search_table(elf, &table, &strings, name);
	return 0;
}

uint64_t elf_symbol(const char *path, const char *name)
{
	struct bytes bytes = {0};
	uint64_t value = 0;
	if (!pnor_read_file(path, &bytes))
		return 0;
	struct elf elf = {.data = bytes.data, .bytes = bytes.size};
	if (elf.bytes >= sizeof(Elf64_Ehdr) && !memcmp(elf.data, ELFMAG, SELFMAG) && elf.data[EI_CLASS] == ELFCLASS64) {
		elf.swapped = (elf.data[EI_DATA] == ELFDATA2MSB) == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
		value = search(&elf, name);
	}
	free(bytes.data);
	if (!value)
		say("%s has no symbol `%s`", path, name);
	return value;
}
