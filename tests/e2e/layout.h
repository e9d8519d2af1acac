/*
 * Where everything lies in an address space of x86-64, from the kernel's own constants.
 *
 * Who includes it: layout.c, which prints it as a table, and boot_phases.c, which holds each page of a running machine against it. So the table in
 * the book is what the machine does. The areas of users are the same on POWER, where the kernel itself runs untranslated.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "frame_offsets.h"
#include "mm/segment.h"

struct area {
	uint64_t base, bytes;
	bool user, writable, executable; /* what a page there may be */
	const char *what;
};

static const struct area areas[] = {
#define USER_AREA(name, base, bytes, text) {base, bytes, true, true, SEGMENT_##name != SEGMENT_DEVICE, text},
	SEGMENT_LAYOUT(USER_AREA)
#undef USER_AREA
		{DIRECT_BASE, DIRECT_BYTES_MAX, false, true, false,
		 "all RAM, at physical address + this; text and read-only data of the image not writable"},
	{KERNEL_BASE + IMAGE_PADDR, IMAGE_BYTES_MAX, false, true, true,
	 "the image, wherever it was loaded: text, read-only data, data"},
	{DEVICE_BASE, -DEVICE_BASE, false, true, false, "registers of the interrupt controllers, cache-inhibited"},
};

#define AREAS (sizeof(areas) / sizeof(areas[0]))

/* The area that a stretch lies in as a whole, or NULL. */
static inline const struct area *area_find(uint64_t base, uint64_t bytes)
{
	for (size_t i = 0; i < AREAS; i++)
		if (base - areas[i].base < areas[i].bytes && bytes <= areas[i].bytes - (base - areas[i].base))
			return &areas[i];
	return NULL;
}
