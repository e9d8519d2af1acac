/*
 * Texts in JSON (RFC 8259). Who calls: whatever writes JSON by itself: the data of the report, the results of the grader.
 */
#pragma once

#include <stdio.h>

/*
 * Writes a text as a JSON string, quotes included. UTF-8 stays as it is; a byte that is none becomes U+FFFD, so that the whole is always
 * JSON.
 */
void json_string(FILE *to, const char *text);
