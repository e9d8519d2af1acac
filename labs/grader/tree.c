/*
 * Copying, giving and removing trees: see tree.h.
 *
 * Who calls: handout.c, work.c, grade.c, runs.c, source.c, selftest.c. Whom: the C library.
 */
#include "grader/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "grader/text.h"

bool tree_copy_file(const char *from, const char *to)
{
	int source = open(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;
	bool good = source >= 0 && fstat(source, &status) == 0 && (S_ISREG(status.st_mode) || (errno = EINVAL, false));
	int target = good ? open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status.st_mode & 0777) : -1;
	good = target >= 0;
	for (off_t left = good ? status.st_size : 0; left > 0 && good;) {
		ssize_t sent = sendfile(target, source, NULL, (size_t)left);
		good = sent > 0;
		left -= sent > 0 ? sent : 0;
	}
	if (good)
		good = futimens(target, (struct timespec[]){status.st_atim, status.st_mtim}) == 0;
	if (!good)
		say("%s cannot be copied to %s: %s", from, to,
		    errno == ELOOP || errno == EINVAL ? "it is no plain file" : strerror(errno));
	if (source >= 0)
		close(source);
	if (target >= 0)
		close(target);
	return good;
}

struct copy {
	tree_choice *choice;
	void *context;
	bool looks;       /* nothing is copied */
	unsigned entries; /* that it may look at still */
};

/* No tree of ours is deeper. */
#define PATH_BYTES_MAX 1024

static bool copy_directory(struct copy *copy, const char *from, const char *to, const char *below);

static bool copy_entry(struct copy *copy, const char *from, const char *to, const char *below)
{
	struct stat status;
	if (copy->looks && (copy->entries == 0 || copy->entries-- == 0 || strlen(from) > PATH_BYTES_MAX))
		return true;
	if (lstat(from, &status) != 0)
		return say("%s cannot be looked at: %s", from, strerror(errno)), false;
	bool is_directory = S_ISDIR(status.st_mode);
	if (!is_directory && !S_ISREG(status.st_mode))
		return true;
	switch (copy->choice(copy->context, below, is_directory, from, to)) {
	case TREE_COPY:
		if (is_directory)
			return copy_directory(copy, from, to, below);
		return copy->looks || tree_copy_file(from, to);
	case TREE_FAILED:
		return false;
	default:
		return true;
	}
}

static bool copy_directory(struct copy *copy, const char *from, const char *to, const char *below)
{
	DIR *directory = opendir(from);
	bool good = directory && (copy->looks || mkdir(to, 0777) == 0 || errno == EEXIST);
	if (!good)
		say("%s cannot be copied to %s: %s", from, to, strerror(errno));
	for (struct dirent *entry; good && (entry = readdir(directory));) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		char *source = text_format("%s/%s", from, entry->d_name), *target = text_format("%s/%s", to, entry->d_name);
		char *path = text_format("%s%s%s", below, *below ? "/" : "", entry->d_name);
		good = copy_entry(copy, source, target, path);
		free(source);
		free(target);
		free(path);
	}
	if (directory)
		closedir(directory);
	return good;
}

bool tree_copy(const char *from, const char *to, tree_choice *choice, void *context)
{
	return copy_directory(&(struct copy){.choice = choice, .context = context}, from, to, "");
}

bool tree_look(const char *path, unsigned entries, tree_choice *choice, void *context)
{
	return copy_directory(&(struct copy){.choice = choice, .context = context, .looks = true, .entries = entries}, path, "",
			      "");
}

static uid_t new_user;
static gid_t new_group;

static int give_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status, (void)kind, (void)place;
	return lchown(path, new_user, new_group);
}

bool tree_give(const char *path, uid_t user, gid_t group)
{
	new_user = user;
	new_group = group;
	return nftw(path, give_one, 32, FTW_PHYS) == 0 || (say("%s cannot be given away: %s", path, strerror(errno)), false);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status, (void)kind, (void)place;
	return remove(path);
}

void tree_remove(const char *path)
{
	nftw(path, remove_one, 32, FTW_PHYS | FTW_DEPTH);
}
