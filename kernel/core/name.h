/*
 * Names of statuses; and of threads and processes: up to 16 characters, as text and as the two words in which system calls and
 * events carry them, the first character in the highest byte.
 */
#pragma once

#include "abi/status.h"
#include "abi/syscall.h"
#include "types.h"

/* NO_MEMORY and the like. */
const char *status_name(enum status status);

/* The word of a name that starts with its character number `first`, 0 or 8. */
uint64_t name_word(const char *name, unsigned first);

/* The other way; what is no printable character ends the name. */
void name_from_words(uint64_t first, uint64_t second, char name[NAME_CHARS + 1]);
