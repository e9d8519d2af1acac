/*
 * What the source tree has: files, functions, make's targets, vitrine's commands. The pages of the book name them.
 *
 * A function counts as there if its name stands before an opening parenthesis anywhere in a source: that finds macros, system
 * calls and functions of the library alike. Who calls: check.c.
 */
#include "book.h"

#include <ctype.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../trace/ends_with.h"

/* Names, in a table with open addressing. */
struct names {
	char **slot;
	size_t slots;
	size_t used;
};

static char **files;
static size_t file_count;
static struct names functions, targets, commands;

static size_t hash_of(const char *name, size_t length)
{
	size_t hash = 5381;
	for (size_t i = 0; i < length; i++)
		hash = hash * 33 + (unsigned char)name[i];
	return hash;
}

static char **slot_of(const struct names *names, const char *name, size_t length)
{
	size_t at = hash_of(name, length) % names->slots;
	while (names->slot[at] && (strlen(names->slot[at]) != length || memcmp(names->slot[at], name, length) != 0))
		at = (at + 1) % names->slots;
	return &names->slot[at];
}

static bool has_name(const struct names *names, const char *name, size_t length)
{
	return names->slots && *slot_of(names, name, length);
}

static void add_name(struct names *names, const char *name, size_t length)
{
	if (names->used * 2 >= names->slots) {
		struct names larger = {.slots = names->slots ? names->slots * 2 : 1024, .used = names->used};
		larger.slot = calloc(larger.slots, sizeof(char *));
		if (!larger.slot)
			fail("no memory");
		for (size_t i = 0; i < names->slots; i++)
			if (names->slot[i])
				*slot_of(&larger, names->slot[i], strlen(names->slot[i])) = names->slot[i];
		free(names->slot);
		*names = larger;
	}
	char **slot = slot_of(names, name, length);
	if (!*slot) {
		*slot = text_of("%.*s", (int)length, name);
		names->used++;
	}
}

static bool is_letter(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static void add_functions(const char *text)
{
	for (const char *at = text; *at;) {
		size_t length = 0;
		while (is_letter(at[length]))
			length++;
		if (length && at[length] == '(' && !isdigit((unsigned char)*at))
			add_name(&functions, at, length);
		at += length ? length : 1;
	}
}

/* The words of a line of the Makefile before its first colon, unless an assignment begins there. */
static void add_targets(const char *text)
{
	for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		size_t end = strcspn(line, ":=#\t\n");
		if (line[end] != ':' || line[end + 1] == '=')
			continue;
		for (size_t at = 0, length; at < end; at += length + 1) {
			length = strcspn(line + at, " :");
			add_name(&targets, line + at, length);
		}
	}
}

static void add_commands(const char *text)
{
	static const char row[] = "\n\t{\"";
	for (const char *at = text; (at = strstr(at, row)); at += sizeof(row) - 1)
		add_name(&commands, at + sizeof(row) - 1, strcspn(at + sizeof(row) - 1, "\""));
}

static int visit(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	static const char *const sources[] = {".c", ".h", ".S", ".py", ".js", ".mjs", ".gdb"};
	const char *name = path + where->base;
	(void)status;
	if (where->level && (name[0] == '.' && strcmp(name, ".ci") && strcmp(name, ".vscode") && strcmp(name, ".devcontainer")))
		return FTW_SKIP_SUBTREE;
	if (where->level == 1 && (!strcmp(name, "build") || !strcmp(name, "out")))
		return FTW_SKIP_SUBTREE;
	if (kind != FTW_F)
		return FTW_CONTINUE;
	path += 2; /* ./ */
	files = realloc(files, (file_count + 1) * sizeof(*files));
	if (!files)
		fail("no memory");
	files[file_count++] = text_of("%s", path);
	for (size_t i = 0; i < ARRAY_LENGTH(sources); i++)
		if (ends_with(path, sources[i])) {
			char *text = file_text(path);
			add_functions(text);
			free(text);
		}
	return FTW_CONTINUE;
}

static int compare(const void *one, const void *other)
{
	return strcmp(*(char *const *)one, *(char *const *)other);
}

void tree_read(void)
{
	if (nftw(".", visit, 32, FTW_ACTIONRETVAL | FTW_PHYS) || !file_count)
		fail("the tree cannot be read");
	qsort(files, file_count, sizeof(*files), compare);
	if (tree_has_file("Makefile"))
		add_targets(file_text("Makefile"));
	if (tree_has_file("trace/main.c"))
		add_commands(file_text("trace/main.c"));
}

bool tree_has_file(const char *path)
{
	return bsearch(&path, files, file_count, sizeof(*files), compare);
}

bool tree_has_folder(const char *path)
{
	size_t length = strlen(path);
	while (length && path[length - 1] == '/')
		length--;
	for (size_t i = 0; i < file_count; i++)
		if (!length || (!strncmp(files[i], path, length) && files[i][length] == '/'))
			return true;
	return false;
}

bool tree_has_name(const char *name)
{
	bool folder = ends_with(name, "/");
	char *below = text_of("/%s", name);
	bool found = false;
	for (size_t i = 0; i < file_count && !found; i++) {
		if (folder)
			found = !strncmp(files[i], name, strlen(name)) || strstr(files[i], below);
		else
			found = !strcmp(files[i], name) || ends_with(files[i], below);
	}
	free(below);
	return found;
}

bool tree_has_function(const char *name, size_t length)
{
	return has_name(&functions, name, length);
}

bool tree_has_target(const char *name, size_t length)
{
	return has_name(&targets, name, length);
}

bool tree_has_command(const char *name, size_t length)
{
	return has_name(&commands, name, length);
}

void tree_each_file(void (*call)(const char *path))
{
	for (size_t i = 0; i < file_count; i++)
		call(files[i]);
}
