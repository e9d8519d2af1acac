/*
 * Modules: code that a program takes in while it runs, and gives back. ELF64 shared objects, linked here (System V ABI, "Dynamic Linking").
 *
 *     take      the module, and what it needs, are mapped where there is room; nothing is read that is not touched
 *     link      each relocation is a word that becomes an address: the module's own, one of a module it needs, or one of the program's
 *     protect   tables of addresses become read-only, so that every page has the rights it will keep
 *     init      only now does code of a module run: first that of the needed ones
 *
 * Teaches: a dynamic linker is a table walk. And that one must not run what one has not finished: a module's init may call into any other,
 * so all are linked and protected before the first.
 * Who calls: programs. Loading, and each init and fini, runs in a thread of its own: a module that is damaged, on the medium or in its code,
 * kills that thread, and module_load() says CRASHED.
 * What is simplified: symbols are sought among the modules that a module names as needed, then among the program's; there is no further
 * order, and no lazy linking. Needing in a circle is INVALID.
 */
#include "elf.h"
#include "servers.h"

#define MODULES_LOADED_MAX 128
#define NEEDED_MAX 8

/* Modules lie here. Places are taken one behind the other, and again only when the end is reached: a call to what was unloaded shall not
 * find something else there so soon. */
#define PLACE_START UINT64_C(0x40000000)
#define PLACE_END UINT64_C(0x60000000)
#define PLACE_ALIGN (64 * KIB)

struct module {
	char name[NAME_CHARS + 1]; /* empty: this place is free */
	uint64_t id;               /* ascending, a needed module before those that need it; 0 while not all it needs is there */
	bool started;              /* its init has run */
	unsigned users;            /* modules that need it, and loads */
	unsigned loads;
	unsigned needed_count;
	struct module *needed[NEEDED_MAX];
	struct elf_file file;
	uint64_t bytes; /* from its base, whole pages */
	uint64_t dynamic[DYNAMIC_TAGS];
	unsigned names_needed;
	uint64_t name_needed[NEEDED_MAX]; /* in its strings */
};

static struct mutex modules_lock;
static struct module *modules; /* MODULES_LOADED_MAX of them, once there is one */
static uint64_t last_id;       /* modules with a later one than `settled`, or none, belong to the load that goes on */
static uint64_t settled, next_place = PLACE_START;

/* ---- what modules may call in the program ---- */

#define EXPORTS(X)                                                                                                               \
	X(printf)                                                                                                                \
	X(snprintf)                                                                                                              \
	X(memcpy) X(memmove) X(memset) X(memcmp) X(strlen) X(strcmp) X(strncmp) X(mark_begin) X(mark_end) X(mark_instant)        \
		X(mark_counter) X(clock_ns) X(thread_sleep_ns) X(memory_new) X(memory_unmap) X(mutex_lock) X(mutex_unlock)
#define EXPORT(name) {#name, (uintptr_t) & (name)},
static const struct module_export library_exports[] = {EXPORTS(EXPORT)};
#undef EXPORT

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

static const char *string_at(const struct module *module, uint64_t offset)
{
	uint64_t bytes = module->dynamic[DYNAMIC_STRING_BYTES];
	const char *strings = inside(module, module->dynamic[DYNAMIC_STRINGS], bytes);
	return strings && offset < bytes && strings[bytes - 1] == '\0' ? strings + offset : "";
}

static const struct elf_symbol *symbol_at(const struct module *module, uint64_t number)
{
	const struct elf_symbol *symbols = inside(module, module->dynamic[DYNAMIC_SYMBOLS], (number + 1) * sizeof(*symbols));
	return symbols ? symbols + number : NULL;
}

static uint64_t symbol_address(const struct module *module, const struct elf_symbol *symbol)
{
	return symbol->value + (symbol->section == SECTION_ABSOLUTE ? 0 : module->file.base);
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

/* The address of what a module defines; 0 if it does not. The table: buckets, how many symbols, the buckets, each symbol's next one. */
static uint64_t find_symbol(const struct module *module, const char *name)
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
		if (symbol && symbol->section != SECTION_UNDEFINED && !strcmp(string_at(module, symbol->name), name))
			return symbol_address(module, symbol);
		number = table[2 + head[0] + number];
	}
	return 0;
}

/* ---- taking ---- */

