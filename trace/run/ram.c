/*
 * The guest's RAM, and what else is a file without a name.
 *
 * Teaches: RAM is a file. In memory it has no name and vanishes with its last user; with --keep-ram it is the file `ram` of the run,
 * which stays. Who calls: qemu.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "commands.h"
#include "run/run.h"

/* RAM for all but the rings, and the unit RAM comes in. */
#define RAM_BYTES_BASE (UINT64_C(160) << 20)
#define RAM_BYTES_UNIT (UINT64_C(64) << 20)

/* Whether the host could give a guest so much memory. If it does not say, it is asked for and not refused. */
static bool memory_has_room(uint64_t bytes)
{
	char line[128];
	uint64_t available_kib = UINT64_MAX;
	FILE *memory = fopen("/proc/meminfo", "re");
	while (memory && fgets(line, sizeof(line), memory))
		if (sscanf(line, "MemAvailable: %" SCNu64, &available_kib) == 1)
			break;
	if (memory)
		fclose(memory);
	return available_kib >= bytes >> 10;
}

int run_file_nameless(const char *what, uint64_t bytes)
{
	const char *directory = getenv("TMPDIR");
	char *path = NULL;
	int file = memory_has_room(bytes) ? memfd_create(what, MFD_CLOEXEC) : -1;
	if (file >= 0 && ftruncate(file, (off_t)bytes) == 0)
		return file;
	if (file >= 0)
		close(file);
	if (asprintf(&path, "%s/vitrine-XXXXXX", directory ? directory : "/tmp") < 0)
		return -1;
	file = mkostemp(path, O_CLOEXEC);
	if (file >= 0)
		unlink(path);
	if (file < 0 || ftruncate(file, (off_t)bytes) != 0) {
		say("there is no room for the guest's %s, %" PRIu64 " MiB in memory or in %s: %s", what, bytes >> 20,
		    directory ? directory : "/tmp", strerror(errno));
		if (file >= 0)
			close(file);
		file = -1;
	}
	free(path);
	return file;
}

/* The file `ram` in the directory of the run: what is in it stays there, and others can look at it meanwhile. -1 as above. */
static int named_file(const char *directory, uint64_t bytes)
{
	char *path = NULL;
	if (asprintf(&path, "%s/ram", directory) < 0)
		return -1;
	int file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (file < 0 || ftruncate(file, (off_t)bytes) != 0) {
		say("%s cannot be made: %s", path, strerror(errno));
		if (file >= 0)
			close(file);
		file = -1;
	}
	free(path);
	return file;
}

/* Enough for the rings and the rest; 0 after having said that there cannot be so much. */
static uint64_t ram_bytes(const struct run_options *options)
{
	uint64_t bytes = RAM_BYTES_BASE + options->cpus * options->ring_bytes;
	bytes = (bytes + RAM_BYTES_UNIT - 1) / RAM_BYTES_UNIT * RAM_BYTES_UNIT;
	if (bytes < options->machine->ram_bytes_min)
		bytes = options->machine->ram_bytes_min;
	if (bytes <= options->machine->ram_bytes_max)
		return bytes;
	say("%u rings of %" PRIu64 " MiB do not fit into the RAM of %s, which is at most %" PRIu64
	    " MiB: choose a smaller --ring",
	    options->cpus, options->ring_bytes >> 20, options->machine->name, options->machine->ram_bytes_max >> 20);
	return 0;
}

int run_ram_open(const struct run_options *options, uint64_t *bytes)
{
	*bytes = ram_bytes(options);
	if (!*bytes)
		return -1;
	return options->keep_ram ? named_file(options->output, *bytes) : run_file_nameless("RAM", *bytes);
}
