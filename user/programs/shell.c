/*
 * A shell: a line at a time, from the serial console.
 *
 *     make run ARCH=ppc64 PROGRAM=shell        and then: help
 *
 * Teaches: a shell needs nothing that any other program has not: it reads what the serial server has, opens programs as files of the flash,
 * starts them as processes and waits for their end, or lets a message tell it. `ps` asks the kernel for one thread after the other.
 */
#include <servers.h>

#define LINE_CHARS 79
#define WORDS_MAX 4
#define HISTORY 8
#define JOBS_MAX 8
#define MODULES_MAX 16

/* ---- lines ---- */

static char history[HISTORY][LINE_CHARS + 1];
static unsigned lines_read;

static char read_key(void)
{
	char key = 0;
	must(console_read(&key, 1));
	return key;
}

/* Shows another line in place of the one that is being typed; its length. */
static unsigned show_instead(char *line, unsigned length, const char *other)
{
	while (length-- > 0)
		printf("\b \b");
	printf("%s", other);
	return (unsigned)snprintf(line, LINE_CHARS + 1, "%s", other);
}

/* The up and down keys send three bytes: ESC [ A, ESC [ B. Which line of the past is meant, counted back from now. */
static unsigned arrow(unsigned back)
{
	if (read_key() != '[')
		return back;
	switch (read_key()) {
	case 'A':
		return back < HISTORY && back < lines_read ? back + 1 : back;
	case 'B':
		return back > 0 ? back - 1 : 0;
	default:
		return back;
	}
}

enum { KEY_END = 4, KEY_BELL = 7, KEY_BACKSPACE = 8, KEY_KILL_LINE = 21, KEY_ESCAPE = 27, KEY_DELETE = 127 };

/* Reads a line, with what one expects of keys. What does not fit is refused, and the line is empty then. False: there is no more to come. */
static bool read_line(char line[LINE_CHARS + 1])
{
	unsigned length = 0, back = 0, refused = 0;
	line[0] = '\0';
	for (char key; (key = read_key()) != '\n' && key != '\r';) {
		if ((key == KEY_BACKSPACE || key == KEY_DELETE) && length > 0) {
			line[--length] = '\0';
			printf("\b \b");
		} else if (key == KEY_KILL_LINE) {
			length = show_instead(line, length, "");
			refused = 0;
		} else if (key == KEY_END && length == 0) {
			printf("\n");
			return false;
		} else if (key == KEY_ESCAPE) {
			back = arrow(back);
			length = show_instead(line, length, back ? history[(lines_read - back) % HISTORY] : "");
		} else if (key >= ' ' && key < KEY_DELETE && length == LINE_CHARS) {
			refused++;
			printf("%c", KEY_BELL);
		} else if (key >= ' ' && key < KEY_DELETE) {
			line[length++] = key;
			line[length] = '\0';
			printf("%c", key);
		}
	}
	printf("\n");
	if (length > 0)
		memcpy(history[lines_read++ % HISTORY], line, LINE_CHARS + 1);
	if (refused) {
		printf("that is %u characters too long, and was not done\n", refused);
		line[0] = '\0';
	}
	return true;
}

/* ---- programs ---- */

static struct job {
	uint64_t process; /* a handle; 0: free */
	char name[NAME_CHARS + 1];
} jobs[JOBS_MAX];

static uint64_t ends; /* where the kernel tells of the end of jobs */

static void say_end(const char *name, uint64_t how, uint64_t status, uint64_t cause)
{
#define CAUSE_TEXT(cause_name, number, text) text,
	static const char *const causes[] = {CRASH_CAUSES(CAUSE_TEXT)};
#undef CAUSE_TEXT
	if (how == STATUS_CRASHED)
		printf("%s crashed: %s\n", name, cause < ARRAY_LENGTH(causes) ? causes[cause] : "?");
	else if ((int64_t)status < 0 && -status < STATUS_CODES_END)
		printf("%s ended with status %ld, as with %s\n", name, (int64_t)status, status_name(-status));
	else if (status)
		printf("%s ended with status %ld\n", name, (int64_t)status);
}

