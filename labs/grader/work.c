/*
 * A tree to grade in: the trusted tree, with nothing of the submission but the files that the lab lists.
 *
 * Teaches: a submission is data until it is known what of it is used. Tests, tools, programs, the Makefile and all other sources are ours; so a student's
 * tree may be anything, and only the files of the lab matter. Who calls: grade.c. Whom: tree.c.
 * The invariant: what is read of a submission are regular files inside it, of a size that a person could have written.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "grader/grade.h"
#include "grader/jobs.h"
#include "grader/marks.h"
#include "grader/text.h"
#include "grader/tree.h"

/* More than any of our sources, several times. */
#define FILE_BYTES_MAX (512 << 10)

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static bool is_one_of(const char *const *names, const char *name, size_t length)
{
	for (; *names; names++)
		if (strlen(*names) == length && !strncmp(*names, name, length))
			return true;
	return false;
}

/* Of build/, what lets make go on from where the trusted tree is; but nothing that was made from the lab's own solution. */
static bool is_needed_of_build(const struct lab *lab, const char *below)
{
	static const char *const parts[] = {"gen",    "libfdt", "host",    "vitrine", "witness.so",
					    "kernel", "user",   "servers", "modules", NULL};
	const char *machine = begins(below, "x86_64/") ? below + 7 : begins(below, "ppc64/") ? below + 6 : below;
	if (!strcmp(below, "x86_64") || !strcmp(below, "ppc64"))
		return true;
	for (unsigned i = 0; i < lab->edits; i++)
		if (begins(machine, "kernel/") && begins(machine + 7, lab->edit[i]))
			return false;
	return is_one_of(parts, machine, strcspn(machine, "/"));
}

/* Of labs/, programs: no wrong solutions, tests and answers. */
static bool is_needed_of_labs(const char *below)
{
	return !strstr(below, "/mutants") && !strstr(below, "/tests") && !strstr(below, "/questions");
}

static enum tree_action choose(void *context, const char *below, bool is_directory, const char *from, const char *to)
{
	static const char *const parts[] = {"Makefile", ".ci", "arch", "kernel", "labs", "trace", "user", "viz", "build", NULL};
	(void)is_directory, (void)from, (void)to;
	if (begins(below, "build/"))
		return is_needed_of_build(context, below + 6) ? TREE_COPY : TREE_SKIP;
	if (begins(below, "labs/"))
		return is_needed_of_labs(below) ? TREE_COPY : TREE_SKIP;
	return strchr(below, '/') || is_one_of(parts, below, strlen(below)) ? TREE_COPY : TREE_SKIP;
}

/* ---- the submission's files ---- */

/* Opens a file below a directory, without following a link on the way. -1 and errno. */
static int open_below(const char *directory, const char *path)
{
	int at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *copy = text_format("%s", path);
	for (char *rest = copy, *part; at >= 0 && (part = strsep(&rest, "/"));) {
		int next = openat(at, part, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (rest ? O_DIRECTORY : 0));
		int error = errno;
		close(at);
		errno = error;
		at = next;
	}
	free(copy);
	return at;
}

char *submission_read(const char *submission, const char *path, char **why)
{
	int file = open_below(submission, path);
	struct stat status = {0};
	const char *wrong = NULL;
	if (file < 0)
		wrong = errno == ELOOP || errno == ENOTDIR ? "it is a link, or behind one" : strerror(errno);
	else if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
		wrong = "it is no plain file";
	else if (status.st_size > FILE_BYTES_MAX)
		wrong = "it has more than 512 KiB";
	if (wrong) {
		if (why)
			*why = text_format("%s cannot be taken: %s", path, wrong);
		if (file >= 0)
			close(file);
		return NULL;
	}
	char *text = calloc(1, (size_t)status.st_size + 1);
	size_t have = 0;
	for (ssize_t got = 1; text && got > 0 && have < (size_t)status.st_size; have += (size_t)got)
		if ((got = read(file, text + have, (size_t)status.st_size - have)) < 0)
			got = 0;
	close(file);
	return text;
}

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

/* Whether a text has this name as a whole word. */
static bool has_name(const char *text, const char *name, size_t length)
{
	for (const char *at = text; (at = memmem(at, strlen(at), name, length)); at++)
		if ((at == text || !strchr(NAME_CHARACTERS, at[-1])) && (!at[length] || !strchr(NAME_CHARACTERS, at[length])))
			return true;
	return false;
}

