/*
 * The head and foot of the grader's HTML pages. Who calls: page.c and class.c.
 */
#pragma once

#include <stdio.h>

void page_begin(FILE *to, const char *title);
void page_end(FILE *to);
