/*
 * Where traps enter the kernel, and what they are, on each machine.
 *
 * Who calls: functions.c to name the entries, check.c to know which events they have to leave in a trace.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum vector_class {
	VECTOR_IS_FAULT,   /* an address could not be translated, or the machine refused an instruction */
	VECTOR_IS_SYSCALL, /* a system call */
	VECTOR_IS_TIMER,
	VECTOR_IS_IPI,
	VECTOR_IS_DEVICE,
	VECTOR_IS_OTHER_IRQ, /* an interrupt that nothing is expected to raise */
	VECTOR_CLASSES,
};

struct vector_entry {
	uint32_t vector;
	const char *name; /* "data_storage" */
	enum vector_class class;
};

/* The vectors of POWER; their numbers are their addresses. */
extern const struct vector_entry vectors_ppc64[];
extern const size_t vectors_ppc64_count;

/* Of x86-64, by number; a system call has one of its own. */
#define VECTOR_X86_SYSCALL 0x100u
enum vector_class vector_class_x86_64(uint32_t vector);

/* For either machine. */
enum vector_class vector_class_of(const char *machine, uint32_t vector);

/* "page fault", "timer": what people call the trap. */
const char *vector_text(const char *machine, uint32_t vector);