/* The first name trace_... of a text that the trusted text does not have, to be freed; NULL: none. A half name is one, too. */
static char *forged_event(const char *text, const char *trusted)
{
	for (const char *at = text; (at = strstr(at, "trace_"));) {
		size_t length = strspn(at, NAME_CHARACTERS);
		bool starts = at == text || !strchr(NAME_CHARACTERS, at[-1]);
		if (starts && !has_name(trusted, at, length))
			return text_format("%.*s", (int)length, at);
		at += length;
	}
	return NULL;
}

static bool overlay_file(struct grade *grade, const char *submission, const char *path)
{
	char *text = submission_read(submission, path, &grade->refused), *target = text_format("%s/%s", grade->tree, path);
	char *trusted = text_read(target, false), *forged = text && trusted ? forged_event(text, trusted) : NULL;
	bool good = text && trusted && !forged;
	if (forged)
		grade->refused = text_format("%s uses %s, which is not of this file: an event that others emit", path, forged);
	if (good && strcmp(text, trusted) != 0)
		good = text_write(target, text);
	free(forged);
	free(trusted);
	free(target);
	free(text);
	return good;
}

/* ---- what is in the submission beside them ---- */

/* More files than our tree has, several times. */
#define ENTRIES_MAX 20000

static bool is_listed(const struct lab *lab, const char *below)
{
	for (unsigned i = 0; i < lab->edits; i++)
		if (!strcmp(lab->edit[i], below))
			return true;
	return false;
}

/* Whether a file is what the tree, or a handout of it, has under this name. */
static bool is_ours(const struct grade *grade, const char *below, const char *text)
{
	struct mark *marks = text_memory(MARKS_MAX, sizeof(*marks));
	char *path = text_format("%s/%s", grade->root, below), *ours = text_read(path, true), *handed_out = NULL;
	size_t bytes = 0;
	if (ours && marks_find(path, ours, marks) > 0) {
		FILE *to = open_memstream(&handed_out, &bytes);
		marks_write(to, ours, grade->lab->name);
		fclose(to);
	}
	bool same = ours && (!strcmp(ours, text) || (handed_out && !strcmp(handed_out, text)));
	free(marks);
	free(handed_out);
	free(ours);
	free(path);
	return same;
}

/* Notes a changed file that is not the lab's: somebody may wonder why it has no effect. */
static enum tree_action note_ignored(void *context, const char *below, bool is_directory, const char *from, const char *to)
{
	struct grade *grade = context;
	(void)to;
	if (is_directory)
		return !strcmp(below, "build") || !strcmp(below, "out") || *below == '.' ? TREE_SKIP : TREE_COPY;
	bool source = begins(below, "kernel/") || begins(below, "arch/") || begins(below, "user/") || !strcmp(below, "Makefile");
	if (!source || is_listed(grade->lab, below) || grade->ignored_files == GRADE_IGNORED_MAX)
		return TREE_DONE;
	char *text = text_read(from, true);
	if (text && !is_ours(grade, below, text))
		grade->ignored[grade->ignored_files++] = text_format("%s", below);
	free(text);
	return TREE_DONE;
}

bool work_prepare(struct grade *grade, const char *submission)
{
	const char *place = getenv("TMPDIR");
	char *tree = text_format("%s/vitrine-grade.XXXXXX", place && *place ? place : "/tmp");
	if (!mkdtemp(tree)) {
		say("%s cannot be made: %s", tree, strerror(errno));
		free(tree);
		return false;
	}
	grade->tree = tree;
	bool good = tree_copy(grade->root, tree, choose, (void *)grade->lab);
	for (unsigned i = 0; good && i < grade->lab->edits; i++)
		good = overlay_file(grade, submission, grade->lab->edit[i]);
	good = good && tree_look(submission, ENTRIES_MAX, note_ignored, grade);
	if (good && grade->confined)
		good = tree_give(tree, jobs_user(), jobs_user() == geteuid() ? getegid() : jobs_user());
	return good;
}

void work_remove(struct grade *grade)
{
	if (grade->tree && grade->tree != grade->root)
		tree_remove(grade->tree);
}
