/*
 * Reading what the witness saw, and the call graph that is in it.
 *
 * Who calls: `vitrine witness`, `vitrine graph calls` and `diff`, tests. Whom: nobody but the C library.
 * Invariant: a file that does not hold together is refused with a sentence; what was opened can be followed without a check.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "witness/file.h"

struct witness {
	const struct witness_header *header;
	const struct witness_function *functions;
	const char *text;
	const struct witness_cpu *cpus;
	const struct witness_path *paths;
	const struct witness_exception *exceptions;
	void *data; /* the file */
};

/* Opens the file, or the one in a run's directory. NULL after a whole sentence has been put into `error`. */
struct witness *witness_open(const char *path, char *error, size_t error_bytes);
void witness_close(struct witness *witness);

/* The name of a function or of an enum witness_root, and the file it is in, "" if that is not known. */
const char *witness_name(const struct witness *witness, uint32_t function);
const char *witness_source(const struct witness *witness, uint32_t function);

/* ---- the call graph ---- */

/* A function, or one of the roots. Instructions are exact; inclusive ones count what was called from there, each once. */
struct call_node {
	uint32_t function;
	const char *name;
	const char *file; /* "" if unknown */
	unsigned line;
	char module[48]; /* the folder of its file: "kernel/mm"; of a root "" */
	bool is_arch;    /* of arch/ */
	uint64_t calls;
	uint64_t self;
	uint64_t inclusive;
};

struct call_edge {
	uint32_t from, to; /* nodes, by index */
	uint64_t calls;
	uint64_t instructions; /* in what was called, inclusive */
};

struct call_graph {
	struct call_node *nodes; /* by name */
	struct call_edge *edges; /* by the names of both ends */
	size_t node_count, edge_count;
	uint64_t instructions; /* of all nodes together, but for user mode and what is outside the kernel */
};

/*
 * The graph of the whole run, or of what ran under one root: a function's name, or page-fault, system-call, interrupt for every entry of
 * that kind. NULL after having said that there is no such function, or that it never ran.
 */
struct call_graph *call_graph_make(const struct witness *witness, const char *root);
void call_graph_free(struct call_graph *graph);
