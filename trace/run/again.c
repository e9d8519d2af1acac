/*
 * How a run was started: DIR/run.options, one line a word of the command line, the checksums of what QEMU was given, and where each
 * CPU had its ring.
 *
 * Teaches: a run under icount is a function of its image and its options, so these are all it takes to have it again. They lie beside
 * run.vtrace and not in it: paths are the host's, and the trace says nothing of the host. Who calls: run.c writes, at/ reads.
 */
#include "run/again.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "commands.h"
#include "pnor/pnor.h"

#define FIRST_LINE "vitrine run.options 1"

static bool file_checksum(const char *path, uint32_t *checksum)
{
	struct bytes bytes = {0};
	bool good = pnor_read_file(path, &bytes);
	*checksum = good ? (uint32_t)crc32_z(0, bytes.data, bytes.size) : 0;
	free(bytes.data);
	return good;
}

bool run_again_note(const struct run_options *options, const struct run_image *image, int argc, char **argv)
{
	char *path = NULL, *directory = getcwd(NULL, 0);
	uint32_t boot_file, archive, flash;
	bool good = directory && asprintf(&path, "%s/run.options", options->output) >= 0 &&
		    file_checksum(image->boot_file, &boot_file) && file_checksum(image->archive, &archive) &&
		    file_checksum(image->flash, &flash);
	FILE *file = good && path ? fopen(path, "we") : NULL;
	if (file) {
		fprintf(file, FIRST_LINE "\nboot_file %08" PRIx32 "\narchive %08" PRIx32 "\nflash %08" PRIx32 "\n", boot_file,
			archive, flash);
		fprintf(file, "directory %s\n", directory);
		for (int i = 0; i < argc; i++)
			fprintf(file, "argument %s\n", argv[i]);
	}
	good = file && !ferror(file);
	if (file && fclose(file) != 0)
		good = false;
	if (!good)
		say("how the run is started cannot be noted in %s: %s", path ? path : "run.options", strerror(errno));
	free(directory);
	free(path);
	return good;
}

bool run_again_note_rings(const struct run_options *options, const struct run_guest *guest)
{
	char *path = NULL;
	FILE *file = asprintf(&path, "%s/run.options", options->output) >= 0 ? fopen(path, "ae") : NULL;
	for (unsigned cpu = 0; file && cpu < guest->cpus; cpu++)
		if (guest->ring[cpu])
			fprintf(file, "ring %u 0x%" PRIx64 " %" PRIu64 "\n", cpu, run_guest64(guest, guest->ring[cpu]->slots),
				guest->slot_count[cpu]);
	bool good = file && !ferror(file);
	if (file && fclose(file) != 0)
		good = false;
	if (!good)
		say("where the rings are cannot be noted in %s: %s", path ? path : "run.options", strerror(errno));
	free(path);
	return good;
}

/* The text of the file, or NULL after having said why there is none. */
static char *read_text(const char *run)
{
	struct stat status;
	bool is_directory = stat(run, &status) == 0 && S_ISDIR(status.st_mode);
	const char *slash = is_directory ? NULL : strrchr(run, '/');
	char *path = NULL, *text = NULL;
	int length = is_directory ? asprintf(&path, "%s/run.options", run)
				  : asprintf(&path, "%.*srun.options", slash ? (int)(slash + 1 - run) : 0, run);
	struct bytes bytes = {0};
	if (length >= 0 && access(path, R_OK) != 0)
		say("%s is not there: it says how the run was started, so without it the run cannot be had again", path);
	else if (length >= 0 && pnor_read_file(path, &bytes))
		text = strndup((const char *)bytes.data, bytes.size);
	free(bytes.data);
	free(path);
	return text;
}

static bool take_ring(struct run_again *again, const char *value)
{
	unsigned cpu;
	struct run_ring ring;
	if (sscanf(value, "%u %" SCNx64 " %" SCNu64, &cpu, &ring.address, &ring.slots) != 3 || cpu >= RUN_CPUS_MAX)
		return false;
	again->ring[cpu] = ring;
	return ring.slots > 0 && (ring.slots & (ring.slots - 1)) == 0;
}

/* Takes one line apart. False if it is none of ours. */
static bool take_line(struct run_again *again, char *line)
{
	char *value = strchr(line, ' ');
	if (!value)
		return false;
	*value++ = '\0';
	if (!strcmp(line, "argument"))
		again->argument[again->arguments++] = value;
	else if (!strcmp(line, "directory"))
		again->directory = value;
	else if (!strcmp(line, "boot_file"))
		again->boot_file = (uint32_t)strtoul(value, NULL, 16);
	else if (!strcmp(line, "archive"))
		again->archive = (uint32_t)strtoul(value, NULL, 16);
	else if (!strcmp(line, "flash"))
		again->flash = (uint32_t)strtoul(value, NULL, 16);
	else if (!strcmp(line, "ring"))
		return take_ring(again, value);
	else
		return false;
	return true;
}

bool run_again_read(struct run_again *again, const char *run)
{
	*again = (struct run_again){.text = read_text(run)};
	if (!again->text)
		return false;
	size_t lines = 1;
	for (const char *at = again->text; *at; at++)
		lines += *at == '\n';
	again->argument = calloc(lines + 1, sizeof(*again->argument));
	char *rest = again->text, *line = strsep(&rest, "\n");
	bool good = again->argument && !strcmp(line, FIRST_LINE);
	while (good && (line = strsep(&rest, "\n")))
		good = !*line || take_line(again, line);
	if (good && again->directory && again->arguments)
		return true;
	run_again_free(again);
	return say("run.options of %s is not what `vitrine run` writes there; the run has to be recorded again", run), false;
}

void run_again_free(struct run_again *again)
{
	free(again->text);
	free(again->argument);
	*again = (struct run_again){0};
}

bool run_again_is_same(const struct run_again *again, const struct run_image *image)
{
	const struct {
		const char *what, *path;
		uint32_t was;
	} files[] = {{"kernel", image->boot_file, again->boot_file},
		     {"boot archive (the servers and the program)", image->archive, again->archive},
		     {"flash image", image->flash, again->flash}};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		uint32_t is;
		if (!file_checksum(files[i].path, &is))
			return false;
		if (is != files[i].was)
			return say("the %s is not the one of the recorded run: it was built anew, or changed; record the run "
				   "again",
				   files[i].what),
			       false;
	}
	return true;
}
