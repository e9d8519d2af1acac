/*
 * QEMU's command line, for each machine and each way to boot.
 *
 * Teaches: a machine is a list of arguments. What the kernel is told goes with it: by -append, or, through GRUB, in a string of the SMBIOS.
 * Who calls: qemu.c. To add a machine: its arguments here, a row in options.c.
 *
 * Always TCG: a trace under a hypervisor would not repeat, and some hosts' cannot run a kernel like this one.
 */
#include "run/command.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

static void add(struct command_line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct command_line *line, const char *format, ...)
{
	char *text = NULL;
	va_list values;
	va_start(values, format);
	if (line->count == ARGUMENTS_MAX || vasprintf(&text, format, values) < 0)
		line->failed = true;
	else
		line->argument[line->count++] = text;
	va_end(values);
}

void command_line_free(struct command_line *line)
{
	for (unsigned i = 0; i < line->count; i++)
		free(line->argument[i]);
	if (line->ram >= 0)
		close(line->ram);
	if (line->dummy_kernel >= 0)
		close(line->dummy_kernel);
}

/* The words the kernel reads (docs/trace.md); NULL if there is no memory. */
static char *kernel_words(const struct run_options *options, const struct run_image *image)
{
	char *words = NULL;
	uint64_t budget_ticks = options->budget / 1000 * options->machine->clock_per_1000 +
				options->budget % 1000 * options->machine->clock_per_1000 / 1000;
	char fail[64] = "";
	if (options->fail)
		snprintf(fail, sizeof(fail), " fail=%" PRIu64 " fail_every=%" PRIu64, options->fail, options->fail_every);
	int length = asprintf(
		&words,
		"program=%s seed=%" PRIu64 " trace=0x%x ring=%" PRIu64 " budget=%" PRIu64 " flash=%" PRIu64 "%s%s%s%s%s%s",
		image->program, options->seed, options->categories, options->ring_bytes >> 10, budget_ticks,
		image->flash_bytes >> 10, options->icount && options->cpus > 1 ? " turn_us=100" : "", options->mmu ? " mmu=" : "",
		options->mmu ? options->mmu : "", fail, *options->append ? " " : "", options->append);
	return length < 0 ? NULL : words;
}

/* As QEMU's own -append. */
static void add_kernel_words(struct command_line *line, const struct run_options *options, const struct run_image *image)
{
	char *words = kernel_words(options, image);
	line->failed |= !words;
	add(line, "-append");
	add(line, "%s", words ? words : "");
	free(words);
}

/* As a string of the SMBIOS, where GRUB finds them (arch/x86_64/grub.cfg). In an option of QEMU's, a comma is written twice. */
static void add_grub_words(struct command_line *line, const struct run_options *options, const struct run_image *image)
{
	char *words = kernel_words(options, image), *twice = words ? calloc(2, strlen(words) + 1) : NULL;
	line->failed |= !twice;
	for (size_t from = 0, to = 0; twice && words[from]; from++) {
		twice[to++] = words[from];
		if (words[from] == ',')
			twice[to++] = ',';
	}
	add(line, "-smbios");
	add(line, "type=11,value=%s", twice ? twice : "");
	free(words);
	free(twice);
}

/* The firmware of the x86-64 machine, which QEMU finds by itself only as long as it is not asked for a second flash. */
static const char *find_firmware(void)
{
	static const char *const places[] = {"/usr/share/seabios/bios-256k.bin", "/usr/share/qemu/bios-256k.bin",
					     "/usr/local/share/qemu/bios-256k.bin", "/opt/homebrew/share/qemu/bios-256k.bin"};
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (access(places[i], R_OK) == 0)
			return places[i];
	say("the x86-64 machine's firmware bios-256k.bin is not in %s (Debian: apt-get install seabios)", places[0]);
	return NULL;
}

/* A run that is recorded or replayed keeps the machine's state in a file of QEMU's; a drive that can be written would have to go there too. */
static const char *flash_rights(const struct run_options *options)
{
	return options->replay == REPLAY_NONE ? "" : ",readonly=on";
}

