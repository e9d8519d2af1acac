/*
 * The machine: QEMU's command line, its process, and its RAM as a file that this program can see.
 *
 * Teaches: tracing without a channel. The guest's RAM is a file without a name; QEMU maps it, and we map the same pages for
 * reading only. An event the guest stores is at once where we can read it, and nothing we do can be felt by the guest. Who
 * calls: run.c. Invariants: RAM is never writable here; every file given to QEMU is nameless, so nothing is left behind, but for RAM
 * that is to be kept; and QEMU does not outlive this process.
 *
 * Always TCG: a trace under a hypervisor would not repeat, and some hosts' cannot run a kernel like this one.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "run.h"

/* RAM for all but the rings, and the unit RAM comes in. */
#define RAM_BYTES_BASE (UINT64_C(160) << 20)
#define RAM_BYTES_UNIT (UINT64_C(64) << 20)

#define ARGUMENTS_MAX 256

/* QEMU's command line while it is made, and the nameless files on it. */
struct command_line {
	char *argument[ARGUMENTS_MAX + 1];
	unsigned count;
	bool failed;
	int ram, dummy_kernel; /* -1: none */
	const char *boot_file; /* QEMU has them open as IMAGE_FILE and ARCHIVE_FILE */
	const char *archive;
	const char *flash; /* and as FLASH_FILE, to write as well */
	const char *console;
	int input;            /* -1: none */
	const char *firmware; /* and as FIRMWARE_FILE, on x86-64; NULL: none */
};

/*
 * QEMU puts the names of the image and of the archive into the guest's memory (multiboot), and takes blanks and commas in them for
 * something else. So it gets names that are the same everywhere: those of open files.
 */
#define IMAGE_FILE 100
#define ARCHIVE_FILE 101
#define FLASH_FILE 102
#define FIRMWARE_FILE 103

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

static void line_free(struct command_line *line)
{
	for (unsigned i = 0; i < line->count; i++)
		free(line->argument[i]);
	if (line->ram >= 0)
		close(line->ram);
	if (line->dummy_kernel >= 0)
		close(line->dummy_kernel);
}

/* ---- nameless files ---- */

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

/* A file in memory, or in $TMPDIR where there is no memory for one. It vanishes with its last user. -1 after having said why not.
 */
static int nameless_file(const char *what, uint64_t bytes)
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

/* ---- the command line ---- */

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
	add(line, "if=pflash,unit=1,format=raw,file=/proc/self/fd/%d", FLASH_FILE);
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
	line->dummy_kernel = nameless_file("kernel", 4);
	if (line->dummy_kernel < 0)
		line->failed = true;
	add(line, "-M");
	add(line, "powernv9,memory-backend=ram0");
	add(line, "-monitor");
	add(line, "none");
	add(line, "-drive");
	add(line, "file=/proc/self/fd/%d,format=raw,if=mtd", FLASH_FILE);
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

static void add_all(struct command_line *line, const struct run_options *options, const struct run_image *image,
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
	add(line, "tcg");
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
		add(line, "shift=0,sleep=off");
		add(line, "-rtc");
		add(line, "base=2024-01-01,clock=vm");
		add(line, "-seed");
		add(line, "%" PRIu64, options->seed);
	}
	for (char **more = options->qemu_arguments; *more; more++)
		add(line, "%s", *more);
}

/* ---- the process ---- */

/*
 * In the child: never to outlive the parent, never to be stopped by the terminal's keys, no file open but those it was given.
 */
static void become_qemu(struct command_line *line, pid_t parent, int error_pipe, int errors)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	int null = open("/dev/null", O_RDONLY);
	dup2(null, STDIN_FILENO);
	dup2(errors, STDERR_FILENO);
	dup2(open(line->boot_file, O_RDONLY | O_CLOEXEC), IMAGE_FILE);
	dup2(open(line->archive, O_RDONLY | O_CLOEXEC), ARCHIVE_FILE);
	fcntl(line->ram, F_SETFD, 0);
	dup2(open(line->flash, O_RDWR | O_CLOEXEC), FLASH_FILE);
	if (line->firmware)
		dup2(open(line->firmware, O_RDONLY | O_CLOEXEC), FIRMWARE_FILE);
	if (line->input >= 0) {
		dup2(line->input, STDIN_FILENO);
		dup2(open(line->console, O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
	}
	fcntl(line->dummy_kernel, F_SETFD, 0);
	if (getppid() == parent)
		execvp(line->argument[0], line->argument);
	int why = errno;
	if (write(error_pipe, &why, sizeof(why)) != sizeof(why))
		_exit(126);
	_exit(127);
}

/* Forks and executes; error messages go to `errors`. Returns 0, or the errno of what failed. */
static int spawn(struct command_line *line, pid_t *pid, int errors)
{
	int error_pipe[2], why = 0;
	pid_t parent = getpid();
	if (pipe2(error_pipe, O_CLOEXEC) != 0)
		return errno;
	*pid = fork();
	if (*pid == 0)
		become_qemu(line, parent, error_pipe[1], errors);
	if (*pid < 0)
		why = errno;
	close(error_pipe[1]);
	/* The pipe closes without a word when QEMU's program has taken over. */
	if (*pid > 0 && read(error_pipe[0], &why, sizeof(why)) == sizeof(why))
		waitpid(*pid, NULL, 0);
	close(error_pipe[0]);
	return why;
}

static void show_command_line(const struct command_line *line)
{
	for (unsigned i = 0; i < line->count; i++)
		fprintf(stderr, strpbrk(line->argument[i], " ;&") ? "%s'%s'" : "%s%s", i ? " " : "", line->argument[i]);
	fputc('\n', stderr);
}

/* The RAM file once more, for reading only; from here on nothing in this process could write to the guest. */
static bool map_ram(struct run_qemu *qemu, int ram)
{
	char path[40];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ram);
	qemu->ram_file = open(path, O_RDONLY | O_CLOEXEC);
	void *mapped = qemu->ram_file < 0 ? MAP_FAILED : mmap(NULL, qemu->ram_bytes, PROT_READ, MAP_SHARED, qemu->ram_file, 0);
	if (mapped == MAP_FAILED)
		return say("the guest's RAM cannot be mapped: %s", strerror(errno)), false;
	qemu->ram = mapped;
	return true;
}