/* Takes the messages about ended jobs; those until `wanted` (a job's number, JOBS_MAX: none) has ended are waited for. */
static void take_ends(unsigned wanted)
{
	struct message message;
	while (ipc_receive_until(ends, &message, wanted < JOBS_MAX ? WAIT_FOREVER : 0).status == STATUS_OK) {
		unsigned number = (unsigned)message.word[PROCESS_MESSAGE_KEY];
		struct job *job = &jobs[number];
		if (number != wanted)
			printf("[%u] ", number + 1);
		say_end(job->name, message.word[PROCESS_MESSAGE_HOW], message.word[PROCESS_MESSAGE_STATUS],
			message.word[PROCESS_MESSAGE_CAUSE]);
		if (number != wanted && !message.word[PROCESS_MESSAGE_STATUS] && message.word[PROCESS_MESSAGE_HOW] == STATUS_OK)
			printf("%s ended\n", job->name);
		must(sys_handle_close(job->process));
		job->process = 0;
		if (number == wanted)
			return;
	}
}

static void run(const char *name, bool background)
{
	struct file file;
	unsigned number = 0;
	while (number < JOBS_MAX && jobs[number].process)
		number++;
	if (number == JOBS_MAX) {
		printf("there are %u jobs already: kill one\n", JOBS_MAX);
		return;
	}
	struct result result = file_open(name, &file);
	if (result.status == STATUS_OK) {
		result = process_start_with(name, file.object, 0, 0);
		must(sys_handle_close(file.object));
	}
	if (result.status != STATUS_OK) {
		printf("%s cannot be run: %s\n", name, status_name(result.status));
		return;
	}
	jobs[number].process = result.value;
	snprintf(jobs[number].name, sizeof(jobs[number].name), "%s", name);
	must(sys_process_watch(result.value, ends, number));
	if (background)
		printf("[%u] %s\n", number + 1, name);
	else
		take_ends(number);
}

/* ---- commands ---- */

static void command_run(char *word[WORDS_MAX])
{
	size_t length = word[1] ? strlen(word[1]) : 0;
	bool glued = length > 1 && word[1][length - 1] == '&';
	if (glued)
		word[1][length - 1] = '\0';
	if (!word[1])
		printf("run what? files lists what there is\n");
	else if (word[2] && strcmp(word[2], "&") != 0)
		printf("%s: what can follow the program is &\n", word[2]);
	else
		run(word[1], glued || word[2]);
}

static void command_kill(char *word[WORDS_MAX])
{
	unsigned number = word[1] ? (unsigned)(word[1][0] - '1') : JOBS_MAX;
	if (number >= JOBS_MAX || word[1][1])
		printf("kill which job? 1 to %u, as `run NAME &` said\n", JOBS_MAX);
	else if (!jobs[number].process)
		printf("there is no job %u, or it has ended\n", number + 1);
	else
		must(sys_process_kill(jobs[number].process));
}

static void command_ps(char *word[WORDS_MAX])
{
#define REASON_TEXT(name, number, text) text,
	static const char *const reasons[] = {SWITCH_REASONS(REASON_TEXT)};
#undef REASON_TEXT
	static const char *const states[] = {"ready", "runs", "", "ended"};
	struct thread_query query = {0};
	(void)word;
	printf("thread  process           name              cpu  state\n");
	while (sys_thread_query(query.thread + 1, (uintptr_t)&query).status == STATUS_OK)
		printf("%6u  %-16.16s  %-16.16s  %3u  %s\n", query.thread, query.process_name, query.name, query.cpu,
		       query.state == THREAD_QUERY_WAITS && query.reason < ARRAY_LENGTH(reasons) ? reasons[query.reason]
												 : states[query.state % 4]);
}