static void add_x86_64(struct command_line *line, const struct run_options *options, const struct run_image *image)
{
	add(line, "-M");
	add(line, "q35,memory-backend=ram0");
	add(line, "-cpu");
	add(line, "max");
	add(line, "-nodefaults");
	add(line, "-device");
	add(line, "isa-debug-exit,iobase=0xf4,iosize=4");
	/* The second flash chip needs a first, which is where the firmware is then; the second lies right below it. */
	add(line, "-drive");
	add(line, "if=pflash,unit=0,format=raw,readonly=on,file=/proc/self/fd/%d", FIRMWARE_FILE);
	line->firmware = find_firmware();
	line->failed |= !line->firmware;
	add(line, "-drive");
	add(line, "if=pflash,unit=1,format=raw%s,file=/proc/self/fd/%d", flash_rights(options), FLASH_FILE);
	if (options->grub) {
		add(line, "-cdrom");
		add(line, "/proc/self/fd/%d", IMAGE_FILE);
		add_grub_words(line, options, image);
		return;
	}
	add(line, "-kernel");
	add(line, "/proc/self/fd/%d", IMAGE_FILE);
	add(line, "-initrd");
	add(line, "/proc/self/fd/%d", ARCHIVE_FILE);
	add_kernel_words(line, options, image);
}

/* The image is the firmware. QEMU hands the command line and the archive on only beside a -kernel, so it gets one that nobody
 * runs. */
static void add_ppc64(struct command_line *line, const struct run_options *options, const struct run_image *image)
{
	add(line, "-M");
	add(line, "powernv9,memory-backend=ram0");
	add(line, "-monitor");
	add(line, "none");
	add(line, "-drive");
	add(line, "file=/proc/self/fd/%d,format=raw,if=mtd%s", FLASH_FILE, flash_rights(options));
	add(line, "-device");
	add(line, "pvpanic-pci,bus=pcie.0,addr=0");
	add(line, "-action");
	add(line, "panic=exit-failure");
	add(line, "-bios");
	add(line, "/proc/self/fd/%d", IMAGE_FILE);
	add(line, "-kernel");
	add(line, "/proc/self/fd/%d", line->dummy_kernel);
	add(line, "-initrd");
	add(line, "/proc/self/fd/%d", ARCHIVE_FILE);
	add_kernel_words(line, options, image);
}

/* How time passes; and with --record and --replay, where QEMU notes what came from outside, and the state of the machine at the start. */
static void add_icount(struct command_line *line, const struct run_options *options)
{
	if (options->replay == REPLAY_NONE) {
		add(line, "shift=0,sleep=off");
		return;
	}
	add(line, "shift=0,sleep=off,rr=%s,rrfile=%s/" RECORD_FILE ",rrsnapshot=init",
	    options->replay == REPLAY_RECORD ? "record" : "replay", options->output);
	add(line, "-net");
	add(line, "none");
	add(line, "-drive");
	add(line, "file=%s/" RECORD_STATE_FILE ",if=none,id=rr", options->output);
}

void command_line_make(struct command_line *line, const struct run_options *options, const struct run_image *image,
		       const char *console, uint64_t bytes)
{
	line->boot_file = image->boot_file;
	line->archive = image->archive;
	line->flash = image->flash;
	add(line, "%s", options->qemu ? options->qemu : options->machine->qemu);
	if (!strcmp(options->machine->name, "x86_64"))
		add_x86_64(line, options, image);
	else
		add_ppc64(line, options, image);
	add(line, "-object");
	add(line, "memory-backend-file,id=ram0,size=%" PRIu64 ",mem-path=/proc/self/fd/%d,share=on", bytes, line->ram);
	add(line, "-m");
	add(line, "%" PRIu64 "M", bytes >> 20);
	add(line, "-smp");
	add(line, "%u", options->cpus);
	add(line, "-accel");
	add(line, image->witness ? "tcg,thread=single" : "tcg");
	line->witness = image->witness;
	line->plugin = image->plugin;
	if (image->witness) {
		add(line, "-plugin");
		add(line, "file=/proc/self/fd/%d,to=/proc/self/fd/%d", PLUGIN_FILE, WITNESS_FILE);
	}
	add(line, "-display");
	add(line, "none");
	line->console = console;
	add(line, "-serial");
	if (line->input >= 0)
		add(line, "stdio"); /* which become_qemu() has made the input and the console's file */
	else
		add(line, "file:%s", console);
	add(line, "-no-reboot");
	if (options->icount) {
		add(line, "-icount");
		add_icount(line, options);
		add(line, "-rtc");
		add(line, "base=2024-01-01,clock=vm");
		add(line, "-seed");
		add(line, "%" PRIu64, options->seed);
	}
	for (char **more = options->qemu_arguments; *more; more++)
		add(line, "%s", *more);
}

void command_line_show(const struct command_line *line)
{
	for (unsigned i = 0; i < line->count; i++)
		fprintf(stderr, strpbrk(line->argument[i], " ;&") ? "%s'%s'" : "%s%s", i ? " " : "", line->argument[i]);
	fputc('\n', stderr);
}