/* A thread: hands QEMU's error messages on, but for the one that only says that we ended it. */
static void *read_errors(void *argument)
{
	struct run_qemu *qemu = argument;
	FILE *from = fdopen(qemu->errors, "re");
	char *line = NULL;
	size_t bytes = 0;
	while (from && getline(&line, &bytes, from) > 0)
		if (!qemu->asked_to_end || !strstr(line, ": terminating on signal "))
			fputs(line, stderr);
	free(line);
	if (from)
		fclose(from);
	return NULL;
}

/* Starts that thread, which no signal interrupts. */
static bool start_reading_errors(struct run_qemu *qemu)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	qemu->errors_read = pthread_create(&qemu->errors_reader, NULL, read_errors, qemu) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return qemu->errors_read;
}

static bool start_process(struct run_qemu *qemu, struct command_line *line, const struct run_machine *machine)
{
	int errors[2];
	if (pipe2(errors, O_CLOEXEC) != 0)
		return say("there is no pipe for QEMU's messages: %s", strerror(errno)), false;
	int why = line->failed ? E2BIG : spawn(line, &qemu->pid, errors[1]);
	close(errors[1]);
	if (why)
		close(errors[0]);
	if (why == ENOENT)
		return say("%s is not installed (Debian: apt-get install %s)", line->argument[0], machine->qemu_package), false;
	if (why)
		return say("%s does not start: %s", line->argument[0], strerror(why)), false;
	qemu->running = true;
	qemu->errors = errors[0];
	qemu->process = pidfd_open(qemu->pid, 0);
	if (qemu->process >= 0 && start_reading_errors(qemu))
		return true;
	say("QEMU's process cannot be watched: %s", strerror(errno));
	run_qemu_end(qemu);
	return false;
}

bool run_qemu_start(struct run_qemu *qemu, const struct run_options *options, const struct run_image *image, const char *console,
		    int input)
{
	struct command_line *line = calloc(1, sizeof(*line));
	bool started = false;
	*qemu = (struct run_qemu){.process = -1, .ram_file = -1};
	if (!line)
		return say("there is no memory"), false;
	line->dummy_kernel = line->ram = -1;
	line->input = input;
	qemu->ram_bytes = ram_bytes(options);
	if (qemu->ram_bytes)
		line->ram =
			options->keep_ram ? named_file(options->output, qemu->ram_bytes) : nameless_file("RAM", qemu->ram_bytes);
	if (line->ram >= 0 && map_ram(qemu, line->ram)) {
		add_all(line, options, image, console, qemu->ram_bytes);
		if (options->verbose)
			show_command_line(line);
		started = start_process(qemu, line, options->machine);
	}
	line_free(line);
	free(line);
	if (!started)
		run_qemu_close(qemu);
	return started;
}

/* Takes note if the process has ended. */
static void reap(struct run_qemu *qemu, int flags)
{
	pid_t ended;
	do
		ended = waitpid(qemu->pid, &qemu->wait_status, flags);
	while (ended < 0 && errno == EINTR);
	if (ended != qemu->pid)
		return;
	qemu->running = false;
	/* Its messages end with it, and stand before what we say of its end. */
	if (qemu->errors_read)
		pthread_join(qemu->errors_reader, NULL);
	qemu->errors_read = false;
}

void run_qemu_wait(struct run_qemu *qemu, unsigned milliseconds)
{
	struct pollfd process = {.fd = qemu->process, .events = POLLIN};
	if (poll(&process, 1, (int)milliseconds) > 0)
		reap(qemu, WNOHANG);
}

void run_qemu_pause(struct run_qemu *qemu, bool paused)
{
	if (!qemu->running || qemu->paused == paused)
		return;
	kill(qemu->pid, paused ? SIGSTOP : SIGCONT);
	qemu->paused = paused;
}

#define MILLISECONDS_TO_OBEY 2000

void run_qemu_end(struct run_qemu *qemu)
{
	run_qemu_pause(qemu, false);
	qemu->asked_to_end = true;
	if (qemu->running)
		kill(qemu->pid, SIGTERM);
	if (qemu->running && qemu->process >= 0)
		run_qemu_wait(qemu, MILLISECONDS_TO_OBEY);
	if (!qemu->running)
		return;
	kill(qemu->pid, SIGKILL);
	reap(qemu, 0);
}

void run_qemu_close(struct run_qemu *qemu)
{
	if (qemu->running)
		run_qemu_end(qemu);
	if (qemu->ram)
		munmap((void *)qemu->ram, qemu->ram_bytes);
	if (qemu->ram_file >= 0)
		close(qemu->ram_file);
	if (qemu->process >= 0)
		close(qemu->process);
	qemu->ram = NULL;
	qemu->ram_file = qemu->process = -1;
}
