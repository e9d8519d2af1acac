/*
 * `vitrine handout`: the tree that a student gets.
 *
 * Teaches: a handout is the project with holes. What lies between the lab's marks is replaced by its stub; tests of the project,
 * wrong solutions and other labs stay here. Who calls: main.c. Whom: marks.c, lab.c, tree.c. The invariant: no line of a
 * solution of the labs asked for is in it.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "ends_with.h"
#include "grader/grade.h"
#include "grader/lab.h"
#include "grader/marks.h"
#include "grader/text.h"
#include "grader/tree.h"

const char handout_help[] =
	"usage: vitrine handout --lab NAME[,NAME...] [--seed N] [--without-answers] -o DIR\n"
	"       vitrine handout --lab all [--seed N] [--without-answers] -o DIR\n"
	"       vitrine handout --list\n"
	"\n"
	"Writes the tree that a student of a lab gets: everything that builds and runs, with a stub where the lab's solution "
	"is.\n"
	"With `all`, one such tree for each lab: DIR/NAME.\n"
	"\n"
	"    --lab NAME       the lab; several, with commas between them, in one tree\n"
	"    --seed N         the student's number: it chooses the numbers in pages, runs and questions (default 1)\n"
	"    --without-answers  leaves out the queries that answer the questions: a grade in that tree says of each whether it "
	"is\n"
	"                     answered, and one in yours whether that is right\n"
	"    --root TREE      the tree to take it from (default: the one this program was built in)\n"
	"    -o, --output DIR where to write it; must not exist, or be empty\n"
	"    --list           only lists the labs\n"
	"\n"
	"example: vitrine handout --lab hash --seed 4711 -o hash-4711\n";

struct handout {
	const char *root, *labs;
	uint64_t seed;
	bool without_answers; /* questions without their queries */
};

/* Top-level names of what a student gets. */
static bool is_for_students(const char *name)
{
	static const char *const names[] = {"Makefile", "LICENSE",       "README.md", ".ci",  ".clang-format", ".gitignore",
					    ".vscode",  ".devcontainer", "arch",      "docs", "kernel",        "labs",
					    "trace",    "user",          "viz",       NULL};
	for (const char *const *at = names; *at; at++)
		if (!strcmp(*at, name))
			return true;
	return false;
}

static bool is_source(const char *below)
{
	bool place = !strncmp(below, "kernel/", 7) || !strncmp(below, "arch/", 5) || !strncmp(below, "user/", 5);
	return place && (ends_with(below, ".c") || ends_with(below, ".h") || ends_with(below, ".S"));
}

/* A source that has marks is written anew. */
static enum tree_action write_source(const struct handout *handout, const char *from, const char *to)
{
	struct mark *marks = text_memory(MARKS_MAX, sizeof(*marks));
	char *text = text_read(from, false);
	int count = text ? marks_find(from, text, marks) : -1;
	FILE *file = count > 0 ? fopen(to, "w") : NULL;
	if (file)
		marks_write(file, text, handout->labs);
	bool good = count == 0 || (file && fclose(file) == 0);
	if (!good && count > 0)
		say("%s cannot be written: %s", to, strerror(errno));
	free(marks);
	free(text);
	return !good ? TREE_FAILED : count > 0 ? TREE_DONE : TREE_COPY;
}

/* The page of a lab, with this student's numbers. */
static enum tree_action fill_page(const struct handout *handout, const char *name, const char *from, const char *to)
{
	struct lab *lab = lab_read(handout->root, name, handout->seed);
	char *text = lab ? text_read(from, false) : NULL, *filled = text ? lab_fill(lab, text, false, from) : NULL;
	bool good = filled && text_write(to, filled);
	free(filled);
	free(text);
	lab_free(lab);
	return good ? TREE_DONE : TREE_FAILED;
}

/* The head of a question goes out, and in place of the query a line that says who checks the answer. A prediction stays whole. */
static enum tree_action write_question(const char *from, const char *to)
{
	char *text = text_read(from, false), *rest = text, *head = NULL;
	size_t bytes;
	FILE *file = open_memstream(&head, &bytes);
	bool predicts = false;
	for (char *line; rest && !strncmp(rest, "--", 2) && (line = text_line(&rest));) {
		predicts |= !strcmp(line, "-- kind: prediction");
		fprintf(file, "%s\n", line);
	}
	fputs("-- checked: by your instructor\n", file);
	bool good = fclose(file) == 0 && text && (predicts || text_write(to, head));
	free(head);
	free(text);
	return !good ? TREE_FAILED : predicts ? TREE_COPY : TREE_DONE;
}

