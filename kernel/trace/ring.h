/*
 * Event rings.
 */
#pragma once

#include "abi/status.h"
#include "types.h"

/*
 * Makes a ring of `kib` KiB for each CPU of this machine and shows them to the host. Events of `categories` are emitted from
 * then on. INVALID if the size is no power of two between 4 KiB and 128 MiB. NO_MEMORY.
 */
enum status trace_init(uint64_t kib, uint64_t categories);
