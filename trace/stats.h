/*
 * The table of `vitrine stats`, for others that show it.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

/* Writes it as the rows of an HTML table, a column for each run. False after having said why a run cannot be read. */
bool stats_write_html(FILE *to, char **paths, int count);