/* labs/NAME/...: what of a lab's folder goes out. */
static enum tree_action choose_in_labs(const struct handout *handout, const char *below, bool is_directory, const char *from,
				       const char *to)
{
	const char *slash = strchr(below, '/');
	char *name = text_format("%.*s", (int)(slash ? (size_t)(slash - below) : strlen(below)), below);
	enum tree_action action = TREE_COPY;
	if ((slash || is_directory) && strcmp(name, "grader") != 0) {
		if (!labs_have(handout->labs, name) || (slash && !strncmp(slash, "/mutants", 8)))
			action = TREE_SKIP;
		else if (slash && !strcmp(slash, "/page.md"))
			action = fill_page(handout, name, from, to);
		else if (slash && !is_directory && !strncmp(slash, "/questions/", 11) && handout->without_answers)
			action = write_question(from, to);
	}
	free(name);
	return action;
}

static enum tree_action choose(void *context, const char *below, bool is_directory, const char *from, const char *to)
{
	const struct handout *handout = context;
	if (!strchr(below, '/'))
		return is_for_students(below) ? TREE_COPY : TREE_SKIP;
	if (!strncmp(below, "labs/", 5))
		return choose_in_labs(handout, below + 5, is_directory, from, to);
	return !is_directory && is_source(below) ? write_source(handout, from, to) : TREE_COPY;
}

/* labs/NAME/answers.txt: the questions, to be answered behind their names. */
static bool write_answers(const struct lab *lab, const char *output)
{
	char *path = text_format("%s/labs/%s/answers.txt", output, lab->name), *text = NULL;
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);
	fprintf(to, "# Your answers to the questions of lab %s, each behind its name; %s says them in full.\n", lab->name,
		"page.md");
	for (unsigned i = 0; i < lab->queries; i++)
		if (lab->query[i].kind != QUERY_TEST)
			fprintf(to, "\n# %s%s\n%s:\n", lab->query[i].kind == QUERY_PREDICTION ? "Before you write code: " : "",
				lab->query[i].title, lab->query[i].id);
	bool good = fclose(to) == 0 && text_write(path, text);
	free(text);
	free(path);
	return good;
}

/* In place of the project's own. */
static bool write_readme(const struct handout *handout, const char *output)
{
	char *path = text_format("%s/README.md", output), *pages = NULL;
	size_t bytes;
	FILE *to = open_memstream(&pages, &bytes);
	char *names = text_format("%s", handout->labs);
	for (char *at = names, *name; (name = strsep(&at, ","));)
		fprintf(to, "- [labs/%s/page.md](labs/%s/page.md)\n", name, name);
	fclose(to);
	free(names);
	char *text =
		text_format("# Your lab\n\n"
			    "This tree was made for you. It is Vitrine, a small kernel for two machines that QEMU plays, "
			    "with holes where your work is. Start with\n\n%s\n"
			    "    git init -q && git add -A && git commit -qm start    # so that you can always see what you "
			    "changed, and go back\n"
			    "    make grade                                           # how far you are; the first time it "
			    "builds everything\n"
			    "    make help                                            # everything else\n\n"
			    "%s"
			    "The book is [docs/README.md](docs/README.md). Pages of other labs and the project's own tests, "
			    "which it speaks of, are not in this tree.\n",
			    pages,
			    handout->without_answers ? "Your answers to questions are checked by your instructor: `make grade` "
						       "says of each whether it is there, and leaves its points out.\n\n"
						     : "");
	bool good = text_write(path, text);
	free(text);
	free(pages);
	free(path);
	return good;
}

/* What `vitrine grade` reads to know whose tree this is. */
static bool write_note(const struct handout *handout, const char *output)
{
	char *path = text_format("%s/" HANDOUT_FILE, output);
	char *text = text_format("labs: %s\nseed: %" PRIu64 "\n", handout->labs, handout->seed);
	bool good = text_write(path, text);
	free(text);
	free(path);
	return good;
}

