/*
 * Builds the kernel of a tree and makes the lab's runs.
 *
 * Teaches: a grade is repeatable because a run is: instructions are the clock, the seed is the student's. Who calls: grade.c. Whom: jobs.c, `make` and
 * `vitrine run` of the tree. What runs is confined if it is somebody else's; what it leaves is taken out as plain files, and only then looked at.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "grader/grade.h"
#include "grader/jobs.h"
#include "grader/text.h"
#include "grader/tree.h"

#define BUILD_SECONDS 180
#define WALL_SECONDS 60

/* And what a job around a run may take. */
#define RUN_SECONDS(wall) ((wall) + 15)

/* A run that makes more events than any lab's has gone wrong. */
#define EVENTS_MAX "1500000"

/* What vitrine run says with its exit code (docs/trace.md), as lab.txt names it in ends=, and as a student reads it. */
static const struct {
	int code;
	const char *name, *text;
} endings[] = {
	{0, "finished", "finished"},
	{1, "failed", "the program ended with another status than 0: one of its own checks failed"},
	{3, "crash", "the program crashed"},
	{4, "deadlock", "deadlock: every thread waits, and nobody is left to wake one"},
	{5, "livelock", "livelock: threads run, and none gets anywhere"},
	{6, "slow", "slow: a limit was reached while work was still being done, the budget of instructions as a rule"},
	{7, "panic", "the kernel panicked"},
	{8, "refused", "the kernel refused to boot"},
	{9, "triple-fault", "triple fault: a fault while the machine took a fault"},
	{10, "hang", "the kernel hangs: no event, and no end"},
	{12, "waiting", "the program still waits for something from outside"},
};

/* NULL: it has not ended in any of these ways. */
static const char *ending_text(int code)
{
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (endings[i].code == code)
			return endings[i].text;
	return NULL;
}

/* Whether a run may end so: finished, or one of `ends`. */
static bool may_end(const struct lab_run *run, int code)
{
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
		if (endings[i].code == code)
			return code == 0 || (run->ends && strstr(run->ends, endings[i].name));
	return false;
}

/* ---- the plan ---- */

static void plan(struct grade *grade)
{
	for (unsigned i = 0; i < grade->lab->runs; i++) {
		const struct lab_run *run = &grade->lab->run[i];
		for (unsigned machine = LAB_X86_64; machine <= LAB_PPC64; machine <<= 1)
			for (uint64_t n = 0;
			     n < run->seeds && run->machines & grade->machines & machine && grade->runs < GRADE_RUNS_MAX; n++) {
				struct grade_run *one = &grade->run[grade->runs++];
				*one = (struct grade_run){.run = run, .machine = machine, .seed = grade->lab->seed + n};
				one->name = text_format("%s-%s-%" PRIu64, run->name, lab_machine_name(machine), n + 1);
				one->directory = text_format("%s/runs/%s", grade->output, one->name);
			}
	}
}

/* ---- confinement ---- */

static char *trusted_program(const struct grade *grade)
{
	return text_format("%s/build/vitrine", grade->root);
}

/* A compiler that wants more is led astray; a machine has its RAM as a file, 2 GiB on POWER. */
static struct confinement confine(const struct grade *grade, const char *program)
{
	return (struct confinement){
		.directory = grade->tree,
		.program = program,
		.processes = 256,
		.memory_mib = program ? 8192 : 2048,
		.file_mib = program ? 3072 : 256,
		.cpu_seconds = BUILD_SECONDS,
	};
}

/* Whoever waits at a terminal is told what for. */
static void tell(const char *what, const char *about)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s%s", what, about);
}

/* ---- building ---- */

/* Lines of a log that say what went wrong: those about an error, or else the first ones. */
static char *telling_lines(const char *path, unsigned lines, const char *about)
{
	char *text = text_read(path, true), *rest = text, *found = NULL;
	for (char *line; lines > 0 && (line = text_line(&rest));) {
		if (!*line || !strncmp(line, "  ", 2) || (about && !strstr(line, about)))
			continue;
		found = text_join(found, line);
		lines--;
	}
	free(text);
	return found;
}

static char *complaint(const char *path)
{
	char *found = telling_lines(path, 2, "error:");
	found = found ? found : telling_lines(path, 3, NULL);
	return found ? text_plain(found) : text_format("it says nothing");
}

/* Asks make for what one kind of run needs. What the tools are made of is not made again. Returns why not, to be freed; NULL if it is made. */
static char *make_image(const struct job *like, unsigned machine, const char *program)
{
	struct job job = *like;
	char *arch = text_format("ARCH=%s", lab_machine_name(machine)), *what = text_format("PROGRAM=%s", program), *why = NULL;
	const char *const words[] = {
		"make",  "-s", "-o", "build/vitrine", "-o", "build/witness.so", "-o", "build/gen/event_sources.h",
		"image", arch, what};
	memcpy(job.word, words, sizeof(words));
	tell("Building for ", arch + 5);
	jobs_run(&job, 1, 1);
	if (job.timed_out)
		why = text_format("the build for %s took more than %d seconds", arch + 5, BUILD_SECONDS);
	else if (job.exit_code != 0) {
		char *said = complaint(job.log);
		why = text_format("it does not build for %s: %s", arch + 5, said);
		free(said);
	}
	free(arch);
	free(what);
	return why;
}

