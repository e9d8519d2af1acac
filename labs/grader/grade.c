/*
 * `vitrine grade`: how far a lab is.
 *
 * Three ways: in a student's own tree, for oneself (`make grade`); of somebody's submission, which is not trusted, on a tree that is; and of a class.
 * Who calls: main.c. Whom: the files that grade.h lists.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "commands.h"
#include "grader/grade.h"
#include "grader/jobs.h"
#include "grader/text.h"
#include "grader/tree.h"

const char grade_help[] =
	"usage: vitrine grade [--lab NAME] [OPTIONS]\n"
	"       vitrine grade --submission DIR [--lab NAME] [OPTIONS]\n"
	"       vitrine grade --class DIR --lab NAME [OPTIONS]\n"
	"\n"
	"Builds the kernel, makes the runs of a lab, and asks their traces what the lab's tests say. The first form grades the "
	"tree this\n"
	"program was built in. The second takes the files of the lab, and nothing else, from somebody's tree, puts them into a "
	"copy of this\n"
	"one, and builds and runs that confined. The third does so with each directory in DIR, and sums up.\n"
	"\n"
	"    --lab NAME        the lab (default: the one that the tree was handed out for)\n"
	"    --seed N          the student's number (default: that of the handout, else 1)\n"
	"    --arch A          only on x86_64 or on ppc64\n"
	"    --submission DIR  a student's tree, or a directory with the lab's files under their names in the tree\n"
	"    --class DIR       a directory of such directories, called after the students\n"
	"    --seeds FILE      which number each of a class has, a line `NAME NUMBER` for each (default: as each handout.txt "
	"says)\n"
	"    --trusted TREE    the tree with the lab and the tools (default: the one this program was built in)\n"
	"    --unconfined      builds and runs a submission without confining it: only for one that you trust\n"
	"    --wall SECONDS    end a run that hangs after this time on the host (default 60)\n"
	"    --jobs N          runs at a time (default: one a processor)\n"
	"    -o, --output DIR  where the grade is left: grade.json, grade.html, runs/ (default out/grade/NAME)\n"
	"\n"
	"Exit codes: 0 all points, or a class that was graded; 1 not all, or it could not be graded; 2 wrong call.\n"
	"\n"
	"example: vitrine grade --submission hand-in/ada --lab hash -o grades/ada\n";

/* ---- whose tree this is ---- */

char *grade_tree(const char *root)
{
	char *path = root ? realpath(root, NULL) : realpath("/proc/self/exe", NULL), *marker = NULL;
	bool found = false;
	while (path && !found) {
		free(marker);
		marker = text_format("%s/kernel/arch.h", path);
		found = access(marker, R_OK) == 0;
		char *slash = strrchr(path, '/');
		if (found || root || !slash || slash == path)
			break;
		*slash = '\0';
	}
	free(marker);
	if (found)
		return path;
	say(root ? "%s is no tree of Vitrine" : "the tree of Vitrine was not found above this program", root);
	free(path);
	return NULL;
}

char *handout_says(const char *tree, const char *key)
{
	char *text = submission_read(tree, HANDOUT_FILE, NULL), *rest = text, *found = NULL;
	for (char *line; (line = text_line(&rest));) {
		char *value = text_value(line);
		if (value && !strcmp(line, key) && !found)
			found = text_format("%s", value);
	}
	free(text);
	return found;
}

/* ---- one grade ---- */

void grade_forget_results(struct grade *grade)
{
	for (unsigned i = 0; i < grade->results; i++) {
		free(grade->result[i].why);
		free(grade->result[i].answer);
		free(grade->result[i].truth);
		free(grade->result[i].event.name);
		free(grade->result[i].event.source);
	}
	grade->results = 0;
	grade->hundredths = grade->points = 0;
}

void grade_free(struct grade *grade)
{
	grade_forget_results(grade);
	for (unsigned i = 0; i < grade->runs; i++) {
		free(grade->run[i].name);
		free(grade->run[i].directory);
		free(grade->run[i].why);
		sqlite3_close(grade->run[i].database);
	}
	for (unsigned i = 0; i < grade->ignored_files; i++)
		free(grade->ignored[i]);
	if (grade->tree != grade->root)
		free(grade->tree);
	free(grade->refused);
	free(grade->output);
	free(grade);
}

