/*
 * Modules: code that is taken in while the program runs, called, and given back; those that fail on the way; a hundred at once.
 *
 *     build/vitrine run --program linking --icount && build/vitrine events out/run --event module_load
 *
 * With `--append program.damaged=1` it only tries to load whatever there is, good or not (tests/e2e/modules.sh), and has to survive that.
 */
#include <servers.h>

#include "../modules/counter.h"

#define MANY 100

/* ---- what modules call here ---- */

static char heard[128];

void module_speaks(const char *what)
{
	size_t length = strlen(heard);
	snprintf(heard + length, sizeof(heard) - length, "%s, ", what);
	mark_instant(what, 0);
}

static const struct module_export exports[] = {{"module_speaks", (uintptr_t)&module_speaks}};

/* The words that modules have said since this was asked last are those. */
static bool heard_is(const char *wanted)
{
	bool same = !strcmp(heard, wanted);
	if (!same)
		printf("heard: %s\n", heard);
	heard[0] = '\0';
	return same;
}

/* ---- calling ---- */

/* A function of a module. */
struct function {
	union {
		uint64_t address;
		int (*call)(void);
		int (*call_with)(int);
		const char *(*text)(void);
		const int *const *(*pointer)(void);
	};
};

static struct function function(uint64_t module, const char *name)
{
	return (struct function){.address = must(module_symbol(module, name))};
}

static int call_apart(void *argument)
{
	struct function *function = argument;
	return function->call();
}

static int write_there(void *argument)
{
	*(volatile int *)argument = 1;
	return 0;
}

/* A thread of its own does it, since it may die of it: the status is how that ended. */
static uint64_t apart(int (*what)(void *), void *argument)
{
	return thread_join(must(thread_create("apart", what, argument))).status;
}

static unsigned rights_of(uint64_t address)
{
	struct vm_query query;
	must(sys_vm_query(address, (uintptr_t)&query));
	return query.bytes ? query.rights : RIGHTS_NONE;
}

/* ---- what is tried ---- */

static void load_call_unload(void)
{
	uint64_t counter = must(module_load("counter"));
	uint64_t base = must(module_base(counter));
	struct function next = function(counter, "counter_next");
	check(heard_is("counter starts, ") && next.call() == 111 && next.call() == 112);
	check(function(counter, "counter_calls").call() == 2 && *(int *)must(module_symbol(counter, "counter_value")) == 112);
	check(module_symbol(counter, "counter_nothing").status == STATUS_NOT_FOUND);
	check(rights_of(base) == RIGHTS_READ && rights_of(next.address) == (RIGHTS_READ | RIGHTS_EXEC));
	check(rights_of(must(module_symbol(counter, "counter_value"))) == (RIGHTS_READ | RIGHTS_WRITE));
	const int *const *pointer = function(counter, "counter_pointer").pointer();
	check(**pointer == 112 && rights_of((uintptr_t)pointer) == RIGHTS_READ);
	/* Twice loaded, it is there once, until it is unloaded twice. */
	check(must(module_load("counter")) == counter && next.call() == 113);
	must(module_unload(counter));
	check(next.call() == 114 && heard_is(""));
	must(module_unload(counter));
	check(heard_is("counter ends, ") && rights_of(base) == RIGHTS_NONE);
	check(module_unload(counter).status == STATUS_INVALID && module_symbol(counter, "counter_next").status == STATUS_INVALID);
	check(apart(call_apart, &next) == STATUS_CRASHED);
	/* Again it is as new, and somewhere else. */
	counter = must(module_load("counter"));
	check(function(counter, "counter_next").call() == 111 && function(counter, "counter_calls").call() == 1);
	check(must(module_base(counter)) != base && apart(call_apart, &next) == STATUS_CRASHED);
	must(module_unload(counter));
	check(heard_is("counter starts, counter ends, "));
}

/* Memory of the program's own where the next module would be put: that goes elsewhere, and the memory stays. */
static void others_keep_their_place(void)
{
	uint64_t counter = must(module_load("counter"));
	uint64_t next = must(module_base(counter)) + 64 * KIB;
	must(module_unload(counter));
	uint64_t *memory = (uint64_t *)must(memory_map((void *)(next + 2 * PAGE_BYTES), PAGE_BYTES, RIGHTS_READ | RIGHTS_WRITE));
	*memory = 17;
	counter = must(module_load("counter"));
	check(must(module_base(counter)) > next && *memory == 17);
	check(function(counter, "counter_next").call() == 111);
	must(module_unload(counter));
	check(*memory == 17);
	must(memory_unmap(memory, PAGE_BYTES));
	check(heard_is("counter starts, counter ends, counter starts, counter ends, "));
}