static bool write_labs(const struct handout *handout, const char *output)
{
	char *names = text_format("%s", handout->labs);
	bool good = true;
	for (char *at = names, *name; good && (name = strsep(&at, ","));) {
		struct lab *lab = lab_read(handout->root, name, handout->seed);
		good = lab && write_answers(lab, output);
		lab_free(lab);
	}
	free(names);
	return good;
}

static bool write_handout(const struct handout *handout, const char *output)
{
	if (!directories_make(output))
		return say("%s cannot be made: %s", output, strerror(errno)), false;
	if (rmdir(output) != 0 && errno != ENOENT)
		return say("%s is not empty; a handout needs a place of its own", output), false;
	if (!tree_copy(handout->root, output, choose, (void *)handout) || !write_labs(handout, output) ||
	    !write_readme(handout, output) || !write_note(handout, output))
		return false;
	return true;
}

static bool say_written(const struct handout *handout, const char *output)
{
	printf("%s: lab %s for seed %" PRIu64 "; start with its README.md\n", output, handout->labs, handout->seed);
	return true;
}

/* Whether all the labs named are there; says which is not. */
static bool check_names(const struct handout *handout)
{
	char *names = text_format("%s", handout->labs);
	bool good = true;
	for (char *at = names, *name; good && (name = strsep(&at, ","));) {
		struct lab *lab = lab_read(handout->root, name, handout->seed);
		good = lab;
		lab_free(lab);
	}
	free(names);
	return good;
}

bool handout_write(const char *root, const char *labs, uint64_t seed, const char *output)
{
	const struct handout handout = {.root = root, .labs = labs, .seed = seed};
	return check_names(&handout) && write_handout(&handout, output);
}

static int write_each(struct handout *handout, const char *output)
{
	char **names = lab_names(handout->root);
	bool good = names && *names;
	for (char **name = names; good && *name; name++) {
		char *path = text_format("%s/%s", output, *name);
		handout->labs = *name;
		good = check_names(handout) && write_handout(handout, path) && say_written(handout, path);
		free(path);
	}
	lab_names_free(names);
	return !good;
}

static int list_labs(const char *root)
{
	char **names = lab_names(root);
	for (char **name = names; name && *name; name++) {
		struct lab *lab = lab_read(root, *name, 1);
		if (lab)
			printf("%-10s %s (%s hours, %d points)\n", *name, lab->title, lab->hours, lab_points(lab, lab->machines));
		lab_free(lab);
	}
	lab_names_free(names);
	return 0;
}

int command_handout(int argc, char **argv)
{
	static const struct option options[] = {{"lab", required_argument, NULL, 'l'},
						{"seed", required_argument, NULL, 's'},
						{"root", required_argument, NULL, 'r'},
						{"output", required_argument, NULL, 'o'},
						{"list", no_argument, NULL, 'L'},
						{"without-answers", no_argument, NULL, 'w'},
						{0}};
	struct handout handout = {.seed = 1};
	const char *output = NULL, *root = NULL;
	bool lists = false;
	opterr = 0;
	optind = 1;
	for (int option; (option = getopt_long(argc, argv, ":o:", options, NULL)) != -1;) {
		switch (option) {
		case 'l':
			handout.labs = optarg;
			break;
		case 's':
			if (!text_number(optarg, &handout.seed))
				return say_usage("handout", "--seed wants a number, not `%s`", optarg);
			break;
		case 'r':
			root = optarg;
			break;
		case 'o':
			output = optarg;
			break;
		case 'L':
			lists = true;
			break;
		case 'w':
			handout.without_answers = true;
			break;
		default:
			return say_usage("handout", option == ':' ? "%s wants a value" : "there is no option `%s`",
					 argv[optind - 1]);
		}
	}
	if (optind < argc)
		return say_usage("handout", "what is `%s`? The lab goes behind --lab, the directory behind -o", argv[optind]);
	char *tree = grade_tree(root);
	int code = 1;
	handout.root = tree;
	if (!tree)
		code = 1;
	else if (lists)
		code = list_labs(tree);
	else if (!handout.labs || !output)
		code = say_usage("handout", "--lab NAME and -o DIR are wanted; --list lists the labs");
	else if (!strcmp(handout.labs, "all"))
		code = write_each(&handout, output);
	else
		code = !(check_names(&handout) && write_handout(&handout, output) && say_written(&handout, output));
	free(tree);
	return code;
}
