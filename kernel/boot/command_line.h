/*
 * The kernel's command line: `name=value` words, separated by blanks.
 */
#pragma once

#include "types.h"

#define COMMAND_WORD_CHARS 64

/* Copies the value of the last word `name=...`, cut to the buffer; false and "" if there is none. */
bool command_text(const char *line, const char *name, char value[COMMAND_WORD_CHARS]);

/*
 * The value as a number, decimal or 0x-hexadecimal; `otherwise` if there is none, and with a line that says so if it is no
 * number.
 */
uint64_t command_number(const char *line, const char *name, uint64_t otherwise);

/* Says which words of the line the kernel does not know: a misspelt one would be ignored in silence. */
void command_check(const char *line);