static void command_mem(char *word[WORDS_MAX])
{
	(void)word;
	uint64_t total = must(sys_memory_info(MEMORY_TOTAL)), unused = must(sys_memory_info(MEMORY_FREE));
	printf("%lu of %lu MiB are free\n", unused * PAGE_BYTES / MIB, total * PAGE_BYTES / MIB);
}

static void command_files(char *word[WORDS_MAX])
{
	(void)word;
	struct result pnor = service_find("pnor");
	for (uint64_t i = 0; pnor.status == STATUS_OK; i++) {
		struct message message = {.type = PNOR_NAME, .word = {i}};
		if (ipc_call(pnor.value, &message).status != STATUS_OK || message.type != STATUS_OK)
			break;
		char name[NAME_CHARS + 1];
		name_from_words(message.word, name);
		printf("%-16s  %7lu bytes\n", name, message.word[2]);
	}
	if (pnor.status != STATUS_OK)
		printf("this machine has no flash\n");
}

/* ---- modules ---- */

static struct module {
	uint64_t module; /* 0: free */
	char name[NAME_CHARS + 1];
} modules[MODULES_MAX];

/* The module of that name that this shell has loaded; with the name "", a place for one more. */
static struct module *module_named(const char *name)
{
	for (unsigned i = 0; i < MODULES_MAX; i++)
		if (!strcmp(modules[i].name, name))
			return &modules[i];
	return NULL;
}

static void command_mods(char *word[WORDS_MAX])
{
	(void)word;
	struct result server = service_find("modules");
	for (uint64_t i = 0; server.status == STATUS_OK; i++) {
		struct message message = {.type = MODULES_NAME, .word = {i}};
		if (ipc_call(server.value, &message).status != STATUS_OK || message.type != STATUS_OK)
			break;
		char name[NAME_CHARS + 1];
		name_from_words(message.word, name);
		const struct module *module = module_named(name);
		printf("%-16s  %7lu bytes  opened %lu times", name, message.word[2], message.word[3]);
		if (module)
			printf(", loaded here at 0x%lx", must(module_base(module->module)));
		printf("\n");
	}
	if (server.status == STATUS_OK)
		must(sys_handle_close(server.value));
}

/* What modules say, for those that want to be heard. */
static void module_speaks(const char *what)
{
	printf("%s\n", what);
}

static const struct module_export exports[] = {{"module_speaks", (uintptr_t)&module_speaks}};

static void load_module(const char *name)
{
	struct module *module = module_named("");
	if (module_named(name)) {
		printf("%s is loaded already\n", name);
		return;
	}
	if (!module) {
		printf("there are %u modules here already: unload one\n", MODULES_MAX);
		return;
	}
	struct result result = module_load(name);
	if (result.status != STATUS_OK) {
		printf("%s cannot be loaded: %s\n", name, status_name(result.status));
		return;
	}
	module->module = result.value;
	snprintf(module->name, sizeof(module->name), "%s", name);
}

static void command_load(char *word[WORDS_MAX])
{
	if (word[1])
		load_module(word[1]);
	else
		printf("load what? mods lists what there is\n");
}

/* The module that is meant, or NULL after having said that it is none. */
static struct module *loaded(const char *name)
{
	struct module *module = name ? module_named(name) : NULL;
	if (!module)
		printf("%s is not loaded here\n", name ? name : "nothing");
	return module;
}

static void command_unload(char *word[WORDS_MAX])
{
	struct module *module = loaded(word[1]);
	if (!module)
		return;
	struct result result = module_unload(module->module);
	if (result.status != STATUS_OK)
		printf("its fini: %s\n", status_name(result.status));
	*module = (struct module){0};
}

/* In a thread of its own: a function that crashes takes only that with it. */
static int call_function(void *argument)
{
	union {
		uint64_t address;
		int (*function)(void);
	} called = {(uintptr_t)argument};
	return called.function();
}

