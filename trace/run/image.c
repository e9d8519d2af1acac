/*
 * The files that QEMU boots. They are make's business: this asks for them, so a changed source is never run stale.
 * Who calls: run.c. Two runs that build at the same time would write the same files, so one waits for the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "pnor/pnor.h"
#include "run/run.h"
#include "witness/functions.h"

extern char **environ;

/* Flash chips come in units of this size. */
#define FLASH_BYTES_UNIT (64 << 10)

/* The tree this program was built in: the directory above build/, where it lies. */
static char *find_root(void)
{
	char *path = realpath("/proc/self/exe", NULL);
	char *found = NULL;
	for (char *slash = path ? strrchr(path, '/') : NULL; slash && !found; slash = strrchr(path, '/')) {
		char *makefile = NULL;
		*slash = '\0';
		if (asprintf(&makefile, "%s/kernel/arch.h", path) >= 0 && access(makefile, R_OK) == 0)
			found = strdup(path);
		free(makefile);
	}
	free(path);
	return found;
}

/* "dir/name.c" and "name" are both the program "name". */
static char *program_name(const char *program)
{
	const char *slash = strrchr(program, '/');
	char *name = strdup(slash ? slash + 1 : program);
	size_t length = name ? strlen(name) : 0;
	if (length > 2 && !strcmp(name + length - 2, ".c"))
		name[length - 2] = '\0';
	return name;
}

/* What make gets as PROGRAM: the full path of a file that exists, else the name of a program of the tree. NULL if there is
 * neither. */
static char *program_source(const struct run_image *image, const char *program)
{
	size_t length = strlen(program);
	char *path = NULL;
	if (length > 2 && !strcmp(program + length - 2, ".c")) {
		path = realpath(program, NULL);
		if (!path)
			say("there is no file %s: %s", program, strerror(errno));
		return path;
	}
	if (asprintf(&path, "%s/user/programs/%s.c", image->root, image->program) < 0)
		return NULL;
	bool there = access(path, R_OK) == 0;
	free(path);
	if (there)
		return strdup(program);
	say("there is no program %s: neither user/programs/%s.c nor a file whose name ends in .c", program, image->program);
	return NULL;
}

/* A file that is locked while somebody builds; it stays, empty. -1 if it cannot be made: then nobody waits. */
static int lock_build(const struct run_image *image)
{
	char *path = NULL;
	int lock = asprintf(&path, "%s/build/.run-lock", image->root) < 0 ? -1 : open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0666);
	free(path);
	if (lock >= 0)
		while (flock(lock, LOCK_EX) != 0 && errno == EINTR)
			;
	return lock;
}

