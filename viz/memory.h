/*
 * What a machine's memory was made of at each moment of a run, told as changes: for the memory viewer of `vitrine report`.
 *
 * Teaches: three truths about one page, which need not agree. A mapping is what the kernel has promised, a slot is what the kernel
 * knows of the page, a translation is what the MMU has been told of it. The MMU may forget; nothing else does.
 * Who calls: report.c feeds it every event and writes what it found. Whom: page_tables.h for translations and tables, actors.h for names.
 * Simplified: time is cut into steps. What came and went within a step is not told, so that a page stays small for a long run;
 * the kernel's own frames, which no event names, are not there at all.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "actors.h"
#include "page_tables.h"

enum change_kind {
	CHANGE_SLOT,        /* object, page: state (enum slot_state), frame, shared */
	CHANGE_TABLE,       /* frame: 1 + the level of a page table that it serves, or 0; address space */
	CHANGE_TRANSLATION, /* address space, page number: frame + 1 or 0, place (mmu_map's) */
};

/* A thing that changes: what it is now and what was last told of it. */
struct memory_cell {
	enum change_kind kind;
	uint64_t key[2];
	uint64_t now[2], told[2];
	bool touched; /* since the last step */
	struct memory_cell *next_touched;
};

#define MAPPING_UNTOUCHED UINT64_MAX

struct memory_mapping {
	uint64_t aspace, start, pages, rights, object;
	uint64_t first;              /* page of the object at its start; MAPPING_UNTOUCHED until a fault has told */
	unsigned from_step, to_step; /* it is there in [from, to) */
};

struct memory_object {
	uint64_t object, kind, pages, origin;
};

/* A growing array. */
struct memory_list {
	void *items;
	size_t count, room;
};

struct memory {
	FILE *changes; /* [step, kind, key, key, value, value] and a comma, for each */
	unsigned step, steps;
	uint64_t steps_ns; /* what `steps` steps are long */
	struct table cells;
	struct memory_cell *touched;
	struct memory_list mappings, objects;
	struct actors actors;
	struct page_tables tables;
	uint64_t fault_address[64]; /* of the fault at hand, by CPU */
	size_t fault_mapping[64];   /* 1 + its place in `mappings`, 0 if there is none */
	uint64_t told;              /* changes written */
	bool out_of_memory;
};

/* Starts, for a run; changes go to `changes`, in `steps` steps of which all together are `steps_ns` long. */
void memory_start(struct memory *memory, const struct trace_info *info, FILE *changes, unsigned steps, uint64_t steps_ns);

/* Takes the next event in time, at `ns`. */
void memory_event(struct memory *memory, const struct trace_event *event, uint64_t ns);

/* Tells what the last step changed. */
void memory_end(struct memory *memory);

/* The step that a time lies in. */
unsigned memory_step_of(const struct memory *memory, uint64_t ns);

void memory_free(struct memory *memory);