static void command_call(char *word[WORDS_MAX])
{
	struct module *module = loaded(word[1]);
	struct result result = {STATUS_NOT_FOUND, 0};
	if (!module)
		return;
	if (word[2])
		result = module_symbol(module->module, word[2]);
	if (result.status == STATUS_OK)
		result = thread_create("call", call_function, (void *)result.value);
	if (result.status == STATUS_OK)
		result = thread_join(result.value);
	if (result.status == STATUS_OK)
		printf("%ld\n", (int64_t)result.value);
	else
		printf("%s: %s\n", word[2] ? word[2] : "call what", status_name(result.status));
}

static void command_crash(char *word[WORDS_MAX])
{
	if (!word[1] || strcmp(word[1], "serial") != 0)
		printf("crash what? only: crash serial\n");
	else
		printf("the driver of this console: %s\n", status_name(console_crash_driver().status));
}

static void command_help(char *word[WORDS_MAX]);
static void command_exit(char *word[WORDS_MAX])
{
	(void)word;
	program_exit(0);
}

static const struct {
	const char *name;
	void (*function)(char *word[WORDS_MAX]);
	unsigned words; /* at most, itself counted */
	const char *help;
} commands[] = {
	{"help", command_help, 1, "this list"},
	{"run", command_run, 3, "NAME [&]: runs a program of the flash; with & this goes on meanwhile"},
	{"kill", command_kill, 2, "JOB: ends a program that was run with &"},
	{"ps", command_ps, 1, "all threads, and what they wait for"},
	{"mem", command_mem, 1, "memory that is free"},
	{"files", command_files, 1, "what is in the flash"},
	{"mods", command_mods, 1, "the modules that can be loaded"},
	{"load", command_load, 2, "NAME: takes a module into the shell"},
	{"call", command_call, 3, "NAME FUNCTION: calls a function of a module that is loaded, and prints what it returns"},
	{"unload", command_unload, 2, "NAME: gives it back"},
	{"crash", command_crash, 2, "serial: lets the driver of this console crash, to see it come back"},
	{"exit", command_exit, 1, "ends the run"},
};

static void command_help(char *word[WORDS_MAX])
{
	(void)word;
	for (unsigned i = 0; i < ARRAY_LENGTH(commands); i++)
		printf("%-6s %s\n", commands[i].name, commands[i].help);
	printf("Keys: backspace; Ctrl-U empties the line; up and down bring back earlier ones; Ctrl-D on an empty line is "
	       "exit.\n");
}

/* Cuts a line into its words; how many there are, all those too many counted as one. */
static unsigned cut(char *line, char *word[WORDS_MAX])
{
	unsigned words = 0;
	for (unsigned i = 0; i < WORDS_MAX; i++) {
		while (*line == ' ')
			*line++ = '\0';
		word[i] = *line ? line : NULL;
		words += word[i] != NULL;
		while (*line && *line != ' ')
			line++;
	}
	*line = '\0';
	return words;
}

int main(void)
{
	char line[LINE_CHARS + 1], *word[WORDS_MAX];
	ends = must(sys_endpoint_create());
	module_exports(exports, ARRAY_LENGTH(exports));
	printf("This is Vitrine. help lists what can be said.\n");
	for (;;) {
		take_ends(JOBS_MAX);
		printf("> ");
		if (!read_line(line))
			return 0;
		unsigned words = cut(line, word), i = 0;
		while (word[0] && i < ARRAY_LENGTH(commands) && strcmp(word[0], commands[i].name) != 0)
			i++;
		if (word[0] && i < ARRAY_LENGTH(commands) && words > commands[i].words)
			printf("%s: that is a word too many; help lists what it takes\n", word[commands[i].words]);
		else if (word[0] && i < ARRAY_LENGTH(commands))
			commands[i].function(word);
		else if (word[0])
			printf("%s: no such command; help lists them\n", word[0]);
	}
}
