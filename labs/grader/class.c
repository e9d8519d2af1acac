/*
 * Grading a class: each directory of a folder is a submission, and the summary says which test fails for how many.
 *
 * Who calls: grade.c. Whom: grade_one(), one submission after the other, each in a tree of its own; page.h.
 * The invariant: what one submission does cannot be seen by another: nothing but this program outlives the grading of one.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "grader/grade.h"
#include "grader/jobs.h"
#include "grader/page.h"
#include "grader/text.h"
#include "json.h"

/* What is kept of each. */
struct student {
	char *name;
	uint64_t seed;
	const char *seed_note; /* what there is to say of it */
	int hundredths, points;
	char *refused;
	bool graded;
	bool failed[LAB_QUERIES_MAX]; /* by the lab's queries */
};

struct class
{
	struct student *student;
	unsigned students;
	char *skipped; /* names in the folder that are no directories */
	char *absent;  /* names in that list that are not in the folder */
	char *seeds;   /* the instructor's list, lines of "NAME SEED"; NULL: none */
	struct lab *lab;
	unsigned machines;
};

/* ---- whose seed is which ---- */

/* Whether the list is one. Says where it is not. */
static bool check_seeds(const char *seeds, const char *path)
{
	char *copy = text_format("%s", seeds), *rest = copy;
	bool good = true;
	unsigned number = 0;
	for (char *line; good && (line = text_line(&rest));) {
		char *name = text_word(&line), *seed = name ? text_word(&line) : NULL;
		uint64_t value;
		number++;
		if (name && *name != '#' && (!seed || !text_number(seed, &value) || text_word(&line)))
			good = (say("%s:%u: a line is a name and a number: `ada 4711`", path, number), false);
	}
	free(copy);
	return good;
}

static bool listed_seed(const char *seeds, const char *student, uint64_t *seed)
{
	char *copy = text_format("%s", seeds), *rest = copy;
	bool found = false;
	for (char *line; !found && (line = text_line(&rest));) {
		char *name = text_word(&line);
		found = name && !strcmp(name, student) && text_number(text_word(&line), seed);
	}
	free(copy);
	return found;
}

/* The seed of a submission: of the instructor's list, else of its handout.txt, else the one that --seed says. */
static void choose_seed(const struct class *class, struct student *student, const char *submission, uint64_t otherwise)
{
	char *text = handout_says(submission, "seed");
	uint64_t said = 0, listed = 0;
	bool has_said = text && text_number(text, &said),
	     has_listed = class->seeds && listed_seed(class->seeds, student->name, &listed);
	student->seed = has_listed ? listed : has_said ? said : otherwise;
	if (class->seeds && !has_listed)
		student->seed_note = has_said ? "not in the list: as handout.txt says" : "not in the list, and no handout.txt";
	else if (has_listed && has_said && said != listed)
		student->seed_note = "handout.txt says another one";
	else
		student->seed_note = has_listed || has_said ? "" : "no handout.txt";
	free(text);
}

static bool has_student(const struct class *class, const char *name)
{
	for (unsigned i = 0; i < class->students; i++)
		if (!strcmp(class->student[i].name, name))
			return true;
	return false;
}

/* Who is in the list and handed nothing in. */
static void find_absent(struct class *class)
{
	char *copy = text_format("%s", class->seeds ? class->seeds : ""), *rest = copy;
	for (char *line; (line = text_line(&rest));) {
		char *name = text_word(&line);
		if (name && *name != '#' && !has_student(class, name))
			class->absent = text_join(class->absent, name);
	}
	free(copy);
}

/* Another submission with this seed; NULL: there is none. */
static const char *same_seed(const struct class *class, const struct student *student)
{
	for (unsigned i = 0; i < class->students; i++)
		if (&class->student[i] != student && class->student[i].seed == student->seed)
			return class->student[i].name;
	return NULL;
}

/* ---- grading ---- */

static void keep(struct class *class, struct student *student, const struct grade *grade)
{
	student->graded = true;
	student->hundredths = grade->hundredths;
	student->points = grade->points;
	student->refused = grade->refused ? text_format("%s", grade->refused) : NULL;
	for (unsigned i = 0; i < grade->results; i++)
		for (unsigned j = 0; j < class->lab->queries; j++)
			if (!strcmp(grade->result[i].query->id, class->lab->query[j].id))
				student->failed[j] = grade->result[i].outcome != OUTCOME_PASSED;
}

/* How many bytes of a text, at most so many, are whole characters of UTF-8. */
static int whole_characters(const char *text, int bytes)
{
	if ((int)strlen(text) <= bytes)
		return bytes;
	while (bytes > 0 && ((unsigned char)text[bytes] & 0xc0) == 0x80)
		bytes--;
	return bytes;
}

