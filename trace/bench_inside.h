/*
 * What the parts of `vitrine bench` share: bench.c, the kernel's figures and the table of all; bench_host.c, the host's programs.
 */
#pragma once

#include <stdbool.h>
#include <sys/resource.h>

/* Runs a program without its stdout, and says how it went. Returns its exit code, -1 if there is none. */
int bench_run_program(char *const *arguments, struct rusage *usage);

/* Notes a figure of bench.c's table of goals. */
void bench_add_result(const char *name, const char *machine, double value, bool traced);

/* Measures the host's programs, `self` being this one, and others where they are installed. False after having said why not. */
bool bench_host(const char *self, const char *directory);
