/*
 * Names for addresses, from the symbol files in the boot archive.
 */
#pragma once

#include "types.h"

/* The kernel's own. The archive has them for the usual variant; another one finds no file, and prints addresses. */
#ifndef VITRINE_VARIANT
#define VITRINE_VARIANT "kernel"
#endif
#define KERNEL_SYMBOLS VITRINE_VARIANT ".sym"
#define SYMBOL_TEXT 64

/*
 * Writes "name+0x12" for an address, or "?" if the file is not there or the address is not between two of its names: images end
 * with a symbol that says where they end.
 */
void symbol_text(const char *file, uint64_t address, char text[SYMBOL_TEXT]);
