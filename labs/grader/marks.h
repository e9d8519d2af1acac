/*
 * The marks in the kernel's sources, between which a lab's solution stands.
 *
 *     comment   LAB(hash) BEGIN: what the student is to write, on as many lines as it takes
 *     code      the solution, which is the kernel
 *     comment   LAB(hash) ELSE, the stub on lines of its own, LAB(hash) END: code in the student's tree
 *
 * Teaches: the solution cannot rot, because it is what everybody runs; and the stub cannot leak into the kernel, because it is a comment.
 * Who calls: handout.c, and the self-test of the labs. Whom: the C library.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* One mark of a file. */
struct mark {
	char lab[24];
	unsigned line;           /* of its BEGIN, from 1 */
	unsigned solution_lines; /* those that are not empty */
};

#define MARKS_MAX 64

/* Finds the marks of a source. Returns how many; -1 after having said what is wrong with one. */
int marks_find(const char *path, const char *text, struct mark marks[MARKS_MAX]);

/*
 * Writes a source as students get it: marks of the labs in `labs` (names with commas between them) with stubs, those of others with solutions and
 * without a trace of the mark. The marks have to be good.
 */
void marks_write(FILE *to, const char *text, const char *labs);

/* Whether `name` is one of `labs`. */
bool labs_have(const char *labs, const char *name);