static bool is_first_with_program(const struct lab *lab, unsigned machine, unsigned index)
{
	for (unsigned i = 0; i < index; i++)
		if (lab->run[i].machines & machine && !strcmp(lab->run[i].program, lab->run[index].program))
			return false;
	return true;
}

/* One make after the other: each of them uses all processors. Returns why not; NULL if all is built. */
static char *build_in(const struct job *like, const struct lab *lab, unsigned machines)
{
	char *why = NULL;
	for (unsigned machine = LAB_X86_64; machine <= LAB_PPC64; machine <<= 1)
		for (unsigned i = 0; i < lab->runs && !why; i++)
			if (lab->run[i].machines & machines & machine && is_first_with_program(lab, machine, i))
				why = make_image(like, machine, lab->run[i].program);
	return why;
}

static bool build(struct grade *grade)
{
	const struct confinement confinement = confine(grade, NULL);
	char *log = text_format("%s/build.log", grade->output);
	struct job like = {.directory = grade->tree,
			   .log = log,
			   .seconds = BUILD_SECONDS,
			   .confinement = grade->confined ? &confinement : NULL};
	grade->refused = build_in(&like, grade->lab, grade->machines);
	free(log);
	return !grade->refused;
}

bool runs_build_trusted(const struct grade *grade)
{
	char *log = text_format("%s/trusted-build.log", grade->output);
	struct job like = {.directory = grade->root, .log = log, .seconds = 10 * BUILD_SECONDS};
	char *why = directories_make(grade->output) ? build_in(&like, grade->lab, grade->machines)
						    : text_format("%s cannot be made", grade->output);
	tell("", "");
	if (why && !jobs_interrupted())
		say("the trusted tree %s: %s", grade->root, why);
	bool good = !why;
	free(why);
	free(log);
	return good;
}

/* ---- running ---- */

/* What a job of a run needs as text. */
struct run_words {
	char *wall, *smp, *seed, *budget, *ring, *output, *log, *tree_output;
};

static void run_job(const struct grade *grade, const struct grade_run *run, struct job *job, struct run_words *words,
		    const struct confinement *confinement)
{
	unsigned count = 0;
	const struct lab_run *what = run->run;
	unsigned wall = grade->wall ? grade->wall : WALL_SECONDS;
	*words = (struct run_words){text_format("%u", wall),
				    text_format("%" PRIu64, what->smp),
				    text_format("%" PRIu64, run->seed),
				    text_format("%" PRIu64, what->budget),
				    text_format("%" PRIu64, what->ring),
				    text_format("out/grade-runs/%s", run->name),
				    text_format("%s/log", run->directory),
				    text_format("%s/out/grade-runs/%s", grade->tree, run->name)};
	const char *const all[] = {grade->confined ? JOB_PROGRAM : "build/vitrine",
				   "run",
				   "--root",
				   ".",
				   "--no-build",
				   "--quiet",
				   "--icount",
				   "--witness",
				   "--arch",
				   lab_machine_name(run->machine),
				   "--program",
				   what->program,
				   "--smp",
				   words->smp,
				   "--seed",
				   words->seed,
				   "--budget",
				   words->budget,
				   "--ring",
				   words->ring,
				   "--events",
				   EVENTS_MAX,
				   "--wall",
				   words->wall,
				   "-o",
				   grade->confined ? words->output : run->directory};
	for (; count < sizeof(all) / sizeof(all[0]); count++)
		job->word[count] = all[count];
	const char *const pairs[][2] = {
		{"--append", what->append}, {"--mmu", run->machine == LAB_X86_64 ? what->mmu : NULL}, {"--trace", what->trace}};
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (pairs[i][1]) {
			job->word[count++] = pairs[i][0];
			job->word[count++] = pairs[i][1];
		}
	job->directory = grade->tree;
	job->log = words->log;
	job->seconds = RUN_SECONDS(wall);
	job->confinement = grade->confined ? confinement : NULL;
}

static void free_words(struct run_words *words)
{
	free(words->wall);
	free(words->smp);
	free(words->seed);
	free(words->budget);
	free(words->ring);
	free(words->output);
	free(words->log);
	free(words->tree_output);
}

