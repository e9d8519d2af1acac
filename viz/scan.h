/*
 * Going through a run, and where an event comes from in the source: what every kind of graph begins with.
 */
#pragma once

#include "picture.h"
#include "reader.h"

/*
 * Calls `each` for every event of the run, gaps left out, until it says false. Returns false after having said why if the run cannot be
 * read to its end. `info` is filled before the first event.
 */
bool scan_run(const char *path, struct trace_info *info, void *context,
	      bool (*each)(void *context, const struct trace_event *event, uint64_t ns));

/* Adds the line about the run that stands under every title: machine, MMU, program, CPUs, events lost. */
void scan_describe(struct picture *picture, const struct trace_info *info);

/* Says, if this category was not traced, what is therefore not in the picture. */
void scan_say_lacking(struct picture *picture, const struct trace_info *info, enum trace_category category, const char *what);

/* Lets a node lead to the line of the kernel that emits this event. */
void scan_source(struct picture *picture, struct Agnode_s *node, const char *event);

/* The same for a phase of the boot, BOOT_PHASE_...: several lines may say it, and the boot CPU runs those of main.c, no other does. */
void scan_source_of_phase(struct picture *picture, struct Agnode_s *node, const char *constant, bool boot_cpu);
