/*
 * Boots a guest again and again, and each time another allocation in its kernel fails.
 *
 *     inject MACHINE boot CPUS                  every allocation of the kernel's own boot
 *     inject MACHINE programs COUNT NAME...     of each program, COUNT allocations from its first to its last
 *
 * Teaches: the guest says how many allocations there are (the last lines of its console), so the host knows where to stop; and how many pages
 * were free before the first process and at the end, so it knows that none was lost. Who calls: tests/e2e/inject.sh. Whom: build/vitrine run.
 * What has to hold: the run ends by itself and not in a panic; a boot that cannot go on says what it could not do; and when all
 * processes of a run have ended, as many pages are free as before the first. One thing is left to a program: a thread that was told
 * NO_MEMORY, or killed for it, may have been the one that the program's others wait for.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Exit codes of `vitrine run`, docs/trace.md. */
enum { ENDED_WELL = 0, ENDED_WITH_STATUS = 1, ENDED_CRASHED = 3, ENDED_DEADLOCK = 4, ENDED_LIVELOCK = 5, ENDED_REFUSED = 8 };

#define NEVER UINT64_MAX
#define FAILURES_SHOWN 5

/* What is known of a run. */
struct outcome {
	int code;      /* of `vitrine run` */
	bool reported; /* the guest got as far as to say the rest */
	bool says_why; /* the console names the status NO_MEMORY */
	uint64_t allocations, of_boot, failed, thread, free_before, free_after;
};

static const char *machine;
static bool is_boot;
static char directory[128];

static void read_console(struct outcome *outcome)
{
	static char path[160], line[512];
	bool counted = false, compared = false;
	snprintf(path, sizeof(path), "%s/console.log", directory);
	FILE *console = fopen(path, "re");
	while (console && fgets(line, sizeof(line), console)) {
		outcome->says_why |= strstr(line, "NO_MEMORY") != NULL;
		counted |= sscanf(line,
				  "fault injection: %" SCNu64 " allocations, %" SCNu64 " of them by the boot; %" SCNu64
				  " failed, the first in thread %" SCNu64,
				  &outcome->allocations, &outcome->of_boot, &outcome->failed, &outcome->thread) == 4;
		counted |= sscanf(line, "fault injection: the run made only %" SCNu64 " allocations, %" SCNu64,
				  &outcome->allocations, &outcome->of_boot) == 2;
		compared |= strncmp(line, "pages: ", 7) == 0;
		sscanf(line, "pages: %" SCNu64 " free before the first process, %" SCNu64, &outcome->free_before,
		       &outcome->free_after);
	}
	outcome->reported = counted && compared;
	if (console)
		fclose(console);
}

/* In the child: becomes `vitrine run`. */
static _Noreturn void become_vitrine(const char *program, const char *cpus, uint64_t fail)
{
	char number[24], log[160];
	snprintf(number, sizeof(number), "%" PRIu64, fail);
	snprintf(log, sizeof(log), "%s/log", directory);
	int file = open(log, O_CREAT | O_TRUNC | O_WRONLY, 0644);
	if (file >= 0) {
		dup2(file, 1);
		dup2(file, 2);
	}
	/* The boot of one CPU goes the same way whatever the clock is; live is quicker. */
	const char *mode = is_boot && !strcmp(cpus, "1") ? "--live" : "--icount";
	execl("build/vitrine", "vitrine", "run", "--no-build", "-q", "--arch", machine, "--program", program, "--smp", cpus,
	      "--fail", number, mode, "--wall", "100", "--events", "1000000", "--ring", "1", "--trace", "boot,thread,syscall,mem",
	      "-o", directory, NULL);
	_exit(127);
}

static struct outcome run(const char *program, const char *cpus, uint64_t fail)
{
	struct outcome outcome = {.code = -1};
	int status;
	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		become_vitrine(program, cpus, fail);
	if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status))
		outcome.code = WEXITSTATUS(status);
	read_console(&outcome);
	return outcome;
}

static void show_console(void)
{
	char command[320];
	snprintf(command, sizeof(command), "tail -n 12 %s/console.log %s/log", directory, directory);
	if (system(command) != 0)
		printf("there is no console\n");
}

/* One line about a run that did what it must not. */
static void complain(const char *name, uint64_t n, const struct outcome *outcome, const char *why, unsigned *complaints)
{
	if (++*complaints > FAILURES_SHOWN)
		return;
	show_console();
	printf("not ok inject-%s-%s-%" PRIu64 ": %s; vitrine ended with %d, %" PRIu64 " pages were free before and %" PRIu64
	       " after\n",
	       name, machine, n, why, outcome->code, outcome->free_before, outcome->free_after);
}

/* What a run without a failure says; false after having said that it went wrong. */
static bool count(const char *name, const char *program, const char *cpus, struct outcome *outcome)
{
	*outcome = run(program, cpus, NEVER);
	if (outcome->code == ENDED_WELL && outcome->reported && outcome->failed == 0 && outcome->of_boot < outcome->allocations &&
	    outcome->free_before == outcome->free_after)
		return true;
	show_console();
	printf("not ok inject-%s-%s: the run in which nothing fails ended with %d, %" PRIu64
	       " pages were free before and %" PRIu64 " after\n",
	       name, machine, outcome->code, outcome->free_before, outcome->free_after);
	return false;
}

