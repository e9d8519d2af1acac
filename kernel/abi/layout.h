/*
 * The layout table: where in each of the kernel's records each field lies, as a part of the kernel itself.
 *
 * Teaches: a tool that reads a kernel's memory needs to know the shape of its records. Symbols and debug information know it, and
 * are never at hand when a machine has stopped far away. A few kilobytes of constants in the image are always there, and they are right,
 * because the compiler that laid the records out filled them in.
 * Who writes: kernel/trace/layout.c. Who reads: the host (trace/dump/layout.c), by name. The descriptor's entry "layout" leads here.
 */
#pragma once

#include <stdint.h>

#define LAYOUT_NAME_CHARS 24

/*
 * One of: a field of a record; a record as a whole (field is ""; offset is 0); a number that has a name (structure is that of
 * the enumeration, offset is the number, bytes is 0).
 */
struct layout_row {
	char structure[LAYOUT_NAME_CHARS]; /* "thread"; NUL-padded */
	char field[LAYOUT_NAME_CHARS];     /* "fault.address" */
	uint32_t offset;                   /* from the start of the record, in bytes */
	uint32_t bytes;
};
