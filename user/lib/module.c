/*
 * Modules: code that a program takes in while it runs, and gives back. ELF64 shared objects.
 *
 *     take      the module, and what it needs, are mapped where there is room; nothing is read that is not touched
 *     link      each relocation is a word that becomes an address: the module's own, one of a module it needs, or one of the program's
 *     protect   tables of addresses become read-only, so that every page has the rights it will keep
 *     init      only now does code of a module run: first that of the needed ones
 *
 * Teaches: one must not run what one has not finished. A module's init may call into any other, so all are linked and protected before
 * the first.
 * Who calls: programs. Whom: the modules server, load.c, module_link.c. Loading, each look at a module's tables, and each init and fini are
 * done by a thread of their own: a module that is damaged, on the medium or in its code, kills that thread, and the caller hears CRASHED.
 * What is simplified: needing in a circle is INVALID.
 */
#include "module.h"
#include "servers.h"

/* Modules lie here. Places are taken one behind the other, and again only when the end is reached: a call to what was unloaded shall not
 * find something else there so soon. */
#define PLACE_START UINT64_C(0x40000000)
#define PLACE_END UINT64_C(0x60000000)
#define PLACE_ALIGN (64 * KIB)

static struct mutex modules_lock;
static struct module *modules; /* MODULES_LOADED_MAX of them, once there is one */
static uint64_t last_id;       /* modules with a later one than `settled`, or none, belong to the load that goes on */
static uint64_t settled, next_place = PLACE_START;

/* ---- taking ---- */

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

static void unmap(struct module *module)
{
	if (module->file.mapped_end > module->file.base)
		DISCARD(sys_vm_unmap(module->file.base, module->file.mapped_end - module->file.base).status,
			"elf_map() mapped it");
	module->file.mapped_end = module->file.base = 0;
}

/* Maps the module where there is room. The program may have mapped something of its own there: then the next place is tried. */
static enum status map_somewhere(struct module *module)
{
	for (uint64_t tries = 0; tries < (PLACE_END - PLACE_START) / PLACE_ALIGN; tries++) {
		TRY(find_place(module));
		enum status status = elf_map(&module->file);
		if (status != STATUS_EXISTS)
			return status;
		unmap(module);
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
	if (result.status == STATUS_OK)
		result = answer_handle(&message);
	module->file.object = result.status == STATUS_OK ? result.value : 0;
	return (enum status)result.status;
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
	TRY(map_somewhere(module));
	leave_mark(MARK_MODULE_LOAD, module);
	module->announced = true;
	return module_read_dynamic(module);
}

/* The module with a name, loaded or being loaded; with the name "", a free place. */
static struct module *find_name(const char *name)
{
	for (unsigned i = 0; i < MODULES_LOADED_MAX; i++)
		if (!strcmp(modules[i].name, name))
			return &modules[i];
	return NULL;
}

static enum status take(const char *name, struct module **taken);

static enum status take_needed(struct module *module)
{
	for (; module->needed_count < module->names_needed; module->needed_count++) {
		const char *name = module_string(module, module->name_needed[module->needed_count]);
		TRY(name ? STATUS_OK : STATUS_INVALID);
		TRY(take(name, &module->needed[module->needed_count]));
	}
	return STATUS_OK;
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
		TRY(take_needed(module));
		module->id = ++last_id;
	}
	module->users++;
	*taken = module;
	return STATUS_OK;
}

/* ---- running what is a module's ---- */

/* Something to be done in a thread of its own. It is CRASHED until it says otherwise. */
struct apart {
	void (*function)(struct apart *);
	const char *name;
	struct module *module;
	uint64_t address;
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
		status = for_new(module_link);
	if (status == STATUS_OK)
		status = for_new(module_protect);
	if (status == STATUS_OK)
		status = for_new(initialize);
	apart->status = status;
}

/* ---- giving back ---- */

/* Lets a module go, and what only it needed. CRASHED if a fini did; it is gone all the same. */
static enum status drop(struct module *module)
{
	struct apart apart = {.function = finish, .name = module->name, .module = module};
	enum status status = STATUS_OK;
	if (module->started && module->dynamic[DYNAMIC_FINI])
		status = run_apart(&apart);
	if (module->announced)
		leave_mark(MARK_MODULE_UNLOAD, module);
	unmap(module);
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

/* Makes the table, the first time. NO_MEMORY. */
static enum status start(void)
{
	if (modules)
		return STATUS_OK;
	struct result memory = memory_map(NULL, page_up(MODULES_LOADED_MAX * sizeof(*modules)), RIGHTS_READ | RIGHTS_WRITE);
	modules = (struct module *)memory.value;
	return (enum status)memory.status;
}

struct result module_load(const char *name)
{
	struct apart apart = {.function = load, .name = name};
	mutex_lock(&modules_lock);
	struct result result = {start(), 0};
	if (result.status == STATUS_OK)
		result.status = run_apart(&apart);
	if (result.status == STATUS_OK) {
		for (uint64_t id = settled + 1; id <= last_id; id++)
			elf_close(&find_id(id)->file);
		apart.module->loads++;
		result.value = apart.module->id;
	} else if (modules) {
		undo();
	}
	settled = last_id;
	mutex_unlock(&modules_lock);
	return result;
}

static void find(struct apart *apart)
{
	apart->address = module_find(apart->module, apart->name);
	apart->status = apart->address ? STATUS_OK : STATUS_NOT_FOUND;
}

struct result module_symbol(uint64_t id, const char *name)
{
	struct result result = {STATUS_INVALID, 0};
	mutex_lock(&modules_lock);
	struct apart apart = {.function = find, .name = name, .module = find_id(id)};
	if (apart.module)
		result = (struct result){run_apart(&apart), apart.address};
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
