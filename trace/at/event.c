/*
 * Running a guest again up to one event, and keeping its RAM of that moment.
 *
 * Teaches: a place to return to costs nothing but the way there. Who calls: at.c, other commands. Whom: run/ for the machine, reach.c,
 * compare.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "at/at.h"
#include "at/rerun.h"
#include "commands.h"

#define COPY_BYTES (1 << 20)

/* Copies `bytes` bytes at `offset` from one file to the same place in another. */
static bool copy_part(int from, int to, off_t offset, off_t bytes)
{
	static char buffer[COPY_BYTES];
	while (bytes > 0) {
		ssize_t got = pread(from, buffer, bytes < COPY_BYTES ? (size_t)bytes : COPY_BYTES, offset);
		if (got <= 0 || pwrite(to, buffer, (size_t)got, offset) != got)
			return false;
		offset += got;
		bytes -= got;
	}
	return true;
}

/* Copies what was ever written of the guest's RAM; the rest of the copy is a hole. */
static bool copy_ram(const struct run_qemu *qemu, const char *path)
{
	int to = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	bool good = to >= 0 && ftruncate(to, (off_t)qemu->ram_bytes) == 0;
	for (off_t end = 0, start; good && (start = lseek(qemu->ram_file, end, SEEK_DATA)) >= 0;) {
		end = lseek(qemu->ram_file, start, SEEK_HOLE);
		good = end > start && copy_part(qemu->ram_file, to, start, end - start);
	}
	if (!good)
		say("the guest's RAM cannot be copied to %s: %s", path, strerror(errno));
	if (to >= 0 && close(to) != 0 && good)
		good = (say("%s cannot be written: %s", path, strerror(errno)), false);
	return good;
}

/* Starts the machine, stopped, lets it run to the event and copies its RAM. */
static bool run_to_event(struct rerun *rerun, const struct run_image *image, const char *directory, const char *ram)
{
	char *console = NULL, *character_device = NULL, *socket = NULL;
	struct run_qemu qemu;
	bool good = asprintf(&console, "%s/console.log", directory) >= 0 && asprintf(&socket, "%s/gdb", directory) >= 0 &&
		    asprintf(&character_device, "socket,path=%s,server=on,wait=off,id=gdb", socket) >= 0;
	char *arguments[] = {"-S", "-chardev", character_device, "-gdb", "chardev:gdb", NULL};
	int input = good && rerun->options.input ? run_input_open(rerun->options.input) : -1;
	rerun->options.qemu_arguments = arguments;
	good = good && run_qemu_start(&qemu, &rerun->options, image, console, input);
	if (good) {
		good = at_reach(&qemu, socket, &rerun->place) && copy_ram(&qemu, ram);
		run_qemu_close(&qemu);
	}
	run_input_end();
	rerun->options.qemu_arguments = NULL;
	if (socket)
		unlink(socket);
	free(console);
	free(socket);
	free(character_device);
	return good;
}

static bool rerun_to(const char *run, unsigned cpu, uint64_t sequence, const char *directory, const char *ram)
{
	struct rerun rerun;
	struct run_image image = {0};
	if (!rerun_prepare(&rerun, run, cpu, sequence, directory))
		return false;
	rerun.options.keep_ram = false; /* it is copied, and faster in memory */
	bool good =
		!rerun.options.qemu_arguments[0] ||
		(say("%s was run with arguments of its own for QEMU: only gdb can be attached to it, without --ram", run), false);
	good = good && run_image_prepare(&image, &rerun.options) && run_image_copy_flash(&image, &rerun.options) &&
	       run_again_is_same(&rerun.again, &image) && run_to_event(&rerun, &image, directory, ram);
	run_image_free(&image);
	rerun_free(&rerun);
	return good;
}

/* Removes what a re-run leaves. */
static void remove_directory(const char *directory)
{
	static const char *const names[] = {"console.log", "flash.pnor", "gdb"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = NULL;
		if (asprintf(&path, "%s/%s", directory, names[i]) >= 0)
			unlink(path);
		free(path);
	}
	rmdir(directory);
}

/* A path that stays right when the directory changes; NULL after having said that there is none. The file need not be there. */
static char *absolute(const char *path)
{
	char *here = path[0] == '/' ? strdup("") : getcwd(NULL, 0), *whole = NULL;
	if (!here || asprintf(&whole, "%s%s%s", here, here[0] ? "/" : "", path) < 0)
		whole = (say("there is no memory"), NULL);
	free(here);
	return whole;
}

int at_event(const char *run, unsigned cpu, uint64_t sequence, const char *ram)
{
	char directory[] = "/tmp/vitrine-at-XXXXXX"; /* a socket lies in it, whose path may not be long */
	char *whole_run = absolute(run), *whole_ram = absolute(ram);
	int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), exit_code = 1;
	uint64_t events;
	if (whole_run && whole_ram && mkdtemp(directory)) {
		if (rerun_to(whole_run, cpu, sequence, directory, whole_ram))
			exit_code = at_compare(whole_run, cpu, sequence, whole_ram, &events);
		remove_directory(directory);
	}
	if (here >= 0 && fchdir(here) != 0)
		say("the directory before cannot be entered again: %s", strerror(errno));
	if (here >= 0)
		close(here);
	free(whole_run);
	free(whole_ram);
	return exit_code;
}
