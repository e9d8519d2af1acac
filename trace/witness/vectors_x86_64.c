/*
 * The vectors of x86-64, and the questions that are asked about either machine's.
 * Who calls: check.c, the printing of functions. Intel SDM 3A table 6-1: 0 to 31 are the processor's own exceptions.
 */
#include <assert.h>
#include <string.h>

#include "../../arch/x86_64/include/frame_offsets.h"
#include "witness/vectors.h"

#define LAST_EXCEPTION 31
#define PAGE_FAULT 14

static_assert(VECTOR_X86_SYSCALL == VECTOR_SYSCALL, "the number of the kernel's own frames");

enum vector_class vector_class_x86_64(uint32_t vector)
{
	if (vector == VECTOR_SYSCALL)
		return VECTOR_IS_SYSCALL;
	if (vector <= LAST_EXCEPTION)
		return VECTOR_IS_FAULT;
	if (vector == VECTOR_TIMER)
		return VECTOR_IS_TIMER;
	if (vector == VECTOR_IPI)
		return VECTOR_IS_IPI;
	return vector >= VECTOR_DEVICE && vector < VECTOR_DEVICE + VECTOR_DEVICES ? VECTOR_IS_DEVICE : VECTOR_IS_OTHER_IRQ;
}

static const struct vector_entry *entry_ppc64(uint32_t vector)
{
	for (size_t i = 0; i < vectors_ppc64_count; i++)
		if (vectors_ppc64[i].vector == vector)
			return &vectors_ppc64[i];
	return NULL;
}

enum vector_class vector_class_of(const char *machine, uint32_t vector)
{
	if (!strcmp(machine, "x86_64"))
		return vector_class_x86_64(vector);
	const struct vector_entry *entry = entry_ppc64(vector);
	return entry ? entry->class : VECTOR_IS_OTHER_IRQ;
}

const char *vector_text(const char *machine, uint32_t vector)
{
	static const char *const texts[VECTOR_CLASSES] = {
		[VECTOR_IS_FAULT] = "exception",         [VECTOR_IS_SYSCALL] = "system call",
		[VECTOR_IS_TIMER] = "timer interrupt",   [VECTOR_IS_IPI] = "interrupt by a CPU",
		[VECTOR_IS_DEVICE] = "device interrupt", [VECTOR_IS_OTHER_IRQ] = "other interrupt",
	};
	enum vector_class class = vector_class_of(machine, vector);
	const struct vector_entry *entry = entry_ppc64(vector);
	if (class != VECTOR_IS_FAULT)
		return texts[class];
	if (!strcmp(machine, "x86_64"))
		return vector == PAGE_FAULT ? "page fault" : texts[class];
	if (entry && (strstr(entry->name, "_storage") || strstr(entry->name, "_segment")))
		return strstr(entry->name, "_segment") ? "segment fault" : "page fault";
	return texts[class];
}
