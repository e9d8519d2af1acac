/*
 * Event rings.
 */
#pragma once

#include "abi/status.h"
#include "types.h"

/* The event whose emitter calls arch_trace_stop(), and every later one of that CPU; no event has the sequence TRACE_STOP_NEVER. */
struct trace_stop_at {
	uint64_t cpu;
	uint64_t sequence;
};

#define TRACE_STOP_NEVER UINT64_C(0x80000000)

/*
 * Makes a ring of `kib` KiB for each CPU of this machine and shows them to the host. Events of `categories` are emitted from
 * then on. INVALID if the size is no power of two between 4 KiB and 128 MiB, or there is no such CPU to stop. NO_MEMORY.
 */
enum status trace_init(uint64_t kib, uint64_t categories, const struct trace_stop_at *stop);
