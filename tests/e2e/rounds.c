/*
 * Every allocation of a program fails, all in one boot: the guest's init runs the program in rounds (user/servers/init_rounds.c).
 *
 *     rounds MACHINE STEP SECONDS DIRECTORY NAME...     of each program allocation 1, 1 + STEP, ...; of a program SECONDS at a time
 *
 * Teaches: a test that takes hours is one that can be broken off and goes on where it was. DIRECTORY has a file a program with the next number, in
 * which "done" stands in the end; one that is older than the kernel counts for nothing. Each SECONDS, and when a round ends the whole run, the
 * guest is booted anew for the next number.
 * What has to hold of a round: it ends by itself; only a thread that was told that its allocation failed may have others wait for ever. That
 * nobody was told is no fault: the kernel casts pages out and goes on, and a program that counts how often pages are read finds more. The
 * pages are as they were, or are when all processes have ended; that is asked of each boot. And the last round, in which nothing fails, ends
 * well. Who calls: tests/e2e/inject.sh. Whom: build/vitrine run.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Exit codes of `vitrine run`, docs/trace.md. */
enum { ENDED_WELL = 0, ENDED_WITH_STATUS = 1, ENDED_CRASHED = 3, ENDED_SLOW = 6, ENDED_HANG = 10 };

/* Exit status of the guest, of enum rounds_end in user/servers/init.h: the other that is not 0 goes on in another boot. */
enum { ROUNDS_LAST_FAILED = 1 };

#define FAILURES_SHOWN 5
#define LINES_SHOWN 8

static const char *machine, *directory;
static uint64_t step, seconds;

/* What is known of a program. */
static struct state {
	const char *name;
	uint64_t next; /* the number that comes next */
	bool done;
	uint64_t boots, rounds, well, status, crashed, stopped, refused, untold, ended_run; /* how many */
	unsigned complaints;
} state;

/* What a console says. */
struct boot {
	int code; /* of `vitrine run` */
	bool began, reported;
	int64_t exit_status;
	uint64_t free_before, free_after;
};

/* The last lines of the console before the one that is looked at. */
static char lines[LINES_SHOWN][1024];
static unsigned lines_read;

static void complain(uint64_t n, const char *why)
{
	if (++state.complaints > FAILURES_SHOWN)
		return;
	for (unsigned i = lines_read < LINES_SHOWN ? 0 : lines_read - LINES_SHOWN; i < lines_read; i++)
		printf("  %s", lines[i % LINES_SHOWN]);
	printf("not ok rounds-%s-%s-%" PRIu64 ": %s\n", state.name, machine, n, why);
}

/* ---- one round ---- */

static const char *wrong_with_round(const char *how, int64_t status, bool failed, bool told)
{
	bool well = !strcmp(how, "ended") && status == 0;
	if (!failed)
		return well ? NULL : "the round in which nothing failed did not end well";
	if (!strcmp(how, "stopped") && !told)
		return "the program waited for ever, and who made the allocation was not told";
	return NULL;
}

static void count_round(const char *how, int64_t status, bool told)
{
	state.untold += !told && (strcmp(how, "ended") || status != 0);
	state.rounds++;
	state.refused += !strcmp(how, "refused");
	state.stopped += !strcmp(how, "stopped");
	state.crashed += !strcmp(how, "crashed");
	state.well += !strcmp(how, "ended") && status == 0;
	state.status += !strcmp(how, "ended") && status != 0;
}

static void read_line(struct boot *boot, const char *line)
{
	uint64_t n;
	char how[16];
	int64_t status;
	unsigned failed, told;
	if (sscanf(line, "round %" SCNu64 ": %15s %" SCNd64 ", %*u allocations, %u failed, %u told", &n, how, &status, &failed,
		   &told) == 5) {
		const char *wrong = wrong_with_round(how, status, failed, told);
		if (wrong)
			complain(n, wrong);
		count_round(how, status, told);
		state.next = n + step;
	}
	boot->began |= !strncmp(line, "rounds of ", 10);
	boot->reported |= sscanf(line, "pages: %" SCNu64 " free before the first process, %" SCNu64, &boot->free_before,
				 &boot->free_after) == 2;
	if (sscanf(line, "run ended: exit status %" SCNd64, &status) == 1)
		boot->exit_status = status;
}

/* ---- one boot ---- */

static struct boot boot_once(void)
{
	static char command[1024], line[1024];
	struct boot boot = {0};
	char path[260];
	snprintf(path, sizeof(path), "%s/%s", directory, state.name);
	mkdir(path, 0777);
	snprintf(command, sizeof(command),
		 "exec build/vitrine run --no-build -q --arch %s --program %s --icount --budget 1000000000000000 --wall %" PRIu64
		 " --events 1000000 --ring 1 --trace boot --append 'fail_rounds=%" PRIu64 " fail_step=%" PRIu64
		 "' -o %s >%s/log 2>&1",
		 machine, state.name, seconds, state.next, step, path, path);
	fflush(NULL);
	int status = system(command);
	boot.code = status & 0x7f ? -1 : status >> 8;
	strncat(path, "/console.log", sizeof(path) - strlen(path) - 1);
	FILE *console = fopen(path, "re");
	for (lines_read = 0; console && fgets(line, sizeof(line), console); lines_read++) {
		read_line(&boot, line);
		memcpy(lines[lines_read % LINES_SHOWN], line, sizeof(line));
	}
	if (console)
		fclose(console);
	return boot;
}

