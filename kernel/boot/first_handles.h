/*
 * What the first process is given.
 */
#pragma once

#include "abi/status.h"
#include "arch.h"
#include "obj/handle.h"

/* Fills an empty table with the handles of enum first_handle. NO_MEMORY. */
enum status first_handles_give(const struct boot_info *boot, struct handle_table *table);
