/*
 * Reading lab.txt: see lab.h.
 *
 * Who calls: handout.c, grade.c. Whom: text.h. A key that does not exist, or a value that means nothing, is refused with file and line: a lab is
 * written by people.
 */
#include "grader/lab.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "commands.h"
#include "grader/text.h"

const char *lab_machine_name(unsigned machine)
{
	return machine == LAB_X86_64 ? "x86_64" : "ppc64";
}

unsigned lab_machines(const char *text)
{
	char *copy = text_format("%s", text), *rest = copy;
	unsigned machines = 0;
	for (char *word; (word = text_word(&rest));) {
		unsigned machine = !strcmp(word, "x86_64") ? LAB_X86_64 : !strcmp(word, "ppc64") ? LAB_PPC64 : 0;
		if (!machine) {
			machines = 0;
			break;
		}
		machines |= machine;
	}
	free(copy);
	return machines;
}

/* ---- constants ---- */

/* A number that looks like chance and depends on lab, name and seed only (FNV-1a, then the finish of splitmix64). */
static uint64_t mix(const char *lab, const char *name, uint64_t seed)
{
	uint64_t hash = UINT64_C(14695981039346656037);
	for (const char *part = lab; part; part = part == lab ? name : NULL)
		for (const char *at = part; *at; at++)
			hash = (hash ^ (unsigned char)*at) * UINT64_C(1099511628211);
	hash += seed * UINT64_C(0x9e3779b97f4a7c15);
	hash = (hash ^ hash >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	hash = (hash ^ hash >> 27) * UINT64_C(0x94d049bb133111eb);
	return hash ^ hash >> 31;
}

/* "pages 24..40" */
static const char *read_constant(struct lab *lab, char *value)
{
	char *rest = value, *name = text_word(&rest), *range = text_word(&rest);
	char *dots = range ? strstr(range, "..") : NULL;
	uint64_t from, to;
	if (!dots || text_word(&rest))
		return "a constant is a name and a range: `pages 24..40`";
	*dots = '\0';
	if (!text_number(range, &from) || !text_number(dots + 2, &to) || from > to)
		return "the range of a constant is two numbers: `24..40`";
	if (lab->constants == LAB_CONSTANTS_MAX)
		return "there are too many constants";
	lab->constant[lab->constants++] =
		(struct lab_constant){.name = name, .value = from + mix(lab->name, name, lab->seed) % (to - from + 1)};
	return NULL;
}

static const uint64_t *constant_named(const struct lab *lab, const char *name, size_t length)
{
	if (length == 4 && !strncmp(name, "seed", 4))
		return &lab->seed;
	for (unsigned i = 0; i < lab->constants; i++)
		if (strlen(lab->constant[i].name) == length && !strncmp(lab->constant[i].name, name, length))
			return &lab->constant[i].value;
	return NULL;
}

char *lab_fill(const struct lab *lab, const char *text, bool strict, const char *where)
{
	char *filled = NULL;
	size_t bytes;
	FILE *to = open_memstream(&filled, &bytes);
	while (to && *text) {
		size_t length = *text == '{' ? strspn(text + 1, "abcdefghijklmnopqrstuvwxyz_0123456789") : 0;
		bool braces = length > 0 && islower((unsigned char)text[1]) && text[1 + length] == '}';
		const uint64_t *value = braces ? constant_named(lab, text + 1, length) : NULL;
		if (value && !lab->for_all) {
			fprintf(to, "%" PRIu64, *value);
			text += length + 2;
			continue;
		}
		if (braces && !value && strict) {
			say("%s: there is no constant %.*s", where, (int)length + 2, text);
			fclose(to);
			free(filled);
			return NULL;
		}
		fputc(*text++, to);
	}
	if (!to || fclose(to) != 0)
		return text_format("%s", "");
	return filled;
}

/* ---- runs ---- */

/* One `key=value` of a run. NULL, or what is wrong. */
static const char *read_run_word(struct lab_run *run, char *word)
{
	char *value = strchr(word, '=');
	const struct {
		const char *key;
		const char **text;
		uint64_t *number;
	} keys[] = {
		{"program", &run->program, NULL}, {"mmu", &run->mmu, NULL},   {"trace", &run->trace, NULL},
		{"ends", &run->ends, NULL},       {"smp", NULL, &run->smp},   {"seeds", NULL, &run->seeds},
		{"budget", NULL, &run->budget},   {"ring", NULL, &run->ring},
	};
	if (!value)
		return "behind its name, a run has words such as program=labs/x/y.c";
	*value++ = '\0';
	if (!strcmp(word, "append"))
		return run->append = text_join(run->append, value), NULL;
	if (!strcmp(word, "machines")) {
		for (char *comma = value; (comma = strchr(comma, ','));)
			*comma = ' ';
		run->machines = lab_machines(value);
		return run->machines ? NULL : "machines= is x86_64, ppc64, or x86_64,ppc64";
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i].key, word) != 0)
			continue;
		if (keys[i].text)
			*keys[i].text = value;
		else if (!text_number(value, keys[i].number) || *keys[i].number == 0)
			return "smp=, seeds=, budget= and ring= are numbers from 1";
		return NULL;
	}
	return "a run has program= smp= seeds= machines= budget= mmu= append= trace= ring= ends=";
}

static const char *read_run(struct lab *lab, char *value)
{
	if (lab->runs == LAB_RUNS_MAX)
		return "there are too many runs";
	struct lab_run *run = &lab->run[lab->runs++];
	char *rest = value;
	*run = (struct lab_run){.name = text_word(&rest), .smp = 1, .seeds = 1, .ring = 8, .budget = UINT64_C(1000000000)};
	if (!run->name)
		return "a run begins with its name";
	for (char *word; (word = text_word(&rest));) {
		const char *why = read_run_word(run, word);
		if (why)
			return why;
	}
	return run->program ? NULL : "a run has to say program=";
}

