/*
 * What the parts of `vitrine report` share: report.c, the command and the page; report_data.c, the runs as data for the page's
 * script; report_pack.c, how data travels in a page.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define REPORT_RUNS_MAX 8

/* Moments between which the slider of the memory viewer moves. */
#define REPORT_STEPS 1000

/* Writes the runs, and what is needed to read them, as one JSON value. False after having said what is wrong. */
bool report_write_data(FILE *to, char **paths, int count, uint64_t events_max);

/* Writes `bytes` bytes, packed by gzip, as base64. False if memory is out. */
bool report_write_packed(FILE *to, const void *data, size_t bytes);

/* Writes text so that HTML shows it as it is, inside quotes too. */
void report_write_text(FILE *to, const char *text);
