/*
 * A lab as its folder says it: labs/README.md tells what each key means.
 *
 * Teaches: an exercise is data. What a student's seed varies are the constants: `{pages}` in a page, a query or a run stands for this
 * student's number. Who calls: handout.c and grade.c. Whom: lab_query.c reads tests and questions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LAB_NAME_CHARS 24
#define LAB_EDITS_MAX 12
#define LAB_CONSTANTS_MAX 16
#define LAB_RUNS_MAX 16
#define LAB_QUERIES_MAX 48

/* The machines, as bits. */
enum lab_machine { LAB_X86_64 = 1, LAB_PPC64 = 2, LAB_MACHINES = 3 };

struct lab_constant {
	const char *name;
	uint64_t value;
};

/* One kind of run, made for each machine and for as many seeds. */
struct lab_run {
	const char *name, *program, *mmu, *trace, *ends;
	char *append; /* constants are in it already */
	uint64_t smp, seeds, ring, budget;
	unsigned machines;
};

/* What is asked of a run: a test, or a question that the student answers. */
struct lab_query {
	char *id; /* of a file 03-withdrawn.sql: "03-withdrawn"; of a question, without its number */
	enum { QUERY_TEST, QUERY_ANSWER, QUERY_PREDICTION } kind;
	const char *title, *level, *after, *hint; /* `title` of a question is what is asked */
	const char *sql; /* NULL: a question of a handout without answers, which the instructor's tree checks */
	int points;      /* below 0: what it costs to fail */
	const struct lab_run *run;
	unsigned machines; /* the run's or fewer; of a question, one */
	uint64_t least;
	bool shares, handout_passes;
	char *memory; /* that all of these lie in, with the student's numbers */
};

struct lab {
	char name[LAB_NAME_CHARS];
	char *folder; /* labs/NAME of the tree */
	uint64_t seed;
	bool for_all; /* nobody's seed: constants keep their names */
	const char *title, *summary, *hours, *difficulty, *after;
	const char *edit[LAB_EDITS_MAX];
	unsigned edits, machines;
	struct lab_constant constant[LAB_CONSTANTS_MAX];
	unsigned constants;
	struct lab_run run[LAB_RUNS_MAX];
	unsigned runs;
	struct lab_query query[LAB_QUERIES_MAX]; /* tests by name, then questions by name */
	unsigned queries;
	char *views; /* CREATE TEMP VIEW statements that the queries share; NULL: none */
	char *memory;
};

/* Reads a lab of the tree `root` for one student, to be freed with lab_free(). NULL after having said what is wrong with it. */
struct lab *lab_read(const char *root, const char *name, uint64_t seed);

/* The same for nobody: constants keep their names, `{pages}`. */
struct lab *lab_read_for_all(const char *root, const char *name);

void lab_free(struct lab *lab);

/* The names of all labs of a tree, sorted, with NULL at the end. To be freed with lab_names_free(). */
char **lab_names(const char *root);
void lab_names_free(char **names);

/* "x86_64 ppc64" as bits; 0 if it says something else. */
unsigned lab_machines(const char *text);
const char *lab_machine_name(unsigned machine);

/*
 * `text` with each {constant} and {seed} replaced, to be freed. What is in braces and no constant stays, or, if `strict`, is said to be a mistake of
 * `where`, and NULL returned.
 */
char *lab_fill(const struct lab *lab, const char *text, bool strict, const char *where);

/* Points that can be had by tests and questions of some machines. */
int lab_points(const struct lab *lab, unsigned machines);

/* Reads tests/ or questions/ of a lab, which has everything else. False after having said what is wrong. */
bool lab_read_queries(struct lab *lab, bool questions);

/* Reads views.sql of a lab, if it has one. False after having said what is wrong. */
bool lab_read_views(struct lab *lab);

const struct lab_run *lab_run_named(const struct lab *lab, const char *name);