/* Takes what a confined run left out of its tree. */
static bool take_out(const struct grade_run *run, const struct run_words *words)
{
	static const char *const files[] = {"run.vtrace", "console.log", "witness", "run.options"};
	bool good = true;
	for (size_t i = 0; good && i < sizeof(files) / sizeof(files[0]); i++) {
		char *from = text_format("%s/%s", words->tree_output, files[i]),
		     *to = text_format("%s/%s", run->directory, files[i]);
		struct stat status;
		if (lstat(from, &status) == 0)
			good = tree_copy_file(from, to);
		free(from);
		free(to);
	}
	return good;
}

/* What a panicking kernel or a failing program has said: its first such line. */
static char *telling_words(const struct grade_run *run)
{
	char *path = text_format("%s/console.log", run->directory), *text = text_read(path, true), *rest = text, *first = NULL;
	for (char *line; (line = text_line(&rest));)
		if (!first && (strstr(line, "PANIC") || strstr(line, "check failed")))
			first = line;
	char *words = first ? text_plain(text_format("%.300s", first)) : NULL;
	free(text);
	free(path);
	return words;
}

/* How it ended, and what was said last, if that tells more. */
static char *bad_ending(const struct grade_run *run, const struct job *job)
{
	const char *text = ending_text(job->exit_code);
	char *said = telling_words(run);
	if (!said && !text)
		said = complaint(job->log);
	char *why =
		said ? text_format("%s: %s", text ? text : "the machine did not run to an end", said) : text_format("%s", text);
	free(said);
	return why;
}

/* However a run ends, it leaves a trace; else it is not the kernel's fault. */
static bool has_trace(const struct grade_run *run)
{
	char *path = text_format("%s/run.vtrace", run->directory);
	bool has = access(path, R_OK) == 0;
	free(path);
	return has;
}

static void judge_ending(struct grade_run *run, const struct job *job, const struct run_words *words, bool confined)
{
	if (job->timed_out)
		run->why = text_format("the run took more than %u seconds of this host's time", job->seconds);
	else if (confined && !take_out(run, words))
		run->why = text_format("what the run left cannot be taken");
	else if (!has_trace(run))
		run->why = text_format("the machine did not run (%s)", job->log);
	else if (!may_end(run->run, job->exit_code))
		run->why = bad_ending(run, job);
	run->finished = !run->why && job->exit_code == 0;
	if (run->why && !job->timed_out)
		run->end = "last";
}

/* ---- the witness ---- */

/* Asks, for each run that finished (a kernel that panics may have been about to tell), whether what the witness saw is what the trace says. */
static void ask_witness(struct grade *grade)
{
	struct job *jobs = text_memory(GRADE_RUNS_MAX, sizeof(*jobs));
	struct grade_run *asked[GRADE_RUNS_MAX];
	unsigned count = 0;
	char *program = trusted_program(grade);
	for (unsigned i = 0; i < grade->runs; i++) {
		if (grade->run[i].why || !grade->run[i].finished)
			continue;
		asked[count] = &grade->run[i];
		jobs[count++] = (struct job){.word = {program, "witness", grade->run[i].directory, "--check"},
					     .directory = ".",
					     .log = text_format("%s/witness.txt", grade->run[i].directory),
					     .seconds = RUN_SECONDS(WALL_SECONDS)};
	}
	jobs_run(jobs, count, grade->parallel);
	for (unsigned i = 0; i < count; i++) {
		if (jobs[i].exit_code != 0)
			asked[i]->why = text_format("the trace is not what the machine did, says the witness (%s)", jobs[i].log);
		free((char *)jobs[i].log);
	}
	free(jobs);
	free(program);
}

static void make_all(struct grade *grade)
{
	struct job *jobs = text_memory(GRADE_RUNS_MAX, sizeof(*jobs));
	struct run_words *words = text_memory(GRADE_RUNS_MAX, sizeof(*words));
	char *program = trusted_program(grade);
	struct confinement confinement = confine(grade, program);
	for (unsigned i = 0; i < grade->runs; i++)
		run_job(grade, &grade->run[i], &jobs[i], &words[i], &confinement);
	tell("Running on ", grade->machines == LAB_MACHINES ? "both machines" : lab_machine_name(grade->machines));
	jobs_run(jobs, grade->runs, grade->parallel);
	for (unsigned i = 0; i < grade->runs; i++) {
		judge_ending(&grade->run[i], &jobs[i], &words[i], grade->confined);
		free_words(&words[i]);
	}
	free(jobs);
	free(words);
	free(program);
}

bool runs_make(struct grade *grade)
{
	plan(grade);
	for (unsigned i = 0; i < grade->runs; i++) {
		tree_remove(grade->run[i].directory);
		if (!directories_make(grade->run[i].directory))
			return say("%s cannot be made: %s", grade->run[i].directory, strerror(errno)), false;
	}
	if (!build(grade))
		return tell("", ""), false;
	make_all(grade);
	tell("Reading the traces", "");
	ask_witness(grade);
	tell("", "");
	return true;
}