/* The picture of each run in which a test failed at an event. */
static void make_pictures(struct grade *grade)
{
	struct job *jobs = text_memory(GRADE_RUNS_MAX, sizeof(*jobs));
	unsigned count = 0;
	char *program = text_format("%s/build/vitrine", grade->root);
	for (unsigned i = 0; i < grade->runs; i++) {
		bool wanted = false;
		for (unsigned j = 0; j < grade->results; j++)
			wanted |= grade->result[j].has_event && grade->result[j].run == &grade->run[i];
		if (!wanted)
			continue;
		jobs[count++] = (struct job){.word = {program, "perfetto", grade->run[i].directory, "-o",
						      text_format("%s/run.pftrace", grade->run[i].directory)},
					     .directory = ".",
					     .log = "/dev/null",
					     .seconds = 60};
	}
	jobs_run(jobs, count, grade->parallel);
	for (unsigned i = 0; i < count; i++)
		free((char *)jobs[i].word[4]);
	free(jobs);
	free(program);
}

static bool write_all(const struct grade *grade)
{
	char *json = text_format("%s/grade.json", grade->output), *page = text_format("%s/grade.html", grade->output);
	bool good = write_json(grade, json) && write_page(grade, page);
	free(json);
	free(page);
	return good;
}

/* A student's answers; NULL: there are none. */
static char *read_answers(const struct grade *grade, const char *submission)
{
	char *path = text_format("labs/%s/answers.txt", grade->lab->name),
	     *text = submission_read(submission ? submission : grade->root, path, NULL);
	free(path);
	return text;
}

/* What an earlier grade has left here. */
static void remove_old(const struct grade *grade)
{
	static const char *const names[] = {"runs", "grade.json", "grade.html", "build.log"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = text_format("%s/%s", grade->output, names[i]);
		tree_remove(path);
		free(path);
	}
}

bool grade_one(struct grade *grade, const char *submission)
{
	double started = seconds_now();
	bool good = true;
	grade->whole = (grade->machines & grade->lab->machines) == grade->lab->machines;
	if (!directories_make(grade->output))
		return say("%s cannot be made: %s", grade->output, strerror(errno)), false;
	remove_old(grade);
	if (submission)
		good = work_prepare(grade, submission);
	else
		grade->tree = (char *)grade->root;
	if (good)
		good = runs_make(grade);
	good |= grade->refused != NULL;
	if (good && !jobs_interrupted()) {
		char *answers = read_answers(grade, submission);
		check_all(grade, answers);
		free(answers);
	}
	if (good && !grade->refused)
		make_pictures(grade);
	work_remove(grade);
	grade->seconds = seconds_now() - started;
	if (jobs_interrupted())
		remove_old(grade);
	return good && !jobs_interrupted() && write_all(grade);
}

/* ---- the command ---- */

struct grade_options {
	const char *lab, *arch, *submission, *class, *seeds, *trusted, *output;
	bool has_seed, unconfined;
	uint64_t seed, jobs, wall;
};

static const char **text_option(struct grade_options *options, int option)
{
	switch (option) {
	case 'l':
		return &options->lab;
	case 'a':
		return &options->arch;
	case 'S':
		return &options->submission;
	case 'c':
		return &options->class;
	case 'n':
		return &options->seeds;
	case 't':
		return &options->trusted;
	default:
		return &options->output;
	}
}

