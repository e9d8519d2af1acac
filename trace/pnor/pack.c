/*
 * `vitrine pnor pack`: what lies in the partition MODULES, from the modules' ELF files.
 *
 * Teaches: a file system can be as small as a table, if nobody writes to it. Who calls: pnor.c. The format: user/flash/modules.h.
 */
#include <stdlib.h>
#include <string.h>

#include "../../user/flash/modules.h"
#include "commands.h"
#include "pnor/pnor.h"

#define PAGES_MAX 0xffff

/* A module's name: its file's, without folders and without what follows the dot. */
static bool take_name(struct module_table *table, struct module_entry *entry, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t chars = strcspn(name, ".");
	if (chars < 1 || chars > MODULES_NAME_CHARS)
		return say("%s: the name of a module has 1 to %d characters", path, MODULES_NAME_CHARS), false;
	memcpy(entry->name, name, chars);
	for (unsigned i = 0; i < table->count; i++)
		if (!strcmp(table->entry[i].name, entry->name))
			return say("there are two modules %s", entry->name), false;
	return true;
}

/* Puts one more module behind the others. */
static bool take_module(struct module_table *table, struct bytes *pack, const char *path)
{
	struct module_entry *entry = &table->entry[table->count];
	struct bytes file = {0};
	if (!take_name(table, entry, path) || !pnor_read_file(path, &file))
		return false;
	size_t pages = (file.size + MODULES_PAGE_BYTES - 1) / MODULES_PAGE_BYTES, first = pack->size / MODULES_PAGE_BYTES;
	bool good = file.size >= 4 && !memcmp(file.data, "\177ELF", 4) && first + pages <= PAGES_MAX;
	uint8_t *data = good ? realloc(pack->data, pack->size + pages * MODULES_PAGE_BYTES) : NULL;
	if (data) {
		memset(data + pack->size, 0, pages * MODULES_PAGE_BYTES);
		memcpy(data + pack->size, file.data, file.size);
		*pack = (struct bytes){data, pack->size + pages * MODULES_PAGE_BYTES};
		entry->first_page = (uint32_t)first;
		entry->pages = (uint32_t)pages;
		table->count++;
	}
	free(file.data);
	return data || (say(good ? "there is no memory" : "%s is no ELF file, or too large", path), false);
}

int pnor_pack(int argc, char **argv)
{
	static struct module_table table;
	struct bytes pack = {calloc(1, MODULES_PAGE_BYTES), MODULES_PAGE_BYTES};
	if (argc < 4 || strcmp(argv[1], "-o") || argv[3][0] == '-')
		return free(pack.data), say_usage("pnor", "pack takes -o FILE, and then the modules");
	if (argc - 3 > MODULES_MAX)
		return free(pack.data), say("%d modules are too many; %d is the limit", argc - 3, MODULES_MAX);
	bool good = pack.data != NULL;
	for (int i = 3; good && i < argc; i++)
		good = take_module(&table, &pack, argv[i]);
	if (good) {
		modules_write(&table, pack.data);
		good = pnor_write_file(argv[2], &pack);
	}
	free(pack.data);
	return !good;
}