const struct lab_run *lab_run_named(const struct lab *lab, const char *name)
{
	for (unsigned i = 0; i < lab->runs; i++)
		if (!strcmp(lab->run[i].name, name))
			return &lab->run[i];
	return NULL;
}

/* What could only be known at the end: machines of runs, and the constants in what they append. */
static bool finish_runs(struct lab *lab)
{
	for (unsigned i = 0; i < lab->runs; i++) {
		struct lab_run *run = &lab->run[i];
		run->machines = run->machines ? run->machines & lab->machines : lab->machines;
		char *filled = run->append ? lab_fill(lab, run->append, true, lab->name) : NULL;
		if (run->append && !filled)
			return false;
		free(run->append);
		run->append = filled;
	}
	return true;
}

/* ---- the file ---- */

static const char *read_key(struct lab *lab, const char *key, char *value)
{
	const struct {
		const char *key, **text;
	} texts[] = {{"title", &lab->title},
		     {"summary", &lab->summary},
		     {"hours", &lab->hours},
		     {"difficulty", &lab->difficulty},
		     {"after", &lab->after}};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!strcmp(key, texts[i].key))
			return *texts[i].text = value, NULL;
	if (!strcmp(key, "edit")) {
		if (lab->edits == LAB_EDITS_MAX || *value == '/' || strstr(value, ".."))
			return "edit: names a file of the tree, and there are at most 12";
		return lab->edit[lab->edits++] = value, NULL;
	}
	if (!strcmp(key, "machines"))
		return (lab->machines = lab_machines(value)) ? NULL : "machines: is x86_64, ppc64, or both";
	if (!strcmp(key, "constant"))
		return read_constant(lab, value);
	if (!strcmp(key, "run"))
		return read_run(lab, value);
	return "the keys are title, summary, hours, difficulty, after, edit, machines, constant and run";
}

static bool read_file(struct lab *lab, const char *path)
{
	char *rest = lab->memory;
	unsigned number = 0;
	for (char *line; (line = text_line(&rest));) {
		number++;
		if (!*line || *line == '#')
			continue;
		char *value = text_value(line);
		const char *why = value ? read_key(lab, line, value) : "a line is `key: value`";
		if (why)
			return say("%s:%u: %s", path, number, why), false;
	}
	if (!lab->title || !lab->summary || !lab->hours || !lab->difficulty || !lab->runs)
		return say("%s: title, summary, hours, difficulty and a run have to be there", path), false;
	return true;
}

static void say_unknown(const char *root, const char *name)
{
	char **names = lab_names(root);
	const char *near = nearest_name(name, (const char *const *)names);
	if (near)
		say("there is no lab `%s`; did you mean `%s`?", name, near);
	else
		say("there is no lab `%s` in labs/", name);
	lab_names_free(names);
}

static struct lab *read_lab(const char *root, const char *name, uint64_t seed, bool for_all)
{
	struct lab *lab = text_memory(1, sizeof(*lab));
	lab->seed = seed;
	lab->for_all = for_all;
	lab->machines = LAB_MACHINES;
	lab->folder = text_format("%s/labs/%s", root, name);
	char *path = text_format("%s/lab.txt", lab->folder);
	bool named = strlen(name) < LAB_NAME_CHARS && *name && !strchr(name, '/');
	lab->memory = named ? text_read(path, true) : NULL;
	snprintf(lab->name, sizeof(lab->name), "%s", name);
	if (!lab->memory)
		say_unknown(root, name);
	bool good = lab->memory && read_file(lab, path) && finish_runs(lab) && lab_read_views(lab) &&
		    lab_read_queries(lab, false) && lab_read_queries(lab, true);
	free(path);
	if (good)
		return lab;
	lab_free(lab);
	return NULL;
}

struct lab *lab_read(const char *root, const char *name, uint64_t seed)
{
	return read_lab(root, name, seed, false);
}

struct lab *lab_read_for_all(const char *root, const char *name)
{
	return read_lab(root, name, 1, true);
}

void lab_free(struct lab *lab)
{
	if (!lab)
		return;
	for (unsigned i = 0; i < lab->runs; i++)
		free(lab->run[i].append);
	for (unsigned i = 0; i < lab->queries; i++) {
		free(lab->query[i].id);
		free(lab->query[i].memory);
	}
	free(lab->folder);
	free(lab->views);
	free(lab->memory);
	free(lab);
}

int lab_points(const struct lab *lab, unsigned machines)
{
	int points = 0;
	for (unsigned i = 0; i < lab->queries; i++)
		if (lab->query[i].machines & machines && lab->query[i].points > 0)
			points += lab->query[i].points;
	return points;
}

/* ---- all labs ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **lab_names(const char *root)
{
	char *folder = text_format("%s/labs", root);
	DIR *labs = opendir(folder);
	size_t count = 0, room = 64;
	char **names = calloc(room + 1, sizeof(*names));
	for (struct dirent *entry; labs && names && count < room && (entry = readdir(labs));) {
		char *file = text_format("%s/%s/lab.txt", folder, entry->d_name);
		struct stat status;
		if (*entry->d_name != '.' && stat(file, &status) == 0)
			names[count++] = text_format("%s", entry->d_name);
		free(file);
	}
	if (names)
		qsort(names, count, sizeof(*names), by_name);
	if (labs)
		closedir(labs);
	free(folder);
	return names;
}

void lab_names_free(char **names)
{
	for (char **name = names; name && *name; name++)
		free(*name);
	free(names);
}
