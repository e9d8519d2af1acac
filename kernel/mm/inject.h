/*
 * The fault injector: allocations that fail although there is memory.
 *
 * Teaches: memory runs out where nobody expects it, and seldom. So that every place is met, allocations are counted, of pages and of kernel
 * objects, and the one with a given number fails; a test goes through all numbers. On one CPU, and under icount on several, an
 * allocation has the same number in every run.
 * Who calls: the allocators, for each allocation; boot, with what the command line says; the system call memory_fail; tests. Locks:
 * none; the counts are atomic.
 */
#pragma once

#include "abi/descriptor.h"
#include "types.h"

/* Lets allocation `first` from now on fail, and every `every`-th after it (0: no other). With 0 as `first` none fails, and none is counted. */
void inject_from(uint64_t first, uint64_t every);

/* Whether allocations are counted. */
bool inject_is_on(void);

/* Counts an allocation; whether it is to fail. */
bool inject_is_due(void);

/*
 * A thread's call answered NO_MEMORY, or its handler of faults is called for that, or it is killed. If it made the first allocation that
 * failed it has been told.
 */
void inject_note_told(uint32_t thread);
bool inject_was_told(void);

/* How many were counted, and how many of them failed. */
uint64_t inject_allocations(void);
uint64_t inject_failures(void);

/* The first process comes next: as many pages as are free now have to be free again when all processes have ended. */
void inject_note_start(void);

/*
 * Prints all that, if allocations are counted: a test tells from it how far to go, and what was lost. How the run ended says who has the pages
 * that are not free again.
 */
void inject_report(enum verdict verdict);