static uint64_t page_up(uint64_t bytes)
{
	return (bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
}

/* With a page between them: what runs over the end of one does not run into the other. */
static bool overlaps(uint64_t start, uint64_t bytes)
{
	for (unsigned i = 0; i < MODULES_LOADED_MAX; i++) {
		uint64_t base = modules[i].file.base;
		if (base && start < base + modules[i].bytes + PAGE_BYTES && base < start + bytes + PAGE_BYTES)
			return true;
	}
	return false;
}

static enum status find_place(struct module *module)
{
	for (unsigned rounds = 0; rounds < 2; rounds++, next_place = PLACE_START) {
		uint64_t start = next_place;
		while (start + module->bytes < PLACE_END && overlaps(start, module->bytes))
			start += PLACE_ALIGN;
		if (start + module->bytes >= PLACE_END)
			continue;
		module->file.base = start;
		next_place = (start + module->bytes + PLACE_ALIGN) & ~(PLACE_ALIGN - 1);
		return STATUS_OK;
	}
	return STATUS_NO_MEMORY;
}

/* How many bytes the module takes. Its segments have to follow each other without a gap, from 0. */
static enum status measure(struct module *module)
{
	const struct elf_segment *segment;
	for (unsigned i = 0; (segment = elf_segment(&module->file, i)); i++) {
		if (segment->type != SEGMENT_LOAD || segment->memory_bytes == 0)
			continue;
		if ((segment->address & ~(PAGE_BYTES - 1)) != module->bytes || segment->memory_bytes > PLACE_END - PLACE_START)
			return STATUS_INVALID;
		module->bytes = page_up(segment->address + segment->memory_bytes);
	}
	return module->bytes ? STATUS_OK : STATUS_INVALID;
}

static enum status open_module(struct module *module)
{
	struct name_words words = name_to_words(module->name);
	struct message message = {.type = MODULES_OPEN, .word = {words.word[0], words.word[1]}};
	struct result result = service_find("modules");
	if (result.status != STATUS_OK)
		return (enum status)result.status;
	uint64_t server = result.value;
	result = ipc_call(server, &message);
	DISCARD(sys_handle_close(server).status, "it was just found");
	module->file.object = result.status == STATUS_OK ? message.handle : 0;
	return (enum status)(result.status == STATUS_OK ? message.type : result.status);
}

/* What the dynamic section says, which tells where the tables lie. */
static enum status read_dynamic(struct module *module)
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

static void leave_mark(enum mark mark, const struct module *module)
{
	struct name_words words = name_to_words(module->name);
	DISCARD(sys_trace_mark(mark, words.word[0], words.word[1], module->file.base, module->bytes).status,
		"there is such a mark");
}

static enum status map_module(struct module *module)
{
	TRY(open_module(module));
	TRY(elf_open(&module->file, ELF_MODULE));
	TRY(measure(module));
	TRY(find_place(module));
	leave_mark(MARK_MODULE_LOAD, module);
	TRY(elf_map(&module->file));
	return read_dynamic(module);
}

/* The module with a name, loaded or being loaded; with the name "", a free place. */
static struct module *find_name(const char *name)
{
	for (unsigned i = 0; i < MODULES_LOADED_MAX; i++)
		if (!strcmp(modules[i].name, name))
			return &modules[i];
	return NULL;
}

/* One more user for a module, which is mapped first if it is not there, with all it needs. */
static enum status take(const char *name, struct module **taken)
{
	if (!*name || strlen(name) > NAME_CHARS)
		return STATUS_NOT_FOUND;
	struct module *module = find_name(name);
	if (module && !module->id)
		return STATUS_INVALID; /* what it needs needs it */
	if (!module) {
		module = find_name("");
		if (!module)
			return STATUS_LIMIT;
		snprintf(module->name, sizeof(module->name), "%s", name);
		TRY(map_module(module));
		for (; module->needed_count < module->names_needed; module->needed_count++)
			TRY(take(string_at(module, module->name_needed[module->needed_count]),
				 &module->needed[module->needed_count]));
		module->id = ++last_id;
	}
	module->users++;
	*taken = module;
	return STATUS_OK;
}

/* ---- linking ---- */

static enum status resolve(const struct module *module, uint64_t number, uint64_t *address)
{
	const struct elf_symbol *symbol = symbol_at(module, number);
	if (!symbol)
		return STATUS_INVALID;
	const char *name = string_at(module, symbol->name);
	*address = symbol->section == SECTION_UNDEFINED ? 0 : symbol_address(module, symbol);
	for (unsigned i = 0; *address == 0 && i < module->needed_count; i++)
		*address = find_symbol(module->needed[i], name);
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

static enum status link_module(struct module *module)
{
	const uint64_t *dynamic = module->dynamic;
	TRY(relocate(module, dynamic[DYNAMIC_RELOCATIONS], dynamic[DYNAMIC_RELOCATION_BYTES]));
	return relocate(module, dynamic[DYNAMIC_PLT_RELOCATIONS], dynamic[DYNAMIC_PLT_BYTES]);
}

/* What only the loader writes is read-only from now on: whole pages, since the linker lets such data end where a page does. */
static enum status protect(struct module *module)
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

/* ---- running what is a module's ---- */

/* Something to be done in a thread of its own. It is CRASHED until it says otherwise. */
struct apart {
	void (*function)(struct apart *);
	const char *name;
	struct module *module;
	enum status status;
};

static int start_apart(void *argument)
{
	struct apart *apart = argument;
	apart->function(apart);
	return 0;
}

static enum status run_apart(struct apart *apart)
{
	apart->status = STATUS_CRASHED;
	struct result thread = thread_create(apart->name, start_apart, apart);
	if (thread.status != STATUS_OK)
		return (enum status)thread.status;
	DISCARD(thread_join(thread.value).status, "what it has done it says itself");
	return apart->status;
}

static enum status initialize(struct module *module)
{
	union {
		uint64_t address;
		enum status (*function)(void);
	} init = {module->file.base + module->dynamic[DYNAMIC_INIT]};
	if (module->dynamic[DYNAMIC_INIT])
		TRY(init.function());
	module->started = true;
	return STATUS_OK;
}

static void finish(struct apart *apart)
{
	union {
		uint64_t address;
		void (*function)(void);
	} fini = {apart->module->file.base + apart->module->dynamic[DYNAMIC_FINI]};
	fini.function();
	apart->status = STATUS_OK;
}

static struct module *find_id(uint64_t id)
{
	for (unsigned i = 0; modules && id && i < MODULES_LOADED_MAX; i++)
		if (modules[i].id == id)
			return &modules[i];
	return NULL;
}

/* Something with each new module, the needed ones first. */
static enum status for_new(enum status (*function)(struct module *))
{
	for (uint64_t id = settled + 1; id <= last_id; id++)
		TRY(function(find_id(id)));
	return STATUS_OK;
}

static void load(struct apart *apart)
{
	enum status status = take(apart->name, &apart->module);
	if (status == STATUS_OK)
		status = for_new(link_module);
	if (status == STATUS_OK)
		status = for_new(protect);
	if (status == STATUS_OK)
		status = for_new(initialize);
	apart->status = status;
}

/* ---- giving back ---- */

/* Lets a module go, and what only it needed. CRASHED if a fini did; it is gone all the same. */
static enum status drop(struct module *module)
{
	struct apart apart = {finish, module->name, module, STATUS_OK};
	enum status status = STATUS_OK;
	if (module->started && module->dynamic[DYNAMIC_FINI])
		status = run_apart(&apart);
	if (module->file.base) {
		leave_mark(MARK_MODULE_UNLOAD, module);
		DISCARD(sys_vm_unmap(module->file.base, module->bytes).status,
			"loading may have ended before there was anything");
	}
	elf_close(&module->file);
	if (module->file.object)
		DISCARD(sys_handle_close(module->file.object).status, "it came with the answer");
	struct module gone = *module;
	*module = (struct module){0};
	for (unsigned i = 0; i < gone.needed_count; i++) {
		enum status further = --gone.needed[i]->users ? STATUS_OK : drop(gone.needed[i]);
		status = status == STATUS_OK ? further : status;
	}
	return status;
}

/* After a load that failed: nothing of it stays. First those that are not complete, then those which are needed by nobody any more. */
static void undo(void)
{
	for (unsigned i = 0; i < MODULES_LOADED_MAX; i++)
		if (modules[i].name[0] && !modules[i].id)
			DISCARD(drop(&modules[i]), "the load has failed already");
	for (uint64_t id = last_id; id > settled; id--)
		if (find_id(id))
			DISCARD(drop(find_id(id)), "the load has failed already");
}

/* ---- what programs call ---- */

struct result module_load(const char *name)
{
	struct apart apart = {load, name, NULL, STATUS_OK};
	mutex_lock(&modules_lock);
	if (!modules)
		modules = memory_new(page_up(MODULES_LOADED_MAX * sizeof(*modules)));
	struct result result = {run_apart(&apart), 0};
	if (result.status == STATUS_OK) {
		for (uint64_t id = settled + 1; id <= last_id; id++)
			elf_close(&find_id(id)->file);
		apart.module->loads++;
		result.value = apart.module->id;
	} else {
		undo();
	}
	settled = last_id;
	mutex_unlock(&modules_lock);
	return result;
}

struct result module_symbol(uint64_t id, const char *name)
{
	struct result result = {STATUS_INVALID, 0};
	mutex_lock(&modules_lock);
	const struct module *module = find_id(id);
	if (module) {
		result.value = find_symbol(module, name);
		result.status = result.value ? STATUS_OK : STATUS_NOT_FOUND;
	}
	mutex_unlock(&modules_lock);
	return result;
}

struct result module_base(uint64_t id)
{
	mutex_lock(&modules_lock);
	const struct module *module = find_id(id);
	struct result result = {module ? STATUS_OK : STATUS_INVALID, module ? module->file.base : 0};
	mutex_unlock(&modules_lock);
	return result;
}

struct result module_unload(uint64_t id)
{
	struct result result = {STATUS_INVALID, 0};
	mutex_lock(&modules_lock);
	struct module *module = find_id(id);
	if (module && module->loads > 0) {
		module->loads--;
		result.status = --module->users ? STATUS_OK : drop(module);
	}
	mutex_unlock(&modules_lock);
	return result;
}
