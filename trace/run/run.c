/*
 * `vitrine run`: boots a program under QEMU and leaves DIR/run.vtrace and DIR/console.log.
 *
 * Teaches: the story of a recording. Build, start the machine, find the rings in its RAM, drain them until it ends, judge the
 * end, store. Under icount the guest's clock stands still while its process does, so a guest that is about to fill a ring is
 * stopped until we have caught up: nothing is ever lost, and the file is the same however quick the host is. Who calls: main.c.
 * Whom it calls: the parts in run.h, in the order above.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "reader.h"
#include "run/again.h"
#include "run/run.h"
#include "witness/functions.h"

/* A ring so full (in 1/1000) makes a guest under icount wait. */
#define BACKLOG_PAUSE 125

/* With fewer events than this in a round there is time to sleep. */
#define EVENTS_BUSY 1000

/* A machine that said how it ended but is still there after so long is switched off. */
#define SECONDS_TO_POWER_OFF 2

/* No event in one in so many parts of the time, at its end: no sign of life. */
#define SILENT_PARTS 4

#define SECONDS_TO_PROGRESS 3

struct run {
	struct run_options options;
	struct run_image image;
	struct run_qemu qemu;
	struct run_guest guest;
	struct run_drain drain;
	struct writer *writer; /* NULL until the rings are found */
	char *trace_path, *console_path;
	int console;
	off_t console_shown;
	bool console_mid_line;                         /* what was shown last ended without a newline */
	double began, last_event, verdict_seen, ended; /* seconds */
	double last_progress;
	bool progress_shown;
	bool failed; /* the host could not go on; it was said why */
	enum run_stop stop;
	bool input_was_read;
};

static volatile sig_atomic_t signal_caught;

static void catch_signal(int number)
{
	signal_caught = number;
}

/* ---- the directory ---- */

