/*
 * Linking a module: see module.h.
 *
 * Teaches: a dynamic linker is a table walk. The tables are the module's own (System V ABI, "Dynamic Linking"), so nothing in them is
 * believed: each address is looked at before it is followed.
 * Who calls: module.c, in a thread that may die of what cannot be read. Whom: the kernel, for the rights of pages.
 * What is simplified: symbols are sought among the modules that a module names as needed, then among the program's; there is no further
 * order, and no lazy linking.
 */
#include "module.h"

/* ---- what modules may call in the program ---- */

#define EXPORT(name)                                                                                                             \
	{                                                                                                                        \
#name, (uintptr_t) & (name)                                                                                      \
	}
static const struct module_export library_exports[] = {
	EXPORT(printf),     EXPORT(snprintf),     EXPORT(memcpy),       EXPORT(memmove),      EXPORT(memset),
	EXPORT(memcmp),     EXPORT(strlen),       EXPORT(strcmp),       EXPORT(strncmp),      EXPORT(mark_begin),
	EXPORT(mark_end),   EXPORT(mark_instant), EXPORT(mark_counter), EXPORT(clock_ns),     EXPORT(thread_sleep_ns),
	EXPORT(memory_new), EXPORT(memory_unmap), EXPORT(mutex_lock),   EXPORT(mutex_unlock),
};

static const struct module_export *program_exports;
static unsigned program_export_count;

void module_exports(const struct module_export *exports, unsigned count)
{
	program_exports = exports;
	program_export_count = count;
}

static uint64_t find_export(const struct module_export *exports, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count; i++)
		if (!strcmp(exports[i].name, name))
			return exports[i].address;
	return 0;
}

/* ---- looking into a module ---- */

/* Where something of a module lies that its tables speak of, or NULL if that is not in the module. */
static void *inside(const struct module *module, uint64_t address, uint64_t bytes)
{
	bool good = address < module->bytes && bytes <= module->bytes - address;
	return good ? (void *)(module->file.base + address) : NULL;
}

const char *module_string(const struct module *module, uint64_t offset)
{
	uint64_t bytes = module->dynamic[DYNAMIC_STRING_BYTES];
	const char *strings = inside(module, module->dynamic[DYNAMIC_STRINGS], bytes);
	return strings && offset < bytes && strings[bytes - 1] == '\0' ? strings + offset : NULL;
}

static const struct elf_symbol *symbol_at(const struct module *module, uint64_t number)
{
	const struct elf_symbol *symbols = inside(module, module->dynamic[DYNAMIC_SYMBOLS], (number + 1) * sizeof(*symbols));
	return symbols ? symbols + number : NULL;
}

/* 0 if it is none: outside of the module. */
static uint64_t symbol_address(const struct module *module, const struct elf_symbol *symbol)
{
	return symbol->section == SECTION_ABSOLUTE ? symbol->value : (uintptr_t)inside(module, symbol->value, 0);
}

static uint32_t hash_name(const char *name)
{
	uint32_t hash = 0;
	for (; *name; name++) {
		hash = (hash << 4) + (uint8_t)*name;
		hash = (hash ^ (hash & 0xf0000000) >> 24) & 0x0fffffff;
	}
	return hash;
}

/* The table: how many buckets, how many symbols, the buckets, each symbol's next one. */
uint64_t module_find(const struct module *module, const char *name)
{
	const uint32_t *head = inside(module, module->dynamic[DYNAMIC_HASH], 8);
	if (!head || head[0] == 0)
		return 0;
	const uint32_t *table = inside(module, module->dynamic[DYNAMIC_HASH], 8 + 4 * ((uint64_t)head[0] + head[1]));
	if (!table)
		return 0;
	uint32_t number = table[2 + hash_name(name) % head[0]];
	for (uint32_t steps = 0; number != 0 && number < head[1] && steps < head[1]; steps++) {
		const struct elf_symbol *symbol = symbol_at(module, number);
		const char *found = symbol ? module_string(module, symbol->name) : NULL;
		if (found && symbol->section != SECTION_UNDEFINED && !strcmp(found, name))
			return symbol_address(module, symbol);
		number = table[2 + head[0] + number];
	}
	return 0;
}

/* ---- the dynamic section ---- */

