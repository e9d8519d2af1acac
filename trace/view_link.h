/*
 * The address that opens a trace in the Perfetto UI where there is something to see: tracks on top, a stretch of time from edge to edge.
 *
 * Who calls: view.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define VIEW_UI "https://ui.perfetto.dev"
#define VIEW_REGEXES_MAX 8

struct view_link {
	unsigned port; /* of 127.0.0.1, where the trace is served */
	const char *path;
	const char *pin[VIEW_REGEXES_MAX], *expand[VIEW_REGEXES_MAX]; /* tracks whose names match, kept on top, or opened */
	unsigned pins, expands;
	bool has_range;
	uint64_t from_ns, to_ns; /* what is to be seen, since kernel entry */
};

/* The last part of the path, with everything but plain characters as %XX: how the server calls the file. */
void view_name_in_address(const char *path, char *name, size_t bytes);

void view_link_write(FILE *to, const struct view_link *link);