int directories_make(const char *path)
{
	char *part = strdup(path);
	struct stat status;
	for (char *slash = part ? strchr(part + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(part, 0777);
		*slash = '/';
	}
	free(part);
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		return 0;
	if (stat(path, &status) != 0)
		return 0;
	errno = ENOTDIR;
	return S_ISDIR(status.st_mode);
}

/* The RAM that an earlier run left in the directory. */
static bool remove_old_ram(const char *output)
{
	char *path = NULL;
	if (asprintf(&path, "%s/ram", output) < 0)
		return say("there is no memory"), false;
	bool gone = unlink(path) == 0 || errno == ENOENT;
	if (!gone)
		say("the old %s cannot be removed: %s", path, strerror(errno));
	free(path);
	return gone;
}

/* Makes the directory ready: an empty console.log, and no trace of an earlier run that could be taken for this one's. */
static bool prepare_output(struct run *run)
{
	const char *output = run->options.output;
	if (!directories_make(output))
		return say("the directory %s cannot be made: %s", output, strerror(errno)), false;
	if (asprintf(&run->trace_path, "%s/run.vtrace", output) < 0 || asprintf(&run->console_path, "%s/console.log", output) < 0)
		return say("there is no memory"), false;
	run->console = open(run->console_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (run->console < 0)
		return say("the directory %s cannot be written: %s", output, strerror(errno)), false;
	if (unlink(run->trace_path) != 0 && errno != ENOENT)
		return say("the old %s cannot be removed: %s", run->trace_path, strerror(errno)), false;
	return remove_old_ram(output);
}

/* ---- while it runs ---- */

static void clear_progress(struct run *run)
{
	if (run->progress_shown)
		fputs("\r\033[K", stderr);
	run->progress_shown = false;
}

/* Shows what the guest printed since the last time. */
static void follow_console(struct run *run)
{
	char text[512];
	ssize_t got;
	while (!run->options.quiet && (got = pread(run->console, text, sizeof(text), run->console_shown)) > 0) {
		clear_progress(run);
		fwrite(text, 1, (size_t)got, stdout);
		fflush(stdout);
		run->console_mid_line = text[got - 1] != '\n';
		run->console_shown += got;
		run->last_progress = seconds_now();
	}
}

/* A line on the terminal, if it takes long and somebody looks. */
static void show_progress(struct run *run, double now)
{
	if (now - run->began < SECONDS_TO_PROGRESS || now - run->last_progress < 1 || !isatty(STDERR_FILENO))
		return;
	if (run->options.input) /* somebody types: the line is theirs */
		return;
	fprintf(stderr, "\r\033[K%.0f s, %" PRIu64 " events ", now - run->began, run->writer ? writer_events(run->writer) : 0);
	fflush(stderr);
	run->progress_shown = true;
	run->last_progress = now;
}

/* Finds the rings if they are not found yet, and takes what is in them. Returns how many events. */
static uint64_t drain(struct run *run, bool final)
{
	if (!run_guest_look(&run->guest)) {
		run->failed = true;
		return 0;
	}
	if (!run->guest.cpus)
		return 0;
	if (!run->writer) {
		run->writer = writer_open(run->options.output, run->guest.cpus, run->guest.swapped);
		run_drain_start(&run->drain, &run->guest, run->writer);
	}
	bool pause = run->options.icount && run_drain_backlog(&run->drain) > BACKLOG_PAUSE;
	if (pause)
		run_qemu_pause(&run->qemu, true);
	uint64_t taken = run_drain_all(&run->drain, final);
	run_qemu_pause(&run->qemu, false);
	if (writer_error(run->writer))
		run->failed = true;
	return taken;
}

/* Whether the run has to be ended from here: a signal, the wall clock, or a machine that is over but does not go away. */
static bool must_end(struct run *run, double now)
{
	bool has_verdict = run->guest.descriptor && run->guest.descriptor->verdict != 0;
	if (has_verdict && !run->verdict_seen)
		run->verdict_seen = now;
	if (signal_caught)
		run->stop = STOP_SIGNAL;
	else if (run->options.wall_seconds && now - run->began > (double)run->options.wall_seconds)
		run->stop = STOP_WALL;
	else if (run->writer && writer_events(run->writer) >= run->options.events)
		run->stop = STOP_EVENTS;
	return run->failed || run->stop != STOP_NONE || (has_verdict && now - run->verdict_seen > SECONDS_TO_POWER_OFF);
}

static void record(struct run *run)
{
	run->began = run->last_event = run->last_progress = seconds_now();
	for (double now = run->began; run->qemu.running && !must_end(run, now); now = seconds_now()) {
		uint64_t taken = drain(run, false);
		if (taken)
			run->last_event = now;
		follow_console(run);
		show_progress(run, now);
		run_qemu_wait(&run->qemu, taken > EVENTS_BUSY ? 0 : 1);
	}
	run->ended = seconds_now();
	if (run->qemu.running)
		run_qemu_end(&run->qemu);
	run->guest.looks = 0;
	if (!run->failed)
		drain(run, true);
	follow_console(run);
	clear_progress(run);
	if (run->console_mid_line)
		puts("");
}

/* ---- the end ---- */

/* Stores the trace with this ending. False after having said why that was not possible. */
static bool store(struct run *run, enum ending ending, struct format_header *header)
{
	const struct run_options *options = &run->options;
	memset(header, 0, sizeof(*header));
	strncpy(header->machine, options->machine->name, sizeof(header->machine) - 1);
	strncpy(header->program, run->image.program, sizeof(header->program) - 1);
	if (run->guest.descriptor)
		run_guest_describe(&run->guest, header);
	header->seed = options->seed;
	header->categories = options->categories;
	header->flags = options->icount ? FORMAT_FLAG_ICOUNT : 0;
	header->ending = ending;
	if (!run->writer)
		run->writer = writer_open(options->output, options->cpus, run->guest.swapped);
	writer_store(run->writer, header, run->trace_path);
	return writer_error(run->writer) == NULL;
}

/* Judges the end, for which the stored trace may be needed, and puts the ending into the trace. */
static bool judge(struct run *run, const struct run_end_facts *facts, struct format_header *header)
{
	bool limit = run_ending_is_limit(facts);
	if (!store(run, limit ? ENDING_UNKNOWN : run_ending_judge(facts), header))
		return false;
	if (!limit)
		return true;
	header->ending = run_ending_judge(facts);
	writer_amend(run->writer, header, run->trace_path);
	return writer_error(run->writer) == NULL;
}

/* Which limit it was that ended the run, and which option moves it. */
static void say_limit(const struct run *run, const struct run_end_facts *facts)
{
	const struct run_options *options = &run->options;
	if (facts->verdict == VERDICT_BUDGET && options->icount)
		say("the limit was the budget of %" PRIu64 " instructions; --budget N sets another", options->budget);
	else if (facts->verdict == VERDICT_BUDGET)
		say("the limit was the guest's own budget of time");
	else if (facts->stop == STOP_WALL)
		say("the limit was %" PRIu64 " s on the host; --wall SECONDS sets another, 0 none", options->wall_seconds);
	else
		say("the limit was %" PRIu64 " events recorded; --events N sets another, --trace LIST records fewer kinds",
		    options->events);
}

static void say_ending(const struct run *run, const struct format_header *header)
{
	enum ending ending = header->ending;
	char lost[120] = "none lost";
	if (header->lost)
		snprintf(lost, sizeof(lost), "%" PRIu64 " LOST (a larger --ring or fewer categories with --trace help)",
			 header->lost);
	if (ending == ENDING_FINISHED)
		say("finished with status %" PRId64 "; %" PRIu64 " events, %s: %s", (int64_t)header->exit_status, header->events,
		    lost, run->trace_path);
	else
		say("%s: %s; %" PRIu64 " events, %s: %s", trace_ending_name(ending), trace_ending_meaning(ending), header->events,
		    lost, run->trace_path);
	if (run->drain.damaged)
		say("%" PRIu64 " slots of the rings held no event: something in the guest writes where it should not",
		    run->drain.damaged);
	if (ending == ENDING_QEMU_FAILED && WIFSIGNALED(run->qemu.wait_status))
		say("QEMU was killed by signal %d (%s)", WTERMSIG(run->qemu.wait_status),
		    strsignal(WTERMSIG(run->qemu.wait_status)));
	else if (ending == ENDING_QEMU_FAILED)
		say("QEMU ended with exit code %d; what it printed stands above", WEXITSTATUS(run->qemu.wait_status));
}

/* What the guest could have read from its serial port, if that is what it waits for. */
static void say_input(const struct run *run)
{
	const char *input = run->options.input;
	if (!input)
		say("if it waits for input: it was given none; --input says from where");
	else if (run->input_was_read)
		say("if it waits for input: %s had ended", strcmp(input, "-") ? input : "what was typed");
	else
		say("if it waits for input: %s was not seen to end", strcmp(input, "-") ? input : "what was typed");
}

/* How to look at what is left in the guest's memory, of a run that ended badly. */
static void say_dump(const struct run *run, enum ending ending)
{
	if (ending == ENDING_FINISHED || ending == ENDING_STOPPED || ending == ENDING_REFUSED || !run->guest.descriptor)
		return;
	if (run->options.keep_ram)
		say("what the kernel's memory says: %s dump %s/ram", program_path, run->options.output);
	else
		say("what the kernel's memory says: the same run with --keep-ram, then %s dump %s/ram", program_path,
		    run->options.output);
}

/* Judges the end, stores the trace, tells. Returns the exit code. */
static int conclude(struct run *run)
{
	struct format_header header;
	struct run_end_facts facts = {.stop = run->stop, .wait_status = run->qemu.wait_status};
	facts.trace = run->trace_path;
	facts.silent = run->stop == STOP_WALL && (run->ended - run->last_event) * SILENT_PARTS > run->ended - run->began;
	if (run->guest.descriptor)
		facts.verdict = (unsigned)run_guest64(&run->guest, run->guest.descriptor->verdict);
	bool stored = !run->failed && judge(run, &facts, &header);
	if (run->writer && writer_error(run->writer))
		say("%s", writer_error(run->writer));
	if (!stored)
		return EXIT_HOST;
	say_ending(run, &header);
	if (run_ending_is_limit(&facts))
		say_limit(run, &facts);
	if (header.ending == ENDING_DEADLOCK || header.ending == ENDING_WAITING)
		run_say_who_waits(run->trace_path);
	if (header.ending == ENDING_WAITING)
		say_input(run);
	say_dump(run, header.ending);
	return run_ending_exit_code(header.ending, header.exit_status, signal_caught);
}

static void handle_signals(void)
{
	struct sigaction action = {.sa_handler = catch_signal};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static int run_all(struct run *run, int argc, char **argv)
{
	if (!run_image_prepare(&run->image, &run->options) || !prepare_output(run) ||
	    !run_image_copy_flash(&run->image, &run->options) || !run_again_note(&run->options, &run->image, argc, argv) ||
	    !run_image_begin_witness(&run->image, &run->options))
		return EXIT_HOST;
	if (run->options.replay != REPLAY_NONE && !run_record_prepare(&run->options))
		return EXIT_HOST;
	handle_signals();
	int input = run->options.input ? run_input_open(run->options.input) : -1;
	if (run->options.input && input < 0)
		return EXIT_HOST;
	bool started = run_qemu_start(&run->qemu, &run->options, &run->image, run->console_path, input);
	run->guest.qemu = &run->qemu;
	if (started)
		record(run);
	run->input_was_read = run_input_was_read();
	run_input_end();
	if (!started)
		return EXIT_HOST;
	int exit_code = conclude(run);
	if (!run_again_note_rings(&run->options, &run->guest))
		exit_code = exit_code ? exit_code : EXIT_HOST;
	if (run->image.witness && !witness_is_whole(run->image.witness))
		exit_code = exit_code ? exit_code : EXIT_HOST;
	run_qemu_close(&run->qemu);
	return exit_code;
}

int command_run(int argc, char **argv)
{
	struct run *run = calloc(1, sizeof(*run));
	if (!run)
		return say("there is no memory"), EXIT_HOST;
	run->console = -1;
	int exit_code = run_options_parse(&run->options, argc, argv);
	if (!exit_code)
		exit_code = run_all(run, argc, argv);
	if (run->writer)
		writer_close(run->writer);
	if (run->console >= 0)
		close(run->console);
	run_image_free(&run->image);
	free(run->trace_path);
	free(run->console_path);
	free(run);
	return exit_code;
}