/* Runs make; what it prints goes to stderr if somebody wants to see it. Returns its exit status, -1 if it did not run. */
static int run_make(char **arguments, bool verbose)
{
	posix_spawn_file_actions_t files;
	pid_t pid;
	int status;
	/* If make called us, our make is not part of it: it must not look for its job server. */
	unsetenv("MAKEFLAGS");
	unsetenv("MFLAGS");
	unsetenv("MAKELEVEL");
	posix_spawn_file_actions_init(&files);
	if (verbose)
		posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	else
		posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	int error = posix_spawnp(&pid, "make", &files, NULL, arguments, environ);
	posix_spawn_file_actions_destroy(&files);
	if (error)
		return say("make does not start: %s (Debian: apt-get install make)", strerror(error)), -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The file to boot, below the root of the tree; NULL if there is no memory. */
static char *boot_file_path(const struct run_image *image, const struct run_options *options)
{
	char *path = NULL;
	int length = options->grub ? asprintf(&path, "build/x86_64/iso/%s/%s.iso", options->image, image->program)
				   : asprintf(&path, "build/%s/%s.%s", options->machine->name, options->image,
					      options->machine->boot_suffix);
	return length < 0 ? NULL : path;
}

static bool build(const struct run_image *image, const struct run_options *options)
{
	char *source = program_source(image, options->program), *program = NULL, *arch = NULL;
	int status = -1;
	if (!source)
		return false;
	char *boot_file = boot_file_path(image, options);
	if (boot_file && asprintf(&program, "PROGRAM=%s", source) >= 0 &&
	    asprintf(&arch, "ARCH=%s", options->machine->name) >= 0) {
		char *arguments[] = {"make", "-s", "-C", image->root, "image", boot_file, arch, program, NULL};
		int lock = lock_build(image);
		status = run_make(arguments, options->verbose);
		if (lock >= 0)
			close(lock);
		if (status > 0)
			say("the image does not build: `make -C %s image %s %s` says why", image->root, arch, program);
	}
	free(source);
	free(program);
	free(arch);
	free(boot_file);
	return status == 0;
}

static bool is_there(const char *path)
{
	if (path && access(path, R_OK) == 0)
		return true;
	return say("%s is not there; without --no-build it is built", path ? path : "a file to boot"), false;
}

bool run_image_prepare(struct run_image *image, const struct run_options *options)
{
	const struct run_machine *machine = options->machine;
	memset(image, 0, sizeof(*image));
	image->root = options->root ? realpath(options->root, NULL) : find_root();
	image->program = program_name(options->program);
	if (!image->root || !image->program)
		return say("the tree with the kernel's sources was not found above this program; --root says where it is"), false;
	char *boot_file = boot_file_path(image, options);
	bool named = boot_file && asprintf(&image->boot_file, "%s/%s", image->root, boot_file) >= 0 &&
		     asprintf(&image->archive, "%s/build/%s/archive/%s.tar", image->root, machine->name, image->program) >= 0;
	free(boot_file);
	if (!named)
		return say("there is no memory"), false;
	if (options->build && !build(image, options))
		return false;
	return is_there(image->boot_file) && is_there(image->archive);
}

/* The image that was asked for, or the one made with the program. */
static char *flash_source(const struct run_image *image, const struct run_options *options)
{
	char *path = NULL;
	if (options->flash)
		return strdup(options->flash);
	if (asprintf(&path, "%s/build/%s/flash/%s.pnor", image->root, options->machine->name, image->program) < 0)
		return NULL;
	return path;
}

bool run_image_copy_flash(struct run_image *image, const struct run_options *options)
{
	struct bytes bytes = {0};
	char *source = flash_source(image, options);
	uint64_t most = options->machine->flash_bytes_max;
	bool good = source && pnor_read_file(source, &bytes);
	if (good && (bytes.size == 0 || bytes.size % FLASH_BYTES_UNIT || bytes.size > most))
		good = (say("%s has %zu bytes: a flash of %s is a multiple of 64 KiB, and at most %" PRIu64 " KiB", source,
			    bytes.size, options->machine->name, most >> 10),
			false);
	image->flash_bytes = bytes.size;
	if (good && asprintf(&image->flash, "%s/flash.pnor", options->output) < 0)
		good = false;
	good = good && pnor_write_file(image->flash, &bytes);
	free(bytes.data);
	free(source);
	return good;
}

bool run_image_begin_witness(struct run_image *image, const struct run_options *options)
{
	char *elf = NULL;
	if (asprintf(&image->witness, "%s/witness", options->output) < 0 ||
	    asprintf(&image->plugin, "%s/build/witness.so", image->root) < 0 ||
	    asprintf(&elf, "%s/build/%s/%s.elf", image->root, options->machine->name, options->image) < 0)
		return say("there is no memory"), false;
	bool good = true;
	if (!options->witness) {
		if (unlink(image->witness) != 0 && errno != ENOENT)
			good = (say("the old %s cannot be removed: %s", image->witness, strerror(errno)), false);
		free(image->witness);
		image->witness = NULL;
	} else {
		good = is_there(image->plugin) && witness_begin(image->witness, elf, options->machine->name, image->root);
	}
	free(elf);
	return good;
}

void run_image_free(struct run_image *image)
{
	free(image->witness);
	free(image->plugin);
	free(image->root);
	free(image->program);
	free(image->boot_file);
	free(image->archive);
	free(image->flash);
}
