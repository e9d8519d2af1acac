/*
 * A small run with something for every graph, of either machine, to be reckoned by hand: a boot of two CPUs and one that is missing, two
 * processes, faults of four endings, messages, an interrupt, and the tables that come of it.
 *
 * Who calls: test_graph.c.
 */
#pragma once

#include <stdbool.h>

/*
 * Stores the run at `path`: x86-64 with a tree, or, with `hash`, POWER with a hash, in its byte order. It says that these categories were traced,
 * whatever is in it.
 */
void graph_run_store(const char *path, bool hash, unsigned categories);
