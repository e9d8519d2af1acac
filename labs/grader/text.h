/*
 * Small things about text that all of the grader needs.
 *
 * Who calls: every file of labs/grader/. Whom: the C library.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The whole file as text, to be freed. NULL after having said why it cannot be read; quietly if it is not there and `optional`. */
char *text_read(const char *path, bool optional);

/* Writes a file as a whole: under another name first. False after having said why. */
bool text_write(const char *path, const char *text);

/* calloc(). Ends the program if there is no memory. */
void *text_memory(size_t count, size_t bytes);

/* printf() into memory of its own, to be freed. Ends the program if there is no memory. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* `more` behind `text`, which is freed, with a blank between; `text` may be NULL. */
char *text_join(char *text, const char *more);

/*
 * The next line: ends it with a NUL, moves *rest behind it, and cuts blanks off its end. NULL at the end of the text.
 */
char *text_line(char **rest);

/* The next word of a line, as text_line() takes lines. */
char *text_word(char **rest);

/* Cuts `key: value` in two; returns the value, NULL if there is no such colon. */
char *text_value(char *line);

/* A whole number from 0, and nothing else. */
bool text_number(const char *text, uint64_t *number);

/* Replaces what would move a terminal's cursor, in place. Returns the text. */
char *text_plain(char *text);

/* A text as HTML wants it. */
void html_text(FILE *to, const char *text);

/* The same, with what is between `backticks` as code. */
void html_prose(FILE *to, const char *text);