/* What is wrong with the end of a boot that a round, or the last round, brought about; NULL: nothing. */
static const char *wrong_with_end(const struct boot *boot)
{
	if (!boot->began)
		return "the rounds did not begin: without a failure the program does not end well twice";
	if (boot->code != ENDED_WELL && boot->code != ENDED_WITH_STATUS && boot->code != ENDED_CRASHED)
		return "the run did not end well, with a status, or with a crash";
	if (!boot->reported || boot->free_before != boot->free_after)
		return "pages were lost";
	return NULL;
}

static void go_on(void)
{
	uint64_t first = state.next;
	struct boot boot = boot_once();
	state.boots++;
	if (boot.code == ENDED_SLOW || boot.code == ENDED_HANG) {
		if (state.next == first)
			complain(first, "not one round ended");
		state.done = state.next == first;
		return;
	}
	const char *wrong = wrong_with_end(&boot);
	if (wrong)
		complain(state.next, wrong);
	state.done = !boot.began || boot.code == ENDED_WELL ||
		     (boot.code == ENDED_WITH_STATUS && boot.exit_status == ROUNDS_LAST_FAILED);
	if (boot.code != ENDED_WELL && boot.code != ENDED_WITH_STATUS) { /* init itself ended, in the middle of a round */
		state.ended_run++;
		state.next += step;
	}
}

/* ---- one program ---- */

static bool is_newer(const char *path, const struct stat *than)
{
	struct stat file;
	return stat(path, &file) != 0 || file.st_mtime > than->st_mtime;
}

/* Where the last run of this tool came to with this kernel. */
static void read_progress(const char *path)
{
	struct stat file;
	char kernel[120], archive[260], word[32] = "";
	snprintf(kernel, sizeof(kernel), "build/%s/kernel.elf", machine);
	snprintf(archive, sizeof(archive), "build/%s/archive/%s.tar", machine, state.name);
	state.next = 1;
	FILE *progress = fopen(path, "re");
	if (progress && fstat(fileno(progress), &file) == 0 && !is_newer(kernel, &file) && !is_newer(archive, &file) &&
	    fscanf(progress, "%31s", word) == 1) {
		state.done = !strcmp(word, "done");
		state.next = state.done ? 1 : strtoull(word, NULL, 10);
	}
	if (progress)
		fclose(progress);
}

static void write_progress(const char *path)
{
	FILE *progress = fopen(path, "we");
	if (progress && state.done)
		fprintf(progress, "done\n");
	else if (progress)
		fprintf(progress, "%" PRIu64 "\n", state.next);
	if (progress)
		fclose(progress);
}

static void test_program(const char *name)
{
	static char path[260];
	state = (struct state){.name = name};
	snprintf(path, sizeof(path), "%s/%s.next", directory, name);
	read_progress(path);
	if (state.done) {
		printf("ok rounds-%s-%s\n%s on %s was through before\n", name, machine, name, machine);
		return;
	}
	bool from_start = state.next == 1; /* then one round is not enough */
	while (!state.done && state.complaints < FAILURES_SHOWN) {
		uint64_t first = state.next;
		go_on();
		printf("%s on %s: allocations %" PRIu64 " to %" PRIu64 "\n", name, machine, first, state.next - step);
		fflush(stdout);
		if (!state.complaints)
			write_progress(path);
	}
	printf("%s on %s: %" PRIu64 " rounds in %" PRIu64 " boots; %" PRIu64 " ended well, %" PRIu64 " with a status, %" PRIu64
	       " crashed, %" PRIu64 " waited for ever, %" PRIu64 " did not start; %" PRIu64 " ended init; %" PRIu64
	       " ended badly though nobody was told\n",
	       name, machine, state.rounds, state.boots, state.well, state.status, state.crashed, state.stopped, state.refused,
	       state.ended_run, state.untold);
	if (!state.complaints && state.rounds > from_start)
		printf("ok rounds-%s-%s\n", name, machine);
	else if (!state.complaints)
		printf("not ok rounds-%s-%s: there was no round; without a failure, does the program end well twice?\n", name,
		       machine);
}

int main(int argc, char **argv)
{
	if (argc < 6 || !strtoull(argv[2], NULL, 10) || !strtoull(argv[3], NULL, 10)) {
		fprintf(stderr, "usage: rounds MACHINE STEP SECONDS DIRECTORY NAME...\n");
		return 2;
	}
	machine = argv[1];
	step = strtoull(argv[2], NULL, 10);
	seconds = strtoull(argv[3], NULL, 10);
	directory = argv[4];
	for (int i = 5; i < argc; i++)
		test_program(argv[i]);
	return 0;
}