enum status module_read_dynamic(struct module *module)
{
	const struct elf_segment *segment;
	unsigned number = 0;
	while ((segment = elf_segment(&module->file, number)) && segment->type != SEGMENT_DYNAMIC)
		number++;
	const struct elf_dynamic *entry = segment ? inside(module, segment->address, segment->memory_bytes) : NULL;
	if (!entry)
		return STATUS_INVALID;
	for (uint64_t n = segment->memory_bytes / sizeof(*entry); n > 0 && entry->tag != DYNAMIC_END; n--, entry++) {
		if (entry->tag == DYNAMIC_NEEDED && module->names_needed == NEEDED_MAX)
			return STATUS_LIMIT;
		if (entry->tag == DYNAMIC_NEEDED)
			module->name_needed[module->names_needed++] = entry->value;
		else if (entry->tag < DYNAMIC_TAGS)
			module->dynamic[entry->tag] = entry->value;
	}
	return STATUS_OK;
}

/* ---- linking ---- */

static enum status resolve(const struct module *module, uint64_t number, uint64_t *address)
{
	const struct elf_symbol *symbol = symbol_at(module, number);
	const char *name = symbol ? module_string(module, symbol->name) : NULL;
	if (!name)
		return STATUS_INVALID;
	*address = 0;
	if (symbol->section != SECTION_UNDEFINED) {
		*address = symbol_address(module, symbol);
		return *address ? STATUS_OK : STATUS_INVALID;
	}
	for (unsigned i = 0; *address == 0 && i < module->needed_count; i++)
		*address = module_find(module->needed[i], name);
	if (*address == 0)
		*address = find_export(program_exports, program_export_count, name);
	if (*address == 0)
		*address = find_export(library_exports, ARRAY_LENGTH(library_exports), name);
	if (*address != 0 || symbol->info >> 4 == BINDING_WEAK)
		return STATUS_OK;
	printf("module %s: nobody has its symbol %s\n", module->name, name);
	return STATUS_NOT_FOUND;
}

static enum status relocate(const struct module *module, uint64_t table, uint64_t bytes)
{
	const struct elf_relocation *relocation = inside(module, table, bytes);
	if (!relocation)
		return STATUS_INVALID;
	for (uint64_t i = 0; i < bytes / sizeof(*relocation); i++, relocation++) {
		uint64_t *word = inside(module, relocation->place, sizeof(*word)), address = module->file.base;
		switch ((uint32_t)relocation->info) {
		case RELOCATE_WORD:
		case RELOCATE_GLOBAL:
		case RELOCATE_CALL:
			TRY(resolve(module, relocation->info >> 32, &address));
			break;
		case RELOCATE_RELATIVE:
			break;
		default:
			return STATUS_INVALID;
		}
		if (!word)
			return STATUS_INVALID;
		*word = address + (uint64_t)relocation->addend;
	}
	return STATUS_OK;
}

enum status module_link(struct module *module)
{
	const uint64_t *dynamic = module->dynamic;
	if (!inside(module, dynamic[DYNAMIC_INIT], 0) || !inside(module, dynamic[DYNAMIC_FINI], 0))
		return STATUS_INVALID;
	TRY(relocate(module, dynamic[DYNAMIC_RELOCATIONS], dynamic[DYNAMIC_RELOCATION_BYTES]));
	return relocate(module, dynamic[DYNAMIC_PLT_RELOCATIONS], dynamic[DYNAMIC_PLT_BYTES]);
}

/* What only the loader writes is read-only from now on: whole pages, since the linker lets such data end where a page does. */
enum status module_protect(struct module *module)
{
	const struct elf_segment *segment;
	for (unsigned i = 0; (segment = elf_segment(&module->file, i)); i++) {
		uint64_t start = segment->address & ~(PAGE_BYTES - 1);
		uint64_t end = (segment->address + segment->memory_bytes) & ~(PAGE_BYTES - 1);
		if (segment->type != SEGMENT_RELRO || start >= end)
			continue;
		if (!inside(module, start, end - start))
			return STATUS_INVALID;
		TRY((enum status)sys_vm_protect(module->file.base + start, end - start, RIGHTS_READ).status);
	}
	return STATUS_OK;
}