static void grade_student(struct class *class, struct student *student, const struct grade *like, const char *folder)
{
	char *path = text_format("%s/%s", folder, student->name);
	choose_seed(class, student, path, like->lab->seed);
	struct lab *lab = lab_read(like->root, like->lab->name, student->seed);
	struct grade *grade = text_memory(1, sizeof(*grade));
	grade->root = like->root;
	grade->machines = like->machines;
	grade->parallel = like->parallel;
	grade->wall = like->wall;
	grade->confined = like->confined;
	grade->lab = lab;
	grade->submission = student->name;
	grade->output = text_format("%s/%s", like->output, student->name);
	if (lab && grade_one(grade, path))
		keep(class, student, grade);
	grade_free(grade);
	lab_free(lab);
	free(path);
	printf("  %-24s ", student->name);
	if (!student->graded)
		printf(jobs_interrupted() ? "interrupted\n" : "could not be graded\n");
	else if (student->refused)
		printf("%.0f of %d: %.*s\n", student->hundredths / 100.0, student->points, whole_characters(student->refused, 80),
		       student->refused);
	else
		printf("%.4g of %d\n", student->hundredths / 100.0, student->points);
	if (*student->seed_note)
		printf("  %-24s seed %" PRIu64 ": %s\n", "", student->seed, student->seed_note);
	fflush(stdout);
}

/* ---- the summary ---- */

/* Those whose kernel was run: a test says nothing of the others. */
static bool was_run(const struct student *student)
{
	return student->graded && !student->refused;
}

static unsigned runs_of(const struct class *class)
{
	unsigned count = 0;
	for (unsigned i = 0; i < class->students; i++)
		count += was_run(&class->student[i]);
	return count;
}

static unsigned failures(const struct class *class, unsigned query)
{
	unsigned count = 0;
	for (unsigned i = 0; i < class->students; i++)
		count += was_run(&class->student[i]) && class->student[i].failed[query];
	return count;
}

static bool is_asked(const struct class *class, unsigned query)
{
	return class->lab->query[query].machines & class->machines;
}

static void write_tests(const struct class *class, FILE *to)
{
	unsigned runs = runs_of(class);
	fprintf(to, "<h2>Tests</h2>\n<p>Graded on %s. Of %u submissions %u could be built and run.</p>\n",
		class->machines == LAB_MACHINES ? "both machines" : lab_machine_name(class->machines), class->students, runs);
	fputs("<table>\n<tr><th>level</th><th>test</th><th class=\"n\">failed for</th><th></th></tr>\n", to);
	for (unsigned i = 0; i < class->lab->queries; i++) {
		if (!is_asked(class, i))
			continue;
		unsigned count = failures(class, i);
		fprintf(to, "<tr><td>%s</td><td><b>%s</b> ", class->lab->query[i].level, class->lab->query[i].id);
		html_prose(to, class->lab->query[i].title);
		fprintf(to, "</td><td class=\"n\">%u of %u</td><td><progress max=\"%u\" value=\"%u\"></progress></td></tr>\n",
			count, runs, runs, count);
	}
	fputs("</table>\n<p class=\"quiet\">What is in braces is a number that differs from student to student.</p>\n", to);
}

static void write_seed(const struct class *class, const struct student *student, FILE *to)
{
	const char *same = same_seed(class, student);
	fprintf(to, "<td class=\"n\">%" PRIu64 "</td><td>%s", student->seed, student->seed_note);
	if (same) {
		fputs(*student->seed_note ? "; the same as " : "the same as ", to);
		html_text(to, same);
	}
	fputs("</td>", to);
}

static void write_students(const struct class *class, FILE *to)
{
	fputs("<h2>Submissions</h2>\n<table>\n<tr><th>submission</th><th class=\"n\">points</th><th></th>"
	      "<th class=\"n\">seed</th><th></th></tr>\n",
	      to);
	for (unsigned i = 0; i < class->students; i++) {
		const struct student *student = &class->student[i];
		fputs("<tr><td><a href=\"./", to);
		html_text(to, student->name);
		fputs("/grade.html\">", to);
		html_text(to, student->name);
		fprintf(to, "</a></td><td class=\"n\">%.4g of %d</td><td>", student->hundredths / 100.0, student->points);
		html_text(to, !student->graded ? "could not be graded" : student->refused ? student->refused : "");
		fputs("</td>", to);
		write_seed(class, student, to);
		fputs("</tr>\n", to);
	}
	fputs("</table>\n", to);
	if (class->skipped) {
		fputs("<p>Not graded, because they are no directories: ", to);
		html_text(to, class->skipped);
		fputs("</p>\n", to);
	}
	if (class->absent) {
		fputs("<p>In the list, and nothing was handed in: ", to);
		html_text(to, class->absent);
		fputs("</p>\n", to);
	}
}

