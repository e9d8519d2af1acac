/*
 * The table of the partition MODULES: modules.h draws it.
 *
 * Teaches: a reader believes nothing that lies on a medium before it has looked. Who calls: the modules server, `vitrine pnor pack`.
 */
#include "modules.h"

enum { COUNT = 8, ENTRIES = 16, ENTRY_BYTES = 20, FIRST_PAGE = 16, PAGES = 18 };
_Static_assert(ENTRIES + MODULES_MAX * ENTRY_BYTES <= MODULES_PAGE_BYTES, "the table fits");

static uint32_t get16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static const uint8_t magic[COUNT] = {'V', 'M', 'O', 'D', 'U', 'L', 'E', 'S'};

bool modules_read(struct module_table *table, const uint8_t page[MODULES_PAGE_BYTES], uint64_t pages)
{
	*table = (struct module_table){.count = get16(page + COUNT) << 16 | get16(page + COUNT + 2)};
	for (unsigned i = 0; i < COUNT; i++)
		if (page[i] != magic[i])
			return false;
	if (table->count > MODULES_MAX)
		return false;
	for (unsigned i = 0; i < table->count; i++) {
		const uint8_t *from = page + ENTRIES + i * ENTRY_BYTES;
		struct module_entry *entry = &table->entry[i];
		for (unsigned c = 0; c < MODULES_NAME_CHARS; c++)
			entry->name[c] = (char)from[c];
		entry->first_page = get16(from + FIRST_PAGE);
		entry->pages = get16(from + PAGES);
		if (!entry->name[0] || entry->first_page == 0 || entry->pages == 0 || entry->first_page + entry->pages > pages)
			return false;
	}
	return true;
}

void modules_write(const struct module_table *table, uint8_t page[MODULES_PAGE_BYTES])
{
	for (unsigned i = 0; i < MODULES_PAGE_BYTES; i++)
		page[i] = i < COUNT ? magic[i] : 0;
	put16(page + COUNT + 2, table->count);
	for (unsigned i = 0; i < table->count; i++) {
		uint8_t *to = page + ENTRIES + i * ENTRY_BYTES;
		const struct module_entry *entry = &table->entry[i];
		for (unsigned c = 0; c < MODULES_NAME_CHARS; c++)
			to[c] = (uint8_t)entry->name[c];
		put16(to + FIRST_PAGE, entry->first_page);
		put16(to + PAGES, entry->pages);
	}
}