/* ---- the boot ---- */

/* Why a run whose allocation failed before the first thread is wrong; NULL if it is not. */
static const char *wrong_with_boot(const struct outcome *outcome)
{
	if (!outcome->reported || outcome->failed != 1 || outcome->thread != 0)
		return "the allocation did not fail";
	if (outcome->code == ENDED_REFUSED)
		return outcome->says_why ? NULL : "it was not said what could not be done";
	return outcome->code == ENDED_WELL ? NULL : "the boot neither worked nor was refused";
}

static void test_boot(const char *cpus)
{
	char name[32];
	struct outcome outcome;
	unsigned complaints = 0;
	snprintf(name, sizeof(name), "boot-smp%s", cpus);
	if (!count(name, "hello", cpus, &outcome))
		return;
	uint64_t of_boot = outcome.of_boot;
	for (uint64_t n = 1; n <= of_boot; n++) {
		outcome = run("hello", cpus, n);
		const char *wrong = wrong_with_boot(&outcome);
		if (wrong)
			complain(name, n, &outcome, wrong, &complaints);
	}
	if (!complaints)
		printf("ok inject-%s-%s-%" PRIu64 "\n", name, machine, of_boot);
}

/* ---- programs ---- */

/* The number after `name=` in the text of an event; 0 if it has none. */
static uint64_t field(const char *event, const char *name)
{
	const char *at = strstr(event, name);
	return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

#define IDS_MAX 4096

/* What the trace says of the thread whose allocation failed. */
struct told {
	uint64_t thread;             /* 0: none yet */
	bool told;                   /* its call answered NO_MEMORY, or it was killed */
	bool aspace_is_own[IDS_MAX]; /* of the program: it may start itself again */
	bool thread_is_own[IDS_MAX];
};

static void note_event(struct told *told, const char *event, const char *program)
{
	char name[40];
	snprintf(name, sizeof(name), "name=\"%s\"", program);
	uint64_t thread = field(event, " thread=") % IDS_MAX, aspace = field(event, " aspace=") % IDS_MAX;
	if (strstr(event, " aspace_create "))
		told->aspace_is_own[aspace] = strstr(event, name);
	else if (strstr(event, " thread_create "))
		told->thread_is_own[thread] = told->aspace_is_own[aspace];
	else if (strstr(event, " alloc_fail "))
		told->thread = thread;
	else if (told->thread && thread == told->thread)
		told->told |= strstr(event, "status=NO_MEMORY") || strstr(event, " thread_crashed ");
}

/* Whether a thread of the program's own was told that its allocation failed: then what waits for it is the program's affair. */
static bool program_was_told(const char *program)
{
	static char command[320], event[1024];
	static struct told told;
	told = (struct told){0};
	snprintf(command, sizeof(command), "build/vitrine events %s --category thread,syscall,mem", directory);
	FILE *events = popen(command, "re");
	while (events && fgets(event, sizeof(event), events))
		note_event(&told, event, program);
	if (events)
		pclose(events);
	return told.thread_is_own[told.thread] && told.told;
}

static const char *wrong_with_program(const char *program, const struct outcome *outcome)
{
	if ((outcome->code == ENDED_DEADLOCK || outcome->code == ENDED_LIVELOCK) && program_was_told(program))
		return NULL;
	if (!outcome->reported || outcome->failed != 1)
		return "the allocation did not fail";
	if (outcome->code != ENDED_WELL && outcome->code != ENDED_WITH_STATUS && outcome->code != ENDED_CRASHED)
		return "the run did not end well, with a status, or with a crash";
	return outcome->free_before == outcome->free_after ? NULL : "pages were lost";
}

static void test_program(const char *program, unsigned points)
{
	struct outcome clean, outcome;
	unsigned complaints = 0, endings[6] = {0};
	if (!count(program, program, "1", &clean))
		return;
	uint64_t of_threads = clean.allocations - clean.of_boot;
	if (points > of_threads)
		points = (unsigned)of_threads;
	for (unsigned i = 0; i < points; i++) {
		uint64_t n = clean.of_boot + 1 + of_threads * i / points + of_threads / points / 2;
		outcome = run(program, "1", n);
		const char *wrong = wrong_with_program(program, &outcome);
		if (wrong)
			complain(program, n, &outcome, wrong, &complaints);
		else
			endings[outcome.code]++;
	}
	printf("%s on %s: %" PRIu64
	       " allocations of threads; %u runs ended well, %u with a status, %u crashed, %u waited for ever\n",
	       program, machine, of_threads, endings[ENDED_WELL], endings[ENDED_WITH_STATUS], endings[ENDED_CRASHED],
	       endings[ENDED_DEADLOCK] + endings[ENDED_LIVELOCK]);
	if (!complaints)
		printf("ok inject-%s-%s\n", program, machine);
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: inject MACHINE boot CPUS | inject MACHINE programs COUNT NAME...\n");
		return 2;
	}
	machine = argv[1];
	is_boot = !strcmp(argv[2], "boot");
	snprintf(directory, sizeof(directory), "out/test/inject/%s-%s", machine, argv[2]);
	mkdir(directory, 0777);
	if (is_boot)
		test_boot(argv[3]);
	else
		for (int i = 4; i < argc; i++)
			test_program(argv[i], (unsigned)strtoul(argv[3], NULL, 10));
	return 0;
}