/* 0, or the exit code after having said what is wrong. */
static int parse(struct grade_options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{"lab", required_argument, NULL, 'l'},     {"seed", required_argument, NULL, 's'},
		{"arch", required_argument, NULL, 'a'},    {"submission", required_argument, NULL, 'S'},
		{"class", required_argument, NULL, 'c'},   {"seeds", required_argument, NULL, 'n'},
		{"trusted", required_argument, NULL, 't'}, {"unconfined", no_argument, NULL, 'u'},
		{"jobs", required_argument, NULL, 'j'},    {"wall", required_argument, NULL, 'w'},
		{"output", required_argument, NULL, 'o'},  {0}};
	opterr = 0;
	optind = 1;
	for (int option; (option = getopt_long(argc, argv, ":o:", names, NULL)) != -1;) {
		if (option == ':' || option == '?')
			return say_usage("grade", option == ':' ? "%s wants a value" : "there is no option `%s`",
					 argv[optind - 1]);
		uint64_t *number = option == 's'   ? &options->seed
				   : option == 'j' ? &options->jobs
				   : option == 'w' ? &options->wall
						   : NULL;
		if (number) {
			if (!text_number(optarg, number) || (option != 's' && *number > UINT32_MAX))
				return say_usage("grade", "--%s wants a number, not `%s`",
						 option == 's'   ? "seed"
						 : option == 'j' ? "jobs"
								 : "wall",
						 optarg);
			options->has_seed |= option == 's';
		} else if (option == 'u') {
			options->unconfined = true;
		} else {
			*text_option(options, option) = optarg;
		}
	}
	if (optind < argc)
		return say_usage("grade", "what is `%s`? The lab goes behind --lab, a tree behind --submission", argv[optind]);
	if (options->arch && !lab_machines(options->arch))
		return say_usage("grade", "--arch is x86_64 or ppc64, not `%s`", options->arch);
	if (options->submission && options->class)
		return say_usage("grade", "--submission and --class exclude each other");
	if (options->class && !options->lab)
		return say_usage("grade", "--class needs --lab");
	if (options->seeds && !options->class)
		return say_usage("grade", "--seeds is for a class; for one tree it is --seed");
	return 0;
}

static int grade_and_print(struct grade *grade, const char *submission)
{
	char *path = submission ? realpath(submission, NULL) : NULL;
	const char *slash = path ? strrchr(path, '/') : NULL;
	if (submission && !path)
		return say("%s: %s", submission, strerror(errno));
	grade->submission = slash ? slash + 1 : NULL;
	int code = 1;
	if (grade_one(grade, path)) {
		print_grade(grade);
		printf("%s/grade.html is this as a page\n", grade->output);
		if (submission)
			printf("The commands are for the student's own tree, after `make grade` there. Here the runs are in "
			       "%s/runs.\n",
			       grade->output);
		code = grade->hundredths < grade->points * 100;
	}
	free(path);
	return code;
}

static int grade_lab(const struct grade_options *options, const char *root, const char *name, uint64_t seed)
{
	struct lab *lab = lab_read(root, name, seed);
	if (!lab)
		return 1;
	struct grade *grade = text_memory(1, sizeof(*grade));
	int code = 1;
	grade->root = root;
	grade->lab = lab;
	grade->machines = options->arch ? lab_machines(options->arch) : lab->machines;
	grade->parallel = options->jobs ? (unsigned)options->jobs : (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	grade->wall = (unsigned)options->wall;
	bool is_other = options->submission || options->class;
	grade->confined = is_other && !options->unconfined;
	grade->output = options->output ? text_format("%s", options->output) : text_format("%s/out/grade/%s", root, name);
	if (lab_points(lab, grade->machines) == 0)
		say("lab %s has nothing to grade on %s", name, options->arch ? options->arch : "any machine");
	else if ((!grade->confined || jobs_can_confine(root)) && (!is_other || runs_build_trusted(grade)))
		code = options->class ? grade_class(grade, options->class, options->seeds)
				      : grade_and_print(grade, options->submission);
	grade_free(grade);
	lab_free(lab);
	return code;
}

int command_grade(int argc, char **argv)
{
	struct grade_options options = {.seed = 1};
	int code = parse(&options, argc, argv);
	jobs_catch_signals();
	char *root = code == 0 ? grade_tree(options.trusted) : NULL;
	if (!root)
		return code ? code : 1;
	const char *from = options.submission ? options.submission : root;
	char *labs = options.lab ? text_format("%s", options.lab) : handout_says(from, "labs"),
	     *seed = handout_says(from, "seed");
	uint64_t number;
	if (!options.has_seed && seed && text_number(seed, &number))
		options.seed = number;
	if (!labs)
		code = say_usage("grade", "which lab? This tree is no handout, so --lab NAME is wanted");
	for (char *at = labs, *name; (name = strsep(&at, ",")) && !jobs_interrupted();) {
		int one = grade_lab(&options, root, name, options.seed);
		code = code ? code : one;
	}
	if (jobs_interrupted())
		code = say("interrupted: what was not finished has no grade");
	free(labs);
	free(seed);
	free(root);
	return code;
}