static bool write_summary(const struct class *class, const char *output)
{
	char *text = NULL, *title = text_format("Lab %s: %u submissions", class->lab->name, class->students),
	     *path = text_format("%s/summary.html", output);
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);
	page_begin(to, title);
	write_tests(class, to);
	write_students(class, to);
	page_end(to);
	bool good = fclose(to) == 0 && text_write(path, text);
	free(path);
	free(title);
	free(text);
	return good;
}

static bool write_summary_json(const struct class *class, const char *output)
{
	char *text = NULL, *path = text_format("%s/summary.json", output);
	size_t bytes;
	FILE *to = open_memstream(&text, &bytes);
	fputs("{\n  \"lab\": ", to);
	json_string(to, class->lab->name);
	fputs(",\n  \"tests\": [\n", to);
	const char *comma = "";
	for (unsigned i = 0; i < class->lab->queries; i++) {
		if (!is_asked(class, i))
			continue;
		fprintf(to, "%s    {\"id\": ", comma);
		json_string(to, class->lab->query[i].id);
		fprintf(to, ", \"failed\": %u}", failures(class, i));
		comma = ",\n";
	}
	fprintf(to, "\n  ],\n  \"run\": %u,\n  \"no_directories\": ", runs_of(class));
	json_string(to, class->skipped ? class->skipped : "");
	fputs(",\n  \"nothing_from\": ", to);
	json_string(to, class->absent ? class->absent : "");
	fputs(",\n  \"submissions\": [\n", to);
	for (unsigned i = 0; i < class->students; i++) {
		const struct student *student = &class->student[i];
		fputs("    {\"name\": ", to);
		json_string(to, student->name);
		fprintf(to, ", \"graded\": %s, \"points\": %.2f, \"of\": %d, \"seed\": %" PRIu64 ", \"seed_note\": ",
			student->graded ? "true" : "false", student->hundredths / 100.0, student->points, student->seed);
		json_string(to, student->seed_note);
		fputs(", \"refused\": ", to);
		json_string(to, student->refused ? student->refused : "");
		fprintf(to, "}%s\n", i + 1 < class->students ? "," : "");
	}
	fputs("  ]\n}\n", to);
	bool good = fclose(to) == 0 && text_write(path, text);
	free(path);
	free(text);
	return good;
}

/* Directories only: a link to one is none. */
static bool is_submission(const char *folder, const char *name)
{
	struct stat status;
	char *path = text_format("%s/%s", folder, name);
	bool yes = *name != '.' && lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
	free(path);
	return yes;
}

/* Grades the submissions of a folder, one after the other. False if one could not be graded. */
static bool grade_folder(struct class *class, const struct grade *like, const char *folder)
{
	struct dirent **entries = NULL;
	int count = scandir(folder, &entries, NULL, alphasort);
	if (count < 0)
		return say("%s: %s", folder, strerror(errno)), false;
	bool graded = true;
	class->student = text_memory((size_t)count + 1, sizeof(*class->student));
	printf("Lab %s, the submissions in %s:\n", class->lab->name, folder);
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		if (!is_submission(folder, name)) {
			class->skipped = *name == '.' ? class->skipped : text_join(class->skipped, name);
		} else if (!jobs_interrupted()) {
			struct student *student = &class->student[class->students++];
			student->name = text_format("%s", name);
			grade_student(class, student, like, folder);
			graded &= student->graded;
		}
		free(entries[i]);
	}
	free(entries);
	find_absent(class);
	if (class->skipped)
		printf("  not graded, because they are no directories: %s\n", class->skipped);
	if (class->absent && !jobs_interrupted())
		printf("  in the list, and nothing was handed in: %s\n", class->absent);
	return class->students > 0 ? graded : (say("there is no directory in %s", folder), false);
}

/* What an earlier class has left here. */
static void remove_summary(const char *output)
{
	static const char *const names[] = {"summary.html", "summary.json"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = text_format("%s/%s", output, names[i]);
		unlink(path);
		free(path);
	}
}

int grade_class(const struct grade *like, const char *folder, const char *seeds)
{
	struct class class = {.machines = like->machines,
			      .seeds = seeds ? text_read(seeds, false) : NULL,
			      .lab = lab_read_for_all(like->root, like->lab->name)};
	bool graded = class.lab && (!seeds || (class.seeds && check_seeds(class.seeds, seeds)));
	remove_summary(like->output);
	graded = graded && grade_folder(&class, like, folder);
	if (class.students > 0 && !jobs_interrupted() && write_summary(&class, like->output) &&
	    write_summary_json(&class, like->output))
		printf("%s/summary.html says which test fails for how many\n", like->output);
	for (unsigned i = 0; i < class.students; i++) {
		free(class.student[i].name);
		free(class.student[i].refused);
	}
	free(class.student);
	free(class.skipped);
	free(class.absent);
	free(class.seeds);
	lab_free(class.lab);
	return !graded;
}
