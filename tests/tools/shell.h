/*
 * Running a program in a test: its exit code, and what it printed to both its outputs.
 */
#pragma once

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* What the last program printed, as far as there is room. */
static char shell_output[1 << 16];

/* Runs a line of shell. Returns its exit code, 128 + n if signal n ended it. */
static int __attribute__((format(printf, 1, 2))) shell(const char *format, ...)
{
	char line[4096] = "exec 2>&1\n";
	va_list values;
	va_start(values, format);
	vsnprintf(line + strlen(line), sizeof(line) - strlen(line), format, values);
	va_end(values);
	FILE *pipe = popen(line, "r");
	size_t got = 0, more;
	while ((more = fread(shell_output + got, 1, sizeof(shell_output) - 1 - got, pipe)) > 0)
		got += more;
	shell_output[got] = '\0';
	int status = pclose(pipe);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static inline int shell_said(const char *text)
{
	if (strstr(shell_output, text))
		return 1;
	fprintf(stderr, "`%s` is not in: %s\n", text, shell_output);
	return 0;
}