static void needed_first(void)
{
	uint64_t total = must(module_load("total"));
	check(heard_is("counter starts, total starts, "));
	struct function next = function(total, "total_next");
	check(next.call_with(2) == 111 + 112 && !strcmp(function(total, "total_text").text(), "counter stands at 112"));
	uint64_t counter = must(module_load("counter"));
	check(function(counter, "counter_next").call() == 113 && heard_is(""));
	/* What is needed stays while it is needed. */
	must(module_unload(counter));
	check(module_unload(counter).status == STATUS_INVALID && next.call_with(1) == 114);
	must(module_unload(total));
	check(heard_is("total ends, counter ends, "));
}

static void no_code(void)
{
	uint64_t module = must(module_load("squares"));
	uint64_t squares = must(module_symbol(module, "squares"));
	check(((const unsigned *)squares)[9] == 81 && rights_of(squares) == RIGHTS_READ);
	check(apart(write_there, (void *)squares) == STATUS_CRASHED);
	must(module_unload(module));
}

static void what_fails_leaves_nothing(void)
{
	static const struct {
		const char *name;
		enum status status;
		const char *heard;
	} bad[] = {
		{"refuses", STATUS_DENIED, "counter starts, counter ends, "},
		{"crashes", STATUS_CRASHED, "counter starts, counter ends, "},
		{"lacks", STATUS_NOT_FOUND, ""},
		{"no such module", STATUS_NOT_FOUND, ""},
		{"a name that is longer than one", STATUS_NOT_FOUND, ""},
		{"", STATUS_NOT_FOUND, ""},
	};
	for (unsigned i = 0; i < ARRAY_LENGTH(bad); i++) {
		struct result result = module_load(bad[i].name);
		check(result.status == bad[i].status && heard_is(bad[i].heard));
	}
}

static void a_hundred(void)
{
	static uint64_t modules[MANY];
	char name[NAME_CHARS + 1];
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "many_%u", i);
		modules[i] = must(module_load(name));
	}
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 0; i < MANY; i++)
			check(function(modules[i], "many_next").call() == (int)(i + round));
	for (unsigned i = 0; i < MANY; i++)
		must(module_unload(modules[i]));
}

/* Every module there is, by the server's list; how many. */
static unsigned for_all(void (*each)(const char *name, uint64_t bytes, uint64_t loads))
{
	uint64_t server = must(service_find("modules"));
	unsigned count = 0;
	for (struct message message = {.type = MODULES_NAME};;
	     message = (struct message){.type = MODULES_NAME, .word = {count}}) {
		char name[NAME_CHARS + 1];
		must(ipc_call(server, &message));
		if (message.type != STATUS_OK)
			break;
		name_from_words(message.word, name);
		each(name, message.word[2], message.word[3]);
		count++;
	}
	must(sys_handle_close(server));
	return count;
}

static unsigned counter_loads;

static void note(const char *name, uint64_t bytes, uint64_t loads)
{
	check(bytes >= PAGE_BYTES);
	if (!strcmp(name, "counter"))
		counter_loads = (unsigned)loads;
}

static void load_and_say(const char *name, uint64_t bytes, uint64_t loads)
{
	(void)bytes, (void)loads;
	struct result result = module_load(name);
	printf("damaged: %s: %s\n", name, status_name(result.status));
	if (result.status == STATUS_OK)
		DISCARD(module_unload(result.value).status, "its fini may be what is damaged");
}

/* Waits until so much memory is free, but not for ever: threads take a moment to end. */
static bool is_free(uint64_t pages)
{
	for (unsigned tries = 0; tries < 100 && must(sys_memory_info(MEMORY_FREE)) < pages; tries++)
		thread_sleep_ms(1);
	return must(sys_memory_info(MEMORY_FREE)) >= pages;
}

int main(void)
{
	module_exports(exports, ARRAY_LENGTH(exports));
	if (program_option("damaged", 0)) {
		unsigned modules = for_all(load_and_say);
		heard[0] = '\0';
		load_call_unload();
		printf("linking: %u tried, and this program lives; %d things wrong\n", modules, checks_failed());
		return checks_failed();
	}
	uint64_t before = 0;
	for (unsigned round = 0; round < 2; round++) {
		thread_sleep_ms(2);
		before = must(sys_memory_info(MEMORY_FREE));
		load_call_unload();
		others_keep_their_place();
		needed_first();
		no_code();
		what_fails_leaves_nothing();
		a_hundred();
	}
	/* The first round has read what there is. The second gives back all that it takes, but for page tables: one in each 2 MiB. */
	uint64_t tables = MANY * 64 * KIB / (2 * MIB) + 2;
	check(is_free(before - tables));
	unsigned modules = for_all(note);
	check(modules >= MANY && counter_loads == 14);
	printf("linking: %u of them; %d things wrong\n", modules, checks_failed());
	return checks_failed();
}
